"""What was presented since, by whom, and does it stand on the books once?

Files that networks and banks send: presentments, refunds, reversals, chargebacks. A file is known by its content and its place
in its sender's sequence; one with a gap before it, or cut short, is held until somebody releases it.
Read `layout.py` first, then `file.py` (the checks of a file), `settling.py` (the rules) and `taking.py`.
"""
