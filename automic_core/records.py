"""Rows and schemas: the record-level vocabulary for people who think in rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class FieldType(StrEnum):
    """The types a column can have, as people name them."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    BINARY = "binary"
    JSON = "json"
    ARRAY = "array"


@dataclass(slots=True)
class RecordMetadata:
    """Where a record came from.

    Attributes:
        source_type: The connector's kind ("csv", "mongodb").
        source_id: The file, table or collection.
        source_row: 1-based ordinal in the source, if known.
        extra: Anything else an adapter or step wants to carry.
    """

    source_type: str = ""
    source_id: str = ""
    source_row: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Field:
    """One column: its type and what was learned about its values.

    Attributes:
        format: How text becomes the type (a date format, or a number format such as "1.234,5"); None = ISO / plain.
        pattern: Name of the pattern the values follow ("email"), if any.
        confidence: Share of non-null values that cast to ``type``, 0 to 1; None when not inferred.
        kind: What the column is for ("categorical", "not-generalizable" …): a proposal; None when not inferred.
        kind_confidence: Probability of ``kind``, 0 to 1.
    """

    name: str
    type: FieldType = FieldType.STRING
    nullable: bool = True
    pattern: str | None = None
    min_value: Any = None
    max_value: Any = None
    enum_values: list[Any] | None = None
    confidence: float | None = None
    format: str | None = None
    description: str | None = None
    precision: int | None = None
    scale: int | None = None
    kind: str | None = None
    kind_confidence: float | None = None


@dataclass(slots=True)
class Schema:
    """The columns of a table, in order."""

    name: str = ""
    fields: list[Field] = field(default_factory=list)
    primary_key: list[str] | None = None
    inferred: bool = False

    def field_named(self, name: str) -> Field | None:
        """The field called ``name``, or None."""
        return next((f for f in self.fields if f.name == name), None)

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [f.name for f in self.fields]


@dataclass(slots=True)
class Record:
    """One row with its origin.

    Attributes:
        data: Column name to value.
        metadata: Where the row came from.
        schema: The structure of ``data``, if known.
    """

    data: dict[str, Any]
    metadata: RecordMetadata = field(default_factory=RecordMetadata)
    schema: Schema | None = None
    extracted_at: datetime | None = None
    transformed_at: datetime | None = None
    loaded_at: datetime | None = None
