"""Rules: what must hold of every row (or of the table), and what happens to rows that break it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import BeforeValidator, Field

from automic_core import frames
from automic_core.contracts import Rule, configured
from automic_core.errors import ConfigError, TransformError
from automic_core.inference import casting
from automic_core.records import Field as Column
from automic_core.records import FieldType
from automic_core.transforms._literals import exact
from automic_core.transforms._rule_files import dump_rules, load_rules
from automic_core.transforms._rule_set import RuleSet, Verdict

__all__ = [
    "InSet",
    "Length",
    "NotNull",
    "Range",
    "Regex",
    "RuleSet",
    "SQLRule",
    "Unique",
    "Verdict",
    "dump_rules",
    "load_rules",
]

Columns = Annotated[list[str], Field(min_length=1, description="Columns the rule looks at.")]
Action = Annotated[
    Literal["warn", "quarantine", "drop", "fail"],
    Field(
        description="What happens to a row that breaks the rule: counted (warn), set aside with its reasons "
        "(quarantine), removed (drop), or the run stops (fail)."
    ),
]
MaxFail = Annotated[
    float, Field(ge=0, le=1, description="For fail: the share of rows (0 to 1) that may break the rule.")
]


@configured
class NotNull(Rule):
    """A value must be there. NaN is none, nor is text of blanks only (unless allow_blank)."""

    kind: ClassVar[str] = "not_null"

    columns: Columns
    action: Action = "quarantine"
    max_fail: MaxFail = 0.0
    allow_blank: Annotated[bool, Field(description="Whether text of blanks only is a value.")] = False

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where the value is missing."""
        value = pl.col(column)
        if schema[column].is_float():
            return value.is_null() | value.is_nan()
        if schema[column] == pl.String and not self.allow_blank:
            return value.is_null() | ~value.str.contains(r"\S")
        return value.is_null()

    def message(self, column: str) -> str:
        """The reason."""
        return f"{column} is missing"


Bound = Annotated[
    int | float | str | None,
    BeforeValidator(lambda value: value.isoformat() if isinstance(value, date | datetime | time) else value),
]


@configured
class Range(Rule):
    """A number, date or time must lie in a range, ends included; null passes.

    Text is read as the kind of its bounds (numbers, dates or timestamps; plain and ISO unless a format is given); text
    that is none breaks the rule.
    """

    kind: ClassVar[str] = "range"

    columns: Columns
    min: Annotated[Bound, Field(description="Smallest value; a date as 2024-01-31.")] = None
    max: Annotated[Bound, Field(description="Largest value.")] = None
    action: Action = "quarantine"
    max_fail: MaxFail = 0.0
    format: Annotated[
        str | None, Field(kw_only=True, description="How text is read: '1.234,5', '%d/%m/%Y'; empty = plain, ISO.")
    ] = None

    def __post_init__(self) -> None:
        """Check the bounds and the format.

        Raises:
            ConfigError: Neither min nor max is given, or the format is unknown for them.
        """
        if self.min is None and self.max is None:
            raise ConfigError("Rule range: give min, max or both.", "Example: {kind: range, columns: [age], min: 0}.")
        casting.cast_expr(self._wanted, pl.lit(""))

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where the value is outside, or no number or date at all."""
        value, dtype = pl.col(column), schema[column]
        if dtype == pl.String:
            value, dtype = casting.cast_expr(self._wanted, value), casting.polars_type(self._wanted)
        outside = [self._unread(column, schema)]
        if self.min is not None:
            outside.append(value < self._bound(self.min, column, dtype))
        if self.max is not None:
            outside.append(value > self._bound(self.max, column, dtype))
        if dtype.is_float():
            outside.append(value.is_nan())
        return pl.any_horizontal(outside)

    def message(self, column: str) -> str:
        """The reason."""
        if self.min is None or self.max is None:
            return f"{column} is below {self.min}" if self.max is None else f"{column} is above {self.max}"
        return f"{column} is outside {self.min} to {self.max}"

    def says(self, schema: Mapping[str, Any]) -> str:
        """The reasons; of text also that it may be none of what the bounds are."""
        none = f" or not {self._noun}"
        return "; ".join(self.message(name) + (none if schema[name] == pl.String else "") for name in self.columns)

    def reason(self, column: str, schema: pl.Schema) -> pl.Expr:
        """Text that could not be read is told as such: whether it is in the range is not known."""
        unread = pl.lit(f"{column} is not {self._noun}")
        return pl.when(self._unread(column, schema)).then(unread).otherwise(pl.lit(self.message(column)))

    @property
    def _wanted(self) -> Column:
        """What text is read as: the kind of the bounds."""
        bounds = [bound for bound in (self.min, self.max) if bound is not None]
        if not isinstance(bounds[0], str):
            return Column("", FieldType.FLOAT, format=self.format)
        days = all(len(str(bound)) == 10 for bound in bounds)
        return Column("", FieldType.DATE if days else FieldType.DATETIME, format=self.format)

    @property
    def _noun(self) -> str:
        return {FieldType.FLOAT: "a number", FieldType.DATE: "a date"}.get(self._wanted.type, "a timestamp")

    def _unread(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True for text that is no such value."""
        if schema[column] != pl.String:
            return pl.lit(False)
        text = pl.col(column)
        return text.str.contains(r"\S") & casting.cast_expr(self._wanted, text).is_null()

    def _bound(self, bound: float | str, column: str, dtype: Any) -> pl.Expr:
        try:
            if dtype.is_numeric() and isinstance(bound, int | float):
                return pl.lit(Decimal(repr(bound)) if dtype.is_decimal() else bound)
            return pl.lit(exact(bound, dtype), dtype=dtype)
        except ValueError as exc:
            raise TransformError(
                f"Rule range: the bound {bound!r} cannot be compared with column {column!r} ({dtype}).",
                "Write a number for numbers, and ISO text (2024-01-31) for dates.",
            ) from exc


def _regex(pattern: str) -> str:
    try:
        pl.Series([""]).str.contains(pattern, strict=True)
    except pl.exceptions.PolarsError as exc:
        reason = " ".join(str(exc).split("This error occurred")[0].split())
        raise ValueError(f"not a regular expression: {reason}") from exc
    return pattern


@configured
class Regex(Rule):
    """The value as text must match a regular expression (Rust syntax: no look-around); null and blank text pass."""

    kind: ClassVar[str] = "regex"

    columns: Columns
    pattern: Annotated[str, BeforeValidator(_regex)] = Field(kw_only=True, description="The regular expression.")
    match: Annotated[
        Literal["full", "partial"], Field(description="Whether all of the text must match, or any part of it.")
    ] = "full"
    action: Action = "quarantine"
    max_fail: MaxFail = 0.0

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where the text does not match."""
        pattern = rf"^(?:{self.pattern})$" if self.match == "full" else self.pattern
        text = frames.as_text(column, schema)
        return ~text.str.contains(pattern) & text.str.contains(r"\S")  # a blank is missing: that is not_null's to judge

    def message(self, column: str) -> str:
        """The reason."""
        return f"{column} does not match {self.pattern}"


def _no_booleans(values: Any) -> Any:
    wrong = [v for v in values if isinstance(v, bool)] if isinstance(values, Sequence) else []
    if wrong:
        raise ValueError(f"{wrong[0]} is a truth value; put the words true and false in quotes")
    return values


@configured
class InSet(Rule):
    """The value must be one of a list; null and blank text pass."""

    kind: ClassVar[str] = "set"

    columns: Columns
    values: Annotated[list[int | float | str], BeforeValidator(_no_booleans)] = Field(
        kw_only=True, min_length=1, description="The values allowed."
    )
    case_sensitive: Annotated[bool, Field(description="Whether upper and lower case differ.")] = True
    action: Action = "quarantine"
    max_fail: MaxFail = 0.0

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where the value is none of them."""
        if schema[column].is_numeric() or schema[column].is_temporal():
            typed = [self._typed(value, column, schema[column]) for value in self.values]
            return ~pl.col(column).is_in(pl.lit(pl.Series(typed, dtype=schema[column])).implode())
        value, allowed = frames.as_text(column, schema), [str(v) for v in self.values]
        if not self.case_sensitive:
            value, allowed = value.str.to_lowercase(), [v.lower() for v in allowed]
        return ~value.is_in(allowed) & value.str.contains(r"\S")

    def message(self, column: str) -> str:
        """The reason."""
        shown = ", ".join(str(value) for value in self.values[:10])
        return f"{column} is none of {shown}{' …' if len(self.values) > 10 else ''}"

    def _typed(self, value: Any, column: str, dtype: Any) -> Any:
        try:
            whole = dtype.is_integer() and isinstance(value, float) and value.is_integer()
            return exact(int(value) if whole else value, dtype)
        except ValueError as exc:
            raise TransformError(
                f"Rule set: the value {value!r} cannot be in column {column!r} ({dtype}).",
                "Change the value or its type.",
            ) from exc


@configured
class Length(Rule):
    """The length of a text in characters, or of a list in items, must lie in a range; null passes."""

    kind: ClassVar[str] = "length"

    columns: Columns
    min: Annotated[int, Field(ge=0, description="Fewest characters or items.")] = 0
    max: Annotated[int | None, Field(ge=0, description="Most characters or items.")] = None
    action: Action = "quarantine"
    max_fail: MaxFail = 0.0

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where it is too short or too long."""
        dtype = schema[column]
        length = (
            pl.col(column).list.len() if isinstance(dtype, pl.List) else frames.as_text(column, schema).str.len_chars()
        )
        return (length < self.min) | (length > self.max if self.max is not None else pl.lit(False))

    def message(self, column: str) -> str:
        """The reason."""
        return f"the length of {column} is not {self.min} to {'any' if self.max is None else self.max}"


@configured
class Unique(Rule):
    """No two rows may have the same values in all these columns together; rows with a null in one of them do not count.

    A rule on the table: it can warn or stop the run, but not choose which row goes (the step dedup does).
    """

    kind: ClassVar[str] = "unique"

    columns: Columns
    action: Annotated[Literal["warn", "fail"], Field(description="Say so, or stop the run.")] = "fail"
    max_fail: Annotated[float, Field(ge=0, le=1, description="The share of rows (0 to 1) that may be repeats.")] = 0.0

    def aggregate(self, schema: pl.Schema) -> pl.Expr:
        """How many rows repeat another, with three examples; null if none do."""
        complete = pl.all_horizontal(pl.col(name).is_not_null() for name in self.columns)
        value = pl.col(self.columns[0]) if len(self.columns) == 1 else pl.struct(self.columns)
        rows = complete.sum()
        repeats = rows - value.filter(complete).n_unique()
        repeated = complete & pl.struct(self.columns).hash(1).is_duplicated()
        texts = [frames.as_text(name, schema).filter(repeated) for name in self.columns]
        examples = pl.concat_str(texts, separator=", ").unique(maintain_order=True).head(3).str.join("; ")
        said = pl.when(repeats == 1).then(pl.lit("row repeats")).otherwise(pl.lit("rows repeat"))
        reason = pl.format(f"{{}} {{}} {' + '.join(self.columns)}: {{}}", repeats, said, examples)
        return pl.when(repeats > self.max_fail * rows).then(reason)


@configured
class SQLRule(Rule):
    """A SQL condition must hold; as in a CHECK constraint, unknown (null) passes."""

    kind: ClassVar[str] = "sql"

    sql: Annotated[str, Field(min_length=1, description="A condition over the columns: quantity * price < 10000.")]
    columns: Annotated[list[str], Field(description="Columns to show with a failing row; empty = those it reads.")] = (
        Field(default_factory=list)
    )
    action: Action = "quarantine"
    max_fail: MaxFail = 0.0

    def fails(self, column: str, schema: pl.Schema) -> pl.Expr:
        """True where the condition is false."""
        from automic_core.transforms.expressions import compile_sql

        return ~compile_sql(self.sql, schema)

    def message(self, column: str) -> str:
        """The reason."""
        return f"not true: {self.sql}"

    def failures(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Every failing row, once."""
        schema = frame.collect_schema()
        fails = self.fails("", schema)
        names = self.columns or list(dict.fromkeys(fails.meta.root_names()))
        shown = [pl.concat_str(pl.lit(f"{n} = "), frames.as_text(n, schema).fill_null("null")) for n in names]
        return frame.filter(fails.fill_null(False)).select(
            frames.RID,
            pl.lit(self.kind).alias("rule"),
            pl.lit(", ".join(names)).alias("column"),
            (pl.concat_str(shown, separator=", ") if shown else pl.lit(None, dtype=pl.String)).alias("value"),
            pl.lit(self.message("")).alias("message"),
        )
