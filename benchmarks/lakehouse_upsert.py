"""Upsert of 100k changes into 1M rows in 10 files, against a Polars anti-join that overwrites everything. CPU ratio.

    python benchmarks/lakehouse_upsert.py [--rows 1000000] [--changes 100000] [--runs 3]

Two shapes: changes scattered over all files, and changes that lie in 2 of the 10. Both sides start from the same table
state and must leave the same rows (every cell compared).
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal
from pyiceberg.table import Table

from automic_core.lakehouse import catalog, files, history, tables
from automic_core.lakehouse.upsert import upsert


def make(rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    return pl.DataFrame({"id": np.arange(rows, dtype=np.int64)}).with_columns(
        customer=pl.Series(rng.integers(0, rows // 10, rows)),
        amount=pl.Series(rng.normal(100, 20, rows)),
        quantity=pl.Series(rng.integers(1, 9, rows)),
        status=pl.Series(rng.choice(["new", "paid", "sent", "back"], rows)),
        note=pl.format("note {}", pl.col("id") * 7919 % 100_003),
    )


def cpu(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def overwrite(table: Table, changes: pl.DataFrame) -> None:
    stay = tables.scan(table).join(changes.lazy().select("id"), on="id", how="anti", maintain_order="left")
    tables.replace(table, files.land(table, pl.concat([stay, changes.lazy()])).collect())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--changes", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        catalog.open_catalog("bench", catalog.local_properties(Path(folder))) as lake,
    ):
        frame = make(options.rows)
        table = tables.create(lake, "silver.orders", frame.schema)
        step = options.rows // 10
        landed = [files.land(table, frame[i * step : (i + 1) * step].lazy()).collect() for i in range(10)]
        start = tables.append(table, [file for group in landed for file in group])
        half = options.changes // 2
        fresh = make(half).with_columns(id=pl.col("id") + options.rows)
        shapes = {
            "scattered": frame.gather_every(options.rows // half)[:half],
            "2 of 10 files": frame[step - half // 2 : step - half // 2 + half],
        }
        for shape, updates in shapes.items():
            changes = pl.concat([updates.with_columns(status=pl.lit("changed")), fresh])
            ours, theirs = [], []
            for run in range(options.runs + 1):  # The first warms caches and is not counted
                history.rollback(table, start)
                theirs.append(cpu(lambda changes=changes: overwrite(table, changes)))
                expected = tables.scan(table).collect().sort("id")
                history.rollback(table, start)
                ours.append(cpu(lambda changes=changes: upsert(table, changes, ["id"])))
                if run == 0:
                    assert_frame_equal(tables.scan(table).collect().sort("id"), expected)
            mine, base = statistics.median(ours[1:]), statistics.median(theirs[1:])
            print(f"upsert, {shape}: {mine:.2f} s CPU, anti-join + overwrite {base:.2f} s, ratio {mine / base:.2f} x")


if __name__ == "__main__":
    main()
