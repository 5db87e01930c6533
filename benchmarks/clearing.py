"""How long a clearing file takes: `python -m benchmarks.clearing [ROWS]`, on the embedded server in a home of its own.

Of every ten rows eight clear an authorisation, one has none, and one is a refund; so many accounts as a tenth of the rows. A
second file is of prepaid cards, whose value moves in lots, one by one: a fiftieth of the rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from psycopg import Connection

from accounts.database import Database
from accounts.embedded_server import embedded_server, stop_if_unused
from accounts.migration import migrate
from counter.clearing.layout import VERSION
from counter.clearing.taking import take_files
from fees.schedule import approve, propose
from fees.terms import Terms

OPEN_ON = date(2024, 1, 5)
_TERMS: tuple[dict[str, Any], ...] = (
    {"product": "classic", "in_force_from": date(2024, 1, 1)},
    {"product": "gift", "kind": "prepaid", "in_force_from": date(2024, 1, 1)},
)
#: Credit accounts C1 …, prepaid accounts G1 … with 1,000.00 each; an authorisation for each row that clears one.
_BOOK = """
INSERT INTO member (member_id, member, kind) SELECT n, 'M' || n, 'person' FROM generate_series(1, %(accounts)s) n;
INSERT INTO member_directory SELECT 'M' || n, n FROM generate_series(1, %(accounts)s) n;
INSERT INTO card_account (member_id, account_id, account, product, currency, opened_on, credit_limit, closing_day, anchor_on,
                          migrated, status, prepaid)
    SELECT n, n, 'A' || n, CASE WHEN n > %(credit)s THEN 'gift' ELSE 'classic' END, 156, %(on)s,
           CASE WHEN n > %(credit)s THEN 0 ELSE 100000000 END, 28, '2024-01-28', false, 'active', n > %(credit)s
    FROM generate_series(1, %(accounts)s) n;
INSERT INTO account_directory SELECT 'A' || n, n, n FROM generate_series(1, %(accounts)s) n;
INSERT INTO card_directory SELECT 'C' || n, n, n, n FROM generate_series(1, %(accounts)s) n;
INSERT INTO card (member_id, account_id, card_id, card, kind, issued_on, status)
    SELECT n, n, n, 'C' || n, 'primary', %(on)s, 'active' FROM generate_series(1, %(accounts)s) n;
INSERT INTO authorisation (member_id, account_id, line, card_id, ref, kind, amount, held, state, authorised_on, expires_on)
    SELECT a, a, n, a, 'Z' || n, 'purchase', 1000, 1000, 'held', %(on)s, '2024-01-12'
    FROM (SELECT n, 1 + n %% %(credit)s AS a FROM generate_series(0, %(rows)s - 1) n WHERE n %% 10 < 8) z;
INSERT INTO purse_lot (member_id, account_id, lot, purse, source, funder, made_on, original, remaining)
    SELECT n, n, 1, 'principal', 'cash', 'holder', %(on)s, 100000, 100000
    FROM generate_series(%(credit)s + 1, %(accounts)s) n;
INSERT INTO guarded_balance (member_id, account_id, balance, holds)
    SELECT a.member_id, a.account_id, CASE WHEN prepaid THEN -100000 ELSE 0 END, coalesce(sum(z.held), 0)
    FROM card_account a LEFT JOIN authorisation z USING (member_id, account_id) GROUP BY a.member_id, a.account_id, prepaid;
UPDATE book SET first_on = %(on)s, open_on = %(on)s
"""


def measure(rows: int) -> dict[str, Any]:
    """Seconds and rows a second for both files."""
    with tempfile.TemporaryDirectory(prefix="cw-", dir="/tmp") as folder:  # short, because a socket's path may not be long
        home = Path(folder)
        try:
            with embedded_server(home) as url:
                return _measured(url, home, rows)
        finally:
            stop_if_unused(home)


def _measured(url: str, home: Path, rows: int) -> dict[str, Any]:
    migrate(url)
    database = Database(url)
    prepaid = max(rows // 50, 1)
    with database.connect() as connection:
        _build(connection, rows, prepaid)
    found: dict[str, Any] = {}
    credit = max(rows // 10, 1)
    for sequence, (name, text) in enumerate(
            (("credit", _credit_file(rows, credit)), ("prepaid", _prepaid_file(prepaid, credit))), start=1):
        path = home / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        began = time.perf_counter()
        (taken,) = take_files(database, home, [path])
        seconds = time.perf_counter() - began
        assert taken.outcome is not None
        assert taken.outcome.posted == (rows if sequence == 1 else prepaid), taken.outcome
        found[name] = {"rows": taken.outcome.posted, "seconds": round(seconds, 2),
                       "rows_a_second": round(taken.outcome.posted / seconds)}
    database.close()
    return found


def _build(connection: Connection[Any], rows: int, prepaid: int) -> None:
    for terms in _TERMS:
        propose(connection, Terms.from_document(terms), "ming")
        approve(connection, terms["product"], "lan")
    credit = max(rows // 10, 1)
    given = {"rows": rows, "credit": credit, "accounts": credit + prepaid, "on": OPEN_ON}
    for statement in _BOOK.split(";\n"):
        connection.execute(statement.encode(), given)
    connection.execute("ANALYZE")


def _credit_file(rows: int, accounts: int) -> str:
    def row(number: int) -> str:
        kind, of = ("presentment", f"Z{number}") if number % 10 < 8 else ("presentment" if number % 10 == 8 else "refund", "")
        return f"{kind},C{1 + number % accounts},P{number},{of},2024-01-04,10.00,CNY,Corner shop,5411\n"

    refunds = sum(number % 10 == 9 for number in range(rows))
    totals = f"total,presentment,CNY,{rows - refunds},{10 * (rows - refunds)}.00\n"
    totals += f"total,refund,CNY,{refunds},{10 * refunds}.00\n" if refunds else ""
    return _file(1, "".join(map(row, range(rows))), totals, rows)


def _prepaid_file(rows: int, first: int) -> str:
    text = "".join(f"presentment,C{first + 1 + number},G{number},,2024-01-04,10.00,CNY,Corner shop,5411\n"
                   for number in range(rows))
    return _file(2, text, f"total,presentment,CNY,{rows},{10 * rows}.00\n", rows)


def _file(sequence: int, text: str, totals: str, rows: int) -> str:
    return (f"header,{VERSION},BENCH,{sequence},2024-01-05\nkind,card,ref,of,transaction_on,amount,currency,merchant,mcc\n"
            f"{text}{totals}trailer,{sequence},{rows}\n")


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000), indent=1))
