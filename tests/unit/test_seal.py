"""The seal: a change of any figure, posting or earlier seal shows; the canonical form stays as documented."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

from statements.seal import FIGURES, NO_SEAL, POSTING, seal_statement, seal_statements

DATES = {"opens_on", "closes_on", "due_on", "oldest_unpaid_due_on", "posted_on", "effective_on", "transaction_on"}
DAY_0 = date(1970, 1, 1)


def figures(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: DAY_0 + timedelta(19480 + place) if name in DATES else place for place, (name, _) in enumerate(FIGURES)
    }
    return {**values, "previous_sha256": NO_SEAL, **changes}


def posting(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"member_id": 1, "account_id": 2}
    values |= {name: DAY_0 + timedelta(19480 + place) if name in DATES else place + 1
               for place, (name, _) in enumerate(POSTING)}
    return values | changes


def days(value: Any) -> Any:
    return (value - DAY_0).days if isinstance(value, date) else value


def test_canonical_form_is_the_documented_one() -> None:
    """Put together by hand from docs/reference/seal.md, with struct instead of numpy."""
    row, line = figures(), posting()
    codes = {">i8": "q", ">i4": "i", ">i2": "h"}
    expected = b"cardwright.seal/1" + NO_SEAL + struct.pack(">i", 1)
    expected += b"".join(struct.pack(">" + codes[kind], days(row[name])) for name, kind in FIGURES)
    expected += b"".join(struct.pack(">" + codes[kind], days(line[name])) for name, kind in POSTING)
    assert len(expected) == 17 + 32 + 4 + 278 + 48
    assert seal_statement(row, [line]) == sha256(expected).digest()


@pytest.mark.parametrize("name", [name for name, _ in FIGURES])
def test_every_figure_is_sealed(name: str) -> None:
    changed = figures()
    changed[name] = changed[name] + (timedelta(1) if name in DATES else 1)
    assert seal_statement(changed, []) != seal_statement(figures(), [])


@pytest.mark.parametrize("name", [name for name, _ in POSTING])
def test_every_fact_of_a_posting_is_sealed(name: str) -> None:
    changed = posting()
    changed[name] = changed[name] + (timedelta(1) if name in DATES else 1)
    assert seal_statement(figures(), [changed]) != seal_statement(figures(), [posting()])


def test_every_fact_of_a_statement_row_is_sealed() -> None:
    from billing.models import Statement

    assert {name for name, _ in FIGURES} == {each.name for each in Statement.__table__.columns} - {
        "sha256", "previous_sha256"}


def test_the_seal_before_is_sealed_in() -> None:
    assert seal_statement(figures(previous_sha256=b"\1" * 32), []) != seal_statement(figures(), [])


def test_order_of_reading_does_not_matter() -> None:
    first, second = posting(source_line=1), posting(source_line=2)
    assert seal_statement(figures(), [second, first]) == seal_statement(figures(), [first, second])


def test_no_card_is_card_0() -> None:
    assert seal_statement(figures(), [posting(card_id=None)]) == seal_statement(figures(), [posting(card_id=0)])


@pytest.mark.parametrize("shape", [
    lambda hashes: np.array(hashes, dtype="S32"),
    lambda hashes: np.array([np.void(each) for each in hashes]),
    lambda hashes: np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 32),
], ids=["S32", "V32", "uint8"])
def test_a_batch_seals_each_account_as_alone(shape: Callable[[list[bytes]], Any]) -> None:
    before = [NO_SEAL, sha256(b"a").digest()[:30] + b"\0\0", b"\0" * 31 + b"\7"]
    rows = [figures(account_id=number, previous_sha256=seal) for number, seal in enumerate(before)]
    lines = [[], [posting(source_line=number) for number in range(3)], [posting()]]
    columns = {name: np.array([days(row[name]) for row in rows]) for name, _ in FIGURES}
    columns["previous_sha256"] = shape(before)
    together = [line for each in lines for line in each]
    seals = seal_statements(columns, {name: np.array([days(line[name]) for line in together]) for name, _ in POSTING},
                            np.array([0, 0, 3, 4]))
    assert [each.tobytes() for each in seals] == [seal_statement(*pair) for pair in zip(rows, lines, strict=True)]


def test_no_accounts_give_no_seals() -> None:
    nothing = {name: np.empty(0, dtype=np.int64) for name, _ in (*FIGURES, *POSTING)}
    assert seal_statements(nothing | {"previous_sha256": np.empty(0, "S32")}, nothing, np.array([0])).shape == (0, 32)


def test_starts_that_leave_postings_out_are_refused() -> None:
    columns = {name: np.array([1]) for name, _ in FIGURES} | {"previous_sha256": np.array([b""], dtype="S32")}
    with pytest.raises(ValueError, match="starts must run from 0 to 1"):
        seal_statements(columns, {name: np.array([1]) for name, _ in POSTING}, np.array([0, 0]))
