"""History, the state at a moment, rollback of rows and schema, row differences."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from automic_core.errors import CatalogError, ConflictError, SchemaError
from automic_core.lakehouse import branches, catalog, commits, files, history, schemas, tables


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Catalog]:
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as opened:
        yield opened


def put(table: Table, frame: pl.DataFrame, **properties: str) -> int:
    return tables.replace(table, files.land(table, frame.lazy()).collect(), properties=properties)


@pytest.fixture
def table(lake: Catalog) -> Table:
    return tables.create(lake, "silver.t", pl.Schema({"id": pl.Int64, "v": pl.String, "w": pl.Float64}))


def frame(*rows: tuple[int | None, str | None, float | None]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema={"id": pl.Int64, "v": pl.String, "w": pl.Float64}, orient="row")


def test_history_tells_rows_runs_and_order(table: Table) -> None:
    first = put(table, frame((1, "a", 1.0)), **{tables.RUN_ID: "r1"})
    branch = branches.open_branch(table, "work")
    between = branch.append(files.land(table, frame((2, "b", 2.0)).lazy()).collect())
    last = branch.append(files.land(table, frame((3, "c", 3.0)).lazy()).collect())
    unpublished = branches.open_branch(table, "other").append([])
    branches.publish(branch)
    states = history.history(table)
    assert [state.id for state in states][1:] == [first, between, last]
    assert [state.rows for state in states] == [0, 1, 2, 3]
    assert [state.operation for state in states] == ["append", "overwrite", "append", "append"]
    assert states[1].run_id == "r1"
    assert [state.current for state in states] == [False, False, False, True]
    assert states[1].at.tzinfo is UTC
    assert unpublished not in commits.published(table)


def test_the_state_at_a_moment(table: Table) -> None:
    first = put(table, frame((1, "a", 1.0)))
    at = history.history(table)[-1].at
    while datetime.now(UTC) <= at + timedelta(milliseconds=1):
        pass
    second = put(table, frame((2, "a", 1.0)))
    assert history.snapshot_at(table, at) == first
    assert history.snapshot_at(table, at.replace(tzinfo=None)) == first
    assert history.snapshot_at(table, datetime.now(UTC) + timedelta(hours=1)) == second
    with pytest.raises(CatalogError, match="has no state at 2001"):
        history.snapshot_at(table, datetime(2001, 1, 1, tzinfo=UTC))


def test_rollback_restores_rows_and_schema_and_can_be_undone(table: Table) -> None:
    good = put(table, frame((1, "a", 1.0)))
    schemas.rename_column(table, "v", "x")
    bad = tables.delete(table, "id = 1")
    assert history.rollback(table, good) == good
    assert tables.scan(table).collect().rows(named=True) == [{"id": 1, "v": "a", "w": 1.0}]
    assert [state.current for state in history.history(table)][-1]
    history.rollback(table, bad)
    assert tables.scan(table).collect_schema().names() == ["id", "x", "w"]
    assert tables.scan(table).collect().height == 0
    with pytest.raises(CatalogError, match="never had the snapshot 5"):
        history.rollback(table, 5)


def test_a_rollback_says_who_did_it(table: Table) -> None:
    first = put(table, frame((1, "a", 1.0)))
    second = put(table, frame((2, "b", 2.0)))
    with pytest.raises(ConflictError, match="changed meanwhile"):
        history.rollback(table, first, "ann", expected=first)
    history.rollback(table, first, "ann", expected=second)
    history.rollback(table, second, "bob")
    history.rollback(table, first)
    states = history.history(table)
    assert [(state.id, state.returned, state.returned_by) for state in states][1:] == [
        (first, False, ""),
        (second, False, ""),
        (first, True, "ann"),
        (second, True, "bob"),
        (first, True, ""),
    ]
    assert [state.current for state in states] == [False] * 5 + [True]


def test_a_long_history_is_read_in_one_walk(table: Table) -> None:
    for _ in range(30):
        tables.append(table, [])
    walked = 0

    class Counted(list):  # type: ignore[type-arg]
        def __iter__(self) -> Iterator[object]:
            nonlocal walked
            walked += 1
            return super().__iter__()

    table.metadata = table.metadata.model_copy(update={"snapshots": Counted(table.metadata.snapshots)})
    assert len(history.history(table)) == 31
    assert len(history.line(table)) == 31
    assert walked < 10, "not once a snapshot: a table of 1,000 states would take minutes"


def test_rollback_to_an_unpublished_snapshot_is_refused(table: Table) -> None:
    draft = branches.open_branch(table, "work").append([])
    with pytest.raises(CatalogError, match="never had"):
        history.rollback(table, draft)
    assert commits.head(table) != draft


def test_row_differences_by_key(table: Table) -> None:
    old = put(table, frame((1, "a", 1.0), (2, "b", None), (3, "c", 3.0), (None, "n", None)))
    new = put(table, frame((1, "a", 1.0), (2, "b", 2.0), (4, None, None), (None, "n", None)))
    found = history.row_diff(table, old, new, ["id"])
    assert (found.added, found.removed, found.changed) == (1, 1, 1)
    assert found.examples["changed"]["id"].to_list() == [2]
    assert history.row_diff(table, new, new, ["id"]) == history.RowDiff(0, 0, 0)
    schemas.rename_column(table, "w", "weight")
    renamed = commits.head(table)
    assert renamed is not None
    assert history.row_diff(table, new, renamed, ["id"]).changed == 2
    with pytest.raises(SchemaError, match="not a column of both"):
        history.row_diff(table, old, renamed, ["w"])
    twice = put(table, frame((1, "a", 1.0), (1, "b", 1.0)).rename({"w": "weight"}))
    with pytest.raises(SchemaError, match="id=1 appears 2 times"):
        history.row_diff(table, old, twice, ["id"])
