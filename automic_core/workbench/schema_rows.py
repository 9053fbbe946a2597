"""The rows a schema is about: those inference looks at, those that reach the typing step, and their lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from automic_core import frames
from automic_core.inference import DEFAULT_NULL_TOKENS
from automic_core.inference.columns import stripped
from automic_core.lake import Lakehouse
from automic_core.medallion.batches import RID_BITS
from automic_core.medallion.context import split_name
from automic_core.medallion.locating import locate
from automic_core.medallion.silver import BronzeRows, LatestVersion
from automic_core.planning import NamedStep
from automic_core.records import Field
from automic_core.running import Run
from automic_core.transforms.columns import Cast

CAST = "cast"
_LONGEST = 300
_LARGEST = 200_000_000  # bytes; of larger files the record is named, not the line


@dataclass
class Place:
    """Where a bronze row came from; ``line`` and ``text`` are filled in by `locate`."""

    rid: int
    source: str
    record: int
    line: int | None = None
    text: str = ""


@dataclass(frozen=True)
class Example:
    """A value and where it stands.

    Attributes:
        count: Rows that have it.
        source: File, URL or table of the first such row.
        record: 1-based ordinal of the record in it.
        line: 1-based line, while the file is there as it was taken in.
    """

    value: str
    count: int = 1
    source: str = ""
    record: int = 0
    line: int | None = None
    rid: int = field(default=0, compare=False)

    @property
    def file(self) -> str:
        """The source without its folder."""
        return self.source.rstrip("/").rpartition("/")[2] or self.source

    @property
    def where(self) -> str:
        """The place in words: "orders.csv line 12"."""
        if not self.record:
            return ""
        return f"{self.file} line {self.line:,}" if self.line else f"{self.file} row {self.record:,}"


def schema_columns(lake: Lakehouse, table: str) -> list[str]:
    """Names of a bronze table's data columns, in order."""
    name = f"bronze.{split_name(table, 'bronze')}"
    return frames.data_columns(lake.scan(name))


def readable(lake: Lakehouse, table: str) -> pl.LazyFrame:
    """Rows of bronze that count and could be read, a person's fixes applied: what inference looks at."""
    rows = BronzeRows(lake.context, split_name(table, "bronze")).scan()
    if frames.RESCUED in rows.collect_schema():
        rows = rows.filter(pl.col(frames.RESCUED).str.json_path_match("$.reason").is_null())
    return rows


def unreadable(lake: Lakehouse, table: str) -> int:
    """Rows of bronze that count and could not be read: the promotion puts them in quarantine before it types any."""
    rows = BronzeRows(lake.context, split_name(table, "bronze")).scan()
    if frames.RESCUED not in rows.collect_schema():
        return 0
    why = pl.col(frames.RESCUED).str.json_path_match("$.reason")
    return int(rows.select(why.is_not_null().sum()).collect().item())


def cut(value: object) -> str:
    """A value as text of a length that can be shown."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"


def spread(rows: pl.LazyFrame, step: int) -> pl.LazyFrame:
    """About one record in ``step``, always the same ones.

    Not every ``step``-th: data has rhythms of its own. The records are mixed by Knuth's multiplicative hash (The Art of
    Computer Programming 3, 6.4).
    """
    ordinal = pl.col(frames.RID) % (1 << min(RID_BITS, 30))
    mixed = ordinal * 2_654_435_761 % (1 << 32) // (1 << 12)
    return rows if step <= 1 else rows.filter(mixed % step == 0)


def texts_of(rows: pl.DataFrame, column: str) -> pl.Series:
    """A text column without nulls, null words and blanks around its values."""
    one = rows.select(pl.nth(rows.columns.index(column)).alias("0"))  # by position: a name may be a pattern to Polars
    return one.select(stripped("0", DEFAULT_NULL_TOKENS).alias("0"))["0"].drop_nulls()


@dataclass(frozen=True)
class Entering:
    """Rows as they reach the typing step of a promotion: tracked, malformed and superseded ones with their fate.

    Attributes:
        waived: Whether a person exempted some of them from rules.
    """

    frame: pl.LazyFrame
    waived: bool

    def typed(self, fields: Sequence[Field]) -> pl.LazyFrame:
        """The rows after that step; rows with a value that does not fit have their fate."""
        if not fields:
            return self.frame
        token = frames.waivers_present.set(self.waived)
        try:
            return NamedStep(CAST, Cast(fields=list(fields))).run(self.frame)
        finally:
            frames.waivers_present.reset(token)


def entering(lake: Lakehouse, table: str) -> Entering:
    """The rows that a promotion would type now."""
    source = BronzeRows(lake.context, split_name(table, "bronze"))
    keys = source.layout.keys
    steps = [NamedStep("latest", LatestVersion(keys))] if keys else []
    run = Run(f"type {table}", source, steps)
    token = frames.waivers_present.set(bool(source.decisions))
    try:
        return Entering(run.survivors().frame, bool(source.decisions))
    finally:
        frames.waivers_present.reset(token)
        run.close()


def placed(lake: Lakehouse, table: str, examples: Sequence[Example], *, lines: bool = True) -> list[Example]:
    """The examples with source and record of their rows, and with the lines; each is a look into its file."""
    name = f"bronze.{split_name(table, 'bronze')}"
    places = {place.rid: place for place in _places(lake, name, {each.rid for each in examples if each.rid})}
    if lines:
        locate(lake.context.need(name), list(places.values()), largest=_LARGEST)
    return [
        replace(each, source=place.source, record=place.record, line=place.line)
        if (place := places.get(each.rid)) is not None
        else each
        for each in examples
    ]


def _places(lake: Lakehouse, name: str, rids: Iterable[int]) -> list[Place]:
    rows = lake.scan(name).filter(pl.col(frames.RID).is_in(list(rids)))
    found = rows.select(frames.RID, "_source", "_source_row").sort(frames.RID).collect()
    return [Place(*row) for row in found.iter_rows()]
