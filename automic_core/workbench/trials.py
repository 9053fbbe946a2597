"""A draft's pipeline tried on rows of bronze: a sample, or all of them; nothing is written."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import polars as pl

from automic_core import frames, registry
from automic_core.contracts import Fitted, Pair, ReadRequest, Rule, SourceAdapter, Transformer
from automic_core.errors import AutomicError, ConfigError, GateError
from automic_core.inference import DEFAULT_NULL_TOKENS, infer_exact
from automic_core.lake import Lakehouse
from automic_core.medallion.silver import BronzeRows, assembled
from automic_core.pipeline import RESERVED
from automic_core.planning import NamedStep
from automic_core.records import Schema
from automic_core.running import Run
from automic_core.storage import ruling
from automic_core.transforms.combine import Join, Union
from automic_core.workbench.lakes import policy
from automic_core.workbench.promotions import PromotionSpec, build_part, entries, promotion_of
from automic_core.workbench.values import all_rows

SAMPLE = 1_000
INFER_ROWS = 200_000
"""A larger table is typed by its first rows here; the promotion looks at all of them."""
CAST, LATEST = "cast", "latest"
RULES = "rules"
TAKEN = (*RESERVED, CAST, LATEST)
_KEPT = 16
_KEPT_REACHED, _KEPT_FITS, _KEPT_ROWS = 2, 64, 100_000
T = TypeVar("T")


class Kept(Generic[T]):
    """The last few values, by name; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most, self._values, self._lock = most, OrderedDict[Hashable, T](), threading.Lock()

    def get(self, name: Hashable) -> T | None:
        """The value, if it is still there."""
        with self._lock:
            return self._values.get(name)

    def put(self, name: Hashable, value: T) -> None:
        """Keep a value; the oldest goes."""
        with self._lock:
            self._values[name] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)


@dataclass(frozen=True)
class Base:
    """What every trial on one state of a bronze table shares.

    Attributes:
        rows: The sample, or a plan over all rows.
        total: Rows of bronze that count.
        inferred: The schema that the values prove.
        decided: Whether a person's decisions are in the rows.
        notes: What was simplified.
        pairs: What people decided about pairs of the rows.
        reached: Rows as they reached an entry in the last trials, by what stood before it.
        fits: What steps learned in the last trials, by what stood up to them.
    """

    rows: pl.LazyFrame
    size: int
    total: int
    keys: list[str]
    inferred: Schema
    decided: bool
    notes: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()
    reached: Kept[pl.DataFrame] = field(default_factory=lambda: Kept(_KEPT_REACHED), repr=False, compare=False)
    fits: Kept[Fitted] = field(default_factory=lambda: Kept(_KEPT_FITS), repr=False, compare=False)


@dataclass(frozen=True)
class Problem:
    """Why an entry of a draft cannot run.

    Attributes:
        entry: Id of the step or rule; "cast" for the schema.
        message, hint: In the core's words.
    """

    entry: str
    message: str
    hint: str = ""


class _Rows(SourceAdapter):
    kind = "bronze"
    tracked = True

    def __init__(self, name: str, rows: pl.LazyFrame) -> None:
        self._name, self._rows = name, rows

    @property
    def name(self) -> str:
        return self._name

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        return self._rows


@dataclass
class Parts:
    """The entries of a draft that can be made, in order, and why the others cannot."""

    schema: Schema
    steps: list[NamedStep]
    rules: list[tuple[str, Rule]]
    problems: list[Problem]


class Trial:
    """The pipeline of a draft over the rows of a base. Use inside ``conditions``."""

    def __init__(self, name: str, base: Base, parts: Parts) -> None:
        self.name, self.base, self.parts = name, base, parts
        source = _Rows(f"bronze.{name}", base.rows)
        self._source = source
        pipeline = assembled(name, source, base.keys, parts.schema, parts.steps, parts.rules, base.pairs)
        self.steps: list[NamedStep] = pipeline.active_steps()

    def position(self, entry: str) -> int:
        """Where a step stands; all rules stand at the end.

        Raises:
            ConfigError: It is switched off, broken or unknown.
        """
        wanted = RULES if entry in {rule_id for rule_id, _ in self.parts.rules} else entry
        for number, named in enumerate(self.steps):
            if named.id == wanted:
                return number
        problem = next((each for each in self.parts.problems if each.entry == entry), None)
        if problem is not None:
            raise ConfigError(problem.message, problem.hint)
        raise ConfigError(f"{entry!r} does not run in the draft of {self.name}.", "Is it switched off?")

    def rule(self, entry: str) -> Rule | None:
        """The rule with this id, if it is one."""
        return dict(self.parts.rules).get(entry)

    def run(self, steps: Sequence[NamedStep]) -> tuple[Run, str]:
        """Run some of the steps to the end; also what a gate says.

        Raises:
            AutomicError: Whatever stopped it.
        """
        names = self._names(steps)
        kept = {each: self.base.fits.get(name) for each, name in names.items()}
        known = {each: fitted for each, fitted in kept.items() if fitted is not None}
        run = Run(f"promote {self.name}", self._source, steps, known=known)
        tee = run.survivors()
        for _batch in tee.batches():
            pass
        run.report.rows_out = tee.kept
        for each, name in names.items() if self.base.size <= _KEPT_ROWS else ():
            if each in run.fitted:
                self.base.fits.put(name, run.fitted[each])
        try:
            run.finish(tee)
        except GateError as gate:
            return run, gate.message
        return run, ""

    def entering(self, position: int) -> pl.DataFrame:
        """Living rows as they reach a step, tracked; kept, so that other settings of it are quickly tried."""
        if position == 0:
            return frames.track(self.base.rows).collect()
        before = self.steps[:position]
        name = self._names(before).get(before[-1].id)
        found = self.base.reached.get(name) if name is not None else None
        if found is not None:
            return found
        run, _ = self.run(before)
        found = run.stages[-1].frame.filter(frames.alive()).collect()
        if name is not None and found.height <= _KEPT_ROWS:
            self.base.reached.put(name, found)
        return found

    def _names(self, steps: Sequence[NamedStep]) -> dict[str, str]:
        """Each step by what it and all before it are set to, up to one that reads a second table, which may change."""
        drafted = {named.id for named in self.parts.steps}
        names, so_far = {}, repr(self.parts.schema)
        for named in steps:
            if isinstance(named.step, Join | Union):
                break
            so_far = f"{so_far}, {named.id}: {named.step if named.id in drafted else ''!r}"
            names[named.id] = so_far
        return names


@contextmanager
def conditions(lake: Lakehouse, base: Base) -> Iterator[None]:
    """What a promotion would find: tables of the lake, its policy, waived rules."""
    token = frames.waivers_present.set(base.decided)
    try:
        with lake.context.resolving(), ruling(policy(lake.context.root)):
            yield
    finally:
        frames.waivers_present.reset(token)


def parts_of(data: Mapping[str, Any] | PromotionSpec, inferred: Schema) -> Parts:
    """The steps and rules of a draft that are switched on; those that cannot be made are problems."""
    if isinstance(data, PromotionSpec):
        return Parts(data.schema(inferred), data.steps, data.rules, [])
    schema, problems = _accepted(data, inferred)
    parts = Parts(schema, [], [], problems)
    for group, key in (("step", "steps"), ("rule", "rules")):
        seen: set[str] = set()
        for entry, item in entries(group, data.get(key)):  # type: ignore[arg-type]
            if not item.get("enabled", True):
                continue
            try:
                _check_id(entry, seen)
                part: Transformer | Rule = build_part(group, item)  # type: ignore[arg-type]
            except AutomicError as exc:
                problems.append(Problem(entry, exc.message, exc.hint))
                continue
            seen.add(entry)
            if isinstance(part, Rule):
                parts.rules.append((entry, part))
            else:
                parts.steps.append(NamedStep(entry, part))
    return parts


def _check_id(entry: str, seen: set[str]) -> None:
    if entry in TAKEN or entry in seen:
        raise ConfigError(f"The id {entry!r} is taken.", "Give each entry an id of its own.")


def _accepted(data: Mapping[str, Any], inferred: Schema) -> tuple[Schema, list[Problem]]:
    """The schema with the accepted columns that are there."""
    accepted = PromotionSpec()
    problems = []
    for name, spec in (data.get("schema") or {}).items():
        try:
            one = promotion_of({"schema": {name: spec}}, "schema")
            one.schema(inferred)
            accepted.columns.update(one.columns)
        except AutomicError as exc:
            problems.append(Problem(CAST, exc.message, exc.hint))
    return accepted.schema(inferred), problems


def sentence(base: Base, name: str) -> str:
    """Which rows are looked at."""
    if base.size >= base.total:
        return f"{all_rows(base.total)} of bronze.{name}"
    return f"first {base.size:,} of {base.total:,} rows of bronze.{name}"


def kinds_of(data: Mapping[str, Any]) -> dict[str, registry.Group]:
    """Id of each entry to its group."""
    groups: tuple[tuple[str, registry.Group], ...] = (("steps", "step"), ("rules", "rule"))
    return {entry: group for key, group in groups for entry, _ in entries(group, data.get(key))}


_known: Kept[Base] = Kept(_KEPT)


def base_of(lake: Lakehouse, table: str, rows: int | None = SAMPLE) -> Base:
    """The first ``rows`` rows of bronze (None = a plan over all), kept while bronze and the decisions stay as they are.

    Raises:
        CatalogError: There is no such bronze table.
    """
    name = table.rpartition(".")[2]
    source = BronzeRows(lake.context, name)
    where = str(lake.context.root), name, source.snapshot, source.decided
    found = _known.get((*where, rows))
    if found is not None:
        return found
    plan = source.scan()
    if rows is None:
        base = base_of(lake, table)
        found = Base(plan, base.total, base.total, base.keys, base.inferred, base.decided, base.notes, base.pairs)
    else:
        found = _sampled(plan, name, rows, source)
    _known.put((*where, rows), found)
    return found


def _sampled(plan: pl.LazyFrame, name: str, rows: int, source: BronzeRows) -> Base:
    total = int(plan.select(pl.len()).collect().item())
    sample = plan.head(rows).collect()
    looked = plan.head(INFER_ROWS)
    if frames.RESCUED in plan.collect_schema():
        looked = looked.filter(pl.col(frames.RESCUED).str.json_path_match("$.reason").is_null())
    inferred = infer_exact(looked.select(frames.data_columns(looked)), null_tokens=DEFAULT_NULL_TOKENS, name=name)
    inferred.inferred = True
    few = f"Types nobody accepted are guessed from the first {INFER_ROWS:,} rows."
    notes = (few,) if total > INFER_ROWS else ()
    decided, pairs = bool(source.decisions), tuple(source.pairs())
    return Base(sample.lazy(), sample.height, total, source.layout.keys, inferred, decided, notes, pairs)
