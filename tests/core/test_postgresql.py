"""PostgreSQL: every type as it is read, what cannot be held, what may be asked, and what is written."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from automic_core import cli, frames, registry
from automic_core.connectors.databases import _server
from automic_core.connectors.databases._postgresql_types import _printed
from automic_core.contracts import ReadRequest
from automic_core.errors import AutomicError, ConfigError, LoadError, SecurityError, SourceError
from automic_core.lake import Lakehouse
from automic_core.settings import Secret
from automic_core.storage import AccessPolicy, confined
from tests import servers
from tests.drawing import draws


@pytest.fixture(scope="module")
def space() -> Iterator[str]:
    """A schema for the tests of this module; each makes its own table."""
    import os

    with servers.schema(f"automic_core_{os.getpid()}") as name:
        yield name


def source(**options: Any) -> Any:
    return registry.build("source", "postgresql", {**servers.postgresql().options, **options})


def loader(**options: Any) -> Any:
    return registry.build("loader", "postgresql", {**servers.postgresql().options, **options})


def cell(expression: str) -> tuple[Any, Any]:
    """Type and value of an expression, as it is read."""
    column = source(query=f"SELECT {expression} AS x").scan().collect()["x"]
    return column.dtype, column.to_list()[0]


@pytest.mark.parametrize(
    ("expression", "dtype", "value"),
    [
        ("1::int2", pl.Int16, 1),
        ("2::int4", pl.Int32, 2),
        ("9223372036854775807", pl.Int64, 2**63 - 1),
        ("1.5::real", pl.Float32, 1.5),
        ("'-Infinity'::float8", pl.Float64, -math.inf),
        ("true", pl.Boolean, True),
        ("'ü'::text", pl.String, "ü"),
        ("'a'::char(3)", pl.String, "a  "),
        ("'n'::name", pl.String, "n"),
        ("'x'::\"char\"", pl.String, "x"),
        ("'\\x00ff'::bytea", pl.Binary, b"\x00\xff"),
        ("date '2024-02-29'", pl.Date, date(2024, 2, 29)),
        ("time '12:34:56.789'", pl.Time, time(12, 34, 56, 789000)),
        ("timestamp '0001-01-01'", pl.Datetime("us"), datetime(1, 1, 1)),  # noqa: DTZ001 - PostgreSQL has these too
        (
            "timestamptz '2024-02-29 12:00+02'",
            pl.Datetime("us", "UTC"),
            datetime(2024, 2, 29, 10, tzinfo=UTC),
        ),
        ("(-1234567.125)::numeric(12,3)", pl.Decimal(12, 3), Decimal("-1234567.125")),
        ("12300::numeric(3,-2)", pl.Decimal(5, 0), Decimal(12300)),
        ("0.0012::numeric(2,4)", pl.Decimal(4, 4), Decimal("0.0012")),
        (f"{'9' * 38}::numeric(38,0)", pl.Decimal(38, 0), Decimal("9" * 38)),
        (f"{'9' * 39}::numeric(39,0)", pl.String, "9" * 39),
        ("1.10::numeric", pl.String, "1.10"),
        ("'NaN'::numeric", pl.String, "NaN"),
        ("4294967295::oid", pl.Int64, 4294967295),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", pl.String, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("""'{"a": "\\u00fc"}'::json""", pl.String, '{"a": "\\u00fc"}'),
        ("""'{"b":[1,2]}'::jsonb""", pl.String, '{"b": [1, 2]}'),
        ("interval '1 mon 2 days 3 sec'", pl.String, "P1M2DT3S"),
        ("int4range(1, 5)", pl.String, "[1,5)"),
        ("inet '10.0.0.1/8'", pl.String, "10.0.0.1/8"),
        ("B'1010'", pl.String, "1010"),
        ("timetz '12:00+02'", pl.String, "12:00:00+02"),
        ("point '(1,2)'", pl.String, "(1,2)"),
        ("ARRAY[1, NULL, 3]", pl.String, "[1,null,3]"),
        ("ARRAY[[1, 2], [3, 4]]", pl.String, "[[1,2],[3,4]]"),
        ("ARRAY['a\"b', 'NULL']", pl.String, '["a\\"b","NULL"]'),
        ("ARRAY[1.5::numeric]", pl.String, "[1.5]"),
        ("ROW(1, 'a')", pl.String, '{"f1":1,"f2":"a"}'),
        ("NULL::int[]", pl.String, None),
        ("NULL::numeric(4,2)", pl.Decimal(4, 2), None),
    ],
)
def test_types(expression: str, dtype: Any, value: Any) -> None:
    assert cell(expression) == (dtype, value)


def test_an_enum_and_a_domain(space: str) -> None:
    run = servers.postgresql().run
    run(f"CREATE TYPE {space}.mood AS ENUM ('sad', 'ok')")
    run(f"CREATE DOMAIN {space}.price AS numeric(6,2) CHECK (value > 0)")
    assert cell(f"'ok'::{space}.mood") == (pl.String, "ok")
    assert cell(f"ARRAY['ok', 'sad']::{space}.mood[]") == (pl.String, '["ok","sad"]')
    assert cell(f"1.5::{space}.price") == (pl.Decimal(6, 2), Decimal("1.50"))


@pytest.mark.parametrize(
    "literal",
    [
        "numeric(5,2) 'NaN'",
        "date 'infinity'",
        "date '-infinity'",
        "date '5874897-12-31'",
        "date '4713-01-01 BC'",
        "date '10000-01-01'",
        "date '0001-12-31 BC'",
        "time '24:00:00'",
        "timestamp 'infinity'",
        "timestamp '-infinity'",
        "timestamp '294276-12-31 23:59:59.999999'",
        "timestamp '4713-01-01 00:00:00 BC'",
        "timestamp '10000-02-29 01:02:03.5'",
        "timestamptz 'infinity'",
        "timestamptz '294276-12-31 23:59:59+00'",
        "timestamptz '0044-03-15 12:00:00+00 BC'",
    ],
)
def test_what_no_column_holds_is_kept_as_postgresql_prints_it(literal: str) -> None:
    kind, value = literal.split(" ", 1)
    frame = source(query=f"SELECT v::{kind} AS x FROM (VALUES ({value}), (NULL)) AS q(v)").scan().collect()
    assert frame["x"].to_list() == [None, None]
    kept = [None if text is None else json.loads(text) for text in frame[frames.RESCUED].to_list()]
    assert kept == [{"values": {"x": value.strip("'")}}, None]


@given(st.integers(-(2**62), 2**62))
@settings(max_examples=draws(200))
def test_moments_are_printed_as_by_python(micros: int) -> None:
    micros %= 253_402_300_800_000_000  # 1970 to 9999
    moment = datetime(1970, 1, 1) + timedelta(microseconds=micros)  # noqa: DTZ001 - compared without zones
    text = moment.isoformat(" ")
    assert _printed(1114, micros) == (text.rstrip("0") if "." in text else text)
    assert _printed(1082, moment.toordinal() - date(1970, 1, 1).toordinal()) == moment.date().isoformat()


def test_comments_key_and_estimate(space: str) -> None:
    run = servers.postgresql().run
    run(f"CREATE TABLE {space}.item (b int, a text NOT NULL, price numeric(8,2), PRIMARY KEY (a, b))")
    run(f"COMMENT ON TABLE {space}.item IS 'What we sell'")
    run(f"COMMENT ON COLUMN {space}.item.price IS 'in euros'")
    run(f"INSERT INTO {space}.item SELECT g, g::text, g FROM generate_series(1, 2000) g")
    run(f"ANALYZE {space}.item")
    found = source(table=f"{space}.item")
    schema = found.get_schema()
    price = schema.field_named("price")
    assert price is not None
    assert (price.description, price.precision, price.scale, price.nullable) == ("in euros", 8, 2, True)
    assert schema.primary_key == ["a", "b"]
    assert [field.nullable for field in schema.fields] == [False, False, True]
    assert found.notes() == ["item: What we sell"]
    first = next(found.batches(ReadRequest(limit=1)))
    assert found.expect(first) == 2000
    assert (found.name, found.identity.rpartition("#")[2]) == ("item", f"{space}.item")


def test_relations_are_what_may_be_read(space: str) -> None:
    run = servers.postgresql().run
    run(f"CREATE TABLE {space}.parts (a int) PARTITION BY RANGE (a)")
    run(f"CREATE TABLE {space}.parts_1 PARTITION OF {space}.parts FOR VALUES FROM (0) TO (10)")
    run(f'CREATE VIEW {space}."odd.view" AS SELECT 1 AS a')
    tables, views = source(schema=space).relations()
    assert "parts" in tables
    assert "parts_1" not in tables
    assert views == ["odd.view"]
    assert f"{space}.parts" in source().relations()[0]
    assert source(table=f"{space}.odd.view").scan().collect()["a"].to_list() == [1]
    with pytest.raises(SourceError, match=r"has no table '\w+\.part'.*Did you mean 'parts'"):
        source(schema=space, table="part").scan()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 1; DROP TABLE x", "more than one statement"),
        ("DELETE FROM {space}.kept RETURNING *", "no SELECT"),
        ("WITH gone AS (DELETE FROM {space}.kept RETURNING *) SELECT * FROM gone", "no SELECT"),
        ("INSERT INTO {space}.kept VALUES (2)", "gives no rows"),
        ("CREATE TABLE {space}.made (a int)", "gives no rows"),
        ("SELECT * INTO {space}.made FROM {space}.kept", "gives no rows"),
        ("SELECT * FROM {space}.kept FOR UPDATE", "more than read"),
        ("SELECT nextval('{space}.counter')", "more than read"),
        ("COPY {space}.kept TO PROGRAM 'true'", "gives no rows"),
        ("SET default_transaction_read_only = off", "gives no rows"),
    ],
)
def test_a_query_only_reads(space: str, query: str, words: str) -> None:
    run = servers.postgresql().run
    run(f"CREATE TABLE IF NOT EXISTS {space}.kept (a int)", options="-c client_min_messages=error")
    run(f"CREATE SEQUENCE IF NOT EXISTS {space}.counter", options="-c client_min_messages=error")
    run(f"TRUNCATE {space}.kept")
    run(f"INSERT INTO {space}.kept VALUES (1)")
    with pytest.raises(SecurityError, match=words):
        source(query=query.format(space=space)).scan().collect()
    assert run(f"SELECT * FROM {space}.kept") == [(1,)]
    assert run(f"SELECT is_called FROM {space}.counter") == [(False,)]


def test_what_a_function_writes_is_rolled_back(space: str) -> None:
    run = servers.postgresql().run
    before = run("SELECT count(*) FROM pg_largeobject_metadata")
    with suppress(SecurityError):  # newer servers refuse it
        source(query="SELECT lo_create(0) AS n").scan().collect()
    assert run("SELECT count(*) FROM pg_largeobject_metadata") == before


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELEC 1", "at character 1"),
        ("SELECT 1) TO PROGRAM 'true' --", "at character 9"),
        ("SELECT nope FROM pg_class", '"nope" does not exist'),
        ("SELECT 1 / (g - 5) FROM generate_series(1, 9) g", "division by zero"),
        ("SELECT $1::int", "no parameter"),
        ("/* open", "unterminated"),
    ],
)
def test_a_wrong_query_is_explained(query: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        source(query=query).scan().collect()


@pytest.mark.parametrize(
    "query", ["VALUES (1)", "TABLE pg_catalog.pg_am;", "SELECT 1 -- ;", "SELECT ';' AS a;\n", "SELECT '%s' AS a"]
)
def test_odd_queries_are_read(query: str) -> None:
    assert source(query=query).scan().collect().height > 0


def test_columns_of_one_name_and_of_none() -> None:
    frame = source(query="SELECT 1 AS a, 2 AS a, 3").scan().collect()
    assert frame.columns[:3] == ["a", "a_2", "?column?"]
    assert frame.row(0)[:3] == (1, 2, 3)
    assert "a_2" in " ".join(source(query="SELECT 1 AS a, 2 AS a").notes())


def test_a_database_that_knows_no_encoding() -> None:
    server = servers.postgresql()
    name = "automic_ascii"
    server.run(f"DROP DATABASE IF EXISTS {name}", options="-c client_min_messages=error")
    server.run(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        where = {**server.options, "database": name}
        other = servers.Address(server.host, server.port, server.user, name)
        other.run("CREATE TABLE t (a text, n int)")
        other.run("INSERT INTO t VALUES (E'Z\\303\\253', 1), (E'caf\\351', 2), (NULL, 3)")
        frame = registry.build("source", "postgresql", where).scan().collect()
        assert frame["a"].to_list() == ["Zë", "café", None]
        assert [text and json.loads(text) for text in frame[frames.RESCUED]] == [
            None,
            {"values": {"a": "\\x636166e9"}},
            None,
        ]
    finally:
        server.run(f"DROP DATABASE {name}")


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(
    st.lists(
        st.tuples(
            texts,
            st.none() | texts,
            st.none() | st.floats(),
            st.none() | st.datetimes(),
            st.none() | st.binary(max_size=5),
        ),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=15)
def test_what_is_written_is_read(space: str, rows: list[tuple[Any, ...]]) -> None:
    types = {"a": pl.String, "b": pl.String, "c": pl.Float64, "d": pl.Datetime("us"), "e": pl.Binary}
    frame = pl.DataFrame(rows, schema=types, orient="row")
    loader(schema=space, table="round").load(frame, "overwrite")
    assert_frame_equal(source(schema=space, table="round").scan().select(frame.columns).collect(), frame)
    loader(schema=space, table="alone").load(frame.select("b"), "overwrite")
    assert_frame_equal(source(schema=space, table="alone").scan().select("b").collect(), frame.select("b"))


def test_types_are_declared(space: str) -> None:
    frame = pl.DataFrame(
        {
            "big": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
            "money": pl.Series([Decimal("1.10"), None], dtype=pl.Decimal(10, 2)),
            "at": pl.Series([datetime(2024, 7, 1, 10, tzinfo=UTC), None]).dt.convert_time_zone("Europe/Berlin"),
            "tags": [["a", "ü"], None],
            "place": [{"x": 1}, None],
            "took": [timedelta(hours=1), None],
            "kind": pl.Series(["a", None], dtype=pl.Categorical),
        }
    )
    loader(schema=space, table="declared").load(frame, "overwrite")
    found = servers.postgresql().run(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        f"WHERE attrelid = '{space}.declared'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert dict(found) == {
        "big": "numeric(20,0)",
        "money": "numeric(10,2)",
        "at": "timestamp with time zone",
        "tags": "jsonb",
        "place": "jsonb",
        "took": "interval",
        "kind": "text",
    }
    read = source(schema=space, table="declared").scan().collect()
    assert read["big"][0] == 2**64 - 1
    assert read["at"][0] == datetime(2024, 7, 1, 10, tzinfo=UTC)
    assert json.loads(read["place"][0]) == {"x": 1}
    assert read["took"][0] == "PT1H"


@pytest.mark.parametrize("column", [["ok", "a\0b"], [["ok"], ["a\0b"]]], ids=["text", "list"])
def test_a_nul_character_is_named(space: str, column: list[Any]) -> None:
    frame = pl.concat([pl.DataFrame({"n": [1], "x": column[:1]})] * 3 + [pl.DataFrame({"n": [1], "x": column[1:]})])
    with pytest.raises(LoadError, match=r"Row 4, column 'x'.*NUL"):
        loader(schema=space, table="nul").load(frames.stream(frame, 2), "append")
    assert "nul" not in source(schema=space).relations()[0]


def test_what_only_looks_like_a_nul_character_is_written(space: str) -> None:
    frame = pl.DataFrame({"x": [["\\u0000"]], "y": ["\\u0000"]})
    loader(schema=space, table="like_nul").load(frame)
    read = source(schema=space, table="like_nul").scan().collect()
    assert (json.loads(read["x"][0]), read["y"][0]) == (["\\u0000"], "\\u0000")


def test_a_value_that_does_not_fit_is_named_and_nothing_is_written(space: str) -> None:
    loader(schema=space, table="strict").load(pl.DataFrame({"a": [1]}), "overwrite")
    with pytest.raises(LoadError, match='line 2, column a: "x"'):
        loader(schema=space, table="strict").load(pl.DataFrame({"a": ["5", "x"]}), "append")
    assert servers.postgresql().run(f"SELECT * FROM {space}.strict") == [(1,)]


def test_overwrite_keeps_a_table_that_fits(space: str) -> None:
    run = servers.postgresql().run
    run(f"CREATE TABLE {space}.fits (id uuid PRIMARY KEY, at timestamptz DEFAULT now())")
    run(f"CREATE VIEW {space}.of_fits AS SELECT id FROM {space}.fits")
    new = pl.DataFrame({"id": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"], "at": [datetime(2024, 1, 1, tzinfo=UTC)]})
    loader(schema=space, table="fits").load(new, "overwrite")
    assert run(f"SELECT id::text FROM {space}.of_fits") == [(new["id"][0],)]
    with pytest.raises(LoadError, match="depend on it"):
        loader(schema=space, table="fits").load(pl.DataFrame({"other": [1]}), "overwrite")
    assert run(f"SELECT count(*) FROM {space}.fits") == [(1,)]


def test_upsert_by_keys_with_nulls(space: str) -> None:
    target = {"schema": space, "table": "merged"}
    loader(**target).load(pl.DataFrame({"k": [1, None], "j": ["a", None], "v": [1, 2], "w": [7, 7]}), "overwrite")
    new = pl.DataFrame({"k": [1, None, None, 1], "j": ["a", None, "b", "a"], "v": [10, 20, 30, 11]})
    assert loader(**target).load(new, "upsert", ["k", "j"]) == 4
    found = servers.postgresql().run(f"SELECT k, j, v, w FROM {space}.merged ORDER BY v")
    assert found == [(1, "a", 11, 7), (None, None, 20, 7), (None, "b", 30, None)]
    for keys in ([], ["nope"]):
        with pytest.raises(LoadError, match="Cannot upsert"):
            loader(**target).load(new, "upsert", keys)


def test_a_load_that_fails_at_its_commit_is_over(space: str) -> None:
    servers.postgresql().run(f"CREATE TABLE {space}.late (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    load = loader(schema=space, table="late")
    with pytest.raises(LoadError, match="duplicate key"):
        load.load(pl.DataFrame({"a": [1, 1]}))
    load.load(pl.DataFrame({"a": [2]}), "upsert", ["a"])
    assert servers.postgresql().run(f"SELECT a FROM {space}.late") == [(2,)]


def test_names_that_would_be_cut_are_refused(space: str) -> None:
    with pytest.raises(LoadError, match="takes no name"):
        loader(schema=space, table="t").load(pl.DataFrame({"ü" * 32: [1]}))
    with pytest.raises(LoadError, match="no columns"):
        loader(schema=space, table="t").load(pl.DataFrame())


def test_a_loader_makes_its_schema_and_takes_the_name_of_the_source(space: str) -> None:
    made = f"{space}_made"
    try:
        bound = loader(schema=made).bind("orders")
        bound.load(pl.DataFrame({"a": [1]}))
        loader(table=f"{made}.orders").load(pl.DataFrame({"a": [2], "b": ["new"]}))
        assert servers.postgresql().run(f"SELECT * FROM {made}.orders ORDER BY a") == [(1, None), (2, "new")]
    finally:
        servers.postgresql().run(f"DROP SCHEMA IF EXISTS {made} CASCADE", options="-c client_min_messages=error")


def test_addresses() -> None:
    assert _server.options_of("postgresql://me%40x@[::1]:5433/a%2Fb?table=s.t") == {
        "user": "me@x",
        "host": "::1",
        "port": "5433",
        "database": "a/b",
        "table": "s.t",
    }
    about = {"user": "me@x", "host": "::1", "port": 5433, "database": "a/b"}
    assert _server.options_of(_server.address("postgresql", about)) == {k: str(v) for k, v in about.items()}
    with pytest.raises(ConfigError, match="never written"):
        _server.options_of("postgresql://me:pa55@host/db")
    for wrong in ({"host": "a,b"}, {"host": "a b"}, {"host": "x' password='y"}, {"database": ""}, {"user": "a\0"}):
        with pytest.raises(ConfigError):
            source(**wrong)


def test_nothing_but_the_options_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = servers.postgresql()
    (tmp_path / "pass").write_text("*:*:*:*:right")
    (tmp_path / "pass").chmod(0o600)
    about = {"PGHOSTADDR": "192.0.2.1", "PGPORT": "1", "PGUSER": "nobody", "PGPASSWORD": "right"}
    for name, value in {**about, "PGPASSFILE": str(tmp_path / "pass")}.items():
        monkeypatch.setenv(name, value)
    guarded = servers.guarded_postgresql()
    with pytest.raises(SourceError, match="password is wrong"):
        registry.build("source", "postgresql", guarded).check()
    assert source(query="SELECT current_user AS u").scan().collect()["u"].to_list() == [server.user]


def test_encryption_checks_who_answers(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing, which makes the certificate of a server")
    about = {**servers.guarded_postgresql(), "password": Secret.literal("right")}

    def encrypted(**options: Any) -> list[Any]:
        found = registry.build(
            "source",
            "postgresql",
            {**about, **options, "query": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"},
        )
        return list(found.scan().collect()["ssl"])

    (tmp_path / "root.pem").write_text(servers.certificate())
    root = str(tmp_path / "root.pem")
    assert encrypted(sslmode="require") == [True]
    assert encrypted(sslmode="disable") == [False]
    assert encrypted(sslmode="verify-full", root_certificate=root) == [True]
    with pytest.raises(SourceError, match="certificate"):
        encrypted(sslmode="verify-full", root_certificate=root, host="localhost")
    other = tmp_path / "other.pem"
    servers.certify(tmp_path / "other.key", other)
    with pytest.raises(SourceError, match="certificate"):
        encrypted(sslmode="verify-ca", root_certificate=str(other))
    policy = AccessPolicy(allowed_roots=(tmp_path,))
    refused = {**about, "sslmode": "verify-ca", "root_certificate": "/etc/ssl/none.pem"}
    with pytest.raises(SecurityError, match="outside"):
        confined(registry.build("source", "postgresql", refused), policy).check()


def test_the_same_rows_are_taken_once(space: str, tmp_path: Path) -> None:
    loader(schema=space, table="once").load(pl.DataFrame({"id": range(1000)}), "overwrite")
    with Lakehouse.open(tmp_path / "lake") as lake:
        assert lake.bronze.ingest(source(schema=space, table="once"), "once").rows == 1000
        assert lake.bronze.ingest(source(schema=space, table="once"), "once").reports == []
        loader(schema=space, table="once").load(pl.DataFrame({"id": [5000]}), "append")
        assert lake.bronze.ingest(source(schema=space, table="once"), "once", mode="snapshot").rows == 1001
        assert lake.query("SELECT count(*) AS n FROM bronze.once")["n"].to_list() == [2001]


def test_commands(
    space: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = servers.postgresql()
    loader(schema=space, table="typed").load(pl.DataFrame({"id": [1, 2], "name": ["Ana", "Zoë"]}), "overwrite")
    monkeypatch.chdir(tmp_path)
    address = f"postgresql://{server.user}@{server.host}:{server.port}/{server.database}?table={space}.typed"

    def run(*words: str) -> tuple[int, str]:
        code = cli.run([*words, "--lake", str(tmp_path / "lake")])
        return code, "".join(capsys.readouterr())

    code, said = run("preview", address)
    assert code != 0
    assert "allowed_hosts" in said
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "automic.yaml").write_text(f"security: {{allowed_hosts: ['{server.host}']}}\n")
    code, said = run("preview", address)
    assert (code, "Zoë" in said) == (0, True), said
    parts = [f"{name}={value}" for name, value in server.options.items() if name != "database"]
    options = [word for part in [*parts, f"table={space}.typed"] for word in ("-o", part)]
    code, said = run("infer", server.database, "--kind", "postgresql", *options)
    assert (code, "2 columns from 2 rows" in said) == (0, True), said
    code, said = run("ingest", address, "--table", "typed")
    assert (code, "2 rows" in said) == (0, True), said
    assert f"{server.user}@" not in said
    code, said = run("preview", f"postgresql://me:pa55word@{server.host}/db")
    assert code != 0
    assert "pa55word" not in said
    with pytest.raises(AutomicError, match="no option 'tabel'"):
        source(tabel="x")
