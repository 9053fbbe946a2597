"""Anomalies of whole rows: the detectors, what they say, and the laws of a fitted step."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import AnomalyDetector, frames
from automic_core.errors import ConfigError
from automic_core.transforms import _detectors, _features, _isolation

METHODS = ["isolation_forest", "combined", "auto"]


def orders(rows: int = 300) -> pl.DataFrame:
    draw = np.random.default_rng(4)
    return pl.DataFrame(
        {
            "order_id": range(rows),
            "amount": draw.lognormal(3, 0.4, rows).round(2),
            "weight": draw.normal(10, 2, rows),
            "city": draw.choice(["Berlin", "Paris", "Rome"], rows).tolist(),
            "day": [date(2024, 1, 1) + timedelta(days=int(d)) for d in draw.integers(0, 90, rows)],
            "code": [f"AB-{n:04d}" for n in draw.integers(0, 9999, rows)],
        }
    )


def judged(rows: pl.DataFrame, **options: Any) -> pl.DataFrame:
    return AnomalyDetector(**options).apply(frames.track(rows.lazy())).collect()


@pytest.mark.parametrize("method", METHODS)
def test_a_strange_row_is_the_strangest(method: str) -> None:
    rows = orders()
    rows[7, "amount"], rows[7, "weight"], rows[7, "city"], rows[7, "day"] = 9000.0, 95.0, "Atlantis", date(1999, 1, 1)
    found = judged(rows, method=method)
    assert found["_anomaly_score"].arg_max() == 7
    assert found["_is_anomaly"][7]
    assert found["_is_anomaly"].mean() < 0.1  # type: ignore[operator]
    told = " | ".join(found["_anomaly_reasons"][7])
    assert "amount = 9000.0 is " in told
    assert "above the median" in told
    assert found["_anomaly_reasons"].is_null().to_list() == [not flag for flag in found["_is_anomaly"]]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("city", "Atlantis", "city = Atlantis is a rare value"),
        ("code", "?? 9/9 ??", "code = ?? 9/9 ?? has a rare form"),
        ("day", date(1950, 1, 1), "deviations below the middle date"),
        ("weight", float("inf"), "weight = inf is"),
    ],
)
def test_each_kind_of_column_is_judged_and_named(column: str, value: object, reason: str) -> None:
    rows = orders()
    values = rows[column].to_list()
    values[3] = value
    found = judged(rows.with_columns(pl.Series(column, values)), method="auto", fields=[column, "weight"])
    assert found["_anomaly_score"].arg_max() == 3
    assert any(reason in text for text in found["_anomaly_reasons"][3])


def test_a_usual_value_in_an_unusual_place_is_found_by_its_neighbours() -> None:
    draw = np.random.default_rng(0)
    x = draw.uniform(0, 10, 600)
    rows = pl.DataFrame({"x": x, "y": x + draw.normal(0, 0.05, 600)})
    rows[5, "x"], rows[5, "y"] = 2.0, 8.0
    found = judged(rows, method="auto")
    assert found["_anomaly_score"].arg_max() == 5
    strict = judged(rows, method="auto", threshold=1.5)
    assert "combination" in strict["_anomaly_reasons"][5][0]
    assert not judged(rows, method="mad")["_is_anomaly"][5]


def test_combined_wants_two_methods() -> None:
    rows = orders().select("weight")
    scores = judged(rows, method="combined")["_anomaly_score"].to_numpy()
    each = np.column_stack(
        [judged(rows, method=m)["_anomaly_score"].to_numpy() for m in ("statistical", "mad", "iqr", "isolation_forest")]
    )
    assert scores == pytest.approx(np.sort(each, axis=1)[:, -2])


def test_states_are_json_and_identifiers_are_no_evidence() -> None:
    for method in METHODS:
        fitted = AnomalyDetector(method=method).fit(frames.track(orders().lazy()))
        text = json.dumps(fitted.state)
        assert "order_id" not in text
        assert {f["column"] for f in json.loads(text)["features"]} == {"amount", "weight", "city", "day", "code"}
    assert "how columns hang together" in fitted.note


def test_the_fitted_step_judges_other_rows_by_what_it_learned() -> None:
    fitted = AnomalyDetector(method="auto").fit(frames.track(orders().lazy()))
    late = orders().head(3).with_columns(amount=pl.Series([20.0, 1e7, None]))
    flags = fitted.apply(frames.track(late.lazy())).collect()["_is_anomaly"].to_list()
    assert flags == [False, True, False]


def test_removed_rows_have_a_fate_and_dead_rows_no_score() -> None:
    rows = orders()
    rows[7, "amount"], rows[7, "weight"] = 1e6, 1e4
    frame = frames.track(rows.lazy())
    frame = frames.condemn(frame, pl.col("order_id") == 0, "filtered:test")
    found = AnomalyDetector(method="auto", filter_anomalies=True).apply(frame).collect()
    assert found.height == rows.height
    assert found["_anomaly_score"][0] is None
    assert found["_fate"][7] is not None


@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_judge_is_no_anomaly(method: str) -> None:
    assert judged(pl.DataFrame({"a": [1, 1, 1]}), method=method)["_is_anomaly"].to_list() == [False] * 3
    assert judged(pl.DataFrame(schema={"a": pl.Int64}), method=method).height == 0


def test_options_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="numbers only"):
        AnomalyDetector(method="mad", fields=["a"])
    with pytest.raises(ConfigError, match="no threshold"):
        AnomalyDetector(method="combined", threshold=2)


def test_a_column_of_mostly_one_value_is_measured_by_its_mean_deviation() -> None:
    rows = pl.DataFrame({"x": [0.0] * 70 + [float(n) for n in range(30)]})
    (feature,) = _features.learn(rows)
    assert feature["unit"] == pytest.approx(1.253314 * sum(range(30)) / 100)


def test_rarity_counts_all_values_as_rare() -> None:
    rows = pl.DataFrame({"c": ["a"] * 990 + ["b"] * 10, "many": [f"v{n % 100}" for n in range(1000)]})
    one, many = _features.learn(rows)
    assert one["deviations"]["b"] == pytest.approx(2.576, abs=0.001)  # two-sided 1 % of a normal variable
    assert set(many["deviations"].values()) == {0.0}


def test_the_profile_chooses_the_detectors() -> None:
    draw = np.random.default_rng(0)
    assert _detectors.choose(draw.normal(size=(500, 1)))[0] == ["farthest"]
    assert "neighbours" in _detectors.choose(draw.normal(size=(500, 5)))[0]
    assert "neighbours" not in _detectors.choose(draw.normal(size=(20, 5)))[0]
    assert "forest" in _detectors.choose(draw.normal(size=(500, 150)))[0]


def test_isolation_scores_agree_with_the_expected_path_length() -> None:
    """Formula: a row alone at depth 0 of a forest of 256 rows has 2 ** 0 = 1; ordinary rows have about one half."""
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(1000, 3))
    rows[0] = 25.0
    scores = _isolation.score(rows, _isolation.learn(rows), len(rows))
    assert scores.argmax() == 0
    assert scores[0] > 0.7
    assert 0.35 < float(np.median(scores)) < 0.5


@given(
    rows=st.lists(
        st.tuples(
            st.none() | st.floats(), st.none() | st.text(max_size=5), st.none() | st.booleans(), st.none() | st.dates()
        ),
        max_size=25,
    ),
    method=st.sampled_from(METHODS),
)
@settings(max_examples=15, deadline=None)
def test_any_table_is_judged(rows: list[tuple[Any, ...]], method: str) -> None:
    schema = {"n": pl.Float64, "t": pl.String, "b": pl.Boolean, "d": pl.Date}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    found = judged(frame, method=method)
    assert found.height == frame.height
    assert found["_anomaly_score"].is_finite().all()
    assert (found["_anomaly_score"] >= 0).all()
    assert found["_is_anomaly"].null_count() == 0


def test_auto_finds_rows_that_break_how_columns_hang_together_and_says_so() -> None:
    draw = np.random.default_rng(5)
    base = draw.normal(size=600)
    base[:6] = [1.5, -1.5, 1.2, -1.2, 1.8, -1.8]
    rows = np.column_stack([base, base * 2 + draw.normal(0, 0.5, 600), base - draw.normal(0, 0.5, 600)])
    rows[:6, 1] = -rows[:6, 1]  # each value is usual, the pair is not
    frame = pl.DataFrame(rows, schema=["a", "b", "c"])
    step = AnomalyDetector(method="auto")
    fitted = step.fit(frames.track(frame.lazy()))
    assert "how columns hang together" in fitted.note
    found = fitted.apply(frames.track(frame.lazy())).collect()
    worst = found.sort("_anomaly_score", descending=True).head(12)
    assert set(worst["_rid"]) >= set(range(6))
    assert found["_is_anomaly"].head(6).all()
    assert found["_is_anomaly"].mean() < 0.05  # type: ignore[operator]
    assert found["_anomaly_reasons"].head(6).list.len().min() > 0  # type: ignore[operator]


def test_long_tails_are_judged_by_their_values() -> None:
    draw = np.random.default_rng(6)
    frame = pl.DataFrame(np.exp(2 * draw.normal(size=(500, 4))), schema=["a", "b", "c", "d"])
    fitted = AnomalyDetector(method="auto").fit(frames.track(frame.lazy()))
    assert "of the rows hold a value far out" in fitted.note


def test_columns_that_follow_from_others_do_no_harm() -> None:
    draw = np.random.default_rng(7)
    base = draw.normal(size=300)
    frame = pl.DataFrame({"a": base, "b": base * 3, "c": base + 1, "d": [0.0] * 300})
    found = AnomalyDetector(method="auto").apply(frames.track(frame.lazy())).collect()
    assert found["_anomaly_score"].is_finite().all()
    assert found["_is_anomaly"].mean() < 0.05  # type: ignore[operator]
