"""CN: the rules of the People's Bank of China for credit cards of mainland banks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from fees.rule_packs.account import account, cycle_dates, event
from fees.rule_packs.check import Breach, Case, Check, CounterExample, RulePack, Source, given
from fees.rule_packs.dearer import notice
from fees.rule_packs.late_fees import most_of
from fees.terms import Terms
from fees.terms_fees import PercentOfUnpaidMinimum
from fees.yearly_rates import percent, rates, yearly_rate

#: The fee for going over the limit is no more, the penalty is agreed, service fees bear nothing; and a band of rates begins.
NOTICE_111_IN_FORCE = date(2017, 1, 1)
#: The band of rates ends: they are agreed between issuer and holder.
RATES_AGREED = date(2021, 1, 1)
HIGHEST_DAILY, LOWEST_DAILY = Fraction(5, 10000), Fraction(35, 100000)
PENALTY_SHARE = Decimal("0.05")
DOUBTFUL_YEARLY = Fraction(24, 100)

_MEASURES_1999 = "银行卡业务管理办法 (银发〔1999〕17号)"
_NOTICE_111 = "关于信用卡业务有关事项的通知 (银发〔2016〕111号)"


def _rate_band(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.in_force_from >= RATES_AGREED:
        return
    lowest = LOWEST_DAILY if terms.in_force_from >= NOTICE_111_IN_FORCE else HIGHEST_DAILY
    for key, rate in rates(terms):
        low = rate
        if key.startswith("interest.segment."):
            row = terms.interest.segment_named(key.rpartition(".")[2])
            low = yearly_rate(row, terms.interest.day_count, min)
        for daily in {rate / 365, low / 365}:
            if not lowest <= daily <= HIGHEST_DAILY:
                band = f"{percent(lowest)} to {percent(HIGHEST_DAILY)}" if lowest != HIGHEST_DAILY else percent(HIGHEST_DAILY)
                yield Breach(key, f"{key} bears {percent(daily)} a day; {band} is allowed on {terms.in_force_from}",
                             _unpaid_purchase(f"1000.00 that are not paid bear {percent(daily)} a day.", terms))
                break


def _no_over_limit_fee(case: Case) -> Iterator[Breach]:
    terms, fee = case.terms, case.terms.fees.over_limit
    if fee is None or most_of(fee) == 0:
        return
    opened_on, closings = cycle_dates(terms)
    shown = account("A purchase goes 500.00 over the credit limit and is charged for it.", terms,
                    [event(opened_on, "purchase", 1500)], closings[0], credit_limit="1000")
    if terms.in_force_from >= NOTICE_111_IN_FORCE:
        yield Breach("fees.over_limit", "fees.over_limit: no fee for going over the limit since 2017; leave it out", shown)
    elif fee.percent is None or fee.percent > PENALTY_SHARE:
        yield Breach("fees.over_limit", "fees.over_limit is 5 % of the excess at most", shown)


def _no_interest_on_fees(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.in_force_from >= NOTICE_111_IN_FORCE and terms.interest.fees_bear_interest:
        opened_on, closings = cycle_dates(terms)
        key = "interest.fees_bear_interest"
        yield Breach(key, f"{given(terms, key)}: penalties and service fees bear no interest",
                     account("A fee is billed and not paid; it bears interest in the cycles that follow.", terms,
                             [event(opened_on, "fee", 100, kind="annual"), event(opened_on, "purchase", 1000)], closings[2]))


def _penalty(case: Case) -> Iterator[Breach]:
    terms, fee = case.terms, case.terms.fees.late_payment
    if fee is None:
        return
    shown = _unpaid_purchase("Nothing of 1000.00 is paid; the penalty is more than 5 % of the minimum payment.", terms)
    if not isinstance(fee, PercentOfUnpaidMinimum):
        yield Breach("fees.late_payment.kind", f"{given(terms, 'fees.late_payment.kind')}: the penalty agreed is a share of "
                     "the unpaid minimum payment, percent_of_unpaid_minimum", shown)
    elif fee.percent > PENALTY_SHARE:
        yield Breach("fees.late_payment.percent", f"{given(terms, 'fees.late_payment.percent')}: 5 % of the unpaid minimum "
                     "payment is the most", shown)


def _doubtful_rate(case: Case) -> Iterator[Breach]:
    if case.terms.in_force_from < RATES_AGREED:
        return
    for key, rate in rates(case.terms):
        if rate > DOUBTFUL_YEARLY:
            yield Breach(key, f"{key} bears {percent(rate)} a year; a court may cut interest, penalties and fees to 24 %",
                         _unpaid_purchase(f"1000.00 that are not paid bear {percent(rate)} a year.", case.terms))


def _unpaid_purchase(shows: str, terms: Terms) -> CounterExample:
    opened_on, closings = cycle_dates(terms)
    return account(shows, terms, [event(opened_on, "purchase", 1000)], closings[1])


CN = RulePack(
    country="CN", name="China, mainland", currency="CNY",
    checks=(
        Check("rate-band", ("interest.segment", "interest.over_limit", "interest.penalty"),
              "0.05 % a day before 2017; 0.035 % to 0.05 % a day from 2017 to 2020; agreed since 2021; the day that the "
              "version comes into force decides",
              Source(_NOTICE_111, "一；to 2016: 1999 art. 23；since 2021: 银发〔2020〕327号", "report"), _rate_band),
        Check("no-over-limit-fee", ("fees.over_limit",),
              "no fee for going over the limit since 2017; before, 5 % of the excess",
              Source(_NOTICE_111, "三；before: 1999 art. 22", "example"), _no_over_limit_fee),
        Check("no-interest-on-fees", ("interest.fees_bear_interest",),
              "penalties, annual fees, cash-advance fees and other service fees bear no interest, since 2017",
              Source(_NOTICE_111, "三", "report"), _no_interest_on_fees),
        Check("agreed-penalty", ("fees.late_payment",),
              "a late payment costs 5 % of the unpaid minimum payment at most, a floor aside: the law before 2017, since then "
              "what issuers agree with holders", Source(_MEASURES_1999, "art. 22", "example"), _penalty),
        Check("above-24-percent", ("interest.segment", "interest.over_limit", "interest.penalty"),
              "no rate above 24 % a year, where rates are agreed", Source("法发〔2017〕22号", "二 2", "memory"), _doubtful_rate,
              "note"),
        notice(45, Source(_NOTICE_111, "六", "memory"), only="interest."),
    ),
    not_checked=(
        "how the yearly rate is shown in contracts and advertisements (银发〔2020〕327号)",
        "versions that stay in force beyond a change of the law: the day that a version comes into force decides",
    ),
)
