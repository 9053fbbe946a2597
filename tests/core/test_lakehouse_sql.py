"""SQL over lake tables: what it answers, what it refuses, what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from automic_core.errors import AutomicError, CatalogError, SecurityError, TransformError
from automic_core.lakehouse import branches, catalog, commits, files, schemas, sql, tables
from automic_core.lakehouse.upsert import upsert

Query = Callable[..., pl.DataFrame]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Catalog]:
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as opened:
        yield opened


def put(table: Table, frame: pl.DataFrame) -> int:
    return tables.append(table, files.land(table, frame.lazy()).collect())


@pytest.fixture
def orders(lake: Catalog) -> Table:
    return orders_in(lake)


def orders_in(lake: Catalog) -> Table:
    frame = pl.DataFrame({"id": [1, 2, 3], "amount": [1.5, 2.5, 3.5], "group": ["a", "b", "a"]})
    table = tables.create(lake, "bronze.orders", frame.schema)
    put(table, frame)
    return table


@pytest.fixture
def ask(lake: Catalog, orders: Table) -> Query:
    return query_over(lake, orders)


def query_over(lake: Catalog, orders: Table) -> Query:
    customers = tables.create(
        lake, "silver.customers", pl.Schema({"id": pl.Int64, "name": pl.String, "Kunden-Nr": pl.Int64})
    )
    put(customers, pl.DataFrame({"id": [1, 2], "name": ["Ada", "Bo"], "Kunden-Nr": [7, 8]}))

    def query(text: str, **options: object) -> pl.DataFrame:
        return sql.query({"bronze.orders": orders, "silver.customers": customers}, text, **options)  # type: ignore[arg-type]

    return query


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    """For statements that change nothing."""
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path_factory.mktemp("sql") / "lake")) as opened:
        yield query_over(opened, orders_in(opened))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT sum(amount) FROM bronze.orders", [(7.5,)]),
        ('SELECT bronze.orders."group", count(*) n FROM bronze.orders GROUP BY ALL ORDER BY 1', [("a", 2), ("b", 1)]),
        ("SELECT name FROM bronze.orders o JOIN silver.customers c USING (id) ORDER BY amount DESC LIMIT 1", [("Bo",)]),
        ("WITH x AS (FROM bronze.orders), y AS (SELECT max(id) m FROM X) SELECT m FROM y", [(3,)]),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT sum(n) FROM t", [(10,)]),
        ("SELECT (SELECT count(*) FROM bronze.orders), exists(FROM silver.customers)", [(3, True)]),
        ("SELECT sum(i) FROM range(4) t(i)", [(6,)]),
        ("SELECT count(*) FROM bronze.orders, unnest([1, 2]) u(x) WHERE x > 1", [(3,)]),
        ("SELECT list_sum([id + x FOR x IN [1, 2]]) FROM bronze.orders WHERE id = 1", [(5,)]),
        ("SELECT count(*) FROM bronze.orders UNION ALL SELECT count(*) FROM silver.customers", [(3,), (2,)]),
        ("VALUES (1, 'x')", [(1, "x")]),
        ("SELECT TIMESTAMPTZ '2024-01-01 00:00:00+02:00' AS t", [(datetime(2023, 12, 31, 22, tzinfo=UTC),)]),
    ],
)
def test_answers(asked: Query, text: str, expected: list[tuple[object, ...]]) -> None:
    assert asked(text).rows() == expected


@pytest.mark.parametrize(
    "text",
    [
        "COPY bronze.orders TO 'x.csv'",
        "COPY (SELECT 1) TO 'x.csv'",
        "ATTACH 'x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '1GB'",
        "PRAGMA database_list",
        "CREATE TABLE x AS SELECT 1",
        "CREATE VIEW bronze.x AS SELECT 1",
        "DROP VIEW bronze.orders",
        "INSERT INTO bronze.orders VALUES (1)",
        "DELETE FROM bronze.orders",
        "EXPLAIN SELECT 1",
        "CALL duckdb_settings()",
        "EXPORT DATABASE 'x'",
        "SELECT 1; SELECT 2",
        "SELECT 1; COPY bronze.orders TO 'x.csv'",
        "",
        "SHOW TABLES",
        "DESCRIBE bronze.orders",
        "FROM '/etc/passwd'",
        "FROM 'data.parquet'",
        "FROM 'http://localhost/x'",
        'SELECT * FROM "C:\\x"',
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('*')",
        "SELECT * FROM parquet_metadata('x')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('bronze.orders')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM json_execute_serialized_sql('{}')",
        "WITH x AS (FROM read_csv('/etc/passwd')) SELECT 1",
        "SELECT (SELECT count(*) FROM read_blob('/etc/passwd'))",
        "SELECT * FROM bronze.orders WHERE id IN (SELECT 1 FROM glob('/*'))",
        "SELECT * FROM range((SELECT count(*) FROM glob('*')))",
        "SELECT * FROM bronze.orders ORDER BY (SELECT count(*) FROM glob('*'))",
        "SELECT sum(id) OVER (ORDER BY (SELECT count(*) FROM glob('*'))) FROM bronze.orders",
        "SELECT getenv('HOME')",
        "SELECT GetEnv('HOME')",
        "SELECT list_transform(['HOME'], lambda x: getenv(x))",
        "SELECT current_setting('temp_directory')",
        "SELECT write_log('x')",
        "SELECT pg_sleep(60)",
        "SELECT sleep_ms(60000)",
        "SELECT json_serialize_sql('SELECT 1')",
    ],
)
def test_refuses_all_but_a_select_over_tables(asked: Query, text: str) -> None:
    with pytest.raises(SecurityError):
        asked(text)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("FROM bronze.ordrs", CatalogError, r"no table bronze\.ordrs.*Did you mean bronze\.orders\?"),
        ("FROM orders", CatalogError, r"no table orders.*Did you mean bronze\.orders\?"),
        ("FROM information_schema.tables", CatalogError, "no table information_schema"),
        ("FROM sqlite_master", CatalogError, "no table sqlite_master"),
        ("FROM lake.bronze.orders", CatalogError, r"no table lake\.bronze\.orders"),
        ("SELECT amuont FROM bronze.orders", TransformError, r'"amuont" not found.*Did you mean amount\?'),
        ("SELECT rid FROM bronze.orders", TransformError, r'"rid" not found(?!.*_rid).*Did you mean id\?'),
        ("SELECT kunden-nr FROM silver.customers", TransformError, r'Write "Kunden-Nr" in double quotes'),
        ("SELECT xyzzy FROM bronze.orders", TransformError, r'"xyzzy" not found(?!.*_).*There is '),
        ("SELECT smu(id) FROM bronze.orders", TransformError, "smu"),
        ("SELECT FROM WHERE", TransformError, "cannot be read"),
        ("SELECT CAST('x' AS INT)", TransformError, "Could not convert string 'x'"),
        ("SELECT error('boom')", TransformError, "boom"),
        ("SELECT ?", TransformError, "fails"),
        ("FROM bronze.orders AT (VERSION => 5)", CatalogError, "no published snapshot 5"),
        ("FROM bronze.orders AT (VERSION => 1 + 1)", TransformError, "needs a literal"),
        ("FROM bronze.orders AT (TIMESTAMP => 'soon')", TransformError, "needs a literal"),
        ("FROM bronze.orders AT (TIMESTAMP => '2001-01-01')", CatalogError, "no state at 2001"),
    ],
)
def test_says_what_is_wrong(asked: Query, text: str, error: type[AutomicError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        asked(text)
    assert "LINE 1" not in str(caught.value)


def test_python_variables_are_no_tables(ask: Query) -> None:
    hidden = pl.DataFrame({"secret": [1]})
    with pytest.raises(CatalogError, match="no table hidden"):
        ask("FROM hidden")
    assert hidden.height == 1


def test_time_travel_per_table_and_for_all(ask: Query, orders: Table) -> None:
    first = commits.head(orders)
    between = datetime.now(UTC)
    while datetime.now(UTC) <= between + timedelta(milliseconds=2):
        pass
    tables.delete(orders, "id = 1")
    schemas.rename_column(orders, "amount", "total")
    both = f"""
        SELECT n.id, o.amount, n.total
        FROM bronze.orders o AT (VERSION => {first})
        LEFT JOIN bronze.orders n ON n.id = o.id
        LEFT JOIN bronze.orders p AT (TIMESTAMP => '{between.isoformat()}') ON p.id = o.id
        WHERE p.amount = o.amount ORDER BY o.id
    """
    assert ask(both).rows() == [(None, 1.5, None), (2, 2.5, 2.5), (3, 3.5, 3.5)]
    assert ask("SELECT sum(amount) FROM bronze.orders", as_of=between).item() == 7.5
    assert ask("SELECT sum(orders.amount) FROM bronze.orders", as_of=first).item() == 7.5
    assert ask(f"SELECT sum(orders.amount) FROM bronze.orders AT (VERSION => {first})").item() == 7.5
    assert ask("SELECT sum(total) FROM bronze.orders").item() == 6.0
    with pytest.raises(TransformError, match="several tables"):
        ask("FROM bronze.orders, silver.customers", as_of=first)


def test_unpublished_rows_cannot_be_asked_for(ask: Query, orders: Table) -> None:
    draft = put_on_branch(orders)
    with pytest.raises(CatalogError, match="no published snapshot"):
        ask(f"FROM bronze.orders AT (VERSION => {draft})")
    assert ask("SELECT count(*) FROM bronze.orders").item() == 3


def put_on_branch(table: Table) -> int:
    frame = pl.DataFrame({"id": [9], "amount": [9.0], "group": ["z"]})
    return branches.open_branch(table, "draft").append(files.land(table, frame.lazy()).collect())


def test_limits_stop_a_statement(ask: Query) -> None:
    with pytest.raises(TransformError, match=r"longer than 0\.2 s"):
        ask("SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 11", timeout=0.2)
    with pytest.raises(TransformError, match=r"(?i)memory"):
        ask("SELECT list(i) FROM range(30000000) t(i)", memory_limit="20MB", threads=1)


def test_the_connection_itself_reaches_nothing(orders: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Were the policy on the parse to miss something, the locked connection still refuses."""
    (tmp_path / "x.csv").write_text("a\n1\n")
    statement = sql.Statement("", {}, [])
    monkeypatch.setattr(sql, "parse", lambda *_: statement)
    for text in (
        f"SELECT * FROM '{tmp_path}/x.csv'",
        f"COPY (SELECT 1) TO '{tmp_path}/y.csv'",
        f"ATTACH '{tmp_path}/z.db'",
        "SET enable_external_access = true",
        "SELECT * FROM orders",
        "INSTALL httpfs",
    ):
        statement.text = text
        with pytest.raises(TransformError, match=r"(?i)disabled|locked|not exist|configuration|cannot"):
            sql.query({"bronze.orders": orders}, text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lake", "x.csv"]


def test_a_vanished_file_is_a_clear_error(ask: Query, orders: Table) -> None:
    task = next(iter(orders.scan().plan_files()))
    path = files.local_path(task.file.file_path)
    assert path is not None
    path.unlink()
    with pytest.raises(AutomicError, match=path.name):
        ask("SELECT count(amount) FROM bronze.orders")
    with pytest.raises(AutomicError, match=path.name):
        upsert(orders, pl.DataFrame({"id": [1], "amount": [0.0], "group": ["x"]}), ["id"])


def test_large_work_spills_instead_of_failing(ask: Query) -> None:
    text = "SELECT count(DISTINCT i::VARCHAR || 'some padding') FROM range(1500000) t(i)"
    assert ask(text, memory_limit="60MB", threads=1).item() == 1_500_000


@pytest.mark.parametrize(
    "text",
    [
        "WITH duckdb_views AS (SELECT sql FROM duckdb_views) SELECT sql FROM duckdb_views, bronze.orders",
        "WITH a AS (SELECT sql FROM sqlite_master), sqlite_master AS (SELECT 1) SELECT a.sql FROM a, bronze.orders",
        "WITH RECURSIVE duckdb_views AS (FROM duckdb_views UNION SELECT '') FROM duckdb_views, bronze.orders",
    ],
)
def test_a_name_of_its_own_opens_no_system_view(asked: Query, text: str) -> None:
    with pytest.raises(CatalogError, match="There is no table"):
        asked(text)


def test_a_common_table_expression_has_no_past(ask: Query) -> None:
    with pytest.raises(TransformError, match="x is no table"):
        ask("WITH x AS (FROM bronze.orders) SELECT count(*) FROM x AT (VERSION => 1)")


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("SELECT amuont FROM bronze.orders", (1, 8)),
        ("SELECT id,\n  'é' || amuont\nFROM bronze.orders", (2, 10)),
        ("SELECT id\nFROM bronze.nothing", (2, 6)),
        ("SELECT id FROM\n bronze.orders WHER id = 1", (2, 21)),
        ("SELECT smu(id)\n, id FROM bronze.orders", (1, 8)),
        ("SELECT amuont FROM bronze.orders AT (TIMESTAMP => '2999-01-01')", (1, 8)),
        ("SELECT CAST(\n'x' AS INT)", (1, 8)),
        ("SELECT error('boom')", None),
    ],
)
def test_says_where_it_is_wrong(asked: Query, text: str, position: tuple[int, int] | None) -> None:
    with pytest.raises(AutomicError) as caught:
        asked(text)
    assert caught.value.position == position


def test_a_name_given_twice_is_named(ask: Query) -> None:
    with pytest.raises(TransformError, match=r"Two columns of the answer are called id.*AS"):
        ask("SELECT id, amount AS id FROM bronze.orders")


def test_tables_are_pinned_one_by_one(orders: Table, ask: Query) -> None:
    first = commits.head(orders)
    assert first is not None
    tables.delete(orders, "id = 1")
    text = "SELECT count(*) FROM bronze.orders, silver.customers"
    assert ask(text).item() == 4
    assert ask(text, as_of={"bronze.orders": first}).item() == 6
    with pytest.raises(CatalogError, match="no published snapshot 5"):
        ask(text, as_of={"bronze.orders": 5})


def test_says_which_states_it_read_and_streams(orders: Table) -> None:
    first = commits.head(orders)
    tables.delete(orders, "id = 1")
    text = f"FROM bronze.orders UNION ALL FROM bronze.orders AT (VERSION => {first})"
    with sql.answering({"bronze.orders": orders}, text) as running:
        assert [(read.snapshot, read.own) for read in running.tables] == [(commits.head(orders), False), (first, True)]
        assert sum(batch.num_rows for batch in running.reader(2)) == 5
