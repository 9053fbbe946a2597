"""The matching behind the Match page: one for each state of table, draft and decisions, kept while it is in use."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from automic_core import frames, registry
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.matching.engine import Matching, probability
from automic_core.medallion.decisions import TABLE as DECISIONS
from automic_core.transforms.dedup import Deduplicator
from automic_core.workbench.edits import Edit, add_entry, listed, set_options
from automic_core.workbench.trials import Trial, base_of, conditions, parts_of, sentence

MOST_ROWS = 10_000
"""Rows that are matched while a person waits."""
_KEPT = 4


@dataclass(frozen=True)
class MatchStep:
    """The step of a draft that merges rows by likeness, or the one that is proposed.

    Attributes:
        entry: Its id.
        options: As in YAML.
        proposed: Whether the draft has no such step yet.
        edit: The draft with it; the draft itself if it is there.
    """

    entry: str
    options: dict[str, Any]
    proposed: bool
    edit: Edit


def match_step(data: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> MatchStep:
    """The last fuzzy deduplication of a draft; else one is proposed: in the place of the last exact one, or at the end.

    Args:
        data: The draft.
        changes: Options that shall be others; None takes one back to its default.
    """
    steps = [each for each in listed(data) if each.group == "step" and each.kind == "dedup" and each.enabled]
    fuzzy = [each for each in steps if each.options.get("match_mode") == "fuzzy"]
    if fuzzy:
        options = {name: value for name, value in {**fuzzy[-1].options, **(changes or {})}.items() if value is not None}
        return MatchStep(fuzzy[-1].id, options, False, set_options(data, fuzzy[-1].id, options))
    wanted = {"match_mode": "fuzzy", **{name: value for name, value in (changes or {}).items() if value is not None}}
    if steps:
        kept = {name: value for name, value in steps[-1].options.items() if name not in ("match_fields", "match_mode")}
        options = {**wanted, **{name: value for name, value in kept.items() if name not in wanted}}
        edit = set_options(data, steps[-1].id, options)
    else:
        options = wanted
        edit = add_entry(data, "step", "dedup", options)
    return MatchStep(edit.entry, options, True, edit)


@dataclass
class Matched:
    """Rows that reach the step, and how they match.

    Attributes:
        rows: The rows, with ``_rid``.
        about: Which rows these are, in words.
        total: Rows of bronze that count.
        whole: Whether these are all rows.
        pairs: Decisions about pairs that the matching has heard.
    """

    step: Deduplicator
    rows: pl.DataFrame
    matching: Matching
    about: str
    total: int
    whole: bool
    pairs: int
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _clusters: dict[float, NDArray[np.int32]] = field(default_factory=dict, repr=False)

    def with_options(self, options: Mapping[str, Any]) -> Matched:
        """The same matching under other options of the step that do not change it."""
        step: Deduplicator = registry.build("step", "dedup", dict(options))
        return replace(self, step=step.taught(self.step.labels))

    def clusters(self, threshold: float) -> NDArray[np.int32]:
        """A number for each row, equal within a cluster."""
        if threshold not in self._clusters:
            self._clusters[threshold] = self.matching.clusters(threshold)
        return self._clusters[threshold]

    @cached_property
    def places(self) -> dict[int, int]:
        """``_rid`` to the number of the row."""
        return {rid: number for number, rid in enumerate(self.rows[frames.RID].to_list())}

    def place(self, rid: int) -> int:
        """The number of a row.

        Raises:
            ConfigError: The row is not among those that were matched.
        """
        if rid not in self.places:
            raise ConfigError(f"Row {rid} is not among the {self.about} that reach the step.", "Choose another row.")
        return self.places[rid]

    def chances(self, threshold: float) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        """Pairs inside clusters: left row, right row, probability."""
        if self.matching.rows < 2:
            nothing = np.empty(0, np.int32)
            return nothing, nothing, np.empty(0)
        made, graph = self.clusters(threshold), self.matching.graph
        inside = np.flatnonzero(made[graph.left] == made[graph.right])
        return graph.left[inside], graph.right[inside], probability(graph.odds[inside])


_known: OrderedDict[tuple[Any, ...], Matched] = OrderedDict()
_guard = threading.Lock()


def matched(lake: Lakehouse, table: str, data: Mapping[str, Any], rows: int | None = MOST_ROWS) -> Matched:
    """The matching of a table by a draft that has a fuzzy deduplication, on the first ``rows`` rows of bronze.

    Raises:
        AutomicError: A step before it cannot run, or there is nothing to compare.
    """
    step = match_step(data)
    base = base_of(lake, table, rows)
    name = table.rpartition(".")[2]
    bronze, decided = lake.context.need(f"bronze.{name}"), lake.context.table(DECISIONS)
    state = [each.current_snapshot() for each in (bronze, decided) if each is not None]
    asked = json.dumps({**step.edit.data, "rules": []}, sort_keys=True, default=str)
    key = (str(lake.context.root), name, tuple(each.snapshot_id for each in state if each), rows, asked)
    with _guard:
        found = _known.get(key)
        if found is not None:
            _known.move_to_end(key)
            return found
        with conditions(lake, base):
            trial = Trial(name, base, parts_of({**step.edit.data, "rules": []}, base.inferred))
            position = trial.position(step.entry)
            entering = trial.entering(position)
        part = trial.steps[position].step
        assert isinstance(part, Deduplicator), "match_step gives a deduplication"
        whole = base.size >= base.total
        found = Matched(
            part, entering, part.matching(entering), sentence(base, name), base.total, whole, len(base.pairs)
        )
        _known[key] = found
        while len(_known) > _KEPT:
            _known.popitem(last=False)
    return found
