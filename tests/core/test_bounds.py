"""What databases leave unread within a bound: never a row that belongs to it, whatever its type and its odd values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal

from automic_core import SQLiteSource, registry
from automic_core.connectors.databases._reading import Rows
from automic_core.contracts import Bound, CursorType, ReadRequest, SourceAdapter
from automic_core.extraction import bounded
from automic_core.extraction.cursors import cursor
from tests import servers

NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001


@pytest.fixture(scope="module")
def space() -> Iterator[str]:
    with servers.schema("automic_bounds") as name:
        yield name


def narrowed(source: SourceAdapter, bound: Bound) -> int:
    """The rows within a bound are those that a filter on our side gives; how many the source delivered."""
    whole = source.scan().collect()
    found = bounded.scan(source, ReadRequest(bound=bound)).collect()
    wanted = bounded.within(cursor(whole.schema, bound.column, bound.type, "test"), bound)
    assert_frame_equal(found.drop("_source_row"), whole.filter(wanted).drop("_source_row"))
    return sum(batch.num_rows for batch in source.batches(ReadRequest(bound=bound)))


POSTGRESQL: list[tuple[str, list[str], Any, CursorType | None, bool]] = [
    ("int2", ["1", "2", "3"], 2, None, True),
    ("int8", ["1", "9223372036854775807"], 2, None, True),
    ("oid", ["1", "2"], 2, None, False),
    ("float8", ["0.1", "0.2", "'NaN'", "'Infinity'", "'-Infinity'"], 0.2, None, True),
    ("float4", ["0.1", "0.3", "'NaN'"], 0.2, None, True),
    ("numeric(8,2)", ["1.50", "2.5", "'NaN'"], Decimal("2.50"), None, True),
    ("numeric", ["1.5", "2.5"], 2.0, "float", False),
    ("date", ["'2024-05-01'", "'2024-04-30'", "'infinity'", "'-infinity'", "'0044-03-15 BC'"], NOON.date(), None, True),
    ("timestamp", ["'2024-05-01 12:00'", "'2024-05-01 11:59:59.9'", "'-infinity'", "'20000-01-01'"], NOON, None, True),
    ("timestamptz", ["'2024-05-01 14:00+02'", "'2024-05-01 12:00+02'"], NOON.replace(tzinfo=UTC), None, True),
    ("text", ["'b'", "'a'", "'Z'", "'é'", "''"], "a", "string", True),
    ("varchar(9)", ["'b'", "'a'", "'it''s \\'"], "it's \\", "string", True),
    ("char(3)", ["'b'", "'a'"], "a  ", "string", False),
    ("uuid", ["'0190a5c0-0000-7000-8000-000000000000'", "'0190A5C1-0000-7000-8000-000000000000'"],
     "0190a5c1-0000-7000-8000-000000000000", "string", True),
    ("text", ["'2024-05-01T12:00'", "'2024-04-30 23:00'", "'?'"], NOON, "datetime", False),
    ("text", ["'10'", "'9'"], 10, "integer", False),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "since", "type_", "pushed"), POSTGRESQL, ids=lambda v: str(v)[:24])
def test_postgresql(space: str, kind: str, values: list[str], since: Any, type_: Any, pushed: bool) -> None:
    rows = ", ".join(f"({value}::{kind})" for value in [*values, "NULL"])
    source = registry.build(
        "source",
        "postgresql",
        {**servers.postgresql().options, "query": f"SELECT v AS x FROM (VALUES {rows}) AS q(v)"},
    )
    for bound in (
        Bound("x", since, type=type_),
        Bound("x", None, since, type=type_),
        Bound("x", since, since, nulls=False, type=type_),
    ):
        read = narrowed(source, bound)
        assert (read < len(values) + 1) == pushed, bound


def test_postgresql_answers_by_an_index(space: str) -> None:
    run = servers.postgresql().run
    run(f"CREATE TABLE {space}.t AS SELECT g AS id, timestamp '2024-01-01' + g * interval '1 min' AS at, "
        f"repeat('x', 50) AS filler FROM generate_series(1, 20000) g")  # fmt: skip
    run(f"CREATE INDEX ON {space}.t (at)")
    run(f"VACUUM ANALYZE {space}.t")
    source = registry.build("source", "postgresql", {**servers.postgresql().options, "table": f"{space}.t"})
    plan = source._plan()
    for nulls in (True, False):
        request = ReadRequest(bound=Bound("at", datetime(2024, 1, 14, 20), nulls=nulls))  # noqa: DTZ001
        (told,) = run(f"EXPLAIN (FORMAT JSON) {Rows(plan, request).statement}")
        assert "Index" in json.dumps(told[0])
        assert "Seq Scan" not in json.dumps(told[0])


def sqlite(tmp_path: Path, declared: str, values: list[Any], encoding: str = "UTF-8") -> SQLiteSource:
    with sqlite3.connect(tmp_path / "a.db") as db:
        db.execute(f"PRAGMA encoding = '{encoding}'")
        db.execute(f"CREATE TABLE t (x {declared})")
        db.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    db.close()
    return SQLiteSource(str(tmp_path / "a.db"))


@pytest.mark.parametrize(
    ("declared", "values", "since", "type_", "pushed"),
    [
        ("INTEGER", [1, 2, 3, None], 2, None, True),
        ("INTEGER", [1, 2, 2**62], 2.5, None, True),
        ("REAL", [0.5, 1.5, "NaN", float("inf"), float("-inf"), 2, None], 1.5, None, True),
        ("", [1, 2.5, 3], 2, None, True),
        ("", [1, "2", 3], 2, "integer", False),
        ("DATE", ["2024-05-01", "2024-04-30", None], date(2024, 5, 1), None, True),
        ("DATETIME", ["2024-05-01 12:00:00", "2024-05-01T12:00", "2024-05-01 11:59", "2024-01-01 00:00"],
         NOON, None, True),
        ("DATETIME", ["2020-W53-7T12:00", "2021-01-02 12:00", "2019-01-01 00:00"], datetime(2021, 1, 3), None, True),  # noqa: DTZ001
        ("DATETIME", ["2024-05-01 12:00+23:00", "2024-05-01 12:00-23:00", "2023-01-01 12:00Z"],
         NOON.replace(tzinfo=UTC), None, True),
        ("TEXT COLLATE NOCASE", ["b", "B", "a", "Z"], "a", "string", True),
        ("TEXT", ["2024-05-01", "2024-04-30"], date(2024, 5, 1), "date", False),
    ],
    ids=lambda v: str(v)[:24],
)  # fmt: skip
def test_sqlite(tmp_path: Path, declared: str, values: list[Any], since: Any, type_: Any, pushed: bool) -> None:
    source = sqlite(tmp_path, declared, values)
    reads = [
        narrowed(source, Bound("x", since, type=type_)),
        narrowed(source, Bound("x", since, nulls=False, type=type_)),
        narrowed(source, Bound("x", None, since, type=type_)),
        narrowed(source, Bound("x", since, since, nulls=False, type=type_)),
    ]
    assert (min(reads) < len(values)) == pushed


def test_texts_of_another_encoding_are_compared_by_us(tmp_path: Path) -> None:
    source = sqlite(tmp_path, "TEXT", ["\uffee", "𝄞", "a"], "UTF-16le")
    assert narrowed(source, Bound("x", "\uffee", type="string")) == 3
    assert bounded.scan(source, ReadRequest(bound=Bound("x", "\uffee", type="string"))).collect().height == 2
