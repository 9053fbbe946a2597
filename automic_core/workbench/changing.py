"""Change a lake: ingest, promote, build, run a pipeline file; export one as Python."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from automic_core.contracts import Incremental, SourceAdapter
from automic_core.errors import ConfigError
from automic_core.events import Listener, RunReport
from automic_core.lake import Lakehouse
from automic_core.medallion.bronze import Ingestion, RecordMode
from automic_core.spec import PipelineSpec
from automic_core.state import RunState
from automic_core.storage import AccessPolicy, confined, ruling
from automic_core.workbench.promotions import PromotionSpec
from automic_core.workbench.values import Rows, rows_of


@dataclass(frozen=True)
class Promoted:
    """What a promotion did, or would do.

    Attributes:
        schema: Column to type, as applied.
        accepted: Whether a person accepted the schema of every column.
        quarantined: Reason ("rule column") to number of rows.
        sample: First rows of the result; of a dry run only.
        snapshot: The state it made; None for a dry run.
    """

    table: str
    report: RunReport
    schema: dict[str, str]
    accepted: bool
    quarantined: dict[str, int] = field(default_factory=dict)
    sample: Rows | None = None
    snapshot: int | None = None


@dataclass(frozen=True)
class Built:
    """What a build did."""

    table: str
    report: RunReport
    snapshot: int


def ingest(
    lake: Lakehouse,
    source: SourceAdapter,
    table: str,
    *,
    mode: RecordMode = "append",
    keys: Sequence[str] = (),
    force: bool = False,
    contract: str = "evolve",
    incremental: Incremental | Mapping[str, Any] | None = None,
    on_event: Listener | None = None,
) -> Ingestion:
    """Take the records of a source into bronze; a batch that is there already adds nothing."""
    how = Incremental(**incremental) if isinstance(incremental, Mapping) else incremental
    return lake.bronze.ingest(source, table, mode, list(keys) or None, force, contract, on_event, how)


def promote(
    lake: Lakehouse,
    table: str,
    spec: PromotionSpec | None = None,
    *,
    dry_run: bool = False,
    full: bool = False,
    policy: AccessPolicy | None = None,
    on_event: Listener | None = None,
) -> Promoted:
    """Bronze to silver.

    Args:
        lake: The lake.
        table: The table's name.
        spec: Schema, steps and rules; None = the inferred schema and nothing else.
        dry_run: Compute everything, show it, publish nothing.
        full: Read all rows of bronze and learn from them anew, where those it gained would do.
        policy: What its steps may read; None = anything.
        on_event: Called with signs of life.
    """
    spec = spec or PromotionSpec()
    arguments = (table, spec if spec.columns else None, spec.steps, spec.rules, on_event, spec.text, full)
    with ruling(policy):
        promotion = lake.silver.stage(*arguments) if dry_run else lake.silver.promote(*arguments)
    count = _counted(promotion.quarantined)
    sample = None
    if dry_run:
        rows = promotion.rows()
        sample = rows_of(rows.head(10).collect(), promotion.report.rows_out)
        promotion.discard()
    return Promoted(
        promotion.table,
        promotion.report,
        {each.name: str(each.type) for each in promotion.schema.fields},
        not promotion.schema.inferred,
        dict(sorted(count.items(), key=lambda item: (-item[1], item[0]))),
        sample,
        promotion.snapshot,
    )


def _counted(quarantined: pl.DataFrame) -> dict[str, int]:
    """Rule and column to rows that break it."""
    each = quarantined.select("reasons").with_row_index("_row").explode("reasons").unnest("reasons")
    column = pl.when(pl.col("column") != "").then(pl.col("column"))
    said = each.select("_row", pl.concat_str("rule", column, separator=" ", ignore_nulls=True).alias("said")).unique()
    return dict(said.group_by("said").len().iter_rows())


def build(
    lake: Lakehouse,
    name: str,
    sql: str | None = None,
    *,
    source: str | None = None,
    group_by: Sequence[str] | None = None,
    aggregations: Mapping[str, Mapping[str, Any]] | None = None,
    full: bool = False,
    on_event: Listener | None = None,
) -> Built:
    """Silver to gold, by SQL or by groups; of what silver gained where that gives the same, or ``full``."""
    done = lake.gold.build(
        name, sql, source=source, group_by=group_by, aggregations=aggregations, on_event=on_event, full=full
    )
    return Built(done.table, done.report, done.snapshot)


def aggregation(text: str) -> tuple[str, dict[str, Any]]:
    """One aggregation as people type it: ``revenue=sum:total``, ``orders=count``.

    Raises:
        ConfigError: It is not of this form.
    """
    name, equals, rest = text.partition("=")
    function, colon, column = rest.partition(":")
    if not equals or not name.strip() or not function.strip() or (colon and not column.strip()):
        raise ConfigError(f"{text!r} is no aggregation.", "Write name=function:column, such as revenue=sum:total.")
    return name.strip(), {"function": function.strip(), "field": column.strip() or "*"}


def run(
    path: str | Path,
    lake: Lakehouse | None = None,
    policy: AccessPolicy | None = None,
    on_event: Listener | None = None,
) -> RunReport:
    """Run a pipeline file; relative paths in it begin at the current folder.

    Args:
        path: The YAML file.
        lake: Where tables named in the pipeline are, and where the run is recorded; None = none is needed.
        policy: What it may read and write; None = anything.
        on_event: Called with signs of life.

    Raises:
        AutomicError: Whatever stopped the run; the destination is as it was before.
    """
    spec = PipelineSpec.load_file(path)
    if spec.load is None:
        raise ConfigError(f"{path} loads nothing.", "Add the key load.")
    pipeline = spec.to_pipeline()
    assert pipeline.source is not None
    pipeline.source = confined(pipeline.source, policy)
    pipeline.destination = confined(pipeline.destination, policy)
    run_id = uuid.uuid4().hex[:12]
    with ExitStack() as around:
        around.enter_context(ruling(policy))
        if lake is not None:
            around.enter_context(lake.context.resolving())
            lake.context.state.start_run(run_id, pipeline.name, None, lake.context.actor)
        try:
            report = pipeline.run(on_event, run_id).report
            report.check()
        except BaseException as exc:
            if lake is not None:
                ended: RunState = "cancelled" if isinstance(exc, KeyboardInterrupt) else "failed"
                lake.context.state.finish_run(run_id, ended, error=str(exc) or type(exc).__name__)
            raise
        if lake is not None:
            lake.context.state.finish_run(run_id, "succeeded", report.to_dict())
    return report


def export(path: str | Path) -> str:
    """A pipeline file as a Python script that builds and runs the same pipeline."""
    return PipelineSpec.load_file(path).to_python()
