"""What the books hold of the cards and references that a part of a clearing file names; read under the locks of the counter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from psycopg import Connection
from psycopg.rows import dict_row

from accounts.intake.copying import copy_rows
from accounts.posting_types import CASH_ADVANCE, PURCHASE
from counter.clearing.settling import Books, CardOnBooks, Original, Promise, Record
from fees.schedule import versions

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS clearing_record (card text, ref text, of_ref text) ON COMMIT DELETE ROWS
"""
_EMPTY = "DELETE FROM clearing_record"
_ANALYZE = "ANALYZE clearing_record"
#: In the order of accounts, as every command that holds more than one takes them.
_HOLD = """
SELECT count(*) FROM (
    SELECT 1 FROM guarded_balance g
    WHERE (g.member_id, g.account_id) IN (SELECT d.member_id, d.account_id FROM clearing_record r
                                          JOIN card_directory d ON d.card = r.card)
    ORDER BY g.member_id, g.account_id FOR UPDATE) held
"""
_CARDS = """
SELECT d.card, a.product, a.member_id, a.account_id, d.card_id, a.currency, a.prepaid,
       a.status AS account_status, a.opened_on
FROM (SELECT DISTINCT card FROM clearing_record) r
JOIN card_directory d ON d.card = r.card
JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
"""
_STANDING = """
SELECT p.source_ref, p.member_id, p.account_id, p.amount FROM clearing_record r JOIN posting p ON p.source_ref = r.ref
UNION ALL
SELECT i.ref, i.member_id, i.account_id, i.amount FROM clearing_record r
JOIN clearing_item i ON i.ref = r.ref AND i.kind = 'reversal'
"""
_PROMISES = """
SELECT DISTINCT z.member_id, z.account_id, z.ref, z.line, z.kind, z.held, z.state
FROM clearing_record r JOIN card_directory d ON d.card = r.card
JOIN authorisation z ON z.ref = r.of_ref AND z.member_id = d.member_id AND z.account_id = d.account_id
"""
_ORIGINALS = """
SELECT DISTINCT p.member_id, p.account_id, p.source_ref, p.posted_on, p.effective_on,
       p.amount - coalesce((SELECT sum(i.amount) FROM clearing_item i
                            WHERE i.member_id = p.member_id AND i.account_id = p.account_id AND i.of_ref = p.source_ref
                              AND i.kind IN ('refund', 'reversal', 'chargeback')), 0)::bigint AS left_of_it,
       EXISTS (SELECT FROM dispute s WHERE s.member_id = p.member_id AND s.account_id = p.account_id
               AND s.debit_posted_on = p.posted_on AND s.debit_source_id = p.source_id
               AND s.debit_source_line = p.source_line AND s.debit_type = p.type) AS disputed
FROM clearing_record r JOIN card_directory d ON d.card = r.card
JOIN posting p ON p.source_ref = r.of_ref AND p.member_id = d.member_id AND p.account_id = d.account_id
WHERE p.type = ANY(%s)
"""


def read_books(connection: Connection[Any], open_on: date, records: Sequence[Record]) -> Books:
    """Hold the accounts of the records' cards, and read what stands of them."""
    connection.execute(_STAGE)
    connection.execute(_EMPTY)
    copy_rows(connection, "clearing_record", pa.table({
        "card": pa.array([each.card for each in records], pa.string()),
        "ref": pa.array([each.ref for each in records], pa.string()),
        "of_ref": pa.array([each.of for each in records], pa.string())}))
    connection.execute(_ANALYZE)
    # Thousands of references are looked up one by one in the index; the planner would rather read the whole ledger.
    connection.execute("SET LOCAL enable_seqscan = off")
    connection.execute(_HOLD)
    units = {each.terms.product: each.terms.shown_unit for each in versions(connection) if each.status == "approved"}
    with connection.cursor(row_factory=dict_row, binary=True) as cursor:
        found = cursor.execute(_CARDS).fetchall()
    cards = {row.pop("card"): CardOnBooks(unit=units.get(row.pop("product"), 1), **row) for row in found}
    standing = {row[0]: ((row[1], row[2]), row[3]) for row in connection.execute(_STANDING, binary=True)}
    promises = {((row[0], row[1]), row[2]): Promise(*row[3:]) for row in connection.execute(_PROMISES, binary=True)}
    originals = {((row[0], row[1]), row[2]): Original(*row[3:])
                 for row in connection.execute(_ORIGINALS, ([PURCHASE.code, CASH_ADVANCE.code],), binary=True)}
    connection.execute("SET LOCAL enable_seqscan = on")
    return Books(open_on, cards, standing, promises, originals)
