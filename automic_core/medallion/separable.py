"""What a promotion does, as text that can be compared, and whether it can be done to some rows without the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

import polars as pl

from automic_core import _version, registry
from automic_core.contracts import Fitted, Rule, Transformer
from automic_core.errors import ConfigError
from automic_core.medallion.batches import BronzeLayout
from automic_core.planning import NamedStep
from automic_core.records import Field, Schema
from automic_core.transforms.expressions import asks_the_time
from automic_core.transforms.rules import SQLRule

REMOVING = ("quarantine", "drop")
_FORMAT = 2  # of what a promotion leaves behind, to be taken on by the next one


class MustBeWholeError(Exception):
    """All rows of bronze have to be read; says why, empty if there is nothing to say."""


class Accepting(Protocol):
    """Accepted columns, to be put over the inferred ones."""

    @property
    def columns(self) -> Mapping[str, Field]:
        """The accepted columns by name."""

    def schema(self, inferred: Schema) -> Schema:
        """The accepted columns over the inferred ones."""


Given = Schema | Accepting | None
"""A schema; or what is accepted of the inferred one: some columns, or nothing."""


class Kept(Transformer):
    """A step with what it learned before: it does not look at all rows again."""

    kind: ClassVar[str] = "kept"

    def __init__(self, step: Transformer, fitted: Fitted) -> None:
        self.kind = step.kind  # type: ignore[misc]
        self._step, self._fitted = step, fitted

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """As the step did with what it learned."""
        return self._fitted.apply(frame)

    def failures(self, before: pl.LazyFrame) -> pl.LazyFrame | None:
        """Those of the step."""
        return self._step.failures(before)


def plan(
    given: Given, steps: Sequence[NamedStep], rules: Sequence[tuple[str, Rule]], layout: BronzeLayout, text: str
) -> str | None:
    """What tells one promotion from another that would make other rows; None if it has parts that cannot be told.

    Another version of Automic counts as another promotion.
    """
    try:
        parts = [[named.id, *_told("step", named.step)] for named in steps]
        checks = [[rule_id, *_told("rule", rule)] for rule_id, rule in rules]
    except ConfigError:
        return None
    fields = None if given is None else given.fields if isinstance(given, Schema) else list(given.columns.values())
    columns = [type(given).__name__, None if fields is None else [told(field) for field in fields]]
    whole = [_version.__version__, _FORMAT, columns, parts, checks, layout.keys, layout.mode, text]
    return hashlib.sha256(json.dumps(whole, default=str).encode()).hexdigest()[:32]


def told(field: Field) -> list[Any]:
    """What of a column decides how its values are read."""
    return [field.name, str(field.type), field.format, field.precision, field.scale]


def _told(group: registry.Group, part: Transformer | Rule) -> list[Any]:
    if not part.kind or registry.entry_of(group, part.kind) is None or not _ours(part):
        raise ConfigError(f"{type(part).__name__} is made outside of Automic.")
    return [part.kind, registry.options(part)]


def for_some_rows(steps: Sequence[NamedStep], fitted: Mapping[str, Mapping[str, Any]]) -> list[NamedStep]:
    """The steps so that they do the same to some rows as they would to these rows among all.

    Args:
        steps: In order.
        fitted: What each step learned when it saw all rows, by its id.

    Raises:
        MustBeWholeError: A step needs all rows.
    """
    return [NamedStep(named.id, _alone(named, fitted.get(named.id))) for named in steps]


def _alone(named: NamedStep, state: Mapping[str, Any] | None) -> Transformer:
    step = named.step
    if not _ours(step):
        raise MustBeWholeError(f"step {named.id} is made outside of Automic")
    if step.segment:
        raise MustBeWholeError(f"step {named.id} ({named.label}) makes other rows of its rows")
    if not step.fits:
        if step.scope != "row":
            raise MustBeWholeError(f"step {named.id} ({named.label}) looks at all rows")
        return step
    kept = step.kept(state) if state is not None else None
    if kept is None:
        raise MustBeWholeError(f"step {named.id} ({named.label}) compares rows or learns from all of them")
    return Kept(step, kept)


def removing(rules: Sequence[tuple[str, Rule]]) -> list[tuple[str, Rule]]:
    """The rules that take rows out, one by one; those that look at the table as a whole come afterwards.

    Raises:
        MustBeWholeError: What a rule says of a row hangs on more than the row.
    """
    found = [(rule_id, rule) for rule_id, rule in rules if rule.action in REMOVING]
    for rule_id, rule in found:
        if not _ours(rule) or rule.scope != "row":
            raise MustBeWholeError(f"rule {rule_id} ({rule.kind}) looks beyond the row")
        if isinstance(rule, SQLRule) and asks_the_time(rule.sql):
            raise MustBeWholeError(f"rule {rule_id} asks what time it is")
    return found


def about_the_row(rule: Rule) -> bool:
    """Whether what a rule says of a row hangs on the row alone, at all times."""
    return (
        rule.is_row_rule
        and rule.scope == "row"
        and _ours(rule)
        and not (isinstance(rule, SQLRule) and asks_the_time(rule.sql))
    )


def _ours(part: Transformer | Rule) -> bool:
    return type(part).__module__.startswith("automic_core.")
