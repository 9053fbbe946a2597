"""The golden set: questions with the rows they must have, and what a change does to them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core import CSVSource, Lakehouse, cli, workbench
from automic_core.errors import CatalogError, ConfigError, SecurityError
from automic_core.medallion import golden
from automic_core.medallion.golden import Golden, difference, golden_of, texts
from automic_core.queries.process import pool
from tests.core.asked import STAYS


@pytest.fixture(scope="module", autouse=True)
def _processes() -> Iterator[None]:
    yield
    pool().close()


@pytest.fixture
def lake(asked_lake: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(asked_lake, actor="ada") as opened:
        yield opened


def kept(frame: pl.DataFrame, sql: str = "SELECT 1") -> Golden:
    return golden_of("q", (), sql, frame, {}, "ada")


def test_the_same_rows_in_any_order_and_type_are_the_same() -> None:
    made = kept(pl.DataFrame({"a": [1, 2], "b": [0.5, None]}))
    same = pl.DataFrame({"x": [2.0, 1.0], "y": [None, Decimal("0.50")]}, strict=False)
    assert difference(made, same) == ()
    assert texts(same)[0] == ("2", "∅")


def test_an_order_that_was_asked_for_counts() -> None:
    made = kept(pl.DataFrame({"a": [1, 2]}), "SELECT a FROM t ORDER BY a")
    assert difference(made, pl.DataFrame({"a": [2, 1]})) == ("the same rows in another order",)


def test_what_is_missing_and_what_is_new_is_told() -> None:
    made = kept(pl.DataFrame({"a": ["x", "y"]}))
    assert difference(made, pl.DataFrame({"a": ["x", "z", "z"]})) == (
        "expected 2 rows, got 3",
        "missing: y",
        "new: z",
        "new: z",
    )
    assert difference(made, pl.DataFrame({"a": ["x", "y"], "b": [1, 1]}))[0] == "expected 1 columns (a), got 2"


@given(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from(["", "a", "b", None])), max_size=40), st.randoms())
def test_only_rows_that_differ_differ(rows: list[tuple[int, str | None]], chance: object) -> None:
    frame = pl.DataFrame(rows, schema={"n": pl.Int64, "t": pl.String}, orient="row")
    made = kept(frame)
    assert difference(made, frame.reverse()) == ()
    other = pl.concat([frame, pl.DataFrame({"n": [9], "t": ["new"]})])
    assert difference(made, other)


def test_it_is_asked_again_at_the_states_its_rows_are_from(lake: Lakehouse, tmp_path: Path) -> None:
    workbench.add_golden(lake, "How many stays are there for each kind?")
    workbench.add_golden(lake, "only business", ["How many stays are there?"])
    assert workbench.run_golden(lake).passed
    STAYS.with_columns(pl.col("stay_id") + 10).write_csv(tmp_path / "more.csv")
    lake.bronze.ingest(CSVSource(str(tmp_path / "more.csv")), "stays")
    lake.silver.promote("stays")
    assert lake.ask("How many stays are there?").frame.item() == 12  # type: ignore[union-attr]
    assert workbench.run_golden(lake).passed


def test_a_regression_is_shown_expected_against_got(lake: Lakehouse) -> None:
    question = "How many stays are there for each kind?"
    workbench.add_golden(lake, question)
    lake.questions.approve(question, "SELECT kind, count(*) + 1 AS n FROM silver.stays GROUP BY kind")
    [found] = workbench.run_golden(lake).outcomes
    assert found.state == "wrong"
    assert found.rung == "verified"
    assert found.before.startswith("SELECT count(*)")
    assert found.expected
    assert found.got
    assert found.expected != found.got
    lake.questions.approve(question, "SELECT kind, count(*) AS n FROM silver.stays GROUP BY kind")
    [turned] = workbench.run_golden(lake).outcomes
    assert turned.state == "wrong"  # columns in another order are another answer


def test_a_layer_is_tried_before_it_is_kept(lake: Lakehouse) -> None:
    layer = "version: 1\ntables:\n  silver.stays:\n    measures: {income: {sql: sum(paid_eur)}}\n"
    workbench.save_semantics(lake, layer)
    workbench.add_golden(lake, "What is the income for each kind?")
    assert workbench.run_golden(lake).passed
    [wrong] = workbench.run_golden(lake, layer.replace("sum(", "max(")).outcomes
    assert wrong.state == "wrong"
    [unknown] = workbench.run_golden(lake, "version: 1\n").outcomes
    assert (unknown.state, unknown.got) == ("unknown", ())
    assert workbench.run_golden(lake).passed


def test_what_has_no_answer_is_not_kept(lake: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="no answer to keep"):
        workbench.add_golden(lake, "How many unicorns are there?")
    assert workbench.golden_set(lake) == []
    with pytest.raises(CatalogError, match="no question"):
        workbench.drop_golden(lake, "nope")


def test_a_question_is_kept_once_and_can_be_dropped(lake: Lakehouse) -> None:
    for _ in range(2):
        workbench.add_golden(lake, "How many stays are there?")
    [one] = workbench.golden_set(lake)
    assert (one.total, one.rows, one.actor, one.columns) == (1, (("6",),), "ada", ("number_of_stays",))
    workbench.drop_golden(lake, "How many stays are there?")
    assert workbench.golden_set(lake) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("questions: {}", "no list of questions"),
        ("questions: [{question: a}]", "question 1 has no question or no hash"),
        ("questions: [{question: a, hash: b, colour: red}]", "unknown key 'colour'"),
        ("questions: [", "line 1"),
    ],
)
def test_a_file_that_is_wrong_is_said(lake: Lakehouse, text: str, message: str) -> None:
    (lake.context.root / golden.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        workbench.golden_set(lake)


def test_a_lake_that_is_only_looked_at_runs_the_set_and_keeps_it(lake: Lakehouse) -> None:
    workbench.add_golden(lake, "How many stays are there?")
    with Lakehouse.open(lake.context.root, read_only=True) as looking:
        assert workbench.run_golden(looking).passed
        with pytest.raises(SecurityError):
            workbench.add_golden(looking, "How many houses are there?")


def test_the_command_fails_on_a_regression(lake: Lakehouse, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--lake", str(lake.context.root)]
    assert cli.run(["golden", "add", "How many stays are there?", *where]) == 0
    assert cli.run(["golden", "add", "only business", "--after", "How many stays are there?", *where]) == 0
    assert cli.run(["golden", "run", *where]) == 0
    assert "2 of 2 questions answered as before." in capsys.readouterr().out
    sql = "SELECT 7 AS n"
    assert cli.run(["questions", "approve", "How many stays are there?", "--sql", sql, *where]) == 0
    assert cli.run(["golden", "run", *where]) == 1
    printed = capsys.readouterr().out
    assert "missing: 6" in printed
    assert "new: 7" in printed
    assert cli.run(["golden", "list", *where]) == 0
    assert cli.run(["questions", "list", *where]) == 0
    assert "How many stays are there?" in capsys.readouterr().out
