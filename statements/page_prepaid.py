"""Turns a statement's page into that of a prepaid card: value that the holder has, where a credit card's says what is owed.

Figures of the statement are as everywhere, what the holder owes above zero; only what is printed has the other sign.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from statements.document import StatementDocument
from statements.wording import Language, grouped, label, long_date

#: The value's sum, in the order it is read: figure of the statement, its label here, and whether it raises the value.
_SUM: tuple[tuple[str, str, bool], ...] = (
    ("payments", "value_put_on", True), ("credits", "value_given_back", True), ("purchases", "value_spent", False),
    ("fees", "fees", False), ("waivers", "waivers", True), ("adjustments", "adjustments", False),
)
#: Always printed, nought or not.
_ALWAYS = ("payments", "purchases")
#: Texts of the page that speak of value instead of debt.
_OTHER_WORDS = {
    "credit": "value_of_the_year", "sign_rule": "value_sign_rule", "total_lines": "value_total_lines",
    "purchases": "value_spent", "credits": "value_given_back",
}


def of_prepaid(page: dict[str, Any], statement: StatementDocument, lang: Language) -> dict[str, Any]:
    """The page with the words and signs of a prepaid card; the rest of it as it was."""
    labels = page["labels"] | {name: label(other, lang) for name, other in _OTHER_WORDS.items()}
    # What is green on the page of a debt is green here: it is the holder's gain on both.
    rows = [row | {"amount": _turned(row["amount"])} for row in page["lines"]["rows"]]
    lines = {"rows": rows, "total": _turned(page["lines"]["total"])}
    title = page["title"] if "corrected" in statement else label("prepaid_title", lang)
    notices = page["notices"] if "corrected" in statement or page["draft"] else []
    return page | {
        "labels": labels, "title": title, "headline": _headline(statement, lang), "notices": notices[:1],
        "summary": _summary(statement, lang),
        "credit": [{"label": label("fees", lang), "value": grouped(statement["year_to_date"]["fees"])}],
        "interest": [], "payoff": None, "lines": lines,
    }


def _headline(statement: StatementDocument, lang: Language) -> list[dict[str, str]]:
    return [
        {"label": label("value", lang), "value": _turned(grouped(statement["new_balance"]))},
        {"label": label("value_before", lang), "value": _turned(grouped(statement["previous_balance"]))},
        {"label": label("closing", lang), "value": long_date(date.fromisoformat(statement["cycle"]["closes_on"]), lang)},
    ]


def _summary(statement: StatementDocument, lang: Language) -> dict[str, Any]:
    figures: dict[str, Any] = dict(statement)
    rows = [{"sign": "", "label": label("value_before", lang), "value": _turned(grouped(statement["previous_balance"]))}]
    for name, shown, raises in _SUM:
        amount = figures[name]
        if name in _ALWAYS or Decimal(amount):
            sign = "+" if raises != amount.startswith("-") else "−"
            rows.append({"sign": sign, "label": label(shown, lang), "value": grouped(amount.removeprefix("-"))})
    return {"rows": rows, "total": {"label": label("value", lang), "value": _turned(grouped(statement["new_balance"]))}}


def _turned(amount: str) -> str:
    """An amount with the other sign; nought has none."""
    if not amount.strip("-0.,"):
        return amount.removeprefix("-")
    return amount.removeprefix("-") if amount.startswith("-") else f"-{amount}"
