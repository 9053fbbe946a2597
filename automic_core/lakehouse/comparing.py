"""Which rows differ between two frames: by key, in memory that grows with the number of rows, not with their width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from automic_core import frames
from automic_core.errors import CatalogError, SchemaError, translate

EXAMPLES = 50
MOST_PAIRS = 100_000
"""Changed rows whose cells are compared one by one; beyond them the counts by column are of the first so many."""
_KEY, _SECOND, _VALUES, _NTH, _TURN = "_k1", "_k2", "_v", "_nth", "_turn"


@dataclass(frozen=True)
class Comparison:
    """Rows that are new, gone or different.

    Rows with one key several times over are matched with their equals first, then one to one.

    Attributes:
        keys: Columns that name a row; empty = whole rows were compared, so none counts as changed.
        before: Rows of the old frame.
        after: Rows of the new frame.
        columns: Column to how many of the ``counted`` changed rows differ in it, most first.
        counted: Changed rows that were looked at cell by cell.
        added_rows: First rows that are new.
        removed_rows: First rows that are gone.
        cells: What is different in the first rows that changed: the key, column, was, now (as text).
    """

    keys: list[str]
    before: int
    after: int
    added: int
    removed: int
    changed: int
    columns: dict[str, int]
    counted: int
    added_rows: pl.DataFrame
    removed_rows: pl.DataFrame
    cells: pl.DataFrame


def compare(
    old: pl.LazyFrame, new: pl.LazyFrame, keys: Sequence[str], *, examples: int = EXAMPLES, most: int = MOST_PAIRS
) -> Comparison:
    """Compare two frames by the data columns that both have; a value that only changed its type is equal.

    Args:
        old: The rows as they were.
        new: The rows as they are to be.
        keys: Columns that name a row, null being a name too; empty = the whole row.
        examples: Rows to show of each kind.
        most: Changed rows to look at cell by cell.

    Raises:
        SchemaError: A key is missing on one side.
        CatalogError: The rows cannot be read.
    """
    before, after = old.collect_schema(), new.collect_schema()
    if missing := [key for key in keys if key not in before or key not in after]:
        raise SchemaError(f"Key {', '.join(missing)} is not a column of both.", "Choose other keys.")
    both = [name for name in frames.data_names(after) if name in before]
    compared = [name for name in both if name not in keys]
    named = list(keys) or both
    sides = [
        _digested(frame, schema, other, named, compared if keys else [])
        for frame, schema, other in ((old, before, after), (new, after, before))
    ]
    with translate(CatalogError, "comparing rows with those that are published"):
        gone, come, counts = _unequal(*(side.select(_KEY, _SECOND, _VALUES).collect() for side in sides))
        by_turn = [_KEY, _SECOND, _TURN]
        pairs = come.join(gone, on=by_turn, how="inner", suffix="_old", maintain_order="left")
        added = come.join(gone, on=by_turn, how="anti", maintain_order="left")
        removed = gone.join(come, on=by_turn, how="anti", maintain_order="left")
        looked = pairs.head(most)
        olds = looked.select(_KEY, _SECOND, pl.col(f"{_VALUES}_old").alias(_VALUES))
        was, lost = _fetch(sides[0], olds, removed.head(examples))
        now, fresh = _fetch(sides[1], looked, added.head(examples))
    columns = _differing(was, now, compared) if keys else {}
    return Comparison(
        list(keys),
        *counts,
        added.height,
        removed.height,
        pairs.height,
        columns,
        looked.height,
        _shown(fresh),
        _shown(lost),
        _cells(was.head(examples), now.head(examples), keys, compared if keys else []),
    )


def _digested(
    frame: pl.LazyFrame, schema: pl.Schema, other: pl.Schema, keys: Sequence[str], compared: Sequence[str]
) -> pl.LazyFrame:
    """The frame with hashes of each row's key (two, so that none collide) and of its values."""
    always = pl.lit(True).alias("")  # keeps the struct from being null where every value is
    key = pl.struct(*(_alike(name, schema, other) for name in keys), always)
    values = pl.struct(*(_alike(name, schema, other) for name in compared), always)
    return frame.with_columns(key.hash(1).alias(_KEY), key.hash(2).alias(_SECOND), values.hash(3).alias(_VALUES))


def _alike(name: str, schema: pl.Schema, other: pl.Schema) -> pl.Expr:
    """A column as what it has in common with the other side: a type, or its text."""
    mine, theirs = schema[name], other[name]
    column = pl.col(name)
    if mine == theirs:
        return column
    if mine.is_integer() and theirs.is_integer():
        return column.cast(pl.Int64)
    if isinstance(mine, pl.Decimal) and isinstance(theirs, pl.Decimal):
        return column.cast(pl.Decimal(38, max(mine.scale, theirs.scale)))
    if mine.is_numeric() and theirs.is_numeric():
        return column.cast(pl.Float64)
    if {mine.base_type(), theirs.base_type()} <= {pl.Date, pl.Datetime}:
        return (
            column.cast(pl.Datetime("us"))
            if mine == pl.Date
            else column.dt.replace_time_zone(None).cast(pl.Datetime("us"))
        )
    return frames.as_text(name, schema).alias(name)


def _unequal(old: pl.DataFrame, new: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, tuple[int, int]]:
    """The rows of each side that have no equal on the other, numbered within their key; and the size of each side."""
    whole = [_KEY, _SECOND, _VALUES]
    sizes = (old.height, new.height)
    if any(side.is_duplicated().any() for side in (old, new)):
        nth = pl.int_range(pl.len(), dtype=pl.UInt32).over(whole).alias(_NTH)
        old, new, whole = old.with_columns(nth), new.with_columns(nth), [*whole, _NTH]
    turn = pl.int_range(pl.len(), dtype=pl.UInt32).over(_KEY, _SECOND).alias(_TURN)
    found = [
        mine.join(theirs, on=whole, how="anti", maintain_order="left").with_columns(turn)
        for mine, theirs in ((old, new), (new, old))
    ]
    return found[0], found[1], sizes


def _fetch(side: pl.LazyFrame, paired: pl.DataFrame, alone: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows behind digests, in their order: of pairs, and of rows that stand alone; one pass over the side."""
    digest = [_KEY, _SECOND, _VALUES]
    wanted = pl.concat([paired.select(digest), alone.select(digest)]).unique()
    rows = side.join(wanted.lazy(), on=digest, how="semi").unique(digest, keep="first").collect()
    first, second = (
        part.select(digest).join(rows, on=digest, how="inner", maintain_order="left") for part in (paired, alone)
    )
    return first, second


def _shown(rows: pl.DataFrame) -> pl.DataFrame:
    names = [n for n in rows.columns if not frames.is_hidden(n)]
    return rows.select(*([frames.RID] if frames.RID in rows.columns else []), *names)


def _differing(was: pl.DataFrame, now: pl.DataFrame, compared: Sequence[str]) -> dict[str, int]:
    """Column to number of pairs that differ in it."""
    found = {name: int(_differs(was, now, name).sum()) for name in compared} if was.height else {}
    return dict(sorted(((n, rows) for n, rows in found.items() if rows), key=lambda item: -item[1]))


def _differs(was: pl.DataFrame, now: pl.DataFrame, name: str) -> pl.Series:
    old = was.select(_alike(name, was.schema, now.schema)).to_series()
    return now.select(_alike(name, now.schema, was.schema)).to_series().ne_missing(old)


def _cells(was: pl.DataFrame, now: pl.DataFrame, keys: Sequence[str], compared: Sequence[str]) -> pl.DataFrame:
    """A line for each cell that differs, in the order of the rows."""
    place, kinds = "_place", {"column": pl.String, "was": pl.String, "now": pl.String}
    named = {f"_{key}" if key in kinds else key: pl.col(key) for key in keys}
    parts = [
        pl.concat(
            [
                now.select(**named, column=pl.lit(name)).with_row_index(place),
                was.select(was=frames.as_text(name, was.schema)),
                now.select(now=frames.as_text(name, now.schema)),
            ],
            how="horizontal",
        ).filter(_differs(was, now, name))
        for name in compared
    ]
    if not parts:
        return pl.DataFrame(schema={**now.select(**named).schema, **kinds})
    return pl.concat(parts).sort(place, maintain_order=True).drop(place)
