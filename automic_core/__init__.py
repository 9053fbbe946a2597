"""Automic: messy sources in, a trusted Apache Iceberg lakehouse out, every row accounted for.

Names are imported on first use (PEP 562), so that ``import automic_core`` is quick and loads no driver.
"""

from __future__ import annotations

import importlib
from typing import Any

from automic_core._version import __version__

_CONNECTORS = "automic_core.connectors."
_STEPS = "automic_core.transforms."

_HOME = {
    "Pipeline": "automic_core.pipeline",
    "PipelineSpec": "automic_core.spec",
    "Lakehouse": "automic_core.lake",
    "Settings": "automic_core.settings",
    "RunReport": "automic_core.events",
    **dict.fromkeys(("Record", "RecordMetadata", "Schema", "Field", "FieldType"), "automic_core.records"),
    **dict.fromkeys(
        (
            "SourceAdapter",
            "DestinationAdapter",
            "Transformer",
            "Fitted",
            "Rule",
            "ReadRequest",
            "Incremental",
            "configured",
        ),
        "automic_core.contracts",
    ),
    **dict.fromkeys(("CSVSource", "CSVLoader"), _CONNECTORS + "files.csv"),
    **dict.fromkeys(("JSONSource", "JSONLoader"), _CONNECTORS + "files.json"),
    **dict.fromkeys(("ParquetSource", "ParquetLoader"), _CONNECTORS + "files.parquet"),
    "ExcelSource": _CONNECTORS + "files.excel",
    "XMLSource": _CONNECTORS + "files.xml",
    **dict.fromkeys(("SQLiteSource", "SQLiteLoader"), _CONNECTORS + "databases.sqlite"),
    **dict.fromkeys(("PostgreSQLSource", "PostgreSQLLoader"), _CONNECTORS + "databases.postgresql"),
    **dict.fromkeys(("MongoDBSource", "MongoDBLoader"), _CONNECTORS + "databases.mongodb"),
    **dict.fromkeys(("MySQLSource", "MySQLLoader"), _CONNECTORS + "databases.mysql"),
    **dict.fromkeys(("IcebergSource", "IcebergLoader"), "automic_core.lakehouse.connector"),
    **dict.fromkeys(("Select", "Rename", "Cast", "Derive"), _STEPS + "columns"),
    **dict.fromkeys(("Text", "Split"), _STEPS + "text"),
    **dict.fromkeys(("Extract", "Wanted"), _STEPS + "extract"),
    "Classify": _STEPS + "classify",
    **dict.fromkeys(("Filter", "Sort", "Limit"), _STEPS + "rows"),
    **dict.fromkeys(("Join", "Union"), _STEPS + "combine"),
    **dict.fromkeys(("Pivot", "Unpivot", "Explode"), _STEPS + "reshape"),
    "Aggregator": _STEPS + "aggregate",
    "NullRemover": _STEPS + "nulls",
    "Deduplicator": _STEPS + "dedup",
    "QualityScorer": _STEPS + "quality",
    "AnomalyDetector": _STEPS + "anomaly",
    "SchemaInferrer": _STEPS + "schema_inference",
    **dict.fromkeys(
        ("NotNull", "Unique", "Range", "Regex", "InSet", "Length", "SQLRule", "load_rules"), _STEPS + "rules"
    ),
    **dict.fromkeys(("infer_schema", "infer_exact"), "automic_core.inference"),
    **dict.fromkeys(("Depends", "RowCount", "Fresh", "Drift"), _STEPS + "table_rules"),
    "OfType": _STEPS + "type_rule",
    "References": _STEPS + "key_rule",
    "mutation_test": "automic_core.assist.mutation_testing",
    "personal_spans": "automic_core.inference.personal_spans",
    "suggest_rules": "automic_core.assist.suggesting",
    "find_errors": "automic_core.cleaning.finding",
    "AutomicError": "automic_core.errors",
}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'automic_core' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
