"""The shape of a statement and of an explanation, in one definition for the type checker and for `cardwright schema`."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

STATEMENT_SCHEMA: Literal["cardwright.statement/1"] = "cardwright.statement/1"
EXPLANATION_SCHEMA: Literal["cardwright.explanation/1"] = "cardwright.explanation/1"

_CLOSED = ConfigDict(extra="forbid", use_attribute_docstrings=True)

Amount = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""Major units with the decimals that the product shows; what the holder owes is positive."""
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", json_schema_extra={"format": "date"})]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Rate = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
RatePer = Literal["day", "month", "year"]
Grace = Literal["kept", "lost"]
Delinquency = Literal["current", "1-29", "30-59", "60-89", "90-119", "120-149", "150-179", "180+", "charged_off"]


@with_config(_CLOSED)
class Cycle(TypedDict):
    """The billing cycle: its first and last day, and how many days that is."""

    number: int
    opens_on: Day
    closes_on: Day
    days: int


#: A rate that bore on part of the cycle, or on part of the balance. Written as a call because `from` is a word of the language.
RateBorne = TypedDict("RateBorne", {
    "rate": Rate, "rate_per": RatePer, "of": Literal["terms", "penalty", "hardship"], "from": NotRequired[Day],
    "to": NotRequired[Day], "up_to": NotRequired[Amount]})


@with_config(_CLOSED)
class SegmentInterest(TypedDict):
    """Interest of the cycle on one balance segment."""

    segment: str
    rate: Rate
    """A fraction: "0.0005" is 0.05 %. Of several the one of the lowest tier, on the last day."""
    rate_per: RatePer
    rates: NotRequired[list[RateBorne]]
    """All of them, where there are tiers, or where the penalty rate or hardship took the place of the terms' own: whose each is
    (`of`), on which days, on the balance up to which amount."""
    balance_days: Amount
    """Sum of the day-end balances that bear interest, amount × days."""
    average_daily_balance: Amount
    """balance_days divided by the days of the cycle, rounded half up."""
    interest: Amount


@with_config(_CLOSED)
class Charge(TypedDict):
    """Interest or a fee that this statement charges."""

    id: str
    """Names the charge for `cardwright explain --charge`."""
    kind: str
    """interest, or the fee's name in the terms."""
    segment: NotRequired[str]
    """Of interest: the balance it is on."""
    amount: Amount
    on: Day
    clause: str


@with_config(_CLOSED)
class Line(TypedDict):
    """One posting on the statement; debits positive, credits negative."""

    posted_on: Day
    transaction_on: Day
    type: str
    description: str
    amount: Amount
    card: str
    """"…" and the last four characters; empty where no card is named."""
    ref: str


@with_config(_CLOSED)
class CardTotals(TypedDict):
    """What one card of the account did in the cycle."""

    card: str
    kind: str
    purchases: Amount
    cash_advances: Amount
    credits: Amount


@with_config(_CLOSED)
class YearToDate(TypedDict):
    """Interest and fees charged on this year's statements, this one included."""

    interest: Amount
    fees: Amount


@with_config(_CLOSED)
class ChargedOff(TypedDict):
    """An account that was written off: at which closing, and how much of it has not been recovered since."""

    on: Day
    not_recovered: Amount


@with_config(_CLOSED)
class DisputedAmount(TypedDict):
    """What is in dispute since a day, as far as it was not paid before."""

    since: Day
    amount: Amount


@with_config(_CLOSED)
class Disputed(TypedDict):
    """What of the new balance the holder disputes: it bears no interest and nobody asks for it until it is decided."""

    amount: Amount
    not_disputed: Amount
    """new_balance without it: what has to be paid in full to keep grace."""
    items: list[DisputedAmount]


@with_config(_CLOSED)
class MinimumOnly(TypedDict):
    """The balance paid off with minimum payments only: how many of them, and what they come to."""

    months: int | None
    """None if the balance is never paid off so, or not in a hundred years."""
    total: Amount | None
    reason: NotRequired[Literal["negative_amortisation", "longer_than_100_years"]]
    """Why months is None."""


@with_config(_CLOSED)
class LevelPayments(TypedDict):
    """The least payment a month that pays the balance off in time, and what all of them come to; the last may be less."""

    payment: Amount
    total: Amount


@with_config(_CLOSED)
class Payoff(TypedDict):
    """How long the new balance takes to be paid off if nothing else happens to the account."""

    minimum_only: MinimumOnly
    in_36_months: LevelPayments


@with_config(_CLOSED)
class Seal(TypedDict):
    """SHA-256 of figures, postings and the seal before; see docs/reference/seal.md."""

    sha256: Digest
    previous: Digest


@with_config(_CLOSED)
class LateEvent(TypedDict):
    """An event that became known after its own day was closed."""

    type: str
    amount: Amount
    """Never negative; type says which way it goes."""
    late_for: Day
    """The day on which it would have been posted in time."""
    posted_on: Day
    ref: str


@with_config(_CLOSED)
class CorrectedBy(TypedDict):
    """What makes a statement a corrected one: the figures it would have had with late events known in time."""

    on: Day
    """The day of the rebilling, whose corrections are lines of a later statement."""
    corrects: Digest
    """The seal of the statement as it was issued, which stays as it is."""
    because: list[LateEvent]


@with_config(_CLOSED)
class StatementDocument(TypedDict):
    """One issued statement. new_balance = previous_balance - payments - credits + purchases + cash_advances +
    balance_transfers + fees + interest - waivers + adjustments, exactly."""

    schema: Literal["cardwright.statement/1"]
    account: str
    product: str
    currency: str
    terms_version: str
    cycle: Cycle
    previous_balance: Amount
    payments: Amount
    credits: Amount
    purchases: Amount
    cash_advances: Amount
    balance_transfers: Amount
    fees: Amount
    interest: Amount
    waivers: Amount
    adjustments: Amount
    new_balance: Amount
    minimum_payment_due: Amount
    past_due: Amount
    over_limit: Amount
    payment_due_on: Day
    credit_limit: Amount
    available_credit: Amount
    """Credit limit less new balance and instalments not billed yet, never below zero: what exceeds the limit is over_limit."""
    grace: Grace
    days_past_due: int
    delinquency: Delinquency
    """By days_past_due; charged_off once the account is written off."""
    charged_off: NotRequired[ChargedOff]
    """From the closing on at which the account was written off."""
    disputed: NotRequired[Disputed]
    """Only where something is disputed at the closing."""
    interest_by_segment: list[SegmentInterest]
    charges: list[Charge]
    lines: list[Line]
    cards: list[CardTotals]
    year_to_date: YearToDate
    seal: Seal
    payoff: NotRequired[Payoff]
    """Where the terms have disclosures.payoff."""
    draft: NotRequired[Literal[True]]
    """Only on a preview: not issued, not sealed."""
    corrected: NotRequired[CorrectedBy]
    """Only on a corrected statement."""


#: A run of days at one balance and one rate; product = balance x days x rate, not rounded. Written as a call because `from`
#: is a word of the language.
DayRun = TypedDict("DayRun", {"from": Day, "to": Day, "days": int, "balance": Amount, "rate": Rate, "product": Amount})


@with_config(_CLOSED)
class ExplainedCharge(TypedDict):
    """A charge with everything that led to its amount."""

    id: str
    kind: str
    segment: NotRequired[str]
    amount: Amount
    on: Day
    clause: str
    terms_version: str
    days: list[DayRun]
    """Of interest: every run of days, both ends included. Empty for a fee."""
    facts: dict[str, str | int]
    """Of a fee: the figures that it was worked out from. Of interest: rate, rate_per, balance_days."""
    unrounded: Amount
    rounding: str
    """How unrounded became amount: mode and unit, like "half_up to 0.01"."""
    because: str
    """One sentence for the holder."""


@with_config(_CLOSED)
class NotCharged(TypedDict):
    """Why a charge was not made: the condition that did not hold, with its numbers."""

    kind: str
    condition: str
    facts: dict[str, str | int]
    because: str


@with_config(_CLOSED)
class PayoffBalance(TypedDict):
    """Principal that a payoff starts from, and what it bears a month."""

    segment: str
    balance: Amount
    ends_on: Day | None
    """Last day of its promotion."""
    rates: list[Rate]
    """A month, as a fraction; several where the terms have tiers."""


@with_config(_CLOSED)
class PayoffMonth(TypedDict):
    """One month with the minimum payment only: interest comes on, instalment parts are billed, the payment comes off."""

    month: int
    interest: Amount
    instalments: Amount
    """Parts of plans, with their fees."""
    payment: Amount
    owed: Amount
    """At its end."""


@with_config(_CLOSED)
class PayoffOwnRate(TypedDict):
    """A rate that takes the place of every segment's, but of deferred interest, in the first months."""

    kind: Literal["hardship", "penalty"]
    rate: Rate
    """A month, as a fraction."""
    last_month: int


@with_config(_CLOSED)
class PayoffPlan(TypedDict):
    """An instalment plan with parts to come."""

    left: Amount
    parts_left: int


@with_config(_CLOSED)
class ExplainedPayoff(TypedDict):
    """What a statement's payoff rests on."""

    balances: list[PayoffBalance]
    unpaid_interest: Amount
    unpaid_fees: Amount
    own_rates: NotRequired[list[PayoffOwnRate]]
    """Where hardship or the penalty rate holds; in each month the first that still does."""
    over_limit_rate: NotRequired[Rate]
    """Where the excess over the credit limit bears a rate; a month, as a fraction."""
    plans: NotRequired[list[PayoffPlan]]
    """Where there are any."""
    first_months: list[PayoffMonth]
    because: str


@with_config(_CLOSED)
class ExplainedDispute(TypedDict):
    """What of a statement's new balance is disputed, and what is therefore left out of its minimum payment and interest."""

    disputed: Amount
    new_balance: Amount
    minimum_payment_due: Amount
    because: str


@with_config(_CLOSED)
class Explanation(TypedDict):
    """What `cardwright explain` prints for one statement."""

    schema: Literal["cardwright.explanation/1"]
    account: str
    closes_on: Day
    language: Literal["en", "zh"]
    charges: list[ExplainedCharge]
    not_charged: list[NotCharged]
    disputed: NotRequired[ExplainedDispute]
    """Of a whole statement with something disputed at its closing."""
    payoff: NotRequired[ExplainedPayoff]
    """Of a whole statement whose terms have disclosures.payoff."""
