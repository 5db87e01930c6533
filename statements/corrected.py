"""Corrected statements: as they would have been issued, had the late events of a rebilling been known in time.

Found from the ledger and the terms as they were known at that rebilling, so that they read the same whenever they are asked
for. The statements as issued stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

from psycopg import Connection

from accounts.errors import Usage
from accounts.posting_types import OWN_CHARGES
from billing.posted_rebilling import PostedRebill, events_of, posted_rebills, rebilling_as_posted
from billing.rates_borne import rates_borne
from billing.rebill import Rebilling, find_rebilling
from billing.simulation import SimulatedStatement
from statements.facts import CorrectedBy, PostingLine, StatementFacts, carried_rows
from statements.issued import AccountKey, StatementReader, account_key
from statements.seal import seal_statement, seal_statements

_FIELDS = tuple(each.name for each in fields(PostingLine))
_CARDS = """
SELECT source_id, source_line, type, card_id FROM posting WHERE member_id = %s AND account_id = %s AND card_id IS NOT NULL
"""


class NotCorrected(Usage):
    """A statement that no rebilling corrected."""

    def __init__(self, account: str, closes_on: date | None, corrected: Sequence[date]) -> None:
        there_are = f"corrected are those of {', '.join(map(str, corrected))}" if corrected else (
            "no late event reaches back to any of them (`cardwright rebill --preview` says what would be corrected)")
        asked = f"the statement of {closes_on}" if closes_on else "its statements"
        super().__init__(f"account {account}: no rebilling corrected {asked}; {there_are}")


def corrected_facts(connection: Connection[Any], account: str, closes_on: date | None = None, *, every: bool = False,
                    as_of: date | None = None, preview: bool = False) -> list[StatementFacts]:
    """The corrected statements of an account, oldest first: that of a closing, the latest, or every one there is.

    as_of: count only rebillings posted by that day; preview: as the next rebilling would correct them, marked as drafts.
    Raises UnknownAccount, NotCorrected, or what finding a rebilling raises.
    """
    key = account_key(connection, account)
    issued = StatementReader(connection).of_accounts([key])
    found: list[StatementFacts] = []
    for rebilling, first_late_for, events, own_until in _rebillings(connection, key, as_of, preview):
        dates = [each.row["closes_on"] for each in issued if first_late_for <= each.row["closes_on"] < own_until]
        found = [each for each in found if each.row["closes_on"] not in dates]
        wanted = dates if every else [each for each in dates if closes_on is None or each == closes_on]
        found += _corrected(connection, key, rebilling, [each for each in issued if each.row["closes_on"] in wanted], events,
                            preview)
    found.sort(key=lambda each: each.row["closes_on"])
    if not found:
        raise NotCorrected(account, closes_on, [] if closes_on is None else _dates(connection, key, issued))
    return found if every else found[-1:]


def _rebillings(connection: Connection[Any], key: AccountKey, as_of: date | None,
                preview: bool) -> list[tuple[Rebilling, date, Sequence[Mapping[str, Any]], date]]:
    """Each rebilling with the earliest day that it reaches back to, the events known with it, and the day it was posted."""
    before = [each for each in posted_rebills(connection, key.member_id, key.account_id) if each.first_late_for is not None]
    if preview:
        found = find_rebilling(connection, key.member_id, key.account_id, seal_statements)
        earlier = events_of(connection, key.member_id, key.account_id, before[-1], earlier=True) if before else []
        late = sorted([*earlier, *found.late], key=lambda row: row["late_for"])
        return [(found, min(row["late_for"] for row in found.late), late, found.on)] if found.late else []
    return [
        (rebilling_as_posted(connection, key.member_id, key.account_id, each, seal_statements), _first(each),
         events_of(connection, key.member_id, key.account_id, each, earlier=True), each.posted_on)
        for each in before if as_of is None or each.posted_on <= as_of
    ]


def _first(rebill: PostedRebill) -> date:
    assert rebill.first_late_for is not None
    return rebill.first_late_for


def _dates(connection: Connection[Any], key: AccountKey, issued: Sequence[StatementFacts]) -> list[date]:
    rebills = [each for each in posted_rebills(connection, key.member_id, key.account_id) if each.first_late_for is not None]
    return [each.row["closes_on"] for each in issued
            if any(_first(rebill) <= each.row["closes_on"] < rebill.posted_on for rebill in rebills)]


def _corrected(connection: Connection[Any], key: AccountKey, rebilling: Rebilling, issued: Sequence[StatementFacts],
               events: Sequence[Mapping[str, Any]], preview: bool) -> list[StatementFacts]:
    if not issued:
        return []
    reader = StatementReader(connection)
    cards = reader.cards({"members": [key.member_id], "accounts": [key.account_id]})[1]
    used: dict[tuple[int, ...], int] = {}
    for source_id, line, kind, card_id in connection.execute(_CARDS, (key.member_id, key.account_id)):
        used[source_id, line, kind] = card_id
        if source_id != OWN_CHARGES:
            used.setdefault((source_id, line), card_id)
    simulated = {each.row["closes_on"]: each for each in rebilling.after.simulated.statements}
    found = []
    for facts in issued:
        statement = simulated[facts.row["closes_on"]]
        lines = [_line(rebilling, each, used) for each in statement.postings]
        row = _row(rebilling, facts, statement, None if preview else lines)
        told = [event for event in events if event["late_for"] <= facts.row["closes_on"]]
        found.append(replace(
            reader.facts(row, lines, cards, carried_rows(statement.charged), rates_borne(statement.trace, 0), statement.plans,
                         statement.hardship),
            corrected_by=CorrectedBy(rebilling.on, bytes(facts.row["sha256"]), told)))
    return found


def _line(rebilling: Rebilling, posting: Mapping[str, Any], used: Mapping[tuple[int, ...], int]) -> PostingLine:
    """A posting of the simulation as it would stand in the ledger."""
    source_id, line = place = rebilling.after.place_of(posting)
    version = posting["terms_version_id"]
    return PostingLine(**{name: posting[name] for name in _FIELDS} | {
        "source_id": source_id, "source_line": line, "card_id": used.get((*place, posting["type"]), used.get(place)),
        "terms_version_id": rebilling.after.version_id(version) if version else None})


def _row(rebilling: Rebilling, issued: StatementFacts, statement: SimulatedStatement,
         lines: Sequence[PostingLine] | None) -> dict[str, Any]:
    """The row of a corrected statement; its seal is chained to the statement that it corrects. lines: None for a draft."""
    row = {**issued.row, **statement.row, "member_id": issued.row["member_id"], "account_id": issued.row["account_id"],
           "cycle_no": issued.row["cycle_no"],
           "terms_version_id": rebilling.after.version_id(statement.row["terms_version_id"]),
           "previous_sha256": bytes(issued.row["sha256"])}
    row["sha256"] = None if lines is None else seal_statement(
        row, [{name: getattr(each, name) for name in _FIELDS} for each in lines])
    return row
