"""The approved terms of every product, looked up by day without a query for each question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from psycopg import Connection

from fees.terms import Terms


@lru_cache(maxsize=256)
def _parsed(document: bytes) -> Terms:
    return Terms.from_document(orjson.loads(document))


@dataclass(frozen=True)
class VersionInForce:
    """One approved version: in force from `first` to the day before `until` (None: still)."""

    terms_version_id: int
    product: str
    first: date
    until: date | None
    terms: Terms


class TermsBook:
    """All approved versions as they stand in one transaction."""

    def __init__(self, connection: Connection[Any]) -> None:
        rows = connection.execute(
            "SELECT terms_version_id, product, lower(in_force), upper(in_force), document FROM terms_version"
            " WHERE status = 'approved' ORDER BY product, lower(in_force)"
        ).fetchall()
        self.versions = [
            VersionInForce(row[0], row[1], row[2], row[3], _parsed(orjson.dumps(row[4], option=orjson.OPT_SORT_KEYS)))
            for row in rows
        ]
        self.products = sorted({version.product for version in self.versions})
        #: The names of all segments; postings that name one are read by their position in these, counted from 1.
        self.segments = sorted({row.name for version in self.versions for row in version.terms.interest.segment})
        self._by_id = {version.terms_version_id: version for version in self.versions}

    def on(self, product: str, day: date) -> VersionInForce | None:
        """The version of a product in force on a day, if any."""
        for version in self.versions:
            if version.product == product and version.first <= day and (version.until is None or day < version.until):
                return version
        return None

    def in_force(self, day: date) -> list[VersionInForce]:
        """Every product's version in force on a day."""
        return [found for product in self.products if (found := self.on(product, day)) is not None]

    def history(self, product: str) -> list[tuple[date, Terms]]:
        """Every version of a product with the first day it is in force, rising."""
        return [(version.first, version.terms) for version in self.versions if version.product == product]

    def segment_rows(self, terms: Terms) -> npt.NDArray[np.int64]:
        """For each position in `segments`, counted from 1, the row of that segment in some terms, from 1 (0: it has none)."""
        names = [row.name for row in terms.interest.segment]
        return np.array([0, *(names.index(name) + 1 if name in names else 0 for name in self.segments)], dtype=np.int64)

    def by_id(self, terms_version_id: int) -> VersionInForce:
        """The approved version with that id."""
        return self._by_id[terms_version_id]
