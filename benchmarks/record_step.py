"""A record-level step against a bare Python loop: named rows → object → frame. 12 columns.

Usage: python benchmarks/record_step.py automic|loop ROWS
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import polars as pl
from measure import report


def table(rows: int) -> pl.DataFrame:
    """Four numbers, four floats, four texts."""
    base = pl.DataFrame({"n": range(rows)})
    numbers = [(pl.col("n") + i).alias(f"int_{i}") for i in range(4)]
    floats = [(pl.col("n") * 0.5 + i).alias(f"float_{i}") for i in range(4)]
    texts = [pl.format("text {} {}", pl.lit(i), pl.col("n") % 1000).alias(f"text_{i}") for i in range(4)]
    return base.select(*numbers, *floats, *texts)


def automic(frame: pl.DataFrame) -> None:
    """The step in a pipeline's plan: tracked, fates kept, late keys rescued."""
    from automic_core import Record, Transformer, frames

    class Converter(Transformer):
        def transform(self, record: Record) -> Record:
            record.data["total"] = record.data["float_0"] * 2.0
            return record

    def work() -> int:
        tracked = frames.track(frame.lazy())
        return sum(batch.height for batch in frames.stream(Converter().apply(tracked)))

    report(work)


def loop(frame: pl.DataFrame) -> None:
    """What a person would write by hand."""

    @dataclass(slots=True)
    class Row:
        data: dict[str, Any]

    def convert(row: Row) -> Row:
        row.data["total"] = row.data["float_0"] * 2.0
        return row

    def work() -> int:
        rows = 0
        for part in frame.iter_slices(10_000):
            rows += pl.DataFrame([convert(Row(row)).data for row in part.iter_rows(named=True)]).height
        return rows

    report(work)


if __name__ == "__main__":
    data = table(int(sys.argv[2]))
    {"automic": automic, "loop": loop}[sys.argv[1]](data)
