"""The inferred primary key: unique, never null, and named like a key."""

from __future__ import annotations

import polars as pl
import pytest

from automic_core.inference import infer, infer_primary_key

N = 6
IDS = [str(i) for i in range(100, 100 + N)]
GAPS = ["3", "17", "4", "99", "41", "8"]
CODES = [f"SKU-{i}" for i in GAPS]
UUIDS = [f"e3f8a9b2-1c4d-4e5f-8a9b-2c3d4e5f6a{i:02x}" for i in range(N)]
WORDS = [f"some words {i}" for i in range(N)]
MAILS = [f"a{i}@example.com" for i in range(N)]


@pytest.mark.parametrize(
    ("columns", "table", "key"),
    [
        ({"id": IDS, "x": ["1"] * N}, "", ["id"]),
        ({"x": ["1"] * N, "ID": GAPS}, "", ["ID"]),
        ({"customer_id": GAPS, "order_id": IDS}, "orders", ["order_id"]),
        ({"amount": GAPS, "customer_id": IDS}, "orders", None),
        ({"CustomerID": GAPS, "name": WORDS}, "", ["CustomerID"]),
        ({"sku_code": CODES, "name": WORDS}, "", ["sku_code"]),
        ({"name": WORDS, "zip_code": GAPS}, "", None),
        ({"n": IDS, "x": WORDS}, "", ["n"]),
        ({"age": GAPS, "x": WORDS}, "", None),
        ({"id": ["1", "1", "2", "3", "4", "5"], "x": IDS}, "", None),
        ({"id": [None, *IDS[1:]], "x": WORDS}, "", None),
        ({"id": [f"{i}.5" for i in GAPS]}, "", None),
        ({"id": [f"2024-01-0{i}" for i in range(1, 7)]}, "", None),
        ({"id": WORDS}, "", None),
        ({"id": MAILS}, "", None),
        ({"x": WORDS, "uuid": UUIDS}, "", ["uuid"]),
    ],
)
def test_keys(columns: dict[str, list[str | None]], table: str, key: list[str] | None) -> None:
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    assert infer(frame, name=table).schema.primary_key == key
    if not table:
        assert infer_primary_key(infer(frame)) == key


def test_empty_tables_have_no_key() -> None:
    assert infer_primary_key(infer(pl.DataFrame(schema={"id": pl.String}))) is None
    assert infer_primary_key(infer(pl.DataFrame())) is None
