"""Rows at the boundary of an incremental read that are there already, in whatever way their values are told."""

from __future__ import annotations

import polars as pl
import pytest

from automic_core import frames
from automic_core.extraction.boundary import Boundary

COLUMNS = ["id", "n", frames.RESCUED]


@pytest.mark.parametrize(
    ("stored", "value", "rescued", "there"),
    [
        (2, 2, '{"values": {"n": "2"}}', True),  # of a field of several types, where a number is no text
        (2, 2, '{"values": {"n": "2", "x": "1"}}', False),
        (2, 2, '{"values": {"n": "2.0"}}', False),
        (2, None, '{"values": {"n": "many"}}', False),
        (True, True, '{"values": {"n": "true"}}', True),
        ("2", "2", '{"values": {"n": "2"}}', False),  # a number now, a text before
        (2, 2, '{"reason": "field n"}', False),
    ],
)
def test_a_value_told_twice_is_the_same(stored: object, value: object, rescued: str, there: bool) -> None:
    types = pl.Schema({"id": pl.Int64, "n": pl.Series([stored]).dtype, frames.RESCUED: pl.String})
    kept = pl.DataFrame({"id": [1], "n": [stored], frames.RESCUED: [None]}, schema=types)
    came = pl.DataFrame({"id": [1], "n": [value], frames.RESCUED: [rescued]}, schema=types)
    boundary = Boundary(kept.lazy(), COLUMNS, types)
    assert boundary.sift(came).height == int(not there)
    assert boundary.removed == int(there)
