"""The fees of an account, by the terms in force on the day that they post (rule 12): priced, capped, taxed, waived."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction

from fees.terms import Terms
from statements.reperformance import late_payment
from statements.reperformance.billed import Billed
from statements.reperformance.event_fees import (
    Priced,
    is_spent_enough,
    on_anniversary,
    on_events,
    on_replacements,
    on_returned_payment,
    year_after,
)
from statements.reperformance.facts import Fact, History, fee_fact, waiver_fact
from statements.reperformance.over_limit import over_limit_fee
from statements.reperformance.priced import share_of, tax_on

#: What the cap of the first year holds together; penalty fees are left out (rule 12.10).
_CAPPED = ("joining", "annual", "supplementary_annual", "service", "replacement", "cash_advance", "foreign", "balance_transfer")


class Fees:
    """Charges an account. posted: what has posted to it, which the fees join; billed: its statements so far."""

    def __init__(self, history: History, posted: list[Fact], billed: list[Billed]) -> None:
        self.history, self.posted, self.billed = history, posted, billed
        self.bore_over_limit: list[bool] = []
        #: Set by a charge-off: from then on no fee is charged (rule 13.7).
        self.charged_off = False

    def of_day(self, day: date) -> None:
        """Fees on the day's events, then after due dates, then at opening and on anniversaries."""
        if self.charged_off:
            return
        terms = self.history.terms_on(day)
        todays = [each for each in self.posted if each.posted_on == day]
        self._charge(terms, day, on_events(terms, todays))
        self._charge(terms, day, on_returned_payment(terms, day, self.posted, self.billed))
        late = late_payment.after_due_date(terms, day, self.posted, self.billed)
        self._charge(terms, day, (("late_payment", each) for each in list(late)))
        self._charge(terms, day, on_anniversary(self.history, terms, day))
        self._charge(terms, day, on_replacements(self.history, terms, day))

    def of_closing(self, previous: date, closing: date, interest: Callable[[], int]) -> None:
        """Over the limit, then late payment where it depends on the cycle. interest: what the closing would charge."""
        if self.charged_off:
            return
        terms = self.history.terms_on(closing)
        last = self.billed[-1] if self.billed else None
        over_limit = over_limit_fee(self.history, terms, last, closing, self.posted, self.bore_over_limit)
        self.bore_over_limit.append(over_limit > 0)
        self._charge(terms, closing, [("over_limit", over_limit)])
        late = late_payment.at_closing(terms, previous, closing, self.posted, self.billed, interest)
        self._charge(terms, closing, [("late_payment", each) for each in late])

    def _charge(self, terms: Terms, day: date, fees: Iterable[Priced]) -> None:
        for name, priced in fees:
            amount = min(priced, self._left_of_cap(terms, day)) if name in _CAPPED else priced
            tax = tax_on(terms, name, amount)
            facts = [fee_fact(f"{name}_fee", amount, day), fee_fact("fee_tax", tax, day),
                     waiver_fact(f"{name}_fee_waiver", self._waived(terms, day, name, amount), day)]
            self.posted += [each for each in facts if each.amount > 0]

    def _left_of_cap(self, terms: Terms, day: date) -> int:
        """What the first year's fees may still come to."""
        share = terms.fees.first_year_cap
        if share is None and terms.rule_pack == "US":
            share = Decimal("0.25")
        if share is None or day >= year_after(self.history.opened_on):
            return 10**18
        charged = sum(each.amount for each in self.posted if each.type.removesuffix("_fee") in _CAPPED and each.kind == "fees")
        return max(0, Fraction(share) * self.history.credit_limit // 1 - charged)

    def _waived(self, terms: Terms, day: date, name: str, amount: int) -> int:
        """What is given back at once: for spending, or as agreed ahead (rules 12.11, 12.12)."""
        if name == "annual" and is_spent_enough(self.history, terms, day, self.posted):
            return amount
        shares = [each.share for each in self.history.waivers if each.fee == name and each.from_on <= day <= each.until_on]
        if not shares:
            return 0
        return amount if max(shares) == 1 else min(amount, share_of(terms, max(shares), amount))
