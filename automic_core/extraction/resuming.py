"""Where an incremental pipeline goes on: what its destination remembers of the last run, and shall of this one."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import CursorValue, Incremental, SourceAdapter
from automic_core.contracts.incremental import behind
from automic_core.errors import TransformError
from automic_core.extraction.cursors import cursor
from automic_core.extraction.incremental import Increment
from automic_core.lakehouse.rowhash import row_text
from automic_core.state.values import decode, encode

MOST = 200_000
"""Rows that are remembered at most."""


class Resumption:
    """One run of an incremental pipeline.

    What a pipeline has loaded does not tell which rows of its source that were. So the destination remembers, with the
    watermark, the rows that the next run will meet again: those within the lag, and those without a cursor.

    Attributes:
        increment: What is read.
        text: What the destination shall remember, as JSON; complete after ``look``.

    Args:
        how: How the source is read.
        source: The source, connected.
        text: What the destination remembers; None = nothing.
    """

    def __init__(self, how: Incremental, source: SourceAdapter, text: str | None) -> None:
        said: dict[str, Any] = json.loads(text) if text is not None else {"rows": {}}
        self.increment = Increment(how, source, _value(said.get("mark")))
        self.text = json.dumps(said)
        self._known: Counter[str] = Counter(said["rows"])
        self._source = source
        since, bound = _value(said.get("since")), self.increment.bound
        if how.backfill is None and since is not None and (bound.since is None or bound.since < since):  # type: ignore[operator]  # of one kind
            # with a longer lag than before: rows from before that time are not remembered, and would come twice
            self.increment.bound = replace(bound, since=since)

    def look(self, rows: pl.LazyFrame) -> pl.Series:
        """Read all rows within the bound once.

        Args:
            rows: A tracked frame of them.

        Returns:
            ``_rid`` of those that are there already.

        Raises:
            SourceError: The cursor is missing, has no order, has no value where it must, or went back.
            SchemaError: It is of another kind than the watermark.
            TransformError: The next run would meet too many rows again.
        """
        before = self.increment.mark
        for batch in frames.stream(rows):
            self.increment.look(batch)
        self.increment.finish()
        found: list[int] = []
        if self.increment.read and self._known:
            left = self._known.copy()
            for rid, digest in self._digests(rows, None, before):
                if left[digest]:
                    left[digest] -= 1
                    found.append(rid)
        if self.increment.read and self.increment.how.backfill is None:
            self._remember(rows)
        return pl.Series(frames.RID, found, dtype=pl.Int64)

    def _remember(self, rows: pl.LazyFrame) -> None:
        mark, how = self.increment.mark, self.increment.how
        since = None if mark is None else behind(mark, how.lag)
        digests = self._digests(rows, since, mark)
        if len(digests) > MOST:
            raise TransformError(
                f"The next run would meet {len(digests):,} rows again; {MOST:,} are the most that are remembered.",
                "Use a shorter lag, nulls=skip, or take the source into bronze, which compares rows.",
            )
        told = {"mark": _told(mark), "since": _told(since), "rows": Counter(digest for _, digest in digests)}
        self.text = json.dumps(told)

    def _digests(
        self, rows: pl.LazyFrame, since: CursorValue | None, until: CursorValue | None
    ) -> list[tuple[int, str]]:
        """``_rid`` and hash of the rows within a range, both ends included, and of those without a cursor."""
        schema = rows.collect_schema()
        values = cursor(schema, self.increment.how.cursor, self.increment.how.type, self._source.identity).values
        inside = values.is_not_null()
        if since is not None:
            inside = inside & (values >= pl.lit(since))
        inside = inside & (values <= pl.lit(until)) if until is not None else pl.lit(False)
        names = [*frames.data_names(schema), *([frames.RESCUED] if frames.RESCUED in schema else [])]
        text = row_text(schema, names).alias("text")
        found = rows.filter(inside.fill_null(False) | values.is_null()).select(frames.RID, text).collect()
        return [(rid, hashlib.sha256(each.encode()).hexdigest()[:32]) for rid, each in found.iter_rows()]


def _value(told: tuple[str, str] | None) -> CursorValue | None:
    return None if told is None else decode(*told)


def _told(value: CursorValue | None) -> tuple[str, str] | None:
    return None if value is None else encode(value)
