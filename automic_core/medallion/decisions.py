"""What a person decided (a fixed cell, a waived rule): data of its own, applied again at every promotion."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl

from automic_core import frames
from automic_core.errors import CatalogError, ConfigError
from automic_core.inference import DEFAULT_NULL_TOKENS
from automic_core.inference.casting import is_null_token
from automic_core.lakehouse import tables
from automic_core.lakehouse.commits import head
from automic_core.lakehouse.files import BatchWriter
from automic_core.medallion.cells import fits, from_text
from automic_core.medallion.context import RUN_ID, LakeContext, now

TABLE = "meta.decisions"
ABOUT_ONE = ("fix", "waive")
"""Kinds of decisions that change one row; others are about rows together."""
SCHEMA: dict[str, Any] = {
    "id": pl.String,
    "kind": pl.String,
    "table": pl.String,
    "key": pl.String,
    "match": pl.String,
    "column": pl.String,
    "value": pl.String,
    "reason": pl.String,
    "actor": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "revoked_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class Decision:
    """One decision about one row.

    Attributes:
        kind: fix (``column`` gets ``value``) or waive (the row is exempt from the rule named in ``column``). About a
            pair of rows: same, different, or unmerged (different, because a merge was undone); ``column`` is the key
            of the other row and ``value`` its match. About a table: expected (a value of the series named in
            ``column``; see ``medallion.expected``).
        table: The table's own name, without its layer.
        key: Hash of the row's declared key, else of its content, so that a redelivered row keeps its decisions.
        match: The columns behind the key, as JSON: how the row is found again.
    """

    id: str
    kind: Literal["fix", "waive", "same", "different", "unmerged", "expected"]
    table: str
    key: str
    match: str
    column: str
    value: str | None
    reason: str
    actor: str
    at: datetime
    revoked_at: datetime | None = None


def row_matches(rows: pl.DataFrame, keys: Sequence[str]) -> list[str]:
    """How each bronze row is found again, as JSON text: its declared key, else its whole content.

    A row that lacks a part of its key is known by its content, and a record that could not be read also by its raw
    text, since such rows may be alike in all columns.
    """
    data = frames.data_names(rows.schema)
    lacking = [
        pl.col(k).is_null() | (is_null_token(pl.col(k), DEFAULT_NULL_TOKENS) if rows.schema[k] == pl.String else False)
        for k in keys
    ]
    texts = rows.select(
        *(match_text(name, rows.schema).alias(name) for name in _matchable(data, rows.schema)),
        (pl.any_horizontal(lacking) if keys else pl.lit(True)).alias("_lacking"),
    )
    found = []
    for row in texts.iter_rows(named=True):
        names = sorted(name for name in row if name != "_lacking") if row["_lacking"] else list(keys)
        known = {name: row[name] for name in names if name != frames.RESCUED or row[name] is not None}
        found.append(json.dumps(known, ensure_ascii=False, sort_keys=True))
    return found


def row_key(match: str) -> str:
    """A stable, short name of a row: SHA-256 of its match text, 16 bytes in hex; a column added later is no change."""
    present = {name: value for name, value in json.loads(match).items() if value is not None}
    return hashlib.sha256(json.dumps(present, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]


def _matchable(data: Sequence[str], schema: Mapping[str, Any]) -> list[str]:
    return [*data, frames.RESCUED] if frames.RESCUED in schema else list(data)


def match_text(name: str, schema: Mapping[str, Any]) -> pl.Expr:
    """A column as decisions write it; of ``_rescued`` the raw text of a record that could not be read."""
    if name != frames.RESCUED:
        return frames.as_text(name, schema)
    note = pl.col(name).str
    return pl.when(note.json_path_match("$.reason").is_not_null()).then(note.json_path_match("$.text"))


class Decisions:
    """Remembers decisions in the lake. Get it as ``lake.decisions``."""

    def __init__(self, context: LakeContext) -> None:
        self._lake = context

    def fix(
        self,
        table: str,
        row: Mapping[str, Any],
        keys: Sequence[str],
        changes: Mapping[str, str | None],
        reason: str = "",
    ) -> list[Decision]:
        """Give cells of a bronze row other values; None empties a cell.

        Args:
            table: The table's own name.
            row: The row as bronze has it, earlier fixes not applied.
            keys: The declared key columns; empty = the row is known by its content.
            changes: Column to its new text.

        Raises:
            ConfigError: A column does not exist, is part of the key, or cannot hold the value.
        """
        return self.fix_many(table, self._typed(table, row), keys, [changes], reason)

    def fix_many(
        self,
        table: str,
        rows: pl.DataFrame,
        keys: Sequence[str],
        changes: Sequence[Mapping[str, str | None]],
        reason: str = "",
    ) -> list[Decision]:
        """Fix cells of several bronze rows in one commit; ``changes`` goes with ``rows``, row by row.

        Raises:
            ConfigError: See ``fix``; or two rows that are known by the same key get different values.
        """
        return self._add(self.drafted(table, rows, keys, changes, reason))

    def drafted(
        self,
        table: str,
        rows: pl.DataFrame,
        keys: Sequence[str],
        changes: Sequence[Mapping[str, str | None]],
        reason: str = "",
    ) -> list[Decision]:
        """The same fixes, checked and not stored: to try them."""
        made: dict[tuple[str, str], Decision] = {}
        for match, wanted in zip(row_matches(rows, keys), changes, strict=True):
            known = set(json.loads(match))
            for column, value in wanted.items():
                check_fix(table, column, value, rows.schema, keys if known == set(keys) else ())
                earlier = made.get((match, column))
                if earlier is not None and earlier.value != value:
                    raise ConfigError(
                        f"One row of {table} gets two values in {column!r}: {earlier.value!r} and {value!r}.",
                        f"It was delivered more than once, with the same {'key' if keys else 'values'}; give it one.",
                    )
                made[match, column] = self._new("fix", table, match, column, value, reason)
        return list(made.values())

    def waive(
        self, table: str, row: Mapping[str, Any], keys: Sequence[str], rules: Iterable[str], reason: str
    ) -> list[Decision]:
        """Exempt a row from rules.

        Args:
            rules: Rule ids; "cast" for a value that does not fit its type (it becomes null), "malformed" for a record
                that could not be read properly.
            reason: Why; must not be empty.

        Raises:
            ConfigError: No reason is given.
        """
        return self.waive_many(table, self._typed(table, row), keys, [list(rules)], reason)

    def waive_many(
        self, table: str, rows: pl.DataFrame, keys: Sequence[str], rules: Sequence[Sequence[str]], reason: str
    ) -> list[Decision]:
        """Exempt several bronze rows from rules in one commit; ``rules`` goes with ``rows``, row by row.

        Raises:
            ConfigError: No reason is given.
        """
        if not reason.strip():
            raise ConfigError("A waiver needs a reason.", "Say why this row may break the rule.")
        pairs = zip(row_matches(rows, keys), rules, strict=True)
        wanted = dict.fromkeys((match, rule) for match, mine in pairs for rule in mine)
        return self._add([self._new("waive", table, match, rule, None, reason) for match, rule in wanted])

    def revoke(self, decision_id: str) -> Decision:
        """Take a decision back; the next promotion no longer applies it.

        Raises:
            CatalogError: There is no such decision in force.
        """
        for decision in self.current():
            if decision.id == decision_id:
                revoked = Decision(**{**asdict(decision), "revoked_at": now(), "actor": self._lake.actor})
                return self._add([revoked])[0]
        raise CatalogError(f"There is no decision {decision_id} in force.", "See `automic decisions`.")

    def current(self, table: str | None = None, snapshot: int | None = None) -> list[Decision]:
        """Decisions in force, oldest first; a later fix of a cell replaces an earlier one.

        Args:
            table: Only those of this table.
            snapshot: In force in this state of the decisions; None = now.
        """
        latest = {decision.id: decision for decision in self.all(table, snapshot)}
        living = [decision for decision in latest.values() if decision.revoked_at is None]
        return list({(d.kind, d.table, d.key, d.column): d for d in living}.values())

    def all(self, table: str | None = None, snapshot: int | None = None) -> list[Decision]:
        """Everything that was decided, oldest first; a decision taken back is there twice, the later one says so."""
        stored = self._lake.table(TABLE)
        if stored is None:
            return []
        frame = tables.scan(stored, snapshot)
        chosen = frame if table is None else frame.filter(pl.col("table") == table)
        rows = chosen.sort("at", "revoked_at", nulls_last=False, maintain_order=True).collect()
        return [Decision(**row) for row in rows.iter_rows(named=True)]

    def snapshot(self) -> int | None:
        """The present state of the decisions; None if nobody has decided anything."""
        stored = self._lake.table(TABLE)
        return None if stored is None else head(stored)

    def _typed(self, table: str, row: Mapping[str, Any]) -> pl.DataFrame:
        """A bronze row as a frame of the table's types."""
        schema = tables.scan(self._lake.need(f"bronze.{table}")).collect_schema()
        return pl.DataFrame({name: [row.get(name)] for name in schema}, schema=schema, strict=False)

    def _new(
        self, kind: Literal["fix", "waive"], table: str, match: str, column: str, value: str | None, reason: str
    ) -> Decision:
        return Decision(
            uuid.uuid4().hex[:12], kind, table, row_key(match), match, column, value, reason, self._lake.actor, now()
        )

    def _add(self, decisions: list[Decision]) -> list[Decision]:
        if not decisions:
            return decisions
        frame = pl.DataFrame([asdict(decision) for decision in decisions], schema=SCHEMA)
        append_rows(self._lake, TABLE, frame, {RUN_ID: f"decision-{decisions[0].id}"})
        return decisions


def check_fix(table: str, column: str, value: str | None, schema: Mapping[str, Any], key: Sequence[str] = ()) -> None:
    """Check that a cell can get a value.

    Raises:
        ConfigError: The column does not exist, is part of the key, or cannot hold the value.
    """
    if frames.is_hidden(column) or column not in schema:
        raise ConfigError(f"{table} has no column {column!r}.", f"Columns: {', '.join(frames.data_names(schema))}.")
    if column in key:
        raise ConfigError(f"{column!r} is part of the key of {table}.", "Deliver the row under its right key.")
    if not fits(value, schema[column]):
        raise ConfigError(
            f"Column {column!r} ({schema[column]}) of {table} cannot hold {value!r}.",
            "Write it as the column shows its other values, or empty the cell.",
        )


def append_rows(lake: LakeContext, name: str, rows: pl.DataFrame, properties: Mapping[str, str]) -> None:
    """Append rows to a table of the lake, created if missing, in one snapshot."""
    table = lake.create(name, rows.schema)
    writer = BatchWriter(table)
    try:
        for batch in rows.to_arrow().to_batches():
            writer.write(batch)
        files = writer.close()
        tables.append(table, files, properties=properties)
    except BaseException:
        writer.abort()
        raise


def apply_decisions(frame: pl.LazyFrame, decisions: Sequence[Decision]) -> pl.LazyFrame:
    """Fixed cells get their values, and ``_waived`` names the rules each row is exempt from.

    A row is found by the columns behind its key; null equals null. A fix of a malformed record makes it whole.
    """
    schema = frame.collect_schema()
    rows: dict[str, dict[str, Any]] = {}
    for decision in (each for each in decisions if each.kind in ABOUT_ONE):
        row = rows.setdefault(decision.match, {"_waive": "|"})
        if decision.kind == "waive":
            row["_waive"] += f"{decision.column}|"
        elif decision.column in schema:
            row[f"_fix_{decision.column}"] = decision.value
            row[f"_fixed_{decision.column}"] = True
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for match, row in rows.items():
        known = {f"_was_{name}": value for name, value in json.loads(match).items() if name in schema}
        groups.setdefault(tuple(known), []).append({**known, **row})
    before = dict.fromkeys(name.removeprefix("_was_") for on in groups for name in on)
    frame = frame.with_columns(
        pl.lit(None, dtype=pl.String).alias(frames.WAIVED), *(match_text(n, schema).alias(f"_was_{n}") for n in before)
    )
    for on, members in groups.items():
        frame = _apply_group(frame, list(on), members, schema)
    return frame.select(*schema.names(), frames.WAIVED)


def _apply_group(
    frame: pl.LazyFrame, on: list[str], members: list[dict[str, Any]], schema: Mapping[str, Any]
) -> pl.LazyFrame:
    """Decisions on rows that are known by the same columns."""
    columns = list(dict.fromkeys(name for member in members for name in member))
    types = {name: pl.Boolean if name.startswith("_fixed_") else pl.String for name in columns}
    patch = pl.DataFrame(members, schema=types).lazy()
    frame = frame.join(patch, on=on, how="left", nulls_equal=True, maintain_order="left")
    fixed = [name.removeprefix("_fixed_") for name in columns if name.startswith("_fixed_")]
    changes = [
        pl.when(pl.col(f"_fixed_{name}").fill_null(False))
        .then(from_text(pl.col(f"_fix_{name}"), schema[name]))
        .otherwise(pl.col(name))
        .alias(name)
        for name in fixed
    ]
    changes.append(pl.coalesce("_waive", frames.WAIVED).alias(frames.WAIVED))
    if frames.RESCUED in schema and fixed:
        whole = pl.any_horizontal(pl.col(f"_fixed_{name}") for name in fixed).fill_null(False)
        changes.append(pl.when(whole).then(None).otherwise(pl.col(frames.RESCUED)).alias(frames.RESCUED))
    return frame.with_columns(changes).drop(name for name in columns if name not in on)
