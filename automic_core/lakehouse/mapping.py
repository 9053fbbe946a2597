"""Names of columns in files that carry no field ids: a name keeps meaning the column it meant when the files came.

PyIceberg hands a name over when a column is renamed to it or added under it again, so that old files would show the
values of a dropped column as those of the new one, or fail on their type. Here the first owner keeps the name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyiceberg.table import TableProperties, Transaction
from pyiceberg.table.name_mapping import MappedField, NameMapping
from pyiceberg.table.update.schema import UpdateSchema

Change = Callable[[UpdateSchema], object]


def apply_change(transaction: Transaction, change: Change) -> None:
    """Stage a change of the schema without handing over any column's name in old files."""
    before = transaction.table_metadata.name_mapping()
    with transaction.update_schema() as update:
        change(update)
    after = transaction.table_metadata.name_mapping()
    if before is None or after is None:
        return
    kept = NameMapping(_keep(before.root, after.root))
    if kept != after:
        transaction.set_properties({TableProperties.DEFAULT_NAME_MAPPING: kept.model_dump_json()})


def reused(transaction: Transaction) -> list[str]:
    """Current columns whose name means another column in files without field ids."""
    mapping = transaction.table_metadata.name_mapping()
    owners = {name: field.field_id for field in mapping or () for name in field.names}
    fields = transaction.table_metadata.schema().fields
    return [field.name for field in fields if owners.get(field.name, field.field_id) != field.field_id]


def _keep(before: Sequence[MappedField], after: Sequence[MappedField]) -> list[MappedField]:
    owner = {name: field.field_id for field in before for name in field.names}
    old = {field.field_id: field for field in before}
    kept = [
        MappedField(
            field_id=field.field_id,
            names=[
                *(old[field.field_id].names if field.field_id in old else ()),
                *(name for name in field.names if name not in owner),
            ],
            fields=_keep(old[field.field_id].fields if field.field_id in old else (), field.fields),
        )
        for field in after
    ]
    present = {field.field_id for field in after}
    kept += [field for field in before if field.field_id not in present]
    return [field for field in kept if field.names or field.fields]
