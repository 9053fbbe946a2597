"""What all file loaders share: one new file beside the old one, renamed over it when the transaction commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, BinaryIO, ClassVar, Literal

import polars as pl
import pyarrow as pa
from pydantic import Field as Option

from automic_core import frames, storage
from automic_core.connectors._files import PathText, name_of
from automic_core.contracts import DestinationAdapter, Mode, configured
from automic_core.errors import AutomicError, LoadError, translate
from automic_core.storage import Location

Write = Callable[[pl.DataFrame], None]
Packing = Annotated[
    Literal["gzip", "bz2", "xz", "zip", "zstd"] | None, Option(description="Default: by the file's suffix.")
]


class _RolledBackError(Exception):
    """Tells the open files that what was written must not be kept."""


@dataclass
class _Work:
    """What is open between ``begin_transaction`` and ``commit``."""

    stack: ExitStack | None = None
    write: Write | None = None
    finished: list[Callable[[], None]] = field(default_factory=list)


@configured
class FileLoader(DestinationAdapter, abstract=True):
    """Writes one local file. Without ``begin_transaction``, each ``load`` is a transaction of its own.

    Raises:
        LoadError: The file cannot be written; what was there before is unchanged.
    """

    path: Annotated[PathText, Option(description="The file to write; its folder is created.")]

    capabilities: ClassVar[frozenset[str]] = frozenset({"append", "overwrite", "transaction"})

    @property
    def name(self) -> str:
        """The file's stem."""
        return name_of(self.path) or self.kind

    @cached_property
    def _work(self) -> _Work:
        return _Work()

    def packing(self) -> storage.Compression | None:
        """The compression of the file."""
        return storage.compression_of(self.path)

    def writer(self, file: BinaryIO, schema: pl.Schema, present: BinaryIO | None) -> AbstractContextManager[Write]:
        """Write the format's beginning, give a writer of batches, write its end.

        Args:
            file: Where the new content goes.
            present: The old content, to be copied first; None = there is none, or it is replaced.
        """
        raise TypeError(f"{type(self).__name__} must override writer.")

    def begin_transaction(self) -> None:
        """Start; nothing is written yet."""
        self.rollback()
        self._work.stack = ExitStack()

    def load(self, frame: frames.Frame, mode: Mode = "append", keys: Sequence[str] = ()) -> int:
        """Write all rows beside the target; ``commit`` puts them in its place."""
        if mode not in self.capabilities:
            able = ", ".join(sorted(self.capabilities & {"append", "overwrite"}))
            raise LoadError(f"A {self.kind} file cannot be loaded by {mode}.", f"It can: {able}.")
        alone = self._work.stack is None
        if alone:
            self.begin_transaction()
        try:
            with self._explained(), storage.disk_errors(self.path):
                rows = self._write(frames.stream(frame), mode)
        except BaseException:
            if alone:
                self.rollback()
            raise
        if alone:
            self.commit()
        return rows

    def commit(self) -> None:
        """Put the new file in the place of the old one."""
        work, stack = self._work, self._work.stack
        self.__dict__.pop("_work")
        if stack is not None:
            with self._explained():
                stack.close()
                for done in work.finished:
                    done()

    def rollback(self) -> None:
        """Drop what was written; the old file stays as it was."""
        stack = self._work.stack
        self.__dict__.pop("_work")
        if stack is not None:
            with suppress(OSError, AutomicError, pa.ArrowException):
                stack.__exit__(_RolledBackError, _RolledBackError(), None)

    def close(self) -> None:
        """Drop what was not committed."""
        self.rollback()

    def _explained(self) -> AbstractContextManager[None]:
        return translate(LoadError, f"Writing {self.path}", catch=(OSError, pa.ArrowException))

    def _write(self, stream: frames.BatchStream, mode: Mode) -> int:
        if self._work.write is None:
            self._work.write = self._opened(stream.schema, mode)
        rows = 0
        for batch in stream:
            self._work.write(batch)
            rows += batch.height
        return rows

    def _opened(self, schema: pl.Schema, mode: Mode) -> Write:
        stack = self._work.stack
        assert stack is not None
        if "://" in self.path:
            raise LoadError(f"{self.path} is not a local path.", "Write a local file, then copy it.")
        target = Path(self.path).expanduser()
        file = stack.enter_context(storage.atomic_write(target))
        member = target.name.removesuffix(target.suffix) or "data"
        packed = stack.enter_context(storage.compressed(file, self.packing(), member))
        present = None
        if mode == "append" and target.exists() and target.stat().st_size:
            present = stack.enter_context(storage.open_binary(Location(str(target.absolute()))))
        return stack.enter_context(self.writer(packed, schema, present))


def copied(present: BinaryIO, file: BinaryIO) -> bytes:
    """Copy the old content; its last byte, empty if there was none."""
    last = b""
    while chunk := present.read(1 << 20):
        file.write(chunk)
        last = chunk[-1:]
    return last
