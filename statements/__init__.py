"""statements answers: what did we tell the holder, and can we prove it?

Composes the statement (docs/reference/statement.md) from the books, seals and chains it, renders it (PDF, HTML, CSV),
explains each charge, and verifies the books. Read first: compose.py, then seal.py, then explain.py.
"""
