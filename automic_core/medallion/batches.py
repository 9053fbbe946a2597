"""What the snapshots of a bronze table say about its batches."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from pyiceberg.table import Table

from automic_core.errors import LedgerError
from automic_core.lakehouse.commits import ancestors, full_name, head

RID_BITS = 36
"""``_rid`` = batch number << RID_BITS | record ordinal."""
BATCH, SOURCE, HASH = "automic.batch", "automic.source", "automic.content-hash"
MODE, KEYS = "automic.mode", "automic.keys"
INCREMENTAL = "automic.incremental"
"""How a batch was read that holds only a part of its source, as JSON."""
CHANGES = "changes"
"""The mode of a change log: silver reads what its changes made of each key."""
READ_AS = "automic.read-as"
LAST = "automic.last-batch"
"""The newest batch of a change log, in every state that says how far it goes, with rows or without."""


def content_key(summary: Mapping[str, str]) -> str:
    """What tells a batch from others of its source: its content hash; a part of the content is not all of it."""
    return f"{summary[HASH]}#{summary[BATCH]}" if INCREMENTAL in summary else summary[HASH]


def known_batches(table: Table | None) -> dict[tuple[str, str], int]:
    """Batches that a table holds by (source, content key), from the snapshots of its main; not those rolled back.

    Raises:
        LedgerError: Two batches of the table carry one number.
    """
    found = {(summary[SOURCE], content_key(summary)): int(summary[BATCH]) for summary in _batches(table)}
    if table is not None and len(set(found.values())) < len(found):
        raise LedgerError(
            f"Two batches of {full_name(table)} carry the same number.", "Restore the table from its history."
        )
    return found


def rows_of_others(table: Table | None, source: str, content: str) -> int:
    """How many rows a table took of this source when its content was another one; it holds them still."""
    rows = 0
    for each in _batches(table):
        if each[SOURCE] == source:
            rows = 0 if each.get(MODE) == "snapshot" else rows  # it replaced those before
            rows += 0 if each[HASH] == content else int(each.get("added-records", 0))
    return rows


def _batches(table: Table | None, snapshot: int | None = None, said: str = BATCH) -> list[Mapping[str, str]]:
    """Properties of the snapshots that brought a batch, or say something else, oldest first."""
    line = ancestors(table, snapshot or head(table)) if table is not None else []
    snapshots = [table.snapshot_by_id(each) for each in reversed(line)] if table is not None else []
    found = [s.summary.additional_properties for s in snapshots if s is not None and s.summary is not None]
    return [summary for summary in found if said in summary]


def read_as(table: Table) -> dict[int, tuple[dict[str, Any], str]]:
    """How each batch was read (kind and options of its source) and its content hash, where that is known."""
    return {int(s[BATCH]): (json.loads(s[READ_AS]), s[HASH]) for s in _batches(table) if READ_AS in s}


def last_number(table: Table | None) -> int:
    """The highest batch number ever given in a table, also in states that were rolled back."""
    found = [s.summary.additional_properties for s in table.snapshots() if s.summary] if table is not None else []
    return max((int(summary[BATCH]) for summary in found if BATCH in summary), default=0)


@dataclasses.dataclass(frozen=True)
class BronzeLayout:
    """How a bronze table is to be read.

    Attributes:
        mode: append or snapshot, as the newest batch said.
        keys: Declared key columns.
        newest: Source to its newest batch number.
        older: Batches that newer ones of their source supersede.
    """

    mode: str
    keys: list[str]
    newest: dict[str, int]
    older: int


def layout(table: Table, snapshot: int | None = None) -> BronzeLayout:
    """The layout of a table in a state, by default main's head, from the snapshots that led to it."""
    mode, keys, last = "append", "[]", -1
    newest: dict[str, int] = {}
    batches = _batches(table, snapshot) or _batches(table, snapshot, LAST)[-1:]  # of a log the batches may be forgotten
    for summary in batches:
        number = int(summary.get(BATCH, summary.get(LAST, 0)))
        newest[summary[SOURCE]] = max(number, newest.get(summary[SOURCE], 0))
        if number > last:
            mode, keys, last = summary.get(MODE, mode), summary.get(KEYS, keys), number
    return BronzeLayout(mode, json.loads(keys), newest, len(batches) - len(newest))
