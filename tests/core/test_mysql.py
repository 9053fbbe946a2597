"""MySQL: every type as it is read, what cannot be held, what may be asked, and what is written."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from automic_core import frames, registry
from automic_core.connectors.databases import _mysql_wire as wire
from automic_core.connectors.databases._mysql_cells import columns as cells_of
from automic_core.connectors.databases._mysql_types import Field
from automic_core.connectors.databases._mysql_work import Work
from automic_core.contracts import Bound, CursorType, ReadRequest
from automic_core.errors import LoadError, SecurityError, SourceError
from automic_core.extraction import bounded
from automic_core.extraction.cursors import cursor
from tests import mysql_servers as servers
from tests.drawing import draws

NOON = datetime(2024, 5, 1, 12)  # noqa: DTZ001
LOOSE = "SET SESSION sql_mode = ''"


@pytest.fixture(scope="module")
def space() -> Iterator[str]:
    """A database for the tests of this module; each makes its own table."""
    with servers.schema(f"automic_core_{os.getpid()}") as name:
        yield name


def source(**options: Any) -> Any:
    return registry.build("source", "mysql", {**servers.mysql().options, **options})


def loader(**options: Any) -> Any:
    return registry.build("loader", "mysql", {**servers.mysql().options, **options})


TYPES: list[tuple[str, str, Any, Any]] = [
    ("tinyint", "-128", pl.Int8, -128),
    ("tinyint unsigned", "255", pl.Int16, 255),
    ("smallint", "-32768", pl.Int16, -32768),
    ("smallint unsigned", "65535", pl.Int32, 65535),
    ("mediumint unsigned", "16777215", pl.Int32, 16777215),
    ("int unsigned", "4294967295", pl.Int64, 4294967295),
    ("int(6) zerofill", "42", pl.Int64, 42),
    ("bigint", "-9223372036854775808", pl.Int64, -(2**63)),
    ("bigint unsigned", "18446744073709551615", pl.Decimal(20, 0), Decimal(2**64 - 1)),
    ("float", "0.1", pl.Float32, float(np.float32(0.1))),
    ("float", "16777217", pl.Float32, 16777216.0),
    ("double", "0.1", pl.Float64, 0.1),
    ("double", "1.7976931348623157e308", pl.Float64, 1.7976931348623157e308),
    ("decimal(10,2)", "-1.5", pl.Decimal(10, 2), Decimal("-1.50")),
    ("decimal(10,2) unsigned", "99999999.99", pl.Decimal(10, 2), Decimal("99999999.99")),
    ("decimal(38,38)", "0.1", pl.Decimal(38, 38), Decimal("0.1")),
    ("decimal(38,0)", "9" * 38, pl.Decimal(38, 0), Decimal("9" * 38)),
    ("decimal(65,30)", f"{'9' * 35}.{'9' * 30}", pl.String, f"{'9' * 35}.{'9' * 30}"),
    ("boolean", "1", pl.Boolean, True),
    ("bit(1)", "b'0'", pl.Boolean, False),
    ("bit(12)", "b'101000000001'", pl.Int64, 0b101000000001),
    ("bit(64)", "18446744073709551615", pl.Decimal(20, 0), Decimal(2**64 - 1)),
    ("varchar(20)", "'a\\0b🙂'", pl.String, "a\0b🙂"),
    ("varchar(20)", "''", pl.String, ""),
    ("char(4)", "'ab'", pl.String, "ab"),
    ("varchar(9) CHARACTER SET latin1", "'café'", pl.String, "café"),
    ("longtext", "repeat('ü', 300)", pl.String, "ü" * 300),
    ("longtext", "repeat('x', 70000)", pl.String, "x" * 70_000),
    ("binary(3)", "X'00ff'", pl.Binary, b"\x00\xff\x00"),
    ("varbinary(3)", "X'00ff'", pl.Binary, b"\x00\xff"),
    ("longblob", "X'fffe'", pl.Binary, b"\xff\xfe"),
    ("date", "'2024-02-29'", pl.Date, date(2024, 2, 29)),
    ("date", "'9999-12-31'", pl.Date, date(9999, 12, 31)),
    ("datetime(6)", "'0001-01-01 00:00:00.000001'", pl.Datetime("us"), datetime(1, 1, 1, 0, 0, 0, 1)),  # noqa: DTZ001
    ("datetime", "'2024-02-29 23:59:59'", pl.Datetime("us"), datetime(2024, 2, 29, 23, 59, 59)),  # noqa: DTZ001
    ("timestamp(3)", "'2024-02-29 12:00:00.123'", pl.Datetime("us", "UTC"),
     datetime(2024, 2, 29, 12, 0, 0, 123_000, UTC)),
    ("time", "'12:34:56'", pl.Time, time(12, 34, 56)),
    ("time(6)", "'00:00:00.000001'", pl.Time, time(0, 0, 0, 1)),
    ("year", "2155", pl.Int16, 2155),
    ("year", "0", pl.Int16, 0),
    ("json", "'{\"a\": [1, null]}'", pl.String, '{"a": [1, null]}'),
    ("enum('x', 'so so')", "'so so'", pl.String, "so so"),
    ("set('a', 'b')", "'b,a'", pl.String, "a,b"),
    ("set('a', 'b')", "''", pl.String, ""),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", pl.String, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("inet6", "'::1'", pl.String, "::1"),
    ("point", "point(1, 2)", pl.Binary, struct.pack("<IBIdd", 0, 1, 1, 1, 2)),
]  # fmt: skip


def test_types(space: str) -> None:
    names = [f"c{number}" for number in range(len(TYPES))]
    columns = ", ".join(f"{name} {kind} NULL" for name, (kind, *_) in zip(names, TYPES, strict=True))
    values = ", ".join(literal for _, literal, *_ in TYPES)
    servers.mysql().transaction(
        "SET SESSION time_zone = '+00:00'",
        f"CREATE TABLE {space}.types (n int, {columns})",
        f"INSERT INTO {space}.types VALUES (1, {values})",
        f"INSERT INTO {space}.types (n) VALUES (2)",
    )
    for options in ({"table": f"{space}.types"}, {"query": f"SELECT * FROM {space}.types"}):
        frame = source(**options).scan().collect()
        for name, (kind, literal, dtype, value) in zip(names, TYPES, strict=True):
            assert frame.schema[name] == dtype, (kind, literal)
            assert frame[name].to_list() == [value, None], (kind, literal)
        assert frame[frames.RESCUED].null_count() == 2


@pytest.mark.parametrize(
    ("kind", "literal", "printed"),
    [
        ("date", "'0000-00-00'", "0000-00-00"),
        ("date", "'2024-00-05'", "2024-00-05"),
        ("date", "'0000-05-01'", "0000-05-01"),
        ("datetime", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00"),
        ("datetime(3)", "'2024-02-00 10:00:00.5'", "2024-02-00 10:00:00.500"),
        ("timestamp NULL", "'0000-00-00 00:00:00'", "0000-00-00 00:00:00"),
        ("time", "'-00:00:01'", "-00:00:01"),
        ("time(3)", "'838:59:58.5'", "838:59:58.500"),
        ("time", "'24:00:00'", "24:00:00"),
        ("boolean", "7", "7"),
        ("boolean", "-1", "-1"),
    ],
)
def test_what_no_column_holds_is_kept_as_mysql_prints_it(space: str, kind: str, literal: str, printed: str) -> None:
    good = {"date": "'2024-05-01'", "time": "'12:00:00'", "boolean": "1"}.get(
        kind.split()[0].partition("(")[0], "'2024-05-01 12:00:00'"
    )
    name = f"{space}.odd"
    servers.mysql().transaction(
        LOOSE, f"DROP TABLE IF EXISTS {name}", f"CREATE TABLE {name} (x {kind})",
        f"INSERT INTO {name} VALUES ({literal}), (NULL), ({good})",
    )  # fmt: skip
    frame = source(table=name).scan().collect()
    assert frame["x"].is_null().to_list() == [True, True, False]
    kept = [None if text is None else json.loads(text) for text in frame[frames.RESCUED].to_list()]
    assert kept == [{"values": {"x": printed}}, None, None]


def test_comments_key_and_estimate(space: str) -> None:
    run = servers.mysql().run
    run(f"CREATE TABLE {space}.item (b int COMMENT 'why', a varchar(9), price decimal(8,2), PRIMARY KEY (a, b)) "
        "COMMENT 'What we sell'")  # fmt: skip
    run(f"INSERT INTO {space}.item SELECT seq, seq, seq FROM seq_1_to_2000")
    run(f"ANALYZE TABLE {space}.item")
    found = source(table=f"{space}.item")
    schema = found.get_schema()
    price = schema.field_named("price")
    assert (price.precision, price.scale, price.nullable) == (8, 2, True)
    assert schema.field_named("b").description == "why"
    assert schema.primary_key == ["a", "b"]
    assert found.notes() == ["item: What we sell"]
    assert 1000 < found.expect(next(found.batches(ReadRequest(limit=1)))) < 4000
    assert (found.name, found.identity.rpartition("#")[2]) == ("item", f"{space}.item")


def test_relations_of_all_databases(space: str) -> None:
    run = servers.mysql().run
    run(f"CREATE OR REPLACE TABLE {space}.parts (a int)")
    run(f"CREATE VIEW {space}.`odd.view` AS SELECT 1 AS a")
    tables, views = source(schema=space).relations()
    assert "parts" in tables
    assert views == ["odd.view"]
    assert f"{space}.parts" in source().relations()[0]
    assert "parts" in source(database=space).relations()[0]
    assert source(table=f"{space}.odd.view").scan().collect()["a"].to_list() == [1]
    with pytest.raises(SourceError, match=r"has no table '\w+\.part'.*Did you mean 'parts'"):
        source(schema=space, table="part").scan()


@pytest.mark.parametrize(
    ("query", "words", "error"),
    [
        ("SELECT 1; DROP TABLE x", "nothing behind it", SourceError),
        ("DELETE FROM {space}.kept", "more than read", SecurityError),
        ("DELETE FROM {space}.kept RETURNING a", "more than read", SecurityError),
        ("INSERT INTO {space}.kept VALUES (2)", "more than read", SecurityError),
        ("SHOW TABLES", "no SELECT", SecurityError),
        ("SELECT * FROM {space}.kept INTO OUTFILE '/tmp/automic-out'", "gives no rows|no SELECT", SecurityError),
        ("SELECT {space}.written()", "more than read", SecurityError),
        ("SELEC 1", "SQL syntax", SourceError),
        ("SELECT 1) SELECT 2 --", "SQL syntax", SourceError),
        ("SELECT nope FROM {space}.kept", "no such column", SourceError),
        ("SELECT ? AS a", "parameter", SourceError),
    ],
)
def test_a_query_only_reads(space: str, query: str, words: str, error: Any) -> None:
    run = servers.mysql().run
    run(f"CREATE TABLE IF NOT EXISTS {space}.kept (a int)")
    run(f"CREATE FUNCTION IF NOT EXISTS {space}.written() RETURNS int MODIFIES SQL DATA "
        f"BEGIN INSERT INTO {space}.kept VALUES (5); RETURN 1; END")  # fmt: skip
    run(f"DELETE FROM {space}.kept")
    run(f"INSERT INTO {space}.kept VALUES (1)")
    with pytest.raises(error, match=words):
        source(query=query.format(space=space)).scan().collect()
    assert run(f"SELECT * FROM {space}.kept") == [(1,)]


@pytest.mark.parametrize(
    "query", ["VALUES (1)", "SELECT 1 -- ;", "SELECT ';' AS a;\n", "SELECT '%s' AS a", "SELECT 1 UNION SELECT 2"]
)
def test_odd_queries_are_read(query: str) -> None:
    assert source(query=query).scan().collect().height > 0


def test_columns_of_one_name() -> None:
    frame = source(query="SELECT 1 AS a, 2 AS a, 'x'").scan().collect()
    assert frame.columns[:3] == ["a", "a_2", "x"]
    assert frame.row(0)[:3] == (1, 2, "x")


def test_it_is_encrypted_if_that_is_asked_for(tmp_path: Any) -> None:
    from automic_core.settings import Secret

    about = servers.guarded_mysql()
    (tmp_path / "ca.pem").write_text(servers.certificate())

    def cipher(**how: Any) -> str:
        from contextlib import closing

        from automic_core.connectors.databases._mysql_session import run

        found = registry.build("source", "mysql", {**about, "password": Secret.literal("right"), **how})
        access = found._reached()
        object.__setattr__(access, "password", "right")
        with closing(access.opened()) as connection:
            return str(run(connection, "SHOW STATUS LIKE 'Ssl_cipher'")[0][1])

    assert cipher(sslmode="disable") == ""
    assert cipher(sslmode="prefer")
    assert cipher(sslmode="require")
    assert cipher(sslmode="verify-full", root_certificate=str(tmp_path / "ca.pem"))
    with pytest.raises(SourceError, match="encrypted connection failed"):
        registry.build("source", "mysql", {**about, "sslmode": "verify-full"}).check()

    options = {**about, "password": Secret.literal("right"), "sslmode": "require", "table": "kept"}
    rows = pl.DataFrame({"n": range(100_000), "t": ["x" * 20] * 100_000})
    assert registry.build("loader", "mysql", options).load(rows, "overwrite") == rows.height
    assert_frame_equal(registry.build("source", "mysql", options).scan().select("n", "t").sort("n").collect(), rows)


whole = {1: ("b", -(2**7)), 2: ("h", -(2**15)), 3: ("i", -(2**31)), 8: ("q", -(2**63))}
KINDS: dict[Field, Any] = {
    **{Field(kind): st.integers(least, -least - 1).map(lambda n, c=code: (struct.pack(f"<{c}", n), n))
       for kind, (code, least) in whole.items()},
    Field(8, flags=32): st.integers(0, 2**64 - 1).map(lambda n: (struct.pack("<Q", n), n)),
    Field(5): st.floats(allow_nan=False).map(lambda x: (struct.pack("<d", x), x)),
    Field(12): st.binary(max_size=11).map(lambda b: (bytes([len(b)]) + b, b.ljust(12, b"\0"))),
    Field(252): (st.binary(max_size=20) | st.sampled_from([b"x" * 250, b"y" * 251, b"z" * 70_000])).map(
        lambda b: (_lenenc(b), b)),
}  # fmt: skip


@given(st.data())
@settings(max_examples=draws(60))
def test_rows_are_cut_from_the_bytes_of_the_protocol(data: Any) -> None:
    fields = data.draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=9))
    cells = st.tuples(*(st.none() | KINDS[field] for field in fields))
    rows = data.draw(st.lists(cells, min_size=1, max_size=12))
    sent, starts = bytearray(), []
    for row in rows:
        null = sum(1 << place for place, cell in enumerate(row, 2) if cell is None)
        packet = b"\0" + null.to_bytes((len(row) + 9) // 8, "little") + b"".join(cell[0] for cell in row if cell)
        starts.append(len(sent) + 4)
        sent += struct.pack("<I", len(packet))[:3] + b"\0" + packet
    columns = cells_of(sent + bytes(16), np.array(starts, np.int64), fields)
    values = [[cell and cell[1] for cell in column] for column in zip(*rows, strict=True)]
    assert [column.to_pylist() for column in columns] == values
    with pytest.raises(SourceError, match="cut off"):
        cells_of(sent, np.array(starts, np.int64), [*fields, Field(252)])


@given(st.lists(st.integers(1, 60), min_size=1, max_size=300), st.integers(0, 255), st.data())
@settings(max_examples=draws(60))
def test_packets_are_found_whatever_stands_in_them(sizes: list[int], first: int, data: Any) -> None:
    def packets(sizes: list[int], first: int) -> list[bytes]:
        return [struct.pack("<I", n | (first + k) % 256 << 24) + bytes(n) for k, n in enumerate(sizes)]

    deceit = b"".join(packets([5] * 40, 7))  # a value that looks like rows
    sent = packets(sizes, first)
    place = data.draw(st.integers(0, len(sent)))
    sent.insert(place, struct.pack("<I", len(deceit) + 1) + b"\0" + deceit)
    ends = np.cumsum([len(packet) for packet in sent])
    end = data.draw(st.integers(1, int(ends[-1])))
    there = int(np.searchsorted(ends, end, "right"))
    expected = [int(after) - len(packet) + 4 for after, packet in zip(ends, sent, strict=True)][:there]
    held = bytearray(b"".join(sent))[:end] + bytes(16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "_LANE", 64)
        patch.setattr(wire, "_WINDOW", 60)
        for few in (2, 1 << 40):  # side by side, and one after the other
            patch.setattr(wire, "_FEW", few)
            found, after = wire._scanned(held, 0, end)
            assert (found.tolist(), after) == (expected, int(ends[there - 1]) if there else 0)


def test_packets_are_found_side_by_side() -> None:
    sent = bytearray()
    for number in range(20_000):
        sent += struct.pack("<I", 50 + number % 9 | number % 256 << 24) + bytes(50 + number % 9)
    found = wire._side_by_side(sent + bytes(16), 0, len(sent))
    assert found is not None
    assert (len(found[0]), found[1]) == (20_000, len(sent))


@pytest.mark.parametrize(
    ("tail", "may"),
    [
        (b"\5\0\0\7\xfe\0\0\2\0", True),
        (b"\x09\0\0\7\xff\x48\4#HY000", True),
        (b"\x0a\0\0\7\xff\x48\4#HY000", False),
        (b"\5\0\0\7\0\0\0\2\0", False),
        (b"", False),
    ],
)
def test_what_may_be_the_last_packet_is_looked_at_before_more_is_awaited(tail: bytes, may: bool) -> None:
    assert wire._may_close(bytearray(b"\4\0\0\6\0\xff\xff\xff" + tail), 8 + len(tail)) == may


def _lenenc(value: bytes) -> bytes:
    size = len(value)
    if size < 251:
        return bytes([size]) + value
    return (b"\xfc" + struct.pack("<H", size) if size < 1 << 16 else b"\xfd" + struct.pack("<I", size)[:3]) + value


texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["NULL", "\\N", '"', "a\r\nb", " a ", "\\"]
)


@given(
    st.lists(
        st.tuples(
            texts,
            st.none() | texts,
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.datetimes(),
            st.none() | st.binary(max_size=5),
            st.none() | st.integers(0, 2**64 - 1),
            st.none() | st.times(),
            st.none()
            | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**15), max_value=10**15),
            st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False),
        ),
        min_size=1,
        max_size=20,
    ),
    st.booleans(),
)
@settings(max_examples=10)
def test_what_is_written_is_read(space: str, rows: list[tuple[Any, ...]], streams: bool) -> None:
    types = {"a": pl.String, "b": pl.String, "c": pl.Float64, "d": pl.Datetime("us"), "e": pl.Binary,
             "f": pl.UInt64, "g": pl.Time, "h": pl.Decimal(20, 3), "i": pl.Float32}  # fmt: skip
    frame = pl.DataFrame(rows, schema=types, orient="row")
    into = loader(schema=space, table="round")
    into.connect()
    into._session.connection.streams = streams
    into.begin_transaction()
    into.load(frame, "overwrite")
    into.commit()
    into.close()
    back = source(schema=space, table="round").scan().select(frame.columns).collect()
    assert_frame_equal(back, frame.with_columns(pl.col("f").cast(pl.Decimal(20, 0))))


def test_upsert_by_texts_that_differ_in_case_and_by_null(space: str) -> None:
    into = loader(schema=space, table="up")
    into.load(pl.DataFrame({"k": ["a", "A", "a ", None], "v": [1, 2, 3, 4]}), "upsert", ["k"])
    into.load(pl.DataFrame({"k": ["a", None, "b", "b"], "v": [10, 40, 5, 6]}), "upsert", ["k"])
    found = source(schema=space, table="up").scan().collect()
    assert dict(found.select("k", "v").iter_rows()) == {"a": 10, "A": 2, "a ": 3, None: 40, "b": 6}
    with pytest.raises(LoadError, match="no column 'x'"):
        into.load(pl.DataFrame({"k": ["a"]}), "upsert", ["x"])


def test_a_table_of_other_columns_is_replaced_at_the_commit_only(space: str) -> None:
    into = loader(schema=space, table="swap")
    into.load(pl.DataFrame({"a": [1]}), "overwrite")
    into.begin_transaction()
    into.load(pl.DataFrame({"b": ["x"]}), "overwrite")
    into.load(pl.DataFrame({"b": ["y"]}), "append")
    read = source(schema=space, table="swap")
    assert read.scan().collect().columns[0] == "a"
    into.rollback()
    assert read.scan().collect()["a"].to_list() == [1]
    into.begin_transaction()
    into.load(pl.DataFrame({"b": ["x"]}), "overwrite")
    into.commit()
    into.close()
    read.connect()
    assert read.scan().collect()["b"].to_list() == ["x"]
    assert servers.mysql().run(f"SHOW TABLES IN {space} LIKE 'automic\\_%'") == []


@pytest.mark.parametrize("streams", [True, False])
def test_what_does_not_fit_fails_and_changes_nothing(
    space: str, streams: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, name = servers.mysql().run, f"fits_{streams}".lower()
    run(f"CREATE TABLE {space}.{name} (id int PRIMARY KEY, code varchar(3), n tinyint)")
    run(f"INSERT INTO {space}.{name} VALUES (1, 'a', 1)")
    made = Work.__init__

    def started(self: Work, *arguments: Any) -> None:
        made(self, *arguments)
        self.streams = streams

    monkeypatch.setattr(Work, "__init__", started)
    into = loader(schema=space, table=name)
    for rows, words in (
        ({"id": [2], "code": ["four"], "n": [1]}, "too long|truncated"),
        ({"id": [2], "code": ["a"], "n": [300]}, "Out of range"),
        ({"id": [2, 1], "code": ["a", "b"], "n": [1, 1]}, "there already|Duplicate"),
        ({"id": [2], "code": ["a"], "n": [float("nan")]}, r"Row 1, column 'n': MySQL cannot hold nan"),
    ):
        with pytest.raises(LoadError, match=words):
            into.load(pl.DataFrame(rows), "append")
    assert run(f"SELECT * FROM {space}.{name}") == [(1, "a", 1)]


def test_a_server_that_hangs_up_without_reading_is_noticed() -> None:
    import pymysql

    work: Any = Work.__new__(Work)
    work._connection = link = pymysql.Connection(defer_connect=True)
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as here:
        there, _ = listening.accept()
        with there:
            link._sock, link._rfile, link._next_seq_id = here, here.makefile("rb"), 0
            here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
            there.shutdown(socket.SHUT_WR)
            with pytest.raises(pymysql.err.OperationalError, match="Lost connection"):
                work._send(bytes(15 << 20))  # more than the kernel's buffers hold
    assert not link.open


def narrowed(read: Any, bound: Bound) -> int:
    """The rows within a bound are those that a filter on our side gives; how many the source delivered."""
    whole = read.scan().collect()
    found = bounded.scan(read, ReadRequest(bound=bound)).collect()
    wanted = bounded.within(cursor(whole.schema, bound.column, bound.type, "test"), bound)
    assert_frame_equal(found.drop("_source_row"), whole.filter(wanted).drop("_source_row"))
    return sum(batch.num_rows for batch in read.batches(ReadRequest(bound=bound)))


BOUNDS: list[tuple[str, list[str], Any, CursorType | None, bool]] = [
    ("tinyint", ["1", "2", "3"], 2, None, True),
    ("bigint unsigned", ["1", "18446744073709551615"], 2**63, None, True),
    ("int", ["1", "2", "3"], 2.5, None, True),
    ("double", ["0.1", "0.2", "1e300"], 0.2, None, True),
    ("float", ["0.1", "0.3"], 0.2, None, True),
    ("decimal(8,2)", ["1.50", "2.5"], Decimal("2.50"), None, True),
    ("decimal(65,2)", ["1.50", "2.5"], 2.0, "float", False),
    ("date", ["'2024-05-01'", "'2024-04-30'", "'0000-00-00'", "'2024-06-00'", "'2024-00-00'"], NOON.date(), None, True),
    ("datetime(6)", ["'2024-05-01 12:00'", "'2024-05-01 11:59:59.999999'", "'0000-00-00 00:00:00'"], NOON, None, True),
    ("timestamp NULL", ["'2024-05-01 12:00'", "'2024-05-01 11:59:59'", "'0000-00-00 00:00:00'"],
     NOON.replace(tzinfo=UTC), None, True),
    ("varchar(9)", ["'b'", "'a'", "'Z'", "'é'", "''", "'a '", "'𝄞'"], "a", "string", True),
    ("varchar(9) CHARACTER SET latin1", ["'b'", "'a'", "'é'"], "é", "string", True),
    ("varchar(30)", ["'2024-05-01T12:00'", "'2024-04-30 23:00'", "'?'"], NOON, "datetime", False),
    ("year", ["2024", "2023", "0"], 2024, None, True),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "since", "type_", "pushed"), BOUNDS, ids=lambda v: str(v)[:24])
def test_bounds(space: str, kind: str, values: list[str], since: Any, type_: Any, pushed: bool) -> None:
    name = f"{space}.bounded"
    servers.mysql().transaction(
        LOOSE, "SET SESSION time_zone = '+00:00'", f"DROP TABLE IF EXISTS {name}", f"CREATE TABLE {name} (x {kind})",
        f"INSERT INTO {name} VALUES {', '.join(f'({value})' for value in [*values, 'NULL'])}",
    )  # fmt: skip
    read = source(table=name)
    for bound in (
        Bound("x", since, type=type_),
        Bound("x", None, since, type=type_),
        Bound("x", since, since, nulls=False, type=type_),
    ):
        assert (narrowed(read, bound) < len(values) + 1) == pushed, bound


def test_a_bound_is_answered_by_an_index(space: str) -> None:
    run = servers.mysql().run
    run(f"CREATE TABLE {space}.t (id int PRIMARY KEY, at datetime, filler char(50), INDEX (at))")
    run(f"INSERT INTO {space}.t SELECT seq, timestamp '2024-01-01 00:00:00' + interval seq minute, 'x' "
        "FROM seq_1_to_20000")  # fmt: skip
    run(f"ANALYZE TABLE {space}.t")
    from automic_core.connectors.databases._reading import Rows

    plan = source(table=f"{space}.t")._plan()
    for bound in (Bound("id", 19_990), Bound("at", datetime(2024, 1, 14, 20), nulls=False)):  # noqa: DTZ001
        (told, *_) = run(f"EXPLAIN {Rows(plan, ReadRequest(bound=bound)).statement}")
        assert "range" in told, told
