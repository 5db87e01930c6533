"""Text that a spreadsheet shows as text: what could start a formula is disarmed, never run.

A cell is dangerous when it opens with = + - @, with their full-width twins, or with white space or control characters that
a spreadsheet skips before it looks for them.
"""

from __future__ import annotations

_STARTS_A_FORMULA = frozenset("=+-@＝＋－＠|%")


def spreadsheet_safe(text: str) -> str:
    """The text as it may stand in a CSV field: with an apostrophe before it where a spreadsheet could run it."""
    stripped = text.lstrip(" \t\r\n\v\f\u00a0\u3000\u200b\ufeff\x00")
    opens_with_control = text[:1] in {"\t", "\r", "\n"}
    return "'" + text if stripped[:1] in _STARTS_A_FORMULA or opens_with_control else text
