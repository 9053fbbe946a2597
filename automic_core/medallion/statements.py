"""A statement whose whole answer is wanted: run in the process for statements, its rows kept on disk, not in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from pyiceberg.table import Table

from automic_core import frames
from automic_core.lakehouse.commits import frozen
from automic_core.lakehouse.pinning import pinned
from automic_core.medallion import quarantine
from automic_core.medallion.context import LakeContext
from automic_core.queries import process
from automic_core.queries.limits import limits_of

_TICK = 0.5


@dataclass(frozen=True)
class Spooled:
    """An answer on disk.

    Attributes:
        rows: All of it; may be read more than once, batch by batch.
        tables: The tables that were read, each at the state it was read in.
    """

    rows: pl.LazyFrame
    tables: dict[str, Table]


@contextmanager
def spooled(
    lake: LakeContext,
    sql: str,
    on_wait: Callable[[], None] = lambda: None,
    instead: Mapping[str, pl.DataFrame] | None = None,
) -> Iterator[Spooled]:
    """Answer one SELECT within the limits of ``settings.sql``; its tables are pinned first, here.

    The process gets the states of those tables and nothing else of the lake: no catalog, no settings, no other table.

    Args:
        lake: The lake.
        sql: DuckDB SQL over ``layer.table``.
        on_wait: Called now and then until the answer is there; what it raises stops the statement.
        instead: Rows that are read in the place of those of a table.

    Raises:
        SecurityError: More than a SELECT.
        CatalogError: A table or snapshot is missing.
        TransformError: It cannot be computed, or not within the limits.
    """
    mentioned = _answered(lake, {"do": "mentions", "sql": sql}, on_wait)["names"]
    tables = {name: frozen(lake.need(name)) for name in mentioned}
    with tempfile.TemporaryDirectory(prefix="automic-answer-") as folder:
        path = Path(folder) / "answer.arrow"
        told = {name: pinned(table) for name, table in tables.items()}
        request = {
            "do": "spool",
            "sql": sql,
            "tables": told,
            "present": _present(lake, list(tables), Path(folder), instead or {}),
        }
        _answered(lake, {**request, "path": str(path), "most": lake.settings.sql.spill_bytes}, on_wait)
        yield Spooled(_rows(path), tables)


def _answered(lake: LakeContext, request: dict[str, Any], on_wait: Callable[[], None]) -> dict[str, Any]:
    question = process.Question(process.pool(), request, **limits_of(lake.settings.sql, kept=True))
    try:
        while not question.wait(_TICK):
            on_wait()
    except BaseException:
        question.cancel()
        raise
    return question.result()[0]


def _present(lake: LakeContext, names: list[str], folder: Path, instead: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Files with the rows of tables as they stand now, of those that do not simply hold them."""
    files: dict[str, str] = {}
    for name in names:
        rows = instead[name] if name in instead else quarantine.present(lake, name)
        if rows is not None:
            files[name] = str(folder / f"{len(files)}.arrow")
            rows.write_ipc(files[name])
    return files


def _rows(path: Path) -> pl.LazyFrame:
    def batches(_: int | None) -> Iterator[pl.DataFrame]:
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
            for batch in reader:
                yield frames.from_arrow(batch)

    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        schema = frames.from_arrow(reader.schema.empty_table()).schema
    return frames.lazy(batches, schema)
