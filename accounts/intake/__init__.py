"""Intake of portfolio files: organisation units, members, accounts, cards, transactions.

A file goes through `files` (what is it?), `delimited` or `typed_files` (its rows, as columns of text with their lines),
`checking` and a rules module (`account_rules`, `transaction_rules`: which rows are right?), and `taking` (chunk by chunk, each
in one transaction). What the files look like stands in `layouts`, what a cell may say in `cells`.
Read first: taking.py, then transactions.py.
"""

from accounts.intake.layouts import file_schema

__all__ = ["file_schema"]
