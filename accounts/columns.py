"""Tables as columns: fixed-width rows out of and into PostgreSQL by binary COPY, as numpy arrays.

A row of fixed-width values that are never null always takes the same bytes, so a whole answer is one array: no value is
handled one by one in Python. Dates are days since 1970-01-01 (int32), 32-byte digests are rows of uint8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from psycopg import ClientCursor, Connection, OperationalError, errors, pq, sql

from accounts.calendar import EPOCH

Kind = Literal["bigint", "integer", "smallint", "date", "digest"]
Spec = Mapping[str, Kind]
Columns = dict[str, npt.NDArray[Any]]

_WIDTH: dict[str, tuple[str, int]] = {
    "bigint": (">i8", 8), "integer": (">i4", 4), "smallint": (">i2", 2), "date": (">i4", 4), "digest": ("u1", 32),
}
_NATIVE: dict[str, Any] = {"bigint": np.int64, "integer": np.int64, "smallint": np.int64, "date": np.int32}
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
#: PostgreSQL counts days from 2000-01-01.
_POSTGRES_EPOCH = 10957
assert EPOCH.year == 1970


def _record(spec: Spec, constants: Mapping[str, bytes] | None = None) -> np.dtype[Any]:
    fields: list[Any] = [("fields", ">i2")]
    for name, kind in spec.items():
        code, width = _WIDTH[kind]
        fields.append((f"width {name}", ">i4"))
        fields.append((name, code, (width,)) if kind == "digest" else (name, code))
    for name, text in (constants or {}).items():
        fields += [(f"width {name}", ">i4"), (name, f"V{len(text)}")]
    return np.dtype(fields)


def copy_out(connection: Connection[Any], query: str, parameters: Sequence[Any] | Mapping[str, Any], spec: Spec) -> Columns:
    """The answer of a query as columns.

    query: SELECT whose columns have, in order, the types in `spec`, none of them ever null.
    Raises ValueError if a row has another shape than the spec says.
    """
    record = _record(spec)
    answer = _copied_bytes(connection, query, parameters)
    body = memoryview(answer)[len(_HEADER):-len(_TRAILER)]
    if len(body) % record.itemsize:
        raise ValueError(f"rows of {record.itemsize} bytes were asked for; the answer of {len(body)} bytes has others")
    rows = np.frombuffer(body, dtype=record)
    columns: Columns = {}
    for name, kind in spec.items():
        if rows.size and (rows[f"width {name}"] != _WIDTH[kind][1]).any():
            raise ValueError(f"column {name} is not a {kind}, or has nulls")
        if kind == "digest":
            columns[name] = np.ascontiguousarray(rows[name])
        else:
            columns[name] = rows[name].astype(_NATIVE[kind])
            if kind == "date":
                columns[name] += _POSTGRES_EPOCH
    return columns


def _copied_bytes(connection: Connection[Any], query: str, parameters: Sequence[Any] | Mapping[str, Any]) -> bytes:
    """The whole answer of COPY … TO STDOUT, straight from libpq; docs/performance.md says what that saves."""
    connection.execute("SELECT")  # begins the transaction if none is under way
    statement = f"COPY ({ClientCursor(connection).mogrify(query, parameters)}) TO STDOUT (FORMAT BINARY)"
    libpq = connection.pgconn
    began = libpq.exec_(statement.encode())
    if began.status != pq.ExecStatus.COPY_OUT:
        raise errors.error_from_result(began)
    rows = []
    while True:
        size, row = libpq.get_copy_data(0)
        if size < 0:
            break
        rows.append(bytes(row))
    ended = libpq.get_result()
    while (more := libpq.get_result()) is not None:
        ended = more
    if ended is None or ended.status != pq.ExecStatus.COMMAND_OK:
        raise errors.error_from_result(ended) if ended is not None else OperationalError("the connection was lost in a COPY")
    return b"".join(rows)


def copy_in(
    connection: Connection[Any], table: str, spec: Spec, columns: Mapping[str, npt.NDArray[Any]],
    constants: Mapping[str, str] | None = None,
) -> int:
    """Append columns to a table; gives the number of rows written.

    columns: equally long arrays, one for each name in `spec`; digests have shape (rows, 32).
    constants: text columns, not empty, that hold the same value in every row.
    """
    rows = len(next(iter(columns[name] for name in spec)))
    if not rows:
        return 0
    texts = {name: text.encode() for name, text in (constants or {}).items()}
    packed = np.empty(rows, dtype=_record(spec, texts))
    packed["fields"] = len(spec) + len(texts)
    for name, encoded in texts.items():
        packed[f"width {name}"] = len(encoded)
        packed[name] = np.void(encoded)
    for name, kind in spec.items():
        packed[f"width {name}"] = _WIDTH[kind][1]
        packed[name] = columns[name] - _POSTGRES_EPOCH if kind == "date" else columns[name]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(name) for name in (*spec, *texts))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_HEADER)
        copy.write(packed.view(np.uint8).data)
        copy.write(_TRAILER)
    return rows
