"""A column's type as a person sees and changes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from automic_core.errors import ConfigError
from automic_core.records import Field, FieldType

TEXT = "text"
ISO_DATE = "%Y-%m-%d"
_DECIMAL = re.compile(r"^decimal\s*\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$")
_MOST_DIGITS = 38
TYPES: tuple[str, ...] = (TEXT, *(str(kind) for kind in FieldType if kind not in (FieldType.STRING, FieldType.BINARY)))
"""Types a person can choose, in words."""


@dataclass(frozen=True)
class FieldChange:
    """What a column shall be.

    Attributes:
        type: The name of a `FieldType`.
        format: How text becomes the type; None = ISO, plain.
        nullable: Whether a row may lack a value; if not, such rows go to quarantine.
        name: The column's name in silver; empty = as in bronze.
        description: What it means, in a sentence.
    """

    type: str = "string"
    format: str | None = None
    precision: int | None = None
    scale: int | None = None
    nullable: bool = True
    name: str = ""
    description: str | None = None

    @property
    def label(self) -> str:
        """The type in words: "text", "decimal(10, 2)"."""
        if self.type == "string":
            return TEXT
        if self.type == "decimal" and self.precision is not None:
            return f"decimal({self.precision}, {self.scale or 0})"
        return self.type

    @property
    def described(self) -> str:
        """The type with its format."""
        return f"{self.label} {self.format}" if self.format else self.label

    def field(self, name: str) -> Field:
        """The field that casts this way.

        Raises:
            ConfigError: There is no such type, or a decimal keeps more digits than it has.
        """
        return Field(name, kind_of(self.type), format=self.format, precision=self.precision, scale=self.scale)

    def entry(self) -> str | dict[str, Any]:
        """As the schema of a promotion has it: the type's name, or a mapping if there is more to say."""
        more = {
            "format": self.format,
            "precision": self.precision,
            "scale": self.scale,
            "description": self.description,
        }
        said = {key: value for key, value in more.items() if value is not None}
        return {"type": self.type, **said} if said else self.type

    def same_reading(self, other: FieldChange) -> bool:
        """Whether both make the same values of a text."""
        return replace(self, description=None).entry() == replace(other, description=None).entry()


def change_of(field: Field) -> FieldChange:
    """A field's type; the precision only of decimals."""
    sized = field.type is FieldType.DECIMAL
    precision, scale = (field.precision, field.scale) if sized else (None, None)
    plain = field.type is FieldType.DATE and field.format == ISO_DATE  # what a date without a format is read as
    return FieldChange(str(field.type), None if plain else field.format, precision, scale)


def entry_of(column: str, entry: Any) -> FieldChange:
    """A column's type from the schema of a promotion.

    Raises:
        ConfigError: There is no such type.
    """
    said = dict(entry) if isinstance(entry, Mapping) else {"type": entry}
    try:
        kind = kind_of(str(said.get("type", "string")))
    except ConfigError as exc:
        raise ConfigError(f"schema, {column}: {exc.message}", exc.hint) from exc
    described = said.get("description")
    reading = said.get("format"), said.get("precision"), said.get("scale")
    return FieldChange(str(kind), *reading, description=str(described) if described else None)


def kind_of(name: str) -> FieldType:
    """A type by its name; "text" is a string.

    Raises:
        ConfigError: There is none.
    """
    try:
        return FieldType.STRING if name == TEXT else FieldType(name)
    except ValueError as exc:
        raise ConfigError(f"There is no type {name!r}.", f"Types: {', '.join(TYPES)}.") from exc


def typed(label: str, now: FieldChange) -> FieldChange:
    """A column whose type is given in words; format and size of another type are forgotten.

    Raises:
        ConfigError: There is no such type, or a decimal keeps more places than it has digits.
    """
    found = _DECIMAL.match(label.strip().lower())
    if found is None:
        kind = str(kind_of(label.strip().lower()))
        kept = now if kind == now.type else replace(now, format=None, precision=None, scale=None)
        return replace(kept, type=kind)
    precision, scale = int(found[1]), int(found[2])
    if not 1 <= precision <= _MOST_DIGITS or scale > precision:
        raise ConfigError(f"{label} is no decimal.", "Give 1 to 38 digits, and no more places than digits.")
    kept = now if now.type == "decimal" else replace(now, format=None)
    return replace(kept, type="decimal", precision=precision, scale=scale)
