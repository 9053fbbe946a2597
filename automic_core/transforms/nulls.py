"""Missing values: removed with their row, made real nulls, or filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Fitted, Transformer, configured
from automic_core.errors import ConfigError, TransformError
from automic_core.inference.casting import DEFAULT_NULL_TOKENS, is_null_token
from automic_core.records import Record
from automic_core.transforms._literals import exact
from automic_core.transforms._names import data_names, require


@configured
class NullRemover(Transformer):
    """Drops or fills what is missing, texts such as "n/a" included.

    First, texts that mean "no value" become real nulls in the chosen columns. Then, by strategy: ``drop`` removes a row
    with a null in any of them, ``drop_all`` a row with nulls in all of them, ``remove_fields`` keeps every row (records
    lose the key; a table keeps the column with nulls), ``fill`` puts a value in their place.
    """

    kind: ClassVar[str] = "nulls"

    strategy: Annotated[
        Literal["drop", "drop_all", "remove_fields", "fill"], Field(description="What to do with missing values.")
    ] = "drop"
    fields: Annotated[list[str] | None, Field(description="Columns to look at; empty = all.")] = None
    null_values: Annotated[
        tuple[str, ...],
        Field(description="Texts that mean 'no value', whatever their case and the blanks around them."),
    ] = DEFAULT_NULL_TOKENS
    fill_value: Annotated[
        Any, Field(description="For fill: one value for all chosen columns, or a mapping of column to value.")
    ] = None
    fill_method: Annotated[
        Literal["value", "mean", "median", "mode"],
        Field(
            description="For fill: the given value, or one learned a column. Mean and median fill number columns only, "
            "rounded to what the column can hold; mode is the most frequent value, the smaller one of a tie."
        ),
    ] = "value"

    def __post_init__(self) -> None:
        """Check that the options agree.

        Raises:
            ConfigError: ``fill`` without a value, or a fill option with another strategy.
        """
        given = self.fill_value is not None
        if self.strategy == "fill" and self.fill_method == "value" and not given:
            raise ConfigError("NullRemover: strategy 'fill' needs a fill_value.", "Or choose fill_method mean or mode.")
        if given and (self.strategy != "fill" or self.fill_method != "value"):
            raise ConfigError(
                f"NullRemover: fill_value {self.fill_value!r} is not used here.",
                "It belongs to strategy 'fill' with fill_method 'value'.",
            )

    @property
    def fits(self) -> bool:
        """Whether the value to fill is learned from the table."""
        return self.strategy == "fill" and self.fill_method != "value"

    @property
    def rewrites(self) -> bool:
        """Filled columns are no longer what later digests would have read before."""
        return True

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Make the nulls real, then drop or fill."""
        if self.fits:
            return self.fit(frame).apply(frame)
        schema = frame.collect_schema()
        columns = self._columns(schema)
        if self.strategy == "fill":
            return self.fill(frame, self._given(columns))
        frame = frame.with_columns(self._cleaned(name, schema[name]) for name in columns)
        missing = [pl.col(name).is_null() for name in columns]
        if self.strategy == "remove_fields" or not missing:
            return frame
        gone = pl.any_horizontal(missing) if self.strategy == "drop" else pl.all_horizontal(missing)
        return frames.condemn(frame, gone, f"{frames.DROPPED}:nulls")

    def transform_batch(self, records: list[Record]) -> list[Record]:
        """Change records; ``remove_fields`` takes the keys of missing values out."""
        done = super().transform_batch(records)
        if self.strategy == "remove_fields":
            for record in done:
                record.data = {name: value for name, value in record.data.items() if value is not None}
        return done

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """The columns to fill, nulls made real."""
        return [self._cleaned(name, schema[name]) for name in self._learned(schema)]

    def learn(self, digest: pl.DataFrame) -> Fitted:
        """The value to fill with, a column."""
        living = digest.filter(frames.alive()).drop(frames.RID, frames.FATE)
        values = {name: _typical(living[name], self.fill_method) for name in living.columns}
        return _Filled(self, values)

    def kept(self, state: Mapping[str, Any]) -> Fitted | None:
        """The learned values; moments and decimals do not come back from JSON as what they were."""
        values = state.get("values")
        plain = isinstance(values, dict) and not any(isinstance(value, str) for value in values.values())
        return _Filled(self, values) if plain and isinstance(values, dict) else None

    def fill(self, frame: pl.LazyFrame, values: dict[str, Any]) -> pl.LazyFrame:
        """Fill the nulls of living rows.

        Raises:
            TransformError: A value does not fit its column.
        """
        schema = frame.collect_schema()
        columns = self._columns(schema)
        cleaned = frame.with_columns(self._cleaned(name, schema[name]) for name in columns)
        return cleaned.with_columns(
            pl.when(frames.alive() & pl.col(name).is_null())
            .then(_literal(value, name, schema[name]))
            .otherwise(name)
            .alias(name)
            for name, value in values.items()
            if value is not None
        )

    def _columns(self, schema: pl.Schema) -> list[str]:
        return data_names(schema) if self.fields is None else require(self.fields, schema, "NullRemover")

    def _given(self, columns: list[str]) -> dict[str, Any]:
        """``fill_value`` a column."""
        if not isinstance(self.fill_value, dict):
            return dict.fromkeys(columns, self.fill_value)
        require(self.fill_value, dict.fromkeys(columns), "NullRemover, fill_value")
        return self.fill_value

    def _learned(self, schema: pl.Schema) -> list[str]:
        """Columns with a learned value."""
        columns = self._columns(schema)
        if self.fill_method == "mode":
            return columns
        other = [name for name in columns if not schema[name].is_numeric()]
        if other and self.fields is not None:
            raise TransformError(
                f"NullRemover: column {other[0]!r} is {schema[other[0]]}, which has no {self.fill_method}.",
                "Change its type first, or use fill_method 'mode'.",
            )
        return [name for name in columns if name not in other]

    def _cleaned(self, name: str, dtype: Any) -> pl.Expr:
        """The column with "no value" texts (and NaN, if "nan" is one) as nulls; removed rows stay as they are."""
        column = pl.col(name)
        if dtype == pl.String:
            no_value = is_null_token(column, self.null_values)
        elif dtype.is_float() and "nan" in {text.strip().lower() for text in self.null_values}:
            no_value = column.is_nan()
        else:
            return column
        return pl.when(frames.alive() & no_value).then(None).otherwise(column).alias(name)


class _Filled(Fitted):
    """The values a ``NullRemover`` learned, by column."""

    def __init__(self, step: NullRemover, values: dict[str, Any]) -> None:
        super().__init__({"values": {name: frames.plain(value) for name, value in values.items()}})
        self._step = step
        self._values = values

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Fill with the learned values."""
        return self._step.fill(frame, self._values)


def _typical(values: pl.Series, method: str) -> Any:
    """Mean, median or mode of the values that are there; None if there are none."""
    present = values.drop_nulls()
    if present.is_empty():
        return None
    if method == "mode":
        return present.mode().sort()[0]
    value = present.mean() if method == "mean" else present.median()
    if not isinstance(value, float):
        return value
    places = values.dtype.scale if isinstance(values.dtype, pl.Decimal) else 0
    return value if values.dtype.is_float() else round(value, places or None)


def _literal(value: Any, name: str, dtype: Any) -> pl.Expr:
    try:
        return pl.lit(exact(value, dtype), dtype=dtype)
    except ValueError as exc:
        raise TransformError(
            f"NullRemover: fill value {value!r} does not fit column {name!r} ({dtype}).",
            "Name the columns in fields, or give fill_value as a mapping of column to value.",
        ) from exc
