"""A book with prepaid cards for tests: two products, holders known and unknown, cards issued and not sold yet."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg

from accounts.calendar import first_closing
from counter.holding import Told
from counter.prepaid import activate
from fees.schedule import approve, propose
from fees.terms import Terms
from tests.small_book import insert, run_days

FIRST_ON = date(2024, 1, 5)
CNY = 156
CLOSING_DAY = 28
#: A registered card with a discount, and a bearer's card that ends.
OK_CARD = {
    "product": "ok-card", "kind": "prepaid", "in_force_from": date(2024, 1, 1), "cycle": {"closing_day": CLOSING_DAY},
    "prepaid": {"rule_set": "CN_MULTI_PURPOSE", "discount": "0.05", "redemption": {"after_days": 30, "fee_percent": "0.01"}},
    "fees": {"replacement": {"amount": "15.00", "free_for": ["issuer_fault"]}},
}
GIFT_CARD = {
    "product": "gift-card", "kind": "prepaid", "in_force_from": date(2024, 1, 1), "cycle": {"closing_day": CLOSING_DAY},
    "prepaid": {"registered": False, "rule_set": "CN_MULTI_PURPOSE", "max_balance": "1000.00", "validity_months": 36,
                "redemption": {"allowed": False}, "extension": {"months": 3, "fee": "10.00"}},
}
LAN = Told("lan")


def open_book(connection: psycopg.Connection[Any], *, cards: int = 4,
              terms: tuple[dict[str, Any], ...] = (OK_CARD, GIFT_CARD), expires_on: date | None = None) -> None:
    """Cards P1, P2 … of known holders and G1, G2 … of unknown ones, each with its own account, issued and not sold yet."""
    for each in terms:
        propose(connection, Terms.from_document(each), "ming")
        approve(connection, each["product"], "lan")
    members, accounts, directory = [], [], []
    for number in range(1, 2 * cards + 1):
        known = number <= cards
        code = f"{'P' if known else 'G'}{number if known else number - cards}"
        members.append({"member_id": number, "member": f"M{number}", "kind": "person" if known else "anonymous"})
        accounts.append({
            "member_id": number, "account_id": number, "account": f"A-{code}", "product": "ok-card" if known else "gift-card",
            "currency": CNY, "opened_on": FIRST_ON, "credit_limit": 0, "closing_day": CLOSING_DAY,
            "anchor_on": first_closing(FIRST_ON, CLOSING_DAY), "migrated": False, "status": "active", "prepaid": True})
        directory.append({"member_id": number, "account_id": number, "card_id": number, "card": code})
    insert(connection, "member", members)
    insert(connection, "member_directory", [{"member": each["member"], "member_id": each["member_id"]} for each in members])
    insert(connection, "card_account", accounts)
    insert(connection, "account_directory", [{name: each[name] for name in ("account", "member_id", "account_id")}
                                             for each in accounts])
    insert(connection, "guarded_balance", [{name: each[name] for name in ("member_id", "account_id")} for each in accounts])
    insert(connection, "card_directory", directory)
    insert(connection, "card", [{**each, "kind": "primary", "issued_on": FIRST_ON, "status": "issued", "expires_on": expires_on}
                                for each in directory])
    connection.execute("UPDATE book SET first_on = %s, open_on = %s", (FIRST_ON, FIRST_ON))
    connection.commit()


def sell(connection: psycopg.Connection[Any], card: str, amount: str) -> None:
    """A card that holds an amount."""
    activate(connection, card, amount, "cash", LAN)
    connection.commit()


__all__ = ["FIRST_ON", "GIFT_CARD", "LAN", "OK_CARD", "open_book", "run_days", "sell"]
