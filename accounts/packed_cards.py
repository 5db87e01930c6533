"""Sets of card ids in few bytes: as a bit for every card, or as the gaps from one id to the next.

The first byte says which. Of the forms there are the shortest is taken, the first of equal ones, so that a set always has the
same bytes. Of a million cards a day's half takes an eighth of a byte for every card there is, a merchant's few take one or two
bytes each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

#: The forms: ids of four bytes each, most significant first; a bit for each id from 0 on; gaps of one or two bytes. A gap too
#: large for them is steps of the largest value, each without a card, and the rest.
PLAIN, BITS, BYTE_GAPS, SHORT_GAPS = 0, 1, 2, 3
_GAPS: dict[int, np.dtype[Any]] = {BYTE_GAPS: np.dtype("u1"), SHORT_GAPS: np.dtype("<u2")}
_MOST = {form: int(np.iinfo(kind).max) for form, kind in _GAPS.items()}


def packed(ids: Ids) -> bytes:
    """A set in few bytes; ids: ascending, each once, from 0 on."""
    if not len(ids):
        return bytes([BYTE_GAPS])
    gaps = np.diff(ids, prepend=0)
    widest = int(gaps.max())
    lengths = {form: kind.itemsize * (len(ids) + (int((gaps // _MOST[form]).sum()) if widest >= _MOST[form] else 0))
               for form, kind in _GAPS.items()}
    lengths |= {BITS: int(ids[-1]) // 8 + 1, PLAIN: 4 * len(ids)}
    form = min(sorted(lengths), key=lambda each: lengths[each])
    if form == PLAIN:
        body = ids.astype(">i4").tobytes()
    elif form == BITS:
        bits = np.zeros(int(ids[-1]) + 1, dtype=bool)
        bits[ids] = True
        body = np.packbits(bits, bitorder="little").tobytes()
    else:
        body = _steps(gaps, form).tobytes()
    return bytes([form]) + body


def unpacked(cards: bytes) -> Ids:
    """The ids of a set, ascending."""
    form = cards[0]
    if form == PLAIN:
        return plain(cards[1:])
    if form == BITS:
        return np.flatnonzero(_bits(cards))
    steps = np.frombuffer(cards, dtype=_GAPS[form], offset=1)
    ids = np.cumsum(steps, dtype=np.int64)
    without = steps == _MOST[form]
    return ids[~without] if without.any() else ids


def plain(cards: bytes) -> Ids:
    """Ids of four bytes each, as the database strings them together: in any order, any of them several times."""
    return np.frombuffer(cards, dtype=">i4").astype(np.int64)


def mark(seen: npt.NDArray[np.bool_], cards: bytes) -> None:
    """Set the place of every card of a set; ids beyond the places are left out."""
    if cards[0] == BITS:
        bits = _bits(cards)[:len(seen)]
        seen[:len(bits)] |= bits
    else:
        ids = unpacked(cards)
        seen[ids[ids < len(seen)]] = True


def united(sets: Iterable[bytes]) -> Ids:
    """All cards that are in any of the sets, ascending."""
    seen = np.zeros(0, dtype=bool)
    for cards in sets:
        most = _ids_below(cards)
        if most > len(seen):
            seen = np.concatenate([seen, np.zeros(most - len(seen), dtype=bool)])
        mark(seen, cards)
    return np.flatnonzero(seen)


def _ids_below(cards: bytes) -> int:
    """A bound of the ids of a set."""
    if cards[0] == BITS:
        return 8 * (len(cards) - 1)
    return int(unpacked(cards).max(initial=-1)) + 1


def _steps(gaps: Ids, form: int) -> npt.NDArray[Any]:
    """Gaps as values of a form: before each, as many of the largest value as are in it."""
    whole = gaps // _MOST[form]
    steps = np.full(len(gaps) + int(whole.sum()), _MOST[form], _GAPS[form])
    steps[np.cumsum(whole + 1) - 1] = gaps - whole * _MOST[form]
    return steps


def _bits(cards: bytes) -> npt.NDArray[np.bool_]:
    return np.unpackbits(np.frombuffer(cards, dtype=np.uint8, offset=1), bitorder="little").view(bool)
