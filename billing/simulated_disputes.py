"""Disputes of a scenario's account: checked, told to the engine, and the decisions that change what was billed before.

A decision for the holder bills the account as if what was disputed had never been debited; one for the issuer, where the terms
say so, as if it had borne interest all along. Both are late events: the difference posts on the day of the decision.
Source: docs/reference/billing-rules.md, 15.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from accounts.errors import Refused
from accounts.money import major_units, minor_units
from accounts.posting_types import BY_NAME
from billing.disputes import DISPUTABLE, FOR_HOLDER, FOR_ISSUER, Dispute
from billing.scenario import DISPUTE, DISPUTE_DECIDED, Scenario, ScenarioEvent

_NEVER = date.max
_DISPUTABLE = {each.name for each in DISPUTABLE}


class NotDisputable(Refused):
    """A dispute that cannot be opened or decided; says why."""


@dataclass(frozen=True)
class ScenarioDispute:
    """A dispute of a scenario: its event, that of the debit, and how it was decided, by their places among the events;
    amount: minor units."""

    place: int
    event: ScenarioEvent
    debit_place: int
    debit: ScenarioEvent
    amount: int
    decided_place: int | None = None
    decided: ScenarioEvent | None = None

    @property
    def outcome(self) -> str | None:
        """How it was decided; None while it is open, or as long as that is not known."""
        return None if self.decided is None or self.decided.posted_on == _NEVER else self.decided.outcome


class ScenarioDisputes:
    """The disputes of a scenario. Raises NotDisputable for one that names no debit, disputes more than it came to, and the
    like."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.digits = scenario.terms[0].digits

    @cached_property
    def all(self) -> list[ScenarioDispute]:
        """Every dispute, in the order of the events."""
        events = self.scenario.events
        opened = [self._opened(place, each) for place, each in enumerate(events) if each.type == DISPUTE]
        found: dict[int, ScenarioDispute] = {each.place: each for each in opened}
        decisions = sorted(((each.on, place) for place, each in enumerate(events) if each.type == DISPUTE_DECIDED))
        for _, place in decisions:
            mine = self._decided(list(found.values()), events[place])
            found[mine.place] = ScenarioDispute(mine.place, mine.event, mine.debit_place, mine.debit, mine.amount, place,
                                                events[place])
        self._check_together(list(found.values()))
        return list(found.values())

    @property
    def retroactive(self) -> list[ScenarioDispute]:
        """Those whose decision changes what was billed before, and is still to be told."""
        return [each for each in self.all if each.decided is not None and not each.decided.agreed
                and (each.outcome == FOR_HOLDER or self._bears(each))]

    @property
    def bearing(self) -> list[ScenarioDispute]:
        """Those that bear interest while they last, as they are decided for the issuer."""
        return [each for each in self.all if self._bears(each)]

    def still_open(self, disputes: Sequence[ScenarioDispute]) -> Scenario:
        """The scenario in which the decision of some disputes is not known."""
        events = list(self.scenario.events)
        for each in disputes:
            if each.decided is not None and each.decided_place is not None:
                events[each.decided_place] = each.decided.model_copy(update={"posted_on": _NEVER})
        return self.scenario.model_copy(update={"events": tuple(events)})

    def known_by(self, events: Sequence[ScenarioEvent], day: date) -> tuple[ScenarioEvent, ...]:
        """Events as they are known on a day: decisions made by then as if from the start, the others not at all."""
        told = list(events)
        for each in self.retroactive:
            assert each.decided is not None
            assert each.decided_place is not None
            change = {"agreed": True} if each.decided.on <= day else {"posted_on": _NEVER}
            told[each.decided_place] = each.decided.model_copy(update=change)
        return tuple(told)

    def without_credited(self) -> Scenario:
        """The scenario without what was disputed and decided for the holder; every event keeps its place."""
        events = list(self.scenario.events)
        for each in self.all:
            if each.outcome == FOR_HOLDER and each.decided is not None and each.decided_place is not None:
                left = minor_units(events[each.debit_place].amount, self.digits) - each.amount
                events[each.debit_place] = events[each.debit_place].model_copy(update={
                    "amount": major_units(left, self.digits), **({} if left else {"posted_on": _NEVER})})
                for place in (each.place, each.decided_place):
                    events[place] = events[place].model_copy(update={"posted_on": _NEVER})
        return self.scenario.model_copy(update={"events": tuple(events)})

    def held(self, until: date) -> list[Dispute]:
        """What the engine is told at a closing: disputes opened by then that are not decided for the holder."""
        return [
            Dispute(each.place + 1, each.event.on, each.amount, BY_NAME[each.debit.type].code, each.debit.segment,
                    each.debit.posted_on or each.debit.on, each.debit.on,
                    each.decided.on if each.decided is not None and each.outcome == FOR_ISSUER else None, self._bears(each))
            for each in self.all if each.outcome != FOR_HOLDER and each.event.on <= until
        ]

    # -- checks ---------------------------------------------------------------------------------------------------------

    def _bears(self, dispute: ScenarioDispute) -> bool:
        if dispute.outcome != FOR_ISSUER or dispute.decided is None:
            return False
        return self.scenario.terms_on(dispute.decided.on).disputes.interest_if_lost

    def _opened(self, place: int, event: ScenarioEvent) -> ScenarioDispute:
        numbered = re.fullmatch(r"#(\d+)", str(event.of))
        found = [(at, each) for at, each in enumerate(self.scenario.events) if each.type in _DISPUTABLE
                 and (at + 1 == int(numbered[1]) if numbered else each.id == event.of)]
        if not found:
            raise NotDisputable(f"dispute of {event.on}: {event.of} is no debit; `of` takes the id, or #N for the N-th event, "
                                f"of one of {', '.join(sorted(_DISPUTABLE))}")
        at, debit = found[0]
        known = max(day for day in (debit.on, debit.posted_on, debit.known_on) if day is not None and day != _NEVER)
        if event.on < known:
            raise NotDisputable(f"dispute of {event.on}: {event.of} posts on {known}; it can be disputed from then on")
        asked, whole = minor_units(event.amount, self.digits), minor_units(debit.amount, self.digits)
        if asked > whole:
            raise NotDisputable(f"dispute of {event.on}: {event.of} came to {debit.amount}; {event.amount} is more than that")
        return ScenarioDispute(place, event, at, debit, asked or whole)

    def _decided(self, disputes: Sequence[ScenarioDispute], decision: ScenarioEvent) -> ScenarioDispute:
        open_ = [each for each in disputes if each.decided is None and decision.of in (each.event.id, each.event.of)
                 and each.event.on <= decision.on]
        if not open_:
            raise NotDisputable(f"dispute_decided of {decision.on}: {decision.of} is in no dispute that is open on that day")
        mine = open_[0]
        posts = max(day for day in (mine.debit.on, mine.debit.posted_on, mine.debit.known_on)
                    if day is not None and day != _NEVER)
        if decision.on <= posts:
            raise NotDisputable(f"dispute_decided of {decision.on}: {decision.of} posts on {posts}; it can be decided from the "
                                "day after")
        return mine

    def _check_together(self, disputes: Sequence[ScenarioDispute]) -> None:
        """One dispute of a debit at a time, and never more credited than it came to."""
        for one in disputes:
            whole = minor_units(one.debit.amount, self.digits)
            for other in disputes:
                if other.place == one.place or other.debit_place != one.debit_place or other.event.on > one.event.on:
                    continue
                if other.event.on == one.event.on and other.place > one.place:
                    continue
                if other.decided is None or other.decided.on >= one.event.on:
                    raise NotDisputable(f"dispute of {one.event.on}: {one.event.of} is in dispute since {other.event.on}")
                whole -= other.amount if other.outcome == FOR_HOLDER else 0
            if one.amount > whole:
                raise NotDisputable(f"dispute of {one.event.on}: of {one.event.of} no more than "
                                    f"{major_units(whole, self.digits)} is left that was not credited")
