"""The first rows of a source as they are read, how it is written, and the records that are broken."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.errors import AutomicError
from automic_core.medallion.bronze import as_text
from automic_core.storage import AccessPolicy
from automic_core.workbench.dialects import Fact, facts_of
from automic_core.workbench.sources import build_source
from automic_core.workbench.values import Rows, rows_of

ROWS = 1_000
COLUMNS = 100
LOOK = 100_000
HEAD = 20_000
CELL = 300
BROKEN = 200
SECONDS = 1.5
LEFT_OVER = "a value that has no place in its column"
_TEXT = 2_000
_LINES = 20


@dataclass(frozen=True)
class Broken:
    """A record, or a value in one, that could not be read as it stands.

    Attributes:
        record: Ordinal of the record, from 1.
        line: Physical line (row of a sheet), from 1; None where there are no lines.
        byte: Where it begins in the file, from 0; None if nobody knows.
        text: The raw text, cut to a readable length.
        length: Characters of the raw text before it was cut.
        fate: What becomes of it, in words; ``aside`` = the promotion puts it in quarantine.
    """

    record: int
    line: int | None
    byte: int | None
    reason: str
    text: str
    length: int
    fate: str
    aside: bool = True


@dataclass(frozen=True)
class Sample:
    """What can be seen of a source without taking it in.

    Attributes:
        place: Where it is, in full.
        files: Files it is read from; 1 for a database.
        rows: One page of columns of the first rows; long cells are cut.
        columns: Names of all columns.
        start: Position of the first column of the page; a full page has ``width`` columns.
        cut: Cells that were cut for showing.
        records: Records that were looked through for broken ones.
        whole: Whether these are all records.
        expected: About how many records there are; None if it cannot be told.
        facts: How it is written: dialect, sheet, record path.
        broken: The first broken records; ``broken_total`` counts all that were seen.
        reasons: Why records are broken to how many, most frequent first.
        seconds: How long all this took.
        head: More rows of the page, for evidence; in long texts all but the beginning is a hash.
        head_all: Whether ``head`` has all records that were looked through.
        schema: All columns with their types, as bronze gets them.
    """

    kind: str
    name: str
    place: str
    files: int
    rows: Rows
    columns: list[str]
    start: int
    width: int
    cut: int
    records: int
    whole: bool
    expected: int | None
    facts: list[Fact]
    notes: list[str]
    broken: list[Broken] = field(default_factory=list)
    broken_total: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    head: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False, compare=False)
    head_all: bool = True
    schema: pl.Schema = field(default_factory=pl.Schema, repr=False, compare=False)


@dataclass(frozen=True)
class Verdict:
    """Whether a source can be reached and read, in a sentence."""

    works: bool
    sentence: str
    hint: str
    seconds: float


def check_source(
    place: str, kind: str | None = None, options: Mapping[str, Any] | None = None, *, policy: AccessPolicy | None = None
) -> Verdict:
    """Test a connection: open the source and read its first row. A source that does not work is an answer, no error."""
    began = time.perf_counter()
    try:
        source = as_text(build_source(place, kind, options, policy))
        source.connect()
        try:
            choice = _choice(source)
            if choice is None:
                source.check()
                width = len(frames.data_columns(source.scan(ReadRequest(limit=1))))
        finally:
            source.close()
    except AutomicError as exc:
        return Verdict(False, exc.message, exc.hint, time.perf_counter() - began)
    seconds = time.perf_counter() - began
    if choice is not None:
        found = f"{choice:,} table{' or view' if choice == 1 else 's and views'} to choose from"
        return Verdict(True, f"{source.name} answers: {found}, after {seconds:.2f} s.", "", seconds)
    columns = f"{width:,} column{'' if width == 1 else 's'}"
    return Verdict(True, f"{source.name} can be read: {columns}, the first row after {seconds:.2f} s.", "", seconds)


def _choice(source: SourceAdapter) -> int | None:
    """How many tables and views there are to choose from; None if the choice is made, or is none."""
    if not hasattr(source, "relations") or getattr(source, "table", None) or getattr(source, "query", None):
        return None
    found = sum(map(len, source.relations()))
    return None if found == 1 else found


def sample(
    place: str,
    kind: str | None = None,
    options: Mapping[str, Any] | None = None,
    *,
    rows: int = ROWS,
    start: int = 0,
    policy: AccessPolicy | None = None,
) -> Sample:
    """Look at a source as bronze would read it: text stays text.

    Args:
        place: Path, glob or URL.
        kind: Default: by the suffix.
        options: Options of the source, plain values or as a person types them.
        rows: Rows to show.
        start: Position of the first column to show; a page has ``COLUMNS``.
        policy: What may be read; None = anything.

    Raises:
        AutomicError: The source cannot be read.
    """
    began = time.perf_counter()
    source = as_text(build_source(place, kind, options, policy))
    source.connect()
    try:
        schema = source.scan(ReadRequest(limit=1)).collect_schema()
        names = data_columns(source, schema.names())
        page = list(names)[start : start + COLUMNS]
        hidden = [name for name in (frames.SOURCE_ROW, frames.RESCUED) if name in schema]
        seen = _look(source, [*page, *hidden], rows, began)
        broken = [_explained(source, record, text, n) for n, (record, text) in enumerate(seen.rescued)]
        facts, notes = facts_of(source)
    finally:
        source.close()
    return Sample(
        kind=source.kind,
        name=source.name,
        place=source.identity,
        files=len(source.parts()),
        rows=rows_of(_named(seen.rows, page, names), seen.records if seen.whole else None),
        columns=list(names.values()),
        start=start,
        width=COLUMNS,
        cut=seen.cut,
        records=seen.records,
        whole=seen.whole,
        expected=seen.records if seen.whole else seen.expected,
        facts=facts,
        notes=[*notes, *(f"Column {old} is called {new} in bronze." for old, new in names.items() if old != new)],
        broken=broken,
        broken_total=seen.broken,
        reasons=dict(sorted(seen.reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        seconds=time.perf_counter() - began,
        head=_named(seen.head, [*page, *hidden], names),
        head_all=len(seen.head) >= seen.records,
        schema=pl.Schema({shown: schema[own] for own, shown in names.items()}),
    )


def _named(frame: pl.DataFrame, columns: Iterable[str], names: Mapping[str, str]) -> pl.DataFrame:
    """Some columns under the names they have in bronze; a name may look like a pattern, and is none."""
    return pl.DataFrame([frame.get_column(name).alias(names.get(name, name)) for name in columns])


def data_columns(source: SourceAdapter, names: Iterable[str]) -> dict[str, str]:
    """The data columns of a source, each with the name it has in bronze."""
    if source.tracked:
        return {name: name for name in frames.data_names(names)}
    own = [name for name in names if name not in (frames.SOURCE_ROW, frames.RESCUED)]
    return {name: name for name in own} | frames.shown(own)


@dataclass
class _Seen:
    """What one pass over the beginning of a source shows."""

    rows: pl.DataFrame
    head: pl.DataFrame
    cut: int = 0
    expected: int | None = None
    records: int = 0
    whole: bool = True
    broken: int = 0
    rescued: list[tuple[int, str]] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)


def _look(source: SourceAdapter, columns: list[str], rows: int, began: float) -> _Seen:
    """The first rows, long cells cut batch by batch so that huge ones never pile up; further on only broken records are
    looked for, as far as the time allows.
    """
    empty = pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    seen = _Seen(empty, empty)
    pieces: list[pl.DataFrame] = []
    head: list[pl.DataFrame] = []
    for batch in source.batches(ReadRequest(columns=tuple(columns), limit=LOOK + 1)):
        frame = frames.from_arrow(batch)
        if not pieces:
            seen.expected = source.expect(batch)
        if seen.records < rows or not pieces:
            piece, cut = _shortened(frame.head(rows - seen.records))
            pieces.append(piece)
            seen.cut += cut
        if seen.records < HEAD or not head:
            head.append(_hashed(frame.head(HEAD - seen.records)))
        seen.records += len(frame)
        _collect(frame, seen)
        if seen.records > LOOK or (seen.records >= rows and time.perf_counter() - began > SECONDS):
            seen.records, seen.whole = min(seen.records, LOOK), False
            break
    seen.rows = pl.concat(pieces) if pieces else empty
    seen.head = pl.concat(head) if head else empty
    return seen


def _hashed(frame: pl.DataFrame) -> pl.DataFrame:
    """The same with long texts made short and still different from each other."""
    columns = []
    for column in frame.get_columns():
        if column.dtype == pl.String and column.name != frames.RESCUED and bool((column.str.len_bytes() > CELL).any()):
            short = column.str.head(40) + "…" + column.hash().cast(pl.String)
            column = pl.select(
                pl.when(column.str.len_bytes() > CELL).then(short).otherwise(column).alias(column.name)
            ).to_series()
        columns.append(column)
    return pl.DataFrame(columns)


def _collect(frame: pl.DataFrame, seen: _Seen) -> None:
    """Note the broken records of a batch."""
    if frames.RESCUED not in frame.columns:
        return
    some = frame.filter(pl.col(frames.RESCUED).is_not_null())
    seen.broken += len(some)
    why = some[frames.RESCUED].str.json_path_match("$.reason").fill_null(LEFT_OVER)
    for reason, number in why.value_counts().rows():
        seen.reasons[reason] = seen.reasons.get(reason, 0) + number
    if frames.SOURCE_ROW not in some.columns:
        some = some.with_columns(pl.lit(0, pl.Int64).alias(frames.SOURCE_ROW))
    for record, text in some.head(BROKEN - len(seen.rescued)).select(frames.SOURCE_ROW, frames.RESCUED).rows():
        seen.rescued.append((int(record), str(text)))


def _shortened(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Long texts cut, and how many were; what ``_rescued`` says is looked at elsewhere."""
    texts = [column for column in frame.get_columns() if column.dtype == pl.String and column.name != frames.RESCUED]
    long = {column.name: column.str.len_chars() > CELL for column in texts}
    shorter = [
        pl.select(pl.when(long[column.name]).then(column.str.head(CELL) + "…").otherwise(column).alias(column.name))
        for column in texts
        if long[column.name].any()
    ]
    columns = {column.name: column for each in shorter for column in each.get_columns()}
    cut = sum(int(marks.sum()) for marks in long.values())
    return pl.DataFrame([columns.get(column.name, column) for column in frame.get_columns()]), cut


def _explained(source: SourceAdapter, record: int, rescued: str, number: int) -> Broken:
    """What ``_rescued`` says, in words."""
    said: dict[str, Any] = json.loads(rescued)
    if "reason" in said:
        text = str(said.get("text", ""))
        fate = "Bronze keeps the whole line. The promotion puts the row in quarantine, with this reason."
        return Broken(record, said.get("line"), said.get("byte"), said["reason"], text[:_TEXT], len(text), fate)
    values: Mapping[str, Any] = said.get("values", {})
    text = json.dumps(values, ensure_ascii=False)
    reason = f"{LEFT_OVER}: {', '.join(list(values)[:5])}" if values else LEFT_OVER
    fate = "The row is taken and nothing is lost: what did not fit is kept beside it, in the column _rescued."
    return Broken(record, _line(source, record, number), None, reason, text[:_TEXT], len(text), fate, aside=False)


def _line(source: SourceAdapter, record: int, number: int) -> int | None:
    """The line of a record, for the first few: each costs a look at the file."""
    if number >= _LINES or record < 1:
        return None
    try:
        return source.locate(record)
    except AutomicError:
        return None
