"""Edits of a draft's data: each gives new data and leaves the old as it was."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automic_core import registry
from automic_core.assist.figures import figure
from automic_core.errors import ConfigError
from automic_core.workbench.trials import TAKEN

KEYS: dict[str, str] = {"step": "steps", "rule": "rules"}
_QUIET = ("id", "kind", "enabled", "columns", "fields", "match_fields", "column", "group_by", "action")
_COLUMNS = ("columns", "fields", "match_fields", "numeric_fields", "column", "group_by", "by", "types")


@dataclass(frozen=True)
class Edit:
    """New data of a draft.

    Attributes:
        entry: The step or rule that was touched; "" if it is gone.
        label: What was done, for undo.
    """

    data: dict[str, Any]
    entry: str
    label: str


@dataclass(frozen=True)
class DraftEntry:
    """A step or rule of a draft as a list shows it.

    Attributes:
        label: What its kind is called; the kind itself if nobody knows it.
        detail: What it is about, in a few words.
        first, last: Whether it stands at an end of its list.
    """

    id: str
    group: str
    kind: str
    label: str
    detail: str
    enabled: bool
    options: dict[str, Any]
    first: bool
    last: bool


def listed(data: Mapping[str, Any]) -> list[DraftEntry]:
    """Steps, then rules, in order."""
    found = []
    for group, key in KEYS.items():
        items = data.get(key) or []
        for number, item in enumerate(items):
            kind = str(item["kind"])
            options = {name: value for name, value in item.items() if name not in ("id", "kind", "enabled")}
            known = registry.entry_of(group, kind)  # type: ignore[arg-type]
            label = known.label if known is not None else kind
            ends = number == 0, number == len(items) - 1
            enabled = bool(item.get("enabled", True))
            found.append(DraftEntry(item["id"], group, kind, label, _detail(item), enabled, options, *ends))
    return found


def add_entry(data: Mapping[str, Any], group: str, kind: str, options: Mapping[str, Any] | None = None) -> Edit:
    """Put a step or a rule at the end of its list.

    Raises:
        ConfigError: There is no such kind.
    """
    known = registry.entries(group)  # type: ignore[arg-type]
    if kind not in known:
        raise ConfigError(f"There is no {group} of kind {kind!r}.", f"Known: {', '.join(sorted(known))}.")
    new, items = _copied(data, group)
    taken = {*TAKEN, *(item["id"] for key in KEYS.values() for item in data.get(key) or [])}
    names = itertools.chain((kind,), (f"{kind}_{number}" for number in itertools.count(2)))
    entry = next(name for name in names if name not in taken)
    items.append({"id": entry, "kind": kind, **(options or {})})
    about = _detail(items[-1])
    return Edit(new, entry, f"Add {known[kind].label.lower()}{f' ({about})' if about else ''}")


def set_options(data: Mapping[str, Any], entry: str, options: Mapping[str, Any]) -> Edit:
    """Give a step or rule other options."""
    group, number = _found(data, entry)
    new, items = _copied(data, group)
    old = items[number]
    kept: dict[str, Any] = {name: old[name] for name in ("id", "kind", "enabled") if name in old}
    items[number] = {**kept, **options}
    names = {*old, *items[number]}
    changed = [n for n in items[number] if old.get(n) != items[number].get(n)] + [n for n in old if n not in options]
    shown = [name for name in dict.fromkeys(changed) if name in names and name not in kept]
    return Edit(new, entry, f"Change {', '.join(shown[:2]) or 'options'} of {entry}")


def move(data: Mapping[str, Any], entry: str, by: int) -> Edit:
    """Move a step or rule up (-1) or down (1) in its list; at the end it stays."""
    group, number = _found(data, entry)
    new, items = _copied(data, group)
    place = min(max(number + by, 0), len(items) - 1)
    items.insert(place, items.pop(number))
    return Edit(new, entry, f"Move {entry} {'up' if by < 0 else 'down'}")


def switch(data: Mapping[str, Any], entry: str) -> Edit:
    """Switch a step or rule off, or on again."""
    group, number = _found(data, entry)
    new, items = _copied(data, group)
    on = not items[number].get("enabled", True)
    items[number].pop("enabled", None)
    if not on:
        items[number]["enabled"] = False
    return Edit(new, entry, f"Switch {entry} {'on' if on else 'off'}")


def delete(data: Mapping[str, Any], entry: str) -> Edit:
    """Take a step or rule out."""
    group, number = _found(data, entry)
    new, items = _copied(data, group)
    items.pop(number)
    near = items[min(number, len(items) - 1)]["id"] if items else ""
    return Edit(new, near, f"Delete {entry}")


def _found(data: Mapping[str, Any], entry: str) -> tuple[str, int]:
    for group, key in KEYS.items():
        for number, item in enumerate(data.get(key) or []):
            if item["id"] == entry:
                return group, number
    raise ConfigError(f"The draft has no step or rule {entry!r}.", "It was deleted meanwhile: load the draft again.")


def _copied(data: Mapping[str, Any], group: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A copy of the data, and the list of one group in it."""
    new = copy.deepcopy(dict(data))
    items: list[dict[str, Any]] = new.setdefault(KEYS[group], [])
    return new, items


def _detail(item: Mapping[str, Any]) -> str:
    """Columns, and the option that says most."""
    named: Any = next((item[name] for name in _COLUMNS if item.get(name)), [])
    columns = [named] if isinstance(named, str) else [str(each) for each in named]
    text = ", ".join(columns[:3]) + (f" and {len(columns) - 3} more" if len(columns) > 3 else "")
    rest = {name: value for name, value in item.items() if name not in _QUIET and value not in (None, "", [], {})}
    said = "; ".join(
        f"{_short(value)}" if name in ("sql", "pattern") else _option(name, value) for name, value in rest.items()
    )
    both = f"{text}: {said}" if text and said else text or said
    return both if len(both) <= 60 else f"{both[:59]}…"


def _option(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    return words if value is True else f"{words} {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(str(key) for key in value)
    if isinstance(value, list):
        return ", ".join(
            str(each) if not isinstance(each, Mapping) else str(next(iter(each.values()), "")) for each in value
        )
    if isinstance(value, int | float) and not isinstance(value, bool):
        return figure(value)
    return str(value).replace("_", " ") if not isinstance(value, str) or len(value) < 24 else value
