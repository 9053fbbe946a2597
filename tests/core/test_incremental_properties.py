"""Whatever arrives in whatever parts: several incremental runs give what one full run gives."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import Incremental
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.extraction.boundary import Boundary, latest
from automic_core.extraction.bounded import within
from automic_core.extraction.cursors import cursor
from automic_core.extraction.incremental import Increment
from automic_core.lake import Lakehouse
from tests.drawing import draws

LAG = 3
SCHEMA = {"id": pl.Int64, "at": pl.Int64, "v": pl.String}
Row = tuple[int, int | None, str]


class Table(SourceAdapter):
    """A table in memory, in an order of its own."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        frame = pl.LazyFrame(sorted(self.rows, key=repr), schema=SCHEMA, orient="row")
        frame = frame if request.columns is None else frame.select(request.columns)
        return frame if request.limit is None else frame.head(request.limit)


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[Row]]:
    """Rows run by run: equal cursors, late ones within the lag, some without a cursor, some twice the same."""
    runs, newest = [], 0
    for _ in range(draw(st.integers(1, 5))):
        steps = draw(st.lists(st.one_of(st.none(), st.integers(-LAG, 2)), max_size=5))
        run: list[Row] = []
        for step in steps:
            value = None if step is None else max(newest + step, 0)
            run.append((draw(st.integers(0, 3)), value, draw(st.sampled_from("ab"))))
        newest = max([newest, *(at for _, at, _ in run if at is not None)])
        runs.append(run)
    return runs


@st.composite
def changes(draw: st.DrawFn) -> list[dict[int, Row]]:
    """States of a table with a key, run by run: a row that is new or changed has a cursor not far behind the newest."""
    states: list[dict[int, Row]] = []
    table: dict[int, Row] = {}
    newest = 0
    for _ in range(draw(st.integers(1, 5))):
        table = dict(table)
        before = newest
        for key in draw(st.lists(st.integers(0, 4), max_size=4)):
            old = table[key][1] if key in table else None
            least = max(before - LAG, old or 0, 0)
            at = draw(st.integers(least, max(least, before + 2)))
            table[key] = (key, at, draw(st.sampled_from("abcd")))
            newest = max(newest, at)
        states.append(table)
    return states


def run(store: pl.DataFrame, source: Table, mark: Any, keys: list[str]) -> tuple[pl.DataFrame, Any]:
    """One run into a frame, as bronze does it."""
    number = store.height  # grows wherever it matters
    increment = Increment(Incremental("at", lag=LAG), source, mark)
    there = store.lazy().filter(within(cursor(store.schema, "at", None, "store"), increment.bound))
    there = latest(there, keys, "batch") if keys else there
    boundary = Boundary(there, list(SCHEMA), pl.Schema(SCHEMA))
    parts = [boundary.sift(pl.DataFrame(pl.from_arrow(batch))) for batch in increment.batches()]
    assert increment.read == sum(part.height for part in parts) + boundary.removed
    return pl.concat([store, *(part.with_columns(batch=pl.lit(number)) for part in parts)]), increment.mark


@given(arrivals())
@settings(max_examples=draws(40))
def test_several_runs_are_one_full_run(runs: list[list[Row]]) -> None:
    source, store, mark = Table(), pl.DataFrame(schema={**SCHEMA, "batch": pl.Int32}), None
    for rows in runs:
        source.rows += rows
        store, mark = run(store, source, mark, [])
        assert Counter(store.select(*SCHEMA).rows()) == Counter(source.rows)
    values = [at for _, at, _ in source.rows if at is not None]
    assert mark == max(values, default=None)


@given(changes())
@settings(max_examples=draws(40))
def test_the_last_version_of_each_key_is_the_tables(states: list[dict[int, Row]]) -> None:
    source, store, mark = Table(), pl.DataFrame(schema={**SCHEMA, "batch": pl.Int32}), None
    for state in states:
        source.rows = list(state.values())
        store, mark = run(store, source, mark, ["id"])
        assert {row[0]: row for row in store.select(*SCHEMA).rows()} == state


@given(arrivals())
@settings(max_examples=5)
def test_bronze_over_several_runs_is_bronze_after_one(tmp_path_factory: Any, runs: list[list[Row]]) -> None:
    folder: Path = tmp_path_factory.mktemp("lake")
    source = Table()
    with Lakehouse.open(folder) as lake:
        for rows in runs:
            source.rows += rows
            done = lake.bronze.ingest(source, "t", incremental=Incremental("at", lag=LAG))
            for report in done.reports:
                report.check()
            stored = lake.scan("bronze.t").collect()
            assert Counter(stored.select(*SCHEMA).rows()) == Counter(source.rows)
            assert stored["_rid"].is_unique().all()
