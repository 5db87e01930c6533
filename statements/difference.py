"""The one-page difference: what a rebilling changed, laid out for the holder. What PDF and HTML both show.

Every figure comes from the rebilling; nothing is computed but the sum of corrections that share a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from accounts.money import major_units
from billing.rebill import Rebilling
from statements.facts import Letterhead
from statements.issued import AccountKey
from statements.rebilling_shape import ChangedCycle, CorrectionLine, RebillingDocument
from statements.wording import TAGS, Language, grouped, label, labels, language_of, long_date, posting_text

#: What of each statement the holder is told, and the label of its column.
COLUMNS = (("interest", "interest"), ("fees", "fees"), ("minimum_payment_due", "minimum_short"), ("new_balance", "new_balance"))
#: More statements than these do not fit on one page; the latest are shown.
MOST_CYCLES = 7
#: The same of late events; and of corrections, of which those of a kind and reason share a row where they are more, and the
#: smallest rows one row where those are still too many.
MOST_EVENTS, MOST_CORRECTIONS = 5, 6

Page = dict[str, Any]


@dataclass(frozen=True)
class DifferenceFacts:
    """What the page says beside the rebilling: to whom it goes, and the figures of each changed statement before and after.

    statements: by closing date, (before, after) of each of COLUMNS, as text.
    """

    letterhead: Letterhead
    statements: dict[str, dict[str, tuple[str, str]]]


def difference_facts(connection: Connection[Any], key: AccountKey, found: Rebilling) -> DifferenceFacts:
    """What the page of a rebilling says beside its document, read from the books."""
    terms = found.after.history.scenario.terms[-1]

    def text(amount: int) -> str:
        return major_units(amount, found.digits, terms.shown_digits)

    before = {each.row["closes_on"]: each.row for each in found.before.simulated.statements}
    statements = {
        each.row["closes_on"].isoformat(): {
            name: (text(before.get(each.row["closes_on"], {}).get(name, 0)), text(each.row[name])) for name, _ in COLUMNS}
        for each in found.after.simulated.statements
    }
    return DifferenceFacts(_letterhead(connection, key, terms.name), statements)


def _letterhead(connection: Connection[Any], key: AccountKey, product_name: str | None) -> Letterhead:
    """To whom the page of an account is addressed."""
    row = connection.execute(
        "SELECT member.name, org_unit.name, member.language FROM card_account JOIN member USING (member_id)"
        " LEFT JOIN org_unit ON org_unit.org_unit_id = coalesce(card_account.org_unit_id, member.org_unit_id)"
        " WHERE card_account.member_id = %s AND card_account.account_id = %s", (key.member_id, key.account_id)).fetchone()
    holder, org_unit, language = row or (None, None, None)
    return Letterhead(holder, org_unit, language, product_name)


def difference_page(told: RebillingDocument, facts: DifferenceFacts, language: Language | None = None) -> Page:
    """The page of a rebilling in the reader's language: texts and amounts, ready to be set."""
    letterhead = facts.letterhead
    lang = language or language_of(letterhead.language)
    on = _long(told["on"], lang)
    total = Decimal(told["total"])
    headline = "difference_less" if total < 0 else "difference_more" if total > 0 else "difference_none"
    return {
        "language": TAGS[lang], "chinese": lang == "zh", "labels": labels(lang), "draft": not told["posted"],
        "title": label("difference_title", lang), "account": told["account"], "on": told["on"], "currency": told["currency"],
        "letterhead": [text for text in (letterhead.holder, letterhead.org_unit) if text],
        "about": [{"label": label(name, lang), "value": value} for name, value in (
            ("account", told["account"]), ("product", letterhead.product_name or told["product"]),
            ("currency", told["currency"]))],
        "headline": [
            {"label": label(headline, lang), "value": f"{told['currency']} {grouped(told['total'].removeprefix('-'))}"},
            {"label": label("difference_on", lang), "value": on},
            {"label": label("difference_statements", lang), "value": str(len(told["cycles"]))},
        ],
        "notice": "" if told["posted"] else label("difference_draft_note", lang),
        "events": list(_events(told, lang)),
        "events_earlier": label("events_earlier", lang, count=len(told["events"]) - MOST_EVENTS)
        if len(told["events"]) > MOST_EVENTS else "",
        "columns": [label(text, lang) for _, text in COLUMNS],
        "cycles": list(_cycles(told["cycles"], facts, lang)),
        "earlier": label("cycles_earlier", lang, count=len(told["cycles"]) - MOST_CYCLES)
        if len(told["cycles"]) > MOST_CYCLES else "",
        "corrections": list(_corrections(told["corrections"], lang)),
        "posted_note": label("posted_note", lang, on=on, amount=_signed(told["total"]), currency=told["currency"])
        if told["corrections"] else label("posted_none", lang),
        "total": _signed(told["total"]),
    }


def _events(told: RebillingDocument, lang: Language) -> Iterator[dict[str, str]]:
    for each in told["events"][-MOST_EVENTS:]:
        yield {"late_for": each["late_for"], "event": posting_text(each["type"], lang), "ref": each["ref"],
               "posted_on": each["posted_on"], "amount": grouped(each["amount"])}


def _cycles(cycles: Sequence[ChangedCycle], facts: DifferenceFacts, lang: Language) -> Iterator[dict[str, Any]]:
    for each in cycles[-MOST_CYCLES:]:
        figures = facts.statements[each["closes_on"]]
        yield {
            "closes_on": _long(each["closes_on"], lang),
            "figures": [{"before": grouped(before), "after": grouped(after), "changed": before != after}
                        for before, after in (figures[name] for name, _ in COLUMNS)],
        }


def _corrections(lines: Sequence[CorrectionLine], lang: Language) -> Iterator[dict[str, str]]:
    """A row for each correction; where they are many, one for all of a kind and reason."""
    groups: dict[tuple[str, ...], list[CorrectionLine]] = {}
    for place, each in enumerate(lines):
        alone = str(place) if len(lines) <= MOST_CORRECTIONS else ""
        groups.setdefault((each["type"], each["reason"], alone), []).append(each)
    rows = list(groups.values())
    if len(rows) > MOST_CORRECTIONS:
        by_size = sorted(rows, key=lambda same: -abs(Decimal(_sum(each["amount"] for each in same))))
        rows = [same for same in rows if same in by_size[:MOST_CORRECTIONS - 1]]
    for same in rows:
        first, last = same[0], same[-1]
        charge = posting_text(first["type"].removesuffix("_correction"), lang)
        what = label("charge_of_day", lang, charge=charge, on=first["corrects"]) if len(same) == 1 else label(
            "charge_of_days", lang, charge=charge, count=len(same), first=first["corrects"], last=last["corrects"])
        yield {"what": what, "why": _why(same, lang), "amount": _signed(_sum(each["amount"] for each in same))}
    left = [each for same in groups.values() if same not in rows for each in same]
    if left:
        yield {"what": label("other_corrections", lang, count=len(left)), "why": label("reason_follows_all", lang),
               "amount": _signed(_sum(each["amount"] for each in left))}


def _why(same: Sequence[CorrectionLine], lang: Language) -> str:
    """One plain sentence: what was charged, what would have been, and why."""
    before, after = (_sum(each[name] for each in same) for name in ("before", "after"))
    gone, new = not Decimal(after), not Decimal(before)
    if same[0].get("waiver"):
        name = "waiver_gone" if gone else "waiver_changed"
    else:
        name = "correction_gone" if gone else "correction_new" if new else "correction_changed"
    said = label(name, lang, before=grouped(before), after=grouped(after))
    because = label(f"reason_{same[0]['reason']}", lang)
    return f"{said}：{because}。" if lang == "zh" else f"{said[:1].upper()}{said[1:]}: {because}."


def _sum(amounts: Any) -> str:
    return format(sum(map(Decimal, amounts), Decimal(0)), "f")


def _signed(amount: str) -> str:
    """An amount with its sign: more or less."""
    shown = grouped(amount.removeprefix("-"))
    return f"−{shown}" if amount.startswith("-") else f"+{shown}" if Decimal(amount) else shown


def _long(day: str, lang: Language) -> str:
    return long_date(date.fromisoformat(day), lang)
