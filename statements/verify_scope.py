"""What a check is, and how much of the books it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import HOUSE, OPENINGS, OWN_CHARGES, POSTING_TYPES, SERVICE_FEE
from accounts.sharding import SHARD_MEMBERS


@dataclass(frozen=True)
class Scope:
    """One account or all, one closing date or all; sampled: account ids that the costly checks keep to."""

    member_id: int | None = None
    account_id: int | None = None
    closes_on: date | None = None
    sampled: Collection[int] | None = None

    def parameters(self) -> dict[str, Any]:
        """What every query of a check may refer to."""
        return {
            "member": self.member_id, "account": self.account_id, "closes_on": self.closes_on, "house": HOUSE,
            "own_charges": OWN_CHARGES, "service_fee": SERVICE_FEE.code,
            "shard_members": SHARD_MEMBERS, "opening_types": [each.code for each in OPENINGS], **_TYPES,
        }


_TYPES: dict[str, Any] = {
    "types": [each.code for each in POSTING_TYPES],
    "debits": [each.debit for each in POSTING_TYPES],
    "credits": [each.credit for each in POSTING_TYPES],
    "figures": [each.figure for each in POSTING_TYPES],
    # Payments, credits and waivers are printed as positive amounts that lower the balance.
    "signs": [-each.sign if each.figure in ("payments", "credits", "waivers") else each.sign for each in POSTING_TYPES],
}


@dataclass(frozen=True)
class Check:
    """One thing that must hold of the books.

    says: what holds, in one sentence. first_bad: the first thing of which it does not, in words; None where it holds.
    of_accounts: whether it can be asked of one account alone.
    """

    name: str
    says: str
    first_bad: Callable[[Connection[Any], Scope], str | None]
    of_accounts: bool = True


BadRow = Mapping[str, Any]


def by_query(name: str, says: str, query: str, wording: Callable[[BadRow], str], of_accounts: bool = True,
             more: Mapping[str, Any] | None = None) -> Check:
    """A check whose query gives rows only for what is bad, in order; more: parameters of its own.

    The query is planned for all of its rows, which there are none of in good books: asked for one row only, the database
    would look for it account by account.
    """
    first = f"WITH bad AS MATERIALIZED ({query}) SELECT * FROM bad LIMIT 1"  # noqa: S608

    def first_bad(connection: Connection[Any], scope: Scope) -> str | None:
        with connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(first, {**scope.parameters(), **(more or {})}).fetchone()
        return None if row is None else wording(row)

    return Check(name, says, first_bad, of_accounts)


def money(row: BadRow, name: str) -> str:
    """An amount of a row that also names its currency, in words."""
    currency = BY_NUMERIC.get(row["currency"])
    if currency is None:
        return f"{row[name]} minor units of currency {row['currency']}"
    return f"{major_units(int(row[name]), currency.digits)} {currency.code}"
