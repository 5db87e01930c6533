"""Which units of the organisation someone may see, and a transaction in which the database shows them nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from accounts.migration import STAFF_ROLE

#: A unit and every unit below it.
_BELOW = """
WITH RECURSIVE below AS (
    SELECT org_unit_id FROM org_unit WHERE org_unit_id = %s
    UNION SELECT unit.org_unit_id FROM org_unit unit JOIN below ON unit.parent_id = below.org_unit_id
) SELECT org_unit_id FROM below ORDER BY org_unit_id
"""


@dataclass(frozen=True)
class VisibleUnits:
    """A subtree of the organisation: the ids of its units, or everything, what belongs to no unit too."""

    ids: tuple[int, ...] = ()
    everything: bool = False

    def as_setting(self) -> str:
        """As the policies of migration 0015 read it."""
        return "all" if self.everything else "{" + ",".join(map(str, self.ids)) + "}"


EVERYTHING = VisibleUnits(everything=True)


def units_below(connection: Connection[Any], org_unit_id: int | None) -> VisibleUnits:
    """What staff or a partner at this unit may see: the unit and all below it; head office, or no unit: everything."""
    if org_unit_id is None:
        return EVERYTHING
    top = connection.execute("SELECT kind = 'head_office' FROM org_unit WHERE org_unit_id = %s", (org_unit_id,)).fetchone()
    if top is None:
        return VisibleUnits()
    if top[0]:
        return EVERYTHING
    return VisibleUnits(tuple(row[0] for row in connection.execute(_BELOW, (org_unit_id,))))


def narrow_to(connection: Connection[Any], units: VisibleUnits) -> None:
    """From here to the end of its transaction, the connection sees and changes what these units keep and nothing else."""
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(STAFF_ROLE)))
    connection.execute("SELECT set_config('cardwright.units', %s, true)", (units.as_setting(),))


@contextlib.contextmanager
def within(connection: Connection[Any], units: VisibleUnits) -> Iterator[Connection[Any]]:
    """One transaction on an open connection, within these units: committed at the end, rolled back on an exception."""
    with connection.transaction():
        narrow_to(connection, units)
        yield connection
