"""Which of a row's likely partners in another table is the one, where long texts carry the decision.

No labels: the best partner of each row is compared with its next ones, which are different things where a table holds a
thing once. What tells the two groups apart (a number that differs, a rare word that is missing) is learned from this
very data by logistic regression.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler
from scipy import sparse

from automic_core.matching.fields import Field
from automic_core.matching.texts import dots, letters, vectors, words

Odds = NDArray[np.float64]
HARDEST = 3
"""Candidates of a row to learn from: easier ones teach nothing."""
FEWEST = 20
"""Pairs of each sort below which there is nothing to learn from."""
ROUNDS = 2
"""What is learned says anew which candidates are the best, and is learned again."""


def rank(fields: list[Field], side: NDArray[np.int8], left: Any, right: Any, odds: Odds) -> Odds:
    """Log-odds of each candidate pair.

    Args:
        fields: The compared fields.
        side: Table of each row.
        left: Rows of the pairs.
        right: The other rows.
        odds: Log-odds by fields, a feature where there are several.
    """
    texts = _joined(fields)
    pairs = Features(texts).of(left, right)
    score = pairs[:, 0] + pairs[:, 1]
    if len(fields) > 1:
        pairs = np.column_stack([pairs, np.clip(odds, -20, 20)])
        score = score + pairs[:, -1] / 20
    dense = fields[0].cache.get("vectors")
    if isinstance(dense, np.ndarray):  # Of a language model.
        alike = dots(dense[fields[0].codes[left]], dense[fields[0].codes[right]])
        pairs, score = np.column_stack([pairs, alike]), score + alike
    small = 1 if (side == 1).sum() <= (side == 0).sum() else 0
    return _learned(pairs, np.where(side[left] == small, left, right), score)


def _joined(fields: list[Field]) -> list[str]:
    texts = [field for field in fields if field.kind in ("text", "name")]
    rows = len(fields[0].codes)
    return [" ".join(str(f.values[f.codes[row]]) for f in texts if f.codes[row] >= 0) for row in range(rows)]


class Features:
    """Likeness of two texts in several ways, 0 to 1 where not said otherwise."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = np.array(texts, dtype=object)
        self.letters, self.words = vectors(texts, letters), vectors(texts, words)
        self.binary = [_rarities(texts, analyzer) for analyzer in (words, letters)]
        split = [words(text) for text in texts]
        self.numbers = [frozenset(word for word in parts if any(c.isdigit() for c in word)) for parts in split]
        self.first = np.array([parts[0] if parts else "" for parts in split], dtype=object)
        self.last = np.array([parts[-1] if parts else "" for parts in split], dtype=object)

    def of(self, left: Any, right: Any) -> NDArray[np.float64]:
        """Pairs x features."""
        made: list[Any] = [dots(self.letters[left], self.letters[right]), dots(self.words[left], self.words[right])]
        for binary, rarity in self.binary:
            shared = dots(binary[left].multiply(rarity), binary[right])
            a, b = (np.asarray(binary[rows] @ rarity).ravel() for rows in (left, right))
            less, more = np.minimum(a, b), np.maximum(a, b)
            made += [shared / np.maximum(less, 1e-6), shared / np.maximum(more, 1e-6)]
            made += [shared / np.maximum(a + b - shared, 1e-6), less - shared, more - shared]
        mine, theirs = [self.numbers[row] for row in left], [self.numbers[row] for row in right]
        both = list(zip(mine, theirs, strict=True))
        made.append(np.array([bool(a - b) and bool(b - a) for a, b in both]))
        made.append(np.array([a != b for a, b in both]))
        made.append(np.array([bool(a & b) for a, b in both]))
        one, other = self.texts[left], self.texts[right]
        for scorer in (fuzz.ratio, fuzz.token_sort_ratio, fuzz.partial_ratio, fuzz.token_set_ratio):
            made.append(process.cpdist(one, other, scorer=scorer, workers=2) / 100)
        made.append(process.cpdist(one, other, scorer=JaroWinkler.similarity, workers=2))
        made += [self.first[left] == self.first[right], self.last[left] == self.last[right]]
        return np.column_stack([np.asarray(part, np.float64) for part in made])


def _rarities(texts: list[str], analyzer: Any) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        binary = CountVectorizer(analyzer=analyzer, binary=True, dtype=np.float32).fit_transform(texts).tocsr()
    except ValueError:  # No text holds a letter or digit.
        return sparse.csr_matrix((len(texts), 1), dtype=np.float32), np.zeros(1)
    return binary, np.log(len(texts) / np.asarray(binary.sum(0)).ravel())


def _learned(pairs: NDArray[np.float64], own: Any, score: Odds) -> Odds:
    """Log-odds by what tells the best candidates of all rows from their next ones."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for _ in range(ROUNDS):
        place = _places(own, score)
        best, rest = place == 0, (place > 0) & (place < HARDEST)
        if min(best.sum(), rest.sum()) < FEWEST:
            return np.asarray(8 * (score - 1))
        same = np.repeat([1, 0], [best.sum(), rest.sum()])
        weight = np.repeat([1.0, best.sum() / rest.sum()], [best.sum(), rest.sum()])
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
        model.fit(np.concatenate([pairs[best], pairs[rest]]), same, logisticregression__sample_weight=weight)
        score = model.decision_function(pairs)
    return _judged(np.asarray(score), own)


def _judged(score: Odds, own: Any) -> Odds:
    """Log-odds of being the same from log-odds of being the best.

    The best candidate of a row without a partner looks like a next one. So the share of rows without a partner is read
    off where next candidates lie, and what they would give there is taken away.
    """
    place = _places(own, score)
    border = np.quantile(score[place == 1], 0.75) if (place == 1).any() else 0.0
    alone = float(np.clip((score[place == 0] < border).mean() / 0.75, 0.02, 0.98))
    ratio = np.exp(np.clip(score, -30, 30))
    chance = np.maximum(1 - alone / ratio, 0.5 * ratio / (ratio + 2 * alone))
    return np.asarray(np.log(chance / (1 - chance)))


def _places(own: Any, score: Odds) -> NDArray[np.int64]:
    """Place of each candidate among those of its row of the smaller table, 0 = the best."""
    order = np.lexsort((-score, own))
    starts = np.flatnonzero(np.concatenate([[True], own[order][1:] != own[order][:-1]]))
    made = np.empty(len(own), np.int64)
    made[order] = np.arange(len(own)) - np.repeat(starts, np.diff(np.append(starts, len(own))))
    return made
