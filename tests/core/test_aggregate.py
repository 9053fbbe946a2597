"""Aggregator: its ten functions, missing values, the printed sales example, the weights."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from automic_core import frames
from automic_core.errors import ConfigError, TransformError
from automic_core.records import Record
from automic_core.transforms.aggregate import Aggregator

SALES = [
    *[("Alice", n, "pen") for n in (2, 3, 4, 5)],
    *[("Bob", n, "ink") for n in (5, 5, 6)],
    *[("Charlie", n, "cap") for n in (6, 6, 7)],
]


def living(data: dict[str, Any]) -> pl.LazyFrame:
    return frames.survivors(frames.track(pl.LazyFrame(data)))


def one(function: str, values: list[Any], **options: Any) -> Any:
    step = Aggregator(group_by=[], aggregations={"out": {"field": "v", "function": function, **options}})
    out = step.apply(living({"v": values})).collect()
    assert out.height == 1
    assert out["_weight"].item() == len(values)
    return out["out"].to_list()[0]


def test_sales_example() -> None:
    step = Aggregator(
        group_by=["customer"],
        aggregations={
            "total_quantity": {"field": "quantity", "function": "sum"},
            "total_orders": {"field": "order_id", "function": "count"},
            "avg_quantity": {"field": "quantity", "function": "avg"},
            "products": {"field": "product", "function": "list"},
        },
    )
    rows = [
        Record({"order_id": i, "customer": who, "quantity": quantity, "product": product})
        for i, (who, quantity, product) in enumerate(SALES)
    ]
    out = [record.data for record in step.transform_batch(rows)]
    found = [(r["customer"], r["total_quantity"], r["total_orders"], round(r["avg_quantity"], 1)) for r in out]
    assert found == [("Alice", 14, 4, 3.5), ("Bob", 16, 3, 5.3), ("Charlie", 19, 3, 6.3)]
    assert list(out[0]["products"]) == ["pen"] * 4


@pytest.mark.parametrize(
    ("function", "plain", "with_nulls", "of_nothing"),
    [
        ("sum", 7, 7, None),
        ("avg", 7 / 3, 7 / 3, None),
        ("min", 2, 2, None),
        ("max", 3, 3, None),
        ("count", 3, 4, 0),
        ("count_distinct", 2, 3, 0),
        ("first", 2, None, None),
        ("last", 2, 2, None),
        ("concat", "2, 3, 2", ", 2, 3, 2", None),
        ("list", [2, 3, 2], [None, 2, 3, 2], []),
    ],
)
def test_functions(function: str, plain: Any, with_nulls: Any, of_nothing: Any) -> None:
    assert one(function, [None, 2, 3, 2]) == plain
    assert one(function, [None, 2, 3, 2], nulls=True) == with_nulls
    empty = Aggregator(group_by=[], aggregations={"out": {"field": "v", "function": function}})
    out = empty.apply(living({"v": pl.Series([], dtype=pl.Int64)})).collect()
    assert out["out"].to_list() == [of_nothing]
    assert out["_weight"].to_list() == [0]


def test_groups_stand_in_order_of_first_appearance_and_weigh_their_size() -> None:
    step = Aggregator(group_by=["g"], aggregations={"n": {"field": "*", "function": "count"}})
    out = step.apply(living({"g": ["z", None, "a", "z", None]})).collect()
    assert out.rows() == [("z", 2, 2), (None, 2, 2), ("a", 1, 1)]


def test_concat_takes_a_separator_and_any_type() -> None:
    assert one("concat", [1.5, None, 2.0], separator="|") == "1.5|2.0"


def test_text_is_not_summed() -> None:
    with pytest.raises(TransformError, match=r"sum needs numbers, but 'v' is String\. Hint: Cast it"):
        one("sum", ["1", "2"])
    with pytest.raises(TransformError, match="has no order"):
        one("max", [[1], [2]])


def test_wrong_options() -> None:
    with pytest.raises(TransformError, match=r"there is no column 'amuont'.*'amount'"):
        Aggregator(["g"], {"n": {"field": "amuont", "function": "sum"}}).apply(living({"g": [1], "amount": [1]}))
    with pytest.raises(ConfigError, match="two columns 'g'"):
        Aggregator(["g"], {"g": {"field": "v", "function": "sum"}})
    with pytest.raises(ConfigError, match="sum of"):
        Aggregator(["g"], {"n": {"field": "*", "function": "sum"}})
    with pytest.raises(ConfigError, match="nothing to do"):
        Aggregator([], {})
