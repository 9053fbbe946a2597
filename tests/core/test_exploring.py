"""What the explorer offers: tables, words, examples, answers with their past, history, files, gold."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from automic_core import workbench
from automic_core.demo.run import run_demo
from automic_core.errors import AutomicError, CatalogError, ConfigError, TransformError
from automic_core.lake import Lakehouse
from automic_core.queries.process import pool
from automic_core.workbench import Past
from automic_core.workbench.query_history import KEEP, Ran, history_file, remember


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield run_demo(tmp_path_factory.mktemp("demo") / "lake", orders=500).lake
    pool().close()


@pytest.fixture
def lake(demo: Path) -> Iterator[Lakehouse]:
    with workbench.opened(demo, "tester") as opened:
        workbench.forget_statements(opened)
        yield opened


def test_the_tree_holds_tables_and_types(lake: Lakehouse) -> None:
    tree = workbench.schema_tree(lake)
    assert [table.layer for table in tree] == sorted(
        (t.layer for t in tree), key=["gold", "silver", "bronze", "quarantine"].index
    )
    orders = next(table for table in tree if table.name == "silver.orders")
    assert (orders.columns["ordered_at"], orders.columns["total"]) == ("timestamptz", "decimal(14,2)")
    assert orders.rows
    names = list(orders.columns)
    assert names.index("total_eur") < names.index("_rid")


def test_the_tree_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_text(",".join(f"c{n}" for n in range(700)) + "\n" + ",".join("1" * 700) + "\n", encoding="utf-8")
    with workbench.opened(workbench.create(tmp_path / "lake").path) as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "wide")
        [table] = workbench.schema_tree(lake)
    assert len(table.columns) == 500
    assert table.more > 200


def test_words_are_those_that_may_be_used() -> None:
    words = workbench.vocabulary()
    assert {"SELECT", "GROUP", "BY", "JOIN"} <= set(words.keywords)
    assert {"sum", "date_trunc", "regexp_replace"} <= set(words.functions)
    assert not {"getenv", "read_text", "current_setting", "version"} & set(words.functions)
    assert workbench.sql_name("silver.orders") == "silver.orders"
    assert workbench.sql_name("silver.select") == 'silver."select"'
    assert workbench.column_name('a "b') == '"a ""b"'


def test_examples_are_answered(lake: Lakehouse) -> None:
    found = workbench.examples(lake)
    assert len(found) == 3
    assert len({example.table for example in found}) == 3
    for example in found:
        answer = workbench.answer_sql(lake, example.sql, record=False)
        assert answer.total
        assert [read.name for read in answer.tables] == [example.table]


def test_an_empty_lake_has_none(tmp_path: Path) -> None:
    with workbench.opened(workbench.create(tmp_path / "lake").path) as lake:
        assert workbench.examples(lake) == []
        assert workbench.schema_tree(lake) == []


def test_the_first_rows_of_a_table(lake: Lakehouse) -> None:
    sql = workbench.starting_query(lake, "silver.orders")
    answer = workbench.answer_sql(lake, sql, record=False)
    assert (answer.total, len(answer.rows().rows)) == (100, 100)
    with pytest.raises(CatalogError, match=r"no table silver\.order\b"):
        workbench.starting_query(lake, "silver.order")


def test_an_answer_keeps_whole_numbers_whole(lake: Lakehouse) -> None:
    answer = workbench.answer_sql(lake, "SELECT sum(n) AS s, 2::HUGEINT ** 100 AS big FROM range(4) t(n)", record=False)
    assert answer.frame()["s"].dtype == pl.Int64
    assert answer.columns["s"] == "HUGEINT"


def test_time_travel(lake: Lakehouse) -> None:
    states = workbench.history(lake, "bronze.orders")
    sql = "SELECT count(*) AS n FROM bronze.orders JOIN gold.orders_by_status ON true"
    first = Past(table="bronze.orders", snapshot=states[0].id)
    then = workbench.answer_sql(lake, sql, first, record=False)
    assert {(read.name, read.snapshot) for read in then.tables} >= {("bronze.orders", states[0].id)}
    assert then.pins()["bronze.orders"] == states[0].id
    with pytest.raises(CatalogError, match="no state at"):
        workbench.answer_sql(lake, sql, Past(at=datetime(2001, 1, 1, tzinfo=UTC)), record=False)
    now = workbench.answer_sql(lake, sql, Past(at=datetime.now(UTC)), record=False)
    assert now.rows().rows == workbench.answer_sql(lake, sql, record=False).rows().rows
    other = workbench.answer_sql(lake, "SELECT 1 AS a", first, record=False)
    assert "changes nothing" in other.notes[0]
    assert str(first) == f"bronze.orders at snapshot {states[0].id}"


def test_statements_are_remembered_once_for_each_person(lake: Lakehouse, demo: Path) -> None:
    workbench.answer_sql(lake, "SELECT 1 AS a")
    workbench.answer_sql(lake, "SELECT 2 AS a")
    workbench.answer_sql(lake, "SELECT 1 AS a")
    with pytest.raises(AutomicError):
        workbench.answer_sql(lake, "SELECT nothing")
    found = workbench.recent_statements(lake)
    assert [ran.sql for ran in found] == ["SELECT nothing", "SELECT 1 AS a", "SELECT 2 AS a"]
    assert (found[0].rows, found[1].rows, found[1].error) == (None, 1, "")
    assert "nothing" in found[0].error
    assert [ran.sql for ran in workbench.recent_statements(lake, words="2 as")] == ["SELECT 2 AS a"]
    assert len(workbench.recent_statements(lake, limit=1)) == 1
    with workbench.opened(demo, "somebody@else") as other:
        assert workbench.recent_statements(other) == []
    workbench.forget_statements(lake)
    assert workbench.recent_statements(lake) == []


def test_the_history_is_capped_and_outlives_a_broken_line(tmp_path: Path) -> None:
    file = history_file(tmp_path, "../../etc/passwd")
    assert file.parent.parent == tmp_path
    for number in range(KEEP + 150):
        remember(file, Ran(f"SELECT {number}", datetime.now(UTC), 1))
    lines = file.read_text(encoding="utf-8").splitlines()
    assert KEEP <= len(lines) <= KEEP + 100
    assert json.loads(lines[-1])["sql"] == f"SELECT {KEEP + 149}"


def test_a_cut_line_loses_only_itself(lake: Lakehouse) -> None:
    workbench.answer_sql(lake, "SELECT 1 AS a")
    file = history_file(lake.context.root, "tester")
    file.write_text('{"sql": "SELECT\n' + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert [ran.sql for ran in workbench.recent_statements(lake)] == ["SELECT 1 AS a"]


@pytest.mark.parametrize(("sql", "message"), [(" \n", "no statement"), ("SELECT 1 --" + "x" * 60_000, "characters")])
def test_what_is_no_statement_is_not_asked(lake: Lakehouse, sql: str, message: str) -> None:
    with pytest.raises(TransformError, match=message):
        workbench.ask_sql(lake, sql)


def test_a_question_can_be_cancelled(lake: Lakehouse) -> None:
    asking = workbench.ask_sql(
        lake, "SELECT count(*) FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range % 7 = 3"
    )
    assert not asking.wait(0.2)
    assert asking.seconds > 0.1
    asking.cancel()
    started = time.perf_counter()
    with pytest.raises(TransformError, match="cancelled"):
        asking.answer()
    assert time.perf_counter() - started < 10
    assert workbench.recent_statements(lake)[0].error == "The query was cancelled."


def test_a_download_reads_what_was_shown(lake: Lakehouse, demo: Path) -> None:
    first = workbench.history(lake, "bronze.orders")[1]
    answer = workbench.answer_sql(
        lake, "FROM bronze.orders", Past(table="bronze.orders", snapshot=first.id), record=False
    )
    assert first.rows
    assert answer.total == first.rows
    assert len(json.loads(workbench.download_answer(answer, str(demo), "json"))) == first.rows
    assert workbench.download_answer(answer, str(demo), "csv", excel=True).startswith(b"\xef\xbb\xbforder_id,")
    assert workbench.media_type("csv") == "text/csv"
    with pytest.raises(ConfigError, match="no download as 'xls'"):
        workbench.download_answer(answer, str(demo), "xls")


def test_keeping_an_answer_as_gold(lake: Lakehouse) -> None:
    answer = workbench.answer_sql(lake, "SELECT status, count(*) AS n FROM silver.orders GROUP BY ALL", record=False)
    plan = workbench.gold_plan(lake, "mine", answer.sql)
    assert (plan.table, plan.sources, plan.exists, plan.notes) == ("gold.mine", ("silver.orders",), False, ())
    assert workbench.gold_plan(lake, "gold.orders_by_status", answer.sql).exists
    raw = workbench.answer_sql(
        lake, "SELECT count(*) AS n FROM bronze.orders", Past(at=datetime.now(UTC)), record=False
    )
    notes = workbench.gold_plan(lake, "mine", raw.sql, raw.past).notes
    assert "newest state" in notes[0]
    assert "no rule has checked" in notes[1]


@pytest.mark.parametrize(
    ("name", "sql", "message"),
    [
        ("silver.mine", "SELECT 1 AS a", "not a table of gold"),
        ("my table", "SELECT 1 AS a", "cannot be a table name"),
        ("  ", "SELECT 1 AS a", "needs a name"),
        ("mine", "SELECT 1 AS a, 2 AS a", "one name"),
        ("orders_by_status", "FROM gold.orders_by_status", "made of itself"),
    ],
)
def test_gold_is_refused_in_its_words(lake: Lakehouse, name: str, sql: str, message: str) -> None:
    answer = workbench.answer_sql(lake, sql, record=False)
    with pytest.raises(AutomicError, match=message):
        workbench.gold_plan(lake, name, answer.sql, answer.past, answer.renamed)
