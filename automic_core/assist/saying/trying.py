"""The gate: a wish is run on the rows before anybody sees it, and the next one on what it leaves."""

from __future__ import annotations

import polars as pl

from automic_core import frames, registry
from automic_core.assist.proposals import EXAMPLES, cell, record
from automic_core.assist.saying.saying import By, Staged, Unclear, Wish
from automic_core.contracts import Rule, Transformer
from automic_core.errors import AutomicError
from automic_core.transforms._checks import title
from automic_core.transforms.rules import RuleSet, Unique
from automic_core.transforms.table_rules import Depends


def tried(said: str, wish: Wish, rows: pl.DataFrame, by: By) -> tuple[Staged, pl.DataFrame]:
    """A wish run on rows; also the rows that reach the next one.

    Args:
        said: The clause.
        wish: What it asks for.
        rows: Living, tracked rows.
        by: Who read the clause.

    Raises:
        Unclear: It cannot run, or would leave no row.
    """
    try:
        part: Transformer | Rule = registry.build(wish.group, wish.kind, wish.options)
        return _rule(said, wish, part, rows, by) if isinstance(part, Rule) else _step(said, wish, part, rows, by)
    except AutomicError as exc:
        raise Unclear(exc.message.removeprefix(f"{title(wish.kind)}: "), exc.hint) from exc


def _rule(said: str, wish: Wish, rule: Rule, rows: pl.DataFrame, by: By) -> tuple[Staged, pl.DataFrame]:
    RuleSet([("rule", rule)]).check(rows.schema)
    counter: list[str]
    if isinstance(rule, Unique):
        complete = rows.filter(pl.all_horizontal(pl.col(name).is_not_null() for name in rule.columns))
        repeats = complete.filter(~pl.struct(rule.columns).is_first_distinct())
        failing, counter = repeats.height, [f"{record(rid)} repeats an earlier one" for rid in repeats[frames.RID]]
    elif isinstance(rule, Depends):
        odd = rule.odd(rows)
        texts = odd.select(frames.RID, *(frames.as_text(n, odd.schema).alias(n) for n in (rule.settles, "_usual")))
        failing, counter = odd.height, [f"{record(rid)}: {here}, not {usual}" for rid, here, usual in texts.iter_rows()]
    elif not rule.is_row_rule:
        reason = rows.select(rule.aggregate(rows.schema)).item()
        failing, counter = (rows.height, [str(reason)]) if reason else (0, [])
    else:
        broken = rule.failures(rows.lazy()).collect()
        failing = broken[frames.RID].n_unique()
        pairs = broken.head(EXAMPLES).select(frames.RID, "column", "value").iter_rows()
        counter = [f"{record(rid)}: {cell(value, rows.schema.get(column))}" for rid, column, value in pairs]
    if rows.height and failing >= rows.height and rule.is_row_rule:
        raise Unclear(f"No row obeys it: {wish.title}.", "Look at the column, or say it otherwise.")
    agree = rows.height - failing
    staged = Staged(said, "rule", wish.kind, wish.options, wish.title, wish.why, by, agree, rows.height,
                    counter[:EXAMPLES])  # fmt: skip
    return staged, rows


def _step(said: str, wish: Wish, step: Transformer, rows: pl.DataFrame, by: By) -> tuple[Staged, pl.DataFrame]:
    frame = frames.track(rows.lazy())
    if step.segment:
        raise Unclear(f"{wish.kind} makes rows of its own.", "Add it from the menu, where its rows stand beside these.")
    after = step.apply(frame).collect()
    after = rows.select(frames.RID).join(after, on=frames.RID, how="left", maintain_order="left")
    living = after[frames.FATE].is_null()
    if rows.height and not living.any():
        raise Unclear(f"It would leave no row: {wish.title}.", "Look at the condition.")
    changed, examples = _changes(rows, after, living)
    unserved = pl.repeat(False, rows.height, eager=True)
    for name in wish.made:
        unserved = unserved | after[name].is_null()
    unserved = (unserved & living) | _quarantined(after)
    counter = [_line(rows, place) for place in unserved.arg_true().head(EXAMPLES).to_list()]
    gone = int((~living).sum())
    staged = Staged(
        said, "step", wish.kind, wish.options, wish.title, wish.why, by, rows.height - int(unserved.sum()), rows.height,
        counter, int(changed.sum()), gone, examples, [n for n in frames.data_names(rows.columns) if n not in after],
    )  # fmt: skip
    return staged, after.filter(living)


def _quarantined(after: pl.DataFrame) -> pl.Series:
    reason = after[frames.FATE].struct.field("reason")
    return reason.str.starts_with(frames.QUARANTINED).fill_null(False)


def _changes(before: pl.DataFrame, after: pl.DataFrame, living: pl.Series) -> tuple[pl.Series, list[str]]:
    """Living rows that have other or new values, and the first of them: before → after."""
    new = [name for name in frames.data_names(after.columns) if name not in before.columns]
    kept = [name for name in frames.data_names(after.columns) if name in before.columns]
    changed = pl.repeat(False, before.height, eager=True)
    examples: list[str] = []
    for name in kept:
        left, right = (frame.select(frames.as_text(name, frame.schema)).to_series() for frame in (before, after))
        numeric = before.schema[name].is_numeric() and after.schema[name].is_numeric()
        one, other = (before[name].cast(pl.Float64), after[name].cast(pl.Float64)) if numeric else (left, right)
        differs = one.ne_missing(other) & living
        changed = changed | differs
        places = differs.arg_true().head(EXAMPLES).to_list()
        examples += [f"{name}: {cell(left[place])} \u2192 {cell(right[place])}" for place in places]
    if new:
        filled = after.select(pl.any_horizontal(pl.col(name).is_not_null() for name in new)).to_series() & living
        changed = changed | filled
        texts = after.select(frames.as_text(name, after.schema).alias(name) for name in new)
        places = filled.arg_true().head(EXAMPLES).to_list()
        examples += [", ".join(f"{name}: {cell(texts[name][place])}" for name in new) for place in places]
    return changed, examples[:EXAMPLES]


def _line(rows: pl.DataFrame, place: int) -> str:
    row = rows.slice(place, 1)
    names = frames.data_names(row.columns)[:4]
    texts = row.select(frames.as_text(name, row.schema).alias(name) for name in names).row(0)
    return f"{record(int(row[frames.RID][0]))}: {', '.join(cell(text) for text in texts)}"
