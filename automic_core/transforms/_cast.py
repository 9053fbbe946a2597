"""The cast step: values that do not fit are quarantined or rescued, never nulled in silence."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
import pydantic

from automic_core import frames
from automic_core.contracts import Transformer, configured
from automic_core.errors import ConfigError, TransformError
from automic_core.inference import casting
from automic_core.records import Field, FieldType, Schema
from automic_core.transforms._checks import known, title

REASON = f"{frames.QUARANTINED}:cast"
_TEXT, _CAST = "_text_", "_cast_"
_AS_WRITTEN = {FieldType.STRING, FieldType.BINARY}
_NUMBERS = {FieldType.INTEGER, FieldType.FLOAT, FieldType.DECIMAL, FieldType.BOOLEAN}
_TIMES = {FieldType.DATE, FieldType.DATETIME, FieldType.TIME}


@configured
class Target:
    """The type a column shall have."""

    type: Annotated[FieldType, pydantic.Field(description="integer, decimal, date, …")]
    format: Annotated[
        str | None, pydantic.Field(description="How text is read: '%d/%m/%Y', '1.234,5', 'Y/N'; empty = ISO, plain.")
    ] = None
    precision: Annotated[int | None, pydantic.Field(ge=1, le=38, description="Digits of a decimal.")] = None
    scale: Annotated[int | None, pydantic.Field(ge=0, le=38, description="Digits after the point.")] = None


@configured
class Cast(Transformer):
    """Changes the types of columns.

    A row with a value that does not fit is quarantined, with every reason; or the value goes to ``_rescued`` and the
    row lives on. Texts that mean "no value" (NA, -, empty) become null.
    """

    kind: ClassVar[str] = "cast"

    types: Annotated[
        dict[str, FieldType | Target],
        pydantic.Field(description="Column to type, or to {type, format, precision, scale}."),
    ] = pydantic.Field(default_factory=dict)
    errors: Annotated[
        Literal["quarantine", "rescue"],
        pydantic.Field(description="A value that does not fit: quarantine the row, or keep it in _rescued."),
    ] = "quarantine"
    null_values: Annotated[
        tuple[str, ...], pydantic.Field(description="Texts that mean 'no value', without blanks and case.")
    ] = casting.DEFAULT_NULL_TOKENS
    fields: Annotated[list[Field], pydantic.Field(description="Accepted fields, as a schema holds them.")] = (
        pydantic.Field(default_factory=list)
    )

    def __post_init__(self) -> None:
        """Check that there is something to cast, and that formats are known.

        Raises:
            ConfigError: No column, or an unknown format.
        """
        if not self.types and not self.fields:
            raise ConfigError("Step cast: no column is named.", "Example: types: {amount: decimal}.")
        for field in self._targets():
            casting.cast_expr(field, pl.col(field.name))

    @classmethod
    def from_schema(cls, schema: Schema, errors: Literal["quarantine", "rescue"] = "quarantine") -> Cast:
        """The step that brings every column to an accepted schema."""
        return cls(fields=schema.fields, errors=errors)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Cast all columns in one pass."""
        schema = frame.collect_schema()
        plan = self._plan(schema)
        if not plan:
            return frame
        cast = _with_casts(frame, plan, self._again(plan, schema))
        bad = pl.any_horizontal(self._bad(name, schema) for name in plan).fill_null(False)
        if self.errors == "quarantine":
            cast = frames.condemn(cast, bad, REASON)
        else:
            cast = cast.with_columns(self._rescued(plan, bad, schema))
        back = [pl.col(_CAST + name).alias(name) if name in plan else pl.col(name) for name in schema]
        if frames.RESCUED not in schema and self.errors == "rescue":
            back.append(pl.col(frames.RESCUED))
        return cast.select(back)

    def failures(self, before: pl.LazyFrame) -> pl.LazyFrame | None:
        """Every cell that does not fit."""
        if self.errors == "rescue":
            return None
        schema = before.collect_schema()
        plan = self._plan(schema)
        if not plan:
            return None
        types = {field.name: field.type for field in self._targets()}
        reasons = [
            pl.when(self._bad(name, schema)).then(
                pl.struct(
                    pl.lit("cast").alias("rule"),
                    pl.lit(name).alias("column"),
                    frames.as_text(name, schema).alias("value"),
                    pl.lit(f"{name} does not fit {types[name]}").alias("message"),
                )
            )
            for name in plan
        ]
        return (
            _with_casts(before, plan, self._again(plan, schema))
            .filter(pl.any_horizontal(self._bad(name, schema) for name in plan))
            .select(frames.RID, pl.concat_list(reasons).list.drop_nulls().alias("reason"))
            .explode("reason")
            .unnest("reason")
        )

    def _targets(self) -> list[Field]:
        """The wanted fields; ``types`` wins over ``fields``."""
        wanted = {field.name: field for field in self.fields}
        for name, target in self.types.items():
            if isinstance(target, Target):
                made = Field(name, target.type, format=target.format, precision=target.precision, scale=target.scale)
            else:
                made = Field(name, target)
            wanted[name] = made
        return list(wanted.values())

    def _plan(self, schema: pl.Schema) -> dict[str, pl.Expr]:
        """Cast expressions of the columns whose type changes."""
        targets = self._targets()
        known(self.kind, [field.name for field in targets], schema)
        plan = {}
        for field in targets:
            same = field.type is FieldType.STRING and schema[field.name] == pl.String
            if not same and (schema[field.name] == pl.String or schema[field.name] != casting.polars_type(field)):
                plan[field.name] = _cast(field, schema)
        return plan

    def _again(self, plan: dict[str, pl.Expr], schema: pl.Schema) -> dict[str, pl.Expr]:
        """Casts of stripped texts, for the columns that are text."""
        return {
            field.name: casting.cast_stripped(field, pl.col(_TEXT + field.name))
            for field in self._targets()
            if field.name in plan and schema[field.name] == pl.String and field.type not in _AS_WRITTEN
        }

    def _bad(self, name: str, schema: pl.Schema) -> pl.Expr:
        """True where the value of a column is lost by the cast; needs the ``_cast_`` column beside it.

        Only the few values without a result are compared with the null words, so a clean column costs a null mask.
        """
        raw, value = pl.col(name), pl.col(_CAST + name)
        dtype = schema[name]
        if dtype == pl.String:
            left = pl.when(value.is_null()).then(raw)
            return left.is_not_null() & ~casting.is_null_token(left, self.null_values)
        lost = value.is_null() & raw.is_not_null()
        if dtype.is_numeric():
            target = next(field for field in self._targets() if field.name == name)
            if target.type in _NUMBERS:
                return lost | (value.cast(dtype, strict=False) != raw)
        return lost

    def _rescued(self, plan: dict[str, pl.Expr], bad: pl.Expr, schema: pl.Schema) -> pl.Expr:
        """``_rescued`` with the raw texts of the cells that do not fit; Python sees only rows that have one."""
        cells = [
            pl.when(self._bad(name, schema)).then(frames.as_text(name, schema)).alias(str(i))
            for i, name in enumerate(plan)
        ]
        names = list(plan)
        before = pl.col(frames.RESCUED) if frames.RESCUED in schema else pl.lit(None, dtype=pl.String)

        def merge(row: dict[str, Any]) -> str:
            return rescue(
                row["before"],
                {name: row[str(i)] for i, name in enumerate(names) if row[str(i)] is not None},
            )

        merged = (
            pl.when(frames.alive() & bad)
            .then(pl.struct(*cells, before.alias("before")))
            .map_elements(merge, return_dtype=pl.String)
        )
        return pl.coalesce(merged, before).alias(frames.RESCUED)


def rescue(before: str | None, values: dict[str, Any]) -> str:
    """``_rescued`` JSON with ``values`` (column to raw text) added; what is there stays."""
    document: dict[str, Any] = json.loads(before) if before else {}
    document["values"] = {**values, **document.get("values", {})}
    return json.dumps(document, ensure_ascii=False)


def _with_casts(frame: pl.LazyFrame, plan: dict[str, pl.Expr], again: dict[str, pl.Expr]) -> pl.LazyFrame:
    """The cast values beside the raw ones.

    Texts are cast as they stand; only those that did not fit are stripped of blanks and cast again, which costs next to
    nothing where there are few.
    """
    frame = frame.with_columns(value.alias(_CAST + name) for name, value in plan.items())
    left = [pl.when(pl.col(_CAST + n).is_null()).then(pl.col(n)).str.strip_chars().alias(_TEXT + n) for n in again]
    return frame.with_columns(left).with_columns(
        pl.coalesce(_CAST + name, value).alias(_CAST + name) for name, value in again.items()
    )


def _cast(field: Field, schema: pl.Schema) -> pl.Expr:
    """One column as the field's type; null where it does not fit.

    Raises:
        TransformError: No value of the present type can become the wanted one.
    """
    raw, dtype, target = pl.col(field.name), schema[field.name], casting.polars_type(field)
    if dtype == pl.String:
        # JSON keeps its text, so its blanks go first; of the others only the value stays.
        return casting.cast_expr(field, raw) if field.type is FieldType.JSON else casting.cast_stripped(field, raw)
    if dtype == pl.Null:
        return raw.cast(target)
    if field.type is FieldType.STRING:
        return frames.as_text(field.name, schema)
    if field.type is FieldType.JSON and isinstance(dtype, pl.Struct | pl.List | pl.Array):
        return frames.as_text(field.name, schema)
    numeric = dtype.is_numeric() or dtype == pl.Boolean
    if numeric and field.type in _NUMBERS:
        return raw.cast(target, strict=False)
    moments = dtype.is_temporal() and field.type in _TIMES
    clocks = (dtype == pl.Time) is (field.type is FieldType.TIME) or isinstance(dtype, pl.Datetime)
    if moments and clocks and not isinstance(dtype, pl.Duration):
        return raw.cast(target, strict=False)
    if isinstance(dtype, pl.List | pl.Array) and field.type is FieldType.ARRAY:
        return raw.cast(pl.List(pl.String))
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return casting.cast_expr(field, raw.cast(pl.String))
    raise TransformError(
        f"{title('cast')}: {field.name!r} is {dtype}, which cannot become {field.type}.",
        "Cast to string first, or derive the value by a SQL expression.",
    )
