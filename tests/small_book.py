"""A small book for tests, put straight into the tables and run day by day in this process: same seed, same book.

Forty accounts of one product (and, if asked, five of another currency) in three organisation units, with cards of every
kind, one account taken over with a balance, spring 2024.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from accounts.calendar import first_closing
from accounts.posting_types import BY_NAME, OPENING_DEBIT, RECEIVABLE
from billing.opening import Opening, open_migrated_accounts
from fees.schedule import approve, propose
from fees.terms import Terms
from jobs.business_day import advance
from jobs.steps import steps_of_the_day
from statements.seal import seal_statements

FIRST_ON = date(2024, 3, 1)
CNY, GBP = 156, 826
FILE = 2
SCHEDULES = Path(__file__).resolve().parents[1] / "fees" / "schedules"
MERCHANTS = ("Yonghui Superstores", "=HYPERLINK(\"http://x\")", "Suning; Nanjing | Road", "JD.com \"plus\"", None)

Row = Mapping[str, Any]


def insert(connection: psycopg.Connection[Any], table: str, rows: Sequence[Row]) -> None:
    """Rows of a table, each with the same columns."""
    if rows:
        columns = list(rows[0])
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder(name) for name in columns))
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def load_terms(connection: psycopg.Connection[Any], **changes: Any) -> None:
    """The classic terms, some keys changed, proposed and approved."""
    terms = Terms.from_toml((SCHEDULES / "classic.toml").read_text("utf-8"))
    document = {**terms.document(), **changes}
    propose(connection, Terms.from_document(document), "maker")
    approve(connection, str(document["product"]), "checker")


def posting(member_id: int, line: int, kind: str, amount: int, on: date, card_id: int | None = None,
            currency: int = CNY, **facts: Any) -> dict[str, Any]:
    """A posting of the file; member, account and line number say which, amount is minor units."""
    posting_type = BY_NAME[kind]
    row = {
        "member_id": member_id, "account_id": member_id, "posted_on": on, "source_id": FILE, "source_line": line,
        "type": posting_type.code, "debit_account": posting_type.debit, "credit_account": posting_type.credit,
        "currency": currency, "amount": amount, "effective_on": on, "transaction_on": on, "card_id": card_id,
        "source_ref": None, "merchant": None, "category": None, "channel": None, "description": None,
    }
    return {**row, **facts}


def build(connection: psycopg.Connection[Any], *, accounts: int = 40, second_currency: bool = False, seed: int = 7) -> None:
    """Everything up to the first business day: organisation, members, accounts, cards, terms, postings of three months."""
    chance = random.Random(seed)
    insert(connection, "org_unit", [
        {"org_unit_id": 1, "code": "HO", "name": "Head office", "kind": "head_office", "parent_id": None},
        {"org_unit_id": 2, "code": "N", "name": "North", "kind": "region", "parent_id": 1},
        {"org_unit_id": 3, "code": "N1", "name": "North, first branch", "kind": "branch", "parent_id": 2},
    ])
    insert(connection, "source", [
        {"source_id": FILE, "kind": "transactions", "name": "transactions.csv", "sha256": bytes(32), "complete": True}])
    load_terms(connection)
    currencies = [CNY] * accounts
    if second_currency:
        load_terms(connection, product="abroad", name="Abroad", currency="GBP")
        currencies += [GBP] * 5
    rows: dict[str, list[Row]] = {"member": [], "card_account": [], "card": [], "guarded_balance": [], "posting": []}
    for member_id, currency in enumerate(currencies, 1):
        rows["posting"] += _account(rows, chance, member_id, currency)
    _directories(connection, rows)
    for table in ("member", "card_account", "card", "guarded_balance", "posting"):
        insert(connection, table, rows[table])
    connection.execute("UPDATE book SET first_on = %(on)s, open_on = %(on)s", {"on": FIRST_ON})
    if connection.execute("SELECT count(*) FROM book").fetchone() == (0,):
        insert(connection, "book", [{"book_id": 1, "first_on": FIRST_ON, "open_on": FIRST_ON}])
    _take_over_the_first_account(connection)


def _account(rows: dict[str, list[Row]], chance: random.Random, member_id: int, currency: int) -> list[Row]:
    opened_on = FIRST_ON + timedelta(days=chance.randrange(20)) if member_id > 1 else date(2022, 6, 15)
    closing_day = (5, 5, 20, 31)[member_id % 4]
    anchor_on = first_closing(max(opened_on, FIRST_ON), closing_day)
    rows["member"].append({
        "member_id": member_id, "member": f"M{member_id}", "kind": "anonymous" if member_id % 13 == 0 else "person",
        "name": f"Member {member_id}", "org_unit_id": (None, 1, 2, 3)[member_id % 4], "language": "en"})
    rows["card_account"].append({
        "member_id": member_id, "account_id": member_id, "account": f"A{member_id}" if member_id % 7 else f"a_{member_id}",
        "product": "classic" if currency == CNY else "abroad", "currency": currency, "opened_on": opened_on,
        "credit_limit": 500_000, "closing_day": closing_day, "anchor_on": anchor_on, "migrated": member_id == 1,
        "org_unit_id": 3 if member_id % 10 == 0 else None, "status": "open", "closed_on": None})
    rows["guarded_balance"].append({"member_id": member_id, "account_id": member_id, "balance": 0})
    kinds = ["primary", "supplementary"] if member_id % 3 == 0 else ["primary"]
    cards = [
        {"member_id": member_id, "account_id": member_id, "card_id": 10 * member_id + place, "card": f"C{member_id}-{place}",
         "kind": kind, "issued_on": opened_on, "status": "active", "channel": ("branch", "web")[member_id % 2],
         "replaces_card_id": None, "reason": None, "expires_on": None}
        for place, kind in enumerate(kinds)
    ]
    if member_id % 8 == 0:
        cards.append({**cards[0], "card_id": 10 * member_id + 5, "card": f"C{member_id}-5", "issued_on": date(2024, 4, 10),
                      "replaces_card_id": 10 * member_id, "reason": "lost" if member_id % 16 else "renewal"})
    rows["card"] += cards
    return [_random_posting(chance, member_id, line, max(opened_on, FIRST_ON), cards, currency)
            for line in range(1, chance.randrange(4, 24))]


def _random_posting(chance: random.Random, member_id: int, line: int, from_on: date, cards: Sequence[Row],
                    currency: int) -> Row:
    kind = chance.choices(
        ("purchase", "payment", "refund", "cash_advance", "fee", "returned_payment", "adjustment_credit", "chargeback"),
        (60, 20, 5, 8, 1, 1, 2, 3))[0]
    on = from_on + timedelta(days=chance.randrange(90))
    return posting(
        member_id, 1000 * member_id + line, kind, chance.randrange(100, 90_000), on,
        None if kind == "payment" else chance.choice(cards)["card_id"], currency,
        merchant=chance.choice(MERCHANTS) if kind in ("purchase", "refund", "chargeback") else None,
        category=chance.choice(("food", "travel", None)), channel=chance.choice(("pos", "web")),
        transaction_on=on - timedelta(days=2), effective_on=on - timedelta(days=1),
        source_ref=f"R-{member_id}-{line}", description=chance.choice((None, "said \\ \"so\"; twice")))


def _directories(connection: psycopg.Connection[Any], rows: Mapping[str, Sequence[Row]]) -> None:
    insert(connection, "member_directory",
           [{"member": each["member"], "member_id": each["member_id"]} for each in rows["member"]])
    insert(connection, "account_directory",
           [{name: each[name] for name in ("account", "member_id", "account_id")} for each in rows["card_account"]])
    insert(connection, "card_directory",
           [{name: each[name] for name in ("card", "member_id", "account_id", "card_id")} for each in rows["card"]])


def _take_over_the_first_account(connection: psycopg.Connection[Any]) -> None:
    opening_on, owed = FIRST_ON - timedelta(days=1), 123_456
    insert(connection, "posting", [{
        **posting(1, 1, "opening_debit", owed, opening_on), "type": OPENING_DEBIT.code, "debit_account": RECEIVABLE}])
    connection.execute("UPDATE guarded_balance SET balance = %s WHERE account_id = 1", (owed,))
    open_migrated_accounts(connection, [Opening(1, 1, opening_on, owed)], seal_statements)


def run_days(connection: psycopg.Connection[Any], until: date) -> None:
    """Every business day up to a date, its steps done one after the other here."""
    steps = steps_of_the_day()
    connection.commit()
    while not (came_to := advance(connection, until, steps)).finished:
        for step in steps:
            waiting = connection.execute(
                "SELECT shard FROM day_step WHERE business_on = %s AND step = %s AND state = 'waiting'",
                (came_to.opened, step.number)).fetchall()
            for (shard,) in waiting:
                assert came_to.opened is not None
                parked = connection.execute("SELECT account_id FROM parked_account WHERE released_at IS NULL").fetchall()
                outcome = step.run(connection, came_to.opened, shard * 10_000 + 1, (shard + 1) * 10_000,
                                   [account_id for (account_id,) in parked])
                connection.execute(
                    "UPDATE day_step SET state = 'done', outcome = %s WHERE business_on = %s AND step = %s AND shard = %s",
                    (Jsonb(dict(outcome.counts)), came_to.opened, step.number, shard))
        connection.commit()
    connection.commit()


def case(code: str, received: str, **facts: Any) -> Row:
    """A complaint received on a day; facts are columns of the case, days as ISO text."""
    row: dict[str, Any] = {
        "member_id": 0, "case_code": code, "kind": "complaint", "received_at": received, "account_id": None, "channel": "web",
        "topic": "billing", "product": "classic", "sent_at": None, "due_at": None, "answered_at": None, "closed_at": None,
        "outcome": None, "timely": None, "source_id": FILE, "source_line": 1, **facts}
    return {name: _instant(value) if name.endswith("_at") and value else value for name, value in row.items()}


def _instant(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
