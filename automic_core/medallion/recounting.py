"""How many rows break the rules that only look, by what they said before and by the rows that came and went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from automic_core import frames
from automic_core.contracts import Rule
from automic_core.lakehouse import tables
from automic_core.medallion.reading import of_batches
from automic_core.medallion.separable import about_the_row
from automic_core.medallion.taking_on import Base, Gained
from automic_core.transforms.rules import RuleSet


def recounted(
    rules: Sequence[tuple[str, Rule]],
    before: Mapping[str, int],
    base: Base,
    gained: Gained,
    gone: pl.Series,
    living: pl.LazyFrame,
) -> dict[str, int]:
    """Rule id to the number of rows of a table that break it; rules that warn or fail and judge each row by itself.

    Args:
        rules: All rules.
        before: What was counted of the base; a rule that is not in it was broken by no row.
        base: What is taken on.
        gained: The batches that came.
        gone: ``_rid`` of the rows that went; some may not be in the base.
        living: The table as it will be.
    """
    alone = RuleSet([(rule_id, rule) for rule_id, rule in rules if about_the_row(rule)])
    came = _counts(alone, of_batches(gained.batches, living))
    went: dict[str, int] = {}
    if gone.len():
        held = tables.scan(base.table, base.snapshot).filter(pl.col(frames.RID).is_between(gone.min(), gone.max()))
        went = _counts(alone, held.join(gone.to_frame().lazy(), on=frames.RID, how="semi"))
    return {rule_id: before.get(rule_id, 0) + rows - went.get(rule_id, 0) for rule_id, rows in came.items()}


def _counts(rules: RuleSet, rows: pl.LazyFrame) -> dict[str, int]:
    wanted = rules.counts(rows.collect_schema())
    if not wanted:
        return {}
    found = rows.select(count.alias(str(place)) for place, count in enumerate(wanted.values())).collect().row(0)
    return dict(zip(wanted, found, strict=True))
