"""The one door for money: text to minor units and back, exact, refusing floats and digits that the currency has not.

Inside, an amount is an int of minor units (cents of CNY, whole yen of JPY) beside its currency; outside, a string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from moneyed import CURRENCIES as ISO_CURRENCIES

_AMOUNT = re.compile(r"-?[0-9]{1,18}(\.[0-9]+)?")


@dataclass(frozen=True)
class Currency:
    """An ISO 4217 currency: letters, numeric code, and how many digits its minor unit has."""

    code: str
    numeric: int
    digits: int


def _digits(sub_unit: int) -> int:
    return len(str(sub_unit)) - 1


#: Currencies that some country uses today; a number that was used again stands for today's one only.
CURRENCIES: dict[str, Currency] = {
    code: Currency(code, int(each.numeric), _digits(each.sub_unit))
    for code, each in sorted(ISO_CURRENCIES.items())
    if each.countries and each.numeric and each.numeric.isdigit() and code not in ("XXX", "XTS")
}
BY_NUMERIC: dict[int, Currency] = {each.numeric: each for each in CURRENCIES.values()}


class BadAmount(ValueError):
    """A text that is not an amount of money; says what is wrong with it."""


def minor_units(given: str | int | Decimal, digits: int) -> int:
    """An amount in minor units.

    given: "12.34", 12 or Decimal("12.34"), in major units; digits: how many decimals the currency has.
    Raises BadAmount for anything else: floats, exponents, separators, spaces, too many decimals.
    """
    if isinstance(given, bool | float):
        raise BadAmount(f"{given!r} is not an exact amount; write it as text, like \"12.34\"")
    text = format(given, "f") if isinstance(given, Decimal) else str(given)
    if not _AMOUNT.fullmatch(text, 0):
        raise BadAmount(f"{text!r} is not an amount; write it like 12.34, without signs, spaces or separators")
    whole, _, decimals = text.partition(".")
    if len(decimals.rstrip("0")) > digits:
        raise BadAmount(f"{text} has {len(decimals)} decimals; the currency takes {digits}")
    return int(whole + decimals[:digits].ljust(digits, "0"))


def major_units(minor: int, digits: int, shown_digits: int | None = None) -> str:
    """An amount as text in major units.

    minor: minor units; digits: of the currency; shown_digits: how many decimals to write, the currency's by default.
    Raises ValueError if writing fewer decimals would lose some of it.
    """
    shown = digits if shown_digits is None else shown_digits
    sign, rest = ("-", -int(minor)) if minor < 0 else ("", int(minor))
    if shown < digits:
        rest, lost = divmod(rest, 10 ** (digits - shown))
        if lost:
            raise ValueError(f"{minor} minor units do not fit into {shown} decimals")
    whole, decimals = divmod(rest, 10**shown)
    return f"{sign}{whole}.{decimals:0{shown}d}" if shown else f"{sign}{whole}"
