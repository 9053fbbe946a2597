"""Where one cell comes from: its value in each layer, its records with file and line, and what was done on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import AutomicError, ConfigError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.commits import head
from automic_core.lakehouse.lineage import columns_behind
from automic_core.medallion import provenance
from automic_core.medallion.batches import layout
from automic_core.medallion.column_paths import ColumnPath, column_path
from automic_core.medallion.context import ACTOR, RUN_ID, made_by
from automic_core.medallion.decisions import ABOUT_ONE, Decision, row_key, row_matches
from automic_core.medallion.pairs import about_row
from automic_core.medallion.silver import DEFINITION, SOURCES
from automic_core.transforms._merging import VALUES_FROM
from automic_core.workbench.promotions import entries, promotion_data
from automic_core.workbench.values import Rows, plain, rows_of

SHOWN, LINES, CELLS = 50, 5, 500
LARGEST = 64 << 20
SPEC = "automic.spec"


@dataclass(frozen=True)
class Record:
    """One bronze record behind a cell.

    Attributes:
        record: 1-based ordinal in its source.
        line: Where it begins in its file; None if that cannot be told (any more).
        text: The record as it stands in its file; empty if the file is gone, changed or no text.
        values: The columns the cell was made of, as bronze has them; all columns if those are not known.
        fate: What became of it, in words; "kept" if it is in the table.
        decisions: What people decided about it, a sentence each.
    """

    rid: int
    table: str
    source: str
    record: int
    line: int | None
    text: str
    values: dict[str, Any]
    fate: str
    decisions: list[str]


@dataclass(frozen=True)
class Stage:
    """The rows of one table that a gold cell stands for.

    Attributes:
        total: How many there are.
        rows: The first of them: ``_rid`` and the columns the cell was made of.
    """

    table: str
    total: int
    rows: Rows


@dataclass(frozen=True)
class CellTrace:
    """One cell and where it came from.

    Attributes:
        row: The row without system columns, its first ``CELLS`` cells.
        made_at: When the table was published in this state.
        how: How the column came to be, a sentence each, from the table down to bronze.
        columns: Bronze columns the cell was made of; empty if that cannot be told.
        stages: Rows it stands for; of gold tables only.
        records: The bronze records behind it, at most ``SHOWN``.
        total: How many bronze records there are, as far as they were followed.
        note: What could not be followed, and why.
        unread: Sources too large to look for the line at once; see ``any_size``.
    """

    table: str
    rid: int
    column: str
    value: Any
    row: dict[str, Any]
    made_at: datetime | None
    made_by: str
    run_id: str | None
    how: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    total: int = 0
    note: str = ""
    unread: list[str] = field(default_factory=list)


def trace_cell(
    lake: Lakehouse, table: str, rid: int, column: str, snapshot: int | None = None, *, any_size: bool = False
) -> CellTrace:
    """Follow a cell down to its files.

    Args:
        lake: The lake.
        table: Full name.
        rid: The row's ``_rid``.
        column: The cell's column.
        snapshot: The state to look at; None = the present one.
        any_size: Also look for lines in files above ``LARGEST`` bytes, which takes its time.

    Raises:
        CatalogError: There is no such table, state or row.
        ConfigError: There is no such column.
    """
    stored = lake.context.need(table)
    state = snapshot if snapshot is not None else head(stored)
    found = provenance.trace(lake.context, table, rid, SHOWN, state, LINES, None if any_size else LARGEST)
    if column not in found.row:
        raise ConfigError(f"{table} has no column {column!r} in this state.", "Choose another cell.")
    made = made_by(stored, state)
    layer, _, own = table.partition(".")
    how: list[str] = []
    stages: list[Stage] = []
    wanted: dict[str, list[str]] = {}
    if layer == "bronze":
        wanted[table] = [column]
    elif layer == "silver":
        path = _path(lake, own, column, made)
        how, wanted[f"bronze.{own}"] = [*path.notes, *_golden(found.row, column)], path.columns
    elif layer != "quarantine":
        how, stages, wanted = _through_gold(lake, found, made, column)
    published = stored.snapshot_by_id(state or 0)
    return CellTrace(
        table,
        rid,
        column,
        plain(found.row[column]),
        {name: plain(found.row[name]) for name in frames.data_names(found.row)[:CELLS]},
        datetime.fromtimestamp(published.timestamp_ms / 1000, UTC) if published is not None else None,
        made.get(ACTOR, ""),
        made.get(RUN_ID),
        how,
        list(dict.fromkeys(name for names in wanted.values() for name in names)),
        stages,
        _records(lake, sorted(found.origins, key=lambda each: each.fate != provenance.KEPT)[:SHOWN], wanted),
        len(found.origins),
        found.note,
        found.unread,
    )


def _golden(row: Mapping[str, Any], column: str) -> list[str]:
    """Which row merged into this one a value was taken from."""
    taken = [each["rid"] for each in row.get(VALUES_FROM) or [] if each["column"] == column]
    return [f"The value is that of row {taken[-1]}, which was merged into this one."] if taken else []


def _path(lake: Lakehouse, own: str, column: str, made: Mapping[str, str]) -> ColumnPath:
    """From a silver column to the bronze columns it was made of."""
    bronze = lake.context.table(f"bronze.{own}")
    there = frames.data_names(lake.scan(f"bronze.{own}").collect_schema()) if bronze is not None else []
    steps, known = _steps(made)
    if not known:
        kinds = ", ".join(str(step["kind"]) for step in steps)
        told = column in there and not kinds
        note = [] if told else [f"The promotion kept no settings of its steps ({kinds or 'none'})."]
        return ColumnPath([column] if column in there else [], note, told=told)
    path = column_path(column, steps)
    missing = [name for name in path.columns if name not in there]
    if missing and path.joined:
        path.notes.append(f"{', '.join(missing)} came with {', '.join(path.joined)}, which was joined.")
    elif missing:
        path.notes.append(f"{', '.join(missing)} is not in bronze.{own}.")
    path.columns = [name for name in path.columns if name in there]
    return path


def _steps(made: Mapping[str, str]) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """The steps of a promotion, and whether their options are known."""
    text = made.get(SPEC)
    if text:
        listed = [{**item, "id": part_id} for part_id, item in entries("step", promotion_data(text).get("steps"))]
        return [step for step in listed if step.get("enabled", True)], True
    try:
        kinds = json.loads(made.get(DEFINITION, "{}")).get("steps", [])
    except ValueError:  # another writer's property of that name
        kinds = []
    return [step for step in kinds if step.get("kind") not in ("cast", "rules") and step.get("id") != "latest"], False


def _through_gold(
    lake: Lakehouse, found: provenance.Trace, made: Mapping[str, str], column: str
) -> tuple[list[str], list[Stage], dict[str, list[str]]]:
    """A gold cell through the tables it was made of."""
    how, read = _summed(made, column)
    sources: dict[str, int] = json.loads(made.get(SOURCES, "{}"))
    stages: list[Stage] = []
    wanted: dict[str, list[str]] = {}
    for source, total in found.behind.items():
        rows = lake.scan(source, sources[source])
        names = frames.data_names(rows.collect_schema())
        used = [name for name in read if name in names]
        rids = [rid for table, rid in found.silver if table == source]
        shown = rows.filter(pl.col(frames.RID).is_in(rids)).select(frames.RID, *(used or names[:8])).collect()
        stages.append(Stage(source, total, rows_of(shown, total)))
        layer, _, own = source.partition(".")
        for name in used:
            if layer == "bronze":
                wanted.setdefault(source, []).append(name)
            elif layer == "silver":
                path = _path(lake, own, name, made_by(lake.context.need(source), sources[source]))
                how += [f"{source}, {note}" for note in path.notes]
                wanted.setdefault(f"bronze.{own}", []).extend(path.columns)
    return list(dict.fromkeys(how)), stages, {table: list(dict.fromkeys(names)) for table, names in wanted.items()}


def _summed(made: Mapping[str, str], column: str) -> tuple[list[str], list[str]]:
    """How a gold table makes a column, and the columns it reads for it."""
    definition = json.loads(made.get(DEFINITION, "{}"))
    if column in definition.get("group_by", ()):
        return [f"{column} is what the rows have in common."], [column]
    summary = definition.get("aggregations", {}).get(column)
    if summary is not None:
        counted = summary.get("field", "*")
        over = "the rows behind it" if counted == "*" else counted
        return [f"{column} is {summary.get('function')} of {over}."], [] if counted == "*" else [counted]
    try:
        found = columns_behind(definition.get("sql", ""), column)
    except AutomicError:  # no SQL is on record
        found = None
    if found is None:
        return [f"How {column} was made cannot be told from what is on record."], []
    how = "is taken over as it is" if found[0] == column else f"is {found[0]}"
    return [f"{column} {how}."], found[1]


def _records(
    lake: Lakehouse, origins: Sequence[provenance.Origin], wanted: Mapping[str, Sequence[str]]
) -> list[Record]:
    """Bronze records with the cells that matter, the text in their files and the decisions about them."""
    decided: dict[tuple[str, int], list[str]] = {}
    for table in dict.fromkeys(origin.table for origin in origins):
        mine = [origin for origin in origins if origin.table == table]
        decided |= {(table, rid): said for rid, said in _decided(lake, table, [each.rid for each in mine]).items()}
    return [
        Record(
            origin.rid,
            origin.table,
            origin.source,
            origin.record,
            origin.line,
            origin.text,
            {name: plain(origin.values.get(name)) for name in list(wanted.get(origin.table) or origin.values)[:CELLS]},
            _fate(origin.fate),
            decided.get((origin.table, origin.rid), []),
        )
        for origin in origins
    ]


def _fate(fate: str) -> str:
    """What became of a record, in words; those of a table's own steps are kept as they are."""
    step, colon, reason = fate.partition(": ")
    what, into, row = reason.partition(" into ")
    category, _, rule = what.partition(":")
    if not colon or ";" in fate:
        return fate
    if category == frames.MERGED:
        return f"an earlier version of row {row}" if rule == "version" else f"merged into row {row} by {step}"
    if category == frames.QUARANTINED:
        return f"set aside by {rule or step}"
    return f"{what} by {step}" + (f", into row {row}" if into else "")


def _decided(lake: Lakehouse, table: str, rids: Sequence[int]) -> dict[int, list[str]]:
    """What people decided about bronze rows, in force now."""
    decisions = lake.decisions.current(table.partition(".")[2])
    if not decisions:
        return {}
    rows = lake.scan(table).filter(pl.col(frames.RID).is_in(list(rids))).collect()
    keys = layout(lake.context.need(table)).keys
    named = zip(rows[frames.RID], map(row_key, row_matches(rows, keys)), strict=True)
    return {rid: _about(decisions, key) for rid, key in named}


def _about(decisions: Sequence[Decision], key: str) -> list[str]:
    """What was decided about one row, and about it and others."""
    alone = [_said(each) for each in decisions if each.key == key and each.kind in ABOUT_ONE]
    pairs = [
        f"it was {text} by {each.actor}" + (f": {each.reason}" if each.reason else "")
        for each, text in about_row(decisions, key)
    ]
    return [*alone, *pairs]


def _said(decision: Decision) -> str:
    why = f": {decision.reason}" if decision.reason else ""
    if decision.kind == "fix":
        return f"{decision.actor} set {decision.column} to {decision.value!r}{why}"
    return f"{decision.actor} exempted it from {decision.column}{why}"
