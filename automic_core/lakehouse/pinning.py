"""A table at one state, told to another process: it opens that state, and needs no catalog for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyiceberg.table import StaticTable, Table

from automic_core.errors import CatalogError, translate


def pinned(table: Table) -> dict[str, Any]:
    """What another process needs to open the table as it is now; may hold what opens the lake's storage."""
    # The address of a SQL catalog may carry its password, and files are read without it.
    of_catalog = {"uri"} if table.io.properties.get("type") == "sql" else set()
    access = {name: value for name, value in table.io.properties.items() if name not in of_catalog}
    return {"name": list(table.name()), "metadata": table.metadata_location, "access": access}


def unpinned(told: Mapping[str, Any]) -> Table:
    """The table that was told.

    Raises:
        CatalogError: That state is no longer there.
    """
    with translate(CatalogError, f"opening {'.'.join(told['name'])}"):
        found = StaticTable.from_metadata(told["metadata"], dict(told["access"]))
    return Table(tuple(told["name"]), found.metadata, found.metadata_location, found.io, found.catalog)
