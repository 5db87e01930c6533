"""Issued statements in bulk, in account and closing order: JSON Lines as `cardwright statement` prints them, or Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from statements.compose import compose, to_json
from statements.document import STATEMENT_SCHEMA
from statements.facts import StatementFacts

#: Statements of one row group: what is held in memory at a time.
STATEMENTS_AT_A_TIME = 5_000

_FIGURES = (
    "previous_balance", "payments", "credits", "purchases", "cash_advances", "balance_transfers", "fees", "interest",
    "waivers", "adjustments", "new_balance", "minimum_payment_due", "past_due", "over_limit", "credit_limit",
    "available_credit",
)


def statement_schema(digits: int) -> pa.Schema:
    """The columns of the Parquet file: those of the statement's JSON, amounts as exact decimals.

    digits: decimals of the currency with the most of them.
    """
    amount, text, day = pa.decimal128(28, digits), pa.string(), pa.date32()

    def rows(**fields: pa.DataType) -> pa.DataType:
        return pa.list_(pa.struct(list(fields.items())))

    return pa.schema([
        ("account", text), ("product", text), ("currency", text), ("terms_version", text),
        ("cycle", pa.struct([("number", pa.int32()), ("opens_on", day), ("closes_on", day), ("days", pa.int32())])),
        *((name, amount) for name in _FIGURES),
        ("payment_due_on", day), ("grace", text), ("days_past_due", pa.int32()), ("delinquency", text),
        ("interest_by_segment", rows(segment=text, rate=text, rate_per=text, balance_days=amount,
                                     average_daily_balance=amount, interest=amount)),
        ("charges", rows(id=text, kind=text, segment=text, amount=amount, on=day, clause=text)),
        ("lines", rows(posted_on=day, transaction_on=day, type=text, description=text, amount=amount, card=text, ref=text)),
        ("cards", rows(card=text, kind=text, purchases=amount, cash_advances=amount, credits=amount)),
        ("year_to_date", pa.struct([("interest", amount), ("fees", amount)])),
        ("payoff", pa.struct([
            ("minimum_only", pa.struct([("months", pa.int32()), ("total", amount), ("reason", text)])),
            ("in_36_months", pa.struct([("payment", amount), ("total", amount)])),
        ])),
        ("seal", pa.struct([("sha256", text), ("previous", text)])),
    ], metadata={"schema": STATEMENT_SCHEMA, "written_by": "cardwright"})


def write_jsonl(statements: Iterable[StatementFacts], file: IO[bytes]) -> int:
    """One statement a line, the bytes that `cardwright statement --format json` prints; gives how many."""
    written = 0
    for facts in statements:
        file.write(to_json(compose(facts)))
        written += 1
    return written


def write_parquet(statements: Iterable[StatementFacts], file: IO[bytes], digits: int) -> int:
    """All statements in one Parquet file, nested as in their JSON; gives how many."""
    schema, written = statement_schema(digits), 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in _in_groups(statements):
            columns = [pa.array([exact(row.get(field.name), field.type) for row in rows], field.type) for field in schema]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            written += len(rows)
    return written


def _in_groups(statements: Iterable[StatementFacts]) -> Iterator[list[dict[str, Any]]]:
    waiting = (dict(compose(facts)) for facts in statements)
    while rows := list(islice(waiting, STATEMENTS_AT_A_TIME)):
        yield rows


def exact(value: Any, kind: pa.DataType) -> Any:
    """A value of the statement's JSON as its Parquet column holds it: text to decimals and dates, all through."""
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(value)
    if pa.types.is_date32(kind):
        return date.fromisoformat(value)
    if pa.types.is_struct(kind):
        return {field.name: exact(value.get(field.name), field.type) for field in kind}
    if pa.types.is_list(kind):
        return [exact(each, kind.value_type) for each in value]
    return value
