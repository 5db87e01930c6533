"""A scenario: one account told in a file, billed without a database. docs/reference/scenario.md describes the file."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from accounts.calendar import cycle_opens_on
from accounts.errors import Usage
from accounts.money import BadAmount, minor_units
from accounts.posting_types import PREPAID_TRANSACTION_TYPES, TRANSACTION_TYPES, WAIVERS
from billing.arrangements import HARDSHIP, KINDS, LASTING, Arrangement, overlapping
from billing.disputes import CREDITED_AS, OUTCOMES
from billing.waivers import WaiverInForce
from fees.supported import require_supported
from fees.terms import Terms
from fees.terms_values import Rate, Share


def _no_float(given: Any) -> Any:
    if isinstance(given, float):
        raise ValueError(f'{given} is not exact; write amounts as text, like "{given:.2f}"')
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _date_as_text(given: Any) -> Any:
    return given.isoformat() if isinstance(given, date) else given


def _amount(text: str) -> str:
    minor_units(text, 18)
    return text


Amount = Annotated[str, BeforeValidator(_no_float), AfterValidator(_amount)]
#: Fees that may be waived, by name; what is waived of interest is waived charge by charge (`cardwright waive`).
WAIVED_FEES = tuple(name for name in WAIVERS if name != "interest")
INSTALMENT_EVENTS = ("instalment", "instalment_settlement")
DISPUTE, DISPUTE_DECIDED = DISPUTE_EVENTS = ("dispute", "dispute_decided")
EVENT_TYPES = TRANSACTION_TYPES | {"replacement", *INSTALMENT_EVENTS, *DISPUTE_EVENTS, *KINDS}
CREDITED_NAMES = tuple(each.name for each in CREDITED_AS)
#: Types that come without an amount.
_NO_AMOUNT = {"replacement", "instalment_settlement", *DISPUTE_EVENTS, *KINDS}


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScenarioAccount(_Table):
    """The account: opened on a day, with a limit; closing_day if it differs from the product's; over_limit_opt_in: the holder
    agreed to an over-limit fee."""

    opened_on: date
    credit_limit: Amount = "0"
    closing_day: Annotated[int, Field(ge=1, le=31)] | None = None
    account: str = "A1"
    over_limit_opt_in: bool = False


class OpeningBalances(_Table):
    """What was owed, by kind of balance; segments of the terms beside purchase and cash_advance by their names."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Amount] = Field(init=False)

    purchase: Amount = "0"
    cash_advance: Amount = "0"
    interest: Amount = "0"
    fees: Amount = "0"

    def others(self) -> dict[str, str]:
        """The balances of segments other than purchase and cash_advance."""
        return dict(self.__pydantic_extra__)


class ScenarioOpening(_Table):
    """The state at the end of a closing day of an account already under way."""

    on: date
    balances: OpeningBalances = OpeningBalances()
    grace: Literal["kept", "lost"] = "kept"
    minimum_payment_due: Amount = "0"
    payment_due_on: date | None = None
    past_due: Amount = "0"


class ScenarioEvent(_Table):
    """Something that happens to the account; `on` is the date that counts for interest."""

    on: date
    type: str
    amount: Amount = "0"
    posted_on: date | None = None
    transaction_on: date | None = None
    known_on: date | None = None
    card: str | None = None
    merchant: str | None = None
    mcc: str | None = None
    currency: str | None = None
    id: str | None = None
    kind: str | None = None
    reason: str | None = None
    segment: str | None = None
    until: date | None = None
    """Last day of hardship or of a payment holiday."""
    rate: Rate | None = None
    """Nominal rate a year of hardship."""
    parts: Annotated[int, Field(ge=2, le=120)] | None = None
    of: Annotated[str, BeforeValidator(_date_as_text)] | None = None
    agreed: bool = False
    """Of a re-age: it was agreed already, and is not held against its limits. Of a decided dispute: billed as if it had been
    decided before anything was charged."""
    outcome: Literal[OUTCOMES] | None = None  # type: ignore[valid-type]
    """How a dispute was decided."""
    credited_as: Literal[CREDITED_NAMES] | None = None  # type: ignore[valid-type]
    """Of a dispute decided for the holder: returned to the merchant (chargeback, the default) or borne by the issuer."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.type in PREPAID_TRANSACTION_TYPES:
            raise ValueError(f"type {self.type} belongs to prepaid products; this account is a credit account")
        if self.type not in EVENT_TYPES:
            raise ValueError(f"type {self.type} is not known to this release; it knows {', '.join(sorted(EVENT_TYPES))}")
        if self.known_on is not None and self.known_on < self.on:
            raise ValueError(f"known_on {self.known_on} lies before the event itself on {self.on}; leave it out")
        no_amount = self.type in _NO_AMOUNT or (self.type == "instalment" and self.of is not None)
        if not no_amount and minor_units(self.amount, 18) <= 0:
            raise ValueError("amount must be more than zero")
        self._check_arrangement()
        self._check_instalment()
        self._check_dispute()
        return self

    def _check_arrangement(self) -> None:
        if (self.until is not None) != (self.type in LASTING):
            raise ValueError("until goes with hardship and payment_holiday, and with them only")
        if (self.rate is not None) != (self.type == HARDSHIP):
            raise ValueError("rate goes with hardship, and with it only")
        if self.until is not None and self.until < self.on:
            raise ValueError(f"until {self.until} lies before {self.on}")

    def _check_instalment(self) -> None:
        if (self.parts is not None) != (self.type == "instalment"):
            raise ValueError("parts belongs to an event of type instalment, which needs it")
        if self.of is None and self.type == "instalment_settlement":
            raise ValueError("of must name the instalment plan that is settled")
        if self.of is not None and self.type not in (*INSTALMENT_EVENTS, *DISPUTE_EVENTS):
            raise ValueError(f"of does not belong to type {self.type}")

    def _check_dispute(self) -> None:
        if self.of is None and self.type in DISPUTE_EVENTS:
            raise ValueError(f"of must name what the {self.type} is about: the id of a purchase or another debit"
                             + (", or of the dispute" if self.type == DISPUTE_DECIDED else ""))
        if (self.outcome is not None) != (self.type == DISPUTE_DECIDED):
            raise ValueError("outcome goes with dispute_decided, which needs it: for_holder or for_issuer")
        if self.credited_as is not None and self.outcome != "for_holder":
            raise ValueError("credited_as goes with a dispute_decided for_holder, and with it only")
        if self.type in DISPUTE_EVENTS and (self.known_on is not None or self.posted_on is not None):
            raise ValueError(f"a {self.type} is dated the day that it is written down; leave known_on and posted_on out")

    @property
    def arrangement(self) -> Arrangement | None:
        """What was agreed or decided about the account; None for what is posted."""
        kind = next((each for each in KINDS if each == self.type), None)
        return None if kind is None else Arrangement(kind, self.on, self.until or self.on, self.rate)


class ScenarioWaiver(_Table):
    """Fees of a kind that are waived, wholly or in part, as they are charged from a day to another."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kind: Literal[WAIVED_FEES]  # type: ignore[valid-type]
    from_on: Annotated[date, Field(alias="from")]
    until: date | None = None
    percent: Annotated[Share, Field()] = Decimal(1)
    reason: str = ""
    approved_by: str = ""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.percent:
            raise ValueError("percent must be more than zero; it is the share that is waived, 1 for all")
        return self

    @property
    def in_force(self) -> WaiverInForce:
        """As the business day knows it."""
        return WaiverInForce(self.kind, self.from_on, self.until, self.percent, self.reason, "", self.approved_by)


class Scenario(_Table):
    """One account, its terms (one version or several) and its events up to a last business day."""

    account: ScenarioAccount
    until: date
    terms: tuple[Terms, ...]
    opening: ScenarioOpening | None = None
    events: tuple[ScenarioEvent, ...] = ()
    waivers: tuple[ScenarioWaiver, ...] = ()

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read a scenario file; raises Usage, naming file, key and what is wrong with it."""
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise Usage(f"{path}: there is no such file") from None
        except (OSError, UnicodeDecodeError) as trouble:
            raise Usage(f"{path} cannot be read: {trouble}") from None
        except tomllib.TOMLDecodeError as wrong:
            raise Usage(f"{path} is not TOML: {wrong}") from None
        return cls.from_document(document, path)

    @classmethod
    def from_document(cls, document: dict[str, Any], path: Path) -> Self:
        """A scenario from a parsed file; terms given by path are looked up beside it."""
        given = dict(document)
        given["terms"] = tuple(_terms(each, path) for each in _as_list(document.get("terms", {})))
        try:
            scenario = cls.model_validate(given)
            scenario.check_amounts()
            scenario.check_segments()
            scenario.check_arrangements()
            return scenario
        except ValidationError as wrong:
            first = wrong.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Usage(f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}") from None
        except BadAmount as wrong:
            raise Usage(f"{path}: {wrong}") from None

    def arrangements(self) -> list[Arrangement]:
        """What was agreed or decided about the account, in the order of the events."""
        return [found for each in self.events if (found := each.arrangement) is not None]

    def check_arrangements(self) -> None:
        """Raises ValueError for two of hardship, or of payment holidays, that share a day."""
        found = overlapping(self.arrangements())
        if found is not None:
            one, other = found
            raise BadAmount(f"events: the {other.kind} from {other.from_on} begins before that of {one.from_on} ends, on "
                            f"{one.until_on}")

    def check_segments(self) -> None:
        """Raises BadAmount for a segment that no version of the terms has, or not yet in the cycle that an event posts in.

        Source: docs/reference/billing-rules.md, 5.3.
        """
        names = sorted({row.name for terms in self.terms for row in terms.interest.segment})
        named = [(f"events.{number}.segment", event.segment) for number, event in enumerate(self.events) if event.segment]
        if self.opening is not None:
            named += [(f"opening.balances.{name}", name) for name in self.opening.balances.others()]
        for key, name in named:
            if name not in names:
                raise BadAmount(f"{key}: {name} is no segment of the terms; they have {', '.join(names)}")
        first_on = self.account.opened_on if self.opening is None else self.opening.on + timedelta(days=1)
        closing_day = self.account.closing_day or self.terms_on(first_on).cycle.closing_day
        for number, event in enumerate(self.events):
            opens_on = max(cycle_opens_on(event.posted_on or event.on, closing_day), first_on)
            has = [row.name for row in self.terms_on(opens_on).interest.segment]
            if event.segment is not None and event.segment not in has:
                raise BadAmount(f"events.{number}.segment: the cycle from {opens_on} on, which it posts in, has no segment "
                                f"{event.segment}: a version that comes within a cycle brings it to the next one; it has "
                                f"{', '.join(has)}")

    def check_amounts(self) -> None:
        """Raises BadAmount for an amount with more decimals than amounts of the product have."""
        digits = self.terms[0].shown_digits
        amounts = {"account.credit_limit": self.account.credit_limit}
        amounts |= {f"events.{number}.amount": event.amount for number, event in enumerate(self.events)}
        if self.opening is not None:
            amounts |= {f"opening.balances.{name}": amount for name, amount in self.opening.balances}
            amounts |= {f"opening.{name}": getattr(self.opening, name) for name in ("minimum_payment_due", "past_due")}
        for key, amount in amounts.items():
            try:
                minor_units(amount, digits)
            except BadAmount as wrong:
                raise BadAmount(f"{key}: {wrong}") from None

    def history(self) -> list[tuple[date, Terms]]:
        """Every version with the first day it is in force, rising; the first holds on the days before it as well."""
        in_order = sorted(self.terms, key=lambda each: each.in_force_from)
        return [(each.in_force_from, each) for each in in_order]

    def terms_on(self, day: date) -> Terms:
        """The version in force on a day; the first one on days before it."""
        in_order = sorted(self.terms, key=lambda each: each.in_force_from)
        return next((each for each in reversed(in_order) if each.in_force_from <= day), in_order[0])


def _as_list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _terms(given: Any, path: Path) -> Terms:
    terms = Terms.from_file(path.parent / given) if isinstance(given, str) else Terms.from_document(given, f"{path} terms")
    require_supported(terms, f"{path} terms")
    if terms.prepaid is not None:
        raise Usage(f"{path}: terms of kind prepaid owe nothing, so there is nothing to simulate; `cardwright prepaid` loads "
                    "and spends on real books")
    return terms


def scenario_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file; `terms` may also be a path, or a list of versions."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}
