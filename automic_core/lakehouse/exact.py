"""The schema change that leaves a table with just the given columns."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pyarrow as pa
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.update.schema import UpdateSchema

from automic_core.lakehouse.schemas import Change, diff
from automic_core.lakehouse.types import storable


def exactly(table: Table, shape: Mapping[str, pl.DataType]) -> Change | None:
    """The change to these columns and types, or None if they stand already.

    A column whose type can grow grows; one that changes to another type is dropped and added anew under its name, so
    that old snapshots still read their own values.
    """
    schema = pl.Schema(shape)
    difference = diff(table, schema)
    if not difference:
        return None
    wanted = storable(schema)
    grown = [*difference.added, *difference.widened]
    # PyIceberg has no public way from one Arrow type to its Iceberg type without field ids.
    types = {field.name: field.field_type for field in Catalog._convert_schema_if_needed(wanted).fields}

    def change(update: UpdateSchema) -> None:
        for name in [*difference.removed, *difference.narrowed]:
            update.delete_column(name)
        if grown:
            update.union_by_name(pa.schema([wanted.field(name) for name in grown]))
        for name in difference.narrowed:
            update.add_column((name,), types[name])

    return change
