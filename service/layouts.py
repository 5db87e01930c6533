"""The portfolio files that this room takes in: cases, contacts, orders."""

from __future__ import annotations

from accounts.intake.cells import Amount, Choice, Code, FreeText, IsoInstant, WholeNumber, YesOrNo
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

#: A contact that lasts longer than a week is a slip of the clock.
_SECONDS = WholeNumber(0, 7 * 86_400)
CONTACTS = FileLayout("contacts", "Contacts offered to the service desk: calls, chats, visits.", (
    Column("contact", Code(), "name of the contact", required=True),
    Column("offered_at", IsoInstant(), "when it came; a date means midnight UTC", required=True),
    Column("outcome", Choice(("answered", "abandoned", "self_service", "other")), "what became of it", required=True),
    Column("member", Code(), "member who asked, if on the books"),
    Column("channel", FreeText(100), "how it came"),
    Column("queue", FreeText(100), "queue that it was offered to"),
    Column("topic", FreeText(500), "what it was about"),
    Column("priority", FreeText(100), "priority that it was given"),
    Column("wait_s", _SECONDS, "seconds until it was answered or given up"),
    Column("handle_s", _SECONDS, "seconds that the answer took"),
    Column("agent", FreeText(100), "who answered"),
    Column("transfers", WholeNumber(0, 1000), "how often it was passed on"),
    Column("resolved", YesOrNo(), "whether it was settled"),
    Column("csat", WholeNumber(1, 5), "how satisfied the member was, 5 is best"),
    Column("nps", WholeNumber(0, 10), "how likely the member is to recommend us, 10 is best"),
))

ORDERS = FileLayout("orders", "Sales orders of cards.", (
    Column("order", Code(), "name of the order", required=True),
    Column("channel", Choice(("store", "phone", "web", "pickup", "direct", "app", "company")), "how it came", required=True),
    Column("ordered_at", IsoInstant(), "when it was made; a date means midnight UTC", required=True),
    Column("buyer", Code(), "member who buys, if on the books"),
    Column("product", Code(), "product of the cards; left out where all products of the book have one currency"),
    Column("quantity", WholeNumber(1, 1_000_000), "how many cards; left out: 1"),
    Column("face", Amount(), "face value of one card"),
    Column("price", Amount(), "what the order costs in all"),
    Column("paid_at", IsoInstant(), "when it was paid"),
    Column("delivered_at", IsoInstant(), "when the cards were handed over"),
    Column("org_unit", Code(), "code of the unit that sells them"),
    Column("status", FreeText(100), "where it stands, in the words of whoever wrote it down"),
))

#: Every file of this room by its kind.
SERVICE_LAYOUTS = {each.kind: each for each in (CASES, CONTACTS, ORDERS)}
