"""How many rows a step or a rule affects, counted the way a promotion counts them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from automic_core import frames
from automic_core.contracts import Rule, Transformer
from automic_core.planning import NamedStep
from automic_core.transforms.anomaly import FLAG
from automic_core.transforms.nulls import NullRemover
from automic_core.transforms.quality import SCORE, QualityScorer
from automic_core.transforms.rules import RuleSet, Unique
from automic_core.transforms.table_rules import Depends


def affected(part: Transformer | Rule, entry: str, rows: pl.DataFrame) -> int | None:
    """Rows removed, flagged or at fault; None for a step that only changes cells.

    Args:
        part: The step or rule.
        entry: Its id.
        rows: The living rows that reach it, tracked.

    Raises:
        AutomicError: It cannot run on these columns.
    """
    if isinstance(part, Rule):
        return _breaking(part, entry, rows)
    frame = rows.lazy()
    named = NamedStep(entry, part)
    if part.segment:
        token = frames.current_step.set(entry)
        try:
            marked = part.prepare(frame)
            learned = part.fit(marked) if part.fits else None
            made = (learned or part).apply(frames.survivors(marked)).select(pl.len()).collect().item()
        finally:
            frames.current_step.reset(token)
        return max(rows.height - int(made), 0)
    fitted = part.fit(frame) if part.fits else None
    if fitted is not None and fitted.keys is not None and frames.RID in fitted.keys.columns:
        return fitted.keys.height
    after = named.run(frame, fitted)
    marks = _mark(part)
    if isinstance(part, NullRemover) and part.strategy == "fill":
        return _filled(part, rows, after)
    wanted = [pl.col(frames.FATE).is_not_null().sum().alias("gone")]
    wanted += [marks.fill_null(False).sum().alias("marked")] if marks is not None else []
    counted = after.select(wanted).collect().row(0)
    if not _removes(part) and marks is None and not counted[0]:
        return None
    return int(max(counted))


def _breaking(rule: Rule, entry: str, rows: pl.DataFrame) -> int:
    """Rows that break a rule; for uniqueness, those that repeat another, for a dependency, those unlike their group."""
    RuleSet([(entry, rule)]).check(rows.schema)
    if isinstance(rule, Unique):
        complete = rows.select(rule.columns).drop_nulls()
        return complete.height - complete.n_unique()
    if isinstance(rule, Depends):
        return rule.odd(rows).height
    if not rule.is_row_rule:
        return 0 if rows.select(rule.aggregate(rows.schema)).item() is None else rows.height
    fails = [rule.fails(column, rows.schema).fill_null(False) for column in rule.judged]
    broken = pl.any_horizontal(fails)
    if frames.waivers_present.get() and frames.WAIVED in rows.columns and rule.action == "quarantine":
        broken = broken & ~pl.col(frames.WAIVED).str.contains(f"|{entry}|", literal=True).fill_null(False)
    return int(rows.select(broken.sum()).item())


def _mark(part: Transformer) -> pl.Expr | None:
    """What tells the rows a step points at."""
    if part.kind == "anomaly":
        return pl.col(FLAG)
    return pl.col(SCORE) < part.min_score if isinstance(part, QualityScorer) else None


def _removes(part: Transformer) -> bool:
    if isinstance(part, NullRemover):
        return part.strategy in ("drop", "drop_all")
    return part.kind in ("filter", "limit", "cast", "dedup")


def below_scores(scorer: QualityScorer, rows: pl.DataFrame, limits: Sequence[float]) -> list[tuple[float, int]]:
    """How many rows score below each limit; the rows are scored once."""
    frame = rows.lazy()
    scores = scorer.fit(frame).apply(frame).select(SCORE).collect()
    counts = scores.select((pl.col(SCORE) < limit).sum().alias(str(n)) for n, limit in enumerate(limits)).row(0)
    return list(zip(limits, counts, strict=True))


def _filled(part: NullRemover, rows: pl.DataFrame, after: pl.LazyFrame) -> int:
    """Rows in which a value was filled in."""
    names = [name for name in part.fields or frames.data_names(rows.columns) if name in rows.columns]
    done = after.select(pl.col(name).alias(f"after:{name}") for name in names).collect()
    both = pl.concat([rows.select(names), done], how="horizontal")
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"after:{name}")) for name in names)
    return int(both.select(changed.sum()).item()) if names else 0
