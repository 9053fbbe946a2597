"""MongoDB to bronze against what the driver itself offers, in rows a second.

    python benchmarks/documents.py [--rows 200000] [--runs 3] [--port 27017] [--pymongoarrow PYTHON]

A collection of documents with 12 fields, one of them a document, is made in a database of its own, which is dropped at
the end. Ours: bronze (Iceberg, each row with its origin, rescued values, and a digest of all). The peers: pymongo's
find into a list, an Arrow table of it and one Parquet file, in which ObjectIds, decimals and documents are made texts
as we make them; and pymongoarrow's find_arrow_all with a schema that is told to it, into one Parquet file.
``--pymongoarrow`` names a Python that has it (it wants an older pyarrow than ours). Pairs run in turn; medians.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from measure import child, median, report

DATABASE, COLLECTION = "automic_bench", "orders"


def documents(rows: int) -> Iterator[dict[str, Any]]:
    """Orders, as an application would store them."""
    from bson import Decimal128

    first = datetime.datetime(2020, 1, 1)  # noqa: DTZ001 - the driver takes it for UTC
    for g in range(rows):
        yield {
            "order": g,
            "customer": f"customer {g * 7919 % 100_000}",
            "sku": f"SKU-{g % 5000:05}",
            "quantity": g % 17 + 1,
            "price": Decimal128(f"{g * 31 % 100_000}.{g % 100:02}"),
            "weight": (g * 37 % 100_000) / 3.0,
            "paid": g % 3 == 0,
            "created_at": first + datetime.timedelta(seconds=17 * g),
            "status": ("new", "paid", "sent", "back")[g % 4],
            "address": {"city": f"city {g % 300}", "lines": [g % 7, "b"]},
            "token": f"{g * 2_654_435_761 % 2**64:032x}",
        }


def bronze(port: str, folder: str) -> None:
    """Into a new lake."""
    import automic_core.lakehouse.files  # noqa: F401
    from automic_core import Lakehouse
    from automic_core.workbench.sources import build_source

    with Lakehouse.open(f"{folder}/lake") as lake:
        source = build_source(f"mongodb://127.0.0.1:{port}/{DATABASE}?table={COLLECTION}")
        source.check()  # the driver is loaded
        report(lambda: lake.bronze.ingest(source, "orders").rows)


def pymongo(port: str, folder: str) -> None:
    """The whole collection to a list, then to a Parquet file."""
    import pyarrow
    import pyarrow.parquet
    from pymongo import MongoClient

    def work() -> int:
        with MongoClient("127.0.0.1", int(port), directConnection=True) as client:
            rows = list(client[DATABASE][COLLECTION].find(batch_size=10_000))
        for row in rows:
            row["_id"], row["address"] = str(row["_id"]), json.dumps(row["address"])
            row["price"] = row["price"].to_decimal()
        table = pyarrow.Table.from_pylist(rows)
        pyarrow.parquet.write_table(table, f"{folder}/orders.parquet", compression="zstd")
        return int(table.num_rows)

    report(work)


def pymongoarrow(port: str, folder: str) -> None:
    """The whole collection to Arrow by C, by a schema that is known before, then to a Parquet file."""
    import bson
    import pyarrow
    import pyarrow.parquet
    from pymongo import MongoClient
    from pymongoarrow.api import Schema, find_arrow_all

    address = pyarrow.struct([("city", pyarrow.string())])  # it has no type for an array of numbers and texts
    schema = Schema(
        {
            "_id": bson.ObjectId,
            **dict.fromkeys(("customer", "sku", "status", "token"), pyarrow.string()),
            **dict.fromkeys(("order", "quantity"), pyarrow.int64()),
            "price": bson.Decimal128,
            "weight": pyarrow.float64(),
            "paid": pyarrow.bool_(),
            "created_at": pyarrow.timestamp("ms"),
            "address": address,
        }
    )

    def work() -> int:
        with MongoClient("127.0.0.1", int(port), directConnection=True) as client:
            table = find_arrow_all(client[DATABASE][COLLECTION], {}, schema=schema, batch_size=10_000)
        plain = [c.chunk(0).storage if hasattr(c.type, "storage_type") else c for c in table.combine_chunks().columns]
        pyarrow.parquet.write_table(
            pyarrow.table(plain, names=table.column_names), f"{folder}/orders.parquet", compression="zstd"
        )
        return int(table.num_rows)

    report(work)


WORK: dict[str, Callable[[str, str], None]] = {"bronze": bronze, "pymongo": pymongo, "pymongoarrow": pymongoarrow}


def compared(port: int, peer: str, rows: int, runs: int, python: str) -> None:
    """Bronze against a peer."""
    ours, theirs = [], []
    for _ in range(runs):
        for kind, found, which in ((peer, theirs, python), ("bronze", ours, sys.executable)):
            with tempfile.TemporaryDirectory(prefix="automic-bench-") as folder:
                found.append(child("documents.py", "--work", kind, str(port), folder, python=which))
            assert found[-1]["extra"] == rows
    ratio = statistics.median(b["wall"] / a["wall"] for a, b in zip(ours, theirs, strict=True))
    mine, other = median(ours), median(theirs)
    print(
        f"MongoDB -> bronze, against {peer}: {ratio:.2f}x; {rows / mine['wall'] / 1000:,.1f}k rows/s against "
        f"{rows / other['wall'] / 1000:,.1f}k; CPU {mine['cpu']:.1f} s against {other['cpu']:.1f} s; "
        f"memory {mine['peak_mb']:.0f} MB against {other['peak_mb']:.0f} MB",
        flush=True,
    )


def main() -> None:
    """Make the collection, compare, and drop it."""
    if sys.argv[1:2] == ["--work"]:
        WORK[sys.argv[2]](*sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--port", type=int, default=27017)
    parser.add_argument("--pymongoarrow")
    options = parser.parse_args()
    from pymongo import MongoClient

    with MongoClient("127.0.0.1", options.port, directConnection=True) as client:
        client.drop_database(DATABASE)
        try:
            client[DATABASE][COLLECTION].insert_many(documents(options.rows))
            compared(options.port, "pymongo", options.rows, options.runs, sys.executable)
            if options.pymongoarrow:
                compared(options.port, "pymongoarrow", options.rows, options.runs, options.pymongoarrow)
        finally:
            client.drop_database(DATABASE)


if __name__ == "__main__":
    main()
