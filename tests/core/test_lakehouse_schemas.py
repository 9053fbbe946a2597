"""Schema difference, contracts, explicit changes, and promotions that change schema and rows together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from automic_core.errors import ConflictError, SchemaError
from automic_core.lakehouse import branches, catalog, commits, files, history, schemas, tables
from automic_core.lakehouse.schemas import Relation, relation
from automic_core.lakehouse.staging import open_staging
from automic_core.lakehouse.types import storable

BASE = pl.Schema({"id": pl.Int32, "name": pl.String, "price": pl.Decimal(8, 2), "tags": pl.Struct({"a": pl.Int32})})


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Catalog]:
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as opened:
        yield opened


@pytest.fixture
def table(lake: Catalog) -> Table:
    table = tables.create(lake, "silver.items", BASE)
    frame = pl.DataFrame({"id": [1], "name": ["x"], "price": ["1.50"], "tags": [{"a": 1}]}, schema_overrides=BASE)
    tables.append(table, files.land(table, frame.lazy()).collect())
    return table


@pytest.mark.parametrize(
    ("have", "new", "expected"),
    [
        (pa.int64(), pa.int64(), Relation.SAME),
        (pa.large_string(), pa.string(), Relation.SAME),
        (pa.int64(), pa.int32(), Relation.FITS),
        (pa.float64(), pa.int32(), Relation.FITS),
        (pa.float64(), pa.int64(), Relation.MISFIT),
        (pa.int32(), pa.int64(), Relation.WIDENS),
        (pa.decimal128(8, 2), pa.decimal128(9, 2), Relation.WIDENS),
        (pa.decimal128(8, 2), pa.decimal128(9, 3), Relation.MISFIT),
        (pa.string(), pa.int64(), Relation.MISFIT),
        (pa.list_(pa.int32()), pa.large_list(pa.int64()), Relation.WIDENS),
        (pa.struct([("a", pa.int32())]), pa.struct([("b", pa.int32())]), Relation.WIDENS),
        (pa.struct([("a", pa.int32()), ("b", pa.int32())]), pa.struct([("b", pa.int32())]), Relation.FITS),
        (pa.map_(pa.string(), pa.int32()), pa.map_(pa.string(), pa.string()), Relation.MISFIT),
        (pa.timestamp("us"), pa.timestamp("us", "UTC"), Relation.MISFIT),
    ],
)
def test_relation_of_types(have: pa.DataType, new: pa.DataType, expected: Relation) -> None:
    assert relation(have, new) is expected


def test_arrow_types_become_storable() -> None:
    given = pa.schema(
        [
            ("u32", pa.uint32()),
            ("u64", pa.uint64()),
            ("dictionary", pa.dictionary(pa.int8(), pa.string())),
            ("null", pa.null()),
            ("ns", pa.timestamp("ns", "Europe/Berlin")),
            pa.field("required", pa.int8(), nullable=False),
            ("list", pa.list_(pa.field("item", pa.uint16(), nullable=False))),
            ("half", pa.float16()),
            ("seconds", pa.time32("s")),
            ("took", pa.duration("ns")),
        ]
    )
    assert storable(given) == pa.schema(
        [
            ("u32", pa.int64()),
            ("u64", pa.decimal128(20, 0)),
            ("dictionary", pa.string()),
            ("null", pa.string()),
            ("ns", pa.timestamp("us", "UTC")),
            ("required", pa.int32()),
            ("list", pa.list_(pa.field("element", pa.int32()))),
            ("half", pa.float32()),
            ("seconds", pa.time64("us")),
            ("took", pa.int64()),
        ]
    )
    with pytest.raises(SchemaError, match=r"'x\.element'"):
        storable(pa.schema([("x", pa.list_(pa.decimal256(50, 2)))]))
    with pytest.raises(SchemaError, match="twice: 'a'"):
        storable(pa.schema([("a", pa.int8()), ("a", pa.int8())]))
    with pytest.raises(SchemaError, match="Python objects"):
        storable(pl.Schema({"o": pl.Object}))


def test_difference_is_data(table: Table) -> None:
    found = schemas.diff(
        table, pl.Schema({"id": pl.Int64, "names": pl.String, "price": pl.String, "tags": BASE["tags"]})
    )
    assert found.added == {"names": pa.string()}
    assert list(found.removed) == ["name"]
    assert found.renamed == {"name": "names"}
    assert found.widened == {"id": (pa.int32(), pa.int64())}
    assert found.narrowed == {"price": (pa.decimal128(8, 2), pa.string())}
    assert not schemas.diff(table, BASE)


def test_evolve_adds_and_widens_in_one_commit(table: Table) -> None:
    before = len(table.snapshots())
    new = pl.Schema(
        {"id": pl.Int64, "name": pl.Int64, "when": pl.Date, "tags": pl.Struct({"a": pl.Int64, "b": pl.String})}
    )
    plan = schemas.evolve(table, new)
    assert plan.evolved == ("when", "id", "tags")
    assert list(plan.misfit) == ["name"]
    assert len(table.snapshots()) == before + 1
    read = tables.scan(table).collect()
    assert read.schema["id"] == pl.Int64
    assert read.select("id", "when", "tags").row(0) == (1, None, {"a": 1, "b": None})
    assert schemas.evolve(table, new.to_frame().drop("name").schema).evolved == ()
    assert len(table.snapshots()) == before + 1


def test_freeze_names_the_columns(table: Table) -> None:
    with pytest.raises(SchemaError, match=r"new column 'extra' \(int64\); column 'id' is int32 but the data is int64"):
        schemas.evolve(table, pl.Schema({"id": pl.Int64, "extra": pl.Int64}), "freeze")
    assert schemas.evolve(table, BASE, "freeze").misfit == {}


@pytest.mark.parametrize("mode", ["discard_row", "discard_value"])
def test_discarding_contracts_leave_the_table_and_say_what_to_drop(table: Table, mode: str) -> None:
    now = commits.head(table)
    plan = schemas.evolve(table, pl.Schema({"id": pl.Int64, "extra": pl.Int64, "name": pl.String}), mode)
    assert (plan.mode, plan.unknown, plan.misfit) == (mode, ("extra",), {"id": pa.int32()})
    assert commits.head(commits.refresh(table)) == now


def test_explicit_changes_and_a_name_used_again(table: Table) -> None:
    schemas.rename_column(table, "name", "title")
    schemas.widen_column(table, "id", pa.int64())
    schemas.drop_column(table, "price")
    schemas.add_columns(table, pl.Schema({"price": pl.Decimal(8, 2), "a b.c": pl.String}))
    assert tables.scan(table).collect().rows(named=True) == [
        {"id": 1, "title": "x", "tags": {"a": 1}, "price": None, "a b.c": None}
    ]
    schemas.rename_column(table, "a b.c", "d.e")
    schemas.drop_column(table, "d.e")
    assert [info.summary.get(schemas.CHANGE) for info in history.history(table)][-2:] == [
        "rename a b.c to d.e",
        "drop d.e",
    ]
    with pytest.raises(SchemaError, match="cannot be widened"):
        schemas.widen_column(table, "id", pa.int32())
    with pytest.raises(SchemaError, match="already has title"):
        schemas.add_columns(table, pl.Schema({"title": pl.String}))
    with pytest.raises(SchemaError, match="no column 'nope'"):
        schemas.drop_column(table, "nope")
    with pytest.raises(SchemaError, match="rename id to title"):
        schemas.rename_column(table, "id", "title")


def promote(table: Table) -> tuple[object, pl.DataFrame]:
    def change(update: object) -> None:
        update.rename_column("name", "title")  # type: ignore[attr-defined]
        update.union_by_name(storable(pl.Schema({"extra": pl.Int64})))  # type: ignore[attr-defined]

    staging = open_staging(table, change)
    rows = pl.DataFrame({"id": [7], "title": ["new"], "extra": [9]}, schema_overrides={"id": pl.Int32})
    staging.replace(files.land(staging.table, rows.lazy()).collect())
    return staging, rows


def test_a_discarded_promotion_leaves_schema_and_rows(lake: Catalog, table: Table, tmp_path: Path) -> None:
    before, kept = tables.scan(table).collect(), sorted(tmp_path.rglob("*.parquet"))
    staging, _ = promote(table)
    assert staging.scan().collect()["title"].to_list() == ["new"]
    reader = tables.load(lake, "silver.items")
    assert reader.metadata.current_schema_id == table.metadata.current_schema_id
    assert tables.scan(reader).collect().equals(before)
    staging.discard()
    after = tables.load(lake, "silver.items")
    assert tables.scan(after).collect().equals(before)
    assert len(after.schemas()) == 1
    assert sorted(tmp_path.rglob("*.parquet")) == kept


def test_a_published_promotion_changes_schema_and_rows_at_once(lake: Catalog, table: Table) -> None:
    old = commits.head(table)
    staging, rows = promote(table)
    new = staging.publish({tables.RUN_ID: "r7"})
    reader = tables.load(lake, "silver.items")
    assert commits.head(reader) == new
    assert tables.scan(reader).select("id", "title", "extra").collect().equals(rows)
    assert tables.scan(reader, old).collect().columns == ["id", "name", "price", "tags"]
    assert commits.landed(reader, tables.RUN_ID, "r7") == new
    assert len(history.history(reader)) == 3


def test_a_promotion_that_lost_the_race_publishes_nothing(lake: Catalog, table: Table) -> None:
    staging, _ = promote(table)
    other = tables.load(lake, "silver.items")
    tables.delete(other, "id = 1")
    with pytest.raises(ConflictError, match="moved"):
        staging.publish()
    reader = tables.load(lake, "silver.items")
    assert tables.scan(reader).collect().height == 0
    assert "name" in tables.scan(reader).collect_schema()


def test_staging_survives_commits_on_other_branches(lake: Catalog, table: Table) -> None:
    staging, _ = promote(table)
    other = tables.load(lake, "silver.items")
    branches.open_branch(other, "elsewhere").append([])
    assert staging.publish() == commits.head(table)
