"""The second input of join and union: a lake table, a source, or a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from automic_core import frames, registry, storage
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.errors import ConfigError
from automic_core.transforms._checks import title


def check(kind: str, table: str | None, source: dict[str, Any] | None, right: Any) -> None:
    """Check that just one second input is named.

    Raises:
        ConfigError: None or several are, or it is no frame or source.
    """
    if sum(given is not None for given in (table, source, right)) != 1:
        raise ConfigError(f"Step {kind}: name one second input.", "Give table, source, or (in Python) right.")
    if source is not None and "kind" not in source:
        raise ConfigError(f"Step {kind}: the source has no kind.", "Example: source: {kind: csv, path: in/rates.csv}.")
    if right is not None and not isinstance(right, pl.LazyFrame | pl.DataFrame | SourceAdapter):
        hint = "Pass a Polars frame or a source; a lake table by its name as table."
        raise ConfigError(f"Step {kind}: right is {type(right).__name__}, no frame.", hint)


def export(kind: str, right: Any) -> None:
    """What a spec writes for ``right``: nothing can be written.

    Raises:
        ConfigError: ``right`` is set.
    """
    if right is not None:
        hint = "Name a lake table (table) or a source (source) instead of passing an object."
        raise ConfigError(f"Step {kind}: a frame or source object passed as right cannot be written to YAML.", hint)


def frame(kind: str, table: str | None, source: dict[str, Any] | None, right: Any) -> pl.LazyFrame:
    """The second input as a lazy frame: data columns, and ``_rescued`` if it has one.

    Raises:
        ConfigError: A lake table is named where there is no lake.
    """
    found = right
    if table is not None:
        resolve = frames.table_resolver.get()
        if resolve is None:
            hint = "Run it in a lakehouse, or name a source."
            raise ConfigError(f"{title(kind)}: there is no lake to find the table {table!r} in.", hint)
        found = resolve(table)
    elif source is not None:
        options = dict(source)
        found = storage.confined(registry.build("source", options.pop("kind"), options))
    if isinstance(found, SourceAdapter):
        found = _opened(found)
    lazy: pl.LazyFrame = found.lazy()
    names = [n for n in lazy.collect_schema().names() if not frames.is_hidden(n) or n == frames.RESCUED]
    return lazy.select(names)


def _opened(source: SourceAdapter) -> pl.LazyFrame:
    """The rows of a source that is open just while it is read."""
    source.connect()
    try:
        schema = source.scan(ReadRequest(limit=1000)).collect_schema()
    finally:
        source.close()

    def produce(rows: int | None) -> Iterator[pl.DataFrame]:
        source.connect()
        try:
            yield from frames.stream(frames.align(source.scan(ReadRequest(limit=rows)), schema))
        finally:
            source.close()

    return frames.lazy(produce, schema)
