"""Cells that differ from what the other columns of their row settle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from automic_core.cleaning.dependencies import Dependency, discover
from automic_core.cleaning.table import MISSING, Numbers, Shares, Values
from automic_core.cleaning.votes import Votes

FINDER = "dependency"
_SAME_WRONG_VALUE = 0.15
"""Chance that two wrong rows of a group hold the same wrong value."""
_SURE = 0.98
_UNLIKELY = 0.001


def find(table: Sequence[Values]) -> tuple[list[Votes], dict[str, Shares]]:
    """Cells that break dependencies, and how well each cell of a column is borne out by them (0 to 1).

    Dependencies on one column vote: a cell that breaks one and keeps to three is not at fault, the column it is read from
    is.
    """
    toward: dict[int, list[Dependency]] = defaultdict(list)
    for dependency in discover(table):
        toward[dependency.right].append(dependency)
    votes, borne_out = [], {}
    for right, dependencies in toward.items():
        found, support = _weigh(table, right, dependencies)
        borne_out[table[right].name] = support
        if found is not None:
            votes.append(found)
    return votes, borne_out


def _weigh(table: Sequence[Values], right: int, dependencies: Sequence[Dependency]) -> tuple[Votes | None, Shares]:
    values = table[right]
    against, for_it = np.zeros(values.rows), np.zeros(values.rows)
    strongest, weight = np.full(values.rows, -1), np.zeros(values.rows)
    wanted: list[Numbers] = []
    for number, dependency in enumerate(dependencies):
        usual, odds = _verdict(table, dependency)
        wanted.append(usual)
        judged = usual != MISSING
        breaks = judged & (values.codes != usual)
        against += np.where(breaks, odds, 0)
        for_it += np.where(judged & ~breaks, odds, 0)
        better = breaks & (odds > weight)
        strongest[better], weight[better] = number, odds[better]
    cap = np.log(_SURE / (1 - _SURE))
    chance = 1 / (1 + np.exp(-np.clip(against - for_it, -cap, cap)))
    support = np.where(for_it > against, 1 - chance, 0.0)
    rows = np.flatnonzero((strongest >= 0) & (against > for_it))
    if not len(rows):
        return None, support
    reasons, repairs = _explain(table, values, dependencies, strongest[rows], wanted, rows)
    return Votes(values.name, FINDER, rows, chance[rows], reasons, repairs), support


def _verdict(table: Sequence[Values], dependency: Dependency) -> tuple[Numbers, Shares]:
    """For each row the value its group settles (or -1), and the log odds that a row which differs is wrong."""
    keys, values, groups = table[dependency.left], table[dependency.right], dependency.groups
    wrong = min(max(dependency.wrong, 0.5 / groups.rows.sum()), 0.5)
    lead = groups.agree - groups.second
    odds = lead * np.log((1 - wrong) / (wrong * _SAME_WRONG_VALUE))
    sure = dependency.trust * (1 - np.exp(-np.clip(odds, 0, 30))) * (lead > 0)
    usual_of = np.full(len(keys.texts) + 1, MISSING)
    sure_of = np.zeros(len(keys.texts) + 1)
    usual_of[groups.key], sure_of[groups.key] = groups.usual, sure
    usual, certain = usual_of[keys.codes], sure_of[keys.codes]
    certain = np.where(_another_kind(keys, values, dependency), 0.0, certain)
    certain = np.clip(certain, 0, _SURE)
    usual = np.where(certain > 0.5, usual, MISSING)
    return usual, np.log(np.maximum(certain, 0.5) / (1 - np.maximum(certain, 0.5)))


def _another_kind(keys: Values, values: Values, dependency: Dependency) -> npt.NDArray[np.bool_]:
    """Rows whose odd value recurs in their group far more often than errors would: a second truth, such as a town name
    that exists in two states."""
    both = (keys.codes != MISSING) & (values.codes != MISSING)
    pair = np.where(both, keys.codes * len(values.texts) + values.codes, MISSING)
    _, inverse, counts = np.unique(pair, return_inverse=True, return_counts=True)
    times = counts[inverse]
    size = np.zeros(len(keys.texts) + 1, dtype=np.int64)
    size[dependency.groups.key] = dependency.groups.rows
    usual = np.full(len(keys.texts) + 1, MISSING)
    usual[dependency.groups.key] = dependency.groups.usual
    odd = both & (values.codes != usual[keys.codes]) & (times >= 2) & (size[keys.codes] > 0)
    found = np.zeros(values.rows, dtype=bool)
    rate = max(dependency.wrong, 0.5 / dependency.groups.rows.sum())
    found[odd] = binom.sf(times[odd] - 1, size[keys.codes[odd]], rate) < _UNLIKELY
    return found


def _explain(
    table: Sequence[Values],
    values: Values,
    dependencies: Sequence[Dependency],
    strongest: Numbers,
    wanted: Sequence[Numbers],
    rows: Numbers,
) -> tuple[list[str], list[str | None]]:
    reasons: list[str] = []
    repairs: list[str | None] = []
    places = [dict(zip(d.groups.key.tolist(), range(len(d.groups.key)), strict=True)) for d in dependencies]
    for number, row in zip(strongest.tolist(), rows.tolist(), strict=True):
        dependency = dependencies[number]
        keys, groups = table[dependency.left], dependency.groups
        place = places[number][int(keys.codes[row])]
        repair = values.texts[int(wanted[number][row])]
        verb = "is missing; it" if values.codes[row] == MISSING else ""
        reasons.append(
            f"{values.name} {verb} is {repair!r} in {groups.agree[place]} of {groups.rows[place]} rows with "
            f"{keys.name} {keys.texts[int(keys.codes[row])]!r}".replace("  ", " ")
        )
        repairs.append(repair)
    return reasons, repairs
