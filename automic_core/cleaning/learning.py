"""What a person's labels teach about the other cells of a column.

Each cell belongs to three groups: those with its value, those of its form, and those that the same finder suspects (or
none). Where labels show that a group is wrong more, or less, often than was thought, the log odds of all its cells move
by that difference. A group moves only as far as its labels carry: the earlier verdict counts as much as a few of them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from automic_core.cleaning.shapes import shape
from automic_core.cleaning.table import MISSING, Shares
from automic_core.cleaning.verdicts import Verdicts
from automic_core.errors import TransformError

_WORTH = {"value": 0.5, "form": 4.0, "finder": 4.0}
"""How many labels the verdict before them is worth."""
_LEAST = 0.005


@dataclass(frozen=True)
class Labels:
    """Column to its labelled rows: row to whether the cell is wrong."""

    cells: dict[str, dict[int, bool]]

    @classmethod
    def read(cls, labels: pl.DataFrame, rows: int, names: Sequence[str]) -> Labels:
        """Check a frame of labels.

        Raises:
            TransformError: A column lacks, or a cell is not in the table.
        """
        wanted = ["row", "column", "wrong"]
        missing = [name for name in wanted if name not in labels.columns]
        if missing:
            raise TransformError(f"The labels have no column {missing[0]!r}.", "Give row (from 0), column, wrong.")
        cells: dict[str, dict[int, bool]] = {}
        for row, column, wrong in labels.select(wanted).drop_nulls().iter_rows():
            if column not in names or not 0 <= int(row) < rows:
                raise TransformError(
                    f"The labels name row {row} of column {column!r}, which is not there.",
                    f"Rows go from 0 to {rows - 1}; columns are {', '.join(names)}.",
                )
            cells.setdefault(str(column), {})[int(row)] = bool(wrong)
        return cls(cells)


def corrected(verdicts: Verdicts, labels: Labels) -> Verdicts:
    """Verdicts after the labels of their column."""
    known = labels.cells.get(verdicts.values.name)
    if not known:
        return verdicts
    before = np.clip(verdicts.chance, _LEAST, 1 - _LEAST)
    odds = np.log(before / (1 - before))
    told = np.fromiter(known, dtype=np.int64)
    wrong = np.fromiter(known.values(), dtype=np.float64)
    for kind, group in _groups(verdicts):
        shift = _shifts(_WORTH[kind], group[told], wrong, _chance(odds)[told])
        odds = odds + np.asarray([shift.get(int(each), 0.0) for each in group])
    chance = _chance(odds)
    chance[told] = wrong
    return Verdicts(verdicts.values, chance, verdicts.finder, verdicts.told)


def _groups(verdicts: Verdicts) -> Iterator[tuple[str, np.ndarray]]:
    """Each cell's group, by finder, by form, by value."""
    values = verdicts.values
    suspected = [(name, chance >= 0.5) for name, chance in zip(verdicts.finder, verdicts.chance, strict=True)]
    forms = _numbered([shape(text) for text in values.texts])
    yield "finder", _numbered(suspected)
    yield "form", np.where(values.codes == MISSING, MISSING, np.r_[forms, MISSING][values.codes])
    yield "value", values.codes


def _numbered(things: Sequence[Hashable]) -> np.ndarray:
    numbers: dict[Hashable, int] = {}
    return np.asarray([numbers.setdefault(thing, len(numbers)) for thing in things], dtype=np.int64)


def _shifts(worth: float, group: np.ndarray, wrong: Shares, before: Shares) -> dict[int, float]:
    """Group to the move of its log odds."""
    found = {}
    for each in np.unique(group):
        own = group == each
        thought = float(np.clip(before[own].mean(), _LEAST, 1 - _LEAST))
        shown = (worth * thought + float(wrong[own].sum())) / (worth + int(own.sum()))
        shown = min(max(shown, _LEAST), 1 - _LEAST)
        found[int(each)] = float(np.log(shown / (1 - shown)) - np.log(thought / (1 - thought)))
    return found


def _chance(odds: Shares) -> Shares:
    return 1 / (1 + np.exp(-odds))
