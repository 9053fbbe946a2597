"""Messy customers: one duplicate, one missing address, one wrong address, one suspicious amount."""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from automic_core import (
    AnomalyDetector,
    CSVSource,
    Deduplicator,
    NullRemover,
    Pipeline,
    QualityScorer,
    SchemaInferrer,
    SQLiteLoader,
)

CUSTOMERS = Path(__file__).parent / "data" / "customers.csv"


def main(folder: Path) -> None:
    clean = str(folder / "customers_clean.db")
    pipeline = (
        Pipeline()
        .extract(CSVSource(str(CUSTOMERS)))
        .transform(NullRemover(strategy="remove_fields"))
        .transform(SchemaInferrer(detect_patterns=True))
        .transform(Deduplicator(match_mode="exact"))
        .transform(AnomalyDetector(method="statistical"))
        .transform(QualityScorer(min_score=0.7))
        .load(SQLiteLoader(clean), metadata=True)  # metadata: load the scores, flags and reasons too
        .run()
    )
    stats = pipeline.get_stats()
    print("Extracted:", stats["records_extracted"])
    print("Transformed:", stats["records_transformed"], stats["removed"])
    print("Loaded:", stats["records_loaded"])
    with closing(sqlite3.connect(clean)) as database:
        rows = pl.read_database("SELECT * FROM customers", database)
    print("Anomalies:", rows["_is_anomaly"].sum())
    print("Quality:", QualityScorer.summary(rows.lazy()))
    for row in rows.iter_rows(named=True):
        print(row["id"], row["name"], row["_quality_score"], row["_quality_reasons"] or "-")


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        main(Path(temporary))
