"""Terms: one version of one product as data, every key of docs/reference/terms.md, what is absent at its default.

The same names as in the TOML file: `terms.cycle.closing_day`, `terms.interest.segment`, `terms.minimum_payment.parts`.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from accounts.money import CURRENCIES, BadAmount, major_units, minor_units
from fees.terms_authorisation import AuthorisationTerms
from fees.terms_delinquency import DelinquencyTerms
from fees.terms_disputes import DisputeTerms
from fees.terms_fees import FeeTerms
from fees.terms_interest import CycleTerms, GraceTerms, InterestTerms
from fees.terms_payments import (
    AllocationTerms,
    BenefitTerms,
    DisclosureTerms,
    InstalmentTerms,
    MinimumPaymentTerms,
)
from fees.terms_prepaid import PrepaidTerms
from fees.terms_problems import BadTerms, Problem, problems_of
from fees.terms_values import Day, Line, TermsTable, plain, refuse

LARGEST_FILE = 1_000_000
#: Keys without which a file cannot be told to belong to a product; the contract's defaults serve scenarios only.
STATED = ("product", "currency", "in_force_from")
_SMALLEST_UNIT = Decimal("0.01")


def _matching(pattern: str, allowed: str) -> BeforeValidator:
    def parse(given: Any) -> str:
        if isinstance(given, str) and re.fullmatch(pattern, given):
            return given
        raise refuse(allowed)

    return BeforeValidator(parse)


ProductCode = Annotated[str, _matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "a product code of letters, digits, - and _")]
RulePack = Annotated[str, _matching("none|[A-Z]{2}", '"none", or a country, like "CN"')]


def _currency(given: Any) -> str:
    if isinstance(given, str) and given in CURRENCIES:
        return given
    raise refuse("a currency code of ISO 4217, like CNY, TWD, USD")


class Terms(TermsTable):
    """What may be charged for a product from a day on, by which clause."""

    product: ProductCode = "classic"
    """Code of the product."""
    name: Line = Field(default_factory=lambda given: str(given.get("product", "classic")).replace("-", " ").title())
    """Name that the holder reads; the code with capitals by default."""
    kind: Literal["credit", "prepaid"] = "credit"
    currency: Annotated[str, BeforeValidator(_currency)] = "CNY"
    """ISO 4217 code."""
    rule_pack: RulePack = "none"
    """Which law lints the terms."""
    in_force_from: Day = date(2023, 1, 1)
    """First day on which these terms hold."""
    cycle: CycleTerms = Field(default_factory=CycleTerms)
    interest: InterestTerms = Field(default_factory=InterestTerms)
    grace: GraceTerms = Field(default_factory=GraceTerms)
    minimum_payment: MinimumPaymentTerms = Field(default_factory=MinimumPaymentTerms)
    allocation: AllocationTerms = Field(default_factory=AllocationTerms)
    fees: FeeTerms = Field(default_factory=FeeTerms)
    delinquency: DelinquencyTerms = Field(default_factory=DelinquencyTerms)
    disputes: DisputeTerms = Field(default_factory=DisputeTerms)
    instalments: InstalmentTerms = Field(default_factory=InstalmentTerms)
    disclosures: DisclosureTerms = Field(default_factory=DisclosureTerms)
    benefits: BenefitTerms = Field(default_factory=BenefitTerms)
    authorisation: AuthorisationTerms = Field(default_factory=AuthorisationTerms)
    prepaid: PrepaidTerms | None = None
    """Only with kind prepaid."""

    @classmethod
    def from_toml(cls, source: Path | str) -> Self:
        """Terms from a TOML file (a Path) or from TOML text (a str). Raises BadTerms."""
        return cls.from_file(source) if isinstance(source, Path) else cls.from_document(_toml(source, "terms"))

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Terms from a file of TOML, or of JSON where its name ends so. Raises BadTerms."""
        return cls.from_document(read_document(path), str(path))

    @classmethod
    def from_document(cls, document: Any, where: str = "terms") -> Self:
        """Terms from what a TOML or JSON reader gave; `where` names the file in errors. Raises BadTerms."""
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise BadTerms(where, problems_of(error, cls, document)) from None

    @model_validator(mode="before")
    @classmethod
    def _units_of_currency(cls, given: Any) -> Any:
        """States the units that follow from others: the currency's smallest amount, and interest's unit for the minimum."""
        if not isinstance(given, dict):
            return given
        full = dict(given)
        if full.get("kind") == "prepaid":
            full.setdefault("prepaid", {})
        interest, minimum = full.get("interest", {}), full.get("minimum_payment", {})
        smallest = _smallest_amount(full.get("currency", "CNY"))
        if isinstance(interest, dict) and "rounding_unit" not in interest and smallest > _SMALLEST_UNIT:
            interest = full["interest"] = {**interest, "rounding_unit": plain(smallest)}
        unit = interest.get("rounding_unit") if isinstance(interest, dict) else None
        if isinstance(minimum, dict) and "round_to" not in minimum and _coarse(unit):
            full["minimum_payment"] = {**minimum, "round_to": unit}
        return full

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "credit" and self.prepaid is not None:
            raise refuse('no [prepaid] table, because kind is "credit"', "prepaid")
        names = {segment.name for segment in self.interest.segment}
        for order in ("minimum", "excess"):
            for item in getattr(self.allocation, order):
                if item.startswith("segment:") and item.removeprefix("segment:") not in names:
                    raise refuse(f"segments that interest.segment has ({', '.join(sorted(names))}); "
                                 f"{item} is not one", f"allocation.{order}")
        for key, amount in _amounts(self):
            # A fee stands on the statement, so it has to be an amount that can be shown there.
            digits = self.shown_digits if key.startswith("fees.") else self.digits
            why = f"{self.currency} has" if digits == self.digits else "interest.rounding_unit says how amounts are shown"
            try:
                minor_units(amount, digits)
            except BadAmount:
                raise refuse(f"at most {digits} decimals, as {why}", key) from None
        return self

    @property
    def digits(self) -> int:
        """Decimals of the currency's minor unit."""
        return CURRENCIES[self.currency].digits

    @property
    def shown_digits(self) -> int:
        """How many decimals amounts of this product are shown with: those of interest.rounding_unit."""
        return min(self.digits, _decimals(self.interest.rounding_unit))

    @property
    def shown_unit(self) -> int:
        """The smallest amount that can be shown, in minor units; what a percentage fee is rounded to."""
        return int(10 ** (self.digits - self.shown_digits))

    def minor(self, amount: Decimal) -> int:
        """An amount of these terms in minor units of their currency."""
        return minor_units(amount, self.digits)

    def text(self, minor: int) -> str:
        """An amount in minor units as these terms show it; with the currency's decimals where theirs would lose some of it."""
        return major_units(minor, self.digits, self.digits if minor % self.shown_unit else self.shown_digits)

    @property
    def label(self) -> str:
        """How a statement names these terms: classic@2023-01-01."""
        return f"{self.product}@{self.in_force_from.isoformat()}"

    def document(self) -> dict[str, Any]:
        """What was given, as JSON can carry it: amounts and rates as short text, dates as ISO text."""
        return self.model_dump(mode="json", exclude_unset=True)

    def sha256(self) -> bytes:
        """Digest of the document's canonical JSON: sorted keys, no spaces, UTF-8."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).digest()


def terms_schema() -> dict[str, Any]:
    """JSON Schema of a terms document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Terms.model_json_schema()}


def read_document(path: Path) -> dict[str, Any]:
    """A TOML file (JSON where its name ends so) as a document, nothing checked yet. Raises BadTerms."""
    try:
        content = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else None
    except OSError as error:
        raise BadTerms(str(path), [Problem("the file", None, f"cannot be read: {error.strerror or error}")]) from None
    if content is None:
        raise BadTerms(str(path), [Problem("the file", None, "is larger than a megabyte; a schedule is a page or two")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTerms(str(path), [Problem("the file", None, f"is not UTF-8 text (byte {error.start})")]) from None
    if not text.strip():
        raise BadTerms(str(path), [Problem("the file", None, "is empty")])
    return _json(text, str(path)) if path.suffix.lower() == ".json" else _toml(text, str(path))


def _toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadTerms(where, [Problem("the file", None, f"is not TOML: {error}")]) from None


def _json(text: str, where: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = [key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index])]
        if twice:
            raise BadTerms(where, [Problem(twice[0], None, "is given twice")])
        return dict(pairs)

    try:
        document = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise BadTerms(where, [Problem("the file", None, f"is not JSON: {error}")]) from None
    if not isinstance(document, dict):
        raise BadTerms(where, [Problem("the file", None, "is not a JSON object")])
    return document


def _decimals(unit: Decimal) -> int:
    _, _, decimals = plain(unit).partition(".")
    return len(decimals)


def _smallest_amount(currency: Any) -> Decimal:
    known = CURRENCIES.get(currency) if isinstance(currency, str) else None
    return Decimal(1).scaleb(-known.digits) if known else _SMALLEST_UNIT


def _coarse(unit: Any) -> bool:
    """Whether a unit as given is coarser than a hundredth; what is no unit at all is left to the checks that follow."""
    if isinstance(unit, bool) or not isinstance(unit, str | int):
        return False
    return re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,12})?", str(unit)) is not None and Decimal(str(unit)) > _SMALLEST_UNIT


#: Decimals of the terms that are not money: they may have more digits than the currency.
_NOT_MONEY = frozenset({
    "daily_rate", "monthly_rate", "annual_rate", "effective_annual_rate", "percent", "fee_rate", "fee_percent", "share_cap",
    "tax", "discount", "first_year_cap",
})


def _amounts(table: BaseModel, prefix: str = "") -> Iterator[tuple[str, Decimal]]:
    """Every amount of money in the terms with its key path."""
    for name in type(table).model_fields:
        value = getattr(table, name)
        for index, each in enumerate(value if isinstance(value, tuple) else (value,)):
            path = f"{prefix}{name}[{index}]" if isinstance(value, tuple) else f"{prefix}{name}"
            if isinstance(each, BaseModel):
                yield from _amounts(each, f"{path}.")
            elif isinstance(each, Decimal) and name not in _NOT_MONEY and prefix != "fees.tax_on_charges.":
                yield path, each


__all__ = ["STATED", "BadTerms", "Problem", "Terms", "read_document", "terms_schema"]
