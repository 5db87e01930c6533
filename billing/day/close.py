"""The close step: fees that depend on what the cycle comes to, then the closing itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from accounts.calendar import closing_days_of
from billing import closing
from billing.day.closing_fees import charge_closing_fees
from billing.day.outcome import StepOutcome, shards_of
from billing.statement_rows import Seal

_CLOSING = "SELECT member_id FROM card_account WHERE closing_day = ANY(%(days)s) AND anchor_on <= %(on)s"


def shards_to_close(connection: Connection[Any], on: date) -> list[int]:
    """Shards with accounts whose cycle closes on a day."""
    return shards_of(connection, _CLOSING, {"days": list(closing_days_of(on)), "on": on})


def close_cycles(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                 parked: Collection[int], seal: Seal) -> StepOutcome:
    """Close the cycles due on a day; accounts that cannot be billed are parked with the reason, the others go on."""
    # It bills with the functions of the steps of a day.
    from billing.rebilled_closing import settle

    settled = settle(connection, on, first_member_id, last_member_id, parked, seal)
    fees = charge_closing_fees(connection, on, first_member_id, last_member_id, [*parked, *settled])
    derived = closing.close_cycles(connection, on, first_member_id, last_member_id, parked, seal)
    outcome = StepOutcome(fees, derived.refused)
    outcome.add("corrections", sum(settled.values()))
    outcome.add("statements", len(derived.statements["account_id"]))
    for each in derived.charges:
        outcome.add(each.kind.name + "_charges", int((each.amount > 0).sum()))
    outcome.add("nothing_to_bill_yet", len(derived.not_opened))
    return outcome.told()
