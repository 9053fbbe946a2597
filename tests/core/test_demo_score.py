"""Precision, recall and F1 on small tables worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core.demo.generate import generate
from automic_core.demo.score import Score, recall_by, score, score_cells, score_pairs, score_records
from automic_core.demo.truth import read_truth
from automic_core.errors import SchemaError


def frame(*rows: tuple[Any, ...]) -> pl.DataFrame:
    names = ("table", "file", "record", "column", "kind")
    return pl.DataFrame(rows, schema=names[: len(rows[0])], orient="row")


def test_score_counts_distinct_keys() -> None:
    expected = frame(("t", "f", 1), ("t", "f", 2), ("t", "g", 1), ("t", "g", 1))
    found = frame(("t", "f", 1), ("t", "f", 1), ("t", "f", 9), ("t", "g", 1))
    result = score_records(expected, found)
    assert result == Score(expected=3, found=3, hits=2)
    assert (result.precision, result.recall, result.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_score_of_nothing() -> None:
    some, none = frame(("t", "f", 1)), frame(("t", "f", 1)).clear()
    assert (score(none, none).precision, score(none, none).recall, score(none, none).f1) == (1, 1, 1)
    assert (score(some, none).precision, score(some, none).recall, score(some, none).f1) == (0, 0, 0)
    assert (score(none, some).precision, score(none, some).recall, score(none, some).f1) == (0, 1, 0)


def test_cells_are_compared_by_top_level_column() -> None:
    expected = frame(("t", "f", 1, "shipping.city"), ("t", "f", 1, "items[0].sku"), ("t", "f", 2, "total"))
    found = frame(("t", "f", 1, "items"), ("t", "f", 1, "shipping"), ("t", "f", 3, "total"))
    assert score_cells(expected, found) == Score(3, 3, 2)


def test_pairs_ignore_which_row_was_kept_and_are_closed() -> None:
    names = ("table", "file", "record", "duplicate_of_file", "duplicate_of_record")
    chain = pl.DataFrame([("t", "f", 2, "f", 1), ("t", "f", 3, "f", 2)], schema=names, orient="row")
    star = pl.DataFrame([("t", "f", 1, "f", 3), ("t", "f", 2, "f", 3)], schema=names, orient="row")
    assert score_pairs(chain, star) == Score(3, 3, 3)
    assert score_pairs(chain, star.head(1)) == Score(3, 1, 1)
    assert score_pairs(chain, star.clear()) == Score(3, 0, 0)


def test_recall_by_kind_and_a_missing_column() -> None:
    expected = frame(("t", "f", 1, "a", "x"), ("t", "f", 2, "a", "x"), ("t", "f", 3, "a", "y"))
    table = recall_by(expected, frame(("t", "f", 1), ("t", "f", 3)))
    assert table.rows() == [("x", 2, 1, 0.5), ("y", 1, 1, 1.0)]
    with pytest.raises(SchemaError, match="record"):
        score(expected, expected.drop("record"))


def test_the_truth_of_a_demo_scores_full_marks_and_half_of_it_half(tmp_path: Path) -> None:
    truth = read_truth(generate(tmp_path, customers=200, orders=300, products=20).truth)
    for compare, frame in (
        (score_cells, truth.errors),
        (score_pairs, truth.duplicates),
        (score_records, truth.malformed),
    ):
        assert compare(frame, frame).f1 == 1
        half = compare(frame, frame.head(frame.height // 2))
        assert half.precision == 1
        assert 0.3 < half.recall < 0.7
