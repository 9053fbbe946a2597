"""Accepting types into the draft: types go to its schema, names to a rename step, missing values to a rule."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.workbench.drafts import DraftView, draft, save_draft
from automic_core.workbench.fields import FieldChange
from automic_core.workbench.schema_rows import schema_columns

_STOPPING = ("quarantine", "drop", "fail")


def final_names(data: Mapping[str, Any], columns: Sequence[str]) -> dict[str, str]:
    """What each column of bronze is called after the rename steps of a draft."""
    names = {name: name for name in columns}
    for step in data.get("steps") or ():
        if step.get("kind") == "rename" and step.get("enabled", True):
            renamed = step.get("columns") or {}
            names = {column: str(renamed.get(now, now)) for column, now in names.items()}
    return names


def required_columns(data: Mapping[str, Any]) -> set[str]:
    """Columns (by their names in silver) that some rule wants a value in."""
    return {
        str(column)
        for rule in data.get("rules") or ()
        if _requires(rule) and rule.get("enabled", True)
        for column in rule.get("columns") or ()
    }


def accept_fields(
    lake: Lakehouse, table: str, changes: Mapping[str, FieldChange], version: int, label: str
) -> DraftView:
    """Take decisions about columns into the draft: one undo point.

    Args:
        lake: The lake.
        table: The table's name.
        changes: Column (its name in bronze) to what it shall be.
        version: Of the draft the person looked at.
        label: What undo will say, such as `change_label` gives.

    Raises:
        ConflictError: The draft was changed elsewhere meanwhile.
        ConfigError: A name is taken or impossible, or a type does not exist.
    """
    saved = draft(lake, table)
    data = changed_draft(saved.data, changes, schema_columns(lake, table))
    return save_draft(lake, table, data, version, label)


def drop_fields(lake: Lakehouse, table: str, columns: Sequence[str], version: int, label: str) -> DraftView:
    """Take decisions back: the columns are no longer named in the draft's schema. One undo point."""
    data = copy.deepcopy(draft(lake, table).data)
    data["schema"] = {name: entry for name, entry in (data.get("schema") or {}).items() if name not in columns}
    return save_draft(lake, table, data, version, label)


def changed_draft(
    data: Mapping[str, Any], changes: Mapping[str, FieldChange], columns: Sequence[str]
) -> dict[str, Any]:
    """A draft with decisions about columns.

    Raises:
        ConfigError: A column does not exist, a name is taken or impossible, or a type does not exist.
    """
    made = copy.deepcopy(dict(data))
    made["schema"] = dict(made.get("schema") or {})
    for column, change in changes.items():
        if column not in columns:
            raise ConfigError(f"There is no column {column!r}.", f"Columns: {', '.join(columns[:20])}.")
        change.field(column)
        made["schema"][column] = change.entry()
    _rename(made, changes, columns)
    final = final_names(made, columns)
    required = required_columns(made)
    for column, change in changes.items():
        if change.nullable == (final[column] in required):
            _require(made, final[column], wanted=not change.nullable)
    return made


def change_label(column: str, before: FieldChange, after: FieldChange) -> str:
    """What an edit does, in words: "amount: text to decimal(10, 2)"."""
    said = []
    if not before.same_reading(after):
        plain = before.label != after.label
        said.append(f"{before.label} to {after.label}" if plain else f"{before.described} to {after.described}")
    if after.name and after.name != (before.name or column):
        said.append(f"called {after.name}")
    if after.description and before.description != after.description:
        said.append("described")
    if before.nullable != after.nullable:
        said.append("may be empty" if after.nullable else "must have a value")
    return f"{column}: {', '.join(said) or f'{after.label} accepted'}"


def _rename(data: dict[str, Any], changes: Mapping[str, FieldChange], columns: Sequence[str]) -> None:
    now = final_names(data, columns)
    wanted = {column: change.name.strip() for column, change in changes.items() if change.name}
    moves = {now[column]: name for column, name in wanted.items() if name != now[column]}
    if not moves:
        return
    after = {column: moves.get(name, name) for column, name in now.items()}
    for name in moves.values():
        if not name or frames.is_hidden(name):
            raise ConfigError(f"{name!r} cannot be a column's name.", "Begin with a letter.")
        if list(after.values()).count(name) > 1:
            raise ConfigError(f"Two columns would be called {name!r}.", "Choose another name.")
    steps = list(data.get("steps") or ())
    last = steps[-1] if steps and steps[-1].get("kind") == "rename" and steps[-1].get("enabled", True) else None
    if last is None:
        steps.append({"id": _free(steps, "rename"), "kind": "rename", "columns": moves})
    else:
        origin = {new: old for old, new in (last.get("columns") or {}).items()}
        joined = {**(last.get("columns") or {}), **{origin.get(old, old): new for old, new in moves.items()}}
        joined = {old: new for old, new in joined.items() if old != new}
        steps[-1] = {**last, "columns": joined}
        steps = steps if joined else steps[:-1]
    data["steps"] = steps
    data["rules"] = [_following(rule, moves) for rule in data.get("rules") or ()]


def _following(rule: Mapping[str, Any], moves: Mapping[str, str]) -> dict[str, Any]:
    """A rule whose columns have new names; names inside SQL stay as they are."""
    columns = rule.get("columns")
    if not isinstance(columns, list):
        return dict(rule)
    return {**rule, "columns": [moves.get(name, name) for name in columns]}


def _require(data: dict[str, Any], column: str, *, wanted: bool) -> None:
    rules = list(data.get("rules") or ())
    if wanted:
        rules.append(
            {"id": _free(rules, f"required_{column}"), "kind": "not_null", "columns": [column], "action": "quarantine"}
        )
    else:
        rules = [_without(rule, column) if _requires(rule) else rule for rule in rules]
        rules = [rule for rule in rules if not _requires(rule) or rule.get("columns")]
    data["rules"] = rules


def _without(rule: Mapping[str, Any], column: str) -> dict[str, Any]:
    return {**rule, "columns": [name for name in rule.get("columns") or () if name != column]}


def _requires(rule: Mapping[str, Any]) -> bool:
    return rule.get("kind") == "not_null" and rule.get("action", "quarantine") in _STOPPING


def _free(items: Sequence[Mapping[str, Any]], wanted: str) -> str:
    taken = {str(item.get("id")) for item in items}
    return next(name for n in range(1, 10_000) if (name := wanted if n == 1 else f"{wanted}_{n}") not in taken)
