"""Explains more of a charge that a rebilling posted: which charge it corrects, from what to what, and why."""

from __future__ import annotations

from accounts.posting_types import BY_CODE
from statements.compose import AmountText
from statements.document import Charge, ExplainedCharge
from statements.facts import PostingLine
from statements.history import History
from statements.wording import Language, label, posting_text


def explain_correction(history: History, line: PostingLine, charge: Charge, language: Language) -> ExplainedCharge:
    """A correcting posting with the charge that it corrects; its days are those of the corrected statement."""
    corrected, amount = history.corrections[line.source_id, line.source_line], AmountText(history.facts)
    kind, terms = BY_CODE[corrected.charge_type], history.facts.terms
    version = history.facts.terms_by_version.get(line.terms_version_id or 0, terms)
    because = corrected.because if language == "en" else label(
        "corrected", language, charge=posting_text(kind.name, language), on=corrected.charge_on.isoformat(),
        before=amount(corrected.before), after=amount(corrected.after))
    return ExplainedCharge(
        **charge, terms_version=version.label, days=[], unrounded=charge["amount"], rounding="none", because=because,
        facts={"corrects": corrected.charge_on.isoformat(), "before": amount(corrected.before),
               "after": amount(corrected.after)},
    )
