"""A few tables to ask questions about, in DuckDB alone, and a small lake of the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from automic_core import Lakehouse
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.connectors.files.csv import CSVSource
from automic_core.inference.foreign_keys import foreign_keys

HOUSES = pl.DataFrame({"house_id": [1, 2, 3], "name": ["Red Barn", "Mill", "Old Inn"], "town": ["Ulm", "Ulm", "Bonn"]})
STAYS = pl.DataFrame(
    {
        "stay_id": [1, 2, 3, 4, 5, 6],
        "house_id": [1, 1, 2, 3, 3, 3],
        "arrived": [
            date(2023, 5, 1),
            date(2024, 5, 2),
            date(2024, 6, 1),
            date(2023, 6, 1),
            date(2024, 7, 1),
            date(2024, 7, 9),
        ],
        "kind": ["holiday", "business", "holiday", "business", "holiday", "holiday"],
        "nights": [7, 2, 3, 1, 14, 7],
        "paid_eur": [700.0, 300.0, 240.0, 150.0, 980.0, 500.0],
    }
)
TABLES = {"silver.houses": HOUSES, "silver.stays": STAYS}


def lexicon() -> Lexicon:
    """What the tables speak of."""
    return Lexicon.of(TABLES, foreign_keys(TABLES))


def runner() -> Callable[[str], pl.DataFrame]:
    """Runs a statement over the tables."""
    connection = duckdb.connect()
    connection.execute("CREATE SCHEMA silver")
    for name, rows in TABLES.items():
        connection.register("rows", rows)
        connection.execute(f"CREATE TABLE {name} AS FROM rows")
    return lambda sql: connection.sql(sql).pl()


def small_lake(folder: Path) -> Path:
    """The same tables in a lake, typed."""
    with Lakehouse.open(folder / "lake", actor="tester") as lake:
        for name, rows in TABLES.items():
            own = name.partition(".")[2]
            rows.write_csv(folder / f"{own}.csv")
            lake.bronze.ingest(CSVSource(str(folder / f"{own}.csv")), own)
            lake.silver.promote(own)
    return folder / "lake"
