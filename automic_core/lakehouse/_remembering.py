"""A SQL catalog that parses the metadata of a table once: its files never change, each commit makes another one.

A run opens and refreshes its tables some twenty times, and what is parsed each time grows with every state they have.
"""

from __future__ import annotations

from pyiceberg.catalog import Catalog
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.table import Table
from pyiceberg.typedef import Identifier
from sqlalchemy import select


class RememberingCatalog(SqlCatalog):
    """The catalog, with the newest metadata that it has seen of each table."""

    def __init__(self, name: str, **properties: str) -> None:
        super().__init__(name, **properties)
        self._seen: dict[Identifier, Table] = {}

    def load_table(self, identifier: str | Identifier) -> Table:
        """A table of its own for each caller, who may refresh it."""
        key = Catalog.identifier_to_tuple(identifier)
        seen = self._seen.get(key)
        place = self._location(key)
        if seen is None or seen.metadata_location != place or not seen.io.new_input(place).exists():
            seen = self._seen[key] = super().load_table(identifier)
        return Table(key, seen.metadata, seen.metadata_location, seen.io, self)

    def _location(self, key: Identifier) -> str | None:
        """Where the metadata of a table is now; None if there is no such table."""
        *space, name = key
        place = select(IcebergTables.metadata_location).where(
            IcebergTables.catalog_name == self.name,
            IcebergTables.table_namespace == ".".join(space),
            IcebergTables.table_name == name,
        )
        with self.engine.connect() as connection:
            found: str | None = connection.execute(place).scalar()
        return found
