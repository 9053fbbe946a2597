"""What a change of types would cost, counted on all rows by the step that a promotion types them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import polars as pl

from automic_core import frames
from automic_core.inference import DEFAULT_NULL_TOKENS
from automic_core.inference.casting import cast_stripped, none_words
from automic_core.inference.columns import stripped
from automic_core.inference.emptied import count_words, emptied_sentence
from automic_core.inference.readings import best_reading, keeps_text
from automic_core.lake import Lakehouse
from automic_core.records import Field
from automic_core.transforms.columns import Cast
from automic_core.transforms.rules import NotNull
from automic_core.workbench.drafts import draft
from automic_core.workbench.fields import FieldChange, change_of, entry_of, kind_of, typed
from automic_core.workbench.schema_edits import changed_draft, final_names, required_columns
from automic_core.workbench.schema_rows import (
    CAST,
    Example,
    cut,
    entering,
    placed,
    readable,
    schema_columns,
    spread,
    texts_of,
)

EXAMPLES = 20
_ALTERED = 5
_LOOKED = 20_000


class Measure(NamedTuple):
    """How a column fits a type; the fields mean what those of `Cost` do."""

    values: int
    misfits: int
    changed: int
    altered: list[tuple[str, str]]
    cells: list[Example]
    emptied: int
    words: list[str]


@dataclass(frozen=True)
class Cost:
    """What one column's change would cost.

    Attributes:
        values: Rows with a value.
        misfits: Values that would not cast.
        missing: Rows without a value that a rule would quarantine, because the column may no longer be empty.
        changed: Values that cast and would not print back as they were written.
        examples: The first values that would not cast, with their lines.
        altered: Some of the changed values: text before, text after.
        notes: What else the change touches.
        emptied: Words that mean no value and that the type cannot keep.
        words: Some of these words.
    """

    column: str
    change: FieldChange
    values: int
    misfits: int
    missing: int
    changed: int
    examples: list[Example] = field(default_factory=list)
    altered: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    emptied: int = 0
    words: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of the values that would not cast."""
        return self.misfits / self.values if self.values else 0.0

    @property
    def emptied_said(self) -> str:
        """How many words become empty, and which."""
        return emptied_sentence(self.emptied, self.words)


@dataclass(frozen=True)
class SchemaCost:
    """What some changes would cost together.

    Attributes:
        rows: Rows that reach the typing step.
        before: Rows that it puts in quarantine as the draft stands.
        after: Rows that it would put there.
    """

    rows: int
    before: int
    after: int
    columns: list[Cost]

    @property
    def missing(self) -> int:
        """Rows that would be quarantined for a missing value."""
        return sum(each.missing for each in self.columns)

    @property
    def sentence(self) -> str:
        """The cost in one sentence."""
        more = self.after - self.before + self.missing
        changed, emptied = (sum(getattr(each, what) for each in self.columns) for what in ("changed", "emptied"))
        told = [emptied_sentence(emptied, [word for each in self.columns for word in each.words])] if emptied else []
        if more > 0:
            than = "more " if self.before else ""
            gone = f"{more:,} {than}row{'s' if more > 1 else ''} of {self.rows:,} would go to quarantine"
            return "; ".join([gone, *told])
        if more < 0:
            return "; ".join([f"{-more:,} row{'s' if more < -1 else ''} fewer would go to quarantine", *told])
        if any(each.misfits for each in self.columns):
            same = f"As many rows as before would go to quarantine: {self.after:,} of {self.rows:,}"
            return "; ".join([same, *told])
        told += [f"{changed:,} value{'s' if changed > 1 else ''} would be written differently"] if changed else []
        if told:
            return "; ".join(["No row is lost", *told])
        return "It costs nothing: every value fits and keeps what it says"

    def of(self, column: str) -> Cost:
        """The cost of one column."""
        return next(each for each in self.columns if each.column == column)


def cost(lake: Lakehouse, table: str, column: str, change: FieldChange) -> SchemaCost:
    """What the change of one column would cost; see `costs`."""
    return costs(lake, table, {column: change})


def costs(
    lake: Lakehouse,
    table: str,
    changes: Mapping[str, FieldChange],
    examples: int = EXAMPLES,
    data: Mapping[str, Any] | None = None,
    lines: bool = True,
) -> SchemaCost:
    """What changes would cost, compared with the draft as it stands.

    Columns nobody has decided on cost nothing: a promotion gives them a type that every value fits.

    Args:
        lake: The lake.
        table: A bronze table.
        changes: Column to what it shall be.
        examples: How many values to show a column.
        data: The draft to compare with; None = the one that is saved.
        lines: Find the lines of these values too; each is a look into its file.

    Raises:
        ConfigError: A column, type or format does not exist, or a name is taken.
    """
    data, names = draft(lake, table).data if data is None else data, schema_columns(lake, table)
    changed_draft(data, changes, names)  # says what is wrong before anything is counted
    accepted = {name: entry_of(name, entry) for name, entry in (data.get("schema") or {}).items() if name in names}
    reached = entering(lake, table)
    start = reached.frame
    before, after = reached.typed(_fields(accepted)), reached.typed(_fields(accepted | dict(changes)))
    asked: dict[str, pl.LazyFrame] = {
        "rows": start.filter(frames.alive()).select(pl.len()),
        "before": before.select(_quarantined()),
        "after": after.select(_quarantined()),
    }
    required, final = required_columns(data), final_names(data, names)
    for number, (column, change) in enumerate(changes.items()):
        if not change.nullable and final[column] not in required:
            asked[f"missing {number}"] = _missing(after, column)
    found = dict(zip(asked, pl.collect_all(list(asked.values())), strict=True))
    columns = []
    counted = measured(start.filter(frames.alive()), changes, examples)
    for number, (column, change) in enumerate(changes.items()):
        one = counted[column]
        missing = int(found[f"missing {number}"].item()) if f"missing {number}" in found else 0
        cells = placed(lake, table, one.cells) if one.cells and lines else one.cells
        about = (column, change, one.values, one.misfits, missing, one.changed)
        columns.append(Cost(*about, cells, one.altered, _notes(data, column, change), one.emptied, one.words))
    rows, quarantined = found["rows"].item(), (found["before"].item(), found["after"].item())
    return SchemaCost(rows, *quarantined, columns)


def measured(rows: pl.LazyFrame, changes: Mapping[str, FieldChange], examples: int = 0) -> dict[str, Measure]:
    """How columns fit types, by the typing step itself.

    Args:
        rows: With ``_rid``; only those to be counted.
        changes: Column to type.
        examples: Cells to show of each column that do not fit, the first ones in row order.
    """
    if not changes:
        return {}
    asked = [_texts(rows, column, change) for column, change in changes.items()]
    failing = _failures(rows, changes, examples)
    found = pl.collect_all([*asked, failing] if failing is not None else asked)
    failed = {row["column"]: row for row in found[-1].iter_rows(named=True)} if failing is not None else {}
    result = {}
    for column, counted in zip(changes, found, strict=False):
        row = failed.get(column, {"n": 0, "cells": []})
        values, changed, altered, emptied, words = counted.row(0)
        cells = [Example(cut(cell["value"] or ""), rid=cell[frames.RID]) for cell in row["cells"]]
        pairs = [(cut(pair["text"]), cut(pair["becomes"])) for pair in altered]
        result[column] = Measure(values, row["n"], changed, pairs, cells, emptied, words)
    return result


def chosen(lake: Lakehouse, table: str, column: str, label: str, now: FieldChange) -> FieldChange:
    """What a person means who gives a column another type in words: with the format that reads most of its values.

    Raises:
        ConfigError: There is no such type.
    """
    wanted = typed(label, now)
    if wanted.same_reading(now):
        return now
    found = suggested(lake, table, column, wanted)
    said = wanted.precision is not None
    return replace(wanted, format=found.format) if said or wanted.type != "decimal" else found


def suggested(lake: Lakehouse, table: str, column: str, now: FieldChange) -> FieldChange:
    """The same type with the format (and, for a decimal, the size) that reads most of the column's values."""
    rows = readable(lake, table).select(frames.RID, column)
    total = int(rows.select(pl.len()).collect().item())
    data = spread(rows, total // _LOOKED).collect()
    if data.schema[column] != pl.String:
        return now
    found = change_of(best_reading(column, kind_of(now.type), texts_of(data, column)))
    return replace(now, type=found.type, format=found.format, precision=found.precision, scale=found.scale)


def _fields(changes: Mapping[str, FieldChange]) -> list[Field]:
    return [change.field(name) for name, change in changes.items()]


def _quarantined() -> pl.Expr:
    return (pl.col(frames.FATE).struct.field("step") == CAST).fill_null(False).sum()


def _missing(after: pl.LazyFrame, column: str) -> pl.LazyFrame:
    rule = NotNull(columns=[column])
    return after.filter(frames.alive()).select(rule.fails(column, after.collect_schema()).sum())


def _failures(rows: pl.LazyFrame, changes: Mapping[str, FieldChange], examples: int) -> pl.LazyFrame | None:
    """A column's misfits: how many, and the first ones in row order."""
    cells = Cast(fields=_fields(changes)).failures(rows)
    if cells is None:
        return None
    first = pl.struct(frames.RID, "value").sort_by(frames.RID).head(examples)
    return cells.group_by("column").agg(pl.len().alias("n"), first.alias("cells"))


def _texts(rows: pl.LazyFrame, column: str, change: FieldChange) -> pl.LazyFrame:
    """Values of a column, those that would not print back, some of them before and after, and words for none."""
    schema = rows.collect_schema()
    one = rows.select(pl.nth(schema.names().index(column)).alias("raw"))
    if schema[column] != pl.String:
        nothing = pl.lit(0).alias("emptied"), pl.lit([], dtype=pl.List(pl.String)).alias("words")
        empty: Any = pl.lit([], dtype=pl.List(pl.Struct({"text": pl.String, "becomes": pl.String})))
        return one.select(
            pl.col("raw").count().alias("values"), pl.lit(0).alias("changed"), empty.alias("altered"), *nothing
        )
    target = change.field("raw")
    text = pl.col("text")
    kept, value = keeps_text(target, text), cast_stripped(target, text)
    lost = value.is_not_null() & ~kept.fill_null(False)
    printed = value.cast(pl.String) if not value_is_nested(target) else text
    pairs = pl.struct(text, printed.alias("becomes")).filter(lost).head(_ALTERED).implode()
    words = none_words(target, pl.col("raw")).alias("word")
    texts = one.select(stripped("raw", DEFAULT_NULL_TOKENS).alias("text"), words)
    return texts.select(
        text.count().alias("values"), lost.sum().alias("changed"), pairs.alias("altered"), *count_words(pl.col("word"))
    )


def value_is_nested(target: Field) -> bool:
    """Whether the type's values are lists."""
    return str(target.type) == "array"


def _notes(data: Mapping[str, Any], column: str, change: FieldChange) -> list[str]:
    """Steps and rules that a new name does not reach."""
    now = final_names(data, [column])[column]
    if not change.name or change.name == now:
        return []
    found = [
        f"Rule {rule.get('id')} names {now} inside its SQL; change it on the Rules page."
        for rule in data.get("rules") or ()
        if now in str(rule.get("sql") or "")
    ]
    followed = sum(now in (rule.get("columns") or ()) for rule in data.get("rules") or ())
    if followed:
        found.append(f"{followed} rule{'s follow' if followed > 1 else ' follows'} the new name.")
    return found
