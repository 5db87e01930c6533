"""Values that terms are made of: amounts, rates and shares as exact decimals, dates, lists that cannot change.

A number with a decimal point in TOML or JSON is a float, and a float is not exact: it is refused with the advice to quote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,12})?")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def refuse(allowed: str, key: str = "") -> PydanticCustomError:
    """The error for a value that terms may not have: what is allowed, and under which key below the present one."""
    return PydanticCustomError("terms", "takes {allowed}", {"allowed": allowed, "key": key})


def plain(number: Decimal) -> str:
    """A decimal as short as it goes, never with an exponent: 100.00 is "100", 0.0500 is "0.05"."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(allowed: str, least: Decimal, most: Decimal | None) -> Callable[[Any], Decimal]:
    def parse(given: Any) -> Decimal:
        if isinstance(given, float):
            raise refuse(f'{allowed}; a bare {given!r} is not exact, quote it: "{given!r}"')
        if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
            raise refuse(allowed)
        text = format(given, "f") if isinstance(given, Decimal) else str(given)
        if not _NUMBER.fullmatch(text):
            raise refuse(allowed)
        number = Decimal(text)
        if number < least or (most is not None and number > most):
            raise refuse(allowed)
        return number

    return parse


def _date(given: Any) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass
    raise refuse("a date, like 2023-01-01")


def _name(given: Any) -> str:
    if isinstance(given, str) and _NAME.fullmatch(given):
        return given
    raise refuse("a name of small letters, digits and _, like purchase")


def _line(given: Any) -> str:
    if isinstance(given, str) and given.strip() and len(given) <= 200 and given.isprintable():
        return given
    raise refuse("a line of text of at most 200 characters")


def _rows(given: Any) -> Any:
    if isinstance(given, list | tuple):
        return tuple(given)
    raise refuse("a list, like [ … ]")


_NUMBER_SCHEMA = {"anyOf": [{"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,12})?$"}, {"type": "integer"}]}
_ZERO, _ONE, _TINY = Decimal(0), Decimal(1), Decimal("1e-12")

#: Money in major units of the product's currency, zero or more.
Amount = Annotated[
    Decimal,
    BeforeValidator(_number('an amount of money, as text like "12.34", or a whole number', _ZERO, None)),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema(_NUMBER_SCHEMA),
]
#: The unit that an amount is rounded to: "0.01", "0.05", "1".
Unit = Annotated[
    Decimal,
    BeforeValidator(_number('a unit of money above zero, as text like "0.01"', _TINY, None)),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema(_NUMBER_SCHEMA),
]
#: A rate as a fraction of the balance: "0.18" is 18 %. Ten (1000 %) is the most, so that "18" for 18 % is caught.
Rate = Annotated[
    Decimal,
    BeforeValidator(_number('a rate as a fraction, as text: "0.18" is 18 %; at most "10"', _ZERO, Decimal(10))),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema(_NUMBER_SCHEMA),
]
#: A share as a fraction: "0.05" is 5 %, "1" is all of it.
Share = Annotated[
    Decimal,
    BeforeValidator(_number('a share as a fraction, as text: "0.05" is 5 %; at most "1", all of it', _ZERO, _ONE)),
    PlainSerializer(plain, return_type=str),
    WithJsonSchema(_NUMBER_SCHEMA),
]
Day = Annotated[
    date, BeforeValidator(_date), PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})]

#: A line of text that the holder reads: a product's name, a clause.
Line = Annotated[str, BeforeValidator(_line), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200})]
Clause = Line

Item = TypeVar("Item")
#: A TOML list, kept so that it cannot change.
Rows = Annotated[tuple[Item, ...], BeforeValidator(_rows)]


class TermsTable(BaseModel):
    """A table of the terms: only its own keys, every one checked, and never changed once read."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _no_null(cls, given: Any) -> Any:
        """JSON's null is no value: whether it means the default or none at all is anybody's guess."""
        for key, value in given.items() if isinstance(given, dict) else ():
            if value is None:
                raise refuse("a value, not null; leave the key out instead", key)
        return given
