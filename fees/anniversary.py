"""The day of the year on which yearly fees fall: the anniversary of a date, 28 February for one of the 29th."""

from __future__ import annotations

from calendar import isleap
from datetime import date

import numpy as np
import numpy.typing as npt

Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


def years_completed(began_on: Int32Array, on: date) -> npt.NDArray[np.int64]:
    """How many years are complete on a day, for those whose anniversary it is; -1 for all others.

    began_on: days since 1970-01-01, shape (accounts,) or (cards,). The day itself is 0.
    """
    days = began_on.astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    day = (days - months).astype(np.int64) + 1
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    falls = (month == on.month) & (day == on.day)
    if (on.month, on.day) == (2, 28) and not isleap(on.year):
        falls |= (month == 2) & (day == 29)
    return np.where(falls & (year <= on.year), on.year - year, -1)
