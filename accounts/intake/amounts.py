"""Amounts of a whole column at once: the plain ones by arithmetic on columns, whatever is odd one by one with its reason."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accounts.intake.cells import LARGEST_AMOUNT, CellDefect, minor_amount
from accounts.intake.checking import BlockCheck, as_mask
from accounts.intake.rows import BoolArray, Int64Array

_PLAIN = r"^-?[0-9]{1,13}(\.[0-9]{1,4})?$"


def read_amounts(check: BlockCheck, name: str, unit: Int64Array,
                 units: Sequence[tuple[str, int, int]]) -> tuple[Int64Array, BoolArray]:
    """A column of amounts in minor units, with their signs, and which rows could be read; the others are rejected.

    unit: for each row its place in `units`, which gives (name for people, digits of the currency, digits that are shown).
    """
    cells = check.block.column(name)
    digits = np.array([each[1] for each in units], dtype=np.int64)[unit]
    shown = np.array([each[2] for each in units], dtype=np.int64)[unit]
    plain = as_mask(pc.match_substring_regex(cells, _PLAIN))
    texts = pc.if_else(pa.array(plain), cells, "0")
    point = pc.find_substring(texts, ".").to_numpy(zero_copy_only=False).astype(np.int64)
    length = pc.binary_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    decimals = np.where(point < 0, 0, length - point - 1)
    fits = plain & (decimals <= digits)
    number = pc.replace_substring(texts, ".", "", max_replacements=1).cast(pa.int64()).to_numpy(zero_copy_only=False)
    minor = np.where(fits, number * 10 ** np.maximum(digits - decimals, 0), 0)
    fits &= (minor % 10 ** (digits - shown) == 0) & ~((minor == 0) & as_mask(pc.starts_with(texts, "-")))
    fits &= np.abs(minor) <= LARGEST_AMOUNT
    minor[~fits] = 0
    present = ~check.absent(name)
    for index in np.flatnonzero(present & ~fits).tolist():
        people, of_currency, of_product = units[int(unit[index])]
        try:
            minor[index] = minor_amount(cells[index].as_py(), people, of_currency, of_product)
            fits[index] = True
        except CellDefect as defect:
            check.refuse(np.array([index]), name, str(defect))
    return minor, fits & present
