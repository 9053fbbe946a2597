"""Values of PostgreSQL's log, which are texts, as the Arrow columns that reading the table gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from automic_core.connectors.databases._postgresql_pgoutput import Described
from automic_core.connectors.databases._postgresql_types import Column, Kind, converted, planned
from automic_core.connectors.databases._reading import Rescue, rescuing

if TYPE_CHECKING:
    import psycopg

Ask = Callable[[str, list[str]], list[Any]]
"""Has the server compute an expression over ``v`` for each of some texts."""

_AS_PRINTED = {25, 114, 142, 774, 790, 829, 1042, 1043, 1186, 1266, 1560, 1562, 1700, 2950, 3614, 3615, 3802}
"""Types by number whose cast to text is what they print; others are cast by the server (``inet`` adds its mask)."""
_PATTERNS = {
    1082: r"^\d{4}-\d\d-\d\d$",
    1083: r"^([01]\d|2[0-3]):",
    1114: r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$",
    1184: r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00$",
}
"""What of dates and times Arrow can hold: years 1 to 9999, times before 24:00, no infinity."""


@dataclass(frozen=True)
class Reading:
    """How the values of one column are read: as what, and if by the server, the expression over ``v``."""

    column: Column
    asked: str = ""


def kinds(connection: psycopg.Connection[Any], columns: Sequence[Described]) -> dict[int, tuple[Kind, int, str]]:
    """Type, modifier and name of the types of some columns; a domain is the type that it is made of.

    A type that is gone meanwhile is not among them.
    """
    rows = connection.execute(
        "WITH RECURSIVE t(kind, base, modifier) AS ("
        " SELECT oid, oid, -1 FROM pg_catalog.pg_type WHERE oid = ANY (%s)"
        " UNION ALL SELECT t.kind, p.typbasetype, p.typtypmod FROM t JOIN pg_catalog.pg_type p ON p.oid = t.base"
        " WHERE p.typtype = 'd') "
        "SELECT t.kind, t.modifier, format_type(t.kind, NULL), p.oid, p.typname, p.typtype::text, p.typcategory::text "
        "FROM t JOIN pg_catalog.pg_type p ON p.oid = t.base WHERE p.typtype <> 'd'",
        ([column.kind for column in columns],),
    ).fetchall()
    return {kind: (Kind(oid, *rest), modifier, name) for kind, modifier, name, oid, *rest in rows}


def readings(
    columns: Sequence[Described], known: dict[int, tuple[Kind, int, str]], *, ascii_only: bool
) -> list[Reading]:
    """How the columns of a table are read."""
    found = []
    for each in columns:
        if each.kind not in known:
            found.append(Reading(planned(each.name, Kind(25, "text"), -1, ascii_only=ascii_only)))
            continue
        kind, modifier, name = known[each.kind]
        column = planned(each.name, kind, each.modifier if modifier < 0 else modifier, ascii_only=ascii_only)
        printed = kind.oid in _AS_PRINTED or kind.type in ("e", "r", "m") or "::text" not in column.sql
        found.append(Reading(column, "" if printed else column.sql.format(f"v::{name}")))
    return found


def batch(readings: Sequence[Reading], rows: Sequence[Sequence[bytes | None]], ask: Ask) -> dict[str, pa.Array]:
    """Rows as columns by name, and ``_rescued`` with what these cannot hold."""
    cells: list[Sequence[bytes | None]] = list(zip(*rows, strict=True)) if rows else [()] * len(readings)
    columns = [
        (reading.column.name, lambda rescue, r=reading, v=values: _array(r, v, ask, rescue))
        for reading, values in zip(readings, cells, strict=True)
    ]
    return rescuing(columns, len(rows))


def _array(reading: Reading, values: Sequence[bytes | None], ask: Ask, rescue: Rescue) -> pa.Array:
    column, kind = reading.column, reading.column.type
    if reading.asked:
        return converted(column, _asked(reading.asked, values, ask), rescue)
    if column.how == "range":
        return _times(column, _texts(values), rescue)
    if column.how == "decimal":
        return converted(column, _texts(values), rescue)
    if column.how == "bytes":
        return converted(column, pa.array(values, pa.binary()), rescue)
    if pa.types.is_string(kind):
        return _texts(values)
    if pa.types.is_boolean(kind):
        return pa.array([None if value is None else value == b"t" for value in values], kind)
    if pa.types.is_integer(kind):
        return pa.array([None if value is None else int(value) for value in values], kind)
    if pa.types.is_floating(kind):
        return pa.array([None if value is None else float(value) for value in values], kind)
    return pa.array([None if value is None else bytes.fromhex(value[2:].decode()) for value in values], kind)


def _texts(values: Sequence[bytes | None]) -> pa.Array:
    return pa.array(values, pa.binary()).cast(pa.string())


def _times(column: Column, texts: pa.Array, rescue: Rescue) -> pa.Array:
    fits = pc.match_substring_regex(texts, _PATTERNS[column.kind])
    for row in pc.indices_nonzero(pc.invert(fits)).to_pylist():
        rescue(row, texts[row].as_py())
    texts = pc.if_else(fits, texts, pa.scalar(None, pa.string()))
    if column.kind == 1082:
        return texts.cast(column.type)
    if column.kind == 1083:  # Arrow casts no text to a time of day
        texts = pc.binary_join_element_wise("1970-01-01", texts, " ")
    if column.kind == 1184:
        texts = pc.utf8_slice_codeunits(texts, 0, -3)
    return texts.cast(pa.timestamp("us")).cast(column.type)


def _asked(expression: str, values: Sequence[bytes | None], ask: Ask) -> pa.Array:
    """What the server makes of the values, as it would of those in the table."""
    unlike = list({value: None for value in values if value is not None})
    answers = ask(expression, [value.decode() for value in unlike]) if unlike else []
    found = dict(zip(unlike, answers, strict=True))
    kind = pa.binary() if any(isinstance(answer, bytes) for answer in answers) else pa.string()
    return pa.array([None if value is None else found[value] for value in values], kind)
