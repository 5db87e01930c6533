"""Twelve statements worth looking at, found in the two books by what happened in their cycles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg

from accounts.posting_types import ANNUAL_FEE, LATE_PAYMENT_FEE

TAIWAN = "taiwan"
PURCHASE_CARDS = "purchase-cards"


@dataclass(frozen=True)
class Wanted:
    """One kind of statement: what to call it, which book to look in, and how to find the best example.

    where, order: SQL over `statement`, `card_account` and `member`, written here and nowhere else.
    """

    name: str
    title: str
    book: str
    where: str
    order: str
    parameters: tuple[object, ...] = ()
    language: str = "en"


@dataclass(frozen=True)
class Found:
    """A statement that was found: `wanted` says what for."""

    wanted: Wanted
    account: str
    closes_on: date


_HAS_POSTING = """EXISTS (SELECT FROM posting WHERE posting.member_id = statement.member_id
    AND posting.account_id = statement.account_id AND posting.type = %s
    AND posting.posted_on BETWEEN statement.opens_on AND statement.closes_on)"""
_LINES = """(SELECT count(*) FROM posting WHERE posting.member_id = statement.member_id
    AND posting.account_id = statement.account_id
    AND posting.posted_on BETWEEN statement.opens_on AND statement.closes_on)"""

WANTED: tuple[Wanted, ...] = (
    Wanted("over-limit", "Furthest over the credit limit", TAIWAN, "over_limit > 0", "over_limit DESC"),
    Wanted("credit-balance", "The largest credit balance: the issuer owes the holder", TAIWAN,
           "new_balance < 0", "new_balance"),
    Wanted("late-payment", "Paid late: late-payment fee, grace lost, interest", TAIWAN,
           f"interest > 0 AND payments > 0 AND past_due = 0 AND {_HAS_POSTING}", "fees DESC", (LATE_PAYMENT_FEE.code,)),
    Wanted("past-due", "Longest past due", TAIWAN, "days_past_due > 0", "days_past_due DESC, past_due DESC"),
    Wanted("paid-in-full", "Paid in full: a month's purchases and no interest", TAIWAN,
           "previous_balance > 0 AND payments = previous_balance AND purchases > 0 AND interest = 0 AND fees = 0",
           "purchases DESC"),
    Wanted("most-interest", "The most interest in one cycle", TAIWAN, "interest > 0", "interest DESC"),
    Wanted("annual-fee-waived", "The annual fee charged, and waived for what was spent", TAIWAN,
           f"waivers > 0 AND {_HAS_POSTING}", "purchases DESC", (ANNUAL_FEE.code,)),
    Wanted("refund", "A refund larger than the purchases", TAIWAN, "credits > purchases", "credits DESC"),
    Wanted("chinese", "In Chinese: interest and a fee on what was not paid", TAIWAN,
           "interest > 0 AND fees > 0 AND payments > 0", "over_limit > 0 DESC, interest DESC", language="zh"),
    Wanted("no-activity", "No activity, nothing owed", TAIWAN,
           "previous_balance = 0 AND new_balance = 0 AND payments = 0 AND credits = 0 AND purchases = 0 AND fees = 0",
           "statement.member_id"),
    Wanted("many-lines", "The most lines", PURCHASE_CARDS, "purchases > 0", f"{_LINES} DESC"),
    Wanted("purchase-card-refunds", "A purchase card with the largest refunds beside purchases", PURCHASE_CARDS,
           "credits > 0 AND purchases > 0", "credits DESC"),
)


def find_statements(connection: psycopg.Connection, book: str) -> list[Found]:
    """The best example of each kind wanted from `book`, all different; a kind with no example is left out."""
    found: list[Found] = []
    for wanted in WANTED:
        if wanted.book != book:
            continue
        taken = [f"{each.account} {each.closes_on.isoformat()}" for each in found]
        row = connection.execute(
            "SELECT account, closes_on FROM statement JOIN card_account USING (member_id, account_id)"  # noqa: S608
            " JOIN member USING (member_id) WHERE cycle_no > 0"
            f" AND member.language = %s AND account || ' ' || closes_on <> ALL (%s) AND ({wanted.where})"
            f" ORDER BY {wanted.order}, statement.member_id, closes_on LIMIT 1",
            (wanted.language, taken, *wanted.parameters),
        ).fetchone()
        if row is not None:
            found.append(Found(wanted, str(row[0]), row[1]))
    return found
