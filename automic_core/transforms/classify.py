"""The classify step: a class for each free text, with its confidence, or none."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import Annotated, Any, ClassVar

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Transformer, configured
from automic_core.errors import ConfigError
from automic_core.inference.text_classes import Classes
from automic_core.transforms._checks import new_names, of_type
from automic_core.transforms.extract import key_of

_FOUND = "_classified"


@configured
class Classify(Transformer):
    """Puts free texts into classes by words: the class whose description and examples are nearest.

    A text that shares no word with a class, or is about as near to two, is given none. An answer that a model or a
    person gave for a text goes before the words, if it is one of the classes.
    """

    kind: ClassVar[str] = "classify"

    column: Annotated[str, Field(description="The text column.")]
    classes: Annotated[
        dict[str, str],
        Field(min_length=1, description="Class to what belongs there: words, phrases or a sentence; may be empty."),
    ]
    into: Annotated[str, Field(description="New column with the class.")] = "class"
    examples: Annotated[
        dict[str, str], Field(description="Texts with their class; a few for each class help a lot.")
    ] = dataclasses.field(default_factory=dict)
    least: Annotated[
        float, Field(ge=0, le=1, description="Confidence (0 to 1) below which a text is given no class.")
    ] = 0.1
    confidence: Annotated[str | None, Field(description="New column with the confidence; empty = none.")] = None
    answers: Annotated[
        dict[str, Any], Field(description="What a model or a person said: key of the text to its class.")
    ] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the names, and that examples and answers name classes.

        Raises:
            ConfigError: One does not.
        """
        new_names(self.kind, [self.into, *([self.confidence] if self.confidence else [])])
        for what, told in (("example", self.examples), ("answer", self.answers)):
            if unknown := [label for label in told.values() if label not in self.classes]:
                hint = f"Classes: {', '.join(self.classes)}."
                raise ConfigError(f"Step classify: an {what} has the class {unknown[0]!r}, which is none.", hint)

    @cached_property
    def _classes(self) -> Classes:
        return Classes(self.classes, list(self.examples.items()), self.least)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Add the class, and the confidence if it is asked for."""
        schema = frame.collect_schema()
        of_type(self.kind, [self.column], schema, lambda dtype: bool(dtype == pl.String), "text", "Cast it first.")
        made = [self.into, *([self.confidence] if self.confidence else [])]
        new_names(self.kind, made, schema)
        struct = pl.Struct({"label": pl.String, "confidence": pl.Float64})
        text = pl.when(frames.alive()).then(pl.col(self.column))
        found = frame.with_columns(text.map_batches(self._batch, return_dtype=struct).alias(_FOUND))
        out: list[pl.Expr] = []
        for name in schema:
            out.append(pl.col(name))
            if name == self.column:
                parts = zip(made, ("label", "confidence"), strict=False)
                out += [pl.col(_FOUND).struct.field(part).alias(new) for new, part in parts]
        return found.select(out)

    def _batch(self, texts: pl.Series) -> pl.Series:
        known: dict[str | None, dict[str, Any]] = {None: {"label": None, "confidence": None}}
        for text in texts.unique():
            if text is not None:
                known[text] = self.judge(text)
        struct = pl.Struct({"label": pl.String, "confidence": pl.Float64})
        return pl.Series(texts.name, [known[text] for text in texts], dtype=struct)

    def judge(self, text: str) -> dict[str, Any]:
        """The class of one text ("label", None = it abstains) and the confidence; 1 for an answer that was given."""
        if (answer := self.answers.get(key_of(text))) is not None:
            return {"label": answer, "confidence": 1.0}
        verdict = self._classes.verdict(text)
        return {"label": verdict.label, "confidence": verdict.confidence}
