"""Terms kept as dated rows: versions of a product that cannot overlap once approved."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Integer, text
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint
from sqlalchemy.dialects.postgresql.ranges import Range
from sqlalchemy.orm import Mapped, mapped_column

from accounts.models import Base


class TermsVersion(Base):
    """One version of one product's terms; in force over `in_force` once a second person has approved it.

    document: the terms as given (JSON of the TOML), sha256: of its canonical JSON. A version is never edited: a later one
    only ends its `in_force`.
    """

    __tablename__ = "terms_version"
    __table_args__ = (
        ExcludeConstraint(("product", "="), ("in_force", "&&"), where=text("status = 'approved'"), using="gist",
                          name="ex_terms_version_in_force"),
        CheckConstraint("status IN ('proposed', 'approved')", name="status"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="second_person"),
    )

    terms_version_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    product: Mapped[str]
    in_force_from: Mapped[date]
    in_force: Mapped[Range[date]] = mapped_column(DATERANGE)
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sha256: Mapped[bytes]
    status: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
