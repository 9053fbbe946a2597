"""The step that infers a schema and types what flows through it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import frames
from automic_core.records import FieldType
from automic_core.transforms._sparse import only_where
from automic_core.transforms.schema_inference import InferredSchema, SchemaInferrer
from tests.drawing import draws

TEXT = {
    "id": [str(i) for i in range(1, 9)],
    "email": ["a@b.org", "c@d.org", "e@f.org", "g@h.org", None, "i@j.org", "k@l.org", "m@n.org"],
    "amount": ["1.5", "2.5", "N/A", "oops", "4.5", "5.5", "6.5", "7.5"],
    "day": [f"2024-01-0{i}" for i in range(1, 9)],
}


def fitted(step: SchemaInferrer, frame: pl.LazyFrame) -> InferredSchema:
    learned = step.fit(frame)
    assert isinstance(learned, InferredSchema)
    return learned


def test_columns_get_types_and_misfits_are_rescued() -> None:
    frame = frames.track(pl.LazyFrame(TEXT))
    learned = fitted(SchemaInferrer(), frame)
    typed = learned.apply(frame).collect()
    assert [typed.schema[name] for name in TEXT] == [pl.Int64, pl.String, pl.Float64, pl.Date]
    assert typed["amount"].to_list() == [1.5, 2.5, None, None, 4.5, 5.5, 6.5, 7.5]
    rescued = typed[frames.RESCUED].to_list()
    assert [row and json.loads(row) for row in rescued] == [None] * 3 + [{"values": {"amount": "oops"}}] + [None] * 4
    assert typed[frames.FATE].null_count() == typed.height


def test_the_schema_says_what_was_found() -> None:
    learned = fitted(SchemaInferrer(), frames.track(pl.LazyFrame(TEXT)))
    email, amount = learned.schema.field_named("email"), learned.schema.field_named("amount")
    assert email is not None
    assert amount is not None
    assert (email.pattern, email.nullable) == ("email", True)
    assert (amount.type, amount.min_value, amount.max_value) == (FieldType.FLOAT, 1.5, 7.5)
    assert amount.confidence == pytest.approx(6 / 7)
    assert learned.schema.primary_key == ["id"]
    assert "1 values that do not fit are in _rescued" in learned.note
    json.dumps(learned.state, allow_nan=False)


def test_removed_rows_teach_nothing_and_lose_nothing() -> None:
    frame = frames.track(pl.LazyFrame({"n": ["1", "2", "x", "y", "z"]}))
    dead = frames.condemn(frame, pl.col("n").is_in(["x", "y", "z"]), frames.FILTERED)
    after = SchemaInferrer().apply(dead).collect()
    assert after["n"].to_list() == [1, 2, None, None, None]
    assert [row and json.loads(row)["values"]["n"] for row in after[frames.RESCUED]] == [None, None, "x", "y", "z"]


def test_what_was_rescued_before_stays() -> None:
    earlier = json.dumps({"line": 7, "values": {"other": "?"}})
    frame = frames.track(pl.LazyFrame({"n": ["1", "2", "3", "4", "x"], frames.RESCUED: [None] * 4 + [earlier]}))
    rescued = SchemaInferrer().apply(frame).collect()[frames.RESCUED].to_list()[-1]
    assert json.loads(rescued) == {"line": 7, "values": {"other": "?", "n": "x"}}


def test_threshold_and_typed_columns() -> None:
    frame = frames.track(pl.LazyFrame({"n": ["1", "2", "3", "4", "x"], "f": [1.5] * 5}))
    assert SchemaInferrer(confidence_threshold=0.9).apply(frame).collect().schema["n"] == pl.String
    after = SchemaInferrer().apply(frame).collect()
    assert after.schema["f"] == pl.Float64
    assert after.schema["n"] == pl.Int64


@given(values=st.lists(st.sampled_from(["1", "2", " 3", "4.5", "x", "", "NA", None]), max_size=20))
@settings(max_examples=draws(40), deadline=None)
def test_no_value_is_lost(values: list[str | None]) -> None:
    """Each text is null-like, typed, kept as text, or rescued."""
    frame = frames.track(pl.DataFrame({"n": values}, schema={"n": pl.String}).lazy())
    after = SchemaInferrer().apply(frame).collect()
    rescued: list[Any] = after[frames.RESCUED].to_list() if frames.RESCUED in after.columns else [None] * len(values)
    for text, value, row in zip(values, after["n"].to_list(), rescued, strict=True):
        no_value = text is None or text in ("", "NA")
        assert (row is not None and json.loads(row) == {"values": {"n": text}}) == (value is None and not no_value)


@given(mask=st.lists(st.sampled_from([True, False, None]), max_size=30))
@settings(max_examples=draws(40), deadline=None)
def test_only_where_is_when_then(mask: list[bool | None]) -> None:
    frame = pl.LazyFrame({"m": mask, "x": range(len(mask))}, schema={"m": pl.Boolean, "x": pl.Int64})
    value = pl.format("row {}", pl.col("x"))
    both = frame.select(
        only_where(pl.col("m"), value, pl.String).alias("a"), pl.when(pl.col("m")).then(value).alias("b")
    ).collect()
    assert both["a"].equals(both["b"].alias("a"), null_equal=True)
