"""The over-limit fee, at the closing, where the holder agreed to it (rule 12.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fees.terms import Terms
from statements.reperformance.billed import Billed
from statements.reperformance.cycles import DAY, days_between
from statements.reperformance.event_fees import SPENDING
from statements.reperformance.facts import Fact, History
from statements.reperformance.priced import bounded, share_of


def over_limit_fee(history: History, terms: Terms, last: Billed | None, closing: date, facts: Sequence[Fact],
                   bore: Sequence[bool]) -> int:
    """What the closing charges. last: the statement before, if there is one; bore: whether earlier cycles did, oldest first."""
    fee, by_law = terms.fees.over_limit, terms.rule_pack == "US"
    if fee is None or ((by_law if fee.opt_in is None else fee.opt_in) and not history.over_limit_opt_in):
        return 0
    in_a_row = bore[-fee.max_consecutive_cycles:]
    if len(in_a_row) == fee.max_consecutive_cycles and all(in_a_row):
        return 0
    excess = _excess(history, last, closing, facts, bool(bore) and bore[-1])
    if excess <= 0:
        return 0
    amount = terms.minor(fee.amount)
    if fee.percent is not None:
        amount = bounded(terms, share_of(terms, fee.percent, excess), fee.floor, fee.cap)
    capped = fee.cap_at == "over_limit" or (fee.cap_at is None and by_law)
    return min(amount, excess) if capped else amount


def _excess(history: History, last: Billed | None, closing: date, facts: Sequence[Fact], bore_before: bool) -> int:
    """By what the limit was exceeded on days of spending; else, after a cycle that bore the fee, at the end of its due date."""
    first = history.first_day if last is None else last.closing + DAY
    disputes = history.disputes
    held = sum(each.amount for each in disputes
               if each.opened_on < first and (each.decided_on is None or each.decided_on >= first))
    balance = 0 if last is None else last.new_balance + last.disputed - held
    most, at_due_date = 0, 0
    for day in days_between(first, closing):
        todays = [each for each in facts if each.posted_on == day and each.side != "waiver" and each.kind == "principal"]
        balance += sum(each.amount for each in todays if each.side == "debit")
        balance += sum(each.amount for each in disputes if each.decided_on == day)
        if any(each.type in SPENDING for each in todays):
            most = max(most, balance - history.credit_limit)
        balance -= sum(each.amount for each in todays if each.side in ("money", "conversion"))
        balance -= sum(each.amount for each in disputes if each.opened_on == day)
        if last is not None and day == last.due_on:
            at_due_date = balance - history.credit_limit
    return most or (at_due_date if bore_before else 0)
