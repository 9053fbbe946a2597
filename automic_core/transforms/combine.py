"""Steps with a second input: join and union."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import Field, field_serializer
from pydantic.json_schema import SkipJsonSchema

from automic_core import frames
from automic_core.contracts import Transformer, configured
from automic_core.contracts.step import Scope
from automic_core.errors import ConfigError, TransformError
from automic_core.transforms import _second
from automic_core.transforms._checks import known, new_names, title
from automic_core.transforms._names import data_names
from automic_core.transforms._segments import child_weight, cross

NO_MATCH = f"{frames.FILTERED}:no match"
MATCH = f"{frames.FILTERED}:match"
_FOUND = "_found"

Table = Annotated[str | None, Field(description="Lake table: silver.customers.")]
Source = Annotated[dict[str, Any] | None, Field(description="Source: {kind: csv, path: in/rates.csv}.")]
Right = Annotated[SkipJsonSchema[Any], Field(description="In Python: a frame or a source object.")]


@configured
class Join(Transformer):
    """Looks up rows of a second table by key.

    Rows that inner or semi do not match, and rows that anti does, are filtered by name. A row with several matches
    becomes several rows, unless matches is "one": then the second table must have each key once, which is checked, and
    rows keep their identity. Missing keys match nothing.
    """

    kind: ClassVar[str] = "join"
    scope: ClassVar[Scope] = "table"

    table: Table = None
    source: Source = None
    right: Right = None
    on: Annotated[list[str] | str | None, Field(description="Key columns of the same name on both sides.")] = None
    left_on: Annotated[list[str] | str | None, Field(description="Key columns of this table.")] = None
    right_on: Annotated[list[str] | str | None, Field(description="Key columns of the second table.")] = None
    how: Annotated[
        Literal["left", "inner", "semi", "anti", "full"],
        Field(description="left keeps all rows, inner those with a match, full also unmatched ones of the second."),
    ] = "left"
    matches: Annotated[
        Literal["many", "one"], Field(description="Whether the second table may have a key more than once.")
    ] = "many"
    suffix: Annotated[str, Field(min_length=1, description="Added to a name that both tables have.")] = "_right"

    def __post_init__(self) -> None:
        """Check that input and keys are named.

        Raises:
            ConfigError: Names what is missing.
        """
        _second.check(f"Step {self.kind}", self.table, self.source, self.right)
        left, right = self._keys()
        if not left or len(left) != len(right) or (self.on is not None and (self.left_on or self.right_on)):
            raise ConfigError("Step join: the keys are not clear.", "Give on, or left_on and right_on of equal length.")

    @field_serializer("right")
    def _export(self, right: Any) -> None:
        _second.export(f"Step {self.kind}", right)

    @property
    def segment(self) -> bool:  # type: ignore[override]  # it depends on the options, the base has one value a class
        """Whether output rows are not input rows."""
        return self.how == "full" or (self.how in {"left", "inner"} and self.matches == "many")

    def prepare(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Mark the rows that an inner join does not match."""
        return self._marked(frame, self._second(frame)) if self.segment and self.how == "inner" else frame

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Join."""
        if self.segment:
            return cross(frame, self._multiplied, self.prepare)
        second = self._second(frame)
        if self.how != "left":
            frame = self._marked(frame, second)
        return frame if self.how in {"semi", "anti"} else self._joined(frame, second, "left", "m:1")

    def _multiplied(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        how: Literal["left", "full"] = "full" if self.how == "full" else "left"
        validate: Literal["m:1", "m:m"] = "m:1" if self.matches == "one" else "m:m"
        return self._joined(frame, self._second(frame), how, validate).with_columns(child_weight())

    def _joined(
        self, frame: pl.LazyFrame, second: pl.LazyFrame, how: Literal["left", "full"], validate: Literal["m:1", "m:m"]
    ) -> pl.LazyFrame:
        left, right = self._keys()
        mine = frame.collect_schema()
        added = [n if n not in mine else n + self.suffix for n in second.collect_schema().names() if n not in right]
        new_names(self.kind, added, mine)
        types = self._types(frame, second)
        return _typed(frame, left, types).join(
            _typed(second, right, types),
            left_on=left,
            right_on=right,
            how=how,
            suffix=self.suffix,
            validate=validate,
            coalesce=True,
            maintain_order="left_right",
        )

    def _marked(self, frame: pl.LazyFrame, second: pl.LazyFrame) -> pl.LazyFrame:
        """Condemn by match, on copies of the keys: the frame's columns stay."""
        left, right = self._keys()
        copies = [f"_key_{i}" for i in range(len(left))]
        types = self._types(frame, second)
        keys = _typed(second, right, types).select(right).unique().with_columns(pl.lit(True).alias(_FOUND))
        found = frame.with_columns(
            pl.col(name).cast(dtype).alias(copy) for name, copy, dtype in zip(left, copies, types, strict=True)
        ).join(keys, left_on=copies, right_on=right, how="left", maintain_order="left", coalesce=True)
        matched = pl.col(_FOUND).is_not_null()
        where, reason = (matched, MATCH) if self.how == "anti" else (~matched, NO_MATCH)
        return frames.condemn(found, where, reason).drop(_FOUND, *copies)

    def _keys(self) -> tuple[list[str], list[str]]:
        def names(given: list[str] | str | None) -> list[str]:
            return [given] if isinstance(given, str) else list(given or [])

        return (names(self.on), names(self.on)) if self.on is not None else (names(self.left_on), names(self.right_on))

    def _second(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The second input, its keys and those of ``frame`` checked."""
        second = _second.frame(title(self.kind), self.table, self.source, self.right)
        left, right = self._keys()
        known(self.kind, left, frame.collect_schema())
        known(f"{self.kind}, second table", right, second.collect_schema())
        return second.select(data_names(second.collect_schema()))

    def _types(self, frame: pl.LazyFrame, second: pl.LazyFrame) -> list[Any]:
        """The common type of each key pair.

        Raises:
            TransformError: A pair has none.
        """
        left, right = frame.collect_schema(), second.collect_schema()
        found = []
        for mine, theirs in zip(*self._keys(), strict=True):
            common = _second.common(left[mine], right[theirs])
            if common is None:
                what = f"{mine!r} is {left[mine]}, but {theirs!r} of the second table is {right[theirs]}"
                raise TransformError(f"{title(self.kind)}: {what}.", "Cast one of them first.")
            found.append(common)
        return found


@configured
class Union(Transformer):
    """Puts the rows of a second table under those of this one, columns by name.

    A column that one side lacks is filled with nulls there; numbers take the wider type.
    """

    kind: ClassVar[str] = "union"
    scope: ClassVar[Scope] = "table"
    segment: ClassVar[bool] = True

    table: Table = None
    source: Source = None
    right: Right = None

    def __post_init__(self) -> None:
        """Check that one input is named.

        Raises:
            ConfigError: None or several are.
        """
        _second.check(f"Step {self.kind}", self.table, self.source, self.right)

    @field_serializer("right")
    def _export(self, right: Any) -> None:
        _second.export(f"Step {self.kind}", right)

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Append."""
        return cross(frame, self._appended)

    def _appended(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        second = _second.frame(title(self.kind), self.table, self.source, self.right)
        left, right = frame.collect_schema(), second.collect_schema()
        names = [*left, *(name for name in right if name not in left)]
        order = [*data_names(dict.fromkeys(names)), *(name for name in names if frames.is_hidden(name))]
        schema = {name: self._type(name, left, right) for name in order}
        weighed = [
            frames.align(part, schema).with_columns(pl.lit(weight, dtype=pl.Int64).alias(frames.WEIGHT))
            for part, weight in ((frame, 1), (second, 0))
        ]
        return pl.concat(weighed)

    def _type(self, name: str, left: pl.Schema, right: pl.Schema) -> Any:
        """The type of a column of the result.

        Raises:
            TransformError: The two sides' types have none in common.
        """
        if name not in left or name not in right:
            return left.get(name, right.get(name))
        common = _second.common(left[name], right[name])
        if common is None and left[name].is_numeric() and right[name].is_numeric():
            sides = [pl.DataFrame(schema={name: side[name]}) for side in (left, right)]
            common = pl.concat(sides, how="vertical_relaxed").schema[name]
        if common is None:
            raise TransformError(
                f"{title(self.kind)}: {name!r} is {left[name]} here and {right[name]} in the second table.",
                "Cast one of them first.",
            )
        return common


def _typed(frame: pl.LazyFrame, keys: list[str], types: list[Any]) -> pl.LazyFrame:
    """``frame`` with its keys in the types that both sides share."""
    return frame.with_columns(pl.col(key).cast(dtype) for key, dtype in zip(keys, types, strict=True))
