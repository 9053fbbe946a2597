"""Promoting what bronze gained against promoting all of it: a thousandth of the rows is new.

    python benchmarks/between_layers.py [--rows 5000000] [--runs 3] [--share 0.001]

Orders as text, as files deliver them: typed, a column derived, rows without customer dropped, two rules that set rows
aside and one that warns. Without keys, and with ``order_id`` declared as the key (half of the new rows are then new
versions of old ones). Each run: all rows into a new lake and promoted; then the new rows, promoted again; each of the
two in a process of its own, imports not counted. Bar: 3 % of the time of the full one, as for incremental ingestion.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from measure import child, report

BAR = 0.03
SPEC = """\
schema:
  order_id: {type: integer}
  customer: {type: string}
  sku: {type: string}
  quantity: {type: integer}
  price: {type: decimal, precision: 12, scale: 2}
  day: {type: date}
  status: {type: string}
steps:
  - {id: named, kind: nulls, strategy: drop, fields: [customer]}
  - {id: total, kind: derive, column: total, sql: quantity * price}
rules:
  - {id: few, kind: range, columns: [quantity], min: 0, max: 99}
  - {id: known, kind: set, columns: [status], values: [new, paid, sent, back]}
  - {id: dear, kind: range, columns: [price], max: 900, action: warn}
"""


def orders(first: int, rows: int) -> pl.DataFrame:
    """Rows of text with ids from ``first``."""
    number = pl.int_range(first, first + rows, dtype=pl.Int64, eager=True).alias("n")
    n = pl.col("n")
    return number.to_frame().select(
        order_id=n.cast(pl.String),
        customer=pl.when(n % 97 != 0).then(pl.format("c{}", n * 7919 % 100_003)).otherwise(pl.lit("")),
        sku=pl.format("sku-{}", n * 31 % 5_003),
        quantity=(n * 17 % 101).cast(pl.String),
        price=pl.format("{}.{}", n * 13 % 999, (n * 7 % 90) + 10),
        day=(pl.lit("2024-01-01").str.to_date() + pl.duration(days=n % 700)).dt.to_string("%Y-%m-%d"),
        status=pl.when(n % 211 != 0).then(pl.lit("paid")).otherwise(pl.lit("lost")),
    )


def promote(folder: str) -> None:
    """Promote in this process."""
    from automic_core import workbench

    with workbench.opened(f"{folder}/lake") as lake:
        spec = workbench.parse_promotion(SPEC)
        lake.context.need("bronze.orders")

        def work() -> str:
            notes = workbench.promote(lake, "orders", spec).report.notes
            return next((note for note in notes if "Read" in note), "all")

        report(work)


def run(folder: Path, rows: int, new: int, keys: list[str] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures of a promotion of all rows, and of the next one."""
    from automic_core import Lakehouse
    from automic_core.workbench.sources import build_source

    def take(name: str, part: pl.DataFrame) -> None:
        part.write_parquet(folder / name)
        with Lakehouse.open(folder / "lake") as lake:
            lake.bronze.ingest(build_source(str(folder / name)), "orders", keys=keys)

    take("all.parquet", orders(0, rows))
    full = child("between_layers.py", "--work", str(folder))
    take("new.parquet", orders(rows - new // 2 if keys else rows, new))
    short = child("between_layers.py", "--work", str(folder))
    assert f"Read {new:,} of {rows + new:,} rows" in str(short["extra"]), short
    return full, short


def main() -> None:
    """Run it, and print the ratios."""
    if sys.argv[1:2] == ["--work"]:
        promote(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.001)
    options = parser.parse_args()
    new = max(int(options.rows * options.share), 1)
    for keys in (None, ["order_id"]):
        ratios = []
        for number in range(options.runs):
            with tempfile.TemporaryDirectory(prefix="automic-bench-") as folder:
                full, short = run(Path(folder), options.rows, new, keys)
            ratios.append(short["wall"] / full["wall"])
            said = f"full {full['wall']:.2f} s, {new:,} new rows {short['wall']:.2f} s"
            print(f"   run {number + 1}, {'by key' if keys else 'no key'}: {said}", flush=True)
        ratio = statistics.median(ratios)
        verdict = "met" if ratio <= BAR else "MISSED"
        print(
            f"{'by key' if keys else 'no key'}: {ratio:.1%} of a full promotion (bar {BAR:.0%}: {verdict})", flush=True
        )


if __name__ == "__main__":
    main()
