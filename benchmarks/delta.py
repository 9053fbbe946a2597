"""A PostgreSQL table followed while pgbench changes it: how far behind the change log and silver are, what it costs.

    python benchmarks/delta.py [--scale 10] [--seconds 60] [--clients 2] [--rate 0] [--url URL] [--kind state|history]

Without ``--url`` a server of its own is started (initdb, pg_ctl and pgbench from PATH or /usr/lib/postgresql), with
wal_level=logical. pgbench's own transactions run on its accounts (100,000 a unit of scale), as fast as they go or at a
given rate. A clock in the table is how lag is measured: every half second a row of its own is set to the time, and
looked for in the change log and in silver, by a process that only reads. Afterwards one more pass, and silver must be
the table, by a hash of all rows. Bars: 2 s to the change log, 30 s to silver.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from glob import glob
from pathlib import Path
from typing import Any

from measure import cpu, peak_mb

ROOT = Path(__file__).resolve().parent.parent
TABLE, CLOCK = "pgbench_accounts", -1
FOLLOW = """
import json, resource, signal, sys, threading
from automic_core import Lakehouse
from automic_core.workbench.sources import build_source
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
with Lakehouse.open(sys.argv[1]) as lake:
    done = lake.bronze.follow(build_source(sys.argv[2], options={"table": sys.argv[3]}), "accounts",
        silver=sys.argv[4], until_now=False, stop=stop.is_set)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"ops": dict(done.ops), "silver": dict(done.applied), "cpu": usage.ru_utime + usage.ru_stime,
    "peak_mb": usage.ru_maxrss / 1024, "commits": len(lake.history("bronze.accounts"))}))
"""


def tool(name: str) -> str:
    """A program of PostgreSQL."""
    found = shutil.which(name) or next(iter(sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"))[::-1]), None)
    if found is None:
        raise SystemExit(f"There is no {name}.")
    return found


def own_server() -> tuple[str, Any]:
    """Address of a server that ends with this process."""
    sys.path.insert(0, str(ROOT))
    from tests import servers

    found = servers.started("wal_level=logical", "max_replication_slots=8", "max_wal_senders=8", "max_wal_size=4GB")
    if isinstance(found, str):
        raise SystemExit(found)
    return f"postgresql://{found.user}@{found.host}:{found.port}/{found.database}", found


class Clock:
    """Sets a row of the table to the time, and sees when it is in the lake; two threads."""

    def __init__(self, url: str, folder: str) -> None:
        self._url, self._folder = url, folder
        self._stop = threading.Event()
        self.lags: dict[str, list[float]] = {"bronze": [], "silver": []}
        self._set: list[tuple[int, float]] = []
        self._threads = [threading.Thread(target=work) for work in (self._tick, self._look)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _tick(self) -> None:
        import psycopg

        with psycopg.connect(self._url, autocommit=True) as connection:
            number = 0
            while not self._stop.wait(0.5):
                number += 1
                connection.execute(f"UPDATE {TABLE} SET abalance = %s WHERE aid = {CLOCK}", (number,))
                self._set.append((number, time.monotonic()))

    def _look(self) -> None:
        import polars as pl

        from automic_core import Lakehouse
        from automic_core.lakehouse.commits import head

        seen: dict[str, int | None] = {}
        told = {"bronze": 0, "silver": 0}
        with Lakehouse.open(self._folder, read_only=True) as lake:
            while not self._stop.wait(0.1):
                for layer in told:
                    table = lake.context.table(f"{layer}.accounts")
                    if table is None or seen.get(layer) == head(table):
                        continue
                    now, seen[layer] = time.monotonic(), head(table)
                    found = lake.scan(f"{layer}.accounts", seen[layer]).filter(pl.col("aid") == CLOCK)
                    newest = found.select(pl.col("abalance").max()).collect().item() or 0
                    self.lags[layer] += [now - at for n, at in self._set if told[layer] < n <= newest]
                    told[layer] = max(told[layer], newest)


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--rate", type=int, default=0, help="transactions a second; 0 = as fast as it goes")
    parser.add_argument("--url")
    parser.add_argument("--kind", choices=["state", "history"], default="state")
    asked = parser.parse_args()
    url = asked.url or own_server()[0]
    folder = tempfile.mkdtemp(prefix="automic-delta-")
    try:
        print(json.dumps(run(url, folder, asked), indent=2))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(url: str, folder: str, asked: argparse.Namespace) -> dict[str, Any]:
    """The figures."""
    import psycopg

    from automic_core import Lakehouse
    from automic_core.lakehouse.rowhash import row_hash
    from automic_core.workbench.sources import build_source

    subprocess.run([tool("pgbench"), "-i", "-q", "-s", str(asked.scale), url], check=True, capture_output=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"INSERT INTO {TABLE} VALUES ({CLOCK}, 1, 0, '')")
    source = build_source(url, options={"table": TABLE})
    with Lakehouse.open(folder) as lake:
        began = time.perf_counter()
        rows = lake.bronze.follow(source, "accounts", silver=asked.kind).ops["i"]
        snapshot = time.perf_counter() - began
    words = [sys.executable, "-c", FOLLOW, folder, url, TABLE, asked.kind]
    follower = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute("SELECT 1 FROM pg_replication_slots WHERE active").fetchone():
            time.sleep(0.1)
    clock = Clock(url, folder)
    clock.start()
    pace = ["-R", str(asked.rate)] if asked.rate else []
    about = ["-n", "-c", str(asked.clients), "-T", str(asked.seconds), *pace]
    said = subprocess.run([tool("pgbench"), *about, url], check=True, capture_output=True, text=True).stdout
    time.sleep(1)
    clock.stop()
    follower.terminate()
    told = json.loads(follower.communicate(timeout=600)[0])
    with Lakehouse.open(folder) as lake:
        lake.bronze.follow(source, "accounts", silver=asked.kind)
        silver = lake.scan("silver.accounts")
        if asked.kind == "history":
            silver = silver.filter("is_current").drop("valid_from", "valid_to", "is_current")
        equal = str(row_hash(silver)) == str(row_hash(source.scan()))
        lake.bronze.unfollow(source, "accounts")
    tps = next(float(line.split("=")[1].split()[0]) for line in said.splitlines() if line.startswith("tps"))
    return {
        "rows": rows,
        "snapshot_seconds": round(snapshot, 1),
        "transactions_a_second": round(tps),
        "lag_to_change_log": lags(clock.lags["bronze"]),
        "lag_to_silver": lags(clock.lags["silver"]),
        "follower": told,
        "silver_is_the_table": equal,
        "reader": {"cpu": round(cpu(), 1), "peak_mb": round(peak_mb())},
    }


def lags(seconds: list[float]) -> dict[str, float]:
    """Median, nearly all, and the longest."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    figures = {"median": statistics.median(ordered), "p95": ordered[int(len(ordered) * 0.95)], "most": ordered[-1]}
    return {name: round(value, 2) for name, value in figures.items()} | {"of": len(ordered)}


if __name__ == "__main__":
    main()
