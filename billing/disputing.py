"""Disputes come into the books here: opened and decided on the open business day, with who and why.

Opening posts nothing. A decision that changes what was billed before rebills the account and posts the difference. The rules:
docs/reference/billing-rules.md, 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.directory import UnknownAccount
from accounts.errors import Refused, Usage
from accounts.money import BY_NUMERIC, BadAmount, major_units, minor_units
from accounts.posting_types import BY_CODE, BY_NAME, CHARGEBACK, PostingType
from billing.disputes import CREDITED_AS, DISPUTABLE, FOR_HOLDER, FOR_ISSUER, Outcome
from billing.rebill import find_rebilling, new_source, rebill
from billing.scenario_of_account import CREDIT_LINE
from billing.statement_rows import Seal
from billing.terms_book import TermsBook

#: The account, held until the dispute is in the books, and the open business day, so that it cannot be run meanwhile.
_ACCOUNT = """
SELECT a.member_id, a.account_id, a.account, a.product, a.currency, b.open_on
FROM account_directory n JOIN card_account a USING (member_id, account_id) CROSS JOIN book b WHERE n.account = %s
FOR UPDATE OF a FOR SHARE OF b
"""
#: Debits by their reference, or by the day they posted and what they came to; those of equal days in the ledger's order.
_DEBITS = """
SELECT posted_on, source_id, source_line, type, amount FROM posting
WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND type = ANY(%(types)s)
  AND (source_ref = %(name)s OR (posted_on = %(on)s AND amount = %(amount)s))
ORDER BY posted_on, source_id, source_line
"""
_DISPUTES = """
SELECT d.dispute_no, d.opened_on, d.debit_posted_on, d.debit_source_id, d.debit_source_line, d.debit_type, d.amount, d.reason,
       d.opened_by, p.amount AS debit_amount, p.source_ref, p.merchant, x.decided_on, x.outcome, x.credited_as,
       x.reason AS decision_reason, x.decided_by,
       (SELECT count(*) FROM correction c WHERE c.member_id = d.member_id AND c.account_id = d.account_id
        AND c.source_id = x.source_id) AS corrections
FROM dispute d
JOIN posting p ON p.member_id = d.member_id AND p.account_id = d.account_id AND p.posted_on = d.debit_posted_on
     AND p.source_id = d.debit_source_id AND p.source_line = d.debit_source_line AND p.type = d.debit_type
LEFT JOIN dispute_decision x ON x.member_id = d.member_id AND x.account_id = d.account_id AND x.dispute_no = d.dispute_no
WHERE d.member_id = %(member_id)s AND d.account_id = %(account_id)s ORDER BY d.dispute_no
"""
_OPEN = """
INSERT INTO dispute (member_id, account_id, dispute_no, opened_on, debit_posted_on, debit_source_id, debit_source_line,
                     debit_type, amount, reason, opened_by)
VALUES (%(member_id)s, %(account_id)s, %(dispute_no)s, %(on)s, %(posted_on)s, %(source_id)s, %(source_line)s, %(type)s,
        %(amount)s, %(reason)s, %(who)s)
"""
_DECIDE = """
INSERT INTO dispute_decision (member_id, account_id, dispute_no, decided_on, outcome, credited_as, source_id, reason,
                              decided_by)
VALUES (%(member_id)s, %(account_id)s, %(dispute_no)s, %(on)s, %(outcome)s, %(credited_as)s, %(source_id)s, %(reason)s,
        %(who)s)
"""
_CREDIT = """
INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account, currency,
                     amount, effective_on, transaction_on, description)
VALUES (%(member_id)s, %(account_id)s, %(on)s, %(source_id)s, %(line)s, %(type)s, %(debit)s, %(credit)s, %(currency)s,
        %(amount)s, %(on)s, %(on)s, %(description)s)
"""


class NotInTheBooks(Refused):
    """A dispute that cannot be opened or decided as asked; says why and what to do."""

    def __init__(self, account: str, why: str) -> None:
        super().__init__(f"account {account}: {why}")


@dataclass(frozen=True)
class Told:
    """Who writes something down, and why; kept."""

    who: str
    reason: str

    def __post_init__(self) -> None:
        for option, text in (("--as", self.who), ("--reason", self.reason)):
            if not text.strip():
                raise Usage(f"{option} is empty; a dispute keeps who wrote it down, and why")

    @property
    def columns(self) -> dict[str, str]:
        """As the tables have them."""
        return {"who": self.who.strip(), "reason": self.reason.strip()}


def open_dispute(connection: Connection[Any], account: str, debit: str, amount: str | None, told: Told) -> dict[str, Any]:
    """Note that the holder disputes a debit, or a part of it, from the open business day on; gives the dispute's facts.

    debit: its reference, or the day it posted and what it came to (2024-05-06/49.90); amount: major units, None for all that
    may be disputed. Raises Usage for what is not on the account, NotInTheBooks for what cannot be disputed.
    """
    of = _account(connection, account)
    earlier = _disputes(connection, of)
    found, left = _disputable(of, debit, _debits(connection, of, debit), earlier)
    asked = left if amount is None else _minor(of, amount)
    if not 0 < asked <= left:
        raise NotInTheBooks(account, f"of {debit} {_text(of, left)} may be disputed, not {amount}; leave --amount out for all "
                                     "of it")
    connection.execute(_OPEN, {**of, **found, **told.columns, "on": of["open_on"], "dispute_no": len(earlier) + 1,
                               "amount": asked})
    return _facts(of, _disputes(connection, of)[-1])


def decide_dispute(connection: Connection[Any], account: str, dispute_no: int, outcome: Outcome, credited_as: str | None,
                   told: Told, seal: Seal) -> dict[str, Any]:
    """Decide a dispute on the open business day; gives its facts, with how many charges were corrected.

    For the holder it is credited (credited_as: chargeback if None, or adjustment_credit) and the account billed as if that much
    had never been debited; for the issuer it is owed again. Raises Usage, NotInTheBooks, or what `find_rebilling` raises.
    """
    of = _account(connection, account)
    mine = next((each for each in _disputes(connection, of) if each["dispute_no"] == dispute_no), None)
    if mine is None:
        raise Usage(f"account {account} has no dispute {dispute_no}; `cardwright dispute list {account}` names them")
    if mine["decided_on"] is not None:
        raise NotInTheBooks(account, f"dispute {dispute_no} was decided {mine['outcome'].replace('_', ' the ')} on "
                                     f"{mine['decided_on']}; what is decided stays: a new dispute can be opened")
    if mine["debit_posted_on"] >= of["open_on"]:
        raise NotInTheBooks(account, f"what dispute {dispute_no} is about posts on {mine['debit_posted_on']}; it can be "
                                     "decided from the day after")
    if credited_as is not None and (outcome != FOR_HOLDER or credited_as not in [each.name for each in CREDITED_AS]):
        raise Usage(f"--credited-as goes with a decision for the holder: {' or '.join(each.name for each in CREDITED_AS)}")
    kind = BY_NAME[credited_as or CHARGEBACK.name] if outcome == FOR_HOLDER else None
    decision = {**of, **told.columns, "dispute_no": dispute_no, "outcome": outcome,
                "credited_as": None if kind is None else kind.name}
    if kind is None and not _charged_for_time_in_dispute(connection, of):
        connection.execute(_DECIDE, {**decision, "on": of["open_on"], "source_id": None})
    else:
        _rebill(connection, decision, kind, mine["amount"], seal)
    return _facts(of, next(each for each in _disputes(connection, of) if each["dispute_no"] == dispute_no))


def list_disputes(connection: Connection[Any], account: str) -> list[dict[str, Any]]:
    """What an account disputes and disputed, in the order it was opened."""
    of = _account(connection, account)
    return [_facts(of, each) for each in _disputes(connection, of)]


# -- a decision that reaches back ---------------------------------------------------------------------------------------


def _rebill(connection: Connection[Any], decision: dict[str, Any], kind: PostingType | None, amount: int, seal: Seal) -> None:
    """Write the decision down between the two billings that are compared, and post what differs."""
    name = f"dispute {decision['dispute_no']} of {decision['account']} decided {decision['outcome'].replace('_', ' the ')}"
    sources = []

    def record(on: date) -> None:
        sources.append(new_source(connection, name))
        row = {**decision, "on": on, "source_id": sources[0]}
        connection.execute(_DECIDE, row)
        if kind is not None:
            connection.execute(_CREDIT, {**row, "line": CREDIT_LINE, "type": kind.code, "debit": kind.debit,
                                         "credit": kind.credit, "amount": amount, "description": decision["reason"]})

    found = find_rebilling(connection, decision["member_id"], decision["account_id"], seal, record=record)
    rebill(connection, found, decision["who"], sources[0])


def _charged_for_time_in_dispute(connection: Connection[Any], of: dict[str, Any]) -> bool:
    """Whether the terms in force charge what a lost dispute would have borne."""
    version = TermsBook(connection).on(of["product"], of["open_on"])
    return version is not None and version.terms.disputes.interest_if_lost


# -- what is on the books -----------------------------------------------------------------------------------------------


def _account(connection: Connection[Any], account: str) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_ACCOUNT, (account,)).fetchone()
    if found is None:
        raise UnknownAccount(account)
    if found["open_on"] is None:
        raise NotInTheBooks(account, "the book has no open business day yet; import the portfolio first")
    return found


def _disputes(connection: Connection[Any], of: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_DISPUTES, of).fetchall()


def _debits(connection: Connection[Any], of: dict[str, Any], debit: str) -> list[dict[str, Any]]:
    """The debits that a name may mean, by the open business day. Raises Usage where there is none."""
    on, amount = None, None
    day, slash, text = debit.partition("/")
    if slash:
        try:
            on, amount = date.fromisoformat(day), _minor(of, text)
        except (ValueError, Usage):
            on, amount = None, None
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_DEBITS, {**of, "types": [each.code for each in DISPUTABLE], "name": debit, "on": on,
                                         "amount": amount}).fetchall()
    if not found:
        raise Usage(f"account {of['account']} has no {', '.join(each.name for each in DISPUTABLE[:-1])} or "
                    f"{DISPUTABLE[-1].name} {debit!r}; give its reference, or the day it posted and its amount: "
                    "2024-05-06/49.90")
    posted = [each for each in found if each["posted_on"] <= of["open_on"]]
    if not posted:
        raise NotInTheBooks(of["account"], f"{debit} posts on {found[0]['posted_on']}; it can be disputed from then on")
    return posted


def _disputable(of: dict[str, Any], debit: str, found: Sequence[dict[str, Any]],
                earlier: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """The first debit of which something may be disputed, and how much of it. Raises NotInTheBooks where there is none."""
    why = ""
    for each in found:
        key = tuple(each[name] for name in ("posted_on", "source_id", "source_line", "type"))
        mine = [one for one in earlier if key == (one["debit_posted_on"], one["debit_source_id"], one["debit_source_line"],
                                                  one["debit_type"])]
        left = each["amount"] - sum(one["amount"] for one in mine if one["outcome"] == FOR_HOLDER)
        last = mine[-1] if mine else None
        if last is not None and last["decided_on"] is None:
            why = f"{debit} is in dispute since {last['opened_on']} (dispute {last['dispute_no']}); decide that first"
        elif last is not None and last["decided_on"] >= of["open_on"]:
            why = f"dispute {last['dispute_no']} of {debit} was decided today; it can be disputed again from the day after"
        elif not left:
            why = f"all of {debit} was credited already"
        else:
            return each, left
    raise NotInTheBooks(of["account"], why)


def _minor(of: dict[str, Any], amount: str) -> int:
    try:
        return minor_units(amount, BY_NUMERIC[of["currency"]].digits)
    except BadAmount as wrong:
        raise Usage(f"--amount {amount!r}: {wrong}") from None


def _text(of: dict[str, Any], amount: int) -> str:
    return major_units(amount, BY_NUMERIC[of["currency"]].digits)


def _facts(of: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A dispute as it is printed."""
    decided = row["decided_on"] is not None
    return {
        "account": of["account"], "dispute": row["dispute_no"], "amount": _text(of, row["amount"]),
        "currency": BY_NUMERIC[of["currency"]].code, "opened_on": row["opened_on"].isoformat(), "reason": row["reason"],
        "opened_by": row["opened_by"],
        "debit": {"type": BY_CODE[row["debit_type"]].name, "posted_on": row["debit_posted_on"].isoformat(),
                  "amount": _text(of, row["debit_amount"]), "reference": row["source_ref"], "merchant": row["merchant"]},
        "outcome": row["outcome"], "decided_on": row["decided_on"].isoformat() if decided else None,
        "decision_reason": row["decision_reason"], "decided_by": row["decided_by"], "credited_as": row["credited_as"],
        "charges_corrected": row["corrections"] if decided else None,
    }


__all__ = ["FOR_HOLDER", "FOR_ISSUER", "NotInTheBooks", "Told", "decide_dispute", "list_disputes", "open_dispute"]
