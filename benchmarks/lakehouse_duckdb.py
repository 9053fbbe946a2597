"""DuckDB over an Iceberg table against DuckDB over the same Parquet files: filtered and full group-by, CPU ratio.

    python benchmarks/lakehouse_duckdb.py [--rows 3000000] [--runs 5]

A lookup that prunes nearly all row groups takes about 30 ms, of which preparing and locking the connection is a part.

Measured twice: as written (the files are the table, so they are read as plain Parquet), and after a column was added,
when every file is of an older schema and the scan goes through Arrow.
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

import duckdb
import numpy as np
import polars as pl

from automic_core.lakehouse import catalog, files, plain, schemas, sql, tables

FILTERED = (
    "SELECT status, count(*) AS n, sum(amount) AS s FROM {} "
    "WHERE amount > 120 AND quantity > 3 AND note LIKE '%7' GROUP BY ALL ORDER BY 1"
)
LOOKUP = (
    "SELECT status, sum(amount) AS s FROM {} "
    "WHERE id BETWEEN 1000000 AND 1010000 AND quantity > 3 GROUP BY ALL ORDER BY 1"
)
FULL = (
    "SELECT customer, status, count(*) AS n, sum(amount) AS s, max(note) AS m FROM {} "
    "GROUP BY ALL ORDER BY 1, 2 LIMIT 10"
)


def make(rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(7)
    return pl.DataFrame({"id": np.arange(rows, dtype=np.int64)}).with_columns(
        customer=pl.Series(rng.integers(0, 1000, rows)),
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


def parquet(statement: str, paths: list[str]) -> pl.DataFrame:
    with duckdb.connect() as connection:
        frame = pl.from_arrow(connection.sql(statement.format(f"read_parquet({paths!r})")).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        catalog.open_catalog("bench", catalog.local_properties(Path(folder))) as lake,
    ):
        frame = make(options.rows)
        table = tables.create(lake, "silver.orders", frame.schema)
        step = options.rows // 6
        landed = [files.land(table, frame[i * step : (i + 1) * step].lazy()).collect() for i in range(6)]
        tables.append(table, [file for group in landed for file in group])
        paths = plain.parquet_files(table, None)
        del frame
        for way in ("plain files", "older schema"):
            for name, statement in (("filtered", FILTERED), ("lookup in sorted ids", LOOKUP), ("full group-by", FULL)):
                ours, theirs = [], []
                for run in range(options.runs + 1):  # The first warms caches and is not counted.

                    def ask(statement: str = statement) -> pl.DataFrame:
                        return sql.query({"silver.orders": table}, statement.format("silver.orders"))

                    theirs.append(cpu(lambda statement=statement: parquet(statement, paths)))
                    ours.append(cpu(ask))
                    if run == 0:
                        a, b = ask(), parquet(statement, paths)
                        assert a.drop("s").equals(b.drop("s"))
                        assert np.allclose(a["s"].to_numpy(), b["s"].to_numpy())
                mine, base = statistics.median(ours[1:]), statistics.median(theirs[1:])
                print(f"{way}, {name}: {mine:.3f} s CPU, Parquet {base:.3f} s, ratio {mine / base:.2f} x")
            if way == "plain files":
                schemas.add_columns(table, pl.Schema({"extra": pl.Int64}))


if __name__ == "__main__":
    main()
