"""Authorisations, for credit and prepaid cards: decide, hold, clear in parts, reverse, let expire.

A hold takes up what may be spent and is no posting; clearing posts and gives the hold back. What a till was promised is kept
even if the card is lost or its account closed in between: it clears all the same. Rules: docs/reference/authorisations.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.errors import Refused, Usage
from accounts.lots import PRINCIPAL_PURSE, Movement
from accounts.money import CURRENCIES
from accounts.posting_types import CASH_ADVANCE, PURCHASE, REFUND, SPEND, SPEND_DISCOUNT, SPEND_REFUND
from accounts.sharding import SHARD_MEMBERS
from counter.card_life import NotPossible
from counter.holding import HeldCard, NotEnough, Told, answered_before, hold_card
from counter.night import NightOutcome
from counter.prepaid import HOLDER, Sale, require_ref, taken
from counter.velocity import require_allowed_use

#: Days that a promise is kept for, where the request names none: as card networks do.
DAYS_HELD = 7
MOST_DAYS_HELD = 31
KINDS = {"purchase": PURCHASE, "cash_advance": CASH_ADVANCE}

#: The one statement that guards what may be promised: limit less balance less holds, whoever asks at the same moment.
_HOLD = """
UPDATE guarded_balance g SET holds = g.holds + %(amount)s
FROM card_account a
WHERE g.member_id = %(member_id)s AND g.account_id = %(account_id)s AND a.member_id = g.member_id
  AND a.account_id = g.account_id AND a.credit_limit - g.balance - g.holds >= %(amount)s
"""
_GIVE_UP = "UPDATE guarded_balance SET holds = holds - %s WHERE member_id = %s AND account_id = %s"
_OPEN_TO_BUY = """
SELECT a.credit_limit - g.balance - g.holds FROM guarded_balance g JOIN card_account a USING (member_id, account_id)
WHERE g.member_id = %s AND g.account_id = %s
"""
_RECORD = """
INSERT INTO authorisation (member_id, account_id, line, card_id, ref, kind, amount, held, state, authorised_on, expires_on,
                           merchant, mcc, original_amount, original_currency)
VALUES (%(member_id)s, %(account_id)s, %(line)s, %(card_id)s, %(ref)s, %(kind)s, %(amount)s, %(amount)s, 'held', %(on)s,
        %(expires_on)s, %(merchant)s, %(mcc)s, %(original_amount)s, %(original_currency)s)
"""
_FIND = "SELECT * FROM authorisation WHERE ref = %s AND member_id = %s AND account_id = %s FOR UPDATE"
_CHANGE = """
UPDATE authorisation SET held = %(held)s, cleared = cleared + %(cleared)s, state = %(state)s
WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND line = %(line)s
"""
#: What a supplementary card was promised and used for since the first of the month.
_USED_THIS_MONTH = """
SELECT (SELECT coalesce(sum(held), 0) FROM authorisation
        WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND card_id = %(card_id)s AND state = 'held')
     + (SELECT coalesce(sum(amount), 0) FROM posting
        WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND card_id = %(card_id)s
          AND type = ANY(%(types)s) AND posted_on >= %(since)s)
"""
_SUB_LIMIT = "SELECT sub_limit FROM card WHERE member_id = %s AND account_id = %s AND card_id = %s"
_LISTED = """
SELECT z.*, c.card FROM authorisation z JOIN card c USING (member_id, account_id, card_id)
WHERE z.member_id = %s AND z.account_id = %s ORDER BY z.recorded_at, z.line
"""
_OVER = """
SELECT member_id, account_id, line, held FROM authorisation
WHERE state = 'held' AND expires_on < %(on)s AND member_id BETWEEN %(first)s AND %(last)s ORDER BY member_id, account_id, line
"""


class NoSuchAuthorisation(Usage):
    """A reference that no authorisation of the card's account has."""

    def __init__(self, card: str, ref: str) -> None:
        super().__init__(f"card {card}: no authorisation with ref {ref!r}; `cardwright authorisation list {card}` shows them")


class NotHeld(Refused):
    """An authorisation of which nothing is held any more."""

    rule = "not_held"

    def __init__(self, card: str, ref: str, state: str) -> None:
        super().__init__(f"card {card}: authorisation {ref} is {state}; nothing of it is held ({self.rule})")


class OverSubLimit(Refused):
    """More than a supplementary card may use in a month; carries the numbers."""

    rule = "sub_limit"

    def __init__(self, card: str, asked: str, used: str, limit: str) -> None:
        self.numbers = {"asked": asked, "used": used, "limit": limit}
        super().__init__(f"card {card}: {asked} on top of {used} this month is more than its limit of {limit} ({self.rule})")


@dataclass(frozen=True)
class Abroad:
    """What was asked for in the till's own currency, where that is another one than the account's."""

    amount: str
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in CURRENCIES:
            raise Usage(f"{self.currency!r} is no currency code of ISO 4217")


def authorise(connection: Connection[Any], card: str, amount: str, told: Told, sale: Sale, *, kind: str = "purchase",
              abroad: Abroad | None = None, days: int = DAYS_HELD) -> dict[str, Any]:
    """Promise a till an amount, and hold it. The reference is the retrieval reference: sent twice it is one promise.

    Raises NotPossible, NotEnough, LimitReached, OverSubLimit; what is refused holds nothing.
    """
    require_ref(told, "an authorisation")
    if not 1 <= days <= MOST_DAYS_HELD:
        raise Usage(f"--days {days}: a promise is held for 1 to {MOST_DAYS_HELD} days")
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "kind": kind, "merchant": sale.merchant, "mcc": sale.mcc,
             "original_amount": abroad and abroad.amount, "original_currency": abroad and abroad.currency}
    if (before := answered_before(held, "authorise", told, asked)) is not None:
        return before
    _may_spend(held, kind)
    minor = held.minor(amount)
    promised = minor - held.rules.discount_on(minor) if held.facts.prepaid else minor
    require_allowed_use(held, sale.merchant, sale.mcc, promised)
    _require_sub_limit(held, promised)
    key = {"member_id": held.facts.member_id, "account_id": held.facts.account_id}
    if (held.facts.prepaid and promised > held.spendable) or not connection.execute(
            _HOLD, {**key, "amount": promised}).rowcount:
        raise NotEnough(card, held.text(promised), held.text(open_to_buy(held)))
    held.holds += promised
    expires_on = held.on + timedelta(days=days)
    connection.execute(_RECORD, {
        **key, "line": held.line, "card_id": held.facts.card_id, "ref": told.ref, "kind": kind, "amount": promised,
        "on": held.on, "expires_on": expires_on, "merchant": sale.merchant, "mcc": sale.mcc,
        "original_amount": abroad and abroad.amount,
        "original_currency": abroad and abroad.currency})
    return held.tell("authorise", told, asked, held_amount=held.text(promised), expires_on=expires_on.isoformat(),
                     open_to_buy=held.text(open_to_buy(held)))


def clear(connection: Connection[Any], card: str, ref_of: str, amount: str, told: Told, final: bool = True) -> dict[str, Any]:
    """Post what a promise was used for, and give back so much of the hold; final: what is left of it as well.

    ref_of: of the authorisation. It clears though the card or the account was stopped since, and after it expired; a credit
    card clears more than was promised too, a prepaid one only as far as it holds that. Raises NoSuchAuthorisation, NotHeld,
    NotEnough.
    """
    require_ref(told, "a clearing")
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "of": ref_of, "final": final}
    if (before := answered_before(held, "clear", told, asked)) is not None:
        return before
    promise = _found(held, ref_of)
    if promise["state"] in ("cleared", "reversed"):
        raise NotHeld(card, ref_of, promise["state"])
    minor = held.minor(amount)
    net = minor - held.rules.discount_on(minor) if held.facts.prepaid else minor
    given_back = promise["held"] if final else min(promise["held"], net)
    _release(held, promise, given_back, minor, "cleared" if final or given_back == promise["held"] else "held")
    _post_cleared(held, promise, minor, net, told)
    return held.tell("clear", told, asked, of_line=promise["line"], given_back=held.text(given_back),
                     open_to_buy=held.text(open_to_buy(held)))


def reverse(connection: Connection[Any], card: str, ref_of: str, told: Told) -> dict[str, Any]:
    """Take a promise back: what is left of the hold is free again. Raises NoSuchAuthorisation, NotHeld."""
    held = hold_card(connection, card)
    asked = {"card": card, "of": ref_of}
    if (before := answered_before(held, "reverse", told, asked)) is not None:
        return before
    promise = _found(held, ref_of)
    if promise["state"] != "held":
        raise NotHeld(card, ref_of, promise["state"])
    _release(held, promise, promise["held"], 0, "reversed")
    return held.tell("reverse", told, asked, of_line=promise["line"], given_back=held.text(promise["held"]),
                     open_to_buy=held.text(open_to_buy(held)))


def refund_without_original(connection: Connection[Any], card: str, amount: str, told: Told, sale: Sale) -> dict[str, Any]:
    """A merchant gives money back for a sale that is not on the books. On a prepaid card it is a new lot of the holder's own.

    Raises NotPossible, LimitReached where a prepaid card would hold too much.
    """
    require_ref(told, "a refund")
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "merchant": sale.merchant, "mcc": sale.mcc}
    if (before := answered_before(held, "refund_without_original", told, asked)) is not None:
        return before
    held.state_after("refund")
    minor = held.minor(amount)
    if held.facts.prepaid:
        held.rules.require_room(held.value, minor)
        held.post(SPEND_REFUND, minor, told, ref=told.ref, merchant=sale.merchant, mcc=sale.mcc)
        held.move([held.add_lot(PRINCIPAL_PURSE, "refund", HOLDER, held.facts.expires_on, minor)])
    else:
        held.post(REFUND, minor, told, ref=told.ref, merchant=sale.merchant, mcc=sale.mcc)
    return held.tell("refund_without_original", told, asked, open_to_buy=held.text(open_to_buy(held)))


def listed(connection: Connection[Any], card: str) -> list[dict[str, Any]]:
    """The authorisations of a card's account, in the order they were made."""
    held = hold_card(connection, card)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_LISTED, held.key).fetchall()
    return [{"ref": row["ref"], "card": row["card"], "kind": row["kind"], "amount": held.text(row["amount"]),
             "held": held.text(row["held"]), "cleared": held.text(row["cleared"]), "state": row["state"],
             "authorised_on": row["authorised_on"].isoformat(), "expires_on": row["expires_on"].isoformat(),
             "merchant": row["merchant"], "mcc": row["mcc"], "original_amount": row["original_amount"],
             "original_currency": row["original_currency"]} for row in rows]


def open_to_buy(held: HeldCard) -> int:
    """What may still be promised: limit less balance less holds."""
    row = held.connection.execute(_OPEN_TO_BUY, held.key).fetchone()
    return int(row[0]) if row else 0


# -- the night ----------------------------------------------------------------------------------------------------------


def shards_with_holds(connection: Connection[Any], on: date) -> list[int]:
    """Shards with a promise past its last day."""
    rows = connection.execute(_OVER, {"on": on, "first": 1, "last": 2**62})
    return sorted({(row[0] - 1) // SHARD_MEMBERS for row in rows})


def expire_holds(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                 parked: Collection[int]) -> NightOutcome:
    """Give up what is held past its last day. It is nobody's money, so accounts that cannot be billed are not left out."""
    outcome = NightOutcome()
    over = {"on": on, "first": first_member_id, "last": last_member_id}
    for member_id, account_id, line, held in connection.execute(_OVER, over).fetchall():
        # The guarded balance first, as every command of the counter does: who waits has nothing that we wait for.
        connection.execute(_GIVE_UP, (held, member_id, account_id))
        connection.execute(_CHANGE, {"held": 0, "cleared": 0, "state": "expired", "member_id": member_id,
                                     "account_id": account_id, "line": line})
        outcome.counts["holds_expired"] += 1
    return outcome


# -- what several of them do --------------------------------------------------------------------------------------------


def _may_spend(held: HeldCard, kind: str) -> None:
    if kind not in KINDS:
        raise Usage(f"--kind {kind!r} is none of {', '.join(KINDS)}")
    held.state_after("spend")
    if held.facts.prepaid and kind != "purchase":
        raise NotPossible(held.facts.card, "authorise", "no_cash", "is a prepaid card, which gives no cash; `prepaid redeem` "
                          "pays it out")


def _require_sub_limit(held: HeldCard, amount: int) -> None:
    """What a card of its own limit may use in a calendar month."""
    its = held.facts
    row = held.connection.execute(_SUB_LIMIT, (its.member_id, its.account_id, its.card_id)).fetchone()
    if row is None or row[0] is None:
        return
    used = held.connection.execute(_USED_THIS_MONTH, {
        "member_id": its.member_id, "account_id": its.account_id, "card_id": its.card_id,
        "types": [PURCHASE.code, CASH_ADVANCE.code, SPEND.code], "since": held.on.replace(day=1)}).fetchone()
    assert used is not None
    if used[0] + amount > row[0]:
        raise OverSubLimit(its.card, held.text(amount), held.text(int(used[0])), held.text(row[0]))


def _found(held: HeldCard, ref: str) -> dict[str, Any]:
    with held.connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_FIND, (ref, *held.key)).fetchone()
    if found is None:
        raise NoSuchAuthorisation(held.facts.card, ref)
    return found


def _release(held: HeldCard, promise: dict[str, Any], given_back: int, cleared: int, state: str) -> None:
    held.connection.execute(_GIVE_UP, (given_back, *held.key))
    held.holds -= given_back
    held.connection.execute(_CHANGE, {
        "held": promise["held"] - given_back, "cleared": cleared, "state": state, "member_id": promise["member_id"],
        "account_id": promise["account_id"], "line": promise["line"]})


def _post_cleared(held: HeldCard, promise: dict[str, Any], amount: int, net: int, told: Told) -> None:
    words = {"merchant": promise["merchant"], "mcc": promise["mcc"], "original_amount": promise["original_amount"],
             "original_currency": promise["original_currency"]}
    if not held.facts.prepaid:
        held.post(KINDS[promise["kind"]], amount, told, ref=told.ref, card_id=promise["card_id"], guarded=False, **words)
        return
    # Bonus that ran out since was kept for this promise.
    movements: list[Movement] = taken(held, net, promise["authorised_on"])
    held.post(SPEND_DISCOUNT, amount - net, told, clause="prepaid.discount", card_id=promise["card_id"])
    held.post(SPEND, amount, told, ref=told.ref, card_id=promise["card_id"], **words)
    held.move(movements)


__all__ = ["Abroad", "authorise", "clear", "expire_holds", "listed", "refund_without_original", "reverse", "shards_with_holds"]
