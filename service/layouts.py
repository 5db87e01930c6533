"""The portfolio files that this room takes in: cases."""

from __future__ import annotations

from accounts.intake.cells import Choice, Code, FreeText, IsoInstant, YesOrNo
from accounts.intake.layout import Column, FileLayout

CASES = FileLayout("cases", "Complaints, disputes, claims and requests.", (
    Column("case", Code(), "name of the case", required=True),
    Column("kind", Choice(("complaint", "dispute", "claim", "request")), "what it is", required=True),
    Column("received_at", IsoInstant(), "when it came; a date means midnight UTC", required=True),
    Column("member", Code(), "member it concerns, if on the books"),
    Column("account", Code(), "account it concerns, if on the books"),
    Column("channel", FreeText(100), "how it came"),
    Column("topic", FreeText(500), "what it is about"),
    Column("product", FreeText(300), "product it is about, in the words of whoever wrote it down"),
    Column("sent_at", IsoInstant(), "when it was passed on"),
    Column("due_at", IsoInstant(), "when an answer is due"),
    Column("answered_at", IsoInstant(), "when it was answered"),
    Column("closed_at", IsoInstant(), "when it was closed"),
    Column("outcome", FreeText(500), "how it ended"),
    Column("timely", YesOrNo(), "whether it was answered in time"),
))
