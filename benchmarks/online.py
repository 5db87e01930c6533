"""How many tills the counter serves over HTTP, beside the two statements that must be done for each anyway."""

from __future__ import annotations

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from accounts.calendar import first_closing
from accounts.database import Database
from accounts.embedded_files import postgres_program
from fees.schedule import approve, propose
from fees.terms import Terms
from web.api import keys

CLIENTS, HOT_CLIENTS, HOT_ATTEMPTS = 8, 50, 10_000
CARDS = 1_000
OPEN_ON = date(2024, 1, 5)
#: What a hot card holds: one spend in two is refused.
HOT_VALUE = HOT_ATTEMPTS // 2 * 100
PREPAID = {"product": "bench-prepaid", "kind": "prepaid", "in_force_from": date(2024, 1, 1), "cycle": {"closing_day": 28},
           "prepaid": {"max_balance": "1000000000.00"}}
CREDIT = {"product": "bench-credit", "in_force_from": date(2024, 1, 1), "cycle": {"closing_day": 28, "due_after_days": 20}}

#: Members 1..CARDS hold prepaid value, CARDS + 1..2 * CARDS may owe, the last one is the hot card.
_BOOK = """
CREATE TEMP TABLE one AS SELECT n AS id, (CASE WHEN n <= {cards} OR n = 2 * {cards} + 1 THEN 'P' ELSE 'C' END) || n AS card,
    n <= {cards} OR n = 2 * {cards} + 1 AS prepaid FROM generate_series(1, 2 * {cards} + 1) n;
INSERT INTO member (member_id, member, kind) SELECT id, 'M' || id, 'person' FROM one;
INSERT INTO member_directory SELECT 'M' || id, id FROM one;
INSERT INTO card_account (member_id, account_id, account, product, currency, opened_on, credit_limit, closing_day, anchor_on,
                          migrated, status, prepaid)
    SELECT id, id, 'A' || id, CASE WHEN prepaid THEN 'bench-prepaid' ELSE 'bench-credit' END, 156, '{open_on}',
           CASE WHEN prepaid THEN 0 ELSE 1000000000000 END, 28, '{anchor}', false, 'active', prepaid FROM one;
INSERT INTO account_directory SELECT 'A' || id, id, id FROM one;
INSERT INTO card (member_id, account_id, card_id, card, kind, issued_on, status)
    SELECT id, id, id, card, 'primary', '{open_on}', 'active' FROM one;
INSERT INTO card_directory SELECT card, id, id, id FROM one;
INSERT INTO guarded_balance (member_id, account_id, balance)
    SELECT id, id, CASE WHEN NOT prepaid THEN 0 WHEN id > {cards} THEN -{hot} ELSE -1000000000000 END FROM one;
INSERT INTO purse_lot (member_id, account_id, lot, purse, source, funder, made_on, original, remaining)
    SELECT member_id, account_id, 1, 'principal', 'cash', 'holder', '{open_on}', -balance, -balance FROM guarded_balance
    WHERE balance < 0;
UPDATE book SET first_on = '{open_on}', open_on = '{open_on}';
"""
#: The least that a spend can be: what guards the value, and its posting.
_FLOOR = r"""
\set id random(1, {cards})
\set line random(1, 1000000000000)
BEGIN;
UPDATE guarded_balance SET balance = balance + 100
    WHERE member_id = :id AND account_id = :id AND -balance - holds >= 100;
INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account, currency,
                     amount, effective_on, transaction_on, card_id, source_ref)
    VALUES (:id, :id, '{open_on}', 0, 1000000000000 + :line, {type}, {debit}, {credit}, 156, 100, '{open_on}', '{open_on}', :id,
            'floor-' || :client_id || '-' || :line);
COMMIT;
"""


@dataclass(frozen=True)
class Online:
    """What clients got done together: requests answered with 200 in so many seconds, and how long each took."""

    name: str
    clients: int
    done: int
    refused: int
    seconds: float
    latencies: list[float]

    def facts(self, floor: float | None) -> dict[str, Any]:
        """JSON-ready; floor: transactions a second."""
        quantiles = statistics.quantiles(self.latencies, n=100)
        rate = (self.done + self.refused) / self.seconds
        return {"name": self.name, "clients": self.clients, "done": self.done, "refused": self.refused,
                "seconds": round(self.seconds, 2), "rate": {"unit": "requests/s", "median": round(rate)},
                "milliseconds": {"p50": round(quantiles[49] * 1000, 2), "p99": round(quantiles[98] * 1000, 2)},
                **({} if floor is None else {"floor_rate": round(floor), "ratio": round(rate / floor, 3)})}


def measure_online(url: str, seconds: float, processes: int) -> list[dict[str, Any]]:
    """Spends, authorisations and a hot card over HTTP on a book of its own, and what pgbench reaches on the same server."""
    secret = _make_book(url)
    floor = _floor(url, seconds)
    with _served(url, processes) as port:
        _together(port, secret, CLIENTS, 1.0, _spend)  # connections, plans, first terms
        found = [_together(port, secret, CLIENTS, seconds, _spend).facts(floor),
                 _together(port, secret, CLIENTS, seconds, _authorise).facts(floor),
                 _hot(port, secret).facts(None)]
    with Database(url).connect() as connection:
        left = connection.execute("SELECT balance FROM guarded_balance WHERE member_id = %s", (2 * CARDS + 1,)).fetchone()
    assert left is not None
    found[-1]["value_left"] = -left[0]
    if (found[-1]["done"], left[0]) != (HOT_ATTEMPTS // 2, 0):
        raise AssertionError(f"the hot card holds {-left[0]} after {found[-1]['done']} spends: money was made or lost")
    alone = {"name": "pgbench alone", "clients": CLIENTS, "rate": {"unit": "transactions/s", "median": round(floor)}}
    return [alone, *found]


def _make_book(url: str) -> str:
    with Database(url).connect() as connection:
        for each in (PREPAID, CREDIT):
            propose(connection, Terms.from_document(each), "bench")
            approve(connection, str(each["product"]), "second")
        filled = _BOOK.format(cards=CARDS, open_on=OPEN_ON, anchor=first_closing(OPEN_ON, 28), hot=HOT_VALUE)
        for statement in filled.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        return keys.issue(connection, "bench", tuple(keys.SCOPES), None, "bench", datetime.now(UTC))[1]


def _floor(url: str, seconds: float) -> float:
    """Transactions a second of pgbench, with as many connections as there are clients."""
    from accounts.posting_types import SPEND

    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "spend.sql"
        script.write_text(_FLOOR.format(cards=CARDS, open_on=OPEN_ON, type=SPEND.code, debit=SPEND.debit, credit=SPEND.credit))
        done = subprocess.run(
            [postgres_program("pgbench"), "--no-vacuum", f"--client={CLIENTS}", "--jobs=2", f"--time={max(1, round(seconds))}",
             "--protocol=prepared", f"--file={script}", url], capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench gave no figure: {done.stderr.strip()}")
    return float(found.group(1))


@contextmanager
def _served(url: str, processes: int) -> Iterator[int]:
    """`cardwright web` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(
            [str(Path(sys.executable).with_name("cardwright")), "web", "--port", str(port), "--processes", str(processes),
             "--requests-a-minute", "100000000", "--database-url", url], stdout=said, stderr=said, env=os.environ)
        try:
            _wait(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(30)


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError("the server did not answer within 30 seconds")


def _spend(client: int, number: int) -> tuple[str, dict[str, str]]:
    card = 1 + (client * 127 + number * 8) % CARDS
    return f"/api/v1/cards/P{card}/spends", {"amount": "1.00", "ref": f"S{client}-{number}-{time.time_ns()}"}


def _authorise(client: int, number: int) -> tuple[str, dict[str, str]]:
    card = CARDS + 1 + (client * 127 + number * 8) % CARDS
    return f"/api/v1/cards/C{card}/authorisations", {"amount": "1.00", "ref": f"R{client}-{number}-{time.time_ns()}"}


class _Client:
    """A till on a connection of its own."""

    def __init__(self, port: int, secret: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.head = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        self.latencies: list[float] = []
        self.done = self.refused = 0

    def send(self, path: str, body: dict[str, str]) -> None:
        began = time.perf_counter()
        self.connection.request("POST", path, json.dumps(body), {**self.head, "Idempotency-Key": body["ref"]})
        answer = self.connection.getresponse()
        content = answer.read()
        self.latencies.append(time.perf_counter() - began)
        if answer.status == 200:
            self.done += 1
        elif answer.status == 409:
            self.refused += 1
        else:
            raise RuntimeError(f"{answer.status}: {content[:300]!r}")


def _together(port: int, secret: str, clients: int, seconds: float, ask: Any) -> Online:
    def work(client: int) -> _Client:
        mine, number = _Client(port, secret), 0
        while time.perf_counter() < until:
            mine.send(*ask(client, number))
            number += 1
        return mine

    began = time.perf_counter()
    until = began + seconds
    with ThreadPoolExecutor(clients) as pool:
        done = list(pool.map(work, range(clients)))
    return _summed(ask.__name__.strip("_"), done, time.perf_counter() - began)


def _hot(port: int, secret: str) -> Online:
    """Fifty tills on one card, twice as many attempts as it has value for."""
    def work(client: int) -> _Client:
        mine = _Client(port, secret)
        for number in range(HOT_ATTEMPTS // HOT_CLIENTS):
            mine.send(f"/api/v1/cards/P{2 * CARDS + 1}/spends", {"amount": "1.00", "ref": f"H{client}-{number}"})
        return mine

    began = time.perf_counter()
    with ThreadPoolExecutor(HOT_CLIENTS) as pool:
        done = list(pool.map(work, range(HOT_CLIENTS)))
    return _summed("spend, one card", done, time.perf_counter() - began)


def _summed(name: str, clients: list[_Client], seconds: float) -> Online:
    return Online(name, len(clients), sum(each.done for each in clients), sum(each.refused for each in clients), seconds,
                  [each for client in clients for each in client.latencies])
