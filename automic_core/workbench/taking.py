"""Before a source is taken into bronze: a name for its table, columns that identify its rows, how it fits the table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.contracts import ReadRequest
from automic_core.errors import ConfigError
from automic_core.inference import infer as infer_frame
from automic_core.inference import infer_primary_key
from automic_core.inference.names import snake
from automic_core.lake import Lakehouse
from automic_core.lakehouse import schemas
from automic_core.medallion.batches import known_batches, layout, rows_of_others
from automic_core.medallion.bronze import as_text
from automic_core.medallion.context import split_name
from automic_core.workbench.lakes import policy as lake_policy
from automic_core.workbench.sampling import Sample, data_columns
from automic_core.workbench.sources import build_source

_EXAMPLES = 5
_NAME = 60
_ENOUGH = 20  # of fewer rows most columns tell all of them apart
_KEYLIKE = re.compile(r"(^|_)(id|uuid|guid|key|pk|code|no|nr|number|ref|sku)$")


@dataclass(frozen=True)
class KeyEvidence:
    """How well some columns identify a row.

    Attributes:
        columns: The columns; empty if none suggests itself.
        agree: Rows that have a complete key of their own.
        of: Rows that were looked at.
        whole: Whether these are all rows.
        examples: Keys that are missing or occur several times, in words.
        nearly: Other columns that identify nearly every row, with their share, best first.
    """

    columns: list[str]
    agree: int
    of: int
    whole: bool
    examples: list[str] = field(default_factory=list)
    nearly: list[tuple[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Contract:
    """One way to deal with columns that the table does not foresee.

    Attributes:
        outcome: What it does to this source.
        refuses: Whether nothing would be taken.
    """

    mode: str
    label: str
    outcome: str
    refuses: bool = False


@dataclass(frozen=True)
class Standing:
    """How a source stands to a bronze table.

    Attributes:
        table: Full name.
        exists: Whether the table has rows already; else the rest says nothing.
        rows: Its rows.
        mode, keys: As its newest batch declared them.
        added: Columns that only the source has.
        missing: Columns that only the table has.
        changed: Columns of another type, in words.
        contracts: What each contract would do.
        taken: Files of the source whose content the table holds already.
        parts: Files of the source.
        beside: Rows that the table took of this source when its content was another one; more rows come beside them.
    """

    table: str
    exists: bool
    rows: int = 0
    mode: str = "append"
    keys: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    parts: int = 1
    beside: int = 0

    @property
    def differs(self) -> bool:
        """Whether the contract matters."""
        return bool(self.added or self.changed)


def table_name(text: str) -> str:
    """A table name from what a source is called."""
    name = "".join(mark if mark.isalnum() else "_" for mark in snake(text))[:_NAME].strip("_")
    if not name:
        return "data"
    return name if not name[0].isdigit() else f"t_{name}"


def table_name_problem(name: str) -> str:
    """Why a table cannot have this name; empty if it can."""
    if not name.strip():
        return "Give the table a name."
    try:
        split_name(name, "bronze")
    except ConfigError as exc:
        return f"{exc.message} {exc.hint}"
    except IndexError:
        return "Give the table a name."
    return ""


def key_evidence(seen: Sample, columns: Sequence[str] | None = None, table: str = "") -> KeyEvidence:
    """Evidence for key columns over the first rows of a sample.

    Args:
        seen: What was seen of the source.
        columns: Columns a person chose, of the page that was looked at; None = find one.
        table: Name of the table: "order_id" is the key of orders.

    Raises:
        ConfigError: There is no such column.
    """
    rows, whole = seen.head, seen.whole and seen.head_all
    if frames.RESCUED in rows.columns:
        rows = rows.filter(pl.col(frames.RESCUED).str.json_path_match("$.reason").is_null()).drop(frames.RESCUED)
    if columns is None:
        return _proposed(rows, whole, table)
    if unknown := [name for name in columns if name not in rows.columns]:
        known = ", ".join(frames.data_names(rows.columns)[:30])
        raise ConfigError(f"There is no column {unknown[0]!r}.", f"Columns: {known}.")
    return _evidence(rows, list(columns), whole)


def standing(
    lake: Lakehouse,
    table: str,
    place: str,
    kind: str | None = None,
    options: Mapping[str, Any] | None = None,
    seen: Sample | None = None,
) -> Standing:
    """How a source would fit a bronze table of this name.

    Args:
        lake: The lake.
        table: Name with or without its layer.
        place, kind, options: The source, as for ``build_source``.
        seen: What was seen of it, so that it is not read again.

    Raises:
        ConfigError: It cannot be a table's name.
        AutomicError: The source cannot be read.
    """
    name = f"bronze.{split_name(table, 'bronze')}"
    source = as_text(build_source(place, kind, options, lake_policy(lake.context.root)))
    source.connect()
    try:
        parts = source.parts()
        there = lake.context.table(name)
        if there is None:
            return Standing(name, False, parts=len(parts))
        if seen is not None:
            new = seen.schema
        else:
            schema = source.scan(ReadRequest(limit=1)).collect_schema()
            new = pl.Schema({shown: schema[own] for own, shown in data_columns(source, schema.names()).items()})
        found = schemas.diff(there, new)
        known = known_batches(there)
        seen_as = [(part.identity, part.content_hash() or "") for part in parts]
        taken = [identity for identity, content in seen_as if (identity, content) in known]
        beside = sum(rows_of_others(there, *each) for each in seen_as if source.repeatable)
    finally:
        source.close()
    how = layout(there)
    pairs = {**found.widened, **found.narrowed}
    changed = [f"{column}: {have} in the table, {new_type} here" for column, (have, new_type) in pairs.items()]
    added, missing = list(found.added), frames.data_names(found.removed)
    rows = int(lake.scan(name).select(pl.len()).collect().item())
    outcomes = _contracts(added, list(found.widened), list(found.narrowed))
    return Standing(name, True, rows, how.mode, how.keys, added, missing, changed, outcomes, taken, len(parts), beside)


def _missing(column: pl.Series) -> pl.Series:
    return column.is_null() | (column == "") if column.dtype == pl.String else column.is_null()


def _proposed(rows: pl.DataFrame, whole: bool, table: str) -> KeyEvidence:
    """The column that identifies every row, if one is named like a key; else none, with those that come near."""
    data = frames.data_names(rows.columns)
    flat = [name for name in data if not rows.schema[name].is_nested()]
    if not len(rows):
        return KeyEvidence([], 0, 0, whole)
    share = {name: (rows[name].n_unique() - bool(_missing(rows[name]).any())) / len(rows) for name in flat}
    unique = [name for name in flat if share[name] == 1]
    # The first column stays even if it is not unique: being first is evidence.
    asked = [name for name in data if name in unique or name == data[0]]
    found = (
        infer_primary_key(infer_frame(pl.DataFrame([rows.get_column(name) for name in asked]), name=table))
        if unique
        else None
    )
    near = [(name, part) for name, part in share.items() if part >= 0.9 and len(rows) >= _ENOUGH]
    nearly = sorted(near, key=lambda pair: (not _KEYLIKE.search(snake(pair[0])), -pair[1]))[:5]
    if found is None:
        return KeyEvidence([], 0, len(rows), whole, nearly=nearly)
    return KeyEvidence(found, len(rows), len(rows), whole, nearly=[pair for pair in nearly if pair[0] not in found])


def _evidence(rows: pl.DataFrame, columns: list[str], whole: bool) -> KeyEvidence:
    if not columns or not len(rows):
        return KeyEvidence(columns, 0, len(rows), whole)
    gaps = pl.select(pl.any_horizontal([_missing(rows[name]) for name in columns])).to_series()
    ordinal = rows[frames.SOURCE_ROW] if frames.SOURCE_ROW in rows.columns else pl.Series(range(1, len(rows) + 1))
    # Columns go by their position: a name may look like a pattern to Polars.
    keyed = [rows.get_column(name).alias(str(place)) for place, name in enumerate(columns)]
    full = pl.DataFrame([*keyed, ordinal.alias("records")]).filter(~gaps)
    groups = full.group_by([column.name for column in keyed], maintain_order=True).agg(
        pl.len().alias("rows"), pl.col("records").head(_EXAMPLES)
    )
    again = groups.filter(pl.col("rows") > 1)
    examples = [_repeated(columns, row) for row in again.head(_EXAMPLES).to_dicts()]
    if left := len(rows) - len(full):
        examples.append(f"{left:,} row{' has' if left == 1 else 's have'} no value in {' or '.join(columns)}.")
    return KeyEvidence(columns, len(groups) - len(again), len(rows), whole, examples)


def _repeated(columns: list[str], row: Mapping[str, Any]) -> str:
    key = ", ".join(f"{name} = {str(row[str(place)])[:60]}" for place, name in enumerate(columns))
    numbers = ", ".join(f"{number:,}" for number in row["records"])
    return f"{key}: {row['rows']:,} rows (numbers {numbers}{', …' if row['rows'] > len(row['records']) else ''})"


def _contracts(added: list[str], widened: list[str], narrowed: list[str]) -> list[Contract]:
    new, misfit = _few(added), _few([*widened, *narrowed])
    columns, them = ("column", "it") if len(added) == 1 else ("columns", "them")
    grown = f"The table gets the new {columns} {new}; rows that are there have no value in {them}." if added else ""
    if widened:
        grown += f" {_few(widened)} get a wider type."
    if narrowed:
        grown += f" Values that do not fit {_few(narrowed)} are kept beside the row."
    odd = " and ".join(
        part for part in (f"in {new}" if added else "", f"that do not fit {misfit}" if misfit else "") if part
    )
    same = "Nothing to do: the columns fit."
    differs = bool(added or widened or narrowed)
    return [
        Contract("evolve", "Add them (evolve)", grown.strip() or same),
        Contract(
            "freeze", "Refuse (freeze)", "Nothing is taken while the columns differ." if differs else same, differs
        ),
        Contract(
            "discard_row",
            "Set rows aside (discard row)",
            f"Rows with values {odd} are set aside in quarantine at promotion." if differs else same,
        ),
        Contract(
            "discard_value",
            "Set values aside (discard value)",
            f"Rows are taken; values {odd} are kept beside them only." if differs else same,
        ),
    ]


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5:,} more" if len(names) > 5 else shown
