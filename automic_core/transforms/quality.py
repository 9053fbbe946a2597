"""A quality score from 0 to 1 for every row, with the reasons."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from automic_core import frames
from automic_core.contracts import Fitted, Scope, Transformer, configured
from automic_core.errors import ConfigError
from automic_core.inference import numbers
from automic_core.inference.patterns import PATTERNS, matches
from automic_core.transforms._names import data_names, require
from automic_core.transforms._sparse import only_where, reasons

SCORE, REASONS = "_quality_score", "_quality_reasons"
Part = Literal["completeness", "validity", "consistency"]
DEFAULT_WEIGHTS: dict[Part, float] = {"completeness": 0.25, "validity": 0.5, "consistency": 0.25}
BANDS: dict[str, float] = {"excellent": 0.8, "good": 0.6, "fair": 0.4, "poor": 0.0}
"""Lower ends of the bands, best first."""

SHAPES: tuple[str, ...] = (*PATTERNS, "number")
"""What the values of a text column can be expected to look like."""

_ORDINAL = (1 << 36) - 1  # the part of a row id that counts records
_HEAD, _STRIDE = 1000, 97  # sample: the first rows, and every 97th


@configured
class QualityScorer(Transformer):
    """Scores each row from 0 to 1; the score is the weighted mean of three shares of its columns.

    - completeness: columns with a value (null, NaN and blank text are none);
    - validity: columns with a value that also has the form of its column: of the nine patterns or a number, whichever
      more than half of a sample of the column's values have; among numbers digits with leading zeros are fine, as in
      postal codes;
    - consistency: columns with a value, but 0 for a row that an earlier step flagged as an anomaly, because a row that
      contradicts the others cannot be trusted column by column.

    Validity weighs twice by default: a wrong value harms more than a missing one, which can be seen. A missing value
    lowers all three. Adds ``_quality_score`` (to 4 decimals) and ``_quality_reasons`` (null for a perfect row).
    """

    kind: ClassVar[str] = "quality"
    scope: ClassVar[Scope] = "table"

    min_score: Annotated[float, Field(ge=0, le=1, description="Rows below it are filtered, if they are to be.")] = 0.7
    filter_low_quality: Annotated[bool, Field(description="Remove rows below min_score instead of marking them.")] = (
        False
    )
    weights: Annotated[
        dict[Part, float], Field(description="Weights of completeness, validity and consistency; any scale.")
    ] = Field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    patterns: Annotated[
        dict[str, str] | None,
        Field(description="Expected form by column (email, url, …, number); empty = learned from the values."),
    ] = None

    def __post_init__(self) -> None:
        """Check weights and patterns.

        Raises:
            ConfigError: A weight is negative or all are 0; a pattern is unknown.
        """
        wrong = [w for w in self.weights.values() if not 0 <= w < math.inf]
        if wrong or not sum(self.weights.values()):
            raise ConfigError(f"QualityScorer: weights {self.weights} must be 0 or more, and not all 0.")
        for name, pattern in (self.patterns or {}).items():
            if pattern not in SHAPES:
                raise ConfigError(
                    f"QualityScorer: column {name!r}: there is no pattern {pattern!r}.",
                    f"Use one of: {', '.join(SHAPES)}.",
                )

    @property
    def rewrites(self) -> bool:
        """Filtered rows are not known before the fit."""
        return self.filter_low_quality

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        """The texts of a sample of rows as a list; the column names ride as its name."""
        if self.patterns is not None:
            require(self.patterns, schema, "QualityScorer, patterns")
            return []
        names = [name for name in data_names(schema) if schema[name] == pl.String]
        if not names:
            return []
        ordinal = pl.col(frames.RID) & _ORDINAL
        sampled = (ordinal < _HEAD) | (ordinal % _STRIDE == 0)
        texts = pl.concat_list(pl.when(_present(name, schema[name])).then(pl.col(name)) for name in names)
        return [only_where(sampled, texts, pl.List(pl.String())).alias(json.dumps(names))]

    def learn(self, digest: pl.DataFrame) -> Fitted:
        """The form most values of a text column have, if there is one."""
        if self.patterns is not None:
            return _Scored(self, self.patterns)
        found: dict[str, str] = {}
        for column in digest.columns:
            if column not in (frames.RID, frames.FATE):
                sample = digest.filter(frames.alive() & pl.col(column).is_not_null())[column]
                for i, name in enumerate(json.loads(column)):
                    shape = _usual(sample.list.get(i).drop_nulls())
                    found |= {name: shape} if shape else {}
        return _Scored(self, found)

    def kept(self, state: Mapping[str, Any]) -> Fitted | None:
        """With the forms that were learned."""
        return _Scored(self, state["patterns"]) if "patterns" in state else None

    @staticmethod
    def summary(frame: pl.LazyFrame) -> dict[str, int]:
        """Living rows of a scored frame by band: excellent (0.8 and more), good (0.6), fair (0.4), poor."""
        living = frame.filter(frames.alive()) if frames.FATE in frame.collect_schema() else frame
        score, counts, above = pl.col(SCORE), {}, math.inf
        for band, least in BANDS.items():
            counts[band] = ((score >= least) & (score < above)).sum().alias(band)
            above = least
        return living.select(counts.values()).collect().row(0, named=True)


class _Scored(Fitted):
    """The expected form of each text column."""

    def __init__(self, step: QualityScorer, shapes: dict[str, str]) -> None:
        super().__init__({"patterns": dict(shapes)})
        self._step = step
        self._shapes = shapes

    @property
    def note(self) -> str:
        """Which forms are expected."""
        return "; ".join(f"expects {name} to be {_NOUNS.get(s, s)}" for name, s in self._shapes.items())

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Score the living rows, and explain those that are not perfect."""
        schema = frame.collect_schema()
        names = data_names(schema)
        step, width = self._step, max(len(names), 1)
        present = {name: _present(name, schema[name]) for name in names}
        invalid = {n: ~_fits(s, pl.col(n).cast(pl.String)) for n, s in self._shapes.items() if n in schema}
        flagged = pl.col("_is_anomaly").fill_null(False) if "_is_anomaly" in schema else pl.lit(False)
        filled = pl.sum_horizontal(*present.values(), pl.lit(0))
        wrong = pl.sum_horizontal(*((present[n] & bad).fill_null(False) for n, bad in invalid.items()), pl.lit(0))
        total = sum(step.weights.values()) * width
        part: dict[Part, float] = {name: step.weights.get(name, 0.0) / total for name in DEFAULT_WEIGHTS}
        # the weighted mean of filled / width, (filled - wrong) / width and (0 if flagged else filled) / width
        kept = pl.when(flagged).then(sum(part.values()) - part["consistency"]).otherwise(sum(part.values()))
        score = (filled * kept - wrong * part["validity"]).round(4)
        texts: list[pl.Expr] = [pl.when(~there).then(pl.lit(f"{name} is missing")) for name, there in present.items()]
        texts += [pl.when(present[n] & bad).then(_complaint(n, self._shapes[n])) for n, bad in invalid.items()]
        texts += [pl.when(flagged).then(pl.lit("flagged as an anomaly"))] if "_is_anomaly" in schema else []
        frame = frame.with_columns(pl.when(frames.alive()).then(score).alias(SCORE))
        frame = frame.with_columns(reasons(pl.col(SCORE) < 1, texts).alias(REASONS))
        if not step.filter_low_quality:
            return frame
        return frames.condemn(frame, pl.col(SCORE) < step.min_score, f"{frames.FILTERED}:quality")


_NOUNS = {
    "email": "an email address",
    "url": "a web address",
    "phone_us": "a US phone number",
    "ipv4": "an IPv4 address",
    "date_iso": "an ISO date",
    "datetime_iso": "an ISO timestamp",
    "uuid": "a UUID",
    "credit_card": "a card number",
    "ssn": "a US social security number",
    "number": "a number",
}


def _present(name: str, dtype: Any) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.String:
        return column.str.contains(r"\S").fill_null(False)
    return column.is_not_null() & column.is_not_nan().fill_null(False) if dtype.is_float() else column.is_not_null()


def _has_shape(shape: str, text: pl.Expr) -> pl.Expr:
    text = text.str.strip_chars()
    return numbers.floating(text).is_not_null() if shape == "number" else matches(shape, text)


def _fits(shape: str, text: pl.Expr) -> pl.Expr:
    """Whether a value may stand in a column of that form."""
    coded = text.str.contains(r"^\s*[0-9]+\s*$") if shape == "number" else pl.lit(False)
    return coded | _has_shape(shape, text)


def _usual(texts: pl.Series) -> str | None:
    """The form that more than half of the texts have; the commonest, the first of a tie."""
    if texts.is_empty():
        return None
    text = pl.col(texts.name)
    counts = texts.to_frame().select(_has_shape(shape, text).sum().alias(shape) for shape in SHAPES).row(0, named=True)
    best = max(SHAPES, key=lambda shape: int(counts[shape]))
    return best if counts[best] * 2 > texts.len() else None


def _complaint(name: str, shape: str) -> pl.Expr:
    return pl.format(f"{{}} is not {_NOUNS[shape]}: {{}}", pl.lit(name), pl.col(name).cast(pl.String).str.head(80))
