"""The row ledger adds up for random tables and random lists of steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automic_core import frames, registry
from automic_core.contracts import DestinationAdapter, ReadRequest, SourceAdapter
from automic_core.errors import ConfigError, GateError, TransformError
from automic_core.pipeline import Pipeline
from tests.drawing import draws

NUMBERS, TEXTS = ("n", "m"), ("t", "u")
COLUMNS = (*NUMBERS, *TEXTS)


class Rows(SourceAdapter):
    """Rows in slices, so that batches end everywhere."""

    def __init__(self, rows: pl.DataFrame, size: int, repeatable: bool) -> None:
        self.rows, self.size, self.repeatable = rows, size, repeatable  # type: ignore[misc]

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        def produce(_rows: int | None) -> Iterator[pl.DataFrame]:
            yield from self.rows.iter_slices(self.size)

        return frames.lazy(produce, self.rows.schema)


class Memory(DestinationAdapter):
    rows = pl.DataFrame()

    def load(self, frame: Any, mode: Any = "append", keys: Any = ()) -> int:
        stream = frames.stream(frame)
        self.rows = pl.concat([pl.DataFrame(schema=stream.schema), *stream])
        return self.rows.height


small = st.integers(-3, 6) | st.none()
text = st.sampled_from(["", "a", "A", " a", "b", "-", "7", "x@y.org", "[1, 2]"]) | st.none()
tables = st.lists(st.tuples(small, small, text, text), max_size=40).map(
    lambda rows: pl.DataFrame(
        rows, schema={"n": pl.Int64, "m": pl.Int64, "t": pl.String, "u": pl.String}, orient="row"
    ).with_columns(pl.col("m").cast(pl.Float64))
)
column = st.sampled_from(COLUMNS)
number, word = st.sampled_from(NUMBERS), st.sampled_from(TEXTS)
columns = st.lists(column, min_size=1, max_size=3, unique=True)
OTHER = pl.DataFrame({"n": [1, 1, 2, None], "city": ["x", "y", "z", None]}, schema={"n": pl.Int64, "city": pl.String})


def kind(kind_name: str, /, **options: Any) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    fixed = {key: value if isinstance(value, st.SearchStrategy) else st.just(value) for key, value in options.items()}
    return st.tuples(st.just(kind_name), st.fixed_dictionaries(fixed))


steps = st.one_of(
    kind("nulls", strategy=st.sampled_from(["drop", "drop_all", "remove_fields"]), fields=columns),
    kind("nulls", strategy="fill", fill_method=st.sampled_from(["mode", "mean"]), fields=st.just(["n"])),
    kind("dedup"),
    kind("dedup", match_fields=columns, merge_strategy=st.sampled_from(["keep_first", "keep_last"])),
    kind("dedup", match_fields=columns, merge_strategy="keep_best_quality", ignore_case=st.booleans()),
    kind("quality", filter_low_quality=st.booleans(), min_score=st.sampled_from([0.0, 0.5, 1.0])),
    kind(
        "anomaly",
        method=st.sampled_from(["statistical", "mad", "iqr"]),
        numeric_fields=st.just(["n"]),
        filter_anomalies=st.booleans(),
    ),
    kind("filter", sql=st.sampled_from(["n > 0", "t = 'a'", "n > m", "u IS NOT NULL"])),
    kind("limit", rows=st.integers(0, 30)),
    kind("sort", by=columns),
    kind("derive", column="d", sql="n * 2"),
    kind("text", columns=word.map(lambda name: [name]), trim=True, case="lower"),
    kind("schema"),
    kind("join", right=st.just(OTHER), on="n", how=st.sampled_from(["left", "inner", "semi", "anti", "full"])),
    kind("union", right=st.just(OTHER)),
    kind("explode", columns=word.map(lambda name: [name])),
    kind("unpivot", columns=st.just(["t", "u"]), name=st.just("which"), value=st.just("t2")),
    kind(
        "aggregate",
        group_by=st.just(["n", "t"]),
        aggregations=st.just({"m": {"field": "m", "function": "max"}, "u": {"field": "u", "function": "first"}}),
    ),
)
rules = st.one_of(
    kind("not_null", columns=columns, action=st.sampled_from(["quarantine", "drop", "warn"])),
    kind("range", columns=st.just(["n"]), min=0, action=st.sampled_from(["quarantine", "drop", "fail"])),
    kind("set", columns=st.just(["t"]), values=st.just(["a", "b"]), action=st.sampled_from(["quarantine", "warn"])),
)


@settings(
    max_examples=draws(120),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    rows=tables,
    size=st.integers(1, 50),
    repeatable=st.booleans(),
    chosen=st.lists(steps, max_size=6),
    checks=st.lists(rules, max_size=2),
)
def test_the_ledger_adds_up(rows: pl.DataFrame, size: int, repeatable: bool, chosen: Any, checks: Any) -> None:
    memory = Memory()
    pipeline = Pipeline().extract(Rows(rows, size, repeatable))
    for name, options in chosen:
        pipeline.transform(registry.build("step", name, options))
    for name, options in checks:
        pipeline.check(registry.build("rule", name, options))
    try:
        pipeline.load(memory, metadata=True).run()
    except (
        ConfigError,
        TransformError,
    ):  # a step before it took the column, or made it another type: said before anything is loaded
        return
    except GateError:
        assert pipeline.report.balanced
        return
    report = pipeline.report
    report.check()
    assert report.rows_in == rows.height
    assert report.rows_out == memory.rows.height
    removed = pipeline.removed
    assert removed.select("stage", "_rid").is_unique().all()
    by_line = {(s.id, reason): count for s in report.steps for reason, count in s.removed.items()}
    assert {(step, reason): n for step, reason, n in removed.group_by("step", "reason").len().rows()} == by_line
    survivors = set(memory.rows["_rid"])
    assert len(survivors) == memory.rows.height
    if not any(registry.build("step", name, options).segment for name, options in chosen):
        assert survivors | set(removed["_rid"]) == set(range(rows.height))
        assert not survivors & set(removed["_rid"])
    quarantined = removed.filter(pl.col("reason").str.starts_with("quarantined"))
    assert set(pipeline.quarantine()["_rid"]) >= set(quarantined["_rid"])
