"""Compare a table's columns with those of new data, and change them by contract or by explicit operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import IntEnum, StrEnum

import polars as pl
import pyarrow as pa
from pyiceberg.table import Table, Transaction

from automic_core.errors import SchemaError, translate
from automic_core.lakehouse.commits import commit, full_name, refresh
from automic_core.lakehouse.mapping import Change as Change
from automic_core.lakehouse.mapping import apply_change
from automic_core.lakehouse.types import arrow_schema, storable

CHANGE = "automic.change"
_ALIKE = 0.6


class ContractMode(StrEnum):
    """What happens to data that the table's schema does not foresee (the modes of dlt's schema contracts)."""

    EVOLVE = "evolve"
    FREEZE = "freeze"
    DISCARD_ROW = "discard_row"
    DISCARD_VALUE = "discard_value"


class Relation(IntEnum):
    """How the type of new data relates to a column's type, from harmless to impossible."""

    SAME = 0
    FITS = 1
    WIDENS = 2
    MISFIT = 3


@dataclass(frozen=True)
class SchemaDiff:
    """What differs between a table and new data.

    Attributes:
        added: Columns that only the data has, with their storable types.
        removed: Columns that only the table has.
        widened: Columns whose table type can grow to hold the data: (table type, data type).
        narrowed: Columns whose data does not fit the table type, nor can the type grow to it: (table type, data type).
        renamed: A guess by name and type, removed name to added name; never acted upon.
    """

    added: Mapping[str, pa.DataType] = field(default_factory=dict)
    removed: Mapping[str, pa.DataType] = field(default_factory=dict)
    widened: Mapping[str, tuple[pa.DataType, pa.DataType]] = field(default_factory=dict)
    narrowed: Mapping[str, tuple[pa.DataType, pa.DataType]] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.widened or self.narrowed)


@dataclass(frozen=True)
class ContractPlan:
    """What the caller still has to do to the rows, with a reason for each, before they fit the table.

    Attributes:
        evolved: Columns to add or widen in the table; `evolve` has done it.
        unknown: Columns the table does not take; under "discard_row" a row with a value there goes, under
            "discard_value" only the value goes.
        misfit: Columns to cast to the given table type; a value that fails goes, or its row, by the same modes.
            Under "evolve" they are for the caller to rescue.
    """

    mode: ContractMode
    diff: SchemaDiff
    evolved: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    misfit: Mapping[str, pa.DataType] = field(default_factory=dict)


def relation(have: pa.DataType, new: pa.DataType) -> Relation:
    """How data of a storable type ``new`` relates to a column of type ``have``, nested fields included.

    FITS and WIDENS follow Iceberg's promotions (int to long, float to double, decimal to more digits); an int also
    fits a double, exactly.
    """
    t = pa.types
    have, new = _small(have), _small(new)
    if have == new:
        return Relation.SAME
    if t.is_struct(have) and t.is_struct(new):
        old = {child.name: child.type for child in have}
        pairs = [relation(old[c.name], c.type) if c.name in old else Relation.WIDENS for c in new]
        return max([Relation.FITS, *pairs])
    if t.is_list(have) and t.is_list(new):
        return max(Relation.FITS, relation(have.value_type, new.value_type))
    if t.is_map(have) and t.is_map(new):
        return max(Relation.FITS, relation(have.key_type, new.key_type), relation(have.item_type, new.item_type))
    if _promotes(new, have) or (t.is_int32(new) and t.is_float64(have)):
        return Relation.FITS
    return Relation.WIDENS if _promotes(have, new) else Relation.MISFIT


def diff(table: Table, schema: pa.Schema | pl.Schema) -> SchemaDiff:
    """Compare the table with the columns of new data."""
    have = {f.name: f.type for f in arrow_schema(table.schema())}
    new = {f.name: f.type for f in storable(schema)}
    added = {name: kind for name, kind in new.items() if name not in have}
    removed = {name: kind for name, kind in have.items() if name not in new}
    relations = {name: relation(have[name], kind) for name, kind in new.items() if name in have}

    def pairs(wanted: Relation) -> dict[str, tuple[pa.DataType, pa.DataType]]:
        return {name: (have[name], new[name]) for name, found in relations.items() if found is wanted}

    return SchemaDiff(added, removed, pairs(Relation.WIDENS), pairs(Relation.MISFIT), _renames(removed, added))


def plan(table: Table, schema: pa.Schema | pl.Schema, mode: ContractMode | str = ContractMode.EVOLVE) -> ContractPlan:
    """What a schema contract asks for new data; nothing is changed.

    Args:
        table: The table; refreshed.
        schema: Columns of the new data.
        mode: The contract.

    Raises:
        SchemaError: Under "freeze", anything the table does not foresee; the message names the columns.
    """
    mode = ContractMode(mode)
    found = diff(refresh(table), schema)
    if mode is ContractMode.EVOLVE:
        misfit = {name: have for name, (have, _) in found.narrowed.items()}
        return ContractPlan(mode, found, (*found.added, *found.widened), (), misfit)
    refused = {**found.widened, **found.narrowed}
    if mode is ContractMode.FREEZE and (found.added or refused):
        parts = [f"new column {name!r} ({kind})" for name, kind in found.added.items()]
        parts += [f"column {name!r} is {have} but the data is {new}" for name, (have, new) in refused.items()]
        raise SchemaError(
            f"The schema of {full_name(table)} is frozen: {'; '.join(parts)}.",
            'Change the table on purpose, or use the contract "evolve", "discard_row" or "discard_value".',
        )
    misfit = {name: have for name, (have, _) in refused.items()}
    return ContractPlan(mode, found, (), tuple(found.added), misfit)


def evolve(table: Table, schema: pa.Schema | pl.Schema, mode: ContractMode | str = ContractMode.EVOLVE) -> ContractPlan:
    """Apply a schema contract for new data: change the table, refuse, or say what to drop.

    Arguments and errors as for `plan`; under "evolve" the table is changed in one commit.
    """
    found = plan(table, schema, mode)
    if found.evolved:
        alter(table, grow(schema, found.evolved), f"evolve {', '.join(found.evolved)}")
    return found


def grow(schema: pa.Schema | pl.Schema, names: Sequence[str]) -> Change:
    """The change that adds or widens these columns to the types they have in ``schema``."""
    wanted = storable(schema)
    part = pa.schema([wanted.field(name) for name in names])
    return lambda update: update.union_by_name(part)


def alter(table: Table, change: Change, note: str, properties: Mapping[str, str] | None = None) -> int:
    """Change the schema together with an empty snapshot, so that history shows it and every head has its own schema.

    Args:
        table: The table.
        change: Called with an `UpdateSchema`; called again if another writer was faster.
        note: What was done, for the history.
        properties: Further snapshot properties.

    Raises:
        SchemaError: The change is not allowed.
    """

    def build(transaction: Transaction, fresh: Table, summary: Mapping[str, str]) -> None:
        with translate(SchemaError, f"changing the schema of {full_name(fresh)} ({note})"):
            apply_change(transaction, change)
        transaction.update_snapshot(snapshot_properties=dict(summary)).fast_append().commit()

    return commit(table, "alter", build, properties={**(properties or {}), CHANGE: note})


def add_columns(table: Table, columns: pa.Schema | pl.Schema) -> int:
    """Add columns; rows that are there read as null.

    Raises:
        SchemaError: A column is there already.
    """
    new = storable(columns)
    if there := sorted(set(new.names) & set(arrow_schema(refresh(table).schema()).names)):
        raise SchemaError(f"{full_name(table)} already has {', '.join(there)}.", "Choose another name.")
    return alter(table, grow(new, new.names), f"add {', '.join(new.names)}")


def rename_column(table: Table, name: str, new_name: str) -> int:
    """Rename a column; its values, in old files too, follow."""
    _column(table, name)
    return alter(table, lambda update: update.rename_column(name, new_name), f"rename {name} to {new_name}")


def widen_column(table: Table, name: str, kind: pa.DataType) -> int:
    """Give a column a larger type: int32 to int64, float32 to float64, a decimal more digits.

    Raises:
        SchemaError: The type does not hold every value the old one could.
    """
    have = _column(table, name)
    wanted = storable(pa.schema([(name, kind)]))
    if relation(have, wanted.field(name).type) is not Relation.WIDENS:
        raise SchemaError(f"Column {name!r} of {full_name(table)} is {have}; it cannot be widened to {kind}.")
    return alter(table, grow(wanted, [name]), f"widen {name} to {kind}")


def drop_column(table: Table, name: str) -> int:
    """Drop a column. A column of the same name added later is a new one and does not show the old values."""
    _column(table, name)
    return alter(table, lambda update: update.delete_column(name), f"drop {name}")


def _column(table: Table, name: str) -> pa.DataType:
    schema = arrow_schema(refresh(table).schema())
    if name not in schema.names:
        raise SchemaError(f"{full_name(table)} has no column {name!r}.", f"It has {', '.join(schema.names[:30])}.")
    return schema.field(name).type


def _promotes(small: pa.DataType, large: pa.DataType) -> bool:
    t = pa.types
    if t.is_decimal(small) and t.is_decimal(large):
        return bool(small.scale == large.scale and small.precision < large.precision)
    return bool((t.is_int32(small) and t.is_int64(large)) or (t.is_float32(small) and t.is_float64(large)))


def _small(kind: pa.DataType) -> pa.DataType:
    """Without the large offsets and field ids that the reader of a table prefers."""
    t = pa.types
    if t.is_large_string(kind):
        return pa.string()
    if t.is_large_binary(kind):
        return pa.binary()
    if t.is_large_list(kind) or t.is_list(kind):
        return pa.list_(pa.field("element", _small(kind.value_type)))
    if t.is_struct(kind):
        return pa.struct([(child.name, _small(child.type)) for child in kind])
    if t.is_map(kind):
        return pa.map_(_small(kind.key_type), _small(kind.item_type))
    return kind


def _renames(removed: Mapping[str, pa.DataType], added: Mapping[str, pa.DataType]) -> dict[str, str]:
    scored = sorted(
        (
            (SequenceMatcher(None, old.lower(), new.lower()).ratio(), old, new)
            for old, have in removed.items()
            for new, kind in added.items()
            if relation(have, kind) is not Relation.MISFIT
        ),
        reverse=True,
    )
    guess: dict[str, str] = {}
    for score, old, new in scored:
        if score >= _ALIKE and old not in guess and new not in guess.values():
            guess[old] = new
    return guess
