"""Joins between keys of the same name, where nothing better says how tables hang together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from automic_core.assist.asking.tables import Column, Join, Table

LEAST = 0.9
"""Share of a column's different values that must be keys of the other."""
_ENDS = ("id", "key", "code")


def namesakes(frames: Mapping[str, pl.DataFrame], tables: Mapping[str, Table], known: Sequence[Join]) -> Iterator[Join]:
    """Joins of columns to the only unique column of the same name that holds their values, for tables that are apart.

    A column may be the key of its own table too: of those who live somewhere, each once. Then, and where several tables
    hold its values, the one is meant whose rows have names, or whose name begins the key's.

    Args:
        frames: Rows by full name of the table.
        tables: The same, as the grammar sees them.
        known: Joins there are already; what they connect needs no others.
    """
    groups = _connected(known)
    alike: dict[str, list[Column]] = defaultdict(list)
    for table in tables.values():
        for column in table.columns.values():
            name = column.name.replace("_", "").lower()
            if column.kind in ("number", "text") and not column.sql and len(name) > 2 and name.endswith(_ENDS):
                alike[name].append(column)
    for name, columns in alike.items():
        owners = {each.table for each in columns if _owns(tables[each.table], name)}
        for child in columns:
            apart = (each for each in columns if each.unique and groups[each.table].isdisjoint(groups[child.table]))
            found = [each for each in apart if _included(frames, child, each)]
            if len(found) > 1 or child.unique:
                found = [each for each in found if each.table in owners]
            if len(found) == 1 and not (child.unique and child.table in owners):
                yield Join(child, found[0], True)


def _owns(table: Table, name: str) -> bool:
    stem = next(name.removesuffix(end) for end in _ENDS if name.endswith(end))
    return table.label is not None or (len(stem) > 2 and "".join(table.words).startswith(stem))


def _connected(joins: Sequence[Join]) -> defaultdict[str, set[str]]:
    """The tables that a table can be joined with, itself among them; one that nothing is known of stands alone."""
    found: defaultdict[str, set[str]] = _Alone(set)
    for join in joins:
        both = found[join.left.table] | found[join.right.table]
        for name in both:
            found[name] = both
    return found


class _Alone(defaultdict[str, set[str]]):
    def __missing__(self, name: str) -> set[str]:
        self[name] = {name}
        return self[name]


def _included(frames: Mapping[str, pl.DataFrame], child: Column, parent: Column) -> bool:
    if child.kind != parent.kind:
        return False
    kind = pl.Float64 if child.kind == "number" else pl.String
    values, keys = (frames[each.table][each.name].cast(kind).drop_nulls().unique() for each in (child, parent))
    return len(values) > 0 and len(values.filter(values.is_in(keys.implode()))) >= LEAST * len(values)
