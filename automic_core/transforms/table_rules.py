"""Rules on the table as a whole: what its rows must be together. They warn or stop the run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Rule, configured
from automic_core.errors import ConfigError, TransformError

WarnOrFail = Annotated[Literal["warn", "fail"], Field(description="Say so, or stop the run.")]
_HOUR = 3_600_000_000


@configured
class Depends(Rule):
    """Rows with the same values in ``columns`` must have the same value in ``settles``; missing values do not count."""

    kind: ClassVar[str] = "dependency"

    columns: Annotated[list[str], Field(min_length=1, description="Columns that settle the other.")]
    settles: Annotated[str, Field(min_length=1, description="The column that is settled.")] = Field(kw_only=True)
    action: WarnOrFail = "fail"
    max_fail: Annotated[
        float, Field(ge=0, le=1, description="The share of rows (0 to 1) that may differ from their group.")
    ] = 0.0

    def aggregate(self, schema: pl.Schema) -> pl.Expr:
        """How many rows differ from the most frequent value of their group; null if few enough do."""
        if self.settles not in schema:
            raise TransformError(
                f"Rule dependency: there is no column {self.settles!r}.", f"Columns are: {', '.join(schema.names())}."
            )
        both = pl.all_horizontal(pl.col(name).is_not_null() for name in [*self.columns, self.settles])
        odd = pl.struct([*self.columns, self.settles]).map_batches(
            self._odd, return_dtype=pl.Int64, returns_scalar=True
        )
        reason = pl.format(
            f"in {{}} rows {self.settles} differs from the rows of the same {' + '.join(self.columns)}", odd
        )
        return pl.when(odd > self.max_fail * both.sum()).then(reason)

    def odd(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that differ from the most frequent value of their group, which stands beside them as ``_usual``."""
        usual = pl.col(self.settles).mode().sort().first().over(self.columns)
        complete = rows.drop_nulls([*self.columns, self.settles])
        return complete.with_columns(usual.alias("_usual")).filter(pl.col(self.settles) != pl.col("_usual"))

    def _odd(self, rows: pl.Series) -> pl.Series:
        """Rows beside the most frequent value of their group."""
        pairs = rows.struct.unnest().drop_nulls().group_by([*self.columns, self.settles]).len("_rows")
        groups = pairs.group_by(self.columns).agg(odd=pl.col("_rows").sum() - pl.col("_rows").max())
        return pl.Series([int(groups["odd"].sum())], dtype=pl.Int64)


@configured
class RowCount(Rule):
    """The table must have a number of rows within bounds."""

    kind: ClassVar[str] = "row_count"

    min: Annotated[int, Field(ge=0, description="Fewest rows.")] = 1
    max: Annotated[int | None, Field(ge=0, description="Most rows.")] = None
    columns: Annotated[list[str], Field(description="None are needed.")] = Field(default_factory=list)
    action: WarnOrFail = "fail"
    max_fail: Annotated[float, Field(ge=0, le=0, description="Not used.")] = 0.0

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ConfigError: max is below min.
        """
        if self.max is not None and self.max < self.min:
            raise ConfigError(f"Rule row_count: max {self.max} is below min {self.min}.", "Give min <= max.")

    def aggregate(self, schema: pl.Schema) -> pl.Expr:
        """The reason if there are too few or too many."""
        rows = pl.len()
        wrong = (rows < self.min) | (rows > self.max if self.max is not None else pl.lit(False))
        bounds = f"{self.min:,} to {'any number' if self.max is None else f'{self.max:,}'}"
        return pl.when(wrong).then(pl.format(f"{{}} rows, expected {bounds}", rows))


@configured
class Fresh(Rule):
    """The newest date or timestamp must not be older than a number of hours. Times without a zone are UTC."""

    kind: ClassVar[str] = "freshness"

    columns: Annotated[list[str], Field(min_length=1, description="Columns with the times.")]
    hours: Annotated[float, Field(gt=0, description="The greatest age of the newest time, in hours.")] = 24.0
    action: WarnOrFail = "warn"
    max_fail: Annotated[float, Field(ge=0, le=0, description="Not used.")] = 0.0

    def aggregate(self, schema: pl.Schema) -> pl.Expr:
        """The first column that is too old, or that holds no time at all."""
        return pl.coalesce(self._old(name, schema) for name in self.columns)

    def _old(self, name: str, schema: pl.Schema) -> pl.Expr:
        if schema[name] != pl.Date and schema[name] != pl.Datetime:
            raise TransformError(
                f"Rule freshness: column {name!r} is {schema[name]}, no date or timestamp.",
                "Put a step that changes its type (schema or cast) before the rules.",
            )
        newest = pl.col(name).max()
        now = int(datetime.now(UTC).timestamp() * 1_000_000)
        age = (now - newest.cast(pl.Datetime("us")).to_physical()) / _HOUR
        old = pl.format(f"the newest {name} is {{}} hours old, at most {self.hours:g} are allowed", age.round(1))
        none = pl.lit(f"{name} holds no time at all")
        return pl.when(newest.is_null()).then(none).when(age > self.hours).then(old)


@configured
class Drift(Rule):
    """The values of a column must be spread as they were: numbers over bins, texts over values.

    Measured by the population stability index, the sum of (now - then) ln(now / then) over the bins: below 0.1 little
    has moved, above 0.25 much has (Siddiqi, Credit Risk Scorecards, 2006).
    """

    kind: ClassVar[str] = "drift"

    columns: Annotated[list[str], Field(min_length=1, max_length=1, description="The column.")]
    shares: Annotated[
        dict[str, float], Field(min_length=2, description="Value to its share of the rows then; the rest is one bin.")
    ] = Field(kw_only=True)
    edges: Annotated[
        list[float],
        Field(description="For numbers: the bounds between bins, ascending; the shares are named 0, 1, 2 …"),
    ] = Field(default_factory=list)
    limit: Annotated[float, Field(gt=0, description="The largest index allowed.")] = 0.25
    action: WarnOrFail = "warn"
    max_fail: Annotated[float, Field(ge=0, le=0, description="Not used.")] = 0.0

    def aggregate(self, schema: pl.Schema) -> pl.Expr:
        """The index, if it is above the limit."""
        name = self.columns[0]
        label = frames.as_text(name, schema)
        if self.edges:
            label = pl.sum_horizontal((pl.col(name) > edge).cast(pl.Int64) for edge in self.edges).cast(pl.String)
        known, total = label.filter(pl.col(name).is_not_null()), pl.col(name).is_not_null().sum()
        rest = max(1 - sum(self.shares.values()), 0.0)
        parts = [(known == value).sum() / total for value in self.shares]
        pairs = [*zip(parts, self.shares.values(), strict=True)]
        pairs.append(((~known.is_in(list(self.shares))).sum() / total, rest))
        least = 1e-4
        index = pl.sum_horizontal(
            (now.clip(least) - max(then, least)) * (now.clip(least) / max(then, least)).log() for now, then in pairs
        )
        reason = pl.format(f"the spread of {name} has moved: index {{}}, at most {self.limit:g}", index.round(3))
        return pl.when((total > 0) & (index > self.limit)).then(reason)
