"""Use-cases shared by the CLI and the pages: plain functions in, plain data out.

Names are imported on first use, so that a command line that only prints its help is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automic_core.workbench.changing import Built, Promoted, aggregation, build, export, ingest, promote, run
    from automic_core.workbench.health import Check, doctor
    from automic_core.workbench.lakes import VARIABLE, create, is_lake, lake_path, opened, policy, stamp
    from automic_core.workbench.looking import (
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
    from automic_core.workbench.promotions import PromotionSpec, load_promotion
    from automic_core.workbench.sources import build_source, connectors, infer, preview
    from automic_core.workbench.values import Rows, plain

_HOME = {
    **dict.fromkeys(("Check", "doctor"), "health"),
    **dict.fromkeys(("VARIABLE", "create", "is_lake", "lake_path", "opened", "policy", "stamp"), "lakes"),
    **dict.fromkeys(("Rows", "plain"), "values"),
    **dict.fromkeys(("PromotionSpec", "load_promotion"), "promotions"),
    **dict.fromkeys(("Built", "Promoted", "aggregation", "build", "export", "ingest", "promote", "run"), "changing"),
    **dict.fromkeys(("build_source", "connectors", "infer", "preview"), "sources"),
    **dict.fromkeys(
        (
            "Overview",
            "RunInfo",
            "TableInfo",
            "fix",
            "history",
            "overview",
            "quarantine",
            "query",
            "rollback",
            "runs",
            "show",
            "tables",
            "trace",
            "waive",
        ),
        "looking",
    ),
}

__all__ = [
    "VARIABLE",
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


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
