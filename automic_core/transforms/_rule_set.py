"""All rules of a pipeline as its last step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import polars as pl

from automic_core import frames
from automic_core.contracts import Rule, Transformer
from automic_core.transforms._names import require

_CATEGORY = {"quarantine": frames.QUARANTINED, "drop": frames.DROPPED}


@dataclass
class Verdict:
    """What the rules that only look say of the rows that stay.

    Attributes:
        warned: Rule id to number of rows that break it; rules that warn, and rules that fail beyond a tolerance.
        messages: Sentences of the rules that warn.
        failed: Sentences of the rules that stop the run.
    """

    warned: dict[str, int] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


class RuleSet(Transformer):
    """Removes the rows that break a rule with action quarantine or drop; the first rule broken names the fate.

    Rules with action warn or fail are judged on the rows that stay, by ``verdicts``.

    Args:
        rules: Pairs of id and rule, in order.
    """

    kind: ClassVar[str] = "rules"

    def __init__(self, rules: Sequence[tuple[str, Rule]]) -> None:
        self.rules = list(rules)

    def check(self, schema: pl.Schema) -> None:
        """Check that every rule can run.

        Raises:
            TransformError: A rule names a column that is not there, or cannot judge its type; names the rule.
        """
        for rule_id, rule in self.rules:
            require(rule.columns, schema, f"Rule {rule_id}")
            rule.check(schema)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Give rows that break a rule their fate."""
        schema = frame.collect_schema()
        self.check(schema)
        for rule_id, rule in self._removing():
            frame = frames.condemn(frame, _broken(rule, schema), f"{_CATEGORY[rule.action]}:{rule_id}")
        return frame

    def failures(self, before: pl.LazyFrame) -> pl.LazyFrame | None:
        """Every reason for which a rule removes a row, ``rule`` being the rule's id."""
        self.check(before.collect_schema())
        parts = [
            rule.failures(before).with_columns(pl.lit(rule_id).alias("rule")) for rule_id, rule in self._removing()
        ]
        return pl.concat(parts) if parts else None

    def counts(self, schema: pl.Schema) -> dict[str, pl.Expr]:
        """Rule id to an aggregate, the number of rows that break it; row rules that warn or fail, living rows only."""
        return {rule_id: _broken(rule, schema).sum() for rule_id, rule in self._looking() if rule.is_row_rule}

    def table_checks(self, schema: pl.Schema) -> dict[str, pl.Expr]:
        """Rule id to an aggregate, the reason or null; table rules, living rows only."""
        return {rule_id: rule.aggregate(schema) for rule_id, rule in self._looking() if not rule.is_row_rule}

    def verdicts(self, living: pl.LazyFrame, known: Mapping[str, int] | None = None) -> Verdict:
        """Judge the rules that warn or fail, in one pass.

        Args:
            living: The rows that stay, after ``apply``.
            known: Rule id to the number of them that break it, where that is known: no row is looked at for it.
        """
        verdict = Verdict()
        if not self._looking():
            return verdict
        schema = living.collect_schema()
        self.check(schema)
        asked: dict[str, pl.Expr] = {**self.counts(schema), **self.table_checks(schema)}
        wanted = {rule_id: expr for rule_id, expr in asked.items() if rule_id not in (known or {})}
        columns = [expr.alias(str(i)) for i, expr in enumerate(wanted.values())]
        rows, *found = living.select(pl.len().alias("rows"), *columns).collect().row(0)
        values = {**dict(zip(wanted, found, strict=True)), **(known or {})}
        for rule_id, rule in self._in_order(asked):
            _judge(verdict, rule_id, rule, values[rule_id], rows, schema)
        return verdict

    def get_stats(self) -> dict[str, Any]:
        """Number of rules."""
        return {"rules": len(self.rules)}

    def _removing(self) -> list[tuple[str, Rule]]:
        return [(rule_id, rule) for rule_id, rule in self.rules if rule.action in _CATEGORY]

    def _looking(self) -> list[tuple[str, Rule]]:
        return [(rule_id, rule) for rule_id, rule in self.rules if rule.action not in _CATEGORY]

    def _in_order(self, ids: dict[str, pl.Expr]) -> list[tuple[str, Rule]]:
        known = dict(self.rules)
        return [(rule_id, known[rule_id]) for rule_id in ids]


def _broken(rule: Rule, schema: pl.Schema) -> pl.Expr:
    """True where a row breaks the rule on any of its columns."""
    return pl.any_horizontal(rule.fails(column, schema).fill_null(False) for column in rule.judged)


def _judge(verdict: Verdict, rule_id: str, rule: Rule, value: Any, rows: int, schema: pl.Schema) -> None:
    """Add one rule's outcome: ``value`` is the number of rows that break it, or a table rule's reason."""
    if not value:
        return
    if rule.is_row_rule:
        sentence = f"rule {rule_id}: {value:,} of {rows:,} rows ({rule.says(schema)})"
        verdict.warned[rule_id] = value
    else:
        sentence = f"rule {rule_id}: {value}"
    if rule.action == "warn":
        verdict.messages.append(sentence)
    elif not rule.is_row_rule or value > rule.max_fail * rows:
        verdict.failed.append(f"{sentence}; at most {rule.max_fail:.2%} may" if rule.max_fail else sentence)
