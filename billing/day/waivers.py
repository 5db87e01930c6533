"""Waives fees as they are charged, on real books: for accounts with a standing waiver, a line beside the fee's own."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.columns import Columns
from accounts.money import CURRENCIES
from accounts.posting_types import WAIVERS, PostingType
from billing.terms_book import VersionInForce
from billing.waivers import WaiverInForce, waiver_for
from fees.waiver import waived_amount

_STANDING = """
SELECT w.account_id, w.kind, w.from_on, w.until_on, w.percent, w.reason, w.proposed_by, w.approved_by
FROM standing_waiver w
JOIN (SELECT DISTINCT * FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[])) u(member_id, account_id)
  ON w.member_id = u.member_id AND w.account_id = u.account_id
WHERE w.kind = %(kind)s AND w.from_on <= %(on)s AND (w.until_on IS NULL OR w.until_on >= %(on)s)
ORDER BY w.account_id, w.standing_waiver_id
"""
_POST = """
INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account, currency,
                     amount, effective_on, transaction_on, card_id, terms_version_id, clause, description)
VALUES (%(member)s, %(account)s, %(on)s, %(source)s, %(line)s, %(type)s, %(debit)s, %(credit)s, %(currency)s,
        %(amount)s, %(on)s, %(on)s, %(card)s, %(version)s, %(clause)s, %(description)s)
"""
_RECORD = """
INSERT INTO waiver (member_id, account_id, posted_on, source_id, source_line, type, charge_posted_on, charge_source_id,
                    charge_source_line, charge_type, amount, reason, proposed_by, approved_by)
VALUES (%(member)s, %(account)s, %(on)s, %(source)s, %(line)s, %(type)s, %(charge_on)s, %(charge_source)s,
        %(charge_line)s, %(charge_type)s, %(amount)s, %(reason)s, %(proposed_by)s, %(approved_by)s)
"""


def waive_standing(connection: Connection[Any], kind: PostingType, on: date, charges: Columns, version: VersionInForce,
                   clause: str) -> Columns:
    """Waive what standing waivers waive of charges that were just posted; gives the waivers: member_id, account_id, amount.

    charges: columns member_id, account_id, source_id, source_line, amount (minor units) and card_id (0: none). The guarded
    balances are left to the caller.
    """
    waived: dict[str, list[int]] = {"member_id": [], "account_id": [], "amount": []}
    if len(charges["account_id"]):
        standing = _standing(connection, kind, on, charges)
        for row in zip(*(charges[name].tolist() for name in _CHARGE), strict=True) if standing else ():
            charge = dict(zip(_CHARGE, row, strict=True))
            waiver = waiver_for(standing.get(charge["account_id"], ()), str(kind.charge), on)
            amount = 0 if waiver is None else waived_amount(version.terms, charge["amount"], waiver.percent)
            if waiver is None or not amount:
                continue
            _write(connection, kind, on, charge, amount, waiver, version, clause)
            for name, value in (("member_id", charge["member_id"]), ("account_id", charge["account_id"]), ("amount", amount)):
                waived[name].append(value)
    return {name: np.array(values, dtype=np.int64) for name, values in waived.items()}


_CHARGE = ("member_id", "account_id", "source_id", "source_line", "amount", "card_id")


def _standing(connection: Connection[Any], kind: PostingType, on: date, charges: Columns) -> dict[int, list[WaiverInForce]]:
    found: dict[int, list[WaiverInForce]] = defaultdict(list)
    of = {"members": charges["member_id"].tolist(), "accounts": charges["account_id"].tolist()}
    for account, *waiver in connection.execute(_STANDING, {**of, "kind": kind.charge, "on": on}):
        found[account].append(WaiverInForce(*waiver))
    return found


def _write(connection: Connection[Any], kind: PostingType, on: date, charge: dict[str, int], amount: int,
           waiver: WaiverInForce, version: VersionInForce, clause: str) -> None:
    waives = WAIVERS[str(kind.charge)]
    post_waiver(connection, {
        "member": charge["member_id"], "account": charge["account_id"], "on": on, "source": charge["source_id"],
        "line": charge["source_line"], "type": waives.code, "debit": waives.debit, "credit": waives.credit,
        "currency": CURRENCIES[version.terms.currency].numeric, "amount": amount, "card": charge["card_id"] or None,
        "version": version.terms_version_id, "clause": clause, "description": waiver.description,
        "charge_on": on, "charge_source": charge["source_id"], "charge_line": charge["source_line"], "charge_type": kind.code,
        "reason": waiver.reason, "proposed_by": waiver.proposed_by, "approved_by": waiver.approved_by,
    })


def post_waiver(connection: Connection[Any], facts: dict[str, Any]) -> None:
    """Post one waiver and record what it waives, why, and who approved it. Raises UniqueViolation if it stands already."""
    connection.execute(_POST, facts)
    connection.execute(_RECORD, facts)
