"""CSV as it comes: whatever the bytes, each row is taken or rejected by its physical line, and nothing is guessed."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.intake import delimited
from accounts.intake.delimited import MalformedHeader, read_blocks, read_header
from accounts.intake.rows import Reject, joined

NAMES: list[str | None] = ["a", "b", None]


def read(body: bytes, names: Sequence[str | None] = NAMES) -> tuple[dict[int, list[str | None]], list[Reject]]:
    """Cells by line, and rejects, of rows that follow a header on line 1."""
    blocks = list(read_blocks(io.BytesIO(body), 1, names))
    if not blocks:
        return {}, []
    block = joined(blocks)
    columns = [block.column(name).to_pylist() for name in names if name is not None]
    return dict(zip(block.lines.tolist(), map(list, zip(*columns, strict=True)), strict=True)), block.broken


def test_texts_stay_what_they_are() -> None:
    rows, rejects = read(b"007,Null,x\n1e3,NA,\n,,\n  pad ,#N/A,x\nO'Brien,\"a \"\"quote\"\", and\",x\n")
    assert list(rows) == [2, 3, 4, 5, 6]
    assert [*rows.values()] == [
        ["007", "Null"], ["1e3", "NA"], [None, None], ["  pad ", "#N/A"], ["O'Brien", 'a "quote", and'],
    ]
    assert rejects == []


@pytest.mark.parametrize(("body", "lines", "rejected"), [
    (b"1,2,3\n4,5,6\n", [2, 3], []),
    (b"1,2,3\n4,5,6", [2, 3], []),
    (b"1,2,3\r\n4,5,6\r\n", [2, 3], []),
    (b"1,2,3\r\n4,5,6\n7,8,9\r\n", [2, 3, 4], []),
    (b"1,2,3\n\n\r\n4,5,6\n\n", [2, 5], []),
    (b'1,"two\nlines",3\n4,5,6\n', [2, 4], []),
    (b'1,"two\r\nlines",3\r\n4,5,6\r\n', [2, 4], []),
    (b"1,2\n4,5,6\n7,8,9,10\n", [3],
     [(2, "has 2 cells; the header names 3 columns"), (4, "has 4 cells; the header names 3 columns")]),
    (b"1,2,3\n4,\xe9,6\n7,8,9\n", [2, 4], [(3, "is not UTF-8 (byte 0xE9)")]),
    (b"1,2,3\n4,5\x00,6\n", [2], [(3, "has a NUL byte in it")]),
    (b'1,2,3\n4,"never closed,6\n7,8,9\n10,11,12\n', [2, 4, 5], [(3, "a quote is opened and never closed")]),
    (b'1,2,3\n4,"closed" early,6\n7,8,9\n', [2, 4],
     [(3, "text follows a closing quote; a quote inside a quoted cell is written twice")]),
    (b"1,2,3\r4,5,6\r7,8,9\r", [], [(2, "a carriage return stands alone; lines end in LF or CRLF")]),
    (b'1,5" pipe,3\n4,6" pipe,6\n', [2, 3], []),
    (b"", [], []),
    (b"\n\n\n", [], []),
])
def test_each_row_stands_on_its_physical_line(body: bytes, lines: list[int], rejected: list[tuple[int, str]]) -> None:
    rows, rejects = read(body)
    assert sorted(rows) == lines
    assert [(each.line, each.reason) for each in rejects] == rejected


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1000])
def test_lines_are_right_wherever_the_file_is_cut_into_blocks(block_bytes: int) -> None:
    body = b'1,2,3\n"a\nb\nc",5,6\n\n7,"x ""y"" z",9\nragged\n10,"open\n11,12,13\n' * 40
    with patch.object(delimited, "BLOCK_BYTES", block_bytes):
        assert read(body) == read_whole(body)


def read_whole(body: bytes) -> tuple[dict[int, list[str | None]], list[Reject]]:
    with patch.object(delimited, "BLOCK_BYTES", len(body) + 1), patch.object(delimited, "_whole_columns", return_value=None):
        return read(body)


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=30), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_a_csv_writer_wrote_comes_back(written: list[tuple[str, str, str]], ending: str, quote_all: bool) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ending, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL).writerows(written)
    rows, rejects = read(text.getvalue().encode(), ["a", "b", "c"])
    assert rejects == []
    expected = [[unicodedata.normalize("NFC", cell) or None for cell in row] for row in written]
    assert [rows[line] for line in sorted(rows)] == expected


PIECES = [b"a", b",", b",,", b'"', b'""', b"\n", b"\r\n", b"\r", b"\xe9", "é".encode(), b"\x00", b" ", b"x,y,z\n", b'"q",1,2\n']


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
@example(b'a"\n"b,c,d\n')
@example(b'",\n",x,y\n')
def test_the_fast_way_and_the_careful_way_agree_on_any_bytes(body: bytes) -> None:
    assert read(body) == read_whole(body)


@given(st.binary(max_size=200))
def test_no_bytes_are_too_odd(body: bytes) -> None:
    rows, rejects = read(body)
    assert not set(rows) & {each.line for each in rejects}


def test_a_million_stray_quotes_do_not_take_for_ever() -> None:
    rows, rejects = read(b'1,"2,3\n' * 20_000)
    assert len(rejects) + len(rows) > 9_000


def test_headers() -> None:
    assert read_header(b"a,b\n1,2\n") == (["a", "b"], 4, 1)
    assert read_header(b'"a","b\nc"\r\n1,2\n') == (["a", "b\nc"], 11, 2)
    assert read_header(b"a,b") == (["a", "b"], 3, 1)
    for start, why in ((b"a,\xe9\n", "not UTF-8"), (b"\n\na,b\n", "blank"), (b'"a,b\n1,2\n', "never closed"),
                       (b'"a"b,c\n', "closing quote")):
        with pytest.raises(MalformedHeader, match=why):
            read_header(start)
