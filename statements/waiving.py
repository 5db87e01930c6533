"""Waives a charge that was made: a posting of its own on the open day, with reason and approver, linked to the charge.

Also agrees standing waivers, which the business day applies as charges of their kind are made (billing/day/waivers.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from accounts.errors import Refused, Usage
from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import BY_CODE, RECEIVABLE, WAIVERS, PostingType
from billing.day.waivers import post_waiver
from billing.terms_book import TermsBook
from billing.waivers import described
from fees.terms import Terms
from fees.waiver import waived_amount
from statements.compose import charge_ids, charge_lines
from statements.facts import PostingLine
from statements.issued import AccountKey, StatementReader, account_key

_OPEN_ON = "SELECT open_on FROM book WHERE book_id = 1 FOR SHARE"
_POSTED = """
SELECT posted_on, source_id, source_line, type, debit_account, credit_account, currency, amount, effective_on, transaction_on,
       card_id, terms_version_id, clause, source_ref, merchant, description
FROM posting WHERE member_id = %s AND account_id = %s AND posted_on = %s ORDER BY source_id, source_line, type
"""
#: What was waived of a charge: with a reason, wherever it posted; and what the terms waived beside it. Then by how much
#: rebillings corrected the charge.
_WAIVED = """
SELECT coalesce((SELECT sum(w.amount) FROM waiver w WHERE w.member_id = %(member)s AND w.account_id = %(account)s
                 AND w.charge_posted_on = %(on)s AND w.charge_source_id = %(source)s AND w.charge_source_line = %(line)s
                 AND w.charge_type = %(type)s), 0)
     + coalesce((SELECT sum(p.amount) FROM posting p WHERE p.member_id = %(member)s AND p.account_id = %(account)s
                 AND p.posted_on = %(on)s AND p.source_id = %(source)s AND p.source_line = %(line)s AND p.type = %(waives)s
                 AND NOT EXISTS (SELECT 1 FROM waiver w WHERE w.member_id = p.member_id AND w.account_id = p.account_id
                                 AND w.posted_on = p.posted_on AND w.source_id = p.source_id
                                 AND w.source_line = p.source_line AND w.type = p.type)), 0)
     + coalesce((SELECT sum(c.after - c.before) FROM correction c JOIN waiver w ON w.member_id = c.member_id
                 AND w.account_id = c.account_id AND w.source_id = c.charge_source_id AND w.source_line = c.charge_source_line
                 AND w.type = c.charge_type
                 WHERE c.member_id = %(member)s AND c.account_id = %(account)s AND w.charge_posted_on = %(on)s
                 AND w.charge_source_id = %(source)s AND w.charge_source_line = %(line)s AND w.charge_type = %(type)s), 0),
       coalesce((SELECT sum(c.after - c.before) FROM correction c
                 WHERE c.member_id = %(member)s AND c.account_id = %(account)s AND c.charge_on = %(on)s
                 AND c.charge_source_id = %(source)s AND c.charge_source_line = %(line)s AND c.charge_type = %(type)s), 0)
"""


class SamePerson(Refused):
    """Who waives a charge may not approve it."""

    def __init__(self, who: str) -> None:
        super().__init__(f"{who} cannot both waive and approve; name a second person with --approved-by")


class NoSuchChargeOnAccount(Usage):
    """A charge that the account does not have, or that cannot be waived."""

    def __init__(self, account: str, charge: str, ids: list[str]) -> None:
        there_are = f"that day it has {', '.join(ids)}" if ids else "nothing was charged that day"
        super().__init__(f"account {account} has no charge {charge!r} to waive; {there_are} (`cardwright explain` names them)")


class TakenOutOfValue(Refused):
    """A fee of a prepaid card, which came out of its lots."""

    def __init__(self, account: str, charge: str) -> None:
        super().__init__(f"account {account}: {charge} was taken out of what a prepaid card holds; give it back as value, "
                         "`cardwright prepaid bonus` without --until")


class MoreThanCharged(Refused):
    """A waiver that would give back more than the charge."""

    def __init__(self, charge: str, amount: str, waived: str, asked: str) -> None:
        super().__init__(f"{charge} came to {amount} and {waived} of it is waived already; {asked} more would be more than was "
                         "charged: leave --percent out to waive what is left")


@dataclass(frozen=True)
class Decision:
    """Why something is waived, who does it, and who approves it; two different people."""

    reason: str
    proposed_by: str
    approved_by: str

    def check(self) -> None:
        """Raises Usage for a missing name or reason, SamePerson."""
        for option, text in (("--reason", self.reason), ("--as", self.proposed_by), ("--approved-by", self.approved_by)):
            if not text.strip():
                raise Usage(f"{option} is empty; a waiver names its reason and two people")
        if self.proposed_by.strip().casefold() == self.approved_by.strip().casefold():
            raise SamePerson(self.proposed_by)


def waive(connection: Connection[Any], account: str, charge: str, percent: Decimal | None,
          decision: Decision) -> dict[str, Any]:
    """Waive a charge, or a share of it; gives what was posted. percent: of the charge; None: all that is left of it.

    Raises UnknownAccount, NoSuchChargeOnAccount, TakenOutOfValue, MoreThanCharged, or what the decision's check raises.
    """
    decision.check()
    key = account_key(connection, account)
    row = connection.execute(_OPEN_ON).fetchone()
    open_on: date | None = row[0] if row else None
    line = _charge(connection, key, charge)
    if BY_CODE[line.type].debit != RECEIVABLE:
        raise TakenOutOfValue(account, charge)
    if open_on is None:
        raise NoSuchChargeOnAccount(account, charge, [])
    connection.execute("SELECT 1 FROM card_account WHERE member_id = %s AND account_id = %s FOR UPDATE",
                       (key.member_id, key.account_id))
    amount = _amount(connection, key, charge, line, percent)
    kind = WAIVERS[str(BY_CODE[line.type].charge)]
    source_id = _new_source(connection, f"{account} {charge}")
    post_waiver(connection, {
        "member": key.member_id, "account": key.account_id, "on": open_on, "source": source_id, "line": 1, "type": kind.code,
        "debit": kind.debit, "credit": kind.credit, "currency": line.currency, "amount": amount, "card": line.card_id,
        "version": line.terms_version_id, "clause": line.clause,
        "description": described(decision.reason.strip(), decision.approved_by.strip()),
        "charge_on": line.posted_on, "charge_source": line.source_id, "charge_line": line.source_line, "charge_type": line.type,
        "reason": decision.reason.strip(), "proposed_by": decision.proposed_by.strip(),
        "approved_by": decision.approved_by.strip(),
    })
    currency = BY_NUMERIC[line.currency]
    return {"account": account, "charge": charge, "kind": kind.charge, "amount": major_units(amount, currency.digits),
            "currency": currency.code, "posts_on": open_on.isoformat(), "reason": decision.reason.strip(),
            "proposed_by": decision.proposed_by.strip(), "approved_by": decision.approved_by.strip()}


def agree_standing_waiver(connection: Connection[Any], account: str, kind: str, from_on: date, until_on: date | None,
                          percent: Decimal | None, decision: Decision) -> dict[str, Any]:
    """Agree that fees of a kind are waived as they are charged from a day to another; they are still assessed.

    Raises UnknownAccount, Usage for a kind of charge that is no fee or a period that ends before it begins, or what the
    decision's check raises.
    """
    decision.check()
    kinds = sorted(name for name in WAIVERS if name != "interest")
    if kind not in kinds:
        raise Usage(f"{kind!r} is not a fee that can be waived ahead; there are {', '.join(kinds)}")
    if until_on is not None and until_on < from_on:
        raise Usage(f"--until {until_on} lies before --from {from_on}")
    key = account_key(connection, account)
    connection.execute(
        "INSERT INTO standing_waiver (member_id, account_id, standing_waiver_id, kind, from_on, until_on, percent, reason,"
        " proposed_by, approved_by) SELECT %(member)s, %(account)s, coalesce(max(standing_waiver_id), 0) + 1, %(kind)s,"
        " %(from)s, %(until)s, %(percent)s, %(reason)s, %(proposed_by)s, %(approved_by)s FROM standing_waiver"
        " WHERE member_id = %(member)s AND account_id = %(account)s",
        {"member": key.member_id, "account": key.account_id, "kind": kind, "from": from_on, "until": until_on,
         "percent": percent or Decimal(1), "reason": decision.reason.strip(), "proposed_by": decision.proposed_by.strip(),
         "approved_by": decision.approved_by.strip()})
    return {"account": account, "kind": kind, "from": from_on.isoformat(),
            "until": None if until_on is None else until_on.isoformat(), "percent": str(percent or 1),
            "reason": decision.reason.strip(), "proposed_by": decision.proposed_by.strip(),
            "approved_by": decision.approved_by.strip()}


def _charge(connection: Connection[Any], key: AccountKey, charge: str) -> PostingLine:
    """The charge that an explanation calls by this name."""
    try:
        on = date.fromisoformat(charge[:10])
    except ValueError:
        raise Usage(f"{charge!r} is not a charge; write it as `cardwright explain` does: 2024-05-06.late_payment") from None
    lines = [PostingLine(*row) for row in connection.execute(_POSTED, (key.member_id, key.account_id, on))]
    charged = charge_lines(lines)
    cards = StatementReader(connection).cards({"members": [key.member_id], "accounts": [key.account_id]})
    ids = charge_ids(charged, {card.card_id: card.shown for card in cards[1]}, _terms_of_cycle(connection, key, on))
    for name, line in zip(ids, charged, strict=True):
        if name == charge and str(BY_CODE[line.type].charge) in WAIVERS:
            return line
    raise NoSuchChargeOnAccount(key.account, charge, ids)


def _terms_of_cycle(connection: Connection[Any], key: AccountKey, on: date) -> Terms:
    """The terms that the cycle of a day was billed on, or is about to be."""
    book = TermsBook(connection)
    row = connection.execute(
        "SELECT a.product, (SELECT s.terms_version_id FROM statement s WHERE s.member_id = a.member_id"
        " AND s.account_id = a.account_id AND s.cycle_no > 0 AND %s BETWEEN s.opens_on AND s.closes_on)"
        " FROM card_account a WHERE a.member_id = %s AND a.account_id = %s", (on, key.member_id, key.account_id)).fetchone()
    assert row is not None
    product, version_id = row
    version = book.by_id(version_id) if version_id else book.on(product, on)
    return version.terms if version is not None else Terms()


def _amount(connection: Connection[Any], key: AccountKey, charge: str, line: PostingLine, percent: Decimal | None) -> int:
    kind: PostingType = BY_CODE[line.type]
    row = connection.execute(_WAIVED, {
        "member": key.member_id, "account": key.account_id, "on": line.posted_on, "source": line.source_id,
        "line": line.source_line, "type": line.type, "waives": WAIVERS[str(kind.charge)].code}).fetchone()
    waived, corrected = (int(row[0]), int(row[1])) if row else (0, 0)
    terms = TermsBook(connection).by_id(line.terms_version_id).terms if line.terms_version_id else None
    charged = line.amount + corrected
    left = charged - waived
    amount = left if percent is None else charged if terms is None else waived_amount(terms, charged, percent)
    if amount > left or amount <= 0:
        digits = BY_NUMERIC[line.currency].digits
        raise MoreThanCharged(charge, *(major_units(each, digits) for each in (charged, waived, amount)))
    return amount


def _new_source(connection: Connection[Any], name: str) -> int:
    connection.execute("LOCK TABLE source IN SHARE ROW EXCLUSIVE MODE")
    row = connection.execute(
        "INSERT INTO source AS made (source_id, kind, name, rows_taken, rows_posted, complete)"
        " SELECT coalesce(max(source_id), 0) + 1, 'waiver', %s, 1, 1, true FROM source RETURNING made.source_id",
        (name,)).fetchone()
    assert row is not None
    return int(row[0])
