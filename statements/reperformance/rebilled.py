"""What statements say of an account some of whose events came in late: it is billed again with them in time (rule 16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from statements.reperformance.account import FIGURES, LOWERING, ReperformedStatement, Run, bill
from statements.reperformance.cycles import DAY
from statements.reperformance.facts import Fact, History

_Sums = Counter[str]


def reperform_history(history: History) -> list[ReperformedStatement]:
    """Every statement of an account from its first business day on, as issued: each is billed from what was known by then."""
    books = _Books(history)
    days = {each.posted_on for each in history.facts if each.late_for is not None}
    days |= {each.credit.posted_on for each in history.disputes if each.credit is not None}
    for day in sorted(days):
        books.rebill(day)
    books.issue(history.until)
    return books.issued


@dataclass
class _Books:
    """The statements issued so far, and the run that the next ones come from, of closings since a day.

    own: sums of what was charged on those issued.
    """

    history: History
    since: date = date.min
    run: Run = field(init=False)
    issued: list[ReperformedStatement] = field(default_factory=list)
    own: _Sums = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.run = bill(self.history)

    def issue(self, until: date) -> None:
        """The statements of closings up to a day: figures are what posted since the last one (rule 16.3)."""
        for each in self.run.statements:
            if self.since <= each.closing <= until:
                self.issued.append(self._issued(each))

    def rebill(self, day: date) -> None:
        """On a day, before anything of it posts: from here on what is known to be late is billed in time (rule 16.2)."""
        self.issue(day - DAY)
        self.run, self.since = bill(_in_time(self.history, day, self.run)), day

    def _issued(self, billed: ReperformedStatement) -> ReperformedStatement:
        previous = self.issued[-1].closing if self.issued else date.min
        own = _sums([each for each in self.run.own if each.posted_on <= billed.closing])
        credited = [each.credit for each in self.history.disputes if each.credit is not None]
        posted = _sums([each for each in [*self.history.facts, *credited] if previous < each.posted_on <= billed.closing])
        figures = {**billed.figures, **{name: posted[name] + own[name] - self.own[name] for name in FIGURES}}
        self.own = own
        last = self.issued[-1].figures["new_balance"] if self.issued else self.run.statements[0].figures["previous_balance"]
        return replace(billed, figures={**figures, "previous_balance": last})


def _sums(facts: Sequence[Fact]) -> _Sums:
    """Facts by statement figure, as these print them."""
    sums: _Sums = Counter()
    for each in facts:
        sums[each.figure] += (-each.sign if each.figure in LOWERING else each.sign) * each.amount
    return sums


def _in_time(history: History, day: date, run: Run) -> History:
    """The history with all that is known by a day: what is late on its own day, nothing of what a dispute was won about.

    Plans stay as they were agreed (rule 14.1).
    """
    lost = [each for each in history.disputes if each.credit is not None and each.credit.posted_on <= day]
    in_time: dict[int, Fact | None] = {}
    for each in history.facts:
        amount = each.amount - sum(dispute.amount for dispute in lost if dispute.debit is each)
        posted_on = each.late_for if each.late_for is not None and each.posted_on <= day else each.posted_on
        in_time[id(each)] = replace(each, amount=amount, posted_on=posted_on) if amount else None
    facts = tuple(each for each in in_time.values() if each is not None)
    made = {each.asked: each.amount for each in run.plans.plans}
    plans = tuple(replace(each, amount=made.get(each, each.amount)) for each in history.plans)
    disputes = tuple(replace(each, debit=debit) for each in history.disputes
                     if each not in lost and (debit := in_time[id(each.debit)]) is not None)
    return replace(history, facts=facts, plans=plans, disputes=disputes)
