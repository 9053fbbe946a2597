"""Mutation testing: do the rules notice what goes wrong? Faults are planted in a copy, and the rules judge it.

After DeMillo, Lipton and Sayward, "Hints on Test Data Selection" (1978), who planted faults in programs to test the
tests; here the rules are the tests, and the data is what is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from automic_core import frames
from automic_core.assist.mutations import LABELS, Mutant, mutants
from automic_core.assist.remedies import Remedy, remedies_for
from automic_core.contracts import Rule
from automic_core.transforms.rules import RuleSet

MISSED = 0.5
"""A fault is missed if the rules notice it in less than this share of the rows it struck."""


@dataclass(frozen=True)
class FaultResult:
    """One kind of fault in one place, and which rules noticed.

    Attributes:
        fault: Its kind: null, swap, unit, truncation, date_flip, duplicate, case or leading_zero.
        columns: Columns it struck; none for a row sent twice.
        rows: Rows it struck.
        caught: Rule id to the share of these rows that it noticed (0 to 1). A rule on the table notices all or none.
        share: Share of the rows that at least one rule noticed.
        examples: Values before and after, of the first rows.
    """

    fault: str
    columns: tuple[str, ...]
    rows: int
    caught: dict[str, float]
    share: float
    examples: list[str]

    @property
    def missed(self) -> bool:
        """Whether the rules notice it in less than half of the rows."""
        return self.share < MISSED


@dataclass(frozen=True)
class MatrixLine:
    """One kind of fault, in all columns.

    Attributes:
        label: What people call it.
        caught: Rule id to the share of the struck rows that it noticed; every rule is there.
        share: Share that at least one rule noticed.
        rows: Rows that were struck.
    """

    fault: str
    label: str
    caught: dict[str, float]
    share: float
    rows: int


@dataclass(frozen=True)
class MutationTest:
    """What the rules are worth.

    Attributes:
        rules: Ids of the rules, in order.
        faults: Every fault that was planted.
        score: Share of the faults that the rules notice, each weighed by the rows noticed (0 to 1).
        remedies: Rules that notice what these miss, each proven on the data.
        reachable: The score with all of them.
        rows: Rows of the data.
        seed: What chose the rows.
    """

    rules: list[str]
    faults: list[FaultResult]
    score: float
    remedies: list[Remedy]
    reachable: float
    rows: int
    seed: int

    @property
    def missed(self) -> list[FaultResult]:
        """Faults that the rules do not notice."""
        return [each for each in self.faults if each.missed]

    def matrix(self) -> list[MatrixLine]:
        """Kinds of fault by rules, over all columns."""
        kinds = dict.fromkeys(each.fault for each in self.faults)
        return [self._line(kind, [each for each in self.faults if each.fault == kind]) for kind in kinds]

    def _line(self, kind: str, faults: Sequence[FaultResult]) -> MatrixLine:
        struck = sum(each.rows for each in faults)
        shares = {rule: sum(each.caught.get(rule, 0.0) * each.rows for each in faults) / struck for rule in self.rules}
        return MatrixLine(kind, LABELS[kind], shares, sum(each.share * each.rows for each in faults) / struck, struck)


def mutation_test(
    frame: pl.DataFrame | pl.LazyFrame,
    rules: Sequence[Rule | tuple[str, Rule]],
    *,
    keys: Sequence[str] = (),
    seed: int = 0,
) -> MutationTest:
    """Plant typed faults in a copy of the data and see which rules notice; propose rules for what they miss.

    Each kind of fault strikes up to 20 rows of each column where it can happen, rows that no rule complains about now.
    A rule notices a fault if it complains about the struck row; a rule on the table, if it complains otherwise than
    before.

    Args:
        frame: The data, as the rules see it; taken as right.
        rules: The rules, with or without ids (``load_rules`` gives them with).
        keys: Columns that identify a row, if known.
        seed: Chooses the rows; the same seed gives the same result.

    Returns:
        The matrix, the score, and rules that would notice what these miss.

    Raises:
        TransformError: A rule names a column that is not there, or cannot judge its type.
    """
    named = [rule if isinstance(rule, tuple) else (f"r{number}", rule) for number, rule in enumerate(rules, 1)]
    clean = frames.track(frame.lazy()).collect()
    RuleSet(named).check(clean.schema)
    judge = Judge(clean, named)
    planted = list(mutants(clean, judge.innocent(), seed))
    seen = judge.notices(planted)
    faults = [_result(mutant, found) for mutant, found in zip(planted, seen, strict=True)]
    missed = [mutant for mutant, result in zip(planted, faults, strict=True) if result.missed]
    found = remedies_for(clean, missed, keys, lambda more: Judge(clean, more).notices(missed))
    more = Judge(clean, [(f"new {number}", each.rule) for number, each in enumerate(found, 1)]).notices(planted)
    reached = [_result(mutant, {**a, **b}).share for mutant, a, b in zip(planted, seen, more, strict=True)]
    score = float(np.mean([each.share for each in faults])) if faults else 1.0
    best = float(np.mean(reached)) if reached else 1.0
    return MutationTest([rule_id for rule_id, _ in named], faults, score, found, best, clean.height, seed)


def _result(mutant: Mutant, found: dict[str, npt.NDArray[np.bool_]]) -> FaultResult:
    size = len(mutant.places)
    seen = np.any(list(found.values()), axis=0) if found else np.zeros(size, dtype=bool)
    caught = {rule_id: float(each.mean()) for rule_id, each in found.items() if each.any()}
    return FaultResult(mutant.fault, mutant.columns, size, caught, float(seen.mean()), mutant.examples)


class Judge:
    """Rules over the clean data, ready to judge copies of it."""

    def __init__(self, clean: pl.DataFrame, rules: Sequence[tuple[str, Rule]]) -> None:
        self.clean = clean
        schema = clean.schema
        self._row = {
            rule_id: pl.any_horizontal(rule.fails(column, schema).fill_null(False) for column in rule.judged)
            for rule_id, rule in rules
            if rule.is_row_rule
        }
        # one expression for both sides: what it says of the present moment is then the same
        self._table = {rule_id: rule.aggregate(schema) for rule_id, rule in rules if not rule.is_row_rule}
        self._before = dict(zip(self._table, self._said(clean, self._table), strict=True))

    def innocent(self) -> list[int]:
        """Positions of rows that no rule complains about."""
        if not self._row:
            return list(range(self.clean.height))
        passes: list[int] = self.clean.select(~pl.any_horizontal(self._row.values())).to_series().arg_true().to_list()
        return passes

    def notices(self, planted: Sequence[Mutant]) -> list[dict[str, npt.NDArray[np.bool_]]]:
        """For each mutant: rule id to whether it notices each of the struck rows."""
        if not planted:
            return []
        sizes = [len(mutant.places) for mutant in planted]
        together = pl.concat([mutant.rows for mutant in planted])
        flags = together.select(expr.alias(rule_id) for rule_id, expr in self._row.items()) if self._row else None
        found: list[dict[str, npt.NDArray[np.bool_]]] = []
        start = 0
        for mutant, size in zip(planted, sizes, strict=True):
            mine = flags[start : start + size] if flags is not None else None
            seen = {n: mine[n].to_numpy().astype(bool) for n in self._row} if mine is not None else {}
            start += size
            concerned = {n: expr for n, expr in self._table.items() if _concerns(expr, mutant)}
            said = self._said(mutant.whole(self.clean), concerned) if concerned else []
            for rule_id, reason in zip(concerned, said, strict=True):
                seen[rule_id] = np.full(size, reason is not None and reason != self._before[rule_id])
            found.append(seen)
        return found

    @staticmethod
    def _said(rows: pl.DataFrame, wanted: dict[str, pl.Expr]) -> list[str | None]:
        return list(rows.select(expr.alias(n) for n, expr in wanted.items()).row(0)) if wanted else []


def _concerns(expr: pl.Expr, mutant: Mutant) -> bool:
    """Whether a rule on the table reads what the fault strikes; a row sent twice concerns all of them."""
    return mutant.fault == "duplicate" or bool({*mutant.columns} & {*expr.meta.root_names()})
