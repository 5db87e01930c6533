"""Explains interest: the runs of days, each with its balance, rate and product; what they sum to; how it was rounded."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from accounts.posting_types import BY_CODE, OWN_CHARGES
from billing.tracing import Run, interest_of_runs
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
    rate, rate_per = rate_of(rated_terms(facts.terms, segment))
    balance_days = sum((run.balance_days for run in runs), Fraction(0))
    exact, derived = interest_of_runs(facts.terms, runs)
    if derived != line.amount:
        raise NotDerived(facts, f"interest of {charge['amount']} was posted, its days come to {amount(derived)}")
    unrounded = decimal_text(exact / 10**facts.digits, PRODUCT_PLACES, facts.digits)
    shown_days = decimal_text(balance_days / 10**facts.digits, PRODUCT_PLACES, facts.terms.shown_digits)
    about: dict[str, str | int] = {
        "rate": rate, "rate_per": rate_per, "day_count": interest.day_count, "balance_days": shown_days,
    }
    if interest.method != "daily_balance":
        about["method"] = interest.method
    if interest.compounding == "daily":
        about["compounding"] = interest.compounding
    return ExplainedCharge(
        **charge, terms_version=facts.terms.label, days=day_runs(runs, facts.digits, facts.terms.shown_digits), facts=about,
        unrounded=unrounded, rounding=f"{interest.rounding} to {plain(interest.rounding_unit)}{_PER[interest.rounded_per]}",
        because=sentence(
            "interest", language, balance_days=shown_days, first=min(run.first for run in runs),
            last=max(run.last for run in runs), rate=rate_text(rate, rate_per, language), unrounded=unrounded,
            amount=charge["amount"], currency=facts.currency, cause=_cause(history, segment, amount, language),
        ),
    )


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
