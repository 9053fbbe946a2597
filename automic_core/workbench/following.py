"""Follow a table of a source into a lake, change by change: how it can be followed, what was read, how far."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import SourceAdapter
from automic_core.contracts.changes import AGAIN, OP, Followed
from automic_core.errors import AutomicError
from automic_core.events import Listener
from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.medallion.applying import APPLIED, blocked
from automic_core.medallion.batches import RID_BITS
from automic_core.medallion.changelog import place as place_of
from automic_core.medallion.context import made_by
from automic_core.medallion.following import Following, Silver
from automic_core.state.jobs import Job
from automic_core.storage import AccessPolicy
from automic_core.workbench import lakes
from automic_core.workbench.sources import build_source

OPS = {"i": "inserted", "u": "updated", "d": "deleted", "t": "emptied"}
_LOGS = {
    "postgresql": ("the write-ahead log of PostgreSQL, by a slot of its own", "LSN"),
    "mysql": ("the binary log of the server", "Place in the binary log"),
    "mongodb": ("the change stream of MongoDB", "Resume token"),
}
_LOOKING = "automic_look"


@dataclass(frozen=True)
class LogChoice:
    """Whether the changes of a source can be read from a log.

    Attributes:
        log: The log in words; empty = the source keeps none and is compared.
        keys: Columns by which the log tells rows.
        problem: Why this table cannot be followed by the log; empty if it can.
        hint: What to do about that.
        notes: What a person should know of it.
    """

    log: str
    keys: list[str] = field(default_factory=list)
    problem: str = ""
    hint: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """Whether the log can be followed as it is."""
        return bool(self.log) and not self.problem


@dataclass(frozen=True)
class ChangeLogView:
    """A bronze table that is a change log.

    Attributes:
        table: Full name.
        position: Up to where its source's log is in the table; empty = the source was compared.
        place: What such a position is called.
        at: When it came there.
        changes: Changes by what they were: inserted, updated, deleted, emptied.
        silver: What silver makes of them: state, history, or empty for nothing.
        waiting: Changes that silver does not have yet.
        blocked: Why changes do not reach silver by themselves; empty if they do.
    """

    table: str
    source: str
    keys: list[str]
    position: str
    place: str
    at: datetime
    changes: dict[str, int]
    silver: str
    waiting: int
    blocked: str


def follow(
    lake: Lakehouse,
    source: SourceAdapter,
    table: str,
    *,
    keys: Sequence[str] | None = None,
    silver: Silver = "same",
    until_now: bool = True,
    compare: bool = False,
    fresh: bool = False,
    contract: str = "evolve",
    every: float = 1.0,
    stop: Callable[[], bool] | None = None,
    on_event: Listener | None = None,
) -> Following:
    """Take the changes of a source into a change log and apply them to silver; arguments as ``lake.bronze.follow``."""
    return lake.bronze.follow(
        source,
        table,
        keys=keys,
        silver=silver,
        until_now=until_now,
        compare=compare,
        fresh=fresh,
        contract=contract,
        every=every,
        stop=stop,
        on_event=on_event,
    )


def unfollow(lake: Lakehouse, source: SourceAdapter, table: str) -> None:
    """Give up the source's log of a table; what is in the lake stays."""
    lake.bronze.unfollow(source, table)


def log_choice(
    place: str, kind: str | None = None, options: Mapping[str, Any] | None = None, policy: AccessPolicy | None = None
) -> LogChoice:
    """How the changes of a source can be followed; nothing is made there. Arguments as for ``build_source``."""
    source = build_source(place, kind, options, policy)
    if not isinstance(source, Followed):
        return LogChoice("")
    words, _ = _LOGS.get(source.kind, ("a log of its own", ""))
    try:
        log = source.change_log(_LOOKING)
        return LogChoice(words, log.keys, notes=log.notes())
    except AutomicError as exc:
        return LogChoice(words, [], exc.message, exc.hint)


def change_log(lake: Lakehouse, table: str) -> ChangeLogView | None:
    """How far a table was followed, and what came; None if it is no change log in bronze.

    Raises:
        CatalogError: There is no such table.
    """
    short = table.rpartition(".")[2]
    name = f"bronze.{short}"
    stored = lake.context.need(name)
    found = place_of(stored)
    if found is None:
        return None
    rows = tables.scan(stored)
    counted = dict(rows.group_by(OP).agg(pl.len()).collect().iter_rows())
    silver = lake.context.table(f"silver.{short}")
    said: dict[str, Any] = json.loads(made_by(silver).get(APPLIED, "{}")) if silver is not None else {}
    newer = rows.filter(pl.col(frames.RID) >= (said.get("batch", 0) + 1) << RID_BITS)
    return ChangeLogView(
        name,
        found.source,
        found.keys,
        _shown(found.position),
        _LOGS.get(found.source.partition(":")[0], ("", "Position"))[1],
        found.at,
        {word: counted.get(op, 0) for op, word in OPS.items()},
        said.get("kind", ""),
        int(newer.select(pl.len()).collect().item()),
        blocked(lake.context, short) or "",
    )


def follow_task(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """Read the changes of a source until the present, as a job; what was committed stays when it is stopped.

    Arguments: ``place``, ``table``, and perhaps ``kind``, ``options``, ``keys``, ``silver``, ``compare``, ``fresh``,
    ``contract``.
    """
    policy = lakes.policy(lake.context.root)
    source = build_source(arguments["place"], arguments.get("kind"), arguments.get("options"), policy)
    known = ("keys", "silver", "compare", "fresh", "contract")
    how = {key: arguments[key] for key in known if arguments.get(key) is not None}
    stop = lambda: bool(getattr(on_event, "cancelled", False))  # noqa: E731
    done = follow(lake, source, arguments["table"], on_event=on_event, stop=stop, **how)
    return {
        "table": done.table,
        "rows": done.ops.total(),
        "changes": changes_told(done.ops),
        "position": _shown(done.position),
        "began": done.began,
        "silver": dict(done.applied),
        "run_id": done.report.run_id,
        "warnings": [*done.report.notes, *done.report.warnings],
    }


def changes_told(ops: Counter[str]) -> str:
    """Changes in words: "2 inserted, 1 deleted"."""
    parts = [f"{ops[op]:,} {'times emptied' if op == 't' else word}" for op, word in OPS.items() if ops[op]]
    return ", ".join(parts) or "nothing has changed"


def way_back(job: Job) -> dict[str, Any] | None:
    """Arguments for a job that begins anew from a snapshot, if one failed because its source's log is lost."""
    lost = job.kind == "follow" and job.state == "failed" and AGAIN in (job.hint or "")
    return {**job.arguments, "fresh": True} if lost else None


def read_again(lake: Lakehouse, table: str) -> dict[str, Any] | None:
    """Arguments of the job that followed a bronze table last, to read on from there; None if no job did."""
    found = [job for job in lake.context.state.jobs.newest(50, tables=[table]) if job.kind == "follow"]
    return {key: value for key, value in found[0].arguments.items() if key != "fresh"} if found else None


def _shown(position: str) -> str:
    """A position as people read it: of MongoDB's the token, without what belongs to it."""
    return position.partition(" ")[0]
