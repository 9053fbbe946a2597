"""Rules on several rows or columns at once that a table suggests: what settles what, and known misspellings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.assist.proposals import EXAMPLES, Proposal, record, rule_proposal
from automic_core.cleaning import pairs
from automic_core.cleaning.dependencies import discover
from automic_core.cleaning.missing import is_disguise
from automic_core.cleaning.shapes import has_letters
from automic_core.cleaning.spellings import misspelt
from automic_core.cleaning.table import read
from automic_core.transforms.table_rules import Depends

_LOOKED = 20_000
_TRUSTED, _MOST_WRONG = 0.8, 0.05
_LIKELY, _MOST_SPELLINGS = 0.6, 20


@dataclass(frozen=True)
class Settled:
    """Columns that settle another, in all rows but some.

    Attributes:
        columns: One or two columns.
        settles: The column they settle.
        wrong: Share of the rows that differ from their group.
    """

    columns: tuple[str, ...]
    settles: str
    wrong: float


def settled(rows: pl.DataFrame, wanted: Sequence[str] | None = None) -> list[Settled]:
    """For each column what settles it best: fewest contradictions, then fewest columns; looked for on some rows.

    Args:
        rows: The table.
        wanted: Columns that may be settled; default all.
    """
    names = frames.data_names(rows.columns)
    looked = rows.select(names).gather_every(max(rows.height // _LOOKED, 1))
    table = read(looked, names)
    single = list(discover(table))
    joined, double = pairs.discover(table, single)
    known = [*table, *joined]
    best: dict[int, tuple[tuple[float, int, int], Settled]] = {}
    for each in (*single, *double):
        if each.trust < _TRUSTED * 0.9 ** len(known[each.left].parts) or each.wrong > _MOST_WRONG:
            continue
        if wanted is not None and names[each.right] not in wanted:
            continue
        parts = pairs.parts_of(known, each.left)
        if any(rows.schema[names[part]].is_float() for part in parts):  # a measure tells things apart by accident
            continue
        found = Settled(tuple(names[part] for part in parts), names[each.right], each.wrong)
        order = (round(each.wrong, 4), len(parts), -len(each.groups.rows))
        if each.right not in best or order < best[each.right][0]:
            best[each.right] = order, found
    return [found for _, found in best.values()]


def dependencies(rows: pl.DataFrame) -> Iterator[Proposal]:
    """Proposals for what settles what, measured on all rows; of two columns that settle each other, one way."""
    told: set[frozenset[str]] = set()
    for each in settled(rows):
        both = frozenset((*each.columns, each.settles))
        if both in told:
            continue
        told.add(both)
        columns = list(each.columns)
        odd = Depends(columns, settles=each.settles).odd(rows)
        if odd.height > _MOST_WRONG * rows.height:
            continue
        examples = [f"{record(rid)}: {here}, not {usual}" for rid, here, usual in _shown(odd, each.settles)]
        title = f"{' and '.join(columns)} settle{'s' if len(columns) == 1 else ''} {each.settles}"
        share = 1 - odd.height / rows.height
        why = f"rows of the same {' and '.join(columns)} have the same {each.settles}" + (
            f", {share:.1%} of them" if odd.height else ""
        )
        options: dict[str, Any] = {"columns": columns, "settles": each.settles, "action": "warn"}
        agree, rank = rows.height - odd.height, 67.0 if odd.height else 35.0
        yield Proposal("rule", "dependency", options, title, why, agree, rows.height, examples, rank)


def _shown(odd: pl.DataFrame, name: str) -> list[tuple[Any, ...]]:
    texts = [frames.as_text(column, odd.schema).alias(column) for column in (name, "_usual")]
    return odd.head(EXAMPLES).select(frames.RID, *texts).rows()


def misspellings(rows: pl.DataFrame, name: str) -> Proposal | None:
    """A rule against values that are slips from frequent ones, for a column of too many values to list."""
    counts = dict(rows[name].drop_nulls().value_counts().iter_rows())
    worded = {text: n for text, n in counts.items() if has_letters(text) and not is_disguise(text)}
    found = {wrong: right for wrong, (right, chance) in misspelt(worded).items() if chance >= _LIKELY}
    if not found or len(found) > _MOST_SPELLINGS:
        return None
    wrong = sorted(found)
    texts = ", ".join("'" + each.replace("'", "''") + "'" for each in wrong)
    quoted = '"' + name.replace('"', '""') + '"'
    options = {"sql": f"{quoted} NOT IN ({texts})", "columns": [name]}
    shown = "; ".join(f"{each!r} for {found[each]!r}" for each in wrong[:3]) + (" …" if len(wrong) > 3 else "")
    return rule_proposal("sql", options, rows, f"{name} is not misspelt", f"{shown}", 65)
