"""What sources, destinations, steps and rules promise: columns at heart, records at the edge.

A plain subclass with its own ``__init__`` works; a class decorated with :func:`configured` also gets validated options,
a JSON schema (the browser's form, the CLI's help) and a place in YAML.
"""

from __future__ import annotations

from automic_core.contracts.destination import DestinationAdapter, Mode
from automic_core.contracts.incremental import Bound, CursorType, CursorValue, Incremental
from automic_core.contracts.options import configured
from automic_core.contracts.rule import Rule
from automic_core.contracts.source import ReadRequest, SourceAdapter
from automic_core.contracts.step import Fitted, Pair, Scope, StepCounts, Transformer
from automic_core.records import Record, RecordMetadata

__all__ = [
    "Bound",
    "CursorType",
    "CursorValue",
    "DestinationAdapter",
    "Fitted",
    "Incremental",
    "Mode",
    "Pair",
    "ReadRequest",
    "Record",
    "RecordMetadata",
    "Rule",
    "Scope",
    "SourceAdapter",
    "StepCounts",
    "Transformer",
    "configured",
]
