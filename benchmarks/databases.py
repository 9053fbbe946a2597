"""Databases against their peers, in rows a second: a server to bronze, and into it by its own bulk path.

    python benchmarks/databases.py [--rows 5000000] [--runs 3] [--url postgresql://postgres@127.0.0.1:5432/test]
        [--connectorx PYTHON] [--dlt PYTHON] [--only read|load]

The scheme of the address says which server it is: postgresql, or mysql (mysql://root@127.0.0.1:3306/test; MariaDB).

A table of 12 columns is made in a schema of its own, which is dropped at the end. Reading: our bronze (Iceberg, each
row with its origin, and a digest of all) against connectorx, whole table to Arrow, then one Parquet file; and against
dlt's Arrow path into Iceberg. Loading: our loader from a Parquet file against the server's own client (psql's copy,
LOAD DATA LOCAL of mariadb) with the same rows from a CSV file, each into a new table in one transaction.
``--connectorx`` and ``--dlt`` name the Pythons that have connectorx and dlt[pyiceberg,sql_database]; default: this
one, and none. Pairs run in turn; figures are medians. On a machine that others use, the CPU seconds tell more than the
clock: of the process, and of the server if it runs here.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from measure import child, median, report

SCHEMA, TABLE = "automic_bench", "orders"
POSTGRESQL = """
    SELECT g, (g * 7919 % 100000)::integer, 'customer ' || (g * 7919 % 100000),
        'SKU-' || lpad((g % 5000)::text, 5, '0'), (g % 17 + 1)::smallint,
        ((g * 31 % 100000) / 100.0)::numeric(10,2), (g * 37 % 100000) / 3.0::float8, g % 3 = 0,
        date '2020-01-01' + (g % 1800)::integer, timestamptz '2020-01-01' + g * interval '17 s',
        (ARRAY['new', 'paid', 'sent', 'back'])[g % 4 + 1], md5(g::text)
    FROM generate_series(1::bigint, {rows}) AS g
"""
MYSQL = """
    SELECT seq, seq * 7919 % 100000, concat('customer ', seq * 7919 % 100000),
        concat('SKU-', lpad(seq % 5000, 5, '0')), seq % 17 + 1, (seq * 31 % 100000) / 100.0, (seq * 37 % 100000) / 3.0,
        seq % 3 = 0, date '2020-01-01' + interval (seq % 1800) day,
        timestamp '2020-01-01 00:00:00' + interval (seq * 17) second, elt(seq % 4 + 1, 'new', 'paid', 'sent', 'back'),
        md5(seq)
    FROM seq_1_to_{rows}
"""


class PostgreSQL:
    """psql and its statements."""

    name, peer, bar = "PostgreSQL", "psql \\copy", 0.8
    columns = (
        "order_id bigint, customer_id integer, customer text, sku text, quantity smallint, price numeric(10,2), "
        "weight double precision, paid boolean, day date, created_at timestamptz, status text, token text"
    )
    rows = POSTGRESQL

    def __init__(self, url: str) -> None:
        self.url = url

    def sql(self, *statements: str) -> None:
        """Run statements in one transaction."""
        words = [word for each in ("SET client_min_messages = error", *statements) for word in ("-c", each)]
        subprocess.run(["psql", "-q", "-1", "-v", "ON_ERROR_STOP=1", self.url, *words], check=True)

    def cpu(self) -> float:
        """CPU seconds of the server so far; 0 = it runs elsewhere, or is hidden."""
        import psutil

        for port in psutil.net_connections("tcp"):
            if port.status == psutil.CONN_LISTEN and port.laddr.port == urlsplit(self.url).port and port.pid:
                return float(sum(psutil.Process(port.pid).cpu_times()[:4]))
        return 0.0

    def drop(self) -> None:
        self.sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def settle(self) -> None:
        subprocess.run(["psql", "-q", self.url, "-c", f"VACUUM ANALYZE {SCHEMA}.{TABLE}"], check=True)

    def export(self, csv: Path) -> None:
        subprocess.run(["psql", "-q", self.url, "-c", f"\\copy {SCHEMA}.{TABLE} TO '{csv}' csv"], check=True)

    def copy(self, table: str, csv: Path) -> None:
        """A new table with the rows of a file."""
        self.sql(f"CREATE TABLE {table} ({self.columns})", f"\\copy {table} FROM '{csv}' csv")


class MySQL(PostgreSQL):
    """mariadb and its statements."""

    name, peer, bar = "MySQL", "mariadb LOAD DATA LOCAL", 0.8
    columns = (
        "order_id bigint, customer_id integer, customer varchar(60), sku varchar(20), quantity smallint, "
        "price decimal(10,2), weight double precision, paid boolean, day date, created_at datetime(6), "
        "status varchar(10), token varchar(32)"
    )
    rows = MYSQL

    def sql(self, *statements: str) -> None:
        """Run statements."""
        parts = urlsplit(self.url)
        where = ["-h", str(parts.hostname), "-P", str(parts.port or 3306), "-u", str(parts.username)]
        text = "; ".join(statements)
        subprocess.run(["mariadb", "--local-infile", *where, parts.path.strip("/"), "-e", text], check=True)

    def drop(self) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {SCHEMA}")

    def settle(self) -> None:
        self.sql(f"ANALYZE NO_WRITE_TO_BINLOG TABLE {SCHEMA}.{TABLE}")

    def export(self, csv: Path) -> None:
        from automic_core.workbench.sources import build_source

        read = build_source(self.url, options={"table": f"{SCHEMA}.{TABLE}"}).scan()
        flags = pl_selected(read)
        flags.sink_csv(csv, include_header=False)

    def copy(self, table: str, csv: Path) -> None:
        """A new table with the rows of a file."""
        how = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"'"
        self.sql(f"CREATE TABLE {table} ({self.columns})", f"LOAD DATA LOCAL INFILE '{csv}' INTO TABLE {table} {how}")


def pl_selected(read: Any) -> Any:
    """The columns of the table, truth as 1 and 0."""
    import polars as pl

    return read.select(pl.exclude("^_.*$")).with_columns(pl.col("paid").cast(pl.Int8))


def server_of(url: str) -> PostgreSQL:
    """The server of an address."""
    return MySQL(url) if urlsplit(url).scheme in ("mysql", "mariadb") else PostgreSQL(url)


def bronze(url: str, folder: str) -> None:
    """Into a new lake."""
    import automic_core.lakehouse.files  # noqa: F401
    from automic_core import Lakehouse
    from automic_core.workbench.sources import build_source

    with Lakehouse.open(f"{folder}/lake") as lake:
        source = build_source(url, options={"table": f"{SCHEMA}.{TABLE}"})
        source.check()  # the drivers are loaded
        report(lambda: lake.bronze.ingest(source, "orders").rows)


def connectorx(url: str, folder: str) -> None:
    """The whole table to Arrow, then to a Parquet file."""
    import connectorx as library
    import pyarrow.parquet

    def work() -> int:
        table = library.read_sql(url, f"SELECT * FROM {SCHEMA}.{TABLE}", return_type="arrow")
        pyarrow.parquet.write_table(table, f"{folder}/orders.parquet", compression="zstd")
        return int(table.num_rows)

    report(work)


def dlt(url: str, folder: str) -> None:
    """From Arrow batches to a local Iceberg table."""
    import dlt as library
    from dlt.sources.sql_database import sql_table

    def work() -> None:
        place = library.destinations.filesystem(f"file://{folder}/dlt")
        pipeline = library.pipeline("bench", destination=place, dataset_name="lake", pipelines_dir=f"{folder}/state")
        rows = sql_table(url, table=TABLE, schema=SCHEMA, backend="pyarrow", chunk_size=100_000)
        pipeline.run(rows, table_format="iceberg", loader_file_format="parquet")

    report(work)


def load(url: str, folder: str) -> None:
    """From a Parquet file into a new table."""
    import polars as pl

    from automic_core import registry
    from automic_core.connectors.databases._server import options_of

    options = {**options_of(url), "schema": SCHEMA, "table": "loaded"}
    kind = registry.kind_for_path(url)
    registry.build("source", kind, {**options_of(url), "query": "SELECT 1"}).check()
    rows = pl.scan_parquet(f"{folder}/orders.parquet")
    report(lambda: registry.build("loader", kind, options).load(rows, "append"))


WORK: dict[str, Callable[[str, str], None]] = {"bronze": bronze, "connectorx": connectorx, "dlt": dlt, "load": load}


class Bench:
    """The table, the folder and the figures of one run."""

    def __init__(self, url: str, folder: Path, rows: int, runs: int) -> None:
        self.url, self.folder, self.rows, self.runs = url, folder, rows, runs
        self.server = server_of(url)

    def make(self) -> None:
        """The table, and nothing else in its schema."""
        server = self.server
        server.drop()
        server.sql(
            f"CREATE SCHEMA {SCHEMA}",
            f"CREATE TABLE {SCHEMA}.{TABLE} ({server.columns})",
            f"INSERT INTO {SCHEMA}.{TABLE} {server.rows.format(rows=self.rows)}",
        )
        server.settle()

    def once(self, kind: str, python: str) -> dict[str, Any]:
        """Figures of one piece of work, in a folder of its own."""
        place = self.folder / kind
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return self.measured(lambda: child("databases.py", "--work", kind, self.url, str(place), python=python))

    def measured(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Figures of some work, with the CPU seconds of the server."""
        before = self.server.cpu()
        return {**work(), "server": self.server.cpu() - before}

    def client(self, table: str, csv: Path) -> dict[str, Any]:
        """Figures of the server's own client."""
        clock, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        self.server.copy(table, csv)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {"cpu": used, "wall": time.perf_counter() - clock, "peak_mb": after.ru_maxrss / 1024}

    def read(self, peer: str, python: str, bar: float) -> None:
        """Bronze against a peer."""
        ours, theirs = [], []
        for _ in range(self.runs):
            theirs.append(self.once(peer, python))
            ours.append(self.once("bronze", sys.executable))
            assert ours[-1]["extra"] == self.rows
        ratio = statistics.median(b["wall"] / a["wall"] for a, b in zip(ours, theirs, strict=True))
        mine, other = median(ours), median(theirs)
        self.line(f"{self.server.name} -> bronze, against {peer}", ratio, bar, mine["wall"], other["wall"])
        self.costs(mine, other)
        print(f"   memory {mine['peak_mb']:.0f} MB (bar 500) against {other['peak_mb']:.0f} MB")

    def write(self) -> None:
        """Our loader against the server's own client."""
        import polars as pl

        csv, table = self.folder / "orders.csv", f"{SCHEMA}.loaded"
        self.server.export(csv)
        place = self.folder / "load"
        place.mkdir()
        from automic_core.workbench.sources import build_source

        build_source(self.url, options={"table": f"{SCHEMA}.{TABLE}"}).scan().select(pl.exclude("^_.*$")).sink_parquet(
            place / "orders.parquet"
        )
        ours, theirs = [], []
        for _ in range(self.runs):
            theirs.append(self.measured(lambda: self.client(table, csv)))
            self.server.sql(f"DROP TABLE {table}")
            ours.append(self.measured(lambda: child("databases.py", "--work", "load", self.url, str(place))))
            assert ours[-1]["extra"] == self.rows
            self.server.sql(f"DROP TABLE {table}")
        ratio = statistics.median(b["wall"] / a["wall"] for a, b in zip(ours, theirs, strict=True))
        mine, other = median(ours), median(theirs)
        name = f"Parquet -> {self.server.name}, against {self.server.peer}"
        self.line(name, ratio, self.server.bar, mine["wall"], other["wall"])
        self.costs(mine, other)
        print(f"   memory {mine['peak_mb']:.0f} MB")

    def costs(self, ours: dict[str, float], theirs: dict[str, float]) -> None:
        """CPU seconds of both, and of the server for each."""
        told = "; ".join(
            f"{of} {ours[key]:.2f} s against {theirs[key]:.2f} s ({theirs[key] / max(ours[key], 0.01):.2f}x)"
            for key, of in (("cpu", "process"), ("server", "server"))
        )
        print(f"   CPU: {told}", flush=True)

    def line(self, name: str, ratio: float, bar: float, ours: float, theirs: float) -> None:
        """One row of the table."""
        verdict = "met" if ratio >= bar else "MISSED"
        speeds = f"{self.rows / ours / 1000:,.0f}k rows/s against {self.rows / theirs / 1000:,.0f}k"
        print(f"{name:<52} {ratio:>8.2f}x  >= {bar}x  {verdict:<8} {speeds}", flush=True)


def main() -> None:
    """Run what was asked for."""
    if sys.argv[1:2] == ["--work"]:
        WORK[sys.argv[2]](*sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--url", default="postgresql://postgres@127.0.0.1:5432/test")
    parser.add_argument("--connectorx", default=sys.executable)
    parser.add_argument("--dlt")
    parser.add_argument("--only", choices=["read", "load"])
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="automic-bench-") as folder:
        bench = Bench(options.url, Path(folder), options.rows, options.runs)
        bench.make()
        try:
            if options.only != "load":
                bench.read("connectorx", options.connectorx, 1.0)
                if options.dlt:
                    bench.read("dlt", options.dlt, 2.0)
            if options.only != "read":
                bench.write()
        finally:
            bench.server.drop()


if __name__ == "__main__":
    main()
