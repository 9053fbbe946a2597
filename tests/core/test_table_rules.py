"""Rules on the table as a whole, and rules proposed for a frame."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import Depends, Drift, Fresh, RowCount, registry, suggest_rules
from automic_core.contracts import Rule
from automic_core.errors import ConfigError, TransformError
from tests.drawing import draws


def reason(rule: Rule, frame: pl.DataFrame) -> Any:
    return frame.lazy().select(rule.aggregate(frame.schema)).collect().item()


@given(st.lists(st.tuples(st.none() | st.integers(0, 3), st.none() | st.sampled_from("ab")), max_size=20))
@settings(max_examples=draws(60), deadline=None)
def test_dependency_counts_what_differs_from_its_group(rows: list[tuple[int | None, str | None]]) -> None:
    frame = pl.DataFrame(rows, schema={"k": pl.Int64, "v": pl.String}, orient="row")
    groups: dict[int, list[str]] = {}
    for key, value in rows:
        if key is not None and value is not None:
            groups.setdefault(key, []).append(value)
    odd = sum(len(g) - max(map(g.count, g)) for g in groups.values())
    found = reason(Depends(["k"], settles="v"), frame)
    assert found is None if not odd else found.startswith(f"in {odd} rows v differs")


def test_dependency_tolerates_a_share_and_names_a_missing_column() -> None:
    frame = pl.DataFrame({"k": [1] * 10, "v": ["a"] * 9 + ["b"]})
    assert reason(Depends(["k"], settles="v", max_fail=0.1), frame) is None
    with pytest.raises(TransformError, match="no column 'w'"):
        Depends(["k"], settles="w").aggregate(frame.schema)


def test_row_count() -> None:
    frame = pl.DataFrame({"a": [1, 2, 3]})
    assert reason(RowCount(min=3, max=3), frame) is None
    assert reason(RowCount(min=4), frame) == "3 rows, expected 4 to any number"
    assert reason(RowCount(), frame.head(0)) == "0 rows, expected 1 to any number"
    with pytest.raises(ConfigError, match="below min"):
        RowCount(min=4, max=3)


def test_freshness() -> None:
    now = datetime.now(UTC)
    frame = pl.DataFrame({"at": [now - timedelta(hours=5), now - timedelta(days=9)]})
    assert reason(Fresh(["at"], hours=6), frame) is None
    assert reason(Fresh(["at"], hours=4), frame) == "the newest at is 5.0 hours old, at most 4 are allowed"
    assert reason(Fresh(["at"]), frame.head(0)) == "at holds no time at all"
    with pytest.raises(TransformError, match="no date or timestamp"):
        Fresh(["a"]).aggregate(pl.Schema({"a": pl.String}))


def test_drift() -> None:
    then = {"a": 0.5, "b": 0.5}
    assert reason(Drift(["x"], shares=then), pl.DataFrame({"x": ["a", "b", "a", "b", None]})) is None
    moved = reason(Drift(["x"], shares=then), pl.DataFrame({"x": ["a"] * 9 + ["b"]}))
    assert moved.startswith("the spread of x has moved: index 0.879")
    numbers = Drift(["n"], shares={"0": 0.5, "1": 0.5}, edges=[10])
    assert reason(numbers, pl.DataFrame({"n": [1, 2, 30, 40]})) is None
    assert reason(numbers, pl.DataFrame({"n": [1, 2, 3, 4]})) is not None


def test_suggested_rules_build_and_break_where_they_say() -> None:
    frame = pl.DataFrame({"state": ["open", "shut", "held"] * 100 + ["opne"], "n": range(301)})
    found = suggest_rules(frame)
    row = found.filter(pl.col("kind") == "set").row(0, named=True)
    assert (row["columns"], row["failing"], row["rows"]) == (["state"], 1, 301)
    assert "opne" in row["examples"][0]
    rule = registry.build("rule", "set", json.loads(row["options"]))
    assert frame.select(rule.fails("state", frame.schema).sum()).item() == 1
    assert suggest_rules(frame.head(5)).is_empty()


def test_what_settles_what_and_misspellings_are_suggested() -> None:
    names = [f"{first}{second}" for first in ("Ham", "Ber", "Col", "Mun", "Dres", "Leip") for second in ("burg", "lin")]
    places = {f"{n:05d}": names[n % 12] for n in range(36)}
    zips = [f"{n % 36:05d}" for n in range(720)]
    frame = pl.DataFrame({"zip": zips, "town": [places[each] for each in zips]})
    found = suggest_rules(frame).filter(pl.col("kind") == "dependency")
    assert found.select("title", "failing").rows() == [("zip settles town", 0)]
    frame = frame.with_columns(town=frame["town"].scatter([40, 41], ["Hambrug", "Berlin"]))
    found = suggest_rules(frame)
    row = found.filter(pl.col("kind") == "dependency").row(0, named=True)
    assert (row["title"], row["failing"], row["rows"]) == ("zip settles town", 2, 720)
    assert row["examples"] == ["row 40: Hambrug, not Colburg", "row 41: Berlin, not Collin"]
    rule = registry.build("rule", "dependency", json.loads(row["options"]))
    assert reason(rule, frame) == "in 2 rows town differs from the rows of the same zip"
    draw = random.Random(2)
    words = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=8)) for _ in range(40)]
    many = pl.DataFrame({"town": [words[n % 40] for n in range(720)] + [words[3][:-1]]})
    row = suggest_rules(many).filter(pl.col("kind") == "sql").row(0, named=True)
    assert (row["title"], row["failing"]) == ("town is not misspelt", 1)
    assert words[3][:-1] in row["examples"][0]
