"""Waivers that staff gave, told with the account's history: never more than is left of the charge that each was given for.

A waiver given for a charge that a late event takes away would stay as a gift: billed again, it is cut to what is left of the
charge, and what is cut is corrected with the charge. Source: docs/reference/billing-rules.md, rebilling.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from accounts.posting_types import BY_CODE, OWN_CHARGES, PURCHASE_INTEREST, REPLACEMENT_FEE, SUPPLEMENTARY_ANNUAL_FEE, WAIVERS
from billing.rebilling import Charge, ChargeKey

#: Charges for a card: a scenario has no cards, so they are told as they were charged, with the tax on them.
OF_CARDS = (SUPPLEMENTARY_ANNUAL_FEE.code, REPLACEMENT_FEE.code)

#: A waiver of a correction is one of the charge that it corrects.
_GIVEN = """
SELECT w.source_id, w.source_line, w.amount, coalesce(c.charge_on, w.charge_posted_on), coalesce(c.charge_type, w.charge_type),
       coalesce(c.charge_source_id, w.charge_source_id), coalesce(c.charge_source_line, w.charge_source_line)
FROM waiver w
LEFT JOIN correction c ON c.member_id = w.member_id AND c.account_id = w.account_id AND c.posted_on = w.charge_posted_on
     AND c.source_id = w.charge_source_id AND c.source_line = w.charge_source_line AND c.type = w.charge_type
WHERE w.member_id = %s AND w.account_id = %s AND w.source_id <> w.charge_source_id AND w.posted_on <= %s
ORDER BY w.posted_on, w.source_id, w.source_line
"""


@dataclass(frozen=True)
class GivenWaiver:
    """A waiver by hand. source: its place in the ledger (source_id, source_line); amount: minor units; charge: its key."""

    source: tuple[int, int]
    amount: int
    charge: ChargeKey


def given_waivers(connection: Connection[Any], member_id: int, account_id: int, until: date) -> list[GivenWaiver]:
    """The waivers that were given by hand up to a day and can exceed their charge, in the order in which they were given.

    Charges for cards and those of files no late event changes.
    """
    found = []
    for source_id, line, amount, on, kind, charge_source, charge_line in connection.execute(
            _GIVEN, (member_id, account_id, until)):
        if kind >= PURCHASE_INTEREST.code and kind not in OF_CARDS:
            key = ChargeKey(on if charge_source == OWN_CHARGES else date.min, kind, charge_source, charge_line)
            found.append(GivenWaiver((source_id, line), amount, key))
    return found


def what_may_be_waived(given: Sequence[GivenWaiver], should: Mapping[ChargeKey, Charge]) -> dict[tuple[int, int], int]:
    """Of each waiver, by its place in the ledger, what is no more than is left of its charge: less what the terms and standing
    waivers waive of it, less the waivers given before. Minor units."""
    left: dict[ChargeKey, int] = defaultdict(int)
    for each in given:
        charge, waives = should.get(each.charge), WAIVERS[str(BY_CODE[each.charge.type].charge)].code
        waived = should.get(ChargeKey(each.charge.on, waives, each.charge.source_id, each.charge.source_line))
        left[each.charge] = (charge.amount if charge else 0) - (waived.amount if waived else 0)
    allowed = {}
    for each in given:
        allowed[each.source] = max(min(each.amount, left[each.charge]), 0)
        left[each.charge] -= allowed[each.source]
    return allowed
