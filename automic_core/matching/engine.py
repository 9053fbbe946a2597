"""Matching from a table to clusters or links: the steps of this package in order, each made when first asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from automic_core.errors import ConfigError
from automic_core.matching import blocking, chance, choosing, texts, weights
from automic_core.matching.clustering import Graph
from automic_core.matching.evidence import Comparer, Evidence
from automic_core.matching.fields import Field
from automic_core.matching.joining import fields_again, fields_of
from automic_core.matching.keys import keys_of
from automic_core.matching.labels import Labels, read_labels
from automic_core.matching.ranking import rank
from automic_core.matching.weights import Weights

Rows = NDArray[np.int32]
Odds = NDArray[np.float64]
LOWEST = -3.0
"""Log-odds of the lowest threshold a curve can show (a probability of .05)."""


class Matching:
    """The matching of one table with itself, or of two with each other.

    Args:
        frame: The rows; of two tables, those of the left above those of the right.
        names: Columns to compare.
        side: 0 for each row of the left table, 1 for the right; None for one table.
        labels: What people decided: (one id, other id, same).
        ids: An id for each row, named in labels; None = its number, from 0.
        learned: Weights of an earlier matching, to use as they are.
        embedding: Name of a sentence-transformers model that compares texts; None = by words and letters.

    Raises:
        ConfigError: No column has values to compare.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        names: Sequence[str],
        side: NDArray[np.int8] | None = None,
        labels: Sequence[Sequence[object]] = (),
        ids: Sequence[object] | None = None,
        learned: Mapping[str, Any] | None = None,
        embedding: str | None = None,
    ) -> None:
        self.rows, self.side, self.learned = frame.height, side, learned
        self.ids: Sequence[object] = range(frame.height) if ids is None else ids
        if learned is None:
            self.fields: list[Field] = fields_of(frame, names, side is not None, embedding)
        else:
            self.fields = fields_again(frame, learned, embedding)
        if not self.fields and frame.height > 1:
            raise ConfigError(
                f"There is nothing to compare: {', '.join(names) or 'no column'} is empty or the same in every row.",
                "Choose columns whose values tell the rows apart.",
            )
        self.comparer = Comparer(self.fields)
        self.labels: Labels | None = None
        if labels:
            self.labels = read_labels(labels, {name: number for number, name in enumerate(self.ids)})

    @cached_property
    def _plan(self) -> tuple[list[blocking.Pass], Weights | None]:
        """How rows are brought together, and the weights where they had to be learned for that."""
        every = blocking.passes_of(keys_of(self.fields))
        surveys = choosing.survey(every, self.side, self.rows)
        if choosing.affordable(sum(one.count for one in surveys), self.rows):
            return every, None
        drawn = choosing.sample(every, surveys, self.rows)
        evidence = self.comparer.compare(drawn.left, drawn.right)
        learned = self._learn(evidence, drawn.weight)
        same = probability(learned.odds(evidence))
        return [every[number] for number in choosing.chosen(drawn, same, self.rows)], learned

    @property
    def passes(self) -> list[blocking.Pass]:
        """How rows are brought together: all ways, or those worth their pairs where there would be too many."""
        return self._plan[0]

    def estimate(self) -> pl.DataFrame:
        """Pairs each pass would compare, before any comparison: ``pass``, ``pairs``, most first.

        The same pair may be found by several passes.
        """
        counted = [(one.name, blocking.count_of(one, self.side)) for one in self.passes]
        made = pl.DataFrame(counted, schema={"pass": pl.String, "pairs": pl.Int64}, orient="row")
        return made.sort("pairs", "pass", descending=[True, False])

    @cached_property
    def pairs(self) -> tuple[Rows, Rows]:
        """Candidate pairs: lower row, higher row."""
        found = [blocking.pairs_of(one, self.side, self.rows) for one in self.passes]
        found += [texts.neighbours(field, self.side, self.rows) for field in self.fields if field.kind == "text"]
        if self.side is None:
            found.append(blocking.twins_of([field.codes for field in self.fields], self.rows))
        if self.labels is not None:
            found.append(self.labels.left.astype(np.int64) * self.rows + self.labels.right)
        merged = blocking.distinct(found)
        left, right = np.divmod(merged, self.rows) if self.rows else (merged, merged)
        return left.astype(np.int32), right.astype(np.int32)

    @cached_property
    def evidence(self) -> Any:
        """Levels of the candidate pairs."""
        return self.comparer.compare(*self.pairs)

    @property
    def all_pairs(self) -> float:
        """Pairs of rows there are."""
        if self.side is None:
            return max(1.0, self.rows * (self.rows - 1) / 2)
        right = int(self.side.sum())
        return max(1.0, float(right) * (self.rows - right))

    @cached_property
    def weights(self) -> Weights:
        """Learned here, or brought from an earlier matching."""
        return self._plan[1] or self._learn(self.evidence)

    def _learn(self, evidence: Evidence, stands: Odds | None = None) -> Weights:
        if self.learned is not None:
            return Weights.from_state(self.learned, [field.name for field in self.fields])
        chances = chance.chances(self.comparer, self.rows, self.side)
        links = chance.dependences(self.comparer, chances, self.rows)
        told = None
        if self.labels is not None:
            told = (self.comparer.compare(self.labels.left, self.labels.right), self.labels.same)
        return weights.fit(self.comparer, evidence, chances, links, self.all_pairs, self.rows, told, stands)

    @property
    def ranked(self) -> bool:
        """Whether candidates are ranked by their texts, beside the weights."""
        return self.side is not None and texts.rule(self.fields)

    @cached_property
    def ranking(self) -> Odds:
        """Log-odds of each candidate pair by its values."""
        made = self.weights.odds(self.evidence)
        if self.ranked and self.side is not None and len(made):
            made = rank(self.fields, self.side, *self.pairs, made)
        return made

    @cached_property
    def odds(self) -> Odds:
        """Log-odds of each candidate pair; what people decided is beyond doubt."""
        if self.labels is None:
            return self.ranking
        return self.ranking + self.labels.forced(*self.pairs, self.rows)

    def score(self, left: Rows, right: Rows) -> Odds:
        """Log-odds of any pairs, by their values alone."""
        return self.weights.odds(self.comparer.compare(left, right))

    @cached_property
    def graph(self) -> Graph:
        """Components of likely pairs."""
        labels = self.labels
        forced = None if labels is None else lambda a, b: labels.forced(a, b, self.rows)
        return Graph(*self.pairs, self.odds, self.rows, self.score, LOWEST, forced)

    def clusters(self, threshold: float) -> Rows:
        """A cluster number for each row."""
        if self.rows < 2:
            return np.arange(self.rows, dtype=np.int32)
        return self.graph.clusters(logit(threshold))

    def links(self, threshold: float, one_to_one: bool = True) -> tuple[Rows, Rows, Odds]:
        """Left rows, right rows and log-odds of the pairs that are the same, best first.

        One to one, a row takes the best partner that no better pair has taken.
        """
        left, right = self.pairs
        chosen = np.flatnonzero(self.odds >= logit(threshold))
        order = chosen[np.lexsort((right[chosen], left[chosen], -self.odds[chosen]))]
        if one_to_one:
            taken = np.zeros(self.rows, bool)
            kept = []
            for number in order.tolist():
                if not taken[left[number]] and not taken[right[number]]:
                    taken[left[number]] = taken[right[number]] = True
                    kept.append(number)
            order = np.array(kept, dtype=np.int64)
        return left[order], right[order], self.odds[order]

    def state(self) -> dict[str, Any]:
        """What was learned, as JSON: enough to match new rows."""
        return {
            "fields": [
                {"name": field.name, "kind": field.kind} | ({"columns": list(field.columns)} if field.columns else {})
                for field in self.fields
            ],
            **self.weights.state(),
        }


def logit(probability: float) -> float:
    """Log-odds of a probability."""
    bounded = min(max(probability, 1e-9), 1 - 1e-9)
    return float(np.log(bounded / (1 - bounded)))


def probability(odds: Odds) -> Odds:
    """Probability of log-odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -40, 40)))
