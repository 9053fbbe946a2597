"""A fixed cell: what a person types becomes the type its column has, exactly or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from automic_core import frames
from automic_core.medallion.cells import fits, from_text

VALUES: list[tuple[Any, Any]] = [
    (pl.String, " as it is "),
    (pl.Int32, -5),
    (pl.UInt64, 2**64 - 1),
    (pl.Float64, 1e-9),
    (pl.Boolean, True),
    (pl.Date, date(2024, 2, 29)),
    (pl.Time, time(3, 4, 5)),
    (pl.Datetime("us"), datetime(2024, 1, 2, 3, 4, 5, 60)),  # noqa: DTZ001
    (pl.Datetime("ms"), datetime(2024, 1, 2)),  # noqa: DTZ001
    (pl.Datetime("us", "UTC"), datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    (pl.Decimal(10, 2), Decimal("1.50")),
    (pl.Binary, b"\xff\x00"),
    (pl.List(pl.String), ["a", "b"]),
    (pl.Struct({"a": pl.Int64}), {"a": 1}),
]


@pytest.mark.parametrize(("dtype", "value"), VALUES, ids=[str(dtype) for dtype, _ in VALUES])
def test_what_a_cell_shows_can_be_typed_back(dtype: Any, value: Any) -> None:
    frame = pl.DataFrame({"c": [value, None]}, schema={"c": dtype})
    texts = frame.select(frames.as_text("c", frame.schema))
    assert fits(texts["c"][0], dtype)
    assert fits(None, dtype)
    assert texts.select(from_text(pl.col("c"), dtype).alias("c"))["c"].to_list() == [value, None]


@pytest.mark.parametrize(
    ("dtype", "text"),
    [
        (pl.Int32, "1.5"),
        (pl.Int32, "9999999999"),
        (pl.UInt64, "-1"),
        (pl.Float64, "many"),
        (pl.Boolean, "maybe"),
        (pl.Date, "2023-02-29"),
        (pl.Datetime("us"), "yesterday"),
        (pl.Time, "25:00:00"),
        (pl.Decimal(10, 2), "1.234"),
        (pl.Decimal(4, 2), "123.45"),
        (pl.Binary, "xyz"),
        (pl.List(pl.String), "[1"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_and_nothing_is_cut(dtype: Any, text: str) -> None:
    assert not fits(text, dtype)


def test_times_without_a_zone_are_utc_where_the_column_has_one() -> None:
    frame = pl.DataFrame({"c": ["2024-01-02T03:04", "2024-01-02T03:04:05+02:00"]})
    found = frame.select(from_text(pl.col("c"), pl.Datetime("us", "UTC")))["c"].to_list()
    assert found == [datetime(2024, 1, 2, 3, 4, tzinfo=UTC), datetime(2024, 1, 2, 1, 4, 5, tzinfo=UTC)]
