"""The rate of a month of equal length, for projections: what a twelfth of a year bears, whatever days it falls on."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from fees.rates import EFFECTIVE_PLACES, effective_rate
from fees.terms_interest import RatedTerms

#: A year has 365 days here, and a month a twelfth of them, as 12 CFR Part 1026, Appendix M1 allows.
_DAYS_OF_YEAR = 365
_YEAR_DIVISOR = {"actual/365": 365, "actual/360": 360, "actual/actual": 365, "30/360": 360}
#: What a rate is rounded to that is a power and so no fraction of its own.
_PLACES = Decimal(1).scaleb(-EFFECTIVE_PLACES)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def monthly_fraction(rated: RatedTerms, day_count: str, compounding: str = "none") -> Fraction:
    """The fraction of a balance that a month of projected interest is, not rounded: a twelfth of the year's daily rates.

    With actual/360 a year of 365 days bears 365/360 of its rate; with 30/360 and `monthly` a month is a twelfth of it. An
    effective rate a year with `monthly` is (1 + e)^(1/12) - 1. compounding: "daily" lets a month's interest bear interest
    within the month. Raises ValueError if no rate is given.
    """
    rate = _simple(rated, day_count)
    if compounding != "daily":
        return rate
    return _power(1 + _decimal(rate * 12 / _DAYS_OF_YEAR), Decimal(_DAYS_OF_YEAR) / 12)


def _simple(rated: RatedTerms, day_count: str) -> Fraction:
    divisor = _YEAR_DIVISOR.get(day_count)
    days_of_month = Fraction(30) if day_count == "30/360" else Fraction(_DAYS_OF_YEAR, 12)
    if rated.daily_rate is not None:
        return Fraction(rated.daily_rate) * days_of_month
    if rated.effective_annual_rate is not None:
        periods = 12 if divisor is None else divisor
        period = effective_rate(rated.effective_annual_rate, periods)
        return period if divisor is None else period * days_of_month
    if rated.monthly_rate is not None:
        yearly = Fraction(rated.monthly_rate) * 12
    elif rated.annual_rate is not None:
        yearly = Fraction(rated.annual_rate)
    else:
        raise ValueError("no rate is given")
    return yearly / 12 if divisor is None else yearly / divisor * days_of_month


def _decimal(fraction: Fraction) -> Decimal:
    return _EXACT.divide(Decimal(fraction.numerator), Decimal(fraction.denominator))


@lru_cache(maxsize=1024)
def _power(growth: Decimal, exponent: Decimal) -> Fraction:
    """growth to the power of exponent less 1, rounded half even to 20 decimals."""
    return Fraction((_EXACT.power(growth, exponent) - 1).quantize(_PLACES, context=_EXACT))
