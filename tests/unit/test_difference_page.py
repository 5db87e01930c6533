"""The one-page difference stays one page, however much became known, and says what it leaves out."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pypdf
import pytest

from statements.difference import COLUMNS, MOST_CORRECTIONS, MOST_CYCLES, MOST_EVENTS, DifferenceFacts, difference_page
from statements.facts import Letterhead
from statements.rebilling_shape import RebillingDocument
from statements.render_difference import difference_html, difference_pdf
from statements.wording import LANGUAGES, Language

TYPES = ("purchase_interest", "cash_advance_interest", "over_limit_interest", "segment_interest", "minimum_interest",
         "late_payment_fee", "over_limit_fee", "returned_payment_fee", "annual_fee", "interest_tax")


def document(events: int, cycles: int, corrections: int, kinds: int) -> RebillingDocument:
    """A rebilling with so many of each; every correction is of 1.00 less."""
    days = [f"20{20 + number // 12}-{number % 12 + 1:02d}-05" for number in range(cycles)]
    lines: list[Any] = [
        {"on": "2025-06-21", "corrects": days[number % cycles], "kind": "interest",
         "type": f"{TYPES[number % kinds]}_correction", "before": "3.00", "after": "2.00", "amount": "-1.00", "clause": "",
         "reason": "unpaid_differs", "because": "so"}
        for number in range(corrections)]
    return {
        "schema": "cardwright.rebilling/1", "account": "A-1", "product": "classic", "currency": "CNY", "on": "2025-06-21",
        "posted": True, "corrections": lines, "total": f"-{corrections}.00",
        "events": [{"type": "payment", "amount": f"{number + 1}.00", "late_for": "2024-04-20", "posted_on": "2025-06-21",
                    "ref": f"REFERENCE-{number}"} for number in range(events)],
        "cycles": [{"closes_on": day, "figures": {}, "charges": []} for day in days],
    }


def facts(told: RebillingDocument) -> DifferenceFacts:
    figures = {name: ("1234567.89", "987654.32") for name, _ in COLUMNS}
    return DifferenceFacts(Letterhead("Ann Example", "Branch of the North"),
                           {each["closes_on"]: figures for each in told["cycles"]})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("events", "cycles", "corrections", "kinds"), [(40, 30, 90, 10), (5, 7, 6, 6), (5, 7, 6, 1)])
def test_it_is_one_page(language: Language, events: int, cycles: int, corrections: int, kinds: int) -> None:
    told = document(events, cycles, corrections, kinds)
    pages = pypdf.PdfReader(io.BytesIO(difference_pdf(told, facts(told), language))).pages
    assert len(pages) == 1
    assert f"{corrections}.00" in pages[0].extract_text()
    assert "Branch of the North" in difference_html(told, facts(told), language).decode()


def test_what_does_not_fit_is_summed_and_said() -> None:
    told = document(40, 30, 90, 10)
    page = difference_page(told, facts(told), "en")
    assert (len(page["events"]), page["events_earlier"]) == (MOST_EVENTS, f"and {40 - MOST_EVENTS} earlier ones")
    assert (len(page["cycles"]), page["earlier"]) == (MOST_CYCLES, f"and {30 - MOST_CYCLES} earlier statements")
    assert len(page["corrections"]) == MOST_CORRECTIONS
    assert page["corrections"][-1]["what"] == "45 smaller corrections"
    assert sum(Decimal(each["amount"].replace("−", "-")) for each in page["corrections"]) == Decimal(told["total"])
    assert page["corrections"][0]["why"] == (
        "27.00 was charged and 18.00 would have been: another part of the minimum payment was unpaid.")
