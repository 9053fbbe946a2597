"""Create tables, change their rows in single snapshots, and read them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import polars as pl
import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.expressions import BooleanExpression
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.refs import MAIN_BRANCH

from automic_core.errors import CatalogError, translate
from automic_core.faults import commit_point
from automic_core.lakehouse import catalog as catalogs
from automic_core.lakehouse import mapping, transactions
from automic_core.lakehouse.commits import commit, frozen, full_name, head
from automic_core.lakehouse.types import storable

RUN_ID = "automic.run-id"
TABLE_PROPERTIES = {
    "write.parquet.compression-codec": "zstd",
    # Many small commits: fewer manifests to plan over, fewer metadata files to keep.
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
}


def create(
    catalog: Catalog,
    name: str,
    schema: pa.Schema | pl.Schema,
    *,
    properties: Mapping[str, str] | None = None,
    exist_ok: bool = False,
) -> Table:
    """Create a table with an empty first snapshot, so that branches have something to fork from.

    Args:
        catalog: An open catalog; the namespace is created on demand.
        name: Full name, such as "bronze.orders".
        schema: Columns; types are made storable (see `types.storable`).
        properties: Table properties over the defaults.
        exist_ok: Load the table if it is already there, whatever its schema.

    Raises:
        CatalogError: The name is not "namespace.table", or the table exists.
        SchemaError: A column cannot be stored.
    """
    namespace, _, short = name.rpartition(".")
    if not namespace or not short:
        raise CatalogError(f"{name!r} is not a full table name.", "Write it as namespace.table, such as bronze.orders.")
    catalogs.ensure_namespace(catalog, namespace)
    if not exists(catalog, name):
        commit_point("create.before")
        if _create(catalog, name, storable(schema), {**TABLE_PROPERTIES, **(properties or {})}):
            commit_point("create.after")
            return load(catalog, name)
    if not exist_ok:
        raise CatalogError(f"Table {name} already exists.", "Choose another name or append to it.")
    return load(catalog, name)


def _create(catalog: Catalog, name: str, schema: pa.Schema, properties: Mapping[str, str]) -> bool:
    """Whether this call made the table; False if another process was faster."""
    # A folder of its own: tables can be renamed, and the next one of this name must not share files with this one.
    warehouse = catalog.properties.get("warehouse", "") if catalog.properties.get("type") == "sql" else ""
    namespace, _, short = name.rpartition(".")
    location = f"{warehouse.rstrip('/')}/{namespace}/{short}-{uuid.uuid4().hex[:8]}" if warehouse else None
    with translate(CatalogError, f"creating {name}"):
        transaction = transactions.creation(catalog, name, schema, location, dict(properties))
        transaction.update_snapshot().fast_append().commit()
        try:
            transaction.commit_transaction()
        except (TableAlreadyExistsError, CommitFailedException):
            if not catalog.table_exists(name):
                raise
            return False
    return True


def load(catalog: Catalog, name: str) -> Table:
    """Open a table.

    Raises:
        CatalogError: There is no such table; the message lists similar names.
    """
    if (found := find(catalog, name)) is None:
        raise CatalogError(f"There is no table {name}.", suggestion(name, catalogs.tables(catalog)))
    return found


def find(catalog: Catalog, name: str) -> Table | None:
    """Open a table, or None if there is none; its metadata is read once."""
    with translate(CatalogError, f"opening {name}"):
        try:
            return catalog.load_table(name) if "." in name and all(map(str.strip, name.split("."))) else None
        except NoSuchTableError:
            return None


def suggestion(name: str, known: Sequence[str]) -> str:
    """A "did you mean" hint for a name, or the list of what there is.

    Own names are compared, since all tables of a layer are alike by its name.
    """
    import difflib

    own = {each: each.rpartition(".")[2] for each in known}
    alike = difflib.get_close_matches(name.rpartition(".")[2], own.values(), n=3, cutoff=0.6)
    if close := difflib.get_close_matches(name, [each for each in known if own[each] in alike], n=3, cutoff=0):
        return f"Did you mean {' or '.join(close)}?"
    return f"There is {', '.join(known[:20])}." if known else "There is none yet."


def exists(catalog: Catalog, name: str) -> bool:
    """Whether the table is there."""
    with translate(CatalogError, f"looking for {name}"):
        return "." in name and catalog.table_exists(name)


def drop(catalog: Catalog, name: str, *, purge: bool = False) -> None:
    """Remove a table from the catalog; with ``purge`` delete its files too."""
    load(catalog, name)
    with translate(CatalogError, f"dropping {name}"):
        if purge:
            catalog.purge_table(name)
        else:
            catalog.drop_table(name)


def rename(catalog: Catalog, name: str, new_name: str) -> Table:
    """Give a table another full name; its files stay where they are."""
    load(catalog, name)
    namespace = new_name.rpartition(".")[0]
    catalogs.ensure_namespace(catalog, namespace)
    with translate(CatalogError, f"renaming {name} to {new_name}"):
        return catalog.rename_table(name, new_name)


def append(
    table: Table,
    files: Sequence[DataFile],
    *,
    branch: str = MAIN_BRANCH,
    expected: int | None = None,
    properties: Mapping[str, str] | None = None,
) -> int:
    """Add landed files in one snapshot; without files the snapshot is empty.

    Returns:
        Id of the new snapshot. See `commits.commit` for arguments and errors.
    """

    def build(transaction: Transaction, _: Table, summary: Mapping[str, str]) -> None:
        update = transaction.update_snapshot(snapshot_properties=dict(summary), branch=branch)
        with update.merge_append() as producer:
            for file in files:
                producer.append_data_file(file)

    return commit(table, "append", build, branch=branch, expected=expected, properties=properties)


def adopt(
    table: Table,
    locations: Sequence[str],
    *,
    branch: str = MAIN_BRANCH,
    properties: Mapping[str, str] | None = None,
) -> int:
    """Add Parquet files that someone else wrote, in place. Files without field ids are matched by column name.

    Raises:
        CatalogError: A file does not fit the schema or is part of the table already, or a column has the name of a
            dropped one, so that matching by name would be wrong.
    """

    def build(transaction: Transaction, fresh: Table, summary: Mapping[str, str]) -> None:
        if names := mapping.reused(transaction):
            raise CatalogError(
                f"{full_name(fresh)} used the name {', '.join(names)} for another column before.",
                "Read the files and append their rows instead.",
            )
        transaction.add_files(list(locations), snapshot_properties=dict(summary), branch=branch)

    return commit(table, "adopt", build, branch=branch, properties=properties)


def replace(
    table: Table,
    files: Sequence[DataFile],
    *,
    branch: str = MAIN_BRANCH,
    expected: int | None = None,
    properties: Mapping[str, str] | None = None,
) -> int:
    """Make the landed files the whole content, in one snapshot; without files the table is empty afterwards.

    Rows that others appended meanwhile are replaced too, unless ``expected`` names the head that was read.
    """

    def build(transaction: Transaction, fresh: Table, summary: Mapping[str, str]) -> None:
        update = transaction.update_snapshot(snapshot_properties=dict(summary), branch=branch)
        with update.overwrite() as producer:
            for task in fresh.scan(snapshot_id=head(fresh, branch)).plan_files():
                producer.delete_data_file(task.file)
            for file in files:
                producer.append_data_file(file)

    return commit(table, "replace", build, branch=branch, expected=expected, properties=properties)


def delete(
    table: Table,
    rows: str | BooleanExpression,
    *,
    branch: str = MAIN_BRANCH,
    properties: Mapping[str, str] | None = None,
) -> int:
    """Delete the rows that match a filter ("amount < 0"); files that hold some of them are rewritten."""

    def build(transaction: Transaction, _: Table, summary: Mapping[str, str]) -> None:
        transaction.delete(rows, snapshot_properties=dict(summary), branch=branch)

    return commit(table, "delete", build, branch=branch, properties=properties)


def scan(table: Table, snapshot_id: int | None = None) -> pl.LazyFrame:
    """Read a table lazily, pinned to what this table object knows now; later commits do not show.

    Args:
        table: The table.
        snapshot_id: A snapshot to read, with the schema it had; None = the head of main with the current schema.

    Raises:
        CatalogError: There is no such snapshot.
    """
    if snapshot_id is not None and table.snapshot_by_id(snapshot_id) is None:
        raise CatalogError(f"{full_name(table)} has no snapshot {snapshot_id}.", "Look at the table's history.")
    return pl.scan_iceberg(frozen(table), snapshot_id=snapshot_id)


def row_count(table: Table, snapshot_id: int | None = None) -> int | None:
    """Rows of a snapshot by its own summary; None if its writer did not say."""
    return _total(table, "total-records", snapshot_id)


def stored_bytes(table: Table) -> int:
    """Bytes of the files that main has now, by its own summary; 0 if its writer did not say."""
    return _total(table, "total-files-size") or 0


def file_count(table: Table) -> int | None:
    """Number of files with rows that main has now, by its own summary; None if its writer did not say."""
    return _total(table, "total-data-files")


def _total(table: Table, what: str, snapshot_id: int | None = None) -> int | None:
    snapshot = table.snapshot_by_id(snapshot_id) if snapshot_id is not None else table.current_snapshot()
    total = snapshot.summary[what] if snapshot is not None and snapshot.summary is not None else None
    return int(total) if total is not None else None
