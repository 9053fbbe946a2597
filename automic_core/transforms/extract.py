"""The extract step: typed values out of a text, each with its place in it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Transformer, configured
from automic_core.errors import ConfigError
from automic_core.inference import casting
from automic_core.inference.text_labels import Layout, find
from automic_core.inference.text_values import Kind, read
from automic_core.records import Field as Column
from automic_core.records import FieldType
from automic_core.transforms._checks import new_names, of_type
from automic_core.transforms.text import check_regex

SPANS = "_spans"
"""Hidden column: JSON of field to [start, end], the characters of the text that a value was read from."""
REASON = f"{frames.QUARANTINED}:extract"
_TYPES: dict[str, FieldType] = {
    "integer": FieldType.INTEGER, "decimal": FieldType.DECIMAL, "percent": FieldType.DECIMAL, "date": FieldType.DATE,
}  # fmt: skip
_FOUND = "_extracted"
_DIGITS = 16


@configured
class Wanted:
    """A value to look for."""

    kind: Annotated[Kind, Field(description="text, identifier, decimal, date, email, …")]
    labels: Annotated[
        list[str], Field(description="Words before or above the value, the best first; empty = the field's own name.")
    ] = dataclasses.field(default_factory=list)
    pattern: Annotated[
        str, Field(description="A regular expression for the value; its first group is the value, if it has one.")
    ] = ""
    required: Annotated[bool, Field(description="Whether a text without it goes to quarantine.")] = False

    def __post_init__(self) -> None:
        """Check the pattern.

        Raises:
            ConfigError: It cannot be read.
        """
        if self.pattern:
            check_regex(self.pattern)


@configured
class Extract(Transformer):
    """Reads typed values out of a text column by labels, forms and layout.

    A value stands behind its label or below it; without a label only what is the one of its kind in the text is taken.
    What is not found is missing. A row is quarantined, with every reason, if a value that is required is missing, or if
    a value that was given for its text (answers) does not stand in it or cannot be read there. Where each value stands
    is kept in ``_spans``.
    """

    kind: ClassVar[str] = "extract"

    column: Annotated[str, Field(description="The text column.")]
    fields: Annotated[
        dict[str, Kind | Wanted],
        Field(min_length=1, description="New column to a kind, or to {kind, labels, pattern, required}."),
    ]
    keep: Annotated[bool, Field(description="Keep the text column too.")] = True
    answers: Annotated[
        dict[str, Any],
        Field(description="What a model or a person read: key of the text to {field: words as they stand in it}."),
    ] = dataclasses.field(default_factory=dict)
    missing: Annotated[
        Literal["rules", "nothing"], Field(description="Fields without an answer: found by rules, or left out.")
    ] = "rules"

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            ConfigError: A name is hidden, or an answer is none, or names no field.
        """
        new_names(self.kind, self.fields)
        for each in self.answers.values():
            if not isinstance(each, dict) or not all(isinstance(said, str) for said in each.values()):
                raise ConfigError(f"Step extract: {each!r} is no answer.", "Give {field: words of the text}.")
            if unknown := [name for name in each if name not in self.fields]:
                hint = f"Fields: {', '.join(self.fields)}."
                raise ConfigError(f"Step extract: an answer names {unknown[0]!r}, which is no field.", hint)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add the values; quarantine rows whose values are not sound."""
        schema = frame.collect_schema()
        of_type(self.kind, [self.column], schema, lambda dtype: bool(dtype == pl.String), "text", "Cast it first.")
        new_names(self.kind, self.fields, [name for name in schema if name != self.column or self.keep])
        read_out = frame.with_columns(self._read().alias(_FOUND))
        parts = pl.col(_FOUND).struct
        found = frames.condemn(read_out, parts.field("problems").list.len() > 0, REASON)
        before = pl.col(SPANS) if SPANS in schema else pl.lit(None, dtype=pl.String)
        made = [casting.cast_expr(self._column(name), parts.field(name)).alias(name) for name in self.fields]
        spans = pl.when(frames.alive()).then(_merged(before, parts.field("spans"))).otherwise(before)
        out: list[pl.Expr] = []
        for name in schema:
            if name == self.column:
                out += [*([pl.col(name)] if self.keep else []), *made]
            elif name != SPANS:
                out.append(pl.col(name))
        return found.select(*out, spans.alias(SPANS))

    def failures(self, before: pl.LazyFrame) -> pl.LazyFrame:
        """Every value that is not sound."""
        problems = before.select(frames.RID, self._read().struct.field("problems").alias("problem"))
        return (
            problems.explode("problem")
            .filter(pl.col("problem").is_not_null())
            .unnest("problem")
            .select(frames.RID, pl.lit("extract").alias("rule"), "column", "value", "message")
        )

    def _read(self) -> pl.Expr:
        """The values of each living text as a struct of plain texts, their places, and what is wrong."""
        text = pl.when(frames.alive()).then(pl.col(self.column))
        return text.map_batches(self._batch, return_dtype=self._struct())

    def _struct(self) -> pl.Struct:
        problem = pl.Struct({"column": pl.String, "value": pl.String, "message": pl.String})
        fields: dict[str, Any] = dict.fromkeys(self.fields, pl.String)
        return pl.Struct({**fields, "spans": pl.String, "problems": pl.List(problem)})

    def _batch(self, texts: pl.Series) -> pl.Series:
        known: dict[str | None, dict[str, Any] | None] = {None: None}
        for text in texts.unique():
            if text is not None:
                known[text] = self.read(text)
        return pl.Series(texts.name, [known[text] for text in texts], dtype=self._struct())

    def read(self, text: str) -> dict[str, Any]:
        """The fields of one text in their plain form, "spans" as JSON, and "problems"."""
        layout, given = Layout(text), self.answers.get(key_of(text))
        row: dict[str, Any] = dict.fromkeys(self.fields)
        spans: dict[str, list[int]] = {}
        problems = []
        for name in self.fields:
            wanted = self._wanted(name)
            said = (given or {}).get(name)
            if said is not None:
                place, value, why = _grounded(layout, wanted.kind, said)
            else:
                rules = given is None or self.missing == "rules"
                found = find(layout, name, wanted.kind, wanted.labels, wanted.pattern) if rules else None
                place, value, why = (found.start, found.end) if found else None, found.value if found else None, ""
                if found is not None and wanted.pattern and wanted.kind in _TYPES:
                    value = read(wanted.kind, found.value, layout.style)
                    why = "" if value is not None else f"{found.value!r} is no {wanted.kind}"
            if value is None and wanted.required and not why:
                why = "it is not in the text"
            if why:
                problems.append({"column": name, "value": said, "message": f"{name}: {why}"})
            elif place is not None:
                row[name], spans[name] = value, list(place)
        return {**row, "spans": json.dumps(spans), "problems": problems}

    def _wanted(self, name: str) -> Wanted:
        wanted = self.fields[name]
        return wanted if isinstance(wanted, Wanted) else Wanted(kind=wanted)

    def _column(self, name: str) -> Column:
        return Column(name, _TYPES.get(self._wanted(name).kind, FieldType.STRING))


def key_of(text: str) -> str:
    """The key of a text in ``answers``: the first 16 digits of its SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def _grounded(layout: Layout, kind: Kind, said: str) -> tuple[tuple[int, int] | None, str | None, str]:
    """Where words that were given stand in the text, what they say, and what is wrong."""
    places = list(_places(layout.text, said))
    if not places:
        return None, None, f"{said!r} is not in the text"
    value = read(kind, said, layout.style)
    if value is None:
        return None, None, f"{said!r} is no {kind}"
    return places[0], value, ""


def _places(text: str, said: str) -> Iterator[tuple[int, int]]:
    start = text.find(said) if said.strip() else -1
    while start >= 0:
        yield start, start + len(said)
        start = text.find(said, start + 1)


def _merged(before: pl.Expr, spans: pl.Expr) -> pl.Expr:
    """Places of this step beside those of earlier ones."""
    both = pl.concat_str(before.str.strip_suffix("}"), pl.lit(", "), spans.str.strip_prefix("{"))
    one_empty = pl.when(before.is_null() | (before == "{}")).then(spans).when(spans == "{}").then(before)
    return one_empty.otherwise(both)
