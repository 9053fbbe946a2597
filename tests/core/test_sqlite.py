"""SQLite: loose types, one safe SELECT, transactions, upserts."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from automic_core.connectors.databases.sqlite import SQLiteLoader, SQLiteSource
from automic_core.contracts import ReadRequest
from automic_core.errors import ConfigError, LoadError, SecurityError, SourceError


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "shop.db")


def execute(path: str, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def rows(path: str, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def test_all_types_round_trip(path: str) -> None:
    frame = pl.DataFrame(
        {
            "price": [Decimal("1.10"), None],
            "day": [date(2024, 1, 2), None],
            "at": [datetime(2024, 1, 2, 3, 4, 5, 6), None],  # noqa: DTZ001 - timestamps without a zone exist
            "utc": pl.Series([datetime(2024, 1, 2, tzinfo=UTC), None], dtype=pl.Datetime("us", "UTC")),
            "clock": [time(1, 2, 3), None],
            "raw": [b"\x00\xff", None],
            "ratio": [float("nan"), float("inf")],
            "ok": [True, None],
            "n": [2**62, -1],
        }
    )
    SQLiteLoader(path=path, table="t").load(frame)
    read = SQLiteSource(path=path).scan().collect().drop("_source_row", "_rescued")
    assert read.columns == frame.columns
    assert_frame_equal(read.drop("price"), frame.drop("price"))
    assert read["price"].to_list() == [Decimal("1.10"), None]


def test_json_columns_and_digits(path: str) -> None:
    frame = pl.DataFrame({"o": [{"a": 1}], "l": [["x"]], "s": ["007"], "u": pl.Series([2**64 - 1], dtype=pl.UInt64)})
    SQLiteLoader(path=path, table="t").load(frame)
    assert rows(path, "SELECT o, l, s, u FROM t") == [('{"a": 1}', '["x"]', "007", str(2**64 - 1))]
    assert rows(path, "SELECT o ->> 'a' FROM t") == [(1,)]


def test_columns_of_several_types_are_text(path: str) -> None:
    execute(
        path,
        "CREATE TABLE t (n INTEGER, d DATE, r REAL, free)",
        "INSERT INTO t VALUES (1, '2024-01-02', 1.5, x'01ff'), ('x', 'soon', 2, 9007199254740993)",
        "INSERT INTO t VALUES (NULL, NULL, NULL, 0.5)",
    )
    frame = SQLiteSource(path=path).scan().collect()
    assert frame.select("n", "d").rows() == [("1", "2024-01-02"), ("x", "soon"), (None, None)]
    assert frame["r"].to_list() == [1.5, 2.0, None]
    assert frame["free"].to_list() == ["x'01ff'", "9007199254740993", "0.5"]


def test_text_that_is_not_utf8(path: str) -> None:
    execute(path, "CREATE TABLE t (s TEXT)", "INSERT INTO t VALUES (CAST(x'636166e9' AS TEXT)), ('ok')")
    frame = SQLiteSource(path=path).scan().collect()
    assert frame["s"].to_list() == ["café", "ok"]
    assert json.loads(frame["_rescued"][0]) == {"values": {"s": "x'636166e9'"}}


def test_queries(path: str) -> None:
    execute(path, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (2), (3)")
    source = SQLiteSource(
        path=path, query="WITH b AS (SELECT a FROM t) SELECT a, a * 2 AS a FROM b ORDER BY a DESC; -- end"
    )
    with pytest.raises(SourceError):
        source.scan()
    source = SQLiteSource(
        path=path, query="WITH b AS (SELECT a FROM t) SELECT a, a * 2 AS a FROM b ORDER BY a DESC -- x"
    )
    assert source.scan(ReadRequest(limit=2)).collect().select("a", "a_2").rows() == [(3, 6), (2, 4)]
    with pytest.raises(ConfigError):
        SQLiteSource(path=path, table="t", query="SELECT 1")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM t",
        "SELECT 1; DROP TABLE t",
        "SELECT 1) ; DROP TABLE t; --",
        "ATTACH 'x.db' AS x",
        "SELECT load_extension('x')",
        "SELECT * FROM pragma_database_list",
        "PRAGMA writable_schema = 1",
        "INSERT INTO t VALUES (1) RETURNING a",
    ],
)
def test_a_query_only_reads(path: str, query: str, tmp_path: Path) -> None:
    execute(path, "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
    with pytest.raises((SecurityError, SourceError), match=r"shop\.db"):
        SQLiteSource(path=path, query=query).scan().collect()
    assert rows(path, "SELECT a FROM t") == [(1,)]
    assert [p.name for p in tmp_path.iterdir()] == ["shop.db"]


def test_which_table(path: str) -> None:
    execute(path, 'CREATE TABLE "a b" (x)', "CREATE TABLE c (x)", 'CREATE VIEW v AS SELECT 7 AS y FROM "a b"')
    with pytest.raises(SourceError, match=r"2 tables.*a b, c"):
        SQLiteSource(path=path).scan()
    with pytest.raises(SourceError, match=r"'z'.*a b, c"):
        SQLiteSource(path=path, table="z").scan()
    assert SQLiteSource(path=path, table="a b").scan().collect().columns[0] == "x"
    assert SQLiteSource(path=path, table="v").scan().collect().columns[0] == "y"
    assert SQLiteSource(path=path, table="c").location == f"{path}#c"


def test_reading_never_creates(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nope"):
        SQLiteSource(path=str(tmp_path / "nope.db")).scan()
    assert not list(tmp_path.iterdir())


def test_no_database(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("hello " * 100)
    with pytest.raises(SourceError, match="not a database"):
        SQLiteSource(path=str(path)).scan()
    with pytest.raises(LoadError, match="not a database"):
        SQLiteLoader(path=str(path), table="t").load(pl.DataFrame({"a": [1]}))


def test_table_named_after_the_source(path: str) -> None:
    SQLiteLoader(path=path).bind("orders").load(pl.DataFrame({"a": [1]}))
    assert rows(path, "SELECT a FROM orders") == [(1,)]
    assert SQLiteLoader(path=path, table="mine").bind("orders").table == "mine"


def test_new_columns_are_added(path: str) -> None:
    loader = SQLiteLoader(path=path, table="t")
    loader.load(pl.DataFrame({"a": [1]}))
    loader.load(pl.DataFrame({"A": [2], "b": ["x"]}))
    assert rows(path, "SELECT a, b FROM t") == [(1, None), (2, "x")]


def test_upsert(path: str) -> None:
    loader = SQLiteLoader(path=path, table="t")
    loader.load(pl.DataFrame({"k": [1, None, 3], "l": ["a", "b", "c"], "v": [10, 20, 30]}))
    loader.load(
        pl.DataFrame({"k": [None, 3, 3, 4], "l": ["b", "x", "x", "d"], "v": [21, 1, 2, 4]}), "upsert", ["k", "l"]
    )
    assert rows(path, "SELECT * FROM t") == [(1, "a", 10), (None, "b", 21), (3, "c", 30), (3, "x", 2), (4, "d", 4)]
    with pytest.raises(LoadError, match="'z'"):
        loader.load(pl.DataFrame({"k": [1]}), "upsert", ["z"])
    with pytest.raises(LoadError, match="no keys"):
        loader.load(pl.DataFrame({"k": [1]}), "upsert")


def test_names_that_differ_by_case_only(path: str) -> None:
    with pytest.raises(LoadError, match="'a', 'A'"):
        SQLiteLoader(path=path, table="t").load(pl.DataFrame({"a": [1], "A": [2]}))
    assert not Path(path).exists()


def test_another_writer(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(path, "CREATE TABLE t (a)")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **{**k, "timeout": 0.01}))
    with pytest.raises(LoadError, match="locked"):
        SQLiteLoader(path=path, table="t").load(pl.DataFrame({"a": [1]}))
    other.close()


def test_quoted_names(path: str) -> None:
    frame = pl.DataFrame({'a "b"; DROP TABLE t; --': [1], "select": ["x"]})
    SQLiteLoader(path=path, table='t"; --').load(frame)
    read = SQLiteSource(path=path).scan().collect()
    assert read.drop("_source_row", "_rescued").columns == frame.columns


def test_times_keep_their_microseconds(tmp_path: Path) -> None:
    times = pl.DataFrame({"t": [time(23, 59, 59, 999_999), time(12), time(0, 0, 0, 1), None]})
    SQLiteLoader(str(tmp_path / "a.db"), table="t").load(times)
    assert SQLiteSource(str(tmp_path / "a.db"), table="t").scan().collect()["t"].to_list() == times["t"].to_list()
