"""Which characters the statement's face can draw, so that a merchant's emoji never keeps a statement from being printed."""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path
from typing import Any

#: Stands for a character that cannot be drawn.
MISSING = "□"


@lru_cache(maxsize=4)
def drawable(font: Path) -> frozenset[int]:
    """Code points that an OpenType font has glyphs for, read from its `cmap` table (segmented coverage, format 12).

    Raises ValueError if the font has no such table.
    """
    content = font.read_bytes()
    tables = struct.unpack_from(">H", content, 4)[0]
    for place in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", content, 12 + 16 * place)
        if tag == b"cmap":
            return _segmented_coverage(content, offset)
    raise ValueError(f"{font.name} is not an OpenType font: it has no cmap table")


def only_drawable(value: Any, font: Path) -> Any:
    """The same nested lists and texts with every character that the font cannot draw replaced by a box."""
    if isinstance(value, str):
        known = drawable(font)
        return "".join(each if ord(each) in known else MISSING for each in value)
    if isinstance(value, dict):
        return {name: only_drawable(each, font) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [only_drawable(each, font) for each in value]
    return value


def _segmented_coverage(content: bytes, cmap: int) -> frozenset[int]:
    subtables = struct.unpack_from(">H", content, cmap + 2)[0]
    for place in range(subtables):
        start = cmap + struct.unpack_from(">I", content, cmap + 4 + 8 * place + 4)[0]
        if struct.unpack_from(">H", content, start)[0] == 12:
            groups = struct.unpack_from(">I", content, start + 12)[0]
            segments = struct.iter_unpack(">III", content[start + 16:start + 16 + 12 * groups])
            return frozenset(point for first, last, _ in segments for point in range(first, last + 1))
    raise ValueError("the font's cmap has no segmented coverage (format 12)")
