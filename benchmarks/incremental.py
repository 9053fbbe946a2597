"""An incremental run against a full one: PostgreSQL to bronze, a thousandth of the rows new.

    python benchmarks/incremental.py [--rows 5000000] [--runs 3] [--share 0.001]
        [--url postgresql://postgres@127.0.0.1:5432/test]

The table of databases.py, with an index on the time by which it is read, as a table has it that is read in parts. Each
run: the whole table into a new lake, incrementally; then new rows, and the same again. Bar: at most 3 % of the time of
the full run; each in a process of its own, imports not counted. Beside it what the parts of the short run cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from databases import SCHEMA, TABLE, Bench
from measure import child, median, report

BAR = 0.03


def ingest(url: str, folder: str) -> None:
    """What is new into a lake; all of it the first time."""
    import rich.table  # noqa: F401  pyiceberg loads it with the first file

    import automic_core.lakehouse.files  # noqa: F401
    from automic_core import Incremental, Lakehouse
    from automic_core.workbench.sources import build_source

    with Lakehouse.open(f"{folder}/lake") as lake:
        source = build_source(url, options={"table": f"{SCHEMA}.{TABLE}"})
        source.check()  # the drivers are loaded
        report(lambda: lake.bronze.ingest(source, "orders", incremental=Incremental("created_at")).rows)


def pair(bench: Bench, folder: Path, new: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures of a full run, and of one after it that finds ``new`` rows."""
    bench.make()
    bench.server.sql(f"CREATE INDEX ON {SCHEMA}.{TABLE} (created_at)")
    full = child("incremental.py", "--work", bench.url, str(folder))
    assert full["extra"] == bench.rows, full
    bench.server.sql(
        f"INSERT INTO {SCHEMA}.{TABLE} SELECT order_id + {bench.rows}, customer_id, customer, sku, quantity, price, "
        f"weight, paid, day, created_at + {bench.rows} * interval '17 s', status, token "
        f"FROM {SCHEMA}.{TABLE} WHERE order_id <= {new}",
    )
    short = child("incremental.py", "--work", bench.url, str(folder))
    assert short["extra"] == new, short
    return full, short


def main() -> None:
    """Run it, and print the ratio."""
    if sys.argv[1:2] == ["--work"]:
        ingest(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--share", type=float, default=0.001)
    parser.add_argument("--url", default="postgresql://postgres@127.0.0.1:5432/test")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    new = max(int(options.rows * options.share), 1)
    pairs = []
    for number in range(options.runs):
        with tempfile.TemporaryDirectory(prefix="automic-bench-") as folder:
            bench = Bench(options.url, Path(folder), options.rows, options.runs)
            try:
                pairs.append(pair(bench, Path(folder), new))
            finally:
                bench.server.sql("SET client_min_messages = error", f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        full, short = pairs[-1]
        print(f"   run {number + 1}: full {full['wall']:.2f} s, {new:,} new rows {short['wall']:.3f} s", flush=True)
    ratio = statistics.median(short["wall"] / full["wall"] for full, short in pairs)
    full, short = median([full for full, _ in pairs]), median([short for _, short in pairs])
    verdict = "met" if ratio <= BAR else "MISSED"
    print(f"{new:,} new rows of {options.rows:,}: {ratio:.2%} of a full run, bar <= {BAR:.0%}: {verdict}")
    print(
        f"   wall {short['wall']:.3f} s against {full['wall']:.2f} s; CPU {short['cpu']:.3f} s against "
        f"{full['cpu']:.2f} s; memory {short['peak_mb']:.0f} MB against {full['peak_mb']:.0f} MB"
    )


if __name__ == "__main__":
    main()
