"""Cells that differ from what the other columns of their row settle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from automic_core.cleaning import compositions, pairs
from automic_core.cleaning.compositions import Composition
from automic_core.cleaning.dependencies import UNLIKELY, Dependency, alike, discover
from automic_core.cleaning.table import MISSING, Numbers, Shares, Values
from automic_core.cleaning.votes import Votes

FINDER = "dependency"
_SAME_WRONG_VALUE = 0.15
"""Chance that two wrong rows of a group hold the same wrong value."""
_SURE = 0.98
_UNDECIDED, _PLAIN, _EITHER = 0.15, 0.8, 0.55
"""Where one of two cells is surely wrong and nothing tells which, both are shown, each a little more wrong than not."""
_MOST = 1 - 1e-7
_EXACTLY_AS_MADE = 12.0
"""Log odds for a text that is exactly what others make it: that does not happen by chance."""


def find(table: Sequence[Values]) -> tuple[list[Votes], dict[str, Shares]]:
    """Cells that break dependencies, and how well each cell of a column is borne out by them (0 to 1).

    Dependencies on one column vote: a cell that breaks one and keeps to three is not at fault, the cell it is read from
    is; so in a second round each votes as far as the cell it is read from is itself believed.
    """
    toward: dict[int, list[Dependency]] = defaultdict(list)
    single = list(discover(table))
    joined, double = pairs.discover(table, single)
    both = [*table, *joined]
    for dependency in (*single, *double):
        toward[dependency.right].append(dependency)
    doubt = _doubts(both, len(table), toward)
    ballots = [_Ballot(both, right, toward[right], doubt) for right in range(len(table))]
    doubtful = [ballot.against > ballot.for_it for ballot in ballots]
    for composition in compositions.find(table):
        ballots[composition.right].compose(composition, doubtful)
    votes = [found for ballot in ballots if (found := ballot.votes()) is not None]
    return votes, {ballot.values.name: ballot.borne_out() for ballot in ballots}


class _Ballot:
    """What speaks against and for each cell of a column, in log odds, and who spoke loudest against it."""

    def __init__(
        self,
        table: Sequence[Values],
        right: int,
        dependencies: Sequence[Dependency],
        doubt: Sequence[Shares] | None = None,
    ) -> None:
        self.table, self.values, self.dependencies = table, table[right], dependencies
        self.against, self.for_it = np.zeros(self.values.rows), np.zeros(self.values.rows)
        self._loudest, weight = np.full(self.values.rows, -1), np.zeros(self.values.rows)
        self._either = np.zeros(self.values.rows, dtype=bool)
        self._wanted: list[Numbers] = []
        self._made: dict[int, tuple[str, str]] = {}
        for number, dependency in enumerate(dependencies):
            usual, certain = _verdict(table, dependency)
            self._wanted.append(usual)
            judged = usual != MISSING
            breaks = judged & (self.values.codes != usual)
            if doubt is not None:
                blame = _blame(doubt[right], doubt[dependency.left])
                either = breaks & (np.abs(blame - 0.5) < _UNDECIDED) & (certain >= _PLAIN)
                certain *= np.where(breaks, blame, 1 - doubt[dependency.left])
                certain[either] = _EITHER
                self._either |= either
            odds = _odds(certain)
            self.against += np.where(breaks, odds, 0)
            self.for_it += np.where(judged & ~breaks, odds, 0)
            better = breaks & (odds > weight)
            self._loudest[better], weight[better] = number, odds[better]

    def compose(self, composition: Composition, doubtful: Sequence[npt.NDArray[np.bool_]]) -> None:
        """Add a composition's voice where none of its parts is in doubt; it speaks for all its parts."""
        odds = len(composition.parts) * np.log(composition.share / max(1 - composition.share, 1 - _SURE))
        parts = " and ".join(self.table[part].name for part in composition.parts)
        for row, made in enumerate(composition.expected(self.table)):
            if made is None or any(doubtful[part][row] for part in composition.parts):
                continue
            code = int(self.values.codes[row])
            if code != MISSING and self.values.texts[code] == made:
                self.for_it[row] += _EXACTLY_AS_MADE
            else:
                self.against[row] += odds
                self._made[row] = (f"{self.values.name} is {made!r} by {parts}", made)

    def borne_out(self) -> Shares:
        """How probable each cell is right, where more speaks for it than against it; else 0."""
        return np.where(self.for_it > self.against, 1 - self.chance(), 0.0)

    def votes(self) -> Votes | None:
        """Cells with more against them than for them."""
        rows = np.flatnonzero(self.against > self.for_it)
        if not len(rows):
            return None
        told = [self._made.get(row) or self._explain(row) for row in rows.tolist()]
        reasons, repairs = zip(*told, strict=True)
        return Votes(self.values.name, FINDER, rows, self.chance()[rows], reasons, repairs)

    def chance(self, sure: float = _SURE) -> Shares:
        """How probable each cell is wrong, ``sure`` at most; one half where nothing is known."""
        cap = np.log(sure / (1 - sure))
        return 1 / (1 + np.exp(-np.clip(self.against - self.for_it, -cap, cap)))

    def _explain(self, row: int) -> tuple[str, str]:
        number = int(self._loudest[row])
        dependency = self.dependencies[number]
        keys, groups = self.table[dependency.left], dependency.groups
        key = int(keys.codes[row])
        place = int(np.searchsorted(groups.key, key))
        repair = self.values.texts[int(self._wanted[number][row])]
        verb = "is missing; it is" if self.values.codes[row] == MISSING else "is"
        reason = (
            f"{self.values.name} {verb} {repair!r} in {groups.agree[place]} of {groups.rows[place]} rows with "
            f"{keys.told(key)}"
        )
        reason += f"; or {keys.name} is wrong" if self._either[row] else ""
        return reason, repair


def _doubts(table: Sequence[Values], columns: int, toward: Mapping[int, Sequence[Dependency]]) -> list[Shares]:
    """How probable each cell is wrong before blame is laid; behind the columns of the table stand its pairs.

    A key that is wrong would hardly agree with the rest of its row; so agreement speaks for it, the more the rarer it
    would be by chance. And if another key, which the row suggests, would lift contradictions, they speak against it.
    """
    ballots = [_Ballot(table, right, toward[right]) for right in range(columns)]
    heard = {id(dependency): _verdict(table, dependency) for each in toward.values() for dependency in each}
    for right, dependencies in toward.items():
        telling = np.log(max(alike(table[right]), 1.0))
        for dependency in dependencies:
            usual, certain = heard[id(dependency)]
            agrees = (usual != MISSING) & (table[right].codes == usual)
            for part in pairs.parts_of(table, dependency.left):
                ballots[part].for_it += np.where(agrees, np.minimum(_odds(certain), telling), 0)
    suggested = [_suggested(ballots[key], [heard[id(each)] for each in toward[key]]) for key in range(columns)]
    for right, dependencies in toward.items():
        for dependency in (each for each in dependencies if each.left < columns):
            usual, certain = heard[id(dependency)]
            contradicts = (usual != MISSING) & (table[right].codes != MISSING) & (table[right].codes != usual)
            lifted = contradicts & (_settles(dependency, table, suggested[dependency.left]) == table[right].codes)
            ballots[dependency.left].against += np.where(lifted, _odds(certain), 0)
    return list(pairs.doubts([ballot.chance(_MOST) * (ballot.against > 0) for ballot in ballots], table))


def _suggested(ballot: _Ballot, heard: Sequence[tuple[Numbers, Shares]]) -> Numbers:
    """For each row the value that the surest dependency wants in place of the one that is there; -1 if none does."""
    wanted, weight = np.full(ballot.values.rows, MISSING), np.zeros(ballot.values.rows)
    for usual, certain in heard:
        better = (usual != MISSING) & (usual != ballot.values.codes) & (certain > weight)
        wanted[better], weight[better] = usual[better], certain[better]
    return wanted


def _settles(dependency: Dependency, table: Sequence[Values], codes: Numbers) -> Numbers:
    """What each of these keys settles; -2 where it settles nothing."""
    usual_of = np.full(len(table[dependency.left].texts) + 1, MISSING - 1)
    usual_of[dependency.groups.key] = dependency.groups.usual
    return usual_of[codes]


def _blame(right: Shares, left: Shares) -> Shares:
    """Where two cells contradict each other, the chance that it is the right one's fault and not the left one's."""
    ours, theirs = np.maximum(right, 1e-9) * (1 - left), left * (1 - right)
    return np.asarray(ours / (ours + theirs))


def _verdict(table: Sequence[Values], dependency: Dependency) -> tuple[Numbers, Shares]:
    """For each row the value its group settles (or -1), and how probable a row that differs is wrong."""
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
    return np.where(certain > 0.5, usual, MISSING), certain


def _odds(certain: Shares) -> Shares:
    """Log odds; 0 for what is less than even."""
    even = np.maximum(certain, 0.5)
    return np.asarray(np.log(even / (1 - even)))


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
    found[odd] = binom.sf(times[odd] - 1, size[keys.codes[odd]], rate) < UNLIKELY
    return found
