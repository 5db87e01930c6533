"""Versions of terms in the books: proposed by one person, approved by a second, in force over days that cannot overlap."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from psycopg import Connection
from psycopg.types.json import Jsonb
from psycopg.types.range import DateRange

from accounts.errors import Refused, Usage
from fees.rule_packs.check import Case
from fees.rule_packs.registry import require_lawful
from fees.supported import require_supported
from fees.terms import Terms

#: Schedules that come with the distribution: examples, and the products of the samples.
SCHEDULES = Path(__file__).parent / "schedules"
#: Held while a version is proposed or approved, so that ids and days in force are given out one by one.
_LOCK = 0x7E595


class UnknownProduct(Usage):
    """No version of that product was ever loaded."""

    def __init__(self, product: str, known: Sequence[str]) -> None:
        have = f"the products are {', '.join(known)}" if known else "there are none yet: `cardwright products load FILE`"
        super().__init__(f"there is no product {product}; {have}")


class NoTermsInForce(Refused):
    """A product has no approved version for a day."""

    def __init__(self, product: str, on: date) -> None:
        super().__init__(f"product {product} has no approved terms in force on {on}; load and approve a version for that day")


class NoSuchVersion(Usage):
    """No version of terms has that id."""

    def __init__(self, terms_version_id: int) -> None:
        super().__init__(f"there is no version {terms_version_id} of any terms")


class AlreadyApproved(Refused):
    """An approved version of that product and day says something else; a version is never edited."""

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} is approved already with other terms, and a version is never edited; "
                         "give the change a later in_force_from")


class InClosedPeriod(Refused):
    """A version would be in force on days that are closed."""

    def __init__(self, label: str, closed_through: date) -> None:
        super().__init__(f"{label} would change terms on closed days: business is closed through {closed_through}; "
                         "give it a later in_force_from")


class Overlaps(Refused):
    """A later version of the product is approved already."""

    def __init__(self, label: str, later: date) -> None:
        super().__init__(f"{label} would overlap the approved version in force from {later}; "
                         "give it an in_force_from after that day")


class CurrencyChanged(Refused):
    """A product's accounts are kept in one currency, whatever the version."""

    def __init__(self, label: str, given: str, kept: str) -> None:
        super().__init__(f"{label} is in {given}, but the product's accounts are kept in {kept}; "
                         "make a new product for another currency")


class KindChanged(Refused):
    """A product's accounts owe, or hold value, whatever the version."""

    def __init__(self, label: str, given: str, kept: str) -> None:
        super().__init__(f"{label} is {given}, but the product's accounts are {kept}; make a new product for the other kind")


class SecondPersonNeeded(Refused):
    """Who proposed a version may not approve it."""

    def __init__(self, label: str, who: str) -> None:
        super().__init__(f"{label} was proposed by {who}; a second person has to approve it")


class NoName(Usage):
    """A person without a name cannot be told from another."""

    def __init__(self) -> None:
        super().__init__("say who it is: --as NAME")


@dataclass(frozen=True)
class Proposal:
    """What became of proposing terms: proposed | replaced (another proposal for that day) | already_there."""

    terms_version_id: int
    label: str
    outcome: Literal["proposed", "replaced", "already_there"]


@dataclass(frozen=True)
class Version:
    """One version of one product's terms as the books hold it; `until`: the first day on which it is no longer in force."""

    terms_version_id: int
    terms: Terms
    status: Literal["proposed", "approved"]
    first: date
    until: date | None
    sha256: bytes
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None
    approved_at: datetime | None


def propose(connection: Connection[Any], terms: Terms, who: str) -> Proposal:
    """Put terms before a second person; the same document again changes nothing.

    Raises NotCharged (this release cannot bill them), BreaksRulePack, AlreadyApproved, InClosedPeriod, Overlaps,
    CurrencyChanged, KindChanged, NoName.
    """
    who = _named(who)
    require_supported(terms)
    _lock(connection)
    found = connection.execute(
        "SELECT terms_version_id, status, sha256 FROM terms_version WHERE product = %s AND in_force_from = %s"
        " ORDER BY status, terms_version_id", (terms.product, terms.in_force_from)).fetchall()
    for terms_version_id, _, sha256 in found:
        if bytes(sha256) == terms.sha256():
            return Proposal(terms_version_id, terms.label, "already_there")
    if any(status == "approved" for _, status, _ in found):
        raise AlreadyApproved(terms.label)
    _may_take_force(connection, terms)
    require_lawful(_case(connection, terms, ("approved", "proposed")))
    if found:
        connection.execute(
            "UPDATE terms_version SET document = %s, sha256 = %s, proposed_by = %s, proposed_at = now()"
            " WHERE terms_version_id = %s", (Jsonb(terms.document()), terms.sha256(), who, found[0][0]))
        return Proposal(found[0][0], terms.label, "replaced")
    row = connection.execute(
        "INSERT INTO terms_version AS made (terms_version_id, product, in_force_from, in_force, document, sha256, status,"
        " proposed_by) SELECT coalesce(max(terms_version_id), 0) + 1, %s, %s, %s, %s, %s, 'proposed', %s FROM terms_version"
        " RETURNING made.terms_version_id",
        (terms.product, terms.in_force_from, DateRange(terms.in_force_from, None), Jsonb(terms.document()), terms.sha256(),
         who)).fetchone()
    assert row is not None
    return Proposal(row[0], terms.label, "proposed")


def approve(connection: Connection[Any], product: str, who: str, in_force_from: date | None = None) -> list[Version]:
    """Approve what is proposed for a product, oldest first, all or only that of a day; gives what was approved.

    Each ends the version before it on its own first day. Nothing waiting is no error: it was approved already. Raises
    UnknownProduct, SecondPersonNeeded, NotCharged, BreaksRulePack, InClosedPeriod, Overlaps, CurrencyChanged, NoName.
    """
    who = _named(who)
    _lock(connection)
    known = versions(connection, product)
    if not known:
        raise UnknownProduct(product, products(connection))
    waiting = [each for each in known if each.status == "proposed" and in_force_from in (None, each.first)]
    for each in waiting:
        if each.proposed_by.casefold() == who.casefold():
            raise SecondPersonNeeded(each.terms.label, each.proposed_by)
        require_supported(each.terms)
        _may_take_force(connection, each.terms)
        require_lawful(_case(connection, each.terms))
        connection.execute(
            "UPDATE terms_version SET in_force = daterange(lower(in_force), %(first)s)"
            " WHERE product = %(product)s AND status = 'approved' AND in_force @> %(first)s::date",
            {"first": each.first, "product": product})
        connection.execute(
            "UPDATE terms_version SET status = 'approved', approved_by = %s, approved_at = now()"
            " WHERE terms_version_id = %s", (who, each.terms_version_id))
    approved = {each.terms_version_id for each in waiting}
    return [each for each in versions(connection, product) if each.terms_version_id in approved]


def terms_in_force(connection: Connection[Any], product: str, on: date) -> tuple[int, Terms]:
    """The approved terms of a product on a day, and their version's id. Raises NoTermsInForce."""
    row = connection.execute(
        "SELECT terms_version_id, document FROM terms_version"
        " WHERE product = %s AND status = 'approved' AND in_force @> %s::date", (product, on)).fetchone()
    if row is None:
        raise NoTermsInForce(product, on)
    return row[0], _parsed(json.dumps(row[1], sort_keys=True))


def terms_by_id(connection: Connection[Any], terms_version_id: int) -> Terms:
    """The terms of a version. Raises NoSuchVersion."""
    row = connection.execute(
        "SELECT document FROM terms_version WHERE terms_version_id = %s", (terms_version_id,)).fetchone()
    if row is None:
        raise NoSuchVersion(terms_version_id)
    return _parsed(json.dumps(row[0], sort_keys=True))


def terms_known_by(connection: Connection[Any], terms_version_id: int, sha256: bytes) -> Terms:
    """The terms of a version of which the caller has the hash: read once a process, since what has the hash does not change."""
    found = _BY_HASH.get(sha256)
    if found is None:
        found = _BY_HASH[sha256] = terms_by_id(connection, terms_version_id)
    return found


def versions(connection: Connection[Any], product: str | None = None) -> list[Version]:
    """All versions, of one product or of all, in order of product and first day."""
    rows = connection.execute(
        "SELECT terms_version_id, document, status, in_force_from, upper(in_force), sha256, proposed_by, proposed_at,"
        " approved_by, approved_at FROM terms_version WHERE %(product)s::text IS NULL OR product = %(product)s"
        " ORDER BY product, in_force_from, terms_version_id", {"product": product}).fetchall()
    return [Version(row[0], _parsed(json.dumps(row[1], sort_keys=True)), row[2], row[3], row[4], bytes(row[5]), *row[6:])
            for row in rows]


def products(connection: Connection[Any]) -> list[str]:
    """Codes of all products that terms were ever loaded for."""
    rows = connection.execute("SELECT DISTINCT product FROM terms_version ORDER BY product").fetchall()
    return [row[0] for row in rows]


#: Terms by the hash of their document; a process meets as many as there are versions in force while it runs.
_BY_HASH: dict[bytes, Terms] = {}


@lru_cache(maxsize=256)
def _parsed(document: str) -> Terms:
    return Terms.from_document(json.loads(document), "terms in the books")


def _lock(connection: Connection[Any]) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))


def _may_take_force(connection: Connection[Any], terms: Terms) -> None:
    """Refuses terms that would change closed days, overlap a later version or change currency or kind; a first one may all."""
    latest = connection.execute(
        "SELECT in_force_from, coalesce(document ->> 'currency', %s), coalesce(document ->> 'kind', 'credit')"
        " FROM terms_version"
        " WHERE product = %s AND status = 'approved' ORDER BY in_force_from DESC LIMIT 1",
        (Terms.model_fields["currency"].default, terms.product)).fetchone()
    if latest is None:
        return
    if latest[1] != terms.currency:
        raise CurrencyChanged(terms.label, terms.currency, latest[1])
    if latest[2] != terms.kind:
        raise KindChanged(terms.label, terms.kind, latest[2])
    # FOR SHARE: a business day cannot close between this look and the commit.
    book = connection.execute("SELECT closed_through FROM book FOR SHARE").fetchone()
    if book is not None and book[0] is not None and terms.in_force_from <= book[0]:
        raise InClosedPeriod(terms.label, book[0])
    if latest[0] >= terms.in_force_from:
        raise Overlaps(terms.label, latest[0])


def _case(connection: Connection[Any], terms: Terms, of_status: Sequence[str] = ("approved",)) -> Case:
    """Terms for their rule pack, beside the version before them; holders are told on the business date at the earliest."""
    before = [each for each in versions(connection, terms.product)
              if each.status in of_status and each.first < terms.in_force_from]
    book = connection.execute("SELECT open_on FROM book").fetchone()
    return Case(terms, before[-1].terms if before else None, None if book is None else book[0])


def _named(who: str) -> str:
    if not who.strip():
        raise NoName
    return " ".join(who.split())
