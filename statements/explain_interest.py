"""Explains interest: the runs of days, each with its balance, rate and product; what they sum to; how it was rounded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from accounts.posting_types import BY_CODE, OWN_CHARGES
from billing.tracing import Run
from fees.rates import daily_fraction
from fees.rounding import round_share
from fees.terms_values import plain
from statements.compose import AmountText, rate_of, rated_terms
from statements.document import Charge, DayRun, ExplainedCharge
from statements.facts import PostingLine
from statements.history import History, NotDerived
from statements.reasons import reason, sentence
from statements.wording import Language, rate_text

#: Decimals that are kept of a rate a day and of a product where they have no end.
RATE_PLACES, PRODUCT_PLACES = 18, 12


def explain_interest(history: History, line: PostingLine, charge: Charge, language: Language) -> ExplainedCharge:
    """A charge of interest with its days; one that came with a file has none.

    Raises NotDerived if the days do not come to the charge.
    """
    facts, segment = history.facts, BY_CODE[line.type].segment or "other"
    runs = history.runs.get(segment, ()) if line.source_id == OWN_CHARGES else ()
    if not runs:
        cause = reason("cause_taken_in", language)
        return ExplainedCharge(
            **charge, terms_version=facts.terms.label, days=[], facts={"ref": line.source_ref or ""},
            unrounded=charge["amount"], rounding="none",
            because=sentence("interest_amount", language, amount=charge["amount"], currency=facts.currency, cause=cause),
        )
    amount, interest = AmountText(facts), facts.terms.interest
    rated = rated_terms(facts.terms, segment)
    rate, rate_per = rate_of(rated)
    daily = daily_fraction(rated, interest.day_count)
    balance_days = sum(run.balance_days for run in runs)
    derived = round_share(np.array([balance_days]), daily, interest.rounding, facts.terms.minor(interest.rounding_unit))[0]
    if derived != line.amount:
        raise NotDerived(facts, f"interest of {charge['amount']} was posted, its days come to {amount(int(derived))}")
    unrounded = decimal_text(balance_days * daily / 10**facts.digits, PRODUCT_PLACES, facts.digits)
    return ExplainedCharge(
        **charge, terms_version=facts.terms.label, days=day_runs(runs, daily, facts.digits, amount),
        facts={"rate": rate, "rate_per": rate_per, "day_count": interest.day_count, "balance_days": amount(balance_days)},
        unrounded=unrounded, rounding=f"{interest.rounding} to {plain(interest.rounding_unit)}",
        because=sentence(
            "interest", language, balance_days=amount(balance_days), first=runs[0].first, last=runs[-1].last,
            rate=rate_text(rate, rate_per, language), unrounded=unrounded, amount=charge["amount"],
            currency=facts.currency, cause=_cause(history, segment, amount, language),
        ),
    )


def day_runs(runs: Sequence[Run], daily: Fraction, digits: int, amount: AmountText) -> list[DayRun]:
    """Runs of equal balance as an explanation prints them; product = balance x days x rate a day.

    Balance-days that are taken off, because they bore another rate before, are one day of a negative balance.
    """
    rate = decimal_text(daily, RATE_PLACES, 0)
    rows = []
    for run in runs:
        days, balance = (1, run.correction) if run.correction else (run.days, run.balance)
        rows.append(DayRun({
            "from": run.first.isoformat(), "to": run.last.isoformat(), "days": days, "balance": amount(balance), "rate": rate,
            "product": decimal_text(balance * days * daily / 10**digits, PRODUCT_PLACES, digits),
        }))
    return rows


def decimal_text(number: Fraction, places: int, least: int) -> str:
    """A fraction as decimal text: exact where it ends within so many places, else rounded half even to them.

    least: decimals that are always written.
    """
    scaled = round(abs(number) * 10**places)
    whole, decimals = divmod(scaled, 10**places)
    text = f"{decimals:0{places}d}".rstrip("0").ljust(least, "0")
    return f"{'-' if number < 0 and scaled else ''}{whole}{'.' if text else ''}{text}"


def _cause(history: History, segment: str, amount: AmountText, language: Language) -> str:
    facts = history.facts
    if segment == "over_limit":
        return reason("cause_over_limit", language, limit=amount(facts.row["credit_limit"]))
    if segment == "cash_advance":
        return reason("cause_cash_advance", language)
    if not facts.terms.interest.segment_named("purchase").grace:
        return reason("cause_no_grace", language)
    in_time = history.in_time_until(facts.terms)
    if not facts.row["grace"] or history.previous is None or in_time is None:
        return reason("cause_revolving", language)
    return reason(
        "cause_lost", language, owed=amount(history.previous["new_balance"]), billed_on=history.previous["closes_on"],
        received=amount(max(history.received(facts.terms, in_time), 0)), in_time=in_time,
    )
