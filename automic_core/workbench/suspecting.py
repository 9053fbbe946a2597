"""Cells of a bronze table that are probably wrong, and what a person says of them: a better value, or that it is right.

Both are decisions, and both teach: a fixed cell was wrong, a cell that was found right, or whose rule was waived, was
not, and cells that are alike are judged by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from automic_core import frames
from automic_core.cleaning.finding import find_errors
from automic_core.lake import Lakehouse
from automic_core.medallion.decisions import Decision, row_key, row_matches
from automic_core.medallion.silver import BronzeRows, LatestVersion
from automic_core.workbench.deciding import bronze_rows, fix_many, own_name
from automic_core.workbench.promotions import entries, promotion_data
from automic_core.workbench.reviews import published_spec

ROWS, MOST = 20_000, 500
RIGHT = "suspect:"
"""What the waiver of a suspicion is called, with the column behind it."""
_ORDINAL = (1 << 36) - 1


@dataclass(frozen=True)
class Suspect:
    """A cell that is probably wrong.

    Attributes:
        rid: The row's ``_rid``.
        record: The row's place in its file.
        value: What stands there, as text; None for nothing.
        reason: Why it is suspected.
        suggestion: What should stand there; None if that is not known.
        fixed: Whether the column may be fixed; not so for parts of a key.
    """

    rid: int
    record: int
    column: str
    value: str | None
    reason: str
    suggestion: str | None
    fixed: bool


@dataclass(frozen=True)
class Suspects:
    """The cells that are probably wrong.

    Attributes:
        cells: The first of them, in row order.
        total: All of them.
        looked: Rows that were looked at.
        labels: Cells that people have decided about, which the search has learned from.
    """

    cells: list[Suspect]
    total: int
    looked: int
    labels: int


def suspects(lake: Lakehouse, table: str, rows: int = ROWS) -> Suspects:
    """Cells of the first rows of a bronze table that are probably wrong; those decided already are left out.

    Args:
        lake: The lake.
        table: The table's name.
        rows: Rows to look at.

    Raises:
        CatalogError: There is no such bronze table.
    """
    own = own_name(table)
    source = BronzeRows(lake.context, own)
    living = _living(source, rows)
    names = frames.data_names(living.columns)
    labels = pl.DataFrame(list(_labels(lake, own, source, living, names)), schema=_LABELS, orient="row")
    labels = labels.unique(["row", "column"], keep="last", maintain_order=True)
    found = find_errors(living.select(names), labels if labels.height else None)
    fresh = found.join(labels.cast({"row": pl.UInt32}), on=["row", "column"], how="anti", maintain_order="left")
    texts = living.select(frames.RID, *(frames.as_text(name, living.schema).alias(name) for name in names))
    cells = []
    for row, column, reason, suggestion in fresh.head(MOST).iter_rows():
        rid, value = texts[frames.RID][row], texts[column][row]
        fixed = column not in source.layout.keys
        cells.append(Suspect(rid, rid & _ORDINAL, column, value, reason, suggestion, fixed))
    return Suspects(cells, fresh.height, living.height, labels.height)


def fix_suspects(lake: Lakehouse, table: str, values: Mapping[tuple[int, str], str | None]) -> list[Decision]:
    """Give suspected cells other values, now and at every later promotion; all in one commit.

    Args:
        values: (``_rid``, column) to the text the cell shall have; None empties it.

    Raises:
        ConfigError: There is no such row or column, or the column cannot hold the value.
    """
    edits: dict[int, dict[str, str | None]] = {}
    for (rid, column), value in values.items():
        edits.setdefault(rid, {})[column] = value
    return fix_many(lake, table, edits, "was probably wrong")


def trust_cells(lake: Lakehouse, table: str, cells: Sequence[tuple[int, str]]) -> list[Decision]:
    """Say that suspected cells are right; they are not suspected again."""
    wanted: dict[int, list[str]] = {}
    for rid, column in cells:
        wanted.setdefault(rid, []).append(RIGHT + column)
    rows, keys = bronze_rows(lake, table, list(wanted))
    return lake.decisions.waive_many(own_name(table), rows, keys, list(wanted.values()), "looked at: it is right")


def _living(source: BronzeRows, rows: int) -> pl.DataFrame:
    """Bronze rows that count, as they came: readable ones, the last version of each key."""
    frame = frames.track(source.raw().head(rows))
    if frames.RESCUED in frame.collect_schema():
        frame = frame.filter(pl.col(frames.RESCUED).str.json_path_match("$.reason").is_null())
    if source.layout.keys:
        frame = LatestVersion(source.layout.keys).fit(frame).apply(frame)
    return frames.survivors(frame).collect()


_LABELS = {"row": pl.Int64, "column": pl.String, "wrong": pl.Boolean}


def _labels(
    lake: Lakehouse, own: str, source: BronzeRows, living: pl.DataFrame, names: Sequence[str]
) -> Iterator[tuple[int, str, bool]]:
    """What a person's decisions say of cells as they came."""
    if not source.decisions or not living.height:
        return
    known: dict[str, list[int]] = {}
    for row, match in enumerate(row_matches(living, source.layout.keys)):
        known.setdefault(row_key(match), []).append(row)
    texts = {name: living.select(frames.as_text(name, living.schema)).to_series() for name in names}
    about = {rule: item.get("columns") or [] for rule, item in _rules(lake, own)}
    for decision in source.decisions:
        for row in known.get(decision.key, ()):
            if decision.kind == "fix" and decision.column in texts:
                yield row, decision.column, texts[decision.column][row] != decision.value
            elif decision.kind == "waive":
                right = [decision.column.removeprefix(RIGHT)] if decision.column.startswith(RIGHT) else []
                for column in right or about.get(decision.column, []):
                    if column in texts:
                        yield row, column, False


def _rules(lake: Lakehouse, own: str) -> Iterator[tuple[str, Mapping[str, list[str]]]]:
    """The rules that the last promotion published."""
    yield from entries("rule", promotion_data(published_spec(lake, own)).get("rules"))
