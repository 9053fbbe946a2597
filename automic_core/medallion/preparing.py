"""From a staged promotion to a review: how its columns and rows differ from those that are published."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import polars as pl
from pyiceberg.table import Table

from automic_core import frames
from automic_core.events import Event, Listener
from automic_core.inference.keys import infer_primary_key
from automic_core.inference.profile import infer
from automic_core.lakehouse import tables
from automic_core.lakehouse.comparing import Comparison, compare
from automic_core.medallion.context import REPORT, LakeContext, is_published, made_by, now
from automic_core.medallion.promotion import Promotion
from automic_core.medallion.reviewing import Review, save
from automic_core.medallion.silver import SOURCES
from automic_core.schemas import field_type

_SAMPLE_ROWS = 10_000


def prepare(lake: LakeContext, promotion: Promotion, spec: str = "", on_event: Listener | None = None) -> Review:
    """Compare a staged promotion with what is published and put it under review; if that fails, it is discarded.

    Args:
        lake: The lake.
        promotion: As ``silver.stage`` returns it.
        spec: Its YAML.
        on_event: Told that rows are being compared.
    """
    began = time.perf_counter()
    try:
        if on_event is not None:
            total, run_id = promotion.report.rows_out, promotion.report.run_id
            on_event(Event("progress", run_id, 0, total, promotion.report.seconds, "Comparing with what is published"))
        target = tables.load(lake.catalog, promotion.table)
        new = promotion.rows()
        after = _types(new.collect_schema())
        if is_published(target):
            old = tables.scan(target, promotion.staged.staging.fork)
            before: dict[str, str] | None = _types(old.collect_schema())
        else:
            old, before = pl.LazyFrame(schema=new.collect_schema()), None
        compared = compare(old, new, naming(old, new, promotion.keys, promotion.table.rpartition(".")[2]))
        review = _review(lake, target, promotion, spec, compared, before, after)
        save(lake, review, promotion, compared)
    except BaseException:
        promotion.discard()
        raise
    if on_event is not None:
        seconds = promotion.report.seconds + time.perf_counter() - began
        on_event(Event("finished", promotion.report.run_id, promotion.report.rows_out, seconds=seconds))
    return review


def naming(old: pl.LazyFrame, new: pl.LazyFrame, declared: list[str], table: str) -> list[str]:
    """Columns by which rows are matched: the declared keys, else a proven key, else ``_rid``; empty = whole rows."""
    before, after = old.collect_schema(), new.collect_schema()

    def both(names: list[str]) -> bool:
        return bool(names) and all(name in before and name in after for name in names)

    if both(declared):
        return declared
    sample = new.select(frames.data_columns(new)).head(_SAMPLE_ROWS).collect()
    guess = _guess(sample, table)
    return next((names for names in (guess, [frames.RID]) if both(names) and _unique(old, new, names)), [])


def type_name(dtype: Any) -> str:
    """A column type as people name it."""
    if isinstance(dtype, pl.Decimal):
        return f"decimal({dtype.precision}, {dtype.scale})"
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return f"datetime ({dtype.time_zone})"
    return str(field_type(dtype))


def _types(schema: Mapping[str, Any]) -> dict[str, str]:
    return {name: type_name(dtype) for name, dtype in schema.items()}


def _guess(sample: pl.DataFrame, table: str) -> list[str]:
    if not sample.height or not sample.width:
        return []
    return infer_primary_key(infer(sample, name=table)) or []


def _unique(old: pl.LazyFrame, new: pl.LazyFrame, names: list[str]) -> bool:
    """Whether no two rows of either side share these values, and none lacks them."""
    value = pl.struct(names) if len(names) > 1 else pl.col(names[0])
    return all(
        side.select((value.n_unique() == pl.len()) & ~pl.any_horizontal(pl.col(names).is_null().any())).collect().item()
        for side in (old, new)
    )


def _aside(target: Table) -> int | None:
    """Rows that the published promotion set aside."""
    report = json.loads(made_by(target).get(REPORT, "{}"))
    return int(report["removed"].get("quarantined", 0)) if "removed" in report else None


def _review(
    lake: LakeContext,
    target: Table,
    promotion: Promotion,
    spec: str,
    compared: Comparison,
    before: dict[str, str] | None,
    after: dict[str, str],
) -> Review:
    staging, changes = promotion.staged.staging, promotion.staged.changes
    ((bronze, snapshot),) = json.loads(promotion.properties[SOURCES]).items()
    return Review(
        promotion.report.run_id,
        promotion.table,
        lake.actor,
        now(),
        spec,
        promotion.properties,
        json.loads(json.dumps(promotion.report.to_dict(), default=str)),
        json.loads(json.dumps(asdict(promotion.schema), default=str)),
        staging.fork,
        staging.fields,
        staging.locations,
        snapshot,
        tables.row_count(lake.need(bronze), snapshot),
        before,
        after,
        dict(changes.renamed) if changes is not None else {},
        promotion.gates,
        _aside(target),
        {name: value for name, value in vars(compared).items() if not isinstance(value, pl.DataFrame)},
    )
