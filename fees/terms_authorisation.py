"""Terms of what a till is promised: where a card of the product may be used, and how often and how much within a time."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from annotated_types import Ge
from pydantic import BeforeValidator, WithJsonSchema, model_validator

from fees.terms_values import Amount, Line, Rows, TermsTable, refuse

_CATEGORIES = re.compile(r"([0-9]{4})(?:-([0-9]{4}))?")
Window = Literal["hour", "day", "month"]


def _categories(given: Any) -> str:
    found = _CATEGORIES.fullmatch(given) if isinstance(given, str) else None
    if found is None or (found[2] is not None and found[2] < found[1]):
        raise refuse('category codes of four digits, or a span of them, as text: "5411", "5400-5499"')
    return str(given)


#: A merchant category code (ISO 18245), or a span of them.
Categories = Annotated[str, BeforeValidator(_categories),
                       WithJsonSchema({"type": "string", "pattern": f"^{_CATEGORIES.pattern}$"})]


class VelocityLimit(TermsTable):
    """How often a card may be used within a time, or for how much, or both."""

    per: Window
    """`hour`: the last sixty minutes; `day`: the business day; `month`: its calendar month."""
    count: Annotated[int, Ge(1)] | None = None
    """So many uses at most."""
    amount: Amount | None = None
    """So much at most."""

    @model_validator(mode="after")
    def _says_something(self) -> VelocityLimit:
        if self.count is None and self.amount is None:
            raise refuse("a count, an amount, or both")
        return self


class AuthorisationTerms(TermsTable):
    """What holds whenever a card of the product is to pay, beside its limit or value."""

    categories: Rows[Categories] = ()
    """Categories of merchants that it may be used at; none named: all."""
    categories_never: Rows[Categories] = ()
    """Categories that it may not be used at."""
    merchants: Rows[Line] = ()
    """Merchants that it may be used at; none named: all."""
    merchants_never: Rows[Line] = ()
    """Merchants that it may not be used at."""
    velocity: Rows[VelocityLimit] = ()
    """Limits of one card within a time; every one holds."""
