"""Reading right whatever happened to a table: each way of reading gives the rows that the changes ask for.

The first file keeps its old schema through all of it; a rewrite of that file would hide the faults looked for here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal
from pyiceberg.catalog import Catalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent, ManifestEntry, ManifestWriterV2
from pyiceberg.manifest import ManifestEntryStatus as Status
from pyiceberg.table import Table
from pyiceberg.table.update.snapshot import _FastAppendFiles
from pyiceberg.typedef import Record

from automic_core.errors import CatalogError
from automic_core.lakehouse import catalog, commits, files, plain, schemas, sql, tables

OLD = pl.Schema({"id": pl.Int32, "name": pl.String, "amount": pl.Float64})


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Catalog]:
    with catalog.open_catalog("lake", catalog.local_properties(tmp_path / "lake")) as opened:
        yield opened


def old_rows(*ids: int) -> pl.DataFrame:
    return pl.DataFrame({"id": ids, "name": [f"n{i}" for i in ids], "amount": [i + 0.5 for i in ids]}, schema=OLD)


def put(table: Table, frame: pl.DataFrame) -> int:
    return tables.append(table, files.land(table, frame.lazy()).collect())


def every_way(table: Table, snapshot_id: int | None = None) -> list[pl.DataFrame]:
    """The rows by Polars, by DuckDB and, for the head, by PyIceberg itself, sorted."""
    name = commits.full_name(table)
    ways = [tables.scan(table, snapshot_id).collect(), sql.query({name: table}, f"FROM {name}", as_of=snapshot_id)]
    if snapshot_id is None:
        arrow = pl.from_arrow(table.scan().to_arrow())
        assert isinstance(arrow, pl.DataFrame)
        ways.append(arrow)
    return [way.sort("id") for way in ways]


@pytest.fixture
def table(lake: Catalog) -> Table:
    table = tables.create(lake, "bronze.t", OLD)
    put(table, old_rows(1, 2))
    return table


def adopt_without_ids(table: Table, folder: Path, *ids: int) -> None:
    path = folder / f"{uuid.uuid4().hex}.parquet"
    pq.write_table(
        pa.table({k: v.to_arrow() for k, v in old_rows(*ids).to_dict().items()}).cast(
            pa.schema([("id", pa.int32()), ("name", pa.string()), ("amount", pa.float64())])
        ),
        path,
    )
    tables.adopt(table, [str(path)])


@pytest.mark.parametrize("adopt", [False, True], ids=["own-files", "files-without-ids"])
def test_rename_widen_drop_and_a_name_used_again(table: Table, tmp_path: Path, adopt: bool) -> None:
    if adopt:
        adopt_without_ids(table, tmp_path, 3, 4)
    else:
        put(table, old_rows(3, 4))
    first = commits.head(table)
    schemas.rename_column(table, "name", "title")
    schemas.widen_column(table, "id", pa.int64())
    schemas.drop_column(table, "amount")
    schemas.add_columns(table, pl.Schema({"amount": pl.Float64, "name": pl.String}))
    new = pl.DataFrame({"id": [5_000_000_000], "title": ["new"], "amount": [9.0], "name": ["x"]})
    put(table, new)
    tables.delete(table, "id = 2")
    kept = [1, 3, 4]
    old = old_rows(*kept).select(pl.col("id").cast(pl.Int64), title="name", amount=pl.lit(None, dtype=pl.Float64))
    expected = pl.concat([old.with_columns(name=pl.lit(None, dtype=pl.String)), new])
    for rows in every_way(table):
        assert_frame_equal(rows, expected)
    for rows in every_way(table, first):
        assert_frame_equal(rows, old_rows(1, 2, 3, 4))
    if adopt:
        with pytest.raises(CatalogError, match="used the name amount, name for another column before"):
            adopt_without_ids(table, tmp_path, 6)


def test_filters_find_rows_of_every_age(table: Table, tmp_path: Path) -> None:
    adopt_without_ids(table, tmp_path, 3, 4)
    schemas.rename_column(table, "name", "title")
    schemas.widen_column(table, "id", pa.int64())
    put(table, pl.DataFrame({"id": [5], "title": ["n5"], "amount": [5.5]}))
    for i in range(1, 6):
        where = f"SELECT id FROM bronze.t WHERE title = 'n{i}' AND id > 0 AND amount < 100"
        assert sql.query({"bronze.t": table}, where)["id"].to_list() == [i]
        assert tables.scan(table).filter(pl.col("title") == f"n{i}").collect()["id"].to_list() == [i]


def test_row_deletes_of_other_engines_count(table: Table) -> None:
    put(table, old_rows(3, 4))
    assert plain.parquet_files(table, None)
    victim = next(task.file for task in table.scan("id = 3").plan_files())
    delete_position(table, victim.file_path, 0)
    assert plain.parquet_files(table, None) == []
    for rows in every_way(table):
        assert rows["id"].to_list() == [1, 2, 4]


def test_only_files_that_are_the_table_are_read_as_plain_parquet(table: Table, tmp_path: Path) -> None:
    first = commits.head(table)
    assert len(plain.parquet_files(table, None)) == 1
    schemas.add_columns(table, pl.Schema({"extra": pl.Int64}))
    assert plain.parquet_files(table, None) == []
    assert len(plain.parquet_files(table, first)) == 1
    nested = tables.create(commits.refresh(table).catalog, "bronze.n", pl.Schema({"s": pl.Struct({"a": pl.Int32})}))
    put(nested, pl.DataFrame({"s": [{"a": 1}]}, schema={"s": pl.Struct({"a": pl.Int32})}))
    assert len(plain.parquet_files(nested, None)) == 1
    schemas.evolve(nested, pl.Schema({"s": pl.Struct({"a": pl.Int32, "b": pl.Int32})}))
    assert plain.parquet_files(nested, None) == []
    adopted = tables.create(table.catalog, "bronze.a", OLD)
    adopt_without_ids(adopted, tmp_path, 1)
    assert plain.parquet_files(adopted, None) == []
    assert every_way(adopted)[1]["name"].to_list() == ["n1"]


class _Deletes(ManifestWriterV2):
    """PyIceberg writes no row deletes; this makes one of its manifests into the kind another engine would write."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


class _AddDeletes(_FastAppendFiles):
    deletes: DataFile

    def _existing_manifests(self) -> list[Any]:
        writer = _Deletes(self.spec(0), self.schema(), self.new_manifest_output(), self._snapshot_id, "deflate")
        with writer:
            writer.add(
                ManifestEntry.from_args(
                    status=Status.ADDED,
                    snapshot_id=self._snapshot_id,
                    sequence_number=None,
                    file_sequence_number=None,
                    data_file=self.deletes,
                )
            )
        return [*super()._existing_manifests(), writer.to_manifest_file()]


def delete_position(table: Table, file_path: str, position: int) -> None:
    ids = [{b"PARQUET:field_id": b"2147483546"}, {b"PARQUET:field_id": b"2147483545"}]
    schema = pa.schema(
        [
            pa.field("file_path", pa.string(), nullable=False, metadata=ids[0]),
            pa.field("pos", pa.int64(), nullable=False, metadata=ids[1]),
        ]
    )
    location = f"{table.location()}/data/{uuid.uuid4().hex}.parquet"
    with table.io.new_output(location).create() as stream:
        pq.write_table(pa.table({"file_path": [file_path], "pos": [position]}, schema=schema), stream)
    transaction = table.transaction()
    producer = transaction.update_snapshot().fast_append()
    producer.__class__ = _AddDeletes
    assert isinstance(producer, _AddDeletes)
    producer.deletes = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=location,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=1,
        file_size_in_bytes=len(table.io.new_input(location)),
        spec_id=0,
    )
    producer.commit()
    transaction.commit_transaction()
    commits.refresh(table)
