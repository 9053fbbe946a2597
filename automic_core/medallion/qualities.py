"""In what state tables are: what the gates of the run that made them found, and whether their sources moved on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pyiceberg.table import Table

from automic_core.assist.asking.answers import Quality
from automic_core.errors import AutomicError
from automic_core.medallion.context import REPORT, RUN_ID, LakeContext, made_by
from automic_core.medallion.quarantine import set_aside
from automic_core.medallion.silver import SOURCES


def qualities(context: LakeContext, snapshots: Mapping[str, int]) -> tuple[Quality, ...]:
    """The quality of tables at the states that were read.

    Args:
        context: The lake.
        snapshots: Full name to the state.
    """
    found = []
    for name, snapshot in snapshots.items():
        table = context.table(name)
        if table is not None:
            found.append(_quality(context, name, table, snapshot))
    return tuple(found)


def _quality(context: LakeContext, name: str, table: Table, snapshot: int) -> Quality:
    made = made_by(table, snapshot)
    report: dict[str, Any] = json.loads(made.get(REPORT, "{}"))
    gates: Counter[str] = Counter()
    for step in report.get("steps", []):
        gates.update(step.get("warned", {}))
        for why, rows in step.get("removed", {}).items():
            kind, _, rule = why.partition(":")
            if rule and kind in ("quarantined", "dropped"):
                gates[rule] += rows
    entry = table.snapshot_by_id(snapshot)
    at = datetime.fromtimestamp(entry.timestamp_ms / 1000, UTC) if entry is not None else None
    layer = name.partition(".")[0]
    behind = tuple(_moved(context, _sources(made)))
    return Quality(
        name, snapshot, at, report.get("rows_in"), set_aside(made), dict(gates), behind, layer in ("silver", "gold")
    )


def _sources(made: Mapping[str, str]) -> dict[str, int]:
    said = json.loads(made.get(SOURCES, "{}"))
    return {str(name): int(state) for name, state in said.items() if state} if isinstance(said, dict) else {}


def _moved(context: LakeContext, sources: Mapping[str, int]) -> Iterable[str]:
    """Sources whose rows were made by another run since, or that are gone; compaction changes none."""
    for name, snapshot in sources.items():
        try:
            table = context.table(name)
            now = made_by(table).get(RUN_ID) if table is not None else None
            then = made_by(table, snapshot).get(RUN_ID) if table is not None else None
        except AutomicError:  # a state that maintenance has removed since
            now, then = "", None
        if now is None or now != then:
            yield name
