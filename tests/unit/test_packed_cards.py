"""Sets of card ids keep what is put into them, in the shortest form, and say the same bytes whatever order they came in."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.packed_cards import BITS, BYTE_GAPS, PLAIN, SHORT_GAPS, mark, packed, plain, united, unpacked

IDS = st.sets(st.one_of(st.integers(0, 400), st.integers(0, 70_000), st.integers(0, 500_000)), max_size=300)


def as_array(ids: set[int] | range) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(sorted(ids), dtype=np.int64)


@pytest.mark.parametrize(("ids", "form", "size", "why"), [
    (set(), BYTE_GAPS, 0, "nothing takes the first byte alone"),
    ({0}, BITS, 1, "of forms of one byte the first"),
    ({7}, BITS, 1, "the eighth bit"),
    ({254}, BYTE_GAPS, 1, "the widest gap of one byte"),
    ({255}, BYTE_GAPS, 2, "a step without a card, and none further"),
    ({254, 509}, BYTE_GAPS, 3, "so between two cards"),
    (set(range(0, 1000, 9)), BYTE_GAPS, 112, "every ninth: a byte each is less than nine bits"),
    (set(range(0, 1000, 7)), BITS, 125, "every seventh: a bit for each is less"),
    (set(range(0, 100_000, 1_000)), SHORT_GAPS, 200, "far apart"),
    ({*range(0, 100_000, 1_000), 99_000 + 65_535}, SHORT_GAPS, 204, "a gap of 65,535 is a step and nothing further"),
    ({1_000_000, 3_000_000, 2**31 - 1}, PLAIN, 12, "too far apart for gaps"),
])
def test_the_shortest_form_is_taken(ids: set[int], form: int, size: int, why: str) -> None:
    cards = packed(as_array(ids))
    assert (cards[0], len(cards) - 1) == (form, size), why
    assert unpacked(cards).tolist() == sorted(ids), why


@given(IDS)
def test_what_is_packed_is_unpacked(ids: set[int]) -> None:
    assert unpacked(packed(as_array(ids))).tolist() == sorted(ids)


@given(IDS, st.integers(0, 500))
def test_marked_are_the_cards_that_have_a_place(ids: set[int], places: int) -> None:
    seen = np.zeros(places, dtype=bool)
    seen[::7] = True
    mark(seen, packed(as_array(ids)))
    assert set(np.flatnonzero(seen).tolist()) == {each for each in ids if each < places} | set(range(0, places, 7))


@given(st.lists(IDS, max_size=5), st.randoms())
def test_united_are_all_cards_of_any_set(sets: list[set[int]], chance: Random) -> None:
    together = [packed(as_array(each)) for each in sets]
    chance.shuffle(together)
    assert united(together).tolist() == sorted(set().union(*sets))


@given(st.lists(st.integers(0, 2**31 - 1), max_size=50))
def test_ids_as_the_database_strings_them_together(ids: list[int]) -> None:
    strung = b"".join(each.to_bytes(4, "big") for each in ids)
    assert plain(strung).tolist() == ids
