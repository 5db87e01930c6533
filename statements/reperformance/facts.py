"""What happened to an account, as the second engine reads it: facts with two dates, and the account they happened to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from accounts.money import minor_units
from billing.scenario import Scenario, ScenarioEvent
from fees.terms import Terms
from statements.reperformance.agreed import Agreed, Agreements

Kind = Literal["principal", "fees", "interest"]
Side = Literal["debit", "conversion", "money", "waiver", "dispute"]
#: What a plan is made of.
Made = Literal["bought", "debit", "statement"]

#: Type of an event: the statement figure that it counts in, and what it is to the balances.
_TYPES: dict[str, tuple[str, Side]] = {
    "purchase": ("purchases", "debit"), "cash_advance": ("cash_advances", "debit"),
    "balance_transfer": ("balance_transfers", "debit"), "adjustment_debit": ("adjustments", "debit"),
    "returned_payment": ("payments", "debit"), "fee": ("fees", "debit"), "interest": ("interest", "debit"),
    "payment": ("payments", "money"), "refund": ("credits", "money"), "chargeback": ("credits", "money"),
    "provisional_credit": ("credits", "money"), "points_credit": ("credits", "money"),
    "adjustment_credit": ("adjustments", "money"),
}
_KINDS: dict[str, Kind] = {"fee": "fees", "interest": "interest"}


@dataclass(frozen=True)
class Fact:
    """One movement of an account.

    type: its name, a fee's name where the issuer charged it. amount: minor units, > 0. segment: of principal, where it is
    named; of a payment, what the holder asked to be paid. late_for: the closed day on which it would have posted (rule 16.1).
    """

    type: str
    amount: int
    effective_on: date
    posted_on: date
    figure: str
    side: Side
    kind: Kind = "principal"
    segment: str | None = None
    currency: str | None = None
    late_for: date | None = None
    of_minimum: int = 0
    """Of a dispute that was opened: what the last statement's minimum does not ask for any more (rule 15.2)."""
    disputed_of: date | None = None
    """Of a dispute that was opened: the day that its debit posted on."""

    @property
    def sign(self) -> int:
        """+1 where the holder owes more for it."""
        return 1 if self.side == "debit" else -1


@dataclass(frozen=True)
class Replacement:
    """A card took the place of another."""

    posted_on: date
    reason: str | None


@dataclass(frozen=True)
class AgreedWaiver:
    """A share of the fees of a kind is given back as they are charged, from a day to another."""

    fee: str
    from_on: date
    until_on: date
    share: Decimal


@dataclass(frozen=True)
class PlanAsked:
    """Something is to be paid in parts, from a day on: what was bought so, a debit, or the last statement (rule 14.1).

    amount: minor units, None for all there is. settled_on: the day on which what is left is billed at once.
    """

    on: date
    parts: int
    of: Made
    amount: int | None = None
    debit: Fact | None = None
    settled_on: date | None = None


@dataclass(frozen=True, eq=False)
class Contested:
    """A debit or a part of it that the holder disputes from a day on (rule 15). amount: minor units.

    credit: what was posted where it was decided for the holder, None where it was decided for the issuer or not yet.
    """

    debit: Fact
    amount: int
    opened_on: date
    decided_on: date | None = None
    credit: Fact | None = None


@dataclass(frozen=True)
class Opening:
    """What an account that is already under way starts from, at the end of a closing day; minor units."""

    on: date
    principal: dict[str, int]
    interest: int = 0
    fees: int = 0
    credit: int = 0
    grace_kept: bool = True
    minimum: int = 0
    due_on: date | None = None
    past_due: int = 0


@dataclass(frozen=True)
class History:
    """An account from its first business day on: its terms by version, oldest first, and what happened."""

    opened_on: date
    credit_limit: int
    closing_day: int
    first_day: date
    until: date
    versions: tuple[Terms, ...]
    facts: tuple[Fact, ...]
    replacements: tuple[Replacement, ...] = ()
    opening: Opening | None = None
    waivers: tuple[AgreedWaiver, ...] = ()
    over_limit_opt_in: bool = False
    agreed: Agreements = field(default_factory=Agreements)
    plans: tuple[PlanAsked, ...] = ()
    disputes: tuple[Contested, ...] = ()
    charges_given: bool = False
    """The fees charged are among the facts, and none are worked out."""

    def terms_on(self, day: date) -> Terms:
        """The version in force on a day; the first one before it."""
        in_force = [each for each in self.versions if each.in_force_from <= day]
        return in_force[-1] if in_force else self.versions[0]


def is_transaction(type_name: str) -> bool:
    """Whether a movement of that type is one that `fact_of` takes."""
    return type_name in _TYPES


def fact_of(type_name: str, amount: int, effective_on: date, posted_on: date, segment: str | None = None,
            currency: str | None = None) -> Fact:
    """A movement of one of the types that a transactions file may carry."""
    figure, side = _TYPES[type_name]
    return Fact(type_name, amount, effective_on, posted_on, figure, side, _KINDS.get(type_name, "principal"), segment, currency)


def fee_fact(name: str, amount: int, on: date) -> Fact:
    """A fee that the issuer charges on a day."""
    return Fact(name, amount, on, on, "fees", "debit", "fees")


def part_fact(amount: int, on: date) -> Fact:
    """A part of an instalment plan, billed on a day."""
    return Fact("instalment", amount, on, on, "purchases", "debit")


def waiver_fact(name: str, amount: int, on: date) -> Fact:
    """What the issuer lets go of a fee, on a day."""
    return Fact(name, amount, on, on, "waivers", "waiver")


def history_of(scenario: Scenario) -> History:
    """The account that a scenario tells of."""
    versions = tuple(sorted(scenario.terms, key=lambda each: each.in_force_from))
    opening = scenario.opening
    first_day = scenario.account.opened_on if opening is None else opening.on + timedelta(days=1)
    day_of_month = scenario.account.closing_day or scenario.terms_on(first_day).cycle.closing_day
    digits = versions[0].digits
    facts = [_fact(each, digits) for each in scenario.events]
    return History(
        scenario.account.opened_on, minor_units(scenario.account.credit_limit, digits), day_of_month, first_day,
        scenario.until, versions, tuple(each for each in facts if each is not None),
        tuple(Replacement(each.posted_on or each.on, each.reason) for each in scenario.events if each.type == "replacement"),
        None if opening is None else _opening(scenario, digits),
        tuple(AgreedWaiver(each.kind, each.from_on, each.until or date.max, each.percent) for each in scenario.waivers),
        scenario.account.over_limit_opt_in,
        Agreements([Agreed(each.kind, each.from_on, each.until_on, each.annual_rate) for each in scenario.arrangements()]),
        tuple(_plans(scenario.events, facts, digits)), tuple(_disputes(scenario.events, facts, digits)),
    )


def _fact(event: ScenarioEvent, digits: int) -> Fact | None:
    if not is_transaction(event.type):
        return None
    own_day = event.posted_on or event.on
    fact = fact_of(event.type, minor_units(event.amount, digits), event.on, own_day, event.segment, event.currency)
    if event.known_on is None or event.known_on <= own_day:
        return fact
    return replace(fact, posted_on=event.known_on, late_for=own_day)


def _plans(events: Sequence[ScenarioEvent], facts: Sequence[Fact | None], digits: int) -> Iterator[PlanAsked]:
    """The plans that events ask for; what settles one names it, or what it was made of."""
    bought = {each.id: fact for each, fact in zip(events, facts, strict=True) if each.id is not None}
    settled = {each.of: each.on for each in events if each.type == "instalment_settlement"}
    for each in events:
        if each.type != "instalment":
            continue
        assert each.parts is not None
        debit = None if each.of is None else bought.get(each.of)
        of: Made = "bought" if each.of is None else "statement" if debit is None else "debit"
        names = [name for name in (each.id, each.of) if name is not None and name in settled]
        yield PlanAsked(each.on, each.parts, of, minor_units(each.amount, digits) or None, debit,
                        settled[names[0]] if names else None)


def _disputes(events: Sequence[ScenarioEvent], facts: Sequence[Fact | None], digits: int) -> Iterator[Contested]:
    """The disputes that events tell of: each names its debit, and what decides it names the dispute or the debit."""
    debits = {name: fact for number, (each, fact) in enumerate(zip(events, facts, strict=True), 1)
              for name in (each.id, f"#{number}") if name is not None and fact is not None}
    for each in events:
        if each.type != "dispute" or each.of not in debits:
            continue
        debit, credit = debits[each.of], None
        decided = min((other for other in events if other.type == "dispute_decided" and other.of in (each.id, each.of)
                       and other.on >= each.on), key=lambda other: other.on, default=None)
        amount = minor_units(each.amount, digits) or debit.amount
        if decided is not None and decided.outcome == "for_holder":
            credit = fact_of(decided.credited_as or "chargeback", amount, decided.on, decided.on)
        yield Contested(debit, amount, each.on, None if decided is None else decided.on, credit)


def _opening(scenario: Scenario, digits: int) -> Opening:
    given = scenario.opening
    assert given is not None
    balances = {name: minor_units(amount, digits) for name, amount in given.balances}
    return Opening(
        on=given.on, interest=balances.pop("interest"), fees=balances.pop("fees"), principal=balances,
        grace_kept=given.grace == "kept", minimum=minor_units(given.minimum_payment_due, digits),
        due_on=given.payment_due_on, past_due=minor_units(given.past_due, digits),
    )
