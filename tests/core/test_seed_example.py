"""The first printed example: five customers, a duplicate, a missing address, a wrong one and a suspicious amount."""

from __future__ import annotations

import io

import polars as pl
import pytest

from automic_core import frames
from automic_core.transforms.anomaly import AnomalyDetector
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.nulls import NullRemover
from automic_core.transforms.quality import QualityScorer

CUSTOMERS = """id,name,email,age,purchase_amount
1,John Smith,john@email.com,35,150.00
2,John Smith,john@email.com,35,150.00
3,Jane Doe,,28,85.00
4,Bob Jones,invalid-email,42,9999.99
5,Alice Lee,alice@email.com,25,120.00
"""


@pytest.fixture
def customers() -> pl.LazyFrame:
    return frames.track(pl.read_csv(io.StringIO(CUSTOMERS)).lazy())


def run(frame: pl.LazyFrame) -> pl.LazyFrame:
    steps = (
        NullRemover(strategy="remove_fields"),
        Deduplicator(match_mode="exact"),
        AnomalyDetector(method="statistical"),
        QualityScorer(min_score=0.7),
    )
    for step in steps:
        frame = step.apply(frame)
    return frame


def test_the_printed_numbers(customers: pl.LazyFrame) -> None:
    scored = run(customers)
    rows = frames.survivors(scored).collect()
    assert rows["id"].to_list() == [1, 3, 4, 5]
    assert rows["_quality_score"].to_list() == [1.0, 0.8, 0.65, 1.0]
    assert rows["_is_anomaly"].to_list() == [False, False, True, False]
    assert QualityScorer.summary(scored) == {"excellent": 3, "good": 1, "fair": 0, "poor": 0}


def test_the_reasons(customers: pl.LazyFrame) -> None:
    rows = frames.survivors(run(customers)).collect()
    assert rows["_quality_reasons"].to_list() == [
        None,
        ["email is missing"],
        ["email is not an email address: invalid-email", "flagged as an anomaly"],
        None,
    ]
    (anomaly,) = rows["_anomaly_reasons"][2]
    assert anomaly.startswith("purchase_amount = 9999.99 is ")


def test_exact_dedup_says_what_it_compared(customers: pl.LazyFrame) -> None:
    fitted = Deduplicator().fit(customers)
    assert (
        fitted.note
        == "compared name, email, age, purchase_amount; left out id (named like a key, different in every row)"
    )


@pytest.mark.parametrize("others", [[150, 150, 85, 120], [150, 85, 120], [50, 75, 100, 65]])
def test_statistical_finds_one_huge_value_among_few(others: list[float]) -> None:
    frame = frames.track(pl.DataFrame({"amount": [*map(float, others), 9999.99]}).lazy())
    found = AnomalyDetector(method="statistical").apply(frame).collect()
    assert found["_is_anomaly"].to_list() == [False] * len(others) + [True]
