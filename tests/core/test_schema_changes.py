"""Columns that change at the source: the contract says what becomes of them, and nothing that was read is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from automic_core import frames
from automic_core.contracts import Incremental, ReadRequest, SourceAdapter
from automic_core.errors import ConfigError, SchemaError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.schemas import ContractMode
from automic_core.medallion.contract import fitting
from tests.core.upstreams import CHANGES, NAMES, Change, Upstream, upstream

MODES = ("batch", "incremental", "comparison", "log")
GROWS = {"sqlite": (), "mongodb": ()}
"""Changes for which the type of a column grows, of other sources: widened."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakehouse]:
    """A lake for all cases; each has a table of its own."""
    with Lakehouse.open(tmp_path_factory.mktemp("schemas") / "lake") as opened:
        yield opened


class Reader:
    """Reads a source into a table in one of the modes."""

    def __init__(self, lake: Lakehouse, made: Upstream, mode: str, table: str) -> None:
        self._lake, self._source, self._mode, self.table = lake, made.source, mode, table

    def read(self, contract: str = "evolve") -> int:
        """How many rows, or changes, came."""
        if self._mode in ("batch", "incremental"):
            part = Incremental("id") if self._mode == "incremental" else None
            return self._lake.bronze.ingest(self._source, self.table, contract=contract, incremental=part).rows
        compare, keys = self._mode == "comparison", ["id"]
        done = self._lake.bronze.follow(self._source, self.table, keys=keys, contract=contract, compare=compare)
        return done.ops.total()

    @property
    def rows(self) -> pl.DataFrame:
        return self._lake.scan(f"bronze.{self.table}").sort(frames.RID).collect()

    @property
    def state(self) -> int:
        return self._lake.history(f"bronze.{self.table}")[-1].id


CHEAP = {
    ("added", "comparison", "discard_value"),
    ("dropped", "incremental", "freeze"),
    ("renamed", "incremental", "evolve"),
    ("widened", "batch", "discard_row"),
    ("narrowed", "batch", "evolve"),
    ("retyped", "comparison", "freeze"),
}
"""Each change, each contract and each mode without a server at least once, in few cases."""


def cases() -> Iterator[Any]:
    for kind in ("sqlite", "postgresql", "mysql", "mongodb"):
        for case in product(CHANGES, MODES[: 3 if kind == "sqlite" else 4], map(str, ContractMode)):
            rare = pytest.mark.slow if kind == "sqlite" else pytest.mark.server
            yield pytest.param(kind, *case, marks=[] if kind == "sqlite" and case in CHEAP else [rare])


@pytest.mark.parametrize(("kind", "change", "mode", "contract"), list(cases()))
def test_columns_that_change_follow_the_contract(
    lake: Lakehouse, tmp_path: Path, kind: str, change: Change, mode: str, contract: str
) -> None:
    with contextmanager(upstream)(kind, tmp_path) as made:
        reader = Reader(lake, made, mode, f"{kind}_{change}_{mode}_{contract}")
        assert reader.read() == 2
        before, state = reader.rows, reader.state
        made.change(change)
        if contract == "discard_row" and mode in ("comparison", "log"):
            with pytest.raises(ConfigError, match="no contract 'discard_row' here"):
                reader.read(contract)
            return
        column, value = made.new[change]
        if contract == "freeze" and change not in harmless(kind, mode):
            with pytest.raises(SchemaError, match=rf"frozen: .*'{column}'") as refused:
                reader.read(contract)
            assert "evolve" in refused.value.hint
            assert reader.state == state, "nothing of it is there"
            contract = "evolve"
        came = reader.read(contract)
        after = reader.rows
        earlier = after.head(before.height)
        assert earlier.select(before.columns).cast(before.schema).equals(before), "what was read is as it was"
        assert came == after.height - before.height
        newest = {row["id"]: row for row in after.tail(came).to_dicts()}
        assert newest.keys() == {"batch": {1, 2, 3}, "incremental": {3}}.get(mode, newest.keys() | {1, 3})
        for key in newest.keys() - {2}:
            assert told(newest[key], column, value), newest[key]
        if mode == "incremental":
            assert came == 1, "the row at the boundary is there already"
        check_columns(before, after, kind, change, contract, column)
        if contract == "discard_row":
            notes = [json.loads(text) for text in after.tail(came)[frames.RESCUED].drop_nulls()]
            assert all(column in note["reason"] for note in notes if set(note) != {"values"})  # others are whole
        if mode == "comparison":
            assert reader.read(contract) == 0, "what is there already is no change"
        made.insert(4)
        assert reader.read(contract) == (4 if mode == "batch" else 1)
        assert reader.rows["id"].to_list().count(4) == 1
        assert reader.rows.head(after.height).equals(after)
        if mode in ("comparison", "log"):
            check_silver(lake, reader, made, column, value)


def harmless(kind: str, mode: str) -> set[Change]:
    """Changes that ask nothing of the table."""
    if kind == "mongodb" and mode == "log":  # a field keeps the type it began with; other values are rescued
        return {"dropped", "widened", "narrowed", "retyped"}
    return {"dropped"} if kind == "sqlite" else {"dropped", "narrowed"}


def told(row: dict[str, Any], column: str, value: Any) -> bool:
    """Whether a row of bronze holds a value of the source: in its column, or beside its columns."""
    beside = json.loads(row[frames.RESCUED])["values"] if row[frames.RESCUED] else {}
    if value is None:
        return row.get(column) is None and column not in beside
    found = row.get(column) if row.get(column) is not None else beside.get(column)
    return found is not None and str(value) in (str(found), str(found).strip('"'))


def check_columns(
    before: pl.DataFrame, after: pl.DataFrame, kind: str, change: Change, contract: str, column: str
) -> None:
    """What became of the columns of the table."""
    types = {name: after.schema[name] for name in before.columns}
    changed = {name for name, dtype in before.schema.items() if types[name] != dtype}
    new = set(after.columns) - set(before.columns)
    evolves = contract == "evolve"
    assert new == ({column} if evolves and change in ("added", "renamed") else set())
    assert changed == ({column} if evolves and change in GROWS.get(kind, ("widened",)) else set())


def check_silver(lake: Lakehouse, reader: Reader, made: Upstream, column: str, value: Any) -> None:
    """The table as the changes made it has each row once, the changed ones with what they hold."""
    found = {row["id"]: row for row in lake.scan(f"silver.{reader.table}").collect().to_dicts()}
    assert found.keys() == {1, 2, 3, 4}
    for key in (1, 3):
        assert told(found[key], column, value)
    assert {name for name in NAMES if found[2][name] is not None} >= {"id", "d"}


def day(text: str) -> Any:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("values", "want", "fit"),
    [
        ([1.5, 2.0, None], pl.Int64(), [None, 2, None]),
        ([2**53 + 1, 7], pl.Float64(), [None, 7.0]),
        ([Decimal("1.2345"), Decimal("1.2000")], pl.Decimal(10, 2), [None, Decimal("1.20")]),
        (["4", "04", " 4", "x"], pl.Int32(), [4, None, None, None]),
        ([True], pl.Int32(), [1]),
        ([5, 1], pl.Boolean(), [None, True]),
        (["true"], pl.Boolean(), [None]),
        (["2024-01-01"], pl.Date(), [None]),
        ([20240101], pl.Date(), [None]),
        ([day("2024-01-01")], pl.Int64(), [None]),
        ([datetime(2024, 1, 1), datetime(2024, 1, 1, 3)], pl.Date(), [day("2024-01-01"), None]),  # noqa: DTZ001
        ([b"\xff", b"a"], pl.String(), [None, None]),
        ([True, None], pl.String(), ["true", None]),
        ([[1, 2]], pl.String(), ["[1, 2]"]),
        ([{"a": "x"}], pl.String(), ['{"a":"x"}']),
        ([{"a": "1", "b": 2}, {"a": "1", "b": None}], pl.Struct({"a": pl.Int64}), [None, {"a": 1}]),
        ([["1"], ["01"]], pl.List(pl.Int64), [[1], None]),
        ([[1]], pl.Int64(), [None]),
        ([1], pl.List(pl.Int64), [None]),
    ],
)
def test_a_value_is_of_another_type_only_if_it_is_the_same_there(values: Any, want: pl.DataType, fit: Any) -> None:
    frame = pl.DataFrame({"a": values})
    assert frame.with_columns(fitting("a", frame.schema["a"], want).alias("a"))["a"].to_list() == fit


def test_what_does_not_fit_is_kept_as_it_was(lake: Lakehouse) -> None:
    class Given(SourceAdapter):
        def __init__(self, **columns: Any) -> None:
            self.columns = columns

        def batches(self, request: ReadRequest = ReadRequest()) -> Iterator[pa.RecordBatch]:
            yield pa.RecordBatch.from_pydict(self.columns)

    lake.bronze.ingest(Given(a=[1], b=[1], c=[True]), "given")
    lake.bronze.ingest(Given(a=[[1, 2]], b=[b"\xff"], c=[day("2024-01-01")]), "given")
    found = lake.scan("bronze.given").sort(frames.RID).collect()
    assert found.select("a", "b", "c").rows() == [(1, 1, True), (None, None, None)]
    assert json.loads(found[frames.RESCUED][1]) == {"values": {"a": [1, 2], "b": "x'ff'", "c": "2024-01-01"}}
