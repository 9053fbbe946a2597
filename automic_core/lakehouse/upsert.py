"""Replace, add and delete rows by key in one snapshot, rewriting only the files that hold such a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from pyiceberg.conversions import from_bytes
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table, Transaction
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    IntegerType,
    LongType,
    PrimitiveType,
    StringType,
    TimestampType,
    TimestamptzType,
)

from automic_core.errors import CatalogError, ConflictError, SchemaError, TransformError, translate
from automic_core.lakehouse import files as landing
from automic_core.lakehouse import plain
from automic_core.lakehouse.commits import commit, full_name, head, working_copy
from automic_core.lakehouse.types import arrow_schema, conform

_ATTEMPTS = 6
# Types whose column bounds compare like the physical values of the Polars column.
_ORDERED = (
    *(BooleanType, IntegerType, LongType, DateType, DecimalType),
    *(TimestampType, TimestamptzType, StringType, BinaryType),
)


@dataclass(frozen=True)
class UpsertResult:
    """What an upsert did.

    Attributes:
        updated: Keys that were there and got a new row.
        inserted: Keys that were not there.
        deleted: Keys that were there and are gone.
        rewritten: Files that were replaced.
        kept: Files that stayed as they were.
    """

    snapshot_id: int
    updated: int
    inserted: int
    rewritten: int
    kept: int
    deleted: int = 0


@dataclass(frozen=True)
class Rewrite:
    """Files of one state of a table that hold some keys, and what takes their place: landed, not committed.

    Attributes:
        base: The state.
        gone: The files to be taken out.
        added: Their rows without those of the keys, and the new rows.
        found: Which of the keys the table has.
        kept: Files that stay as they are.
    """

    base: int
    gone: list[DataFile]
    added: list[DataFile]
    found: pl.DataFrame
    kept: int


def rewrite(
    table: Table, changes: pl.DataFrame, gone: pl.DataFrame, *, branch: str = MAIN_BRANCH, alike: bool = False
) -> Rewrite:
    """Land what files become when rows of these keys are replaced or go.

    Args:
        table: The table.
        changes: New rows, with all columns of the table; may be none.
        gone: Keys whose rows go; its columns are the key.
        branch: The branch whose head is looked at.
        alike: Land files no longer than the longest of those that go, so that the next rewrite costs no more than this.
    """
    fresh = working_copy(table)
    base = head(fresh, branch)
    if base is None:
        raise CatalogError(f"{full_name(table)} has no snapshot on {branch}.", "Open the branch first.")
    with translate(CatalogError, f"planning an upsert into {full_name(table)}"):
        tasks = list(fresh.scan(snapshot_id=base).plan_files())
    touched, found = _touched(fresh, tasks, pl.concat([changes.select(gone.columns), gone]))
    most_rows = max((task.file.record_count for task in touched), default=None) if alike else None
    added: list[DataFile] = []
    if touched or changes.height:
        added = _rewrite(fresh, tasks, touched, changes, gone, base, most_rows)
    return Rewrite(base, [task.file for task in touched], added, found, len(tasks) - len(touched))


def upsert(
    table: Table,
    frame: pl.LazyFrame | pl.DataFrame,
    keys: Sequence[str],
    *,
    deletes: pl.DataFrame | None = None,
    branch: str = MAIN_BRANCH,
    properties: Mapping[str, str] | None = None,
) -> UpsertResult:
    """Put rows into the table: one with a key that is there replaces it, others are added; and take rows out.

    The changes are held in memory; of the table only the keys of files whose bounds overlap, and a batch at a time.

    Args:
        table: The table; refreshed to the result.
        frame: The rows, with all columns of the table.
        keys: Columns that identify a row.
        deletes: Keys whose rows go, none of them among the rows; a key that is not there is fine.
        branch: The branch to write to.
        properties: Snapshot properties.

    Raises:
        SchemaError: A column is missing or unknown.
        TransformError: A key is null or appears twice in the frame; nothing is written.
        ConflictError: Other writers kept changing the table.
    """
    changes = _changes(table, frame, list(keys))
    gone = changes.select(keys).clear()
    if deletes is not None:
        gone = deletes.select(keys).unique().cast(gone.schema)
    for attempt in range(_ATTEMPTS):
        done = rewrite(table, changes, gone, branch=branch)

        def build(transaction: Transaction, _: Table, summary: Mapping[str, str], done: Rewrite = done) -> None:
            update = transaction.update_snapshot(snapshot_properties=dict(summary), branch=branch)
            with update.overwrite() as producer:
                for file in done.gone:
                    producer.delete_data_file(file)
                for file in done.added:
                    producer.append_data_file(file)

        try:
            snapshot_id = commit(table, "upsert", build, branch=branch, expected=done.base, properties=properties)
        except ConflictError:
            landing.remove(table, [file.file_path for file in done.added])
            if attempt + 1 == _ATTEMPTS:
                raise
            continue
        deleted = done.found.join(gone, on=keys, how="semi").height
        updated = done.found.height - deleted
        return UpsertResult(snapshot_id, updated, changes.height - updated, len(done.gone), done.kept, deleted)
    raise AssertionError("unreachable: the last attempt returns or raises")


def _changes(table: Table, frame: pl.LazyFrame | pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    schema = arrow_schema(working_copy(table).schema())
    present = frame.lazy().collect_schema().names()
    if missing := [name for name in schema.names if name not in present]:
        raise SchemaError(f"The rows lack the column {', '.join(map(repr, missing))} of {full_name(table)}.")
    if unknown := [key for key in keys if key not in schema.names]:
        raise SchemaError(f"{full_name(table)} has no key column {', '.join(map(repr, unknown))}.")
    if not keys:
        raise SchemaError(f"An upsert into {full_name(table)} needs keys.", "Name the columns that identify a row.")
    with translate(TransformError, f"computing the rows for {full_name(table)}"):
        changes = conform(frame.lazy(), schema).collect()
    if (nulls := changes.filter(pl.any_horizontal(pl.col(keys).is_null()))).height:
        raise TransformError(f"{nulls.height} rows have no key: {_key(nulls, keys)}.", "Drop or fill them first.")
    twice = changes.filter(pl.struct(keys).is_duplicated())
    if twice.height:
        raise TransformError(
            f"{twice.height} rows share their key with another, such as {_key(twice, keys)}.", "Deduplicate them first."
        )
    return changes


def _touched(
    table: Table, tasks: Sequence[FileScanTask], keys: pl.DataFrame
) -> tuple[list[FileScanTask], pl.DataFrame]:
    """The files that hold one of the keys, and which of the keys are in the table."""
    schema = table.schema().select(*keys.columns)
    touched, found = [], [keys.clear()]
    for task in tasks:
        if not _may_hold(task.file, schema, keys):
            continue
        with translate(CatalogError, f"reading keys of {task.file.file_path}"):
            held = pl.DataFrame(_scan(table, schema).to_table([task])).cast(keys.schema)
        hits = keys.join(held, on=keys.columns, how="semi")
        if hits.height:
            touched.append(task)
            found.append(hits)
    return touched, pl.concat(found).unique()


def _may_hold(file: DataFile, schema: Schema, keys: pl.DataFrame) -> bool:
    for field in schema.fields:
        kind = field.field_type
        lower = (file.lower_bounds or {}).get(field.field_id)
        upper = (file.upper_bounds or {}).get(field.field_id)
        if lower is None or upper is None or not isinstance(kind, PrimitiveType) or not isinstance(kind, _ORDERED):
            continue
        column = keys[field.name]
        if not isinstance(kind, DecimalType):
            column = column.to_physical()
        first, last = column.min(), column.max()
        if first is None or last is None or last < from_bytes(kind, lower) or first > from_bytes(kind, upper):  # type: ignore[operator]
            return False
    return True


def _rewrite(
    table: Table,
    tasks: Sequence[FileScanTask],
    touched: Sequence[FileScanTask],
    changes: pl.DataFrame,
    gone: pl.DataFrame,
    base: int,
    most_rows: int | None,
) -> list[DataFile]:
    """Land the rows of the touched files that stay, and the changes."""
    keys = gone.columns
    lookup = pl.concat([changes.select(keys), gone])
    if touched and (held := _lazily(table, tasks, touched, base)) is not None:
        stay = held.join(lookup.lazy(), on=keys, how="anti", maintain_order="left")
        return landing.land(table, pl.concat([stay, changes.lazy()]), most_rows=most_rows).collect()
    writer = landing.BatchWriter(table, most_rows=most_rows)
    try:
        with translate(CatalogError, f"rewriting files of {full_name(table)}"):
            for batch in _scan(table, table.schema()).to_record_batches(touched):
                rows = pl.DataFrame(batch).cast(changes.schema)
                for part in rows.join(lookup, on=keys, how="anti", maintain_order="left").to_arrow().to_batches():
                    writer.write(part)
            for part in changes.to_arrow().to_batches():
                writer.write(part)
        return writer.close()
    except BaseException:
        writer.abort()
        raise


def _lazily(
    table: Table, tasks: Sequence[FileScanTask], touched: Sequence[FileScanTask], base: int
) -> pl.LazyFrame | None:
    """The rows of the touched files in a plan of Polars, which costs half as much as batches do; None if it cannot."""
    if len(touched) == len(tasks) and base == head(table):
        return pl.scan_iceberg(table)
    paths = plain.paths(touched, table.schema())
    return pl.scan_parquet(paths) if paths else None


def _scan(table: Table, schema: Schema) -> ArrowScan:
    return ArrowScan(table.metadata, table.io, schema, AlwaysTrue())


def _key(rows: pl.DataFrame, keys: list[str]) -> str:
    return ", ".join(f"{key}={rows[key][0]!r}" for key in keys)
