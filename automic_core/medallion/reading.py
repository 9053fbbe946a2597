"""What silver reads of a bronze table: the rows that count, with what people decided about them."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence

import polars as pl

from automic_core import frames
from automic_core.contracts import Pair, ReadRequest, SourceAdapter
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.medallion import resolving
from automic_core.medallion.batches import CHANGES, RID_BITS, BronzeLayout, known_batches, layout
from automic_core.medallion.context import LakeContext
from automic_core.medallion.decisions import ABOUT_ONE, Decisions, apply_decisions
from automic_core.medallion.pairs import ABOUT_PAIRS, resolved

MOST_PARTS = 100
"""So many batches are put in order by reading them one after the other; more are sorted."""


class BronzeRows(SourceAdapter):
    """What silver reads of a bronze table: the batches that count, with a person's decisions applied."""

    kind = "bronze"
    tracked = True

    def __init__(self, lake: LakeContext, table: str) -> None:
        self._table = table
        self._only: list[int] | None = None
        self._stored = lake.need(f"bronze.{table}")
        self.layout: BronzeLayout = layout(self._stored)
        self.snapshot = head(self._stored)
        self.decided = Decisions(lake).snapshot()
        made = Decisions(lake).current(table, self.decided) if self.decided is not None else []
        self.decisions = [each for each in made if each.kind in ABOUT_ONE]
        self._paired = [each for each in made if each.kind in ABOUT_PAIRS]

    @property
    def name(self) -> str:
        return f"bronze.{self._table}"

    def gained(self, batches: Sequence[int]) -> BronzeRows:
        """Those of some batches alone."""
        part = copy.copy(self)
        part._only = sorted(batches)
        return part

    def before(self, batches: Sequence[int]) -> pl.LazyFrame:
        """Those of all older batches, in no order; of a table whose batches all count."""
        stored = tables.scan(self._stored, self.snapshot).filter(pl.col(frames.RID) < min(batches) << RID_BITS)
        return self._decided(_shown(stored))

    def raw(self) -> pl.LazyFrame:
        """The rows that count, as bronze has them, in the order in which they arrived."""
        stored = tables.scan(self._stored, self.snapshot)
        if self._only is not None:
            stored = of_batches(self._only, stored)
        if self.layout.mode == CHANGES:
            return resolving.current(stored, self.layout.keys)
        frame = self._arrived(stored)
        if self.layout.mode == "snapshot":
            newest = list(self.layout.newest.values())
            frame = frame.filter((pl.col(frames.RID) // (1 << RID_BITS)).is_in(newest))
        return _shown(frame)

    def pairs(self) -> list[Pair]:
        """What people decided about pairs of the rows, for the steps that compare rows with each other."""
        return resolved(self.raw(), self._paired) if self._paired else []

    def _arrived(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Older batches first: a scan begins with the newest files, and "first" and "last" mean arrival."""
        numbers = sorted(known_batches(self._stored).values()) if self._only is None else self._only
        first = [number << RID_BITS for number in numbers]
        if not 1 < len(first) <= MOST_PARTS:
            return frame if len(first) < 2 else frame.sort(frames.RID, maintain_order=True)
        rid = pl.col(frames.RID)
        middle = [(rid >= low) & (rid < high) for low, high in itertools.pairwise(first[1:])]
        # Together they are all rows, whatever numbers they carry.
        parts = [(rid < first[1]) | rid.is_null(), *middle, rid >= first[-1]]
        return pl.concat([frame.filter(part) for part in parts])

    def scan(self, request: ReadRequest = ReadRequest()) -> pl.LazyFrame:
        return self._decided(self.raw())

    def _decided(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        return apply_decisions(frame, self.decisions) if self.decisions else frame


def _shown(rows: pl.LazyFrame) -> pl.LazyFrame:
    """The columns that count."""
    names = rows.collect_schema().names()
    return rows.select(n for n in names if not frames.is_hidden(n) or n in (frames.RID, frames.RESCUED))


def of_batches(batches: Sequence[int], rows: pl.LazyFrame) -> pl.LazyFrame:
    """The rows of some batches; bounds first, by which whole files are left out."""
    if not batches:
        return rows.filter(pl.lit(False))
    rid = pl.col(frames.RID)
    rows = rows.filter(rid >= batches[0] << RID_BITS, rid < (batches[-1] + 1) << RID_BITS)
    return rows if len(batches) == 1 else rows.filter((rid // (1 << RID_BITS)).is_in(list(batches)))
