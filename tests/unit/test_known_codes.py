"""Codes are found as a dictionary would find them, whatever their letters, lengths and order."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from accounts.intake.known_codes import KnownCodes

SCHEMA = pa.schema([("number", pa.int64()), ("name", pa.dictionary(pa.int32(), pa.string()))])
CODE = st.text(st.sampled_from("AB1é日"), min_size=1, max_size=6)
ASKED = st.none() | st.text(st.sampled_from("AB1é日\0"), max_size=9)


@given(st.lists(st.lists(CODE, max_size=5), max_size=4), st.lists(ASKED, max_size=12))
def test_codes_are_found_as_by_a_dictionary(added: list[list[str]], asked: list[str | None]) -> None:
    known, expected, numbers = KnownCodes(SCHEMA), {}, iter(range(100))
    for codes in added:
        rows = [next(numbers) for _ in codes]
        if codes:
            names = pa.array([f"n{row}" for row in rows]).dictionary_encode()
            known.add(pa.array(codes), pa.table({"number": rows, "name": names}, schema=SCHEMA))
        for code, row in zip(codes, rows, strict=True):
            expected.setdefault(code, row)
    held = known.sorted()
    places = held.places(pa.array([*asked, "A"], pa.string()))
    found = [None if place < 0 else held.rows.column("number")[place].as_py() for place in places.tolist()]
    assert found == [expected.get(code) for code in [*asked, "A"]]
    there = places[places >= 0]
    assert held.codes_at(there).to_pylist() == [code for code in [*asked, "A"] if code in expected]
    assert held.rows.column("name").take(pa.array(there)).to_pylist() == [
        f"n{expected[code]}" for code in [*asked, "A"] if code in expected]


def test_what_is_held_does_not_change_and_can_be_forgotten() -> None:
    known = KnownCodes(SCHEMA)
    row = pa.table({"number": [1], "name": pa.array(["n"]).dictionary_encode()}, schema=SCHEMA)
    known.add(pa.array(["A"]), row)
    held = known.sorted()
    known.add(pa.array(["B"]), row)
    asked = pa.array(["A", "B"])
    assert held.places(asked).tolist() == [0, -1]
    assert known.sorted().places(asked).tolist() == [0, 1]
    known.forget()
    assert np.array_equal(known.sorted().places(asked), [-1, -1])
    assert len(held) == 1
