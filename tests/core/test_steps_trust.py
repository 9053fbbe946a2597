"""Nulls, duplicates, quality and anomalies: against brute force, and by the laws every step keeps."""

from __future__ import annotations

import datetime as dt
import json
import math
import statistics
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from automic_core import frames, registry
from automic_core.contracts import Transformer
from automic_core.errors import ConfigError, TransformError
from automic_core.records import Record
from automic_core.transforms import _outliers
from automic_core.transforms.anomaly import AnomalyDetector
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.nulls import NullRemover
from automic_core.transforms.quality import QualityScorer
from tests.drawing import draws

SCHEMA = {"id": pl.Int64, "name": pl.String, "city": pl.String, "amount": pl.Float64}
ROW = st.fixed_dictionaries(
    {
        "id": st.one_of(st.none(), st.integers(0, 30)),
        "name": st.sampled_from(["Ann", "ann", " Ann ", "Bob", "N/A", "", None]),
        "city": st.sampled_from(["Rome", "rome", "-", None]),
        "amount": st.sampled_from([1.0, 2.0, 3.0, 1e6, math.nan, math.inf, None]),
    }
)
ROWS = st.lists(st.tuples(ROW, st.booleans()), max_size=25)
STEPS: list[Transformer] = [
    NullRemover(),
    NullRemover(strategy="drop_all"),
    NullRemover(strategy="remove_fields"),
    NullRemover(strategy="fill", fill_value={"name": "?", "amount": 0.0}),
    NullRemover(strategy="fill", fill_method="median"),
    NullRemover(strategy="fill", fill_method="mode"),
    Deduplicator(),
    Deduplicator(merge_strategy="keep_last", match_fields=["name", "city"], ignore_case=True, ignore_blanks=True),
    Deduplicator(merge_strategy="keep_best_quality"),
    Deduplicator(order_by="amount"),
    QualityScorer(),
    QualityScorer(filter_low_quality=True),
    AnomalyDetector(),
    AnomalyDetector(method="mad", filter_anomalies=True),
    AnomalyDetector(method="iqr", filter_anomalies=True),
]
EARLIER = {"step": "s0", "reason": "filtered", "into": None}


def tracked(rows: list[dict[str, Any]], dead: list[bool] | None = None) -> pl.DataFrame:
    frame = frames.track(pl.DataFrame(rows, schema=SCHEMA).lazy()).collect()
    fates = [EARLIER if gone else None for gone in dead or [False] * len(rows)]
    return frame.with_columns(pl.Series(frames.FATE, fates, dtype=frames.FATE_TYPE))


def same(value: Any) -> Any:
    """NaN that equals itself."""
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.kind}-{registry.options(step)}")
@given(rows=ROWS)
@settings(max_examples=15, deadline=None)
def test_laws_of_every_step(step: Transformer, rows: list[tuple[dict[str, Any], bool]]) -> None:
    """Every row stays in its place, dead rows change nothing and are not changed, merged rows point to living ones."""
    before = tracked([row for row, _ in rows], [gone for _, gone in rows])
    after = step.apply(before.lazy()).collect()
    assert after[frames.RID].to_list() == before[frames.RID].to_list()
    was_dead = before[frames.FATE].is_not_null()
    old = before.filter(was_dead)
    assert after.filter(was_dead).select(old.columns).equals(old, null_equal=True)
    living = before.filter(~was_dead)
    alone = step.apply(living.lazy()).collect()
    # the distance of a value a million deviations away is told to four digits: its squares drown the others'
    assert_frame_equal(alone, after.filter(~was_dead), rel_tol=1e-3 if step.kind == "anomaly" else 1e-9)
    fates = {rid: fate for rid, fate in after.select(frames.RID, frames.FATE).iter_rows() if fate is not None}
    alive = set(after[frames.RID]) - set(fates)
    merged = {rid: fate["into"] for rid, fate in fates.items() if fate["reason"] == "merged"}
    assert set(merged.values()) <= alive
    if step.kind == "dedup":
        lists = {rid: rids for rid, rids in after.select(frames.RID, "_merged_rids").iter_rows() if rids}
        assert {rid: into for into, rids in lists.items() for rid in rids} == merged


# nulls


def test_null_remover_strategies_on_records() -> None:
    rows = [{"a": " n/A ", "n": 1}, {"a": "b", "n": None}, {"a": "c", "n": 2}, {"a": None, "n": None}]

    def run(**options: Any) -> list[dict[str, Any]]:
        return [r.data for r in NullRemover(**options).transform_batch([Record(dict(row)) for row in rows])]

    assert run(strategy="drop") == [{"a": "c", "n": 2}]
    assert run(strategy="drop", fields=["n"]) == [{"a": " n/A ", "n": 1}, {"a": "c", "n": 2}]
    assert run(strategy="drop", null_values=()) == [{"a": " n/A ", "n": 1}, {"a": "c", "n": 2}]
    assert len(run(strategy="drop_all")) == 3
    assert run(strategy="remove_fields") == [{"n": 1}, {"a": "b"}, {"a": "c", "n": 2}, {}]
    assert run(strategy="fill", fill_value={"a": "?"})[0] == {"a": "?", "n": 1}
    assert [row["n"] for row in run(strategy="fill", fill_method="mean")] == [1, 2, 2, 2]
    assert [row["a"] for row in run(strategy="fill", fill_method="mode")] == ["b", "b", "c", "b"]


def test_null_remover_names_the_reason_and_keeps_the_columns() -> None:
    frame = tracked([{"id": 1, "name": None, "city": "-", "amount": None}])
    assert NullRemover().apply(frame.lazy()).collect()[frames.FATE][0]["reason"] == "dropped:nulls"
    kept = NullRemover(strategy="remove_fields").apply(frame.lazy()).collect()
    assert kept.columns == frame.columns
    assert kept["city"].to_list() == [None]


@pytest.mark.parametrize(
    ("value", "dtype", "held"),
    [
        (0, pl.Float64(), 0.0),
        (5, pl.String(), "5"),
        ("2024-01-31", pl.Date(), dt.date(2024, 1, 31)),
        (1.5, pl.Decimal(10, 2), Decimal("1.50")),
    ],
)
def test_fill_value_takes_the_type_of_the_column(value: Any, dtype: Any, held: Any) -> None:
    frame = frames.track(pl.DataFrame({"x": [None]}, schema={"x": dtype}).lazy())
    assert NullRemover(strategy="fill", fill_value=value).apply(frame).collect()["x"].to_list() == [held]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ("x", pl.Int64()),
        (1.5, pl.Int64()),
        (300, pl.UInt8()),
        ("zz", pl.Date()),
        (3, pl.Date()),
        (1.555, pl.Decimal(9, 2)),
    ],
)
def test_fill_value_that_does_not_fit_is_an_error(value: Any, dtype: Any) -> None:
    frame = frames.track(pl.DataFrame({"x": [None]}, schema={"x": dtype}).lazy())
    with pytest.raises(TransformError, match="does not fit column 'x'"):
        NullRemover(strategy="fill", fill_value=value).apply(frame)


def test_null_remover_options_must_agree() -> None:
    with pytest.raises(ConfigError, match="needs a fill_value"):
        NullRemover(strategy="fill")
    with pytest.raises(ConfigError, match="is not used"):
        NullRemover(fill_value=1)
    with pytest.raises(TransformError, match=r"'citi'.*Did you mean 'city'"):
        NullRemover(fields=["citi"]).apply(tracked([]).lazy())
    with pytest.raises(TransformError, match="has no mean"):
        NullRemover(strategy="fill", fill_method="mean", fields=["name"]).apply(tracked([]).lazy())


# duplicates


def brute_force(rows: list[dict[str, Any]], columns: list[str], strategy: str) -> dict[int, int]:
    """Removed row to survivor, by comparing tuples."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i, row in enumerate(rows):
        groups.setdefault(tuple(same(row[c]) for c in columns), []).append(i)
    merged = {}
    for members in groups.values():
        missing = {i: sum(value is None for value in rows[i].values()) for i in members}
        best = min(members, key=lambda i: (missing[i], i))
        survivor = {"keep_first": members[0], "keep_last": members[-1], "keep_best_quality": best}[strategy]
        merged |= {i: survivor for i in members if i != survivor}
    return merged


@given(
    rows=st.lists(ROW, max_size=40),
    columns=st.sampled_from([["name"], ["name", "city"], ["id", "amount"], None]),
    strategy=st.sampled_from(["keep_first", "keep_last", "keep_best_quality"]),
)
@settings(max_examples=draws(60), deadline=None)
def test_exact_dedup_is_equality(rows: list[dict[str, Any]], columns: list[str] | None, strategy: Any) -> None:
    step = Deduplicator(match_fields=columns, merge_strategy=strategy)
    fitted = step.fit(tracked(rows).lazy())
    ids = [row["id"] for row in rows]
    is_key = columns is None and None not in ids and len(set(ids)) == len(ids)
    assert fitted.state["left_out"] == (["id"] if is_key else [])
    compared = columns or (["name", "city", "amount"] if is_key else list(SCHEMA))
    expected = brute_force(rows, compared, strategy)
    if columns is not None:
        expected = {i: into for i, into in expected.items() if any(rows[i][c] is not None for c in columns)}
    assert fitted.keys is not None
    assert dict(fitted.keys.select(frames.RID, "_into").iter_rows()) == expected


def test_dedup_folding_and_order() -> None:
    rows = [
        {"id": 1, "name": "Ann  Lee", "city": "Rome", "amount": 2.0},
        {"id": 2, "name": " ann lee", "city": "ROME ", "amount": 1.0},
    ]
    fields = ["name", "city"]
    assert Deduplicator(match_fields=fields).fit(tracked(rows).lazy()).keys.is_empty()  # type: ignore[union-attr]
    folded = Deduplicator(match_fields=fields, ignore_case=True, ignore_blanks=True)
    assert folded.fit(tracked(rows).lazy()).keys.rows() == [(1, 0)]  # type: ignore[union-attr]
    newest = Deduplicator(
        match_fields=fields, ignore_case=True, ignore_blanks=True, order_by="amount", merge_strategy="keep_last"
    )
    assert newest.fit(tracked(rows).lazy()).keys.rows() == [(1, 0)]  # type: ignore[union-attr]


def test_dedup_by_no_column_compares_all_of_them() -> None:
    rows = [{"id": i, "name": "Ann", "city": "Rome", "amount": 1.0} for i in (1, 2)]
    fitted = Deduplicator(match_fields=[]).fit(tracked(rows).lazy())
    assert fitted.keys.rows() == [(1, 0)]  # type: ignore[union-attr]
    assert fitted.state["left_out"] == ["id"]  # type: ignore[union-attr]


def test_dedup_prefers_the_quality_score() -> None:
    rows = [{"id": i, "name": "Ann", "city": "Rome", "amount": 1.0} for i in range(3)]
    frame = tracked(rows).with_columns(pl.Series("_quality_score", [0.5, 0.9, 0.9])).lazy()
    fitted = Deduplicator(merge_strategy="keep_best_quality").fit(frame)
    assert fitted.keys.rows() == [(0, 1), (2, 1)]  # type: ignore[union-attr]


def test_two_dedups_keep_both_lists() -> None:
    rows = [{"id": i, "name": "Ann", "city": city, "amount": 1.0} for i, city in enumerate(["Rome", "Rome", "rome"])]
    once = Deduplicator(match_fields=["name", "city"]).apply(tracked(rows).lazy())
    twice = Deduplicator(match_fields=["name"]).apply(once).collect()
    assert twice["_merged_rids"].to_list()[0] == [1, 2]
    assert [fate and fate["into"] for fate in twice[frames.FATE]] == [None, 0, 0]


def test_unlike_columns_are_not_confused() -> None:
    frame = frames.track(pl.DataFrame({"a": ["x", None, "xy"], "b": [None, "x", "z"], "l": [[1], [1], [1]]}).lazy())
    assert Deduplicator().fit(frame).keys.is_empty()  # type: ignore[union-attr]


def test_an_unknown_way_to_compare_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"match_mode.*'exact' or 'fuzzy'.*soundex"):
        registry.build("step", "dedup", {"match_mode": "soundex"})


# anomalies

NUMBERS = st.lists(st.one_of(st.none(), st.integers(-1000, 1000).map(lambda n: n / 8)), min_size=3, max_size=25)


@given(values=NUMBERS)
@settings(max_examples=draws(80), deadline=None)
def test_statistical_is_the_deleted_residual(values: list[float | None]) -> None:
    """Each value against mean and standard deviation of the others, recomputed without it."""
    frame = frames.track(pl.DataFrame({"x": values}, schema={"x": pl.Float64}).lazy())
    fitted = AnomalyDetector().fit(frame)
    scores = fitted.apply(frame).collect()["_anomaly_score"].to_list()
    known = [v for v in values if v is not None]
    for i, (value, score) in enumerate(zip(values, scores, strict=True)):
        others = [v for j, v in enumerate(values) if v is not None and j != i]
        if value is None or len(known) < 3 or len(set(known)) == 1:
            assert score == 0
        elif len(set(others)) > 1:
            residual = abs(value - statistics.fmean(others)) / statistics.stdev(others)
            residual /= math.sqrt(1 + 1 / len(others))
            limit = _outliers.limit("statistical", 3.0, len(known))
            assert score == pytest.approx(min(residual / limit, 1e9), rel=1e-6, abs=1e-12)
        else:
            assert score > 1  # every other value is the same


@given(left=NUMBERS, right=NUMBERS)
@settings(max_examples=draws(40), deadline=None)
def test_statistical_states_merge(left: list[float | None], right: list[float | None]) -> None:
    def fit(values: list[float | None]) -> Any:
        return AnomalyDetector().fit(frames.track(pl.DataFrame({"x": values}, schema={"x": pl.Float64}).lazy()))

    merged, whole = fit(left).merge(fit(right)).state["columns"]["x"], fit(left + right).state["columns"]["x"]
    assert merged == pytest.approx(whole, rel=1e-9, abs=1e-9)


def test_only_statistical_states_merge() -> None:
    fitted = AnomalyDetector(method="mad").fit(frames.track(pl.LazyFrame({"x": [1.0, 2.0, 9.0]})))
    with pytest.raises(TypeError, match="cannot be merged"):
        fitted.merge(fitted)


@pytest.mark.parametrize(("freedom", "exact"), [(6, 4.904), (10, 3.957), (30, 3.270), (1000, 3.008)])
def test_limit_is_as_rare_as_three_normal_deviations(freedom: int, exact: float) -> None:
    """Student's t at the two-sided probability 0.0027, from tables."""
    assert _outliers.limit("statistical", 3.0, freedom + 2) == pytest.approx(exact, rel=0.02)


def test_false_alarms_do_not_grow_in_small_tables() -> None:
    import random

    draw = random.Random(7)
    alarms = 0
    for _ in range(300):
        frame = frames.track(pl.LazyFrame({"x": [draw.gauss(0, 1) for _ in range(5)]}))
        alarms += AnomalyDetector().apply(frame).select(pl.col("_is_anomaly").sum()).collect().item()
    assert alarms <= 10  # 1500 values at 0.27 % are 4; a plain t > 3 gives about 85


def test_modified_z_score_and_its_fallback() -> None:
    spread = _outliers.learn(pl.Series([1.0, 2.0, 3.0, 4.0, 100.0]), "mad")
    assert pl.select(_outliers.distance(pl.lit(100.0), spread)).item() == pytest.approx(0.6745 * 97 / 1)
    spread = _outliers.learn(pl.Series([5.0, 5.0, 5.0, 5.0, 10.0]), "mad")
    assert pl.select(_outliers.distance(pl.lit(10.0), spread)).item() == pytest.approx(5 / (1.253314 * 1.0))


def test_tukey_fences() -> None:
    frame = frames.track(pl.LazyFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 9.0]}))
    fitted = AnomalyDetector(method="iqr").fit(frame)
    spread = fitted.state["columns"]["x"]
    assert (spread["low"], spread["high"]) == (2.5, 6.25)
    frame = frames.track(pl.LazyFrame({"x": [6.25 + 1.5 * 3.75, 6.25 + 1.5 * 3.75 + 0.01, -3.2]}))
    assert fitted.apply(frame).collect()["_is_anomaly"].to_list() == [False, True, True]


def test_infinite_values_are_anomalies_and_spoil_nothing() -> None:
    frame = frames.track(pl.LazyFrame({"x": [1.0, 2.0, 3.0, 2.5, math.inf, math.nan, None]}))
    found = AnomalyDetector().apply(frame).collect()
    assert found["_is_anomaly"].to_list() == [False, False, False, False, True, False, False]
    assert found["_anomaly_reasons"].to_list()[4] == ["x is infinite"]


def test_anomaly_columns() -> None:
    frame = frames.track(
        pl.LazyFrame({"id": [1, 2, 900], "customer_id": [1, 2, 900], "n": [1, 2, 3], "t": ["1", "2", "3"]})
    )
    assert list(AnomalyDetector().fit(frame).state["columns"]) == ["n"]
    with pytest.raises(TransformError, match="'t' is String, not a number"):
        AnomalyDetector(numeric_fields=["t"]).apply(frame)
    with pytest.raises(ConfigError, match="nearest"):
        registry.build("step", "anomaly", {"method": "nearest"})


def test_filtered_anomalies_are_found_again() -> None:
    frame = frames.track(pl.LazyFrame({"x": [1.0, 2.0, 3.0, 2.0, 9999.0]}))
    gone = AnomalyDetector(filter_anomalies=True).apply(frame).collect()
    assert gone[frames.FATE].to_list()[4]["reason"] == "filtered:anomaly"
    assert gone["_anomaly_reasons"].list.len().to_list()[4] == 1


# quality


def quality(values: dict[str, list[Any]], **options: Any) -> pl.DataFrame:
    return QualityScorer(**options).apply(frames.track(pl.LazyFrame(values))).collect()


def test_weights_are_the_users() -> None:
    data = {"email": ["a@b.org", "c@d.org", "bad"], "n": [1, None, 3]}
    assert quality(data, weights={"completeness": 2})["_quality_score"].to_list() == [1.0, 0.5, 1.0]
    seed = quality(data, weights={"completeness": 0.4, "validity": 0.3, "consistency": 0.3})["_quality_score"].to_list()
    assert seed == [1.0, 0.5, 0.85]


def test_a_form_needs_more_than_half_of_the_values() -> None:
    scored = quality({"a": ["1", "2", "x"], "b": ["1", "x", "y"]})
    assert scored["_quality_reasons"].to_list() == [None, None, ["a is not a number: x"]]
    codes = quality({"plz": ["10115", "00123", "+7", "80331", "x"], "mail": ["a@b.de"] * 4 + ["zoë@b.de"]})
    assert codes["_quality_reasons"].to_list() == [None] * 4 + [["plz is not a number: x"]]


def test_declared_patterns_and_blanks() -> None:
    scored = quality({"a": ["a@b.org", "b", " "]}, patterns={"a": "email"})
    assert scored["_quality_reasons"].to_list() == [None, ["a is not an email address: b"], ["a is missing"]]
    assert quality({"a": ["a@b.org", "c@d.org", "b"]}, patterns={})["_quality_score"].to_list() == [1.0] * 3


def test_low_quality_is_filtered_below_min_score() -> None:
    gone = quality({"a": [1, 1], "b": [1, None]}, filter_low_quality=True, min_score=0.6)
    assert [fate and fate["reason"] for fate in gone[frames.FATE]] == [None, "filtered:quality"]


def test_sampled_forms_are_learned_beyond_the_first_rows() -> None:
    values = ["word"] * 1000 + [f"user{i}@example.org" for i in range(200_000)] + ["bad"]
    scored = quality({"a": values})
    assert scored["_quality_score"].to_list()[-2:] == [1.0, 0.5]


@pytest.mark.parametrize("weights", [{"validity": -1}, {"validity": 0}, {"validity": math.nan}, {}])
def test_wrong_weights(weights: dict[Any, float]) -> None:
    with pytest.raises(ConfigError, match="weights"):
        QualityScorer(weights=weights)


def test_wrong_quality_options() -> None:
    with pytest.raises(ConfigError, match="no pattern 'mail'"):
        QualityScorer(patterns={"a": "mail"})
    with pytest.raises(ConfigError, match="beauty"):
        registry.build("step", "quality", {"weights": {"beauty": 1}})
    with pytest.raises(TransformError, match="Did you mean 'email'"):
        quality({"email": ["x"]}, patterns={"emial": "email"})


# all


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.kind}-{registry.options(step)}")
def test_options_are_plain_data_and_states_are_json(step: Transformer) -> None:
    options = json.loads(json.dumps(registry.options(step)))
    assert registry.build("step", step.kind, options) == step
    assert registry.options_schema(type(step))["properties"]
    if step.fits:
        frame = tracked([{"id": 1, "name": "Ann", "city": None, "amount": 1.5}] * 3)
        json.dumps(step.fit(frame.lazy()).state, allow_nan=False)
