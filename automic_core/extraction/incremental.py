"""One incremental read: which rows to ask for, and how far it came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow as pa

from automic_core import frames
from automic_core.contracts import Bound, CursorValue, Incremental, ReadRequest, SourceAdapter
from automic_core.contracts.incremental import behind
from automic_core.errors import ConfigError, SourceError
from automic_core.extraction import bounded
from automic_core.extraction.cursors import Cursor, cursor


class Increment:
    """An incremental read of a source.

    Attributes:
        how: How it is read.
        bound: The rows to ask for.
        mark: The watermark: the largest value read so far; None before the first one. A backfill leaves it.
        read, without: Rows read, and those of them without a cursor value.

    Args:
        how: How to read.
        source: The source, connected.
        mark: The watermark as it stands.

    Raises:
        ConfigError: A lag on texts, or an end of a backfill that is no value of the cursor.
        SourceError: The cursor is missing or has no order; only a backfill looks at the source here.
    """

    def __init__(self, how: Incremental, source: SourceAdapter, mark: CursorValue | None) -> None:
        self.how, self.mark = how, mark
        self.read = self.without = 0
        self._source, self._before = source, mark
        self._cursor: Cursor | None = None
        self._seen = False
        ends: tuple[CursorValue | None, CursorValue | None] = (None, None)
        if how.backfill is not None:
            ends = self._range(*how.backfill)
        elif mark is not None:
            self._no_lag_on(mark)
            ends = (behind(mark, how.lag), None)
        self.bound = Bound(how.cursor, *ends, nulls=how.nulls != "skip", type=how.type)

    @property
    def whole(self) -> bool:
        """Whether all of the source is asked for."""
        return self.bound.since is None and self.bound.until is None

    @property
    def moved(self) -> bool:
        """Whether the watermark is another one than before."""
        return self.mark != self._before

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows within the bound, which includes those that are there already.

        Raises:
            SourceError: The cursor is missing, has no order, has no value where it must, or went back.
            SchemaError: It is of another kind than the watermark.
        """
        for batch in bounded.batches(self._source, ReadRequest(bound=self.bound)):
            self.look(frames.from_arrow(batch))
            yield batch
        self.finish()

    def look(self, rows: pl.DataFrame) -> None:
        """Take note of rows that were read.

        Raises:
            SourceError: A row has no cursor value where each must have one.
            SchemaError: The watermark is of another kind.
            ConfigError: A lag on texts.
        """
        if self._cursor is None:
            self._cursor = cursor(rows.schema, self.how.cursor, self.how.type, self._source.identity)
            if self._cursor.order == "string":
                self._no_lag_on("")
            if self._before is not None:
                self._cursor.checked(self._before, "the watermark")
        values = rows.select(self._cursor.values.alias("value")).to_series()
        missing = values.null_count()
        if missing and self.how.nulls == "fail":
            row = self.read + int(values.is_null().arg_max() or 0) + 1
            raise SourceError(
                f"Row {row:,} that was read of {self._source.identity} has no {self.how.cursor}.",
                "Rows without a cursor can be taken (nulls=take) or left out (nulls=skip).",
            )
        self.read += rows.height
        self.without += missing
        if (largest := _plain(values.max())) is not None:
            self._seen = True
            if self.how.backfill is None and (self.mark is None or _after(largest, self.mark)):
                self.mark = largest

    def finish(self) -> None:
        """After the last row.

        Raises:
            SourceError: All there is lies before the watermark: the cursor went back.
        """
        if self._seen or self._before is None or self.how.backfill is not None or not self._source.repeatable:
            return
        older = replace(self.bound, since=None, until=self.bound.since, nulls=False)
        request = ReadRequest(bound=older, columns=(self.how.cursor,), limit=1)
        found = bounded.scan(self._source, request).collect()
        if found.height:
            raise SourceError(
                f"The cursor {self.how.cursor!r} of {self._source.identity} went back: the watermark is "
                f"{self._before}, and all values are smaller, such as {found.item()}.",
                "If rows were deleted or restored there, read with a lag, or set the watermark "
                "(automic watermark TABLE --set VALUE).",
            )

    def notes(self) -> list[str]:
        """What a person should know about this read."""
        name, lines = self.how.cursor, []
        if self.how.backfill is not None:
            since, until = (end or "…" for end in self.how.backfill)
            lines.append(f"Backfill: {name} from {since} to {until}, the end not included; the watermark stays.")
        elif self._before is None:
            now = "there is no watermark" if self.mark is None else f"the watermark is {self.mark}"
            lines.append(f"Read from the beginning by {name}; {now} now.")
        else:
            since = "" if self.bound.since == self._before else f" from {self.bound.since} on"
            moved = f"moved to {self.mark}" if self.moved else "stays"
            lines.append(f"Read{since} behind the watermark {self._before} of {name}, which {moved}.")
        if self.without:
            has = "1 row has" if self.without == 1 else f"{self.without:,} rows have"
            lines.append(f"{has} no {name}: each run reads such rows again and takes those that are not there.")
        if self.how.nulls == "skip":
            lines.append(f"Rows without a {name} were left unread.")
        return lines

    def _range(self, since: str | None, until: str | None) -> tuple[CursorValue | None, CursorValue | None]:
        schema = self._source.scan(ReadRequest(limit=1)).collect_schema()
        found = cursor(schema, self.how.cursor, self.how.type, self._source.identity)
        first, last = (None if end is None else found.parsed(end) for end in (since, until))
        if first is not None and last is not None and not _after(last, first):
            raise ConfigError(f"The backfill from {since} to {until} is empty.", "The end is not included.")
        return first, last

    def _no_lag_on(self, value: CursorValue) -> None:
        if isinstance(value, str) and self.how.lag:
            raise ConfigError(
                f"A lag of {self.how.lag} makes no sense on {self.how.cursor!r}, which holds texts.", "Leave it out."
            )


def _after(one: Any, other: Any) -> bool:
    """Whether a value of the cursor is larger than another; both are of one kind."""
    return bool(one > other)


def _plain(value: Any) -> CursorValue | None:
    """A value of Polars as the watermark keeps it: times with a zone in UTC."""
    found: CursorValue | None = value
    return found.astimezone(UTC) if isinstance(found, datetime) and found.tzinfo else found
