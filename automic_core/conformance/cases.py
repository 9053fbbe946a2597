"""What the suite needs to know of a connector: how a source is made, and how what a loader wrote is read back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from automic_core.contracts import Bound

Gap = tuple[type[BaseException], str]
"""What a test raises today, and why; a strict xfail, so that it must go when the gap does."""


@dataclass(frozen=True)
class Hands:
    """What the suite does to a server behind the back of a connector.

    Attributes:
        place: The options by which a folder (a schema or database stands for it) and a table in it are reached.
        space: That schema or database, fresh, for the time of a test.
        content: All that is in it.
        many: Options of a source that give so many rows, with a mark by which they are known on the server.
        running: How many statements with a mark are running.
        sever: Breaks the connection of the statements with a mark.
        sever_loader: Breaks the connection of what is loading into a folder; whether there was one.
        guarded: The options of a server that asks for the password "right".
        large: Options of a source that give more than 150 MB; how many rows; in how many MB they are read.
    """

    place: Callable[[Path, str], dict[str, Any]]
    space: Callable[[Path], AbstractContextManager[Any]]
    content: Callable[[Path], dict[str, Any]]
    many: Callable[[int, str], dict[str, Any]]
    running: Callable[[str], int]
    sever: Callable[[str], Any]
    sever_loader: Callable[[Path], Any]
    guarded: Callable[[], dict[str, Any]]
    large: Callable[[], AbstractContextManager[tuple[dict[str, Any], int, int]]]


def _same(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


@dataclass(frozen=True)
class SourceCase:
    """A kind of source.

    Attributes:
        suffix: Suffix of the file it reads.
        write: Writes a frame of text, numbers, dates and booleans to a path, as another program would; for a server
            the folder stands for a schema and the stem for a table.
        options: Options beside those that say where it is.
        server: Set if it is a server.
        driver: Module without which it cannot work; empty = none.
        gaps: Test name to gap.
        arrives: A frame as it comes back: in the types that the store has.
    """

    kind: str
    suffix: str
    write: Callable[[Path, pl.DataFrame], None]
    options: Mapping[str, Any] = field(default_factory=dict)
    driver: str = ""
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    server: Hands | None = None
    arrives: Callable[[pl.DataFrame], pl.DataFrame] = _same

    def bound(self, bound: Bound) -> Bound:
        """A bound in the types that the store has."""
        since, until = (
            self.arrives(pl.DataFrame({"end": [end]}))["end"][0] if type(end) is date else end
            for end in (bound.since, bound.until)
        )
        return replace(bound, since=since, until=until)

    def at(self, folder: Path, name: str = "data") -> dict[str, Any]:
        """The options of a source that reads what was written to this folder under this name."""
        return {**_place(self, folder, name), **self.options}


@dataclass(frozen=True)
class LoaderCase:
    """A kind of loader; what it wrote is read back by the source of the same kind."""

    kind: str
    suffix: str
    options: Mapping[str, Any] = field(default_factory=dict)
    gaps: Mapping[str, Gap] = field(default_factory=dict)
    server: Hands | None = None
    arrives: Callable[[pl.DataFrame], pl.DataFrame] = _same

    def at(self, folder: Path, name: str = "out") -> dict[str, Any]:
        """The options of a loader that writes to this folder; without its own options those of the source."""
        return {**_place(self, folder, name), **self.options}

    def place(self, folder: Path, name: str = "out") -> dict[str, Any]:
        """The options of the source that reads it back."""
        return _place(self, folder, name)

    def content(self, folder: Path) -> dict[str, Any]:
        """All that is there."""
        if not self.server:
            return {path.name: path.read_bytes() for path in folder.iterdir()}
        return self.server.content(folder)


def schema_of(folder: Path) -> str:
    """The schema that stands for a folder."""
    return f"automic_{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"


def _place(case: SourceCase | LoaderCase, folder: Path, name: str) -> dict[str, Any]:
    if not case.server:
        return {"path": str(folder / f"{name}{case.suffix}")}
    return case.server.place(folder, name)
