"""Examples that the engine does not come to yet; empty in the end."""

from __future__ import annotations

PENDING = frozenset("""
IN-HDFC-1
IN-HDFC-2
US-52a1-1-i
US-52a1-3-ii-A
""".strip().splitlines())
