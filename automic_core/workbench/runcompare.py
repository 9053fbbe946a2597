"""Two runs side by side: rows, ledger lines, reasons, columns, and what was changed in the pipeline."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any, Literal

from automic_core import frames
from automic_core.errors import AutomicError, ConfigError
from automic_core.events import RunReport
from automic_core.lake import Lakehouse
from automic_core.medallion.preparing import type_name
from automic_core.workbench.exporting import export_run
from automic_core.workbench.rundetail import RunDetail, run_detail


@dataclass(frozen=True)
class StepPair:
    """A ledger line of both runs; None where a run has no such step."""

    step: str
    kind: str
    rows_in: tuple[int | None, int | None]
    rows_out: tuple[int | None, int | None]
    removed: tuple[int | None, int | None]


@dataclass(frozen=True)
class ColumnPair:
    """A column whose type is not the same in both states; empty where it is missing."""

    name: str
    types: tuple[str, str]


@dataclass(frozen=True)
class RunComparison:
    """Two runs.

    Attributes:
        figures: Name to its value in both: rows in, rows out, each reason a row was removed for.
        columns: Columns that differ; None if a run's state is gone.
        columns_total: Columns of each state.
        spec: The lines of the pipeline's YAML: same, gone, new; None if one of them was not kept.
        why: Why there is no ``spec``.
    """

    runs: tuple[RunDetail, RunDetail]
    figures: dict[str, tuple[int, int]]
    steps: list[StepPair]
    columns: list[ColumnPair] | None
    columns_total: tuple[int, int]
    spec: list[tuple[Literal["same", "gone", "new"], str]] | None
    why: str = ""

    @property
    def same_spec(self) -> bool:
        """Whether both did the same."""
        return self.spec is not None and all(kind == "same" for kind, _ in self.spec)


def compare_runs(lake: Lakehouse, first: str, second: str) -> RunComparison:
    """Compare two runs.

    Raises:
        ConfigError: One of them is no run, or left no ledger.
    """
    left, right = run_detail(lake, first), run_detail(lake, second)
    reports = tuple(_report(each) for each in (left, right))
    columns, totals = _columns(lake, left, right)
    spec, why = _specs(lake, left, right)
    return RunComparison((left, right), _figures(*reports), _steps(*reports), columns, totals, spec, why)


def _report(detail: RunDetail) -> RunReport:
    if detail.report is None:
        raise ConfigError(f"{detail.line.title} ({detail.line.id}) left no ledger.", "Compare runs that succeeded.")
    return RunReport.from_dict(detail.report)


def _figures(left: RunReport, right: RunReport) -> dict[str, tuple[int, int]]:
    found = {"rows in": (left.rows_in, right.rows_in), "rows out": (left.rows_out, right.rows_out)}
    counts = [_reasons(report) for report in (left, right)]
    for reason in {**counts[0], **counts[1]}:
        found[reason] = (counts[0].get(reason, 0), counts[1].get(reason, 0))
    return found


def _reasons(report: RunReport) -> dict[str, int]:
    """Rows by the step and the reason they left for, or were warned of."""
    found: dict[str, int] = {}
    for step in report.steps:
        for reason, rows in step.removed.items():
            kind, _, detail = reason.partition(":")
            found[f"{kind} by {detail or step.id}"] = found.get(f"{kind} by {detail or step.id}", 0) + rows
        for rule, rows in step.warned.items():
            found[f"warned by {rule}"] = rows
        if step.grouped:
            found[f"aggregated by {step.id}"] = step.grouped
    return found


def _steps(left: RunReport, right: RunReport) -> list[StepPair]:
    """Lines matched by step id, in the order of the newer run, those only the older has in their place."""
    one, two = ({step.id: step for step in report.steps} for report in (left, right))
    order = list(two)
    for place, step_id in enumerate(one):
        if step_id not in two:
            order.insert(min(place, len(order)), step_id)
    found = []
    for step_id in order:
        a, b = one.get(step_id), two.get(step_id)
        known: Any = b or a
        found.append(
            StepPair(
                step_id,
                known.kind,
                (a.rows_in if a else None, b.rows_in if b else None),
                (a.rows_out if a else None, b.rows_out if b else None),
                (sum(a.removed.values()) if a else None, sum(b.removed.values()) if b else None),
            )
        )
    return found


def _columns(lake: Lakehouse, left: RunDetail, right: RunDetail) -> tuple[list[ColumnPair] | None, tuple[int, int]]:
    if left.snapshot is None or right.snapshot is None:
        return None, (0, 0)
    one, two = _types(lake, left.line.table, left.snapshot), _types(lake, right.line.table, right.snapshot)
    pairs = [ColumnPair(name, (one.get(name, ""), two.get(name, ""))) for name in {**one, **two}]
    return [pair for pair in pairs if pair.types[0] != pair.types[1]], (len(one), len(two))


def _types(lake: Lakehouse, table: str, snapshot: int) -> dict[str, str]:
    schema = lake.scan(table, snapshot).collect_schema()
    return {name: type_name(schema[name]) for name in frames.data_names(schema)}


def _specs(
    lake: Lakehouse, left: RunDetail, right: RunDetail
) -> tuple[list[tuple[Literal["same", "gone", "new"], str]] | None, str]:
    try:
        one, two = (export_run(lake, each.line.id).yaml.splitlines() for each in (left, right))
    except AutomicError as exc:
        return None, exc.message
    kinds: dict[str, Literal["same", "gone", "new"]] = {"  ": "same", "- ": "gone", "+ ": "new"}
    return [(kinds[line[:2]], line[2:]) for line in difflib.ndiff(one, two) if line[:2] in kinds], ""
