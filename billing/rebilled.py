"""Accounts of the books that were rebilled: what they should have been charged, beside what the ledger says they were."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.money import major_units
from accounts.posting_types import BY_CODE, CORRECTION, FEE_TAX, OWN_CHARGES, PURCHASE_INTEREST, WAIVERS
from billing.day.charge import TAX_LINES
from billing.given_waivers import OF_CARDS, given_waivers, what_may_be_waived
from billing.rebilling import Charge, ChargeKey, charges_of
from billing.scenario_of_account import ALL_SOURCES, GIVEN_CHARGES, AccountHistory, history_of_account
from billing.simulated_ledger import SCENARIO_SOURCE
from billing.simulation import Simulated, SimulatedStatement, simulate
from billing.statement_rows import Seal
from billing.terms_book import TermsBook, VersionInForce

_WAIVER_NAMES = {each.name for each in WAIVERS.values()}

#: Charges and waivers that billing came to or staff gave, up to a day.
_CHARGED = """
SELECT posted_on, source_id, source_line, type, amount, clause, terms_version_id FROM posting p
WHERE member_id = %(member)s AND account_id = %(account)s AND posted_on <= %(until)s
  AND type >= %(first)s AND type < %(last)s
  AND NOT (source_id = %(own)s AND (
      type = ANY(%(given)s) OR (type = %(tax)s AND source_line %% %(tax_lines)s = ANY(%(cards)s))))
  AND NOT EXISTS (SELECT 1 FROM rebill r WHERE r.member_id = p.member_id AND r.account_id = p.account_id
                  AND r.source_id = p.source_id)
"""
_CORRECTED = """
SELECT charge_on, charge_type, charge_source_id, charge_source_line, sum(after - before)::bigint AS amount
FROM correction WHERE member_id = %(member)s AND account_id = %(account)s AND posted_on <= %(until)s
GROUP BY charge_on, charge_type, charge_source_id, charge_source_line
"""


@dataclass(frozen=True)
class BilledAgain:
    """An account billed again from its history.

    should: the charges that it comes to, by their keys in the ledger; versions: the terms that it was billed by, in the order
    in which the simulation numbers them from 1.
    """

    history: AccountHistory
    simulated: Simulated
    should: dict[ChargeKey, Charge]
    versions: Sequence[VersionInForce]

    def without(self, events: set[tuple[int, int]]) -> BilledAgain:
        """Without the fees on some events, given by their places in the ledger."""
        return replace(self, should={key: each for key, each in self.should.items()
                                     if (key.source_id, key.source_line) not in events})

    def place_of(self, posting: Mapping[str, Any]) -> tuple[int, int]:
        """Where a posting of the simulation stands in the ledger, or would stand: (source_id, source_line)."""
        if posting["source_id"] == SCENARIO_SOURCE:
            return self.history.sources[int(posting["source_line"]) - 1]
        return int(posting["source_id"]), int(posting["source_line"])

    def charges_on(self, statement: SimulatedStatement) -> dict[ChargeKey, Charge]:
        """All charges and waivers on a statement by their keys in the ledger."""
        return charges_of({**each, **dict(zip(("source_id", "source_line"), self.place_of(each), strict=True))}
                          for each in statement.postings)

    def version_id(self, number: int) -> int:
        """The id in the ledger of a version that the simulation numbers so."""
        return self.versions[number - 1].terms_version_id


def bill_again(connection: Connection[Any], member_id: int, account_id: int, product: str, book: TermsBook, seal: Seal,
               until: date, known_on: date | None = None, rebilled_now: bool = False,
               close_on: date | None = None, through: int = ALL_SOURCES) -> BilledAgain:
    """Bill an account from its history up to a day; known_on, rebilled_now, through: as in `history_of_account`.

    close_on: draw the line of its open cycle on that day, for a preview.
    """
    versions = sorted((each for each in book.versions if each.product == product), key=lambda each: each.first)
    history = history_of_account(connection, member_id, account_id, [each.terms for each in versions], until, known_on,
                                 rebilled_now, through)
    given = given_waivers(connection, member_id, account_id, until)
    while True:
        simulated = simulate(history.scenario, seal, close_on)
        billed = BilledAgain(history, simulated, _in_the_ledger(history, simulated.postings, versions), versions)
        cut = _waivers_cut(history, what_may_be_waived(given, billed.should), versions[-1].terms.digits)
        if cut == history:
            return billed
        # A waiver cut changes what follows; what came before it stays, so that this ends after as many rounds as waivers.
        history = cut


def _waivers_cut(history: AccountHistory, allowed: Mapping[tuple[int, int], int], digits: int) -> AccountHistory:
    """A history with the waivers that were given by hand at what they may come to."""
    events = []
    for event, source in itertools.zip_longest(history.scenario.events, history.sources):
        if source in allowed and event.type in _WAIVER_NAMES:
            event = event.model_copy(update={"amount": major_units(allowed[source], digits)})
        events.append(event)
    if tuple(events) == history.scenario.events:
        return history
    return replace(history, scenario=history.scenario.model_copy(update={"events": tuple(events)}))


def _in_the_ledger(history: AccountHistory, postings: Iterable[Mapping[str, Any]],
                   versions: Sequence[VersionInForce]) -> dict[ChargeKey, Charge]:
    """Charges of a simulation by the keys that they have in the ledger, without those that were told to it; but with the
    waivers given by hand, which are cut with their charges."""
    found = {}
    for key, charge in charges_of(postings).items():
        if key.source_id == SCENARIO_SOURCE:
            source_id, source_line = history.sources[key.source_line - 1]
            told = history.scenario.events[key.source_line - 1].type == BY_CODE[key.type].name
            if told and (source_id == OWN_CHARGES or BY_CODE[key.type].name not in _WAIVER_NAMES):
                continue
            key = replace(key, source_id=source_id, source_line=source_line)
        version = versions[charge.terms_version_id - 1].terms_version_id if charge.terms_version_id else None
        found[key] = replace(charge, key=key, terms_version_id=version)
    return found


def charged(connection: Connection[Any], member_id: int, account_id: int, until: date,
            known_on: date | None = None) -> dict[ChargeKey, Charge]:
    """What an account was charged up to a day, with the corrections that were posted by `known_on` (the same day if none)."""
    found: dict[ChargeKey, Charge] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        account = {"member": member_id, "account": account_id}
        rows = cursor.execute(_CHARGED, {
            **account, "until": until, "first": PURCHASE_INTEREST.code, "last": CORRECTION, "own": OWN_CHARGES,
            "given": list(GIVEN_CHARGES), "tax": FEE_TAX.code, "tax_lines": TAX_LINES, "cards": list(OF_CARDS),
        }).fetchall()
        found = charges_of(rows)
        for row in cursor.execute(_CORRECTED, {**account, "until": known_on or until}):
            own = row["charge_source_id"] == OWN_CHARGES
            key = ChargeKey(row["charge_on"] if own else date.min, row["charge_type"], row["charge_source_id"],
                            row["charge_source_line"])
            before = found.get(key) or Charge(key, row["charge_on"], 0, "")
            found[key] = replace(before, amount=before.amount + row["amount"])
    return {key: each for key, each in found.items() if each.amount}
