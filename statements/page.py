"""Lays a statement out as a page: every text in the reader's language, every amount as printed. What PDF and HTML both show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from billing.payoff import years_said
from statements.document import CorrectedBy, LateEvent, SegmentInterest, StatementDocument
from statements.facts import Letterhead
from statements.page_prepaid import of_prepaid
from statements.payoff import MONTHS
from statements.wording import (
    TAGS,
    Language,
    charge_text,
    described,
    grouped,
    label,
    labels,
    language_of,
    long_date,
    posting_text,
    rate_text,
    segment_text,
)

#: The statement's sum, in the order it is read: figure, and whether it lowers the balance.
SUM: tuple[tuple[str, bool], ...] = (
    ("previous_balance", False), ("payments", True), ("credits", True), ("purchases", False), ("cash_advances", False),
    ("balance_transfers", False), ("fees", False), ("interest", False), ("waivers", True), ("adjustments", False),
)
#: Lines of the sum that are left out where they are zero; the others are always printed.
_ONLY_IF_ANY = {"cash_advances", "balance_transfers", "waivers", "adjustments", "credits"}

#: An account without a limit is kept with one that no balance reaches; nobody wants to read it.
NO_LIMIT = Decimal(10) ** 12

Page = dict[str, Any]


def page_of(statement: StatementDocument, letterhead: Letterhead, language: Language | None = None) -> Page:
    """The page of a statement: nested lists and texts, ready to be set; amounts with their thousands set apart.

    language: that of the letterhead's member where none is given. Nothing is computed but what a reader would add up: the
    totals of tables.
    """
    lang = language or language_of(letterhead.language)
    page: Page = {
        "language": TAGS[lang], "chinese": lang == "zh", "labels": labels(lang), "draft": statement.get("draft", False),
        "title": label("corrected_title" if "corrected" in statement else "title", lang),
        "closes_on": statement["cycle"]["closes_on"], "account": statement["account"],
        "letterhead": [text for text in (letterhead.holder, letterhead.org_unit) if text],
        "about": _about(statement, letterhead.product_name or statement["product"], lang),
        "headline": _headline(statement, lang),
        "notices": _notices(statement, letterhead, lang), "summary": _summary(statement, lang),
        "credit": _credit(statement, lang), "interest": _interest(statement, lang),
        "payoff": _payoff(statement, lang),
        "charges": _charges(statement, lang), "lines": _lines(statement, lang), "cards": _cards(statement, lang),
        "seal": statement["seal"], "currency": statement["currency"],
    }
    return of_prepaid(page, statement, lang) if letterhead.prepaid else page


def _about(statement: StatementDocument, product_name: str, lang: Language) -> list[dict[str, str]]:
    cycle = statement["cycle"]
    days = label("days", lang, days=cycle["days"])
    about = {
        "account": statement["account"],
        "product": product_name,
        "closing": long_date(date.fromisoformat(cycle["closes_on"]), lang),
        "period": f"{cycle['opens_on']} – {cycle['closes_on']} ({days})",
        "number": str(cycle["number"]),
        "currency": statement["currency"],
        "terms_version": statement["terms_version"],
    }
    if "corrected" in statement:
        about["corrected_on"] = long_date(date.fromisoformat(statement["corrected"]["on"]), lang)
    return [{"label": label(name, lang), "value": value} for name, value in about.items()]


def _headline(statement: StatementDocument, lang: Language) -> list[dict[str, str]]:
    owed, asked = Decimal(statement["new_balance"]) >= 0, _asked(statement)
    due_on = long_date(date.fromisoformat(statement["payment_due_on"]), lang)
    return [
        {"label": label("new_balance" if owed else "credit_balance", lang), "value": grouped(statement["new_balance"])},
        {"label": label("minimum_payment_due", lang), "value": grouped(statement["minimum_payment_due"])},
        {"label": label("payment_due_on", lang), "value": due_on if asked > 0 else "–"},
    ]


def _asked(statement: StatementDocument) -> Decimal:
    """The new balance without what is disputed."""
    return Decimal(statement["disputed"]["not_disputed"] if "disputed" in statement else statement["new_balance"])


def _notices(statement: StatementDocument, letterhead: Letterhead, lang: Language) -> list[dict[str, str]]:
    """Sentences under the headline: what is urgent first."""
    notices: list[tuple[str, str]] = []
    currency, balance = statement["currency"], _asked(statement)

    def say(tone: str, name: str, **fields: object) -> None:
        notices.append((tone, label(name, lang, currency=currency, **fields)))

    if "corrected" in statement:
        return [{"tone": "calm", "text": text} for text in _corrected(statement, statement["corrected"], lang)]
    if statement.get("draft"):
        say("calm", "draft_note", closes_on=long_date(date.fromisoformat(statement["cycle"]["closes_on"]), lang))
    if "charged_off" in statement:
        off = statement["charged_off"]
        say("urgent", "charged_off_note", on=long_date(date.fromisoformat(off["on"]), lang),
            amount=grouped(off["not_recovered"]))
    if Decimal(statement["past_due"]) > 0:
        say("urgent", "past_due_note", amount=grouped(statement["past_due"]), days=statement["days_past_due"])
    if Decimal(statement["over_limit"]) > 0:
        say("urgent", "over_limit_note", amount=grouped(statement["over_limit"]))
    if "disputed" in statement:
        say("calm", "disputed_note", amount=grouped(statement["disputed"]["amount"]))
    if balance < 0:
        say("good", "nothing_to_pay", amount=grouped(format(-balance, "f")))
    elif balance == 0:
        say("good", "nothing_else_owed" if "disputed" in statement else "nothing_owed")
    elif letterhead.purchases_bear_interest:
        _say_of_interest(statement, letterhead, lang, say)
    return [{"tone": tone, "text": text} for tone, text in notices]


def _corrected(statement: StatementDocument, corrected: CorrectedBy, lang: Language) -> Iterator[str]:
    """Which statement this one corrects, why, and where the difference is. What is to be paid says the latest issued one."""
    on, closes_on = (long_date(date.fromisoformat(each), lang) for each in (corrected["on"], statement["cycle"]["closes_on"]))
    draft = statement.get("draft", False)
    yield label("corrected_draft_note" if draft else "corrected_note", lang, on=on, closes_on=closes_on,
                seal=corrected["corrects"][:16])
    for each in corrected["because"]:
        yield late_event_text(each, statement["currency"], lang)


def late_event_text(event: LateEvent, currency: str, lang: Language) -> str:
    """A late event as a sentence."""
    return label("late_event_note", lang, event=posting_text(event["type"], lang), amount=grouped(event["amount"]),
                 currency=currency, late_for=long_date(date.fromisoformat(event["late_for"]), lang),
                 posted_on=long_date(date.fromisoformat(event["posted_on"]), lang))


def _say_of_interest(statement: StatementDocument, letterhead: Letterhead, lang: Language,
                     say: Callable[..., None]) -> None:
    """How the holder keeps clear of interest, or why that is too late."""
    if not letterhead.purchases_have_grace:
        say("calm", "pay_without_grace")
    elif statement["grace"] == "kept":
        due_on = long_date(date.fromisoformat(statement["payment_due_on"]), lang)
        say("calm", "pay_in_full", amount=grouped(format(_asked(statement), "f")), due_on=due_on)
    else:
        say("calm", "pay_revolving")


def _summary(statement: StatementDocument, lang: Language) -> dict[str, Any]:
    figures: dict[str, Any] = dict(statement)
    rows = []
    for name, lowers in SUM:
        amount = figures[name]
        if name in _ONLY_IF_ANY and not Decimal(amount):
            continue
        if name == "previous_balance":
            sign, shown = "", amount
        else:
            sign = "−" if lowers != amount.startswith("-") else "+"
            shown = amount.removeprefix("-")
        rows.append({"sign": sign, "label": label(name, lang), "value": grouped(shown)})
    return {"rows": rows, "total": {"label": label("new_balance", lang), "value": grouped(statement["new_balance"])}}


def _credit(statement: StatementDocument, lang: Language) -> list[dict[str, str]]:
    rows = [("credit_limit", grouped(statement["credit_limit"])), ("available_credit", grouped(statement["available_credit"]))]
    if Decimal(statement["credit_limit"]) >= NO_LIMIT:
        rows = [("credit_limit", label("no_limit", lang))]
    rows += [("over_limit", grouped(statement["over_limit"])), ("past_due", grouped(statement["past_due"]))]
    if statement["days_past_due"]:
        rows.append(("days_past_due", str(statement["days_past_due"])))
    if "charged_off" in statement:
        rows += [("charged_off", statement["charged_off"]["on"]),
                 ("not_recovered", grouped(statement["charged_off"]["not_recovered"]))]
    rows.append(("grace", label(f"grace_{statement['grace']}", lang)))
    shown = [{"label": label(name, lang), "value": value} for name, value in rows]
    shown += [{"label": label("disputed_since", lang, since=each["since"]), "value": grouped(each["amount"])}
              for each in (statement["disputed"]["items"] if "disputed" in statement else ())]
    year = label("year_to_date", lang)
    between = ": " if lang == "en" else ""
    return shown + [
        {"label": f"{year}{between}{label(name, lang)}", "value": grouped(amount)}
        for name, amount in (("interest", statement["year_to_date"]["interest"]), ("fees", statement["year_to_date"]["fees"]))
    ]


def _payoff(statement: StatementDocument, lang: Language) -> dict[str, Any] | None:
    """How the balance is paid off; the level payment only where minimum payments alone take longer."""
    payoff = statement.get("payoff")
    if payoff is None or payoff["minimum_only"]["months"] == 0:
        return None
    alone, level = payoff["minimum_only"], payoff["in_36_months"]
    grows = alone.get("reason") == "negative_amortisation"
    if alone["months"] is not None:
        takes = _about_so_long(alone["months"], lang)
    else:
        takes = label("payoff_never" if grows else "payoff_longer", lang)
    total = "–" if alone["total"] is None else grouped(alone["total"])
    rows = [{"pay": label("payoff_minimum", lang), "months": takes, "total": total}]
    if alone["months"] is None or alone["months"] > MONTHS:
        rows.append({"pay": f"{grouped(level['payment'])} {statement['currency']}", "months": _about_so_long(MONTHS, lang),
                     "total": grouped(level["total"])})
    notes = ["payoff_never_note", "payoff_assumes"] if grows else ["payoff_assumes"]
    return {"rows": rows, "notes": [label(each, lang) for each in notes]}


def _about_so_long(months: int, lang: Language) -> str:
    years = years_said(months)
    return label("payoff_in_months", lang, months=months) if years is None else label("payoff_in_years", lang, years=years)


def _interest(statement: StatementDocument, lang: Language) -> list[dict[str, str]]:
    return [
        {"segment": segment_text(each["segment"], lang), "rate": _rate(each, lang),
         "average_daily_balance": grouped(each["average_daily_balance"]), "balance_days": grouped(each["balance_days"]),
         "interest": grouped(each["interest"])}
        for each in statement["interest_by_segment"]
    ]


def _rate(interest: SegmentInterest, lang: Language) -> str:
    """The rate of a segment, or all that bore: whose, on the balance up to what, on which days."""
    if "rates" not in interest:
        return rate_text(interest["rate"], interest["rate_per"], lang)
    said = []
    for each in interest["rates"]:
        text = rate_text(each["rate"], each["rate_per"], lang)
        if "up_to" in each:
            text = label("rate_up_to", lang, rate=text, amount=grouped(each["up_to"]))
        if each["of"] != "terms":
            text = label(f"rate_{each['of']}", lang, rate=text)
        if "from" in each and len({(row["from"], row["to"]) for row in interest["rates"]}) > 1:
            text = label("rate_days", lang, rate=text, first=each["from"], last=each["to"])
        said.append(text)
    return ("; " if lang == "en" else "；").join(said)


def _charges(statement: StatementDocument, lang: Language) -> dict[str, Any]:
    rows = [
        {"on": each["on"], "charge": charge_text(each["kind"], each.get("segment"), lang), "clause": each["clause"],
         "amount": grouped(each["amount"])}
        for each in statement["charges"]
    ]
    return {"rows": rows, "total": _total([each["amount"] for each in statement["charges"]])}


def _lines(statement: StatementDocument, lang: Language) -> dict[str, Any]:
    rows = [
        {"posted_on": each["posted_on"], "transaction_on": each["transaction_on"],
         "description": described(each["description"], each["type"], lang), "ref": each["ref"], "card": each["card"],
         "amount": grouped(each["amount"]), "lowers": each["amount"].startswith("-")}
        for each in statement["lines"]
    ]
    return {"rows": rows, "total": _total([each["amount"] for each in statement["lines"]])}


def _cards(statement: StatementDocument, lang: Language) -> list[dict[str, str]]:
    known = labels(lang)
    return [
        {"card": each["card"], "kind": known.get(f"kind_{each['kind']}", each["kind"]),
         "purchases": grouped(each["purchases"]), "cash_advances": grouped(each["cash_advances"]),
         "credits": grouped(each["credits"])}
        for each in statement["cards"]
    ]


def _total(amounts: list[str]) -> str:
    return grouped(format(sum(map(Decimal, amounts), Decimal(0)), "f")) if amounts else ""
