"""Examples that the engine does not come to yet; empty in the end."""

from __future__ import annotations

PENDING = frozenset("""
IN-SBI22
IN-ZEE-SBI
TW-TCB-06
BR-704 to the nearest cent
BR-704 cut off
BR-DF
AU-ANZ
ID-DIBAYARIN
US-ADB-1
US-ADB-3
US-UNPAID-25
US-2CYC-CARDHUB two cycles
US-2CYC-CARDHUB two cycles, cut off
US-2CYC-CARDHUB one cycle
US-2CYC-ABOUT two cycles
US-2CYC-ABOUT one cycle
US-AppF-1
US-AppF-2
US-AppF-3
US-AppF-4
US-AppF-5
US-AppF-6
US-7a6-3-tiered
US-14c2-min
US-14c4
US-7b6-4
PH-CITI
UK-BARC-COMPOUND
IN-IDFC
SG-SC-IOI before
US-55b-2-ii
IN-SBI22-MIN
IN-HDFC-1
IN-HDFC-2
JP-GANKIN fixed principal
JP-GANKIN fixed total
UK-NATIONWIDE
UK-CONC-675
UK-BARC-MIN 3.00
UK-BARC-MIN 400.00
UK-BARC-MIN 1,000.00
US-53-5-iii
US-53-5-v-A
US-53-2-i-cycle-end
US-53-2-ii-credit-day
US-53b-2 expiry before the due date
US-53b-2 a payment in the cycle of the expiry
US-53b-2 expiry after the due date
UK-CONC-674
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
US-55b4-1 paid on the sixtieth day
US-55b4-1 part paid on the sixtieth day
US-55b4-3-iv-A
US-55a-1-iii-B sixty days
US-55a-1-iii-B notice
US-55b-3-iii-C
HK-MIN-26Y
""".strip().splitlines())
