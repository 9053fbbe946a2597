"""The chart of an answer: chosen from its shape, changeable, never wrong about columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.assist.charting import (
    COUNT,
    MOST_SERIES,
    ChartSpec,
    chart_choices,
    choose_chart,
    refit_chart,
    role,
)
from automic_core.errors import ConfigError
from automic_core.workbench.chart_data import MISSING, MOST_BARS, OTHER, chart_points
from tests.drawing import draws

DAYS = [date(2024, 1, day) for day in (3, 1, 2)]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"n": [7]}, ("number", None, "n", None)),
        ({"name": ["a"], "n": [7.5]}, ("number", None, "n", None)),
        ({"name": ["a"]}, ("none", None, None, None)),
        ({"country": ["a", "b"], "n": [1, 2]}, ("bar", "country", "n", None)),
        ({"n": [1, 2], "country": ["a", None]}, ("bar", "country", "n", None)),
        ({"ok": [True, False], "n": [1, 2]}, ("bar", "ok", "n", None)),
        ({"day": DAYS, "n": [1, 2, 3]}, ("line", "day", "n", None)),
        ({"month": ["2024-01", "2024-02"], "n": [1, 2]}, ("line", "month", "n", None)),
        ({"year": [2023, 2024], "n": [1.0, 2.0]}, ("line", "year", "n", None)),
        ({"day": DAYS * 2, "who": ["a"] * 3 + ["b"] * 3, "n": range(6)}, ("line", "day", "n", "who")),
        ({"country": list("aabb"), "kind": list("xyxy"), "n": range(4)}, ("bar", "country", "n", "kind")),
        (
            {"sku": list("abcd"), "kind": list("xyyx"), "at": DAYS + DAYS[:1], "n": range(4)},
            ("bar", "kind", COUNT, None),
        ),
        ({"sku": list("abcd"), "kind": list("xxyy"), "n": range(4)}, ("bar", "kind", COUNT, None)),
        ({"a": [1.5, 2.5], "b": [2.0, 3.0]}, ("scatter", "a", "b", None)),
        ({"a": [1.5, 2.5, 3.5]}, ("histogram", "a", None, None)),
        ({"status": list("aabbab"), "note": list("uvwxyz")}, ("bar", "status", COUNT, None)),
        ({"text": ["x" * 90, "y" * 90]}, ("none", None, None, None)),
        ({"_rid": [1, 2], "order_id": [5, 6], "total": [1.0, 2.0]}, ("histogram", "total", None, None)),
        ({"n": []}, ("none", None, None, None)),
        ({}, ("none", None, None, None)),
        ({"list": [[1], [2]]}, ("none", None, None, None)),
        ({"amount": [Decimal("1.5"), Decimal("2.5")], "who": ["a", "b"]}, ("bar", "who", "amount", None)),
        ({"day": [DAYS[0]] * 2, "who": ["a", "b"], "n": [1, 2]}, ("bar", "who", "n", None)),
        (
            {"at": [datetime(2024, 1, 1, tzinfo=UTC)] * 6, "who": list("aabbab"), "n": range(6)},
            ("bar", "who", COUNT, None),
        ),
    ],
)
def test_chooses_by_shape(columns: dict[str, Any], expected: tuple[Any, ...]) -> None:
    found = choose_chart(pl.DataFrame(columns, strict=False))
    assert (found.kind, found.x, found.y, found.series) == expected
    assert found.why
    assert found.kind == "none" or found.kinds[0] == found.kind


def points(columns: dict[str, Any], **changes: Any) -> Any:
    frame = pl.DataFrame(columns, strict=False)
    return chart_points(frame, replace(choose_chart(frame), **changes))


def test_time_runs_forward() -> None:
    found = points({"day": DAYS, "n": [3, 1, 2]})
    assert (found.traces[0].x, found.traces[0].y) == (["2024-01-01", "2024-01-02", "2024-01-03"], [1.0, 2.0, 3.0])
    assert found.axis == "time"


def test_the_small_many_are_put_together_and_said() -> None:
    names = [f"c{number}" for number in range(100)]
    found = points({"country": names, "n": list(range(100))})
    [trace] = found.traces
    assert (len(trace.x), trace.x[-1], trace.x[0]) == (MOST_BARS, OTHER, "c99")
    assert trace.y[-1] == sum(range(81))
    assert sum(trace.y) == sum(range(100))
    assert found.notes == ("The 19 largest of 100 values of country; the other 81 are together.",)


def test_many_series_are_put_together_and_nothing_is_lost() -> None:
    columns = {"day": DAYS * 30, "who": [f"w{n // 3}" for n in range(90)], "n": [1] * 90}
    found = points(columns)
    assert len(found.traces) == MOST_SERIES
    assert found.traces[-1].name == OTHER
    assert sum(sum(trace.y) for trace in found.traces) == 90


def test_missing_values_are_named_or_counted() -> None:
    assert points({"country": ["a", None], "n": [1, 2]}).traces[0].x == ["a", MISSING]
    left_out = points({"day": [*DAYS, None], "n": [1, 2, 3, 4]})
    assert left_out.notes == ("1 row without a value left out.",)
    assert points({"n": [1.0, None, float("nan"), float("inf"), 2.0]}).traces[0].x == [1.0, 2.0]
    assert points({"country": ["a", "b"], "n": [1, None]}).traces[0].y == [1.0, None]


def test_rows_on_one_place_are_added_up_and_said() -> None:
    found = points({"who": list("aab"), "n": [1, 2, 4]}, kind="bar", x="who", y="n")
    assert (found.traces[0].x, found.traces[0].y) == (["a", "b"], [3.0, 4.0])
    assert found.notes == ("Rows with the same who are added up.",)
    counted = points({"who": list("aab"), "n": [1, 2, 4]}, kind="bar", x="who", y=COUNT)
    assert (counted.traces[0].y, counted.notes, counted.y_title) == ([2.0, 1.0], (), "rows")


@pytest.mark.parametrize(
    "changes",
    [{"x": "nope"}, {"y": "who"}, {"x": None}, {"series": "n"}, {"kind": "histogram", "x": "who"}, {"kind": "number"}],
)
def test_a_wrong_choice_is_refused(changes: dict[str, Any]) -> None:
    spec = ChartSpec("bar", "who", "n")
    if changes == {"kind": "number"}:
        changes = {"kind": "number", "y": None}
    with pytest.raises(ConfigError, match="cannot be the"):
        chart_points(pl.DataFrame({"who": ["a", "b"], "n": [1, 2]}), replace(spec, **changes))


def test_roles() -> None:
    frame = pl.DataFrame({"a": [1], "year": [2024], "d": [date(2024, 1, 1)], "t": ["x"], "m": ["2024-01"], "l": [[1]]})
    assert [role(frame[name]) for name in frame.columns] == ["number", "time", "time", "category", "time", "other"]


VALUES: dict[Any, Any] = {
    pl.Int64: st.integers(-(2**62), 2**62),
    pl.Float64: st.floats(),
    pl.String: st.text(max_size=5),
    pl.Boolean: st.booleans(),
    pl.Date: st.dates(),
    pl.Datetime("us"): st.datetimes(),
    pl.Time: st.times(),
    pl.List(pl.Int64): st.lists(st.integers(0, 9), max_size=2),
    pl.Null: st.none(),
}


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    names = draw(
        st.lists(st.sampled_from(["a", "b", "year", "_rid", "order_id", "x y", "<b>", ""]), unique=True, max_size=4)
    )
    rows = draw(st.integers(0, 6))
    columns = []
    for name in names:
        kind = draw(st.sampled_from(list(VALUES)))
        cells = draw(st.lists(st.one_of(st.none(), VALUES[kind]), min_size=rows, max_size=rows))
        columns.append(pl.Series(name, cells, dtype=kind))
    return pl.DataFrame(columns)


@settings(max_examples=draws(150), deadline=None)
@given(frames())
def test_never_fails_and_names_only_what_there_is(frame: pl.DataFrame) -> None:
    found = choose_chart(frame)
    assert {found.x, found.y, found.series} <= {*frame.columns, None, COUNT}
    chart_points(frame, found)
    for kind in found.kinds:
        other = refit_chart(frame, replace(found, kind=kind))
        fits = chart_choices(frame, kind)
        drawn = chart_points(frame, other)
        assert other.x is None or other.x in fits.x
        lengths = {len(trace.x) - len(trace.y) for trace in drawn.traces}
        assert kind in ("histogram", "number") or lengths <= {0}
        assert kind != "bar" or other.y != COUNT or sum(sum(t.y) for t in drawn.traces) <= frame.height
