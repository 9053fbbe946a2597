"""The rule on types: a value must be readable as what it is meant to be."""

from __future__ import annotations

from typing import Annotated, ClassVar

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Rule, configured
from automic_core.inference import casting
from automic_core.records import Field as Column
from automic_core.records import FieldType
from automic_core.transforms.rules import Action, Columns, MaxFail

_NUMBERS = frozenset((FieldType.INTEGER, FieldType.FLOAT, FieldType.DECIMAL))


@configured
class OfType(Rule):
    """The value must be one of a type: text is read as the type, null and words for "no value" (NA, -) pass.

    The column keeps its type; the step cast changes it.
    """

    kind: ClassVar[str] = "type"

    columns: Columns
    type: Annotated[FieldType, Field(kw_only=True, description="integer, decimal, date, …")]
    format: Annotated[
        str | None, Field(description="How text is read: '%d/%m/%Y', '1.234,5', 'Y/N'; empty = ISO, plain.")
    ] = None
    precision: Annotated[int | None, Field(ge=1, le=38, description="Digits of a decimal.")] = None
    scale: Annotated[int | None, Field(ge=0, le=38, description="Digits after the point.")] = None
    action: Action = "quarantine"
    max_fail: MaxFail = 0.0

    def __post_init__(self) -> None:
        """Check the format.

        Raises:
            ConfigError: It is unknown for the type.
        """
        casting.cast_expr(self._wanted, pl.lit(""))

    @property
    def _wanted(self) -> Column:
        return Column("", self.type, format=self.format, precision=self.precision, scale=self.scale)

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where the value cannot be read as the type."""
        dtype, target = schema[column], casting.polars_type(self._wanted)
        if dtype == target and dtype != pl.String:
            return pl.lit(False)
        value = pl.col(column)
        if dtype.is_numeric() and self.type in _NUMBERS:
            cast = value.cast(target, strict=False)
            return value.is_not_null() & (cast.is_null() | (cast.cast(dtype, strict=False) != value))
        text = frames.as_text(column, schema)
        return ~casting.is_null_token(text) & casting.cast_expr(self._wanted, text).is_null()

    def message(self, column: str) -> str:
        """The reason."""
        article = "an" if self.type[0] in "aeiou" else "a"
        form = f" written as {self.format}" if self.format else ""
        return f"{column} is not {article} {self.type}{form}"

    def failures(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Every failing row; the reason names the value."""
        said = pl.concat_str(pl.col("message"), pl.lit(": '"), pl.col("value").str.slice(0, 60), pl.lit("'"))
        return super().failures(frame).with_columns(message=said.fill_null(pl.col("message")))
