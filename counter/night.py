"""What the night does to prepaid cards: cards past their day expire, bonus past its day is forfeited, dormant cards pay a fee.

Value is never taken because a card expired: it stays on the account and can be spent again once the card is extended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from accounts.calendar import day_number, months_later
from accounts.lots import BONUS_PURSE, Lot, Movement, NotEnoughValue, past_their_day, spendable, take
from accounts.posting_types import BONUS_FORFEITED, DORMANCY_FEE, OWN_CHARGES, PostingType
from accounts.sharding import SHARD_MEMBERS
from fees.schedule import terms_in_force, versions
from fees.terms import Terms

#: Cards whose last day is over.
_EXPIRED = """
SELECT c.member_id, c.account_id, c.card_id, c.status FROM card c
JOIN card_account a ON a.member_id = c.member_id AND a.account_id = c.account_id
WHERE a.prepaid AND c.expires_on < %(on)s AND c.status IN ('issued', 'active', 'blocked')
  AND c.member_id BETWEEN %(first)s AND %(last)s ORDER BY c.member_id, c.account_id, c.card_id
"""
#: Lots of bonus whose last day is over.
_FORFEITED = """
SELECT l.member_id, l.account_id, l.lot, l.remaining FROM purse_lot l
WHERE l.purse = 'bonus' AND l.remaining > 0 AND l.expires_on < %(on)s AND l.member_id BETWEEN %(first)s AND %(last)s
ORDER BY l.member_id, l.account_id, l.lot
"""
#: Accounts of a product with value, by the day that their cards were last used.
_DORMANT = """
SELECT a.member_id, a.account_id, max(e.business_on) AS used_on
FROM card_account a
JOIN guarded_balance g ON g.member_id = a.member_id AND g.account_id = a.account_id AND g.balance < 0
JOIN counter_event e ON e.member_id = a.member_id AND e.account_id = a.account_id AND e.command = ANY(%(uses)s)
WHERE a.product = ANY(%(products)s) AND a.member_id BETWEEN %(first)s AND %(last)s
GROUP BY a.member_id, a.account_id ORDER BY a.member_id, a.account_id
"""
_GUARD = "SELECT -balance - holds FROM guarded_balance WHERE member_id = %s AND account_id = %s FOR UPDATE"
_LOTS = """
SELECT lot, purse, source, funder, expires_on, original, remaining FROM purse_lot
WHERE member_id = %s AND account_id = %s ORDER BY lot
"""
_ACCOUNT = "SELECT product, currency FROM card_account WHERE member_id = %s AND account_id = %s"
_POST = """
INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account, currency,
                     amount, effective_on, transaction_on, terms_version_id, clause)
VALUES (%(member)s, %(account)s, %(on)s, %(source)s, %(line)s, %(type)s, %(debit)s, %(credit)s, %(currency)s, %(amount)s,
        %(on)s, %(on)s, %(version)s, %(clause)s)
"""
_MOVE_BALANCE = "UPDATE guarded_balance SET balance = balance + %s WHERE member_id = %s AND account_id = %s"
_MOVE_LOT = "UPDATE purse_lot SET remaining = remaining + %s WHERE member_id = %s AND account_id = %s AND lot = %s"
_MOVEMENT = "INSERT INTO lot_movement (member_id, account_id, line, place, lot, amount) VALUES (%s, %s, %s, %s, %s, %s)"
_EXPIRE = "UPDATE card SET status = 'expired' WHERE member_id = %s AND account_id = %s AND card_id = %s"
_EVENT = """
INSERT INTO counter_event (member_id, account_id, line, card_id, business_on, command, asked, reply, status_before,
                           status_after, told_by)
VALUES (%s, %s, %s, %s, %s, 'expire', '{}', %s, %s, 'expired', 'night')
"""
#: Commands by which a holder uses a card.
USES = ("activate", "load", "spend", "clear", "present", "refund", "transfer", "transfer_in", "extend")
#: Commands of the night are told apart by their day: lines below zero, a thousand a day.
LINES_A_DAY = 1000


@dataclass
class NightOutcome:
    """What the step did, as steps of the day tell it."""

    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    parked: list[tuple[int, int, str]] = field(default_factory=list)


def line_of(on: date, place: int = 0) -> int:
    """The line of what the night does to an account on a day; place: of a card, 0 for its lots."""
    return -(day_number(on) * LINES_A_DAY + place)


def shards_with_prepaid(connection: Connection[Any], on: date) -> list[int]:
    """Shards with a prepaid card or a bonus past its last day, or a card that pays for lying idle."""
    if not any(each.terms.prepaid is not None for each in versions(connection)):
        return []
    everyone = {"on": on, "first": 1, "last": 2**62}
    members = {row[0] for query in (_EXPIRED, _FORFEITED) for row in connection.execute(query, everyone)}
    members |= {row[0] for row in _dormant(connection, on, 1, 2**62)}
    return sorted({(each - 1) // SHARD_MEMBERS for each in members})


def age_prepaid(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                parked: Collection[int]) -> NightOutcome:
    """Expire cards, forfeit bonus and charge dormant accounts of a range of members; once a day, however often it is run."""
    outcome = NightOutcome()
    given = {"on": on, "first": first_member_id, "last": last_member_id}
    forfeited: dict[tuple[int, int], list[Movement]] = defaultdict(list)
    for member_id, account_id, lot, remaining in connection.execute(_FORFEITED, given).fetchall():
        if account_id not in parked:
            forfeited[member_id, account_id].append(Movement(lot, -remaining))
    dormant = {row[:2] for row in _dormant(connection, on, first_member_id, last_member_id) if row[1] not in parked}
    for key in sorted({*forfeited, *dormant}):
        _age(connection, on, key, key in dormant, outcome)
    places: dict[tuple[int, int], int] = defaultdict(int)
    for member_id, account_id, card_id, status in connection.execute(_EXPIRED, given).fetchall():
        if account_id in parked:
            continue
        places[member_id, account_id] += 1
        connection.execute(_EXPIRE, (member_id, account_id, card_id))
        connection.execute(_EVENT, (member_id, account_id, line_of(on, places[member_id, account_id]), card_id, on,
                                    Jsonb({"postings": []}), status))
        outcome.counts["expired"] += 1
    return outcome


def _age(connection: Connection[Any], on: date, key: tuple[int, int], dormant: bool, outcome: NightOutcome) -> None:
    """Forfeit what of an account's bonus is past its day, then charge the fee where it is due; held against the counter."""
    guarded = connection.execute(_GUARD, key).fetchone()
    assert guarded is not None
    free = guarded[0]  # what is held for a till is not taken
    lots = [Lot(*row) for row in connection.execute(_LOTS, key).fetchall()]
    row = connection.execute(_ACCOUNT, key).fetchone()
    assert row is not None
    version, terms = terms_in_force(connection, row[0], on)
    movements: list[Movement] = []
    for over in past_their_day(lots, BONUS_PURSE, on):
        amount = min(-over.amount, free)
        if amount > 0:
            _post(connection, key, on, BONUS_FORFEITED, over.lot, amount, row[1], version, "prepaid.bonus")
            movements.append(Movement(over.lot, -amount))
            free -= amount
            outcome.counts["forfeited"] += 1
    if dormant and terms.prepaid is not None:
        fee = min(terms.minor(terms.prepaid.dormancy.fee), spendable(lots, on), free)
        if fee > 0:
            movements += _taken(lots, fee, on)
            _post(connection, key, on, DORMANCY_FEE, 0, fee, row[1], version, "prepaid.dormancy")
            outcome.counts["dormancy_fees"] += 1
    _move(connection, key, on, movements)


def _taken(lots: Sequence[Lot], amount: int, on: date) -> list[Movement]:
    try:
        return take(lots, amount, on)
    except NotEnoughValue as short:  # the fee is never more than what can be spent
        raise AssertionError(str(short)) from short


def _post(connection: Connection[Any], key: tuple[int, int], on: date, kind: PostingType, line: int, amount: int, currency: int,
          version: int, clause: str) -> None:
    connection.execute(_POST, {
        "member": key[0], "account": key[1], "on": on, "source": OWN_CHARGES, "line": line, "type": kind.code,
        "debit": kind.debit, "credit": kind.credit, "currency": currency, "amount": amount, "version": version,
        "clause": clause})
    connection.execute(_MOVE_BALANCE, (amount * kind.sign, *key))


def _move(connection: Connection[Any], key: tuple[int, int], on: date, movements: Sequence[Movement]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_MOVE_LOT, [(each.amount, *key, each.lot) for each in movements])
        cursor.executemany(_MOVEMENT, [(*key, line_of(on), place, each.lot, each.amount)
                                       for place, each in enumerate(movements)])


def _dormant(connection: Connection[Any], on: date, first: int, last: int) -> list[tuple[Any, ...]]:
    """Accounts that pay for lying idle on a day: so many months, or whole months more, after they were last used."""
    charging = _charging(connection, on)
    if not charging:
        return []
    asked = {"uses": list(USES), "products": list(charging), "first": first, "last": last}
    rows = connection.execute(_DORMANT, asked).fetchall()
    products = dict(connection.execute(
        "SELECT account_id, product FROM card_account WHERE account_id = ANY(%s)", ([row[1] for row in rows],)).fetchall())
    return [row for row in rows if _is_due(charging[products[row[1]]], row[2], on)]


def _charging(connection: Connection[Any], on: date) -> dict[str, Terms]:
    """Prepaid products whose terms in force charge for lying idle."""
    return {each.terms.product: each.terms for each in versions(connection)
            if each.status == "approved" and each.first <= on and (each.until is None or on < each.until)
            and each.terms.prepaid is not None and each.terms.prepaid.dormancy.fee
            and each.terms.prepaid.dormancy.after_months}


def _is_due(terms: Terms, used_on: date, on: date) -> bool:
    assert terms.prepaid is not None
    months = (on.year - used_on.year) * 12 + on.month - used_on.month
    return months >= terms.prepaid.dormancy.after_months and months_later(used_on, months, used_on.day) == on
