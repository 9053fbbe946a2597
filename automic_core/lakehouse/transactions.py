"""PyIceberg's transactions, working out their staged metadata once a change, not at every look.

PyIceberg applies all staged updates to the table's metadata, and copies the whole of it, each time it looks at them:
some twenty times a commit, a good part of the time a small one takes, and more with every snapshot the table has.
Nothing that looks changes what it sees, so the answer is kept until another update is staged.
"""

from __future__ import annotations

import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.table import CreateTableTransaction, StagedTable, Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableUpdate
from pyiceberg.typedef import Properties


class _Kept(Transaction):
    """A transaction whose table nobody else holds."""

    _seen: tuple[TableMetadata, tuple[TableUpdate, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        """The table's metadata with what is staged."""
        base, updates = self._table.metadata, self._updates
        if self._seen is None or self._seen[0] is not base or self._seen[1] is not updates:
            self._seen = base, updates, super().table_metadata
        return self._seen[2]


class _Creation(_Kept, CreateTableTransaction):
    pass


def change(table: Table) -> Transaction:
    """A transaction on a table, which must be a copy that nobody else changes."""
    return _Kept(table)


def creation(
    catalog: Catalog, name: str, schema: pa.Schema, location: str | None, properties: Properties
) -> Transaction:
    """A transaction that creates a table."""
    staged = catalog.create_table_transaction(name, schema, location=location, properties=properties)._table
    assert isinstance(staged, StagedTable)
    return _Creation(staged)
