"""Explains a statement: every charge down to its days, balances, rate, rounding and clause, and charges not made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from accounts.errors import Usage
from accounts.posting_types import INTEREST_TAX, OWN_CHARGES
from statements.compose import charge_lines, compose
from statements.document import (
    EXPLANATION_SCHEMA,
    Charge,
    ExplainedCharge,
    ExplainedDispute,
    ExplainedPayoff,
    Explanation,
    StatementDocument,
)
from statements.explain_correction import explain_correction
from statements.explain_fees import explain_fee
from statements.explain_interest import explain_interest, explain_interest_tax
from statements.explain_payoff import explain_payoff
from statements.facts import PostingLine
from statements.history import History
from statements.reasons import reason, sentence
from statements.why_not import explain_not_charged
from statements.wording import Language, charge_text, grouped, label, segment_text


class NoSuchCharge(Usage):
    """A charge that the statement does not have."""

    def __init__(self, history: History, charge_id: str, ids: Sequence[str]) -> None:
        there_are = f"it has {', '.join(ids)}" if ids else "it charges nothing (--why-not says why)"
        super().__init__(f"the statement of {history.facts.row['closes_on']} of account {history.facts.account} has no charge "
                         f"{charge_id!r}; {there_are}")


def explain(history: History, language: Language, charge_id: str | None = None,
            why_not: Sequence[str] = ()) -> Explanation:
    """Every charge of a statement explained, or one of them; and why charges of some kinds were not made.

    Raises NoSuchCharge, or what explain_not_charged raises.
    """
    statement = compose(history.facts)
    charges = statement["charges"]
    ids = [each["id"] for each in charges]
    if charge_id is not None and charge_id not in ids:
        raise NoSuchCharge(history, charge_id, ids)
    lines = charge_lines(sorted(history.facts.postings, key=lambda each: each.order))
    # A question about a charge not made is not answered with those that were.
    asked = [] if why_not and charge_id is None else [
        _explained(history, line, charge, language)
        for line, charge in zip(lines, charges, strict=True) if charge_id in (None, charge["id"])
    ]
    explanation = Explanation(
        schema=EXPLANATION_SCHEMA, account=statement["account"], closes_on=statement["cycle"]["closes_on"],
        language=language, charges=asked,
        not_charged=[explain_not_charged(history, kind, language) for kind in why_not],
    )
    if "disputed" in statement and charge_id is None and not why_not:
        explanation["disputed"] = _disputed(statement, language)
    if "payoff" in statement and charge_id is None and not why_not:
        explanation["payoff"] = explain_payoff(history.facts, language)
    return explanation


def _disputed(statement: StatementDocument, language: Language) -> ExplainedDispute:
    """What of the new balance nobody asks for, and why."""
    disputed, minimum = statement["disputed"], statement["minimum_payment_due"]
    told = ", ".join(reason("disputed_told", language, **each) for each in disputed["items"])
    return ExplainedDispute(
        disputed=disputed["amount"], new_balance=statement["new_balance"], minimum_payment_due=minimum,
        because=sentence("disputed_statement", language, disputed=disputed["amount"], currency=statement["currency"], told=told,
                         new_balance=statement["new_balance"], minimum=minimum, not_disputed=disputed["not_disputed"]))


def _explained(history: History, line: PostingLine, charge: Charge, language: Language) -> ExplainedCharge:
    if line.type == INTEREST_TAX.code and line.source_id == OWN_CHARGES:
        return explain_interest_tax(history, line, charge, language)
    if (line.source_id, line.source_line) in history.corrections:
        return explain_correction(history, line, charge, language)
    rule = explain_interest if charge["kind"] == "interest" else explain_fee
    return rule(history, line, charge, language)


def explanation_lines(explanation: Explanation, currency: str) -> Iterator[str]:
    """The explanation as text for a terminal."""
    language = explanation["language"]
    for charge in explanation["charges"]:
        title = charge_text(charge["kind"], charge.get("segment"), language)
        yield f"{charge['on']}  {title}: {grouped(charge['amount'])} {currency}   [{charge['id']}]"
        yield f"  {charge['because']}"
        if charge["days"]:
            yield f"  {'from':10}  {'to':10}  {'days':>4}  {'balance':>16}  {'rate a day':>20}  {'product':>22}"
        for run in charge["days"]:
            yield (f"  {run['from']}  {run['to']}  {run['days']:4}  {grouped(run['balance']):>16}  {run['rate']:>20}  "
                   f"{run['product']:>22}")
        yield f"  {charge['unrounded']} → {charge['amount']} ({charge['rounding']})"
        yield f"  {charge['terms_version']}, {charge['clause']}"
        yield ""
    if "disputed" in explanation:
        yield f"{label('disputed_title', language)}: {grouped(explanation['disputed']['disputed'])} {currency}"
        yield f"  {explanation['disputed']['because']}"
        yield ""
    if "payoff" in explanation:
        yield from _payoff_lines(explanation["payoff"], language)
    for failed in explanation["not_charged"]:
        yield f"{failed['kind']}: {failed['condition']}"
        yield f"  {failed['because']}"
        numbers = ", ".join(f"{name} {value}" for name, value in failed["facts"].items())
        if numbers:
            yield f"  ({numbers})"
        yield ""


def _payoff_lines(payoff: ExplainedPayoff, language: Language) -> Iterator[str]:
    yield label("payoff_title", language)
    yield f"  {payoff['because']}"
    for each in payoff["balances"]:
        until = f"  (→ {each['ends_on']})" if each["ends_on"] else ""
        yield (f"  {segment_text(each['segment'], language)}: {grouped(each['balance'])} × "
               f"{', '.join(each['rates'])}{until}")
    for own in payoff.get("own_rates", ()):
        rate = label(f"rate_{own['kind']}", language, rate=own["rate"])
        yield f"  {label('payoff_to_month', language, rate=rate, month=own['last_month'])}"
    if "over_limit_rate" in payoff:
        yield f"  {segment_text('over_limit', language)}: {payoff['over_limit_rate']}"
    for plan in payoff.get("plans", ()):
        yield f"  {label('payoff_plan', language, amount=grouped(plan['left']), parts=plan['parts_left'])}"
    yield f"  {'month':>5}  {'interest':>14}  {'instalments':>14}  {'payment':>14}  {'owed':>16}"
    for month in payoff["first_months"]:
        yield (f"  {month['month']:5}  {grouped(month['interest']):>14}  {grouped(month['instalments']):>14}  "
               f"{grouped(month['payment']):>14}  {grouped(month['owed']):>16}")
    yield ""
