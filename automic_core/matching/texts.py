"""Long texts and titles: rows of words and letter groups weighed by rarity, compared by cosine."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from automic_core.matching.fields import Field

_WORDS = re.compile(r"[^\W_]+")


def grams(text: str) -> Iterator[str]:
    """Words (twice marked, so that no letter group equals one) and the three-letter groups inside them."""
    for word in _WORDS.findall(text):
        yield f"={word}"
        padded = f" {word} "
        for start in range(len(padded) - 2):
            yield padded[start : start + 3]


def weighed(field: Field) -> sparse.csr_matrix:
    """A row of unit length a distinct value: tf-idf of its words and letter groups."""
    if "tfidf" not in field.cache:
        from sklearn.feature_extraction.text import TfidfVectorizer

        made = TfidfVectorizer(analyzer=grams, sublinear_tf=True, dtype=np.float32)
        field.cache["tfidf"] = made.fit_transform(field.values)
    return field.cache["tfidf"]


def cosines(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.float32]:
    """Cosine of pairs of distinct values, 0 to 1."""
    matrix, made = weighed(field), np.empty(len(low), np.float32)
    for start in range(0, len(low), 200_000):
        part = slice(start, start + 200_000)
        made[part] = np.asarray(matrix[low[part]].multiply(matrix[high[part]]).sum(1)).ravel()
    return made
