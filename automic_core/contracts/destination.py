"""What a destination promises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

from automic_core import frames
from automic_core.contracts.options import check_pair
from automic_core.records import Record, RecordMetadata, Schema

Mode = Literal["append", "overwrite", "upsert"]


class DestinationAdapter:
    """Writes rows. Override ONE of ``load`` (batches of columns) and ``write`` (records).

    The run loop calls connect → begin_transaction → create_schema → load → commit (or rollback) → close.
    """

    kind: ClassVar[str] = ""
    capabilities: ClassVar[frozenset[str]] = frozenset({"append", "overwrite"})
    """Modes and abilities: append, overwrite, upsert, transaction, nested, metadata, watermark."""

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not abstract:
            check_pair(cls, DestinationAdapter, ("load", "write"))

    @property
    def name(self) -> str:
        """Short name of what is written."""
        return self.kind or type(self).__name__

    def bind(self, source_name: str) -> DestinationAdapter:
        """A copy with defaults taken from the source (a table named after the file); most need none."""
        return self

    def connect(self) -> None:
        """Open the destination."""

    def begin_transaction(self) -> None:
        """Start the unit that ``commit`` publishes."""

    def create_schema(self, schema: Schema) -> None:
        """Make the table or file header; what exists already stays."""

    def load(self, frame: frames.Frame, mode: Mode = "append", keys: Sequence[str] = ()) -> int:
        """Write all rows and return how many were written.

        Args:
            frame: Rows as any kind of frame; take batches from ``frames.stream(frame)``.
            mode: append, overwrite (the result holds just these rows) or upsert (by ``keys``).
            keys: Columns that identify a row, for upsert.
        """
        metadata = RecordMetadata()
        stream = frames.stream(frame)
        return self.write(record for batch in stream for record in frames.to_records(batch, metadata))

    def write(self, records: Iterable[Record]) -> int:
        """Write records and return how many were written."""
        rows = [record.data for record in records]
        return self.load(frames.from_rows(rows)) if rows else 0

    def recall(self, name: str) -> str | None:
        """What was remembered under a name by the last commit that did; needs the capability ``watermark``."""
        raise NotImplementedError(f"{type(self).__name__} has no capability watermark.")

    def remember(self, name: str, text: str) -> None:
        """Keep a text under a name, with the rows of this transaction or not at all."""
        raise NotImplementedError(f"{type(self).__name__} has no capability watermark.")

    def commit(self) -> None:
        """Make what was loaded visible, all at once."""

    def rollback(self) -> None:
        """Leave the destination as it was before ``begin_transaction``."""

    def close(self) -> None:
        """Release what ``connect`` opened."""
