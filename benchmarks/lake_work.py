"""The work that is measured, one kind a call: floor, bronze, whole (CSV → bronze → silver → gold), dlt.

Usage: python benchmarks/lake_work.py KIND FILE.csv FOLDER
"""

from __future__ import annotations

import sys

from measure import report


def floor(csv: str, folder: str) -> None:
    """pyarrow read of the whole file, typed, and one Parquet file: the least anybody does."""
    import pyarrow.csv
    import pyarrow.parquet

    def work() -> None:
        table = pyarrow.csv.read_csv(csv)
        pyarrow.parquet.write_table(table, f"{folder}/floor.parquet", compression="zstd")

    report(work)


def bronze(csv: str, folder: str) -> None:
    """Every record as text with its origin, committed to Iceberg."""
    import automic_core.lakehouse.files
    import automic_core.transforms.columns  # noqa: F401
    from automic_core import CSVSource, Lakehouse

    with Lakehouse.open(f"{folder}/lake") as lake:
        report(lambda: lake.bronze.ingest(CSVSource(csv), "orders").rows)


def whole(csv: str, folder: str) -> None:
    """Types, nulls, exact dedup, score, z and IQR, quarantine, and a gold aggregate."""
    import automic_core.transforms.columns
    import automic_core.transforms.rules  # noqa: F401
    from automic_core import AnomalyDetector, CSVSource, Deduplicator, Lakehouse, NullRemover, QualityScorer, Range
    from automic_core import Field as Column
    from automic_core import FieldType as Type
    from automic_core import Schema as Columns

    types = {
        "order_id": Type.INTEGER,
        "customer_id": Type.INTEGER,
        "order_date": Type.DATE,
        "created_at": Type.DATETIME,
    }
    types |= {"quantity": Type.INTEGER, "unit_price": Type.FLOAT, "discount": Type.FLOAT}
    names = [*types, "country", "city", "product", "category", "note"]
    formats = {"created_at": "%Y-%m-%d %H:%M:%S"}  # as `automic infer` proposes it
    schema = Columns("orders", [Column(name, types.get(name, Type.STRING), format=formats.get(name)) for name in names])
    prices = ["unit_price", "discount"]
    steps = [
        NullRemover(strategy="remove_fields"),
        Deduplicator(),
        AnomalyDetector(method="statistical", numeric_fields=prices),
        AnomalyDetector(method="iqr", numeric_fields=prices),
        QualityScorer(),
    ]
    total = {"field": "unit_price", "function": "sum"}

    def work() -> dict[str, int]:
        lake.bronze.ingest(CSVSource(csv), "orders")
        promoted = lake.silver.promote("orders", schema, steps, [Range(columns=["quantity"], min=0, max=1000)])
        built = lake.gold.build(
            "revenue", source="silver.orders", group_by=["country", "category"], aggregations={"revenue": total}
        )
        return {"silver": promoted.report.rows_out, "gold": built.report.rows_out, **promoted.report.removed()}

    with Lakehouse.open(f"{folder}/lake") as lake:
        report(work)


def dlt(csv: str, folder: str) -> None:
    """dlt from Arrow batches to a local Iceberg table; run in an environment that has dlt[pyiceberg]."""
    import dlt as library
    import pyarrow.csv

    def batches():  # type: ignore[no-untyped-def]
        yield from pyarrow.csv.open_csv(csv)

    def work() -> None:
        pipeline = library.pipeline(
            "bench",
            destination=library.destinations.filesystem(f"file://{folder}/dlt"),
            dataset_name="lake",
            pipelines_dir=f"{folder}/dlt-state",
        )
        resource = library.resource(batches, name="orders")
        pipeline.run(resource, table_format="iceberg", loader_file_format="parquet")

    report(work)


if __name__ == "__main__":
    kinds = {"floor": floor, "bronze": bronze, "whole": whole, "dlt": dlt}
    kinds[sys.argv[1]](sys.argv[2], sys.argv[3])
