"""The second input of join, union and foreign key: a lake table, a source, or a frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from automic_core import frames, registry, storage
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.errors import ConfigError


def check(what: str, table: str | None, source: dict[str, Any] | None, right: Any) -> None:
    """Check that just one second input is named.

    Args:
        what: Who asks, as the start of the message ("Step join").
        table, source, right: The input, by any of the three.

    Raises:
        ConfigError: None or several are, or it is no frame or source.
    """
    if sum(given is not None for given in (table, source, right)) != 1:
        raise ConfigError(f"{what}: name one second input.", "Give table, source, or (in Python) right.")
    if source is not None and "kind" not in source:
        raise ConfigError(f"{what}: the source has no kind.", "Example: source: {kind: csv, path: in/rates.csv}.")
    if right is not None and not isinstance(right, pl.LazyFrame | pl.DataFrame | SourceAdapter):
        hint = "Pass a Polars frame or a source; a lake table by its name as table."
        raise ConfigError(f"{what}: right is {type(right).__name__}, no frame.", hint)


def export(what: str, right: Any) -> None:
    """What a spec writes for ``right``: nothing can be written.

    Raises:
        ConfigError: ``right`` is set.
    """
    if right is not None:
        hint = "Name a lake table (table) or a source (source) instead of passing an object."
        raise ConfigError(f"{what}: a frame or source object passed as right cannot be written to YAML.", hint)


def frame(what: str, table: str | None, source: dict[str, Any] | None, right: Any) -> pl.LazyFrame:
    """The second input as a lazy frame: data columns, and ``_rescued`` if it has one.

    Raises:
        ConfigError: A lake table is named where there is no lake.
    """
    found = right
    if table is not None:
        resolve = frames.table_resolver.get()
        if resolve is None:
            hint = "Run it in a lakehouse, or name a source."
            raise ConfigError(f"{what}: there is no lake to find the table {table!r} in.", hint)
        found = resolve(table)
    elif source is not None:
        options = dict(source)
        found = storage.confined(registry.build("source", options.pop("kind"), options))
    if isinstance(found, SourceAdapter):
        found = _opened(found)
    lazy: pl.LazyFrame = found.lazy()
    names = [n for n in lazy.collect_schema().names() if not frames.is_hidden(n) or n == frames.RESCUED]
    return lazy.select(names)


def common(left: Any, right: Any) -> Any:
    """A type that holds the values of both exactly; None if there is none."""
    if left == right or right == pl.Null:
        return left
    if left == pl.Null:
        return right
    if left.is_integer() and right.is_integer():
        return pl.UInt64() if left.is_unsigned_integer() and right.is_unsigned_integer() else pl.Int64()
    if left.is_decimal() and right.is_decimal():
        return pl.Decimal(38, max(left.scale, right.scale))
    texts = (pl.String, pl.Categorical, pl.Enum)
    if left.base_type() in texts and right.base_type() in texts:
        return pl.String()
    if isinstance(left, pl.Datetime) and isinstance(right, pl.Datetime) and left.time_zone == right.time_zone:
        return pl.Datetime("us", left.time_zone)
    return None


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
