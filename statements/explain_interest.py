"""Explains interest: the runs of days, each with its balance, rate and product; what they sum to; how it was rounded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from accounts.posting_types import BY_CODE, DEFERRED_INTEREST, MINIMUM_INTEREST, OWN_CHARGES
from billing.bearing import WHOLE_CYCLE
from billing.tracing import Run, interest_of_runs
from fees.rounding import round_share
from fees.terms import Terms
from fees.terms_values import plain
from statements.compose import AmountText, rate_of, rated_terms
from statements.document import Charge, DayRun, ExplainedCharge
from statements.facts import PostingLine
from statements.history import History, NotDerived
from statements.reasons import reason, sentence
from statements.wording import Language, rate_text

#: Decimals that are kept of a rate a day and of a product where they have no end.
RATE_PLACES, PRODUCT_PLACES = 24, 12


def explain_interest(history: History, line: PostingLine, charge: Charge, language: Language) -> ExplainedCharge:
    """A charge of interest with its days; one that came with a file has none.

    Raises NotDerived if the days do not come to the charge.
    """
    facts, kind = history.facts, BY_CODE[line.type]
    if kind is MINIMUM_INTEREST:
        return _minimum(history, line, charge, language)
    segment, deferred = charge.get("segment", "other"), kind is DEFERRED_INTEREST
    name = f"deferred.{segment}" if deferred else segment
    runs = history.runs.get(name, ()) if line.source_id == OWN_CHARGES else ()
    if not runs:
        cause = reason("cause_taken_in", language)
        return ExplainedCharge(
            **charge, terms_version=facts.terms.label, days=[], facts={"ref": line.source_ref or ""},
            unrounded=charge["amount"], rounding="none",
            because=sentence("interest_amount", language, amount=charge["amount"], currency=facts.currency, cause=cause),
        )
    amount, interest = AmountText(facts), facts.terms.interest
    rate, rate_per = rate_of(rated_terms(facts.terms, segment))
    balance_days = sum((run.balance_days for run in runs), Fraction(0))
    exact, derived = interest_of_runs(facts.terms, runs, deferred)
    if derived != line.amount:
        raise NotDerived(facts, f"interest of {charge['amount']} was posted, its days come to {amount(derived)}")
    unrounded = decimal_text(exact / 10**facts.digits, PRODUCT_PLACES, facts.digits)
    shown_days = decimal_text(balance_days / 10**facts.digits, PRODUCT_PLACES, facts.terms.shown_digits)
    about: dict[str, str | int] = {
        "rate": rate, "rate_per": rate_per, "day_count": interest.day_count, "balance_days": shown_days,
    }
    if interest.method != "daily_balance":
        about["method"] = interest.method
    if interest.compounding == "daily" and not deferred:
        about["compounding"] = interest.compounding
    disputed = sum(each for each, _, _ in history.left_out(segment))
    if disputed:
        about["disputed"] = amount(disputed)
    return ExplainedCharge(
        **charge, terms_version=facts.terms.label, days=day_runs(runs, facts.digits, facts.terms.shown_digits), facts=about,
        unrounded=unrounded, rounding=_rounding(facts.terms, deferred),
        because=sentence(
            "interest", language, balance_days=shown_days, first=min(run.first for run in runs),
            last=max(run.last for run in runs), rate=rate_text(rate, rate_per, language), unrounded=unrounded,
            amount=charge["amount"], currency=facts.currency, cause=_cause(history, name, amount, language),
        ),
    )


def _minimum(history: History, line: PostingLine, charge: Charge, language: Language) -> ExplainedCharge:
    """What brings the interest of a closing up to the least that the terms charge. Raises NotDerived if it does not."""
    facts = history.facts
    amount, least = AmountText(facts), facts.terms.minor(facts.terms.interest.minimum_charge)
    others = sum(each.amount for each in facts.postings if each.posted_on == line.posted_on and each.source_id == OWN_CHARGES
                 and BY_CODE[each.type].charge == "interest" and each.type != line.type)
    if least - others != line.amount:
        raise NotDerived(facts, f"minimum interest of {charge['amount']} was posted, {amount(least - others)} is missing")
    return ExplainedCharge(
        **charge, terms_version=facts.terms.label, days=[], facts={"interest": amount(others), "minimum_charge": amount(least)},
        unrounded=charge["amount"], rounding="none",
        because=sentence("minimum_interest", language, interest=amount(others), least=amount(least), amount=charge["amount"],
                         currency=facts.currency))


def explain_interest_tax(history: History, line: PostingLine, charge: Charge, language: Language) -> ExplainedCharge:
    """The tax on the interest that a closing charged. Raises NotDerived if it does not come to the charge."""
    facts = history.facts
    amount, interest = AmountText(facts), facts.terms.interest
    taxed = sum(each.amount for each in facts.postings if each.posted_on == line.posted_on and each.source_id == OWN_CHARGES
                and BY_CODE[each.type].charge == "interest")
    rate = Fraction(facts.terms.fees.tax_on_charges.interest)
    derived = int(round_share(np.array([taxed]), rate, interest.rounding, facts.terms.minor(interest.rounding_unit))[0])
    if derived != line.amount:
        raise NotDerived(facts, f"tax of {charge['amount']} was posted, the interest comes to {amount(derived)} of it")
    percent = plain(facts.terms.fees.tax_on_charges.interest * 100)
    return ExplainedCharge(
        **charge, terms_version=facts.terms.label, days=[],
        facts={"interest": amount(taxed), "tax": plain(facts.terms.fees.tax_on_charges.interest)},
        unrounded=decimal_text(taxed * rate / 10**facts.digits, PRODUCT_PLACES, facts.digits),
        rounding=f"{interest.rounding} to {plain(interest.rounding_unit)}",
        because=sentence("interest_tax", language, interest=amount(taxed), percent=percent, amount=charge["amount"],
                         currency=facts.currency))


def _rounding(terms: Terms, deferred: bool) -> str:
    interest = terms.interest
    per = "total" if deferred or interest.method in WHOLE_CYCLE else interest.rounded_per
    if interest.compounding == "daily" and per == "segment":
        per = "day"
    return f"{interest.rounding} to {plain(interest.rounding_unit)}{_PER[per]}"


_PER = {"total": "", "segment": ", each run of days", "day": ", each day"}


def day_runs(runs: Sequence[Run], digits: int, shown_digits: int) -> list[DayRun]:
    """Runs of equal balance as an explanation prints them, each part of a tiered balance at its rate on a row of its own;
    product = balance x days x rate a day, not rounded."""
    rows = []
    for run in runs:
        for part, rate in run.parts or [(Fraction(0), run.tiers[0][1])]:
            rows.append(DayRun({
                "from": run.first.isoformat(), "to": run.last.isoformat(), "days": run.days,
                "balance": decimal_text(part / 10**digits, PRODUCT_PLACES, shown_digits),
                "rate": decimal_text(rate, RATE_PLACES, 0),
                "product": decimal_text(part * run.days * rate / 10**digits, PRODUCT_PLACES, digits),
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
    cause = _cause_of_terms(history, segment, amount, language)
    if segment == "over_limit" or segment.startswith("deferred."):
        return cause
    runs = history.runs[segment]
    first, last = min(run.first for run in runs), max(run.last for run in runs)
    for each in history.arrangements:
        if each.annual_rate is not None and each.from_on <= last and first <= each.until_on:
            cause = reason("cause_hardship", language, cause=cause, first=max(first, each.from_on),
                           last=min(last, each.until_on), rate=rate_text(plain(each.annual_rate), "year", language))
    for disputed, opened_on, until in history.left_out(segment):
        cause = reason("cause_disputed", language, cause=cause, amount=amount(disputed), first=opened_on, last=until)
    for rate in history.facts.rates.get(segment, ()):
        if rate.kind == "penalty":
            cause = reason("cause_penalty", language, cause=cause, first=rate.first, last=rate.last,
                           rate=rate_text(*rate_of(rate.rated), language))
    return cause


def _cause_of_terms(history: History, segment: str, amount: AmountText, language: Language) -> str:
    facts = history.facts
    if segment.startswith("deferred."):
        return reason("cause_deferred", language)
    if segment == "over_limit":
        return reason("cause_over_limit", language, limit=amount(facts.row["credit_limit"]))
    if segment == "cash_advance":
        return reason("cause_cash_advance", language)
    if not facts.terms.interest.segment_named(segment).grace:
        return reason("cause_no_grace", language)
    in_time = history.in_time_until(facts.terms)
    if not facts.row["grace"] or history.previous is None or in_time is None:
        return reason("cause_revolving", language)
    return reason(
        "cause_lost", language, owed=amount(history.owed_before - history.disputed_since(in_time)),
        billed_on=history.previous["closes_on"], received=amount(max(history.received(facts.terms, in_time), 0)),
        in_time=in_time,
    )
