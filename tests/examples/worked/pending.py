"""Examples that the engine does not come to yet; empty in the end."""

from __future__ import annotations

PENDING = frozenset("""
TW-TCB-06
IN-HDFC-1
IN-HDFC-2
US-53b-2 a payment in the cycle of the expiry
US-7b11-2
US-52b2ii-1-vii
IN-SLICE-1
IN-SLICE-2
US-52b2i-2-iii
US-52b2i-3-i
US-52b2ii-1-iv
US-52b2ii-1-v
US-56j-2-i
US-56j-2-ii
US-56j-5-i
US-56j-5-ii
CN-OLF-old
IN-ICICI-OL over limit
US-52a1-1-i
US-52a1-3-ii-A
""".strip().splitlines())
