"""Ask a lake in SQL, in a process of its own: the first rows, how many there are, what was read; all rows as a file."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from automic_core.errors import AutomicError, ConfigError, TransformError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.sql import TableRead
from automic_core.queries import process
from automic_core.queries.limits import limits_of
from automic_core.queries.wire import Reply
from automic_core.settings import Settings
from automic_core.workbench.query_history import Ran, history_file, remember
from automic_core.workbench.query_output import FORMATS, MOST_CHARACTERS
from automic_core.workbench.values import Rows, narrowed, rows_of

SHOWN = 1_000
KEPT = 10_000
MOST_SQL = 50_000
MOST_FILE = 256 << 20
_MIME = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json"}


@dataclass(frozen=True)
class Past:
    """The state of the tables a question is about.

    Attributes:
        table: Only this one is read in an earlier state.
        snapshot: That state.
        at: All tables as they were then.
    """

    table: str = ""
    snapshot: int | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        if self.at is not None:
            return f"all tables at {self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"{self.table} at snapshot {self.snapshot}" if self.snapshot is not None else ""

    def asked(self) -> str | dict[str, int] | None:
        """For the process that answers."""
        if self.at is not None:
            return self.at.isoformat()
        return {self.table: self.snapshot} if self.snapshot is not None else None


NOW = Past()


@dataclass(frozen=True)
class Answer:
    """What a statement gave.

    Attributes:
        columns: Column to DuckDB type.
        total: Rows of the answer; at least so many if not ``exact``.
        seconds: From the question to the answer.
        tables: What was read, each in one state.
        notes: What a person must know to read it right.
        renamed: Columns that had the name of another.
        payload: The first rows (at most ``KEPT``) as Arrow IPC.
    """

    sql: str
    past: Past
    columns: dict[str, str]
    total: int
    exact: bool
    seconds: float
    tables: tuple[TableRead, ...]
    notes: tuple[str, ...]
    renamed: tuple[str, ...]
    payload: bytes

    def frame(self) -> pl.DataFrame:
        """The first rows."""
        return narrowed(pl.read_ipc_stream(io.BytesIO(self.payload)))

    def rows(self, limit: int = SHOWN) -> Rows:
        """The first rows, for a grid."""
        return rows_of(self.frame().head(limit), self.total)

    def pins(self) -> dict[str, int]:
        """The states that were read, so that a download reads the same."""
        return {read.name: read.snapshot for read in self.tables if not read.own and read.snapshot is not None}


class Asking:
    """A statement under way. ``wait`` for it, take the ``answer``, or ``cancel`` it.

    Attributes:
        limit: Seconds it may take.
    """

    def __init__(self, lake: Lakehouse, sql: str, past: Past, *, record: bool, **limits: Any) -> None:
        self.sql, self.past, self.began = sql, past, datetime.now(UTC)
        self._file = (
            history_file(lake.context.root, lake.context.actor) if record and not lake.context.read_only else None
        )
        request = {"do": "rows", "lake": str(lake.context.root), "sql": sql, "as_of": past.asked(), "rows": KEPT}
        within = {**limits_of(lake.context.settings.sql), **limits}
        self.limit: float = within["seconds"]
        self._question = process.Question(process.pool(), request, on_done=self._record, **within)

    @property
    def done(self) -> bool:
        """Whether the answer, or the error, is there."""
        return self._question.done

    @property
    def seconds(self) -> float:
        """For how long it has been under way."""
        return (datetime.now(UTC) - self.began).total_seconds()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the answer; whether it is there."""
        return self._question.wait(seconds)

    def cancel(self) -> None:
        """Stop it, whatever it does."""
        self._question.cancel()

    def answer(self) -> Answer:
        """The answer, once it is there.

        Raises:
            AutomicError: What is wrong with the statement, with its ``position`` if it is known.
        """
        header, payload = self._question.result()
        tables = tuple(TableRead(*read) for read in header["tables"])
        return Answer(
            self.sql,
            self.past,
            header["columns"],
            header["total"],
            header["exact"],
            header["seconds"],
            tables,
            tuple(_notes(header, self.past, {read.name for read in tables})),
            tuple(header["renamed"]),
            payload,
        )

    def _record(self, reply: Reply | AutomicError) -> None:
        if self._file is None:
            return
        seconds, rows, error = self.seconds, None, ""
        if isinstance(reply, AutomicError):
            error = reply.message
        else:
            seconds, rows = reply[0]["seconds"], reply[0]["total"]
        with suppress(OSError):  # a full disk must not take the answer away
            remember(self._file, Ran(self.sql, self.began, round(seconds * 1000), rows, error, str(self.past)))


def ask_sql(lake: Lakehouse, sql: str, past: Past = NOW, *, record: bool = True, **limits: Any) -> Asking:
    """Begin to answer one SELECT.

    Args:
        lake: The lake.
        sql: DuckDB SQL over ``layer.table``.
        past: The state of the tables it is about.
        record: Whether to keep the statement in the acting person's history.
        limits: ``seconds`` and ``memory``, see ``process.Question``.

    Raises:
        TransformError: There is no statement, or it is too long.
    """
    if not sql.strip():
        raise TransformError("There is no statement.", "Write a SELECT, or begin with an example.")
    if len(sql) > MOST_SQL:
        raise TransformError(f"The statement has {len(sql):,} characters; {MOST_SQL:,} may be.", "Make it shorter.")
    return Asking(lake, sql, past, record=record, **limits)


def answer_sql(lake: Lakehouse, sql: str, past: Past = NOW, *, record: bool = True, **limits: Any) -> Answer:
    """The answer to one SELECT; arguments and errors as for ``ask_sql`` and ``Asking.answer``."""
    return ask_sql(lake, sql, past, record=record, **limits).answer()


def warm_queries() -> None:
    """Let a process for questions start, so that the first is answered at once."""
    process.pool().warm()


def download_answer(answer: Answer, lake: str, kind: str, *, excel: bool = False, **limits: Any) -> bytes:
    """All rows of an answer as a file, read from the same states of the tables.

    Args:
        answer: What the person saw.
        lake: The folder of the lake.
        kind: csv, parquet or json.
        excel: Of CSV: cells and names that a spreadsheet would compute begin with an apostrophe.
        limits: ``seconds`` and ``memory``, see ``process.Question``.

    Raises:
        ConfigError: There is no such format.
        TransformError: It would be too large, or takes too long.
    """
    if kind not in FORMATS:
        raise ConfigError(f"There is no download as {kind!r}.", f"Choose {', '.join(FORMATS)}.")
    folder = Path(tempfile.mkdtemp(prefix="automic-download-"))
    try:
        path = folder / f"answer.{kind}"
        about = {"do": "file", "lake": lake, "sql": answer.sql, "as_of": answer.pins()}
        request = {**about, "path": str(path), "format": kind, "excel": excel, "most": MOST_FILE}
        within = {**limits_of(Settings.load(lake).sql, kept=True), **limits}
        process.Question(process.pool(), request, **within).result()
        return path.read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def media_type(kind: str) -> str:
    """The media type of a download."""
    return _MIME[kind]


def _notes(header: Mapping[str, Any], past: Past, read: set[str]) -> list[str]:
    notes = []
    if not header["exact"]:
        notes.append(f"Counting stopped at {header['total']:,} rows; there are more.")
    if header["renamed"]:
        names = ", ".join(header["renamed"][:5]) + (" and more" if len(header["renamed"]) > 5 else "")
        notes.append(f"Columns with the name of another have a number behind it: {names}.")
    if past.snapshot is not None and past.table not in read:
        notes.append(f"The statement does not read {past.table}, so its snapshot {past.snapshot} changes nothing.")
    if header["cut"]:
        notes.append(f"Values of more than {MOST_CHARACTERS:,} characters are cut here, not in a download.")
    return notes
