"""Which rows differ between two states of a table, and which of its columns changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from automic_core import frames
from automic_core.errors import CatalogError, SchemaError
from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.lakehouse.comparing import compare
from automic_core.lakehouse.history import history
from automic_core.medallion.batches import layout
from automic_core.medallion.context import made_by
from automic_core.medallion.silver import DEFINITION
from automic_core.workbench.timelines import ColumnEvent, column_changes
from automic_core.workbench.values import Rows, rows_of


@dataclass(frozen=True)
class Diff:
    """Rows that differ between two states.

    Attributes:
        keys: Columns that name a row; empty = whole rows were compared, so that none counts as changed.
        columns: Column to the number of changed rows that differ in it, most first.
        counted: Changed rows that were looked at cell by cell.
        cells: What is different in the first rows that changed: the key, column, was, now (as text).
        schema: What happened to columns between the two.
    """

    before: int
    after: int
    keys: list[str]
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    columns: dict[str, int]
    counted: int
    added_rows: Rows
    removed_rows: Rows
    cells: Rows
    schema: list[ColumnEvent] = field(default_factory=list)


def diff(
    lake: Lakehouse, table: str, before: int, after: int, keys: Sequence[str] | None = None, limit: int = 50
) -> Diff:
    """Which rows differ between two states of a table.

    Args:
        lake: The lake.
        table: Full name.
        before: Id of the state that counts as old.
        after: Id of the state that counts as new.
        keys: Columns that name a row; None = see ``natural_keys``.
        limit: Rows to show of each kind.

    Raises:
        CatalogError: The table never had one of the states.
        SchemaError: A key is not a column of both.
    """
    stored = lake.context.need(table)
    past = {info.id: info for info in history(stored)}
    for each in (before, after):
        if each not in past:
            raise CatalogError(f"{table} never had the state {each}.", "Choose one of its timeline.")
    old, new = tables.scan(stored, before), tables.scan(stored, after)
    both = [name for name in new.collect_schema().names() if name in old.collect_schema()]
    chosen = natural_keys(lake, table, both) if keys is None else list(keys)
    if unknown := [key for key in chosen if key not in both]:
        raise SchemaError(f"Column {unknown[0]!r} is not in both states of {table}.", "Choose another key.")
    found = compare(old, new, chosen, examples=limit)
    return Diff(
        before,
        after,
        chosen,
        found.before,
        found.after,
        found.added,
        found.removed,
        found.changed,
        found.columns,
        found.counted,
        rows_of(found.added_rows, found.added),
        rows_of(found.removed_rows, found.removed),
        rows_of(found.cells),
        column_changes(stored, past[before], past[after]),
    )


def natural_keys(lake: Lakehouse, table: str, columns: Sequence[str]) -> list[str]:
    """What names a row from state to state: in silver the declared key, in gold the groups, else ``_rid``.

    Rows of a gold table made by SQL are numbered anew each time: only whole rows can be compared, so there is no key.
    """
    layer, _, own = table.partition(".")
    bronze = lake.context.table(f"bronze.{own}") if layer == "silver" else None
    declared = layout(bronze).keys if bronze is not None else []
    if layer == "gold":
        try:
            declared = list(json.loads(made_by(lake.context.need(table)).get(DEFINITION, "{}")).get("group_by", []))
        except ValueError:  # another writer's property of that name
            declared = []
    if declared and set(declared) <= set(columns):
        return declared
    return [frames.RID] if layer in ("bronze", "silver") and frames.RID in columns else []
