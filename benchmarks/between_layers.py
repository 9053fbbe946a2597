"""Promoting what bronze gained against promoting all of it: a thousandth of the rows is new.

    python benchmarks/between_layers.py [--rows 5000000] [--runs 3] [--share 0.001] [--only none|key|spread]

Orders as text, as files deliver them: typed, a column derived, rows without customer dropped, two rules that set rows
aside and one that warns. Without keys (none), and with ``order_id`` declared as the key (key: half of the new rows are
then new versions of the last old ones, as orders change while they are young; spread: of old ones all over the table,
so that each of its files holds some and has to be written anew). Each run: all rows into a new lake and promoted; then
the new rows, promoted again; each of the two in a process of its own, imports not counted. Bar: 3 % of the time of the
full one, as for incremental ingestion; on a machine that others use, the CPU seconds tell more than the clock.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
from measure import child, median, report

BAR = 0.03
HOW = {"none": "no key", "key": "by key", "spread": "by key, old rows everywhere"}
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
    import rich.table  # noqa: F401  pyiceberg loads it with the first file

    from automic_core import workbench

    with workbench.opened(f"{folder}/lake") as lake:
        spec = workbench.parse_promotion(SPEC)
        lake.context.need("bronze.orders")

        def work() -> str:
            notes = workbench.promote(lake, "orders", spec).report.notes
            return next((note for note in notes if "Read" in note), "all")

        report(work)


def coming(how: str, rows: int, new: int) -> pl.DataFrame:
    """The new rows."""
    if how == "none":
        return orders(rows, new)
    if how == "key":
        return orders(rows - new // 2, new)
    changed = orders(0, rows).gather_every(rows // (new // 2)).head(new // 2)
    return pl.concat([changed, orders(rows, new - new // 2)])


def run(folder: Path, rows: int, new: int, how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures of a promotion of all rows, and of the next one."""
    keys = None if how == "none" else ["order_id"]
    from automic_core import Lakehouse
    from automic_core.workbench.sources import build_source

    def take(name: str, part: pl.DataFrame) -> None:
        part.write_parquet(folder / name)
        with Lakehouse.open(folder / "lake") as lake:
            lake.bronze.ingest(build_source(str(folder / name)), "orders", keys=keys)

    take("all.parquet", orders(0, rows))
    full = child("between_layers.py", "--work", str(folder))
    take("new.parquet", coming(how, rows, new))
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
    parser.add_argument("--only", choices=HOW)
    options = parser.parse_args()
    new = max(int(options.rows * options.share), 2)
    for how in [options.only] if options.only else HOW:
        pairs = []
        for number in range(options.runs):
            with tempfile.TemporaryDirectory(prefix="automic-bench-") as folder:
                pairs.append(run(Path(folder), options.rows, new, how))
            full, short = pairs[-1]
            said = f"full {full['wall']:.2f} s, {new:,} new rows {short['wall']:.2f} s"
            print(f"   run {number + 1}, {HOW[how]}: {said}", flush=True)
        ratios = {
            part: statistics.median(short[part] / full[part] for full, short in pairs) for part in ("wall", "cpu")
        }
        verdict = "met" if ratios["wall"] <= BAR else "MISSED"
        full, short = median([full for full, _ in pairs]), median([short for _, short in pairs])
        seconds = f"CPU {short['cpu']:.2f} s against {full['cpu']:.2f} s: {ratios['cpu']:.1%}"
        print(f"{HOW[how]}: {ratios['wall']:.1%} of a full promotion (bar {BAR:.0%}: {verdict}); {seconds}", flush=True)


if __name__ == "__main__":
    main()
