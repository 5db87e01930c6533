"""Composes the statement: facts in, the document of docs/reference/statement.md out; the same facts give the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NotRequired

import orjson
from typing_extensions import TypedDict

from accounts.money import major_units
from accounts.posting_types import BY_CODE, DEFERRED_INTEREST, SEGMENT_INTEREST, PostingType
from billing.carried import CHARGED, CHARGED_OFF, DISPUTED
from billing.rates_borne import RateBorne as Borne
from billing.rates_borne import RateKind
from fees.terms import Terms
from fees.terms_interest import RatedTerms, RateTier
from fees.terms_values import plain
from statements.document import (
    STATEMENT_SCHEMA,
    CardTotals,
    Charge,
    Delinquency,
    Disputed,
    DisputedAmount,
    LateEvent,
    Line,
    RateBorne,
    RatePer,
    SegmentInterest,
    StatementDocument,
)
from statements.facts import PostingLine, StatementFacts
from statements.payoff import payoff_of
from statements.wording import posting_text

#: Interest of a closing by segment: name, column of its balance-days, column of its interest.
SEGMENTS: tuple[tuple[Literal["purchase", "cash_advance", "over_limit"], str, str], ...] = (
    ("purchase", "purchase_balance_days", "purchase_interest"),
    ("cash_advance", "cash_balance_days", "cash_interest"),
    ("over_limit", "over_limit_balance_days", "over_limit_interest"),
)
_RATE_PERIODS: dict[str, RatePer] = {
    "daily_rate": "day", "monthly_rate": "month", "annual_rate": "year", "effective_annual_rate": "year",
}
_BUCKETS: tuple[tuple[int, Delinquency], ...] = (
    (180, "180+"), (150, "150-179"), (120, "120-149"), (90, "90-119"), (60, "60-89"), (30, "30-59"), (1, "1-29"),
)


class AmountText:
    """Writes amounts of one statement: with the decimals that the product shows, or all of the currency's where it must.

    A product that shows whole dollars may still have been handed a transaction with cents; then the whole statement shows them.
    """

    def __init__(self, facts: StatementFacts) -> None:
        self._digits, self._shown = facts.digits, min(facts.digits, facts.terms.shown_digits)
        unit = 10 ** (self._digits - self._shown)
        if unit > 1 and (facts.row["previous_balance"] % unit or any(each.amount % unit for each in facts.postings)):
            self._shown = self._digits
        self._unit = 10 ** (self._digits - self._shown)

    def __call__(self, minor: int) -> str:
        return major_units(minor, self._digits, self._digits if minor % self._unit else self._shown)

    def mean(self, total: int, days: int) -> str:
        """total / days, rounded half up (away from zero) to the decimals shown."""
        steps = days * self._unit
        rounded = (2 * abs(total) + steps) // (2 * steps) * self._unit
        return self(rounded if total >= 0 else -rounded)


def compose(facts: StatementFacts) -> StatementDocument:
    """The statement of one closed cycle, every figure as it is printed.

    facts.row["sha256"] of None makes a draft: figures without a seal of their own.
    """
    row, amount = facts.row, AmountText(facts)
    days = (row["closes_on"] - row["opens_on"]).days + 1
    lines = sorted(facts.postings, key=lambda each: each.order)
    card_names = {card.card_id: card.shown for card in facts.cards}
    statement = StatementDocument(
        schema=STATEMENT_SCHEMA,
        account=facts.account,
        product=facts.terms.product,
        currency=facts.currency,
        terms_version=facts.terms.label,
        cycle={"number": row["cycle_no"], "opens_on": row["opens_on"].isoformat(),
               "closes_on": row["closes_on"].isoformat(), "days": days},
        previous_balance=amount(row["previous_balance"]),
        payments=amount(row["payments"]),
        credits=amount(row["credits"]),
        purchases=amount(row["purchases"]),
        cash_advances=amount(row["cash_advances"]),
        balance_transfers=amount(row["balance_transfers"]),
        fees=amount(row["fees"]),
        interest=amount(row["interest"]),
        waivers=amount(row["waivers"]),
        adjustments=amount(row["adjustments"]),
        new_balance=amount(row["new_balance"]),
        minimum_payment_due=amount(row["minimum_payment_due"]),
        past_due=amount(row["past_due"]),
        over_limit=amount(row["over_limit"]),
        payment_due_on=row["due_on"].isoformat(),
        credit_limit=amount(row["credit_limit"]),
        available_credit=amount(max(row["credit_limit"] - row["new_balance"] - facts.instalments_not_billed, 0)),
        grace="lost" if row["grace"] else "kept",
        days_past_due=row["days_past_due"],
        delinquency=delinquency(row["days_past_due"]),
        interest_by_segment=_interest_by_segment(facts, days, amount),
        charges=_charges(facts, lines, card_names, amount),
        lines=[_line(each, card_names, amount) for each in lines],
        cards=_cards(facts, amount),
        year_to_date={"interest": amount(row["year_interest"]), "fees": amount(row["year_fees"])},
        seal={"sha256": bytes(row["sha256"] or bytes(32)).hex(), "previous": bytes(row["previous_sha256"]).hex()},
    )
    off = next((each for each in facts.carried if each.kind == CHARGED_OFF), None)
    if off is not None and off.began_on is not None:
        statement["delinquency"] = "charged_off"
        statement["charged_off"] = {"on": off.began_on.isoformat(), "not_recovered": amount(off.amount)}
    if facts.disputed:
        statement["disputed"] = _disputed(facts, amount)
    if facts.terms.disclosures.payoff:
        statement["payoff"] = payoff_of(facts, amount)
    if row["sha256"] is None:
        statement["draft"] = True
    if facts.corrected_by is not None:
        statement["corrected"] = {"on": facts.corrected_by.on.isoformat(), "corrects": facts.corrected_by.corrects.hex(),
                                  "because": late_events(facts.corrected_by.events, amount)}
    return statement


def _disputed(facts: StatementFacts, amount: AmountText) -> Disputed:
    """What is disputed at the closing, by the day since which it is."""
    since: Counter[str] = Counter()
    for each in facts.carried:
        if each.kind == DISPUTED and each.began_on is not None:
            since[each.began_on.isoformat()] += each.amount
    return Disputed(amount=amount(facts.disputed), not_disputed=amount(facts.row["new_balance"] - facts.disputed),
                    items=[DisputedAmount(since=day, amount=amount(disputed)) for day, disputed in sorted(since.items())])


def late_events(rows: Iterable[Mapping[str, Any]], amount: Callable[[int], str]) -> list[LateEvent]:
    """Late events as they are printed; rows with type, amount, late_for, posted_on and source_ref."""
    return [LateEvent(type=BY_CODE[row["type"]].name, amount=amount(row["amount"]), late_for=row["late_for"].isoformat(),
                      posted_on=row["posted_on"].isoformat(), ref=row["source_ref"] or "") for row in rows]


def to_json(document: Any) -> bytes:
    """A document as bytes that never change: sorted keys, UTF-8, no spaces, one line end."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def delinquency(days_past_due: int) -> Delinquency:
    """The delinquency bucket of a number of days past due."""
    return next((name for least, name in _BUCKETS if days_past_due >= least), "current")


def rated_terms(terms: Terms, segment: str) -> RatedTerms:
    """The row of the terms that gives a segment its rate."""
    return terms.interest.over_limit if segment == "over_limit" else terms.interest.segment_named(segment)


def rate_of(rated: RatedTerms) -> tuple[str, RatePer]:
    """The rate as the terms give it, and the period it is for; of tiers the first."""
    key = rated.rate_key
    if key is None:
        tiers = getattr(rated, "tiers", None)
        return rate_of(tiers[0]) if tiers else ("0", "day")
    return plain(getattr(rated, key)), _RATE_PERIODS[key]


def charge_ids(charges: Sequence[PostingLine], card_names: dict[int, str], terms: Terms) -> list[str]:
    """A name for each charge that stays the same whenever it is worked out: day, kind, card; then a number if need be.

    charges: postings of charges in statement order.
    """
    names = []
    for each in charges:
        kind = BY_CODE[each.type]
        parts = [each.posted_on.isoformat(), kind.charge or kind.name]
        segment = segment_of(terms, each)
        parts += [segment] if segment else []
        parts += [card_names[each.card_id].removeprefix("…")] if each.card_id in card_names else []
        names.append(".".join(parts))
    seen: Counter[str] = Counter()
    for index, name in enumerate(names):
        seen[name] += 1
        if seen[name] > 1:
            names[index] = f"{name}.{seen[name]}"
    return names


def charge_lines(lines: Sequence[PostingLine]) -> list[PostingLine]:
    """The postings that charge interest or a fee, without what waives one."""
    kinds = [(each, BY_CODE[each.type]) for each in lines]
    return [each for each, kind in kinds if kind.charge is not None and kind.sign > 0 and kind.figure != "waivers"]


def segment_of(terms: Terms, line: PostingLine) -> str | None:
    """The segment that interest is charged on, by its name in the terms; None for what is no interest."""
    kind = BY_CODE[line.type]
    if kind in (SEGMENT_INTEREST, DEFERRED_INTEREST) and 0 < line.source_line <= len(terms.interest.segment):
        return terms.interest.segment[line.source_line - 1].name
    return kind.segment


def clause_of(terms: Terms, line: PostingLine) -> str:
    """The clause that a charge rests on: as stored with it, else the one in the terms, else none."""
    if line.clause:
        return line.clause
    kind = BY_CODE[line.type]
    if kind.charge == "interest":
        named = [each.clause for each in terms.interest.segment if each.name == segment_of(terms, line)]
        return terms.interest.over_limit.clause if kind.segment == "over_limit" else named[0] if named else ""
    fee = getattr(terms.fees, kind.charge or "", None)
    return str(fee.clause) if fee is not None else ""


def _interest_by_segment(facts: StatementFacts, days: int, amount: AmountText) -> list[SegmentInterest]:
    shown = []
    for name, balance_days, interest in SEGMENTS:
        if not facts.row[balance_days] and not facts.row[interest]:
            continue
        shown.append(SegmentInterest(
            segment=name, **_rates(facts, name, amount), balance_days=amount(facts.row[balance_days]),
            average_daily_balance=amount.mean(facts.row[balance_days], days), interest=amount(facts.row[interest]),
        ))
    for row in facts.carried:
        if row.kind == CHARGED:
            other = facts.segment_name(row.segment)
            shown.append(SegmentInterest(
                segment=other, **_rates(facts, other, amount), balance_days=amount(row.balance_days),
                average_daily_balance=amount.mean(row.balance_days, days), interest=amount(row.amount),
            ))
    return shown


class _Rates(TypedDict):
    rate: str
    rate_per: RatePer
    rates: NotRequired[list[RateBorne]]


def _rates(facts: StatementFacts, segment: str, amount: AmountText) -> _Rates:
    """The rate of a segment's interest, and all of them where there are several or it is not the terms' own."""
    borne = facts.rates.get(segment, ())
    rows = [row for each in borne for row in _tiers(each.rated, each.kind, facts, amount, each)]
    if not borne:
        rows = _tiers(rated_terms(facts.terms, segment), "terms", facts, amount)
        if len(rows) == 1:
            return _Rates(rate=rows[0]["rate"], rate_per=rows[0]["rate_per"])
    last = next(row for row in rows if row.get("to") == rows[-1].get("to"))
    return _Rates(rate=last["rate"], rate_per=last["rate_per"], rates=rows)


def _tiers(rated: RatedTerms, kind: RateKind, facts: StatementFacts, amount: AmountText,
           days: Borne | None = None) -> list[RateBorne]:
    """The rates of a row of the terms, one for each tier."""
    rows = []
    for tier in getattr(rated, "tiers", None) or (rated,):
        rate, rate_per = rate_of(tier)
        row: RateBorne = {"rate": rate, "rate_per": rate_per, "of": kind}
        if days is not None:
            row["from"], row["to"] = days.first.isoformat(), days.last.isoformat()
        if isinstance(tier, RateTier) and tier.up_to is not None:
            row["up_to"] = amount(facts.terms.minor(tier.up_to))
        rows.append(row)
    return rows


def _charges(facts: StatementFacts, lines: Sequence[PostingLine], card_names: dict[int, str],
             amount: AmountText) -> list[Charge]:
    charged = charge_lines(lines)
    ids = charge_ids(charged, card_names, facts.terms)
    charges = []
    for charge_id, each in zip(ids, charged, strict=True):
        kind = BY_CODE[each.type]
        terms = facts.terms_by_version.get(each.terms_version_id or 0, facts.terms)
        charge = Charge(id=charge_id, kind=kind.charge or kind.name, amount=amount(each.amount),
                        on=each.posted_on.isoformat(), clause=clause_of(terms, each))
        segment = segment_of(terms, each)
        if segment is not None:
            charge["segment"] = segment
        charges.append(charge)
    return charges


def _line(each: PostingLine, card_names: dict[int, str], amount: AmountText) -> Line:
    kind = BY_CODE[each.type]
    return Line(
        posted_on=each.posted_on.isoformat(), transaction_on=each.transaction_on.isoformat(), type=kind.name,
        description=each.merchant or each.description or posting_text(kind.name, "en"),
        amount=amount(kind.sign * each.amount), card=card_names.get(each.card_id or 0, ""),
        ref=each.source_ref or "",
    )


def _cards(facts: StatementFacts, amount: AmountText) -> list[CardTotals]:
    sums: Counter[tuple[int | None, str]] = Counter()
    for each in facts.postings:
        kind: PostingType = BY_CODE[each.type]
        sums[each.card_id, kind.figure] += kind.sign * each.amount
    return [
        CardTotals(card=card.shown, kind=card.kind, purchases=amount(sums[card.card_id, "purchases"]),
                   cash_advances=amount(sums[card.card_id, "cash_advances"]),
                   credits=amount(-sums[card.card_id, "credits"]))
        for card in facts.cards
    ]
