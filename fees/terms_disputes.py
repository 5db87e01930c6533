"""Terms of disputed amounts: what is charged for the time of a dispute that the holder loses."""

from __future__ import annotations

from fees.terms_values import TermsTable


class DisputeTerms(TermsTable):
    """What a dispute that is decided for the issuer costs."""

    interest_if_lost: bool = False
    """Charge, once it is decided for the issuer, the interest that the amount would have borne while it was disputed."""
