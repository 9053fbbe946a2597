"""Drafts of promotions: on disk, with a version, and with a history to undo and redo."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from automic_core import registry
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.workbench.promotions import KEYS, entries, promotion_data, promotion_text
from automic_core.workbench.reviews import published_spec
from automic_core.workbench.values import plain

MOST_EDITS = 200
MOST_TEXT = 2_000_000
"""Characters of history kept; older edits are forgotten first."""
GROUPS: dict[str, registry.Group] = {"steps": "step", "rules": "rule"}


@dataclass(frozen=True)
class DraftView:
    """The promotion of a table as it is being edited.

    Attributes:
        table: The table's own name, without its layer.
        version: Of this state; 0 = nobody has saved a draft yet. Hand it to the next edit.
        data: ``schema``, ``steps`` and ``rules`` as in YAML; every step and rule has an id.
        text: The same as YAML.
        undo_label: What undo would take back; empty if there is nothing.
        redo_label: What redo would do again.
        actor: Who made the last change.
        updated_at: When; None if nobody saved yet.
    """

    table: str
    version: int
    data: dict[str, Any]
    text: str
    can_undo: bool
    can_redo: bool
    undo_label: str
    redo_label: str
    actor: str
    updated_at: datetime | None


def draft(lake: Lakehouse, table: str) -> DraftView:
    """The draft of a table's promotion; if there is none, what was published last."""
    name = _own(table)
    saved = lake.context.state.draft(_key(name))
    if saved is None:
        return _view(name, 0, _begun(lake, name), "", None)
    return _view(name, saved.version, json.loads(saved.spec), saved.actor, saved.updated_at)


def save_draft(lake: Lakehouse, table: str, data: Mapping[str, Any], version: int, label: str) -> DraftView:
    """Save an edit: one undo point.

    Args:
        lake: The lake.
        table: The table's name.
        data: ``schema``, ``steps`` and ``rules``; entries without an id are given one.
        version: Of the draft the edit began from.
        label: What the edit does, in a person's words; undo says it.

    Raises:
        ConflictError: The draft was changed elsewhere meanwhile; nothing is overwritten.
        ConfigError: It is no promotion at all. Unknown kinds and columns are kept: they are problems to show.
    """
    lake.context.writable()
    name = _own(table)
    _, book = _book(lake, name)
    now = datetime.now(UTC).isoformat()
    entry = {"label": label, "data": numbered(data), "actor": lake.context.actor, "at": now}
    history = [*book["history"][: book["at"] + 1], entry][-MOST_EDITS:]
    sizes = list(itertools.accumulate(len(json.dumps(each)) for each in reversed(history)))
    kept = max(2, sum(size <= MOST_TEXT for size in sizes))
    history = history[-kept:]
    return _saved(lake, name, {"history": history, "at": len(history) - 1}, version)


def save_draft_text(lake: Lakehouse, table: str, text: str, version: int, label: str = "Edit as YAML") -> DraftView:
    """The same from YAML."""
    return save_draft(lake, table, promotion_data(text, _own(table)), version, label)


def undo(lake: Lakehouse, table: str, version: int) -> DraftView:
    """Take the last edit back.

    Raises:
        ConflictError: The draft was changed elsewhere meanwhile.
        ConfigError: There is nothing to undo.
    """
    return _moved(lake, table, version, -1)


def redo(lake: Lakehouse, table: str, version: int) -> DraftView:
    """Do the edit again that was undone last.

    Raises:
        ConflictError: The draft was changed elsewhere meanwhile.
        ConfigError: There is nothing to redo.
    """
    return _moved(lake, table, version, 1)


def numbered(data: Mapping[str, Any]) -> dict[str, Any]:
    """A promotion as plain JSON data with all its keys; entries without an id get a free one.

    Raises:
        ConfigError: It is no promotion.
    """
    for key in data:
        if key not in KEYS:
            raise ConfigError(f"A promotion has no {key!r}.", f"Keys: {', '.join(KEYS)}.")
    schema = data.get("schema") or {}
    if not isinstance(schema, Mapping):
        raise ConfigError("schema is no mapping.", "Write column: type, one a line.")
    made: dict[str, Any] = {"schema": plain(schema)}
    for key, group in GROUPS.items():
        items = [dict(item) for _, item in entries(group, data.get(key))]
        taken = {str(item["id"]) for item in items if item.get("id")}
        free = (name for number in itertools.count(1) if (name := f"{key[0]}{number}") not in taken)
        made[key] = [plain({**item, "id": str(item.get("id") or next(free))}) for item in items]
        made[key] = [{"id": item["id"], "kind": item["kind"], **item} for item in made[key]]
    return made


def _moved(lake: Lakehouse, table: str, version: int, by: int) -> DraftView:
    lake.context.writable()
    name = _own(table)
    current, book = _book(lake, name)
    at = book["at"] + by
    if current == version and not 0 <= at < len(book["history"]):
        raise ConfigError(f"There is nothing to {'undo' if by < 0 else 'redo'} in the draft of {name}.")
    return _saved(lake, name, {**book, "at": at}, version)


def _saved(lake: Lakehouse, name: str, book: dict[str, Any], version: int) -> DraftView:
    state, actor = lake.context.state, lake.context.actor
    new = state.save_draft(_key(name), json.dumps(book), version, actor)
    return _view(name, new, book, actor, datetime.now(UTC))


def _view(name: str, version: int, book: dict[str, Any], actor: str, at: datetime | None) -> DraftView:
    history, here = book["history"], book["at"]
    data = history[here]["data"]
    undoes = history[here]["label"] if here else ""
    redoes = history[here + 1]["label"] if here + 1 < len(history) else ""
    can_redo = here + 1 < len(history)
    return DraftView(name, version, data, promotion_text(data), here > 0, can_redo, undoes, redoes, actor, at)


def _book(lake: Lakehouse, name: str) -> tuple[int, dict[str, Any]]:
    """Version and history of the draft."""
    saved = lake.context.state.draft(_key(name))
    return (saved.version, json.loads(saved.spec)) if saved is not None else (0, _begun(lake, name))


def _begun(lake: Lakehouse, name: str) -> dict[str, Any]:
    """A history of one state: what was published."""
    data = numbered(promotion_data(published_spec(lake, f"silver.{name}"), f"silver.{name}"))
    return {"history": [{"label": "", "data": data, "actor": "", "at": ""}], "at": 0}


def _key(name: str) -> str:
    return f"promotion:{name}"


def _own(table: str) -> str:
    return table.rpartition(".")[2]
