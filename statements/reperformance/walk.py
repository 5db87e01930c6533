"""Goes through the days of a cycle: debits, waivers, money (rule 1.3), and keeps what each day came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from statements.reperformance.allocation import Allocation
from statements.reperformance.balances import REVOLVING, Balances, Part, Snapshot, debit_of, segment_row
from statements.reperformance.cycles import DAY, Cycle
from statements.reperformance.deferred import Deferred
from statements.reperformance.facts import Fact
from statements.reperformance.received import received


@dataclass(frozen=True)
class Walked:
    """What the days of a cycle came to.

    bases: of each interest day one base, or two on the day of a payment that counts both (rule 1.4); ends: the balance at
    the end of each interest day, credit negative; opening: what was owed when the cycle began; early: debits that count from
    before the first interest day.
    """

    cycle: Cycle
    opening: Snapshot
    bases: dict[date, tuple[Snapshot, ...]] = field(default_factory=dict)
    ends: dict[date, int] = field(default_factory=dict)
    early: list[Part] = field(default_factory=list)


def walk(cycle: Cycle, balances: Balances, facts: Sequence[Fact], allocation: Allocation, minimum: int,
         deferred: Deferred) -> tuple[Walked, Snapshot]:
    """Takes the balances through the cycle. minimum: of the last statement. Gives its days, and what was left at the cut."""
    walked = Walked(cycle, balances.snapshot())
    interest_days = set(cycle.interest_days)
    missing, evening = minimum, balances.snapshot()
    at_cut: Snapshot = ()
    for day in cycle.walked_days:
        _revert(cycle, balances, day)
        todays = [each for each in facts if _falls_on(cycle, each) == day]
        _enter(cycle, balances, todays, walked, deferred)
        balances.credit = balances.pay(balances.credit, allocation.excess(balances.debits, day))
        waived = sum(each.amount for each in todays if each.side == "waiver")
        balances.credit += balances.pay(waived, allocation.waiver(balances.debits, day))
        noon = balances.snapshot()
        money = [each for each in todays if each.side == "money"]
        _pay(balances, money, missing, allocation, day)
        missing -= sum(received(each, cycle.terms) for each in todays)
        night = balances.snapshot()
        if day in interest_days:
            walked.bases[day] = _bases(cycle, evening, noon, night, bool(money))
            walked.ends[day] = balances.total()
            deferred.interest_day(day, walked.bases[day], night)
        if day == cycle.cut:
            at_cut = night
        evening = night
    return walked, at_cut


def _falls_on(cycle: Cycle, fact: Fact) -> date:
    posting = fact.side == "debit" and cycle.terms.interest.accrues_from == "posting"
    return cycle.day_in_walk(fact.posted_on if posting else fact.effective_on)


def _revert(cycle: Cycle, balances: Balances, day: date) -> None:
    """What is left in a segment that has ended goes over to the one it reverts to (rule 11.1)."""
    for each in balances.debits:
        if each.last_day is not None and each.last_day < day:
            each.segment, each.age = segment_row(cycle.terms, each.segment).revert_to or "purchase", REVOLVING
            each.last_day, each.of_before = None, True


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
    excess = total - worth + balances.pay(worth, allocation.minimum(balances.debits, day))
    for each in money:
        if each.segment is not None:
            asked = [debit for debit in allocation.excess(balances.debits, day)
                     if debit.kind == "principal" and debit.segment == each.segment]
            offered = min(each.amount, excess)
            excess -= offered - balances.pay(offered, asked)
    balances.credit += balances.pay(excess, allocation.excess(balances.debits, day))


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
