"""Use-cases shared by the CLI and the pages: plain functions in, plain data out."""

from automic_core.workbench.doctor import Check, doctor
from automic_core.workbench.lakes import create, is_lake, lake_path, opened, policy, stamp
from automic_core.workbench.plain import Rows, plain
from automic_core.workbench.promotions import PromotionSpec, load_promotion
from automic_core.workbench.runs import Built, Promoted, aggregation, build, export, ingest, promote, run
from automic_core.workbench.sources import build_source, connectors, infer, preview
from automic_core.workbench.tables import (
    Overview,
    RunInfo,
    TableInfo,
    fix,
    history,
    overview,
    quarantine,
    query,
    rollback,
    runs,
    show,
    tables,
    trace,
    waive,
)

__all__ = [
    "Built",
    "Check",
    "Overview",
    "Promoted",
    "PromotionSpec",
    "Rows",
    "RunInfo",
    "TableInfo",
    "aggregation",
    "build",
    "build_source",
    "connectors",
    "create",
    "doctor",
    "export",
    "fix",
    "history",
    "infer",
    "ingest",
    "is_lake",
    "lake_path",
    "load_promotion",
    "opened",
    "overview",
    "plain",
    "policy",
    "preview",
    "promote",
    "quarantine",
    "query",
    "rollback",
    "run",
    "runs",
    "show",
    "stamp",
    "tables",
    "trace",
    "waive",
]
