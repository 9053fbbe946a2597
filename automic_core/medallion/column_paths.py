"""Which columns a column was made of, read backwards from the steps that made it, as far as they tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl

Step = Mapping[str, Any]
_ANEW = ("pivot", "unpivot", "aggregate")
_DONE = {"text": "{} was cleaned", "nulls": "missing values of {} were filled", "cast": "{} got another type"}
_READ = "texts that mean no value became none in {}"


@dataclass
class ColumnPath:
    """Where a column comes from.

    Attributes:
        columns: The columns before the first step that it was made of.
        notes: What happened on the way, the first step first, a sentence each.
        joined: Tables joined on the way: a column that was not there before them is theirs.
        told: Whether the steps say it all; if not, a note says which one does not.
    """

    columns: list[str]
    notes: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    told: bool = True


class _Before(NamedTuple):
    """A column before one step: what it was made of, what the step did, whether that is all."""

    columns: list[str]
    note: str = ""
    told: bool = True


def column_path(column: str, steps: Sequence[Step]) -> ColumnPath:
    """Follow a column from after the last step to before the first.

    Args:
        column: Its name in the end.
        steps: Id, kind and options of each step, in order, those switched off left out.
    """
    path = ColumnPath([column])
    for step in reversed(steps):
        found = [_before(name, step) for name in path.columns]
        said = [f"{step.get('id') or step['kind']}: {each.note}." for each in found if each.note]
        path.notes[:0] = said
        path.told = path.told and all(each.told for each in found)
        path.columns = list(dict.fromkeys(name for each in found for name in each.columns))
        if step["kind"] == "join" and path.columns:
            path.joined.insert(0, str(step.get("table") or "the second source"))
    return path


def _before(name: str, step: Step) -> _Before:
    kind = step["kind"]
    if kind == "rename":
        old = [was for was, new in (step.get("columns") or {}).items() if new == name]
        return _Before(old, f"{old[0]} was renamed to {name}") if old else _Before([name])
    if kind == "derive" and step.get("column") == name:
        return _Before(_read_by(str(step.get("sql", ""))), f"{name} = {step.get('sql')}")
    if kind == "split" and name in (step.get("into") or ()):
        return _Before([str(step.get("column"))], f"{name} is a part of {step.get('column')}")
    if kind in _ANEW and name not in {*(step.get("index") or ()), *(step.get("group_by") or ())}:
        return _Before([], f"{kind} makes rows anew; which cells {name} was made of cannot be told", told=False)
    if kind == "explode" and name in (step.get("columns") or ()):
        return _Before([name], f"{name} is one element of a list")
    if kind in _DONE and _touches(step, name):
        read = kind == "nulls" and step.get("strategy") != "fill"
        return _Before([name], (_READ if read else _DONE[kind]).replace("{}", name))
    return _Before([name])


def _touches(step: Step, name: str) -> bool:
    """Whether a step is about a column: it names it, or names none and so means all."""
    if step["kind"] == "nulls" and step.get("strategy", "drop") == "drop":
        return False
    named = [text for option in ("columns", "fields", "types") for text in _strings(step.get(option))]
    return name in named or not named


def _strings(value: Any) -> Iterator[str]:
    for each in value or ():
        yield str(each.get("name", "")) if isinstance(each, Mapping) else str(each)


def _read_by(sql: str) -> list[str]:
    """Columns an expression reads."""
    try:
        return list(dict.fromkeys(pl.sql_expr(sql).meta.root_names()))
    except pl.exceptions.PolarsError:
        return []
