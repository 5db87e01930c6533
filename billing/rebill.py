"""Rebills an account of the books: finds what late events change in everything charged so far, and posts the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.errors import Findings, Refused, Trouble
from accounts.intake.taking import ID_LOCK
from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import BY_CODE, CHARGE_OFF
from billing.left_as_posted import LEFT_AS_POSTED
from billing.rebilled import BilledAgain, bill_again, charged
from billing.rebilling import Charge, ChargeKey, Correction, corrections, reason
from billing.simulation import Simulated
from billing.statement_rows import Seal
from billing.terms_book import TermsBook

_ACCOUNT = """
SELECT account, product, currency, prepaid FROM card_account WHERE member_id = %s AND account_id = %s FOR NO KEY UPDATE
"""
_LATE = """
SELECT p.source_id, p.source_line, p.type, p.amount, p.posted_on, p.late_for, p.source_ref FROM posting p
WHERE p.member_id = %s AND p.account_id = %s AND p.late_for < p.posted_on AND p.posted_on <= %s
  AND NOT EXISTS (SELECT 1 FROM rebilled_event e WHERE e.member_id = p.member_id AND e.account_id = p.account_id
                  AND e.event_source_id = p.source_id AND e.event_source_line = p.source_line)
ORDER BY p.late_for, p.source_id, p.source_line
"""
_LAST_STATEMENT = """
SELECT closes_on, new_balance, EXISTS (SELECT 1 FROM rebill r WHERE r.member_id = s.member_id
                                       AND r.account_id = s.account_id AND r.posted_on > s.closes_on)
FROM statement s WHERE member_id = %s AND account_id = %s AND cycle_no > 0 ORDER BY cycle_no DESC LIMIT 1
"""
#: Events that post on the open day: the fees on them are charged when it is run.
_OF_THE_OPEN_DAY = """
SELECT source_id, source_line FROM posting WHERE member_id = %s AND account_id = %s AND posted_on = %s AND source_id <> 1
"""


#: Who rebills as part of a business day, for all accounts in one source.
OF_THE_DAY = ("night", "closing")


class NothingBilled(Refused):
    """A prepaid account is charged at the counter, as things happen: no late event changes what it was charged."""

    def __init__(self, account: str) -> None:
        super().__init__(f"account {account} is prepaid: its charges are taken at the counter; nothing of it is billed again")


class NothingClosed(Refused):
    """A book that has closed no business day has nothing to rebill."""

    def __init__(self) -> None:
        super().__init__("the book has closed no business day yet, so there is nothing to rebill; run the business days first")


class DayUnderWay(Trouble):
    """A business day is being run: what it charges is not all there yet."""

    def __init__(self, on: date) -> None:
        super().__init__(f"the business day {on} is being run; rebill when it is done (see `cardwright status`)")


class NotReproduced(Findings):
    """An account whose charges its history does not come to: nothing can be said of what late events change."""

    def __init__(self, account: str, what: str) -> None:
        super().__init__(f"account {account} was not rebilled: billed again from its history it does not come to what was "
                         f"charged ({what}); `cardwright verify --account {account}` says what was changed, and a parked "
                         "account is released first; `cardwright rebill --leave` has the events count from their posting; "
                         "docs/how-to/rebill-late-events.md names the accounts that cannot be")


@dataclass(frozen=True)
class Rebilling:
    """What rebilling an account comes to.

    on: the open business day, which the corrections are dated; late: rows of the late events that it takes in; before, after:
    the account as it was billed and as it would have been; correcting: the postings to come.
    """

    member_id: int
    account_id: int
    account: str
    digits: int
    on: date
    late: Sequence[Mapping[str, Any]]
    before: BilledAgain
    after: BilledAgain
    correcting: list[Correction]

    @property
    def reasons(self) -> dict[ChargeKey, str]:
        """Why each charge is corrected, one sentence."""
        return {each.key: reason(each, self.grace(each), lambda amount: major_units(amount, self.digits))
                for each in self.correcting}

    def grace(self, correction: Correction) -> tuple[str, str] | None:
        """Grace as decided at the closing that made a charge, before and after; None for one made on another day."""
        decided = [{each.row["closes_on"]: each.row["grace"] for each in billed.simulated.statements}.get(correction.on)
                   for billed in (self.before, self.after)]
        names = ("kept", "lost")
        return None if decided[0] is None or decided[1] is None else (names[decided[0]], names[decided[1]])


def find_rebilling(connection: Connection[Any], member_id: int, account_id: int, seal: Seal, on: date | None = None,
                   book: TermsBook | None = None, record: Callable[[date], None] | None = None) -> Rebilling:
    """What the late events of an account change; reads, and holds the account and the business day until the transaction ends.

    on: the business day that is being run, before anything of it was posted, where it is not the open one; book: all terms;
    record: writes down what changes the account's history (how a dispute was decided), given the day.
    Raises NothingClosed, NothingBilled, DayUnderWay, or NotReproduced where the account's history does not come to what it was
    charged.
    """
    on, closed_through = _book_day(connection) if on is None else (on, on - timedelta(days=1))
    found = connection.execute(_ACCOUNT, (member_id, account_id)).fetchone()
    account, product, currency, prepaid = found or ("", "", 0, False)
    if prepaid:
        raise NothingBilled(account)
    book = book or TermsBook(connection)
    with connection.cursor(row_factory=dict_row) as cursor:
        late = cursor.execute(_LATE, (member_id, account_id, on)).fetchall()
    not_yet = set(connection.execute(_OF_THE_OPEN_DAY, (member_id, account_id, on)).fetchall())
    before = bill_again(connection, member_id, account_id, product, book, seal, closed_through, on).without(not_yet)
    was = charged(connection, member_id, account_id, closed_through, on)
    _must_come_to_what_was_charged(connection, member_id, account_id, account, before, was)
    if record is not None:
        record(on)
    after = bill_again(connection, member_id, account_id, product, book, seal, closed_through, on, True).without(not_yet)
    return Rebilling(member_id, account_id, account, BY_NUMERIC[currency].digits, on, late, before, after,
                     corrections(after.should, was))


def rebill(connection: Connection[Any], found: Rebilling, by_whom: str, source_id: int | None = None) -> int:
    """Post what a rebilling found, in the caller's transaction; gives the number of correcting postings.

    source_id: of the decision that brought it, which is noted even where it corrects nothing. Run again it finds nothing more:
    the late events are noted as taken in, the charges as corrected.
    """
    if not found.late and not found.correcting and source_id is None:
        return 0
    events = [(row["source_id"], row["source_line"]) for row in found.late]
    post_rebilling(connection, found.member_id, found.account_id, found.on, found.after, found.correcting, found.reasons,
                   by_whom, events, source_id)
    return len(found.correcting)


def post_rebilling(connection: Connection[Any], member_id: int, account_id: int, on: date, after: BilledAgain,
                   correcting: Sequence[Correction], reasons: Mapping[ChargeKey, str], by_whom: str,
                   events: Sequence[tuple[int, int]], source_id: int | None = None) -> None:
    """Write a rebilling: its source (where it has none yet) and record, the events it took in, the correcting postings with
    what they correct."""
    account, currency = connection.execute(
        "SELECT account, currency FROM card_account WHERE member_id = %s AND account_id = %s", (member_id, account_id),
    ).fetchone() or ("", 0)
    by_the_day = by_whom in OF_THE_DAY
    source_id = source_id or new_source(
        connection, f"rebilling by the {by_whom} of {on}" if by_the_day else f"rebilling of {account} on {on}", by_the_day)
    key = (member_id, account_id)
    connection.execute("INSERT INTO rebill (member_id, account_id, source_id, posted_on, by_whom, corrected_sha256)"
                       " VALUES (%s, %s, %s, %s, %s, %s)", (*key, source_id, on, by_whom, digest(after.simulated)))
    _mark_charged_off(connection, key, correcting, after)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO rebilled_event (member_id, account_id, event_source_id, event_source_line, source_id)"
                           " VALUES (%s, %s, %s, %s, %s)", [(*key, *event, source_id) for event in events])
        for line, each in enumerate(correcting, 1):
            kind = each.posting_type
            cursor.execute(
                "INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account,"
                " credit_account, currency, amount, effective_on, transaction_on, terms_version_id, clause, description)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (*key, on, source_id, line, kind.code, kind.debit, kind.credit, currency, abs(each.amount), on, each.on,
                 each.terms_version_id, each.clause or None, None))
            cursor.execute(
                "INSERT INTO correction (member_id, account_id, posted_on, source_id, source_line, type, charge_on,"
                " charge_type, charge_source_id, charge_source_line, before, after, because)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (*key, on, source_id, line, kind.code, each.on, each.key.type, each.key.source_id, each.key.source_line,
                 each.before, each.after, reasons.get(each.key) or reason(each, None, lambda amount: major_units(
                     amount, BY_NUMERIC[currency].digits))))


def _mark_charged_off(connection: Connection[Any], key: tuple[int, int], correcting: Sequence[Correction],
                      after: BilledAgain) -> None:
    """A charge-off that would not have been is lifted, one that would have been is marked, as the closing does."""
    if any(each.key.type == CHARGE_OFF.code for each in correcting):
        was, now = ("active", "charged_off") if any(each.type == CHARGE_OFF.code for each in after.should) else (
            "charged_off", "active")
        connection.execute("UPDATE card_account SET status = %s WHERE member_id = %s AND account_id = %s AND status = %s",
                           (now, *key, was))


def leave(connection: Connection[Any], found: Sequence[Mapping[str, Any]], member_id: int, account_id: int, on: date,
          by_whom: str, reason_given: str) -> int:
    """Decide that late events are not rebilled: they count from the day they posted. Gives how many.

    found: rows with source_id and source_line, as `late_events`.
    """
    if not found:
        return 0
    source_id = new_source(connection, f"late events left as posted: {reason_given}")
    key = (member_id, account_id)
    connection.execute("INSERT INTO rebill (member_id, account_id, source_id, posted_on, by_whom, corrected_sha256)"
                       " VALUES (%s, %s, %s, %s, %s, %s)", (*key, source_id, on, by_whom, LEFT_AS_POSTED))
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO rebilled_event (member_id, account_id, event_source_id, event_source_line, source_id)"
                           " VALUES (%s, %s, %s, %s, %s)",
                           [(*key, row["source_id"], row["source_line"], source_id) for row in found])
    return len(found)


def late_events(connection: Connection[Any], member_id: int, account_id: int) -> tuple[date, list[dict[str, Any]]]:
    """The open business day, and the late events of an account that nothing was decided about; holds both.

    Raises NothingClosed, DayUnderWay.
    """
    on, _ = _book_day(connection)
    connection.execute(_ACCOUNT, (member_id, account_id))
    with connection.cursor(row_factory=dict_row) as cursor:
        return on, cursor.execute(_LATE, (member_id, account_id, on)).fetchall()


def new_source(connection: Connection[Any], name: str, shared: bool = False) -> int:
    """A source of corrections; shared: the same for all accounts of a night, whichever shard comes first.

    Ids of sources are given in one transaction at a time, as intake does.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ID_LOCK,))
    row = connection.execute("SELECT source_id FROM source WHERE kind = 'rebill' AND name = %s",
                             (name,)).fetchone() if shared else None
    row = row or connection.execute(
        "INSERT INTO source AS made (source_id, kind, name, complete)"
        " SELECT max(source_id) + 1, 'rebill', %s, true FROM source RETURNING made.source_id", (name,)).fetchone()
    assert row is not None
    return int(row[0])


def digest(simulated: Simulated) -> bytes:
    """One digest over all statements of an account billed again."""
    return sha256(b"".join(each.row["sha256"] for each in simulated.statements)).digest()


def _book_day(connection: Connection[Any]) -> tuple[date, date]:
    row = connection.execute("SELECT open_on, closed_through FROM book WHERE book_id = 1 FOR SHARE").fetchone()
    if row is None or row[1] is None:
        raise NothingClosed
    open_on, closed_through = row
    if open_on != closed_through + timedelta(days=1):
        raise DayUnderWay(open_on - timedelta(days=1))
    return open_on, closed_through


def _must_come_to_what_was_charged(connection: Connection[Any], member_id: int, account_id: int, account: str,
                                   before: BilledAgain, was: Mapping[ChargeKey, Charge]) -> None:
    """Up to its last closing the history has to come to what was charged, and to what was owed."""
    last = connection.execute(_LAST_STATEMENT, (member_id, account_id)).fetchone()
    if last is None:
        return
    closes_on, new_balance, rebilled_since = last
    for each in corrections(before.should, was):
        if each.on <= closes_on:
            raise NotReproduced(account, f"{BY_CODE[each.key.type].name} of {each.on}: {each.before} charged, {each.after} "
                                         "minor units found")
    owed = next((each.row["new_balance"] for each in before.simulated.statements if each.row["closes_on"] == closes_on), None)
    if owed != new_balance and not rebilled_since:
        raise NotReproduced(account, f"its statement of {closes_on}")
