"""Input beside output of one step of a draft, on the same sample; and what is wrong with a draft without running it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import Rule, Transformer
from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from automic_core.planning import NamedStep
from automic_core.running import Run
from automic_core.transforms.columns import Rename
from automic_core.workbench.costs import Cost, Curve, costs_at
from automic_core.workbench.edits import listed
from automic_core.workbench.findings import Change, Finding, changes_between, found_by_rule, found_by_step
from automic_core.workbench.promotions import PromotionSpec
from automic_core.workbench.trials import LATEST, RULES, SAMPLE, Problem, Trial, base_of, conditions, parts_of, sentence
from automic_core.workbench.values import Rows, rows_of

MOST_COLUMNS = 60
_INNER = frozenset((frames.FATE, frames.RESCUED, frames.ORIGIN, frames.WAIVED, frames.WEIGHT, frames.SOURCE_ROW))


@dataclass(frozen=True)
class Preview:
    """A step on a sample.

    Attributes:
        sample: Which rows were looked at, in words.
        before: Rows as they reach the step; of a wide table the columns in question and some others.
        after: The same rows, in the same order, as they leave it; removed ones as they came. If the step makes rows of
            its own (aggregate, join …), these, and ``aligned`` is False.
        changes: Cells that are different afterwards, the first ones; ``changed`` counts all.
        findings: Rows the step removes or points at, with the reason.
        added, dropped: Columns.
        renamed: Old name to new name.
        ledger: The run report of the whole draft on the sample.
        ms: How long it took.
        notes: What the person should know about the sample.
        problem: Why the step could not run; ``after`` is then empty.
        named: Columns that the entry's options name.
        cost, curves: Rows the entry affects, and would affect with other settings, on this sample.
    """

    table: str
    entry: str
    sample: str
    before: Rows
    after: Rows
    aligned: bool
    changes: list[Change]
    changed: int
    findings: list[Finding]
    added: list[str]
    dropped: list[str]
    renamed: dict[str, str]
    ledger: dict[str, Any]
    ms: int
    notes: list[str] = field(default_factory=list)
    problem: Problem | None = None
    named: list[str] = field(default_factory=list)
    cost: Cost | None = None
    curves: list[Curve] = field(default_factory=list)

    @property
    def focus(self) -> list[str]:
        """Columns worth seeing first: those the step made, changed or points at."""
        pointed = (column for each in self.findings for column in each.columns)
        there = dict.fromkeys(
            [*self.named, *self.added, *self.renamed.values(), *(c.column for c in self.changes), *pointed]
        )
        return list(there)

    @property
    def effects(self) -> dict[str, str]:
        """What each entry does to the rows of the sample, in a few characters; those that do nothing are left out."""
        gone: Counter[str] = Counter()
        other: dict[str, str] = {}
        for line in self.ledger["steps"]:
            for reason, rows in line["removed"].items():
                gone[reason.partition(":")[2] if line["id"] == RULES else line["id"]] += rows
            if line["grouped"] or line["added"]:
                other[line["id"]] = f"→ {line['rows_out']:,}"
            other.update({rule: f"{rows:,} warned" for rule, rows in line["warned"].items()})
        return {entry: f"\N{MINUS SIGN}{rows:,}" for entry, rows in gone.items()} | other


def preview_step(
    lake: Lakehouse, table: str, data: Mapping[str, Any] | PromotionSpec, entry: str, rows: int = SAMPLE
) -> Preview:
    """What one step or rule does to the first rows of bronze, after the steps before it.

    Args:
        lake: The lake.
        table: The table's name.
        data: The draft, or a promotion.
        entry: Id of a step or rule; "cast" for typing by the schema.
        rows: Size of the sample.

    Raises:
        CatalogError: There is no such bronze table.
        AutomicError: A step before this one cannot run.
    """
    began = time.perf_counter()
    base = base_of(lake, table, rows)
    name = table.rpartition(".")[2]
    with conditions(lake, base):
        trial = Trial(name, base, parts_of(data, base.inferred))
        position = trial.position(entry)
        whole, ledger, notes = _ledger(trial, position)
        entering = _entering(trial, position, whole)
        try:
            result = _outcome(trial, position, entry, entering, whole)
            problem = None
        except AutomicError as exc:
            result = _Outcome(entering.clear(), False, [])
            problem = Problem(entry, exc.message, exc.hint)
        part = trial.rule(entry) or trial.steps[position].step
        item = None if isinstance(data, PromotionSpec) else next((e for e in listed(data) if e.id == entry), None)
        cost, curves = costs_at(item, part, entering, base, name) if item is not None else (None, [])
    before, after = _shown(entering), _shown(result.rows)
    cells, changed = changes_between(entering, result.rows) if result.aligned else ([], 0)
    named = trial.steps[position].step
    renamed = dict(named.columns) if isinstance(named, Rename) and problem is None else {}
    there, then = before.columns, after.columns if problem is None else before.columns
    found = Preview(
        name,
        entry,
        sentence(base, name),
        Rows({}, []),
        Rows({}, []),
        result.aligned,
        cells,
        changed,
        result.findings,
        [column for column in then if column not in there and column not in renamed.values()],
        [column for column in there if column not in then and column not in renamed],
        renamed,
        ledger,
        0,
        [*base.notes, *notes, *_wide(before, after)],
        problem,
        _named(part, {*there, *then}),
        cost,
        curves,
    )
    came, left = (rows_of(_first(frame, found.focus)) for frame in (before, after))
    return replace(found, before=came, after=left, ms=round((time.perf_counter() - began) * 1000))


def _first(frame: pl.DataFrame, focus: Sequence[str]) -> pl.DataFrame:
    """The columns that matter, then the others as far as a page can show them; in the order of the frame."""
    chosen = [frames.RID, *focus, *(name for name in frame.columns if name not in focus)]
    kept = {name for name in chosen[: MOST_COLUMNS + 1] if name in frame.columns}
    return frame.select(name for name in frame.columns if name in kept)


def _wide(*shown: pl.DataFrame) -> list[str]:
    most = max(frame.width for frame in shown) - 1
    return [f"Showing {MOST_COLUMNS} of {most:,} columns, those in question first."] if most > MOST_COLUMNS else []


def _named(part: Transformer | Rule, known: set[str]) -> list[str]:
    """Columns among the values of a part's options."""
    found: list[str] = []
    for value in vars(part).values():
        values = [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple | dict) else []
        found += [each for each in values if isinstance(each, str) and each in known]
    return list(dict.fromkeys(found))


@dataclass
class _Outcome:
    rows: pl.DataFrame
    aligned: bool
    findings: list[Finding]


def _ledger(trial: Trial, position: int) -> tuple[Run | None, dict[str, Any], list[str]]:
    """The run of the whole draft if it succeeds, and the ledger of as much of it as runs."""
    whole: Run | None = None
    try:
        whole, gate = trial.run(trial.steps)
        report = whole.report
    except AutomicError:
        part, gate = trial.run(trial.steps[:position])
        report = part.report
    notes = [f"A rule would stop the promotion: {gate}."] if gate else []
    learned = [named.id for named in trial.steps[: position + 1] if named.step.fits and named.id != LATEST]
    if learned and trial.base.size < trial.base.total:
        notes.append(f"{', '.join(learned)} learned from the sample here; the promotion learns from all rows.")
    return whole, report.to_dict(), notes


def _entering(trial: Trial, position: int, whole: Run | None) -> pl.DataFrame:
    """Living rows as they reach a step."""
    frame = _place(whole, trial.steps[position])
    if frame is None:
        return trial.entering(position)
    return frame[0].filter(frames.alive()).collect()


def _place(run: Run | None, named: NamedStep) -> tuple[pl.LazyFrame, pl.LazyFrame] | None:
    """The tracked rows before and after a step in a finished run; None if it is not in there or makes new rows."""
    for stage in run.stages if run is not None else ():
        ids = [each.id for each, _ in stage.steps]
        if named.id in ids:
            number = ids.index(named.id)
            entered = [frame for _, frame in stage.replay(stage.start)]
            return entered[number], named.run(entered[number], stage.steps[number][1])
    return None


def _outcome(trial: Trial, position: int, entry: str, entering: pl.DataFrame, whole: Run | None) -> _Outcome:
    rule = trial.rule(entry)
    if rule is not None:
        return _Outcome(entering, True, found_by_rule(entry, rule, entering))
    named = trial.steps[position]
    run = whole
    place = _place(whole, named)
    if run is None or place is None:
        run, _ = trial.run(trial.steps[: position + 1])
        place = _place(run, named)
    if place is None:
        made = run.stages[-1].start.drop(frames.FATE).collect()
        return _Outcome(made, False, found_by_step(named, entering, None, run))
    kept = entering.select(frames.RID)
    after = kept.join(place[1].collect(), on=frames.RID, how="left", maintain_order="left")
    return _Outcome(after, True, found_by_step(named, entering, after, run))


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    """Data, the marks that steps leave, and ``_rid`` first."""
    names = [name for name in frame.columns if name not in _INNER and name != frames.RID]
    return frame.select([frames.RID, *names] if frames.RID in frame.columns else names)
