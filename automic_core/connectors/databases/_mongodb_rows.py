"""Documents as Arrow batches, by a plan of columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from automic_core import frames
from automic_core.connectors.databases import _mongodb_types as types
from automic_core.connectors.databases._mongodb_values import extended
from automic_core.connectors.files import _types
from automic_core.errors import SourceError

Documents = list[dict[str, Any]]
_HIDDEN = {frames.SOURCE_ROW: pa.int64(), frames.RESCUED: pa.string()}


@dataclass(frozen=True)
class Plan:
    """Columns of a question.

    Attributes:
        notes: Sentences a person should read.
        expected: Documents there are, as the server estimates.
    """

    columns: list[types.Column]
    notes: list[str]
    expected: int | None = None

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]


class Rows:
    """The rows of a plan.

    Args:
        columns: Names wanted; None = all, ``_source_row`` and ``_rescued``.

    Raises:
        SourceError: There is no such column.
    """

    def __init__(self, plan: Plan, columns: Sequence[str] | None) -> None:
        known = {column.name: column for column in plan.columns}
        self.names = [*known, *_HIDDEN] if columns is None else list(columns)
        if missing := [name for name in self.names if name not in known and name not in _HIDDEN]:
            raise SourceError(f"There is no column {missing[0]!r}.", f"Columns: {', '.join(list(known)[:30])}.")
        self.columns = [known[name] for name in self.names if name in known]
        self._fields = {column.field for column in plan.columns}
        kinds = _HIDDEN | {column.name: column.type for column in self.columns}
        self.schema = pa.schema([(name, kinds[name]) for name in self.names])

    @property
    def fields(self) -> list[str] | None:
        """The fields that must be read; None = all of them, for one that is no column is rescued."""
        return None if frames.RESCUED in self.names else [column.field for column in self.columns]

    def batch(self, documents: Documents, before: int) -> pa.RecordBatch:
        """Documents as a batch.

        Args:
            documents: The documents.
            before: How many there were before.
        """
        kept: dict[int, dict[str, str]] = {}
        arrays: dict[str, pa.Array] = {}
        for column in self.columns:

            def rescue(row: int, text: str, name: str = column.name) -> None:
                kept.setdefault(row, {})[name] = text

            arrays[column.name] = types.converted(column, [each.get(column.field) for each in documents], rescue)
        if frames.SOURCE_ROW in self.names:
            arrays[frames.SOURCE_ROW] = pa.array(np.arange(before + 1, before + len(documents) + 1, dtype=np.int64))
        if frames.RESCUED in self.names:
            for row, document in enumerate(documents):
                if not document.keys() <= self._fields:
                    for name in document.keys() - self._fields:
                        kept.setdefault(row, {})[name] = extended(document[name])
            arrays[frames.RESCUED] = _texts(kept, len(documents))
        return pa.RecordBatch.from_arrays([arrays[name] for name in self.names], schema=self.schema)

    def batches(self, documents: Iterable[Documents]) -> Iterator[pa.RecordBatch]:
        """Documents as batches; at least one."""
        row, empty = 0, True
        for some in documents:
            yield self.batch(some, row)
            row, empty = row + len(some), False
        if empty:
            yield self.batch([], 0)


def _texts(kept: Mapping[int, Mapping[str, str]], rows: int) -> pa.Array:
    if not kept:
        return pa.nulls(rows, pa.string())
    texts = [_types.rescued(None, kept[row]) if row in kept else None for row in range(rows)]
    return pa.array(texts, pa.string())
