"""What a cell of a portfolio file may say: each rule turns text into one value or says what is wrong with it.

Nothing is guessed: "007" stays "007", "1e3" is no amount, "2023-2-5" no date. A cell that is empty never reaches a rule.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

from accounts.money import CURRENCIES, minor_units

#: No single amount may be larger, in minor units.
LARGEST_AMOUNT = 10**15
FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2199, 12, 31)

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_PLAIN_NUMBER = re.compile(r"(-?)([0-9]{1,30})(?:\.([0-9]{1,30}))?")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class CellDefect(ValueError):
    """A cell that cannot be taken in; the text is the reason that goes into the rejects file."""


class CellRule(Protocol):
    """Turns the text of a cell into a value; `read` raises CellDefect; `schema` is the same in JSON Schema."""

    def read(self, text: str) -> Any: ...
    @property
    def schema(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class FreeText:
    """Any words of at most so many characters."""

    longest: int = 2000

    def read(self, text: str) -> str:
        if len(text) > self.longest:
            raise CellDefect(f"{len(text)} characters; at most {self.longest} are kept")
        if found := _CONTROL_CHARACTER.search(text):
            raise CellDefect(f"has the control character U+{ord(found[0]):04X} in it")
        return text

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.longest}


@dataclass(frozen=True)
class Code:
    """A name that other files and people find the thing by: no spaces around it, no line breaks in it."""

    longest: int = 100

    def read(self, text: str) -> str:
        FreeText(self.longest).read(text)
        if text != text.strip():
            raise CellDefect("has a space at its beginning or end")
        if any(each in text for each in "\r\n\t"):
            raise CellDefect("has a tab or a line break in it")
        return text

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": self.longest}


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, text: str) -> str:
        if text not in self.words:
            raise CellDefect(f"is none of {', '.join(self.words)}")
        return text

    @property
    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True)
class IsoDate:
    """A day as 2023-05-31."""

    def read(self, text: str) -> date:
        if not _ISO_DATE.fullmatch(text):
            raise CellDefect("is not a date; write it like 2023-05-31")
        try:
            on = date.fromisoformat(text)
        except ValueError:
            raise CellDefect("is not a day of the calendar") from None
        if not FIRST_DATE <= on <= LAST_DATE:
            raise CellDefect(f"lies outside {FIRST_DATE} to {LAST_DATE}")
        return on

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


@dataclass(frozen=True)
class IsoInstant:
    """A moment as 2023-05-31T14:05:00Z; a bare date means midnight UTC, a time without zone is UTC."""

    def read(self, text: str) -> datetime:
        if _ISO_DATE.fullmatch(text):
            on = IsoDate().read(text)
            return datetime(on.year, on.month, on.day, tzinfo=UTC)
        if not _ISO_INSTANT.fullmatch(text):
            raise CellDefect("is not a date or a moment; write it like 2023-05-31 or 2023-05-31T14:05:00Z")
        IsoDate().read(text[:10])
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise CellDefect("is not a moment of any day") from None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}


@dataclass(frozen=True)
class WholeNumber:
    """A number without decimals between two bounds."""

    least: int
    most: int

    def read(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not self.least <= int(text) <= self.most:
            raise CellDefect(f"is not a whole number from {self.least} to {self.most}")
        return int(text)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]{1,9}$", "description": f"{self.least} to {self.most}"}


@dataclass(frozen=True)
class YesOrNo:
    """true, false, yes or no."""

    def read(self, text: str) -> bool:
        if text not in ("true", "false", "yes", "no"):
            raise CellDefect("is none of true, false, yes, no")
        return text in ("true", "yes")

    @property
    def schema(self) -> dict[str, Any]:
        return {"enum": ["true", "false", "yes", "no"]}


@dataclass(frozen=True)
class CurrencyCode:
    """Three letters of ISO 4217."""

    known: Collection[str] = field(default_factory=lambda: CURRENCIES.keys())

    def read(self, text: str) -> str:
        if text not in self.known:
            raise CellDefect("is not an ISO 4217 currency; write it like CNY")
        return text

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[A-Z]{3}$"}


@dataclass(frozen=True)
class Amount:
    """A plain number of major units like 12.34; how many decimals it may have depends on the currency."""

    signed: bool = False

    def read(self, text: str) -> str:
        plain_number(text)
        return text

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": ("^-?" if self.signed else "^") + r"[0-9]+(\.[0-9]+)?$"}


def plain_number(text: str) -> tuple[bool, str, str]:
    """Takes 12.34 apart: whether it is negative, its whole part, its decimals. Raises CellDefect for any other notation."""
    found = _PLAIN_NUMBER.fullmatch(text)
    if not found:
        raise CellDefect(_why_not_a_number(text))
    negative, whole, decimals = found[1] == "-", found[2], found[3] or ""
    if negative and not (whole + decimals).strip("0"):
        raise CellDefect("is minus zero")
    return negative, whole, decimals


def _why_not_a_number(text: str) -> str:
    if text != text.strip():
        return "has a space at its beginning or end"
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return "is written with an exponent; write it out like 12.34"
    if re.fullmatch(r"-?[0-9]{1,3}([,' _\u00a0\u202f][0-9]{3})+(\.[0-9]+)?", text):
        return "has thousands separators; write it like 1234.56"
    if re.fullmatch(r"-?[0-9]+,[0-9]+", text):
        return "has a decimal comma; write it like 12.34"
    if any(each.isdigit() and not each.isascii() for each in text):
        return "has digits other than 0 to 9"
    if len(text) > 30 and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return "has more digits than any amount has"
    return "is not an amount; write it like 12.34"


def minor_amount(text: str, currency: str, digits: int, shown_digits: int) -> int:
    """An amount in minor units of its currency, negative if it says so.

    currency: its name for people; digits: decimals of the currency; shown_digits: of the product's amounts, which may be
    fewer (whole dollars). Raises CellDefect for any other notation, too many decimals, or more than LARGEST_AMOUNT.
    """
    negative, whole, decimals = plain_number(text)
    if len(decimals) > digits:
        raise CellDefect(f"{text} has {counted(len(decimals), 'decimal')}; {currency} takes {digits}")
    if len(decimals.rstrip("0")) > shown_digits:
        raise CellDefect(f"{text} has {counted(len(decimals), 'decimal')}; {currency} takes {shown_digits}")
    if len(whole.lstrip("0")) > 16:
        raise CellDefect("is larger than any amount may be")
    minor = minor_units(f"{whole.lstrip('0') or '0'}.{decimals}" if decimals else whole.lstrip("0") or "0", digits)
    if minor > LARGEST_AMOUNT:
        raise CellDefect("is larger than any amount may be")
    return -minor if negative else minor


def counted(number: int, noun: str) -> str:
    """1 decimal, 2 decimals."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


__all__ = [
    "LARGEST_AMOUNT", "Amount", "CellDefect", "CellRule", "Choice", "Code", "CurrencyCode", "FreeText", "IsoDate",
    "IsoInstant", "WholeNumber", "YesOrNo", "counted", "minor_amount", "plain_number",
]
