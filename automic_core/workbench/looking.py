"""Look at a lake: its tables, their rows, their past, where rows came from and where they went."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.events import RunReport
from automic_core.lake import Lakehouse
from automic_core.lakehouse.history import SnapshotInfo
from automic_core.medallion.context import LAYERS
from automic_core.medallion.decisions import Decision
from automic_core.medallion.provenance import Trace
from automic_core.queries import process
from automic_core.queries.limits import limits_of
from automic_core.workbench.deciding import fix_many, own_name, waive_many
from automic_core.workbench.values import Rows, rows_of

MOST_ANSWER = 1 << 30
"""Bytes of an answer, as Parquet."""

SYSTEM_LAYERS = ("meta",)


@dataclass(frozen=True)
class TableInfo:
    """One table at a glance.

    Attributes:
        rows: Rows now; None if the writer did not say.
        columns: Data columns.
        at: When its newest state was published.
        run_id: The run that made it.
    """

    name: str
    layer: str
    rows: int | None
    columns: int
    snapshots: int
    at: datetime
    run_id: str | None


@dataclass(frozen=True)
class RunInfo:
    """One run: what it was, how it ended, its ledger."""

    run_id: str
    pipeline: str
    table: str | None
    state: str
    actor: str
    started_at: datetime
    seconds: float | None
    rows_in: int | None
    rows_out: int | None
    balanced: bool | None
    error: str | None
    report: dict[str, Any] | None

    @property
    def ledger(self) -> str:
        """The run report as text; empty if the run left none."""
        return str(RunReport.from_dict(self.report)) if self.report else ""


@dataclass(frozen=True)
class Overview:
    """What a person wants to see first."""

    path: str
    tables: list[TableInfo]
    runs: list[RunInfo]


@dataclass(frozen=True)
class Quarantine:
    """Rows of a table that a promotion set aside.

    Attributes:
        reasons: "rule column" to number of rows.
        rows: ``_rid``, state, reasons in words, the row as JSON.
    """

    table: str
    total: int
    reasons: dict[str, int]
    rows: list[dict[str, Any]]


def tables(lake: Lakehouse, layer: str | None = None, *, system: bool = False) -> list[TableInfo]:
    """Tables with their size and newest state, bronze first.

    Args:
        lake: The lake.
        layer: Only this one.
        system: Also the tables Automic keeps for itself.

    Raises:
        ConfigError: There is no such layer.
    """
    if layer is not None and layer not in LAYERS:
        raise ConfigError(f"There is no layer {layer!r}.", f"Layers: {', '.join(LAYERS)}.")
    found = []
    for name in lake.tables(layer):
        own = name.partition(".")[0]
        if own in SYSTEM_LAYERS and not system and layer is None:
            continue
        past = lake.history(name)
        data = frames.data_columns(lake.scan(name))
        now = next(info for info in reversed(past) if info.current)
        found.append(TableInfo(name, own, now.rows, len(data), len(past), now.at, now.run_id))
    return found


def table_names(lake: Lakehouse) -> list[str]:
    """Full names of the published tables, bronze first."""
    return lake.tables()


def runs(lake: Lakehouse, limit: int = 20) -> list[RunInfo]:
    """The newest runs first."""
    found = []
    for run in lake.runs(limit):
        report = run.report or {}
        ended = run.ended_at or run.started_at
        seconds = report.get("seconds") or (ended - run.started_at).total_seconds()
        counts = (report.get("rows_in"), report.get("rows_out"), report.get("balanced"))
        about = (run.run_id, run.pipeline, run.table, run.state, run.actor, run.started_at, seconds)
        found.append(RunInfo(*about, *counts, run.error, run.report))
    return found


def overview(lake: Lakehouse, limit: int = 5) -> Overview:
    """Tables and newest runs."""
    return Overview(str(lake.context.root), tables(lake), runs(lake, limit))


def show(lake: Lakehouse, table: str, limit: int = 20, *, system: bool = False) -> Rows:
    """The first rows of a table.

    Args:
        lake: The lake.
        table: Full name, or the bare name of a table in only one layer.
        limit: Rows at most.
        system: Also columns that begin with an underscore (``_rid`` always shows).
    """
    name = full_name(lake, table)
    rows = lake.scan(name)
    names = rows.collect_schema().names()
    chosen = [frames.RID] if frames.RID in names else []
    chosen += [n for n in names if n != frames.RID and (system or not frames.is_hidden(n))]
    total = int(rows.select(pl.len()).collect().item())
    return rows_of(rows.select(chosen).head(limit).collect(), total)


def full_name(lake: Lakehouse, table: str) -> str:
    """A table's full name; a bare name means the most refined layer that has it.

    Raises:
        CatalogError: There is no such table; names similar ones.
    """
    if "." not in table:
        known = lake.tables()
        table = next(
            (f"{layer}.{table}" for layer in ("gold", "silver", "bronze") if f"{layer}.{table}" in known), table
        )
    lake.context.need(table)
    return table


def query(lake: Lakehouse, sql: str, as_of: str | None = None, limit: int | None = 20) -> Rows:
    """Answer one SELECT in a process of its own; of the answer's rows at most ``limit`` (None = all).

    Args:
        lake: The lake.
        sql: DuckDB SQL over ``layer.table``.
        as_of: A snapshot id, or a time in ISO 8601 (UTC if it has no zone).
        limit: Rows at most.
    """
    at = moment(as_of) if as_of else None
    about = {"do": "file", "lake": str(lake.context.root), "sql": sql}
    with tempfile.TemporaryDirectory(prefix="automic-answer-") as folder:
        path = Path(folder) / "answer.parquet"
        kept = {"path": str(path), "format": "parquet", "excel": False, "most": MOST_ANSWER}
        request = {**about, **kept, "as_of": at.isoformat() if isinstance(at, datetime) else at}
        process.Question(process.pool(), request, **limits_of(lake.context.settings.sql, kept=True)).result()
        answer = pl.read_parquet(path, n_rows=limit)
        return rows_of(answer, pl.scan_parquet(path).select(pl.len()).collect().item())


def moment(text: str) -> int | datetime:
    """A snapshot id or a time from text.

    Raises:
        ConfigError: It is neither.
    """
    if text.isdigit():
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise ConfigError(f"{text!r} is neither a snapshot id nor a time.", "Write 2026-01-31T12:00:00.") from exc
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def history(lake: Lakehouse, table: str) -> list[SnapshotInfo]:
    """The states a table had, oldest first."""
    return lake.history(full_name(lake, table))


def rollback(lake: Lakehouse, table: str, snapshot: int) -> int:
    """Make an earlier state current again; returns its id."""
    return lake.rollback(full_name(lake, table), snapshot)


def trace(lake: Lakehouse, table: str, rid: int) -> Trace:
    """From a row to the records, files and lines behind it."""
    return lake.trace(full_name(lake, table), rid)


def quarantine(lake: Lakehouse, table: str, limit: int | None = 20) -> Quarantine:
    """Rows set aside by the newest promotion, and how many for which reason."""
    name = own_name(table)
    found = lake.quarantine(name)
    if not found.height:
        lake.context.need(f"bronze.{name}")
    count: Counter[str] = Counter()
    for reasons in found["reasons"].to_list():
        count.update({" ".join(part for part in (r["rule"], r["column"]) if part) for r in reasons})
    rows = [
        {
            "_rid": row["_rid"],
            "state": row["state"],
            "reasons": [_sentence(reason) for reason in row["reasons"]],
            "row": row["row"],
        }
        for row in (found if limit is None else found.head(limit)).iter_rows(named=True)
    ]
    return Quarantine(name, found.height, dict(count.most_common()), rows)


def _sentence(reason: dict[str, Any]) -> str:
    value = f" (got {reason['value'][:60]!r})" if reason["value"] is not None else ""
    return f"{reason['rule']}: {reason['message']}{value}"


def fix(lake: Lakehouse, table: str, rid: int, changes: dict[str, str | None], reason: str = "") -> list[Decision]:
    """Give cells of a bronze row other values, now and at every later promotion."""
    return fix_many(lake, table, {rid: changes}, reason)


def waive(lake: Lakehouse, table: str, rid: int, rules: list[str], reason: str) -> list[Decision]:
    """Exempt a row in quarantine from rules it breaks, now and at every later promotion.

    Raises:
        ConfigError: No rule is named (the hint names those the row breaks), or see ``waive_many``.
    """
    if not rules:
        from automic_core.workbench.quarantining import row

        broken = list(dict.fromkeys(each.rule for each in row(lake, table, rid).reasons))
        own = own_name(table)
        hint = f"It breaks {', '.join(broken)}. Run: automic waive {own} {rid} {' '.join(broken)} --reason …"
        raise ConfigError(f"Which rules row {rid} of {own} may break is not said.", hint)
    return waive_many(lake, table, [rid], reason, rules)
