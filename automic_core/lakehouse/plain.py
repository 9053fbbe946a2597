"""When the Parquet files of a snapshot are the table: no row deletes, and every file has exactly its columns.

Only then may a reader that knows nothing of Iceberg (DuckDB's `read_parquet`) be given the files; it needs a half to a
third of the CPU of a scan through Arrow. A file without field ids, or of an older schema, rules it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table

from automic_core.errors import CatalogError, translate
from automic_core.lakehouse.files import local_path

MOST_FILES = 256
_FIELD_ID = b"PARQUET:field_id"

Shape = tuple[tuple[str, int, str], ...]


def parquet_files(table: Table, snapshot_id: int | None) -> list[str]:
    """Local paths of the snapshot's files if they are the table, else an empty list."""
    with translate(CatalogError, f"planning a scan of {'.'.join(table.name())}"):
        tasks = list(table.scan(snapshot_id=snapshot_id).plan_files())
    return paths(tasks, _schema(table, snapshot_id)) if len(tasks) <= MOST_FILES else []


def paths(tasks: Sequence[FileScanTask], schema: Schema) -> list[str]:
    """Local paths of these files if each has exactly the columns of the schema and no row deletes, else none."""
    wanted = _shape(schema_to_pyarrow(schema))
    found = []
    for task in tasks:
        path = local_path(task.file.file_path)
        if path is None or task.delete_files or _file_shape(str(path)) != wanted:
            return []
        found.append(str(path))
    return found


def _schema(table: Table, snapshot_id: int | None) -> Schema:
    current = table.current_snapshot()
    if snapshot_id is None or (current is not None and current.snapshot_id == snapshot_id):
        return table.schema()
    snapshot = table.snapshot_by_id(snapshot_id)
    if snapshot is None or snapshot.schema_id is None:
        return table.schema()
    return table.schemas()[snapshot.schema_id]


@lru_cache(maxsize=4096)
def _file_shape(path: str) -> Shape | None:
    """Of a file; data files never change, so it is read once."""
    with translate(CatalogError, f"reading the footer of {path}"):
        return _shape(pq.read_schema(path))


def _shape(schema: pa.Schema) -> Shape | None:
    """Names, field ids and types, nested ones included; None if an id is missing."""
    found: list[tuple[str, int, str]] = []

    def visit(field: pa.Field, path: str) -> bool:
        field_id = (field.metadata or {}).get(_FIELD_ID)
        kind = field.type
        if field_id is None:
            return False
        name = f"{path}.{field.name}"
        t = pa.types
        nested = t.is_struct(kind) or t.is_list(kind) or t.is_large_list(kind) or t.is_map(kind)
        found.append((name, int(field_id), str(kind).removeprefix("large_") if not nested else ""))
        if t.is_map(kind):
            return visit(kind.key_field, name) and visit(kind.item_field, name)
        return not nested or all(visit(kind.field(i), name) for i in range(kind.num_fields))

    return tuple(found) if all(visit(field, "") for field in schema) else None
