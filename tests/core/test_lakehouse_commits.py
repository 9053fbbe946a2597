"""The commit loop: what it retries, what it refuses, and that an unknown outcome never commits twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyiceberg import table as table_module
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitStateUnknownException
from pyiceberg.table import Table, Transaction
from pyiceberg.types import StringType

from automic_core.errors import CatalogError, ConflictError, SchemaError
from automic_core.lakehouse import branches, catalog, commits, files, schemas, tables, transactions, upsert


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Catalog]:
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as opened:
        yield opened


@pytest.fixture
def table(lake: Catalog) -> Table:
    table = tables.create(lake, "silver.t", pl.Schema({"id": pl.Int64, "v": pl.String}))
    put(table, 1)
    return table


def put(table: Table, key: int, branch: str = "main") -> int:
    frame = pl.LazyFrame({"id": [key], "v": [f"v{key}"]})
    return tables.append(table, files.land(table, frame).collect(), branch=branch)


def ids(table: Table) -> list[int]:
    return sorted(tables.scan(commits.refresh(table)).collect()["id"].to_list())


@pytest.mark.parametrize("rival", ["main", "draft"], ids=["same-branch", "sequence-number"])
def test_a_lost_race_is_built_again_on_the_new_head(lake: Catalog, table: Table, rival: str) -> None:
    other = tables.load(lake, "silver.t")
    branches.open_branch(other, "draft")
    landed = files.land(table, pl.LazyFrame({"id": [2], "v": ["b"]})).collect()
    calls = 0

    def build(transaction: Transaction, fresh: Table, summary: Mapping[str, str]) -> None:
        nonlocal calls
        calls += 1
        with transaction.update_snapshot(snapshot_properties=dict(summary)).fast_append() as producer:
            producer.append_data_file(landed[0])
        if calls == 1:
            put(other, 9, rival)

    commits.commit(table, "append", build)
    assert calls == 2
    assert ids(table) == ([1, 2, 9] if rival == "main" else [1, 2])
    assert tables.row_count(other, commits.head(commits.refresh(other), rival)) == (3 if rival == "main" else 2)


def test_staged_metadata_is_the_librarys_and_worked_out_once_a_change(
    lake: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = transactions.change(commits.working_copy(table))
    plain = commits.working_copy(table).transaction()
    landed = files.land(table, pl.LazyFrame({"id": [2], "v": ["b"]})).collect()
    for transaction in (staged, plain):
        before = transaction.table_metadata
        transaction.set_properties({"a": "1"})
        with transaction.update_schema() as update:
            update.add_column("w", StringType())
        with transaction.update_snapshot().fast_append() as producer:
            producer.append_data_file(landed[0])
        assert "a" not in before.properties
    same = {"exclude": {"last_updated_ms", "snapshots", "snapshot_log", "refs", "current_snapshot_id"}}
    assert staged.table_metadata.model_dump(**same) == plain.table_metadata.model_dump(**same)
    assert len(staged.table_metadata.snapshots) == len(plain.table_metadata.snapshots)
    assert staged.table_metadata is staged.table_metadata
    calls, work = [], table_module.update_table_metadata
    monkeypatch.setattr(table_module, "update_table_metadata", lambda *given: calls.append(given) or work(*given))
    put(table, 3)
    assert 0 < len(calls) < 8
    calls.clear()
    tables.create(lake, "silver.u", pl.Schema({"id": pl.Int64}))
    assert 0 < len(calls) < 8


@pytest.mark.parametrize("landed", [True, False])
def test_an_unknown_outcome_commits_exactly_once(table: Table, monkeypatch: pytest.MonkeyPatch, landed: bool) -> None:
    commit_table, failures = table.catalog.commit_table, []

    def lossy(*arguments: Any) -> Any:
        if failures:
            return commit_table(*arguments)
        if landed:
            commit_table(*arguments)
        failures.append(True)
        raise CommitStateUnknownException("the answer was lost")

    monkeypatch.setattr(table.catalog, "commit_table", lossy)
    snapshot_id = put(table, 2)
    assert ids(table) == [1, 2]
    assert commits.head(table) == snapshot_id


@pytest.mark.parametrize("landed", [True, False])
def test_a_publish_whose_answer_was_lost_is_not_refused(
    table: Table, monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    branch = branches.open_branch(table, "draft")
    put(table, 2, "draft")
    commit_table, failures = table.catalog.commit_table, []

    def lossy(*arguments: Any) -> Any:
        if failures:
            return commit_table(*arguments)
        if landed:
            commit_table(*arguments)
        failures.append(True)
        raise CommitStateUnknownException("the answer was lost")

    monkeypatch.setattr(table.catalog, "commit_table", lossy)
    assert branches.publish(branch) == commits.head(table)
    assert ids(table) == [1, 2]


def test_writers_that_always_win_end_in_a_conflict(
    lake: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "PATIENCE_SECONDS", 0.0)
    other = tables.load(lake, "silver.t")

    def build(transaction: Transaction, fresh: Table, summary: Mapping[str, str]) -> None:
        transaction.update_snapshot(snapshot_properties=dict(summary)).fast_append().commit()
        put(other, 9)

    with pytest.raises(ConflictError, match=r"kept changing silver\.t"):
        commits.commit(table, "append", build)


def test_an_upsert_that_was_overtaken_starts_over(
    lake: Catalog, table: Table, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rewrite, calls = upsert._rewrite, []

    def overtaken(*arguments: Any) -> Any:
        landed = rewrite(*arguments)
        calls.append(landed)
        if len(calls) == 1:
            put(tables.load(lake, "silver.t"), 5)
        return landed

    monkeypatch.setattr(upsert, "_rewrite", overtaken)
    changes = pl.DataFrame({"id": [1, 5], "v": ["x", "y"]})
    result = upsert.upsert(table, changes, ["id"])
    assert (len(calls), result.updated, result.inserted) == (2, 2, 0)
    assert tables.scan(table).collect().sort("id").equals(changes)
    stale = files.local_path(calls[0][0].file_path)
    assert stale is not None
    assert not stale.exists()


def test_a_change_of_schema_meanwhile_is_seen(lake: Catalog, table: Table) -> None:
    other = tables.load(lake, "silver.t")
    schemas.rename_column(other, "v", "w")
    with pytest.raises(SchemaError, match="no column 'v'"):
        schemas.rename_column(table, "v", "x")
    assert ids(table) == [1]


def test_a_dropped_table_is_named(lake: Catalog, table: Table) -> None:
    tables.drop(lake, "silver.t")
    with pytest.raises(CatalogError, match=r"silver\.t does not exist any more"):
        tables.append(table, [])
