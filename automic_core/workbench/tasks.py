"""What a job can do: kind → function, imported on use.

A task is called with an open lake, the job's arguments and a listener for events. It returns plain values; ``run_id``
among them names the run in the ledger.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from automic_core.errors import AutomicError, ConfigError
from automic_core.events import Listener
from automic_core.jobs.working import Task
from automic_core.lake import Lakehouse
from automic_core.workbench import changing, lakes, monitoring


@dataclass(frozen=True)
class TaskKind:
    """One kind of job.

    Attributes:
        function: ``module:function``.
        layer: The layer of its table; empty = it changes no single table.
        verb: Begins its title.
        keeps: Whether what it committed stays when it is stopped, because it goes on from there.
    """

    function: str
    layer: str
    verb: str
    keeps: bool = False


KINDS = {
    "ingest": TaskKind("automic_core.workbench.tasks:ingest", "bronze", "Ingest"),
    "follow": TaskKind("automic_core.workbench.following:follow_task", "bronze", "Follow", keeps=True),
    "review": TaskKind("automic_core.workbench.reviews:review_task", "silver", "Stage"),
    "replay": TaskKind("automic_core.workbench.quarantining:replay_task", "silver", "Replay"),
    "build": TaskKind("automic_core.workbench.tasks:build", "gold", "Build"),
    "tidy": TaskKind("automic_core.workbench.maintaining:maintain_task", "bronze", "Tidy up", keeps=True),
    "measure": TaskKind("automic_core.workbench.monitoring:measure_task", "", "Measure"),
    "match": TaskKind("automic_core.workbench.match_all:match_task", "", "Match"),
    "prove": TaskKind("automic_core.workbench.proving:prove_task", "", "Prove"),
    "demo": TaskKind("automic_core.demo.task:demo", "", "Load the demo"),
}


def kind_of(name: str) -> TaskKind:
    """A kind of job by its name.

    Raises:
        ConfigError: There is no such kind.
    """
    if name not in KINDS:
        raise ConfigError(f"There is no job of the kind {name!r}.", f"Kinds: {', '.join(KINDS)}.")
    return KINDS[name]


def task_of(name: str) -> Task:
    """The function of a kind."""
    kind = kind_of(name)
    module, _, function = kind.function.partition(":")
    task: Task = getattr(importlib.import_module(module), function)
    if not kind.layer:
        return task

    def measured(lake: Lakehouse, arguments: dict[str, Any], on_event: Listener) -> Mapping[str, Any]:
        """The task; then the table it changed is measured, so that Monitors knows of it when somebody looks."""
        done = task(lake, arguments, on_event)
        if isinstance(done.get("table"), str):
            with suppress(AutomicError):  # the work is done and published; Monitors says itself what it cannot read
                monitoring.measure(lake, done["table"], seconds=monitoring.FIRST_LOOK)
        return done

    return measured


def ingest(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """Take the records of a source into bronze.

    Arguments: ``place``, ``table``, and perhaps ``kind``, ``options``, ``mode``, ``keys``, ``contract``, ``force``,
    ``incremental``.
    """
    from automic_core.workbench import sources

    policy = lakes.policy(lake.context.root)
    source = sources.build_source(arguments["place"], arguments.get("kind"), arguments.get("options"), policy)
    known = ("mode", "keys", "contract", "force", "incremental")
    how = {key: arguments[key] for key in known if arguments.get(key) is not None}
    done = changing.ingest(lake, source, arguments["table"], on_event=on_event, **how)
    return {
        "table": done.table,
        "rows": done.rows,
        "runs": [report.run_id for report in done.reports],
        "unchanged": done.unchanged,
        "warnings": [warning for report in done.reports for warning in report.warnings],
        **({"run_id": done.reports[-1].run_id} if done.reports else {}),
    }


def build(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """Build a gold table.

    Arguments: ``name``, and either ``sql`` or ``source``, ``group_by`` and ``aggregations``.
    """
    how = {key: arguments[key] for key in ("source", "group_by", "aggregations") if arguments.get(key) is not None}
    done = changing.build(lake, arguments["name"], arguments.get("sql"), on_event=on_event, **how)
    return {"table": done.table, "snapshot": done.snapshot, "run_id": done.report.run_id, "rows": done.report.rows_out}
