"""Goes through the days of a cycle: debits, conversions, disputes, waivers, money (rule 1.3), and what each day came to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from statements.reperformance.allocation import Allocation
from statements.reperformance.balances import BILLED, NEW, REVOLVING, Balances, Debit, Part, Snapshot, debit_of, segment_row
from statements.reperformance.cycles import DAY, Cycle
from statements.reperformance.deferred import Deferred
from statements.reperformance.disputed import Disputes, Excused
from statements.reperformance.facts import Fact
from statements.reperformance.received import received

#: The age classes that a conversion takes from, in this order (rule 14.2).
_TAKEN_FROM = {"instalment_conversion": (NEW, BILLED, REVOLVING), "statement_conversion": (BILLED, REVOLVING, NEW)}


@dataclass(frozen=True)
class Walked:
    """What the days of a cycle came to.

    bases: of each interest day one base, or two on the day of a payment that counts both (rule 1.4); ends: the balance at
    the end of each interest day, credit negative; opening: what was owed when the cycle began; early: debits that count from
    before the first interest day; excused: what a dispute takes off the days before it.
    """

    cycle: Cycle
    opening: Snapshot
    bases: dict[date, tuple[Snapshot, ...]] = field(default_factory=dict)
    ends: dict[date, int] = field(default_factory=dict)
    early: list[Part] = field(default_factory=list)
    excused: list[Excused] = field(default_factory=list)


def walk(cycle: Cycle, balances: Balances, facts: Sequence[Fact], allocation: Allocation, minimum: int,
         deferred: Deferred, disputes: Disputes) -> tuple[Walked, Snapshot]:
    """Takes the balances through the cycle. minimum: of the last statement. Gives its days, and what was left at the cut."""
    walked = Walked(cycle, balances.snapshot())
    interest_days, by_day = set(cycle.interest_days), defaultdict(list)
    for fact in facts:
        by_day[_falls_on(cycle, fact)].append(fact)
    missing, evening = minimum, balances.snapshot()
    at_cut: Snapshot = ()
    for day in cycle.walked_days:
        todays = by_day.get(day, [])
        reverted = _revert(cycle, balances, day)
        if todays or reverted or disputes.touched_on(day):
            noon = _before_money(cycle, balances, todays, walked, allocation, deferred, disputes, day)
            _pay(balances, [each for each in todays if each.side == "money"], missing, allocation, day)
            missing -= sum(received(each, cycle.terms) for each in todays)
            night = balances.snapshot()
        else:
            noon = night = evening
        if day in interest_days:
            walked.bases[day] = _bases(cycle, evening, noon, night, any(each.side == "money" for each in todays))
            walked.ends[day] = balances.total()
            deferred.interest_day(day, walked.bases[day], night, walked.ends[day])
        elif day == cycle.closing:
            deferred.closing_day(night)
        if day == cycle.cut:
            at_cut = night
        evening = night
    return walked, at_cut


def _before_money(cycle: Cycle, balances: Balances, todays: Sequence[Fact], walked: Walked, allocation: Allocation,
                  deferred: Deferred, disputes: Disputes, day: date) -> Snapshot:
    """What the day's debits, conversions, disputes and waivers leave (rules 1.3, 14.2, 15.1)."""
    _enter(cycle, balances, todays, walked, deferred)
    for each in todays:
        if each.side == "conversion":
            balances.credit += balances.convert(cycle.terms, each.amount, _TAKEN_FROM[each.type])
    walked.excused.extend(disputes.on_day(day, cycle, balances))
    balances.credit = balances.pay(balances.credit, lambda debits: allocation.excess(debits, day))
    waived = sum(each.amount for each in todays if each.side == "waiver")
    balances.credit += balances.pay(waived, lambda debits: allocation.waiver(debits, day))
    return balances.snapshot()


def _falls_on(cycle: Cycle, fact: Fact) -> date:
    posting = fact.side == "debit" and cycle.terms.interest.accrues_from == "posting"
    return cycle.day_in_walk(fact.posted_on if posting else fact.effective_on)


def _revert(cycle: Cycle, balances: Balances, day: date) -> bool:
    """What is left in a segment that has ended goes over to the one it reverts to (rule 11.1); whether anything did."""
    reverted = False
    for each in balances.debits:
        if each.last_day is not None and each.last_day < day:
            each.segment, each.age = segment_row(cycle.terms, each.segment).revert_to or "purchase", REVOLVING
            each.last_day, each.of_before, reverted = None, True, True
    return reverted


def _enter(cycle: Cycle, balances: Balances, facts: Sequence[Fact], walked: Walked, deferred: Deferred) -> None:
    for fact in facts:
        if fact.side != "debit":
            continue
        debit = debit_of(fact, cycle.terms)
        balances.debits.append(debit)
        deferred.enter(debit)
        if debit.counts_on < cycle.first_interest_day and fact.type != "returned_payment":
            walked.early.append(Part(debit, debit.kind, debit.segment, debit.age, debit.amount))


def _pay(balances: Balances, money: Sequence[Fact], missing: int, allocation: Allocation, day: date) -> None:
    """The minimum's worth in its order, then what the holder asked for, then the rest as excess (rules 8.1, 8.5)."""
    total = sum(each.amount for each in money)
    worth = max(0, min(missing, total))
    excess = total - worth + balances.pay(worth, lambda debits: allocation.minimum(debits, day))
    for each in money:
        if each.segment is not None:
            offered = min(each.amount, excess)
            excess -= offered - balances.pay(offered, partial(_in_segment, each.segment, allocation, day))
    balances.credit += balances.pay(excess, lambda debits: allocation.excess(debits, day))


def _in_segment(name: str, allocation: Allocation, day: date, debits: Sequence[Debit]) -> list[Debit]:
    return [each for each in allocation.excess(debits, day) if each.kind == "principal" and each.segment == name]


def _bases(cycle: Cycle, evening: Snapshot, noon: Snapshot, night: Snapshot, paid: bool) -> tuple[Snapshot, ...]:
    """The base of a day (rule 1.4): evening of the day before, or noon before the money, or night."""
    interest = cycle.terms.interest
    if interest.debits_count_from == "next_day":
        return (evening,)
    if paid and interest.payment_day_counts != "new":
        return (noon,) if interest.payment_day_counts == "old" else (noon, night)
    return (night,)


def early_days(cycle: Cycle, part: Part) -> list[date]:
    """The days before the first interest day from which a debit that came late counts (rule 1.5)."""
    first, days = part.debit.counts_on, []
    while first < cycle.first_interest_day:
        days.append(first)
        first += DAY
    return days
