"""The step that infers the schema of what flows through it, and gives text columns their types."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, ClassVar

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Fitted, Scope, Transformer, configured
from automic_core.inference.casting import DEFAULT_NULL_TOKENS, cast_expr, is_null_token
from automic_core.inference.evidence import Inference
from automic_core.inference.profile import infer
from automic_core.records import FieldType, Schema
from automic_core.transforms._names import data_names
from automic_core.transforms._sparse import only_where


@configured
class SchemaInferrer(Transformer):
    """Infers types, patterns and constraints from the values, and types the text columns accordingly.

    A value that does not fit its column's type goes to ``_rescued`` and leaves a null; texts that mean "no value" (NA,
    -, null …) become nulls in typed columns. Columns that come with a type keep it.
    """

    kind: ClassVar[str] = "schema"
    scope: ClassVar[Scope] = "table"

    detect_patterns: Annotated[bool, Field(description="Find emails, phone numbers and other patterns.")] = True
    infer_constraints: Annotated[bool, Field(description="Find smallest and largest values, and what may be null.")] = (
        True
    )
    suggest_enums: Annotated[bool, Field(description="List the values of columns that have only a few.")] = True
    confidence_threshold: Annotated[
        float, Field(gt=0, le=1, description="Share of values (0 to 1) that must fit a type before it is taken.")
    ] = 0.8
    sample_rows: Annotated[int | None, Field(ge=1, description="Look at the first rows only; empty = all.")] = None

    @property
    def rewrites(self) -> bool:
        """Columns change their type."""
        return True

    def fit(self, frame: pl.LazyFrame) -> Fitted:
        """Infer the schema of the living rows; two or three passes."""
        living = frame.filter(frames.alive()).select(data_names(frame.collect_schema()))
        return InferredSchema(
            infer(
                living,
                sample_rows=self.sample_rows,
                detect_patterns=self.detect_patterns,
                infer_constraints=self.infer_constraints,
                suggest_enums=self.suggest_enums,
                confidence_threshold=self.confidence_threshold,
            )
        )


class InferredSchema(Fitted):
    """An inferred schema.

    Attributes:
        schema: Types, patterns, constraints and key.
        inference: The evidence for them.
    """

    def __init__(self, inference: Inference) -> None:
        super().__init__({"schema": json.loads(json.dumps(asdict(inference.schema), default=str))})
        self.inference = inference
        self.schema: Schema = inference.schema

    @property
    def note(self) -> str:
        """The types taken, and how many values do not fit."""
        types = ", ".join(f"{f.name} {f.pattern or f.type}" for f in self.schema.fields)
        misfits = sum(c.misfits for c in self.inference.columns if c.type is not FieldType.STRING)
        return types + (f"; {misfits:,} values that do not fit are in {frames.RESCUED}" if misfits else "")

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Type the text columns; what does not fit is rescued, also of rows that an earlier step removed."""
        present = frame.collect_schema()
        typed, misfit = [], {}
        for field in self.schema.fields:
            if present.get(field.name) == pl.String and field.type is not FieldType.STRING:
                text = pl.col(field.name)
                value = cast_expr(field, pl.when(~is_null_token(text, DEFAULT_NULL_TOKENS)).then(text))
                typed.append(value.alias(field.name))
                misfit[field.name] = value.is_null() & ~is_null_token(text, DEFAULT_NULL_TOKENS)
        if not typed:
            return frame
        if frames.RESCUED not in present:
            frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(frames.RESCUED))
        values = pl.struct(
            pl.col(frames.RESCUED), *(pl.when(wrong).then(pl.col(name)).alias(name) for name, wrong in misfit.items())
        )
        rescued = only_where(
            pl.any_horizontal(misfit.values()), values.map_elements(_rescue, return_dtype=pl.String), pl.String
        )
        return frame.with_columns(*typed, pl.coalesce(rescued, pl.col(frames.RESCUED)).alias(frames.RESCUED))


def _rescue(row: dict[str, Any]) -> str:
    """What was rescued of a row before, and the values that do not fit now."""
    earlier = json.loads(row.pop(frames.RESCUED) or "{}")
    values = {name: value for name, value in row.items() if value is not None}
    return json.dumps({**earlier, "values": {**earlier.get("values", {}), **values}}, ensure_ascii=False)
