"""The second engine: what should this account's statements say, worked out again from the rules alone?

One account at a time, debit by debit and day by day, in exact fractions; nothing of the engine that bills is used, so that a
mistake in one is not a mistake in the other. Read docs/reference/billing-rules.md first, then `account.py`: a business day
and a closing; `walk.py` goes through a cycle's days, `bearing.py` says what bears interest, `interest.py` what it comes to.
"""

from statements.reperformance.account import ReperformedStatement
from statements.reperformance.books import reperform_account
from statements.reperformance.covered import NotReperformed
from statements.reperformance.scenario import reperform

__all__ = ["NotReperformed", "ReperformedStatement", "reperform", "reperform_account"]
