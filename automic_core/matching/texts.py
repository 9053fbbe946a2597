"""Long texts and titles: rows of words and letter groups weighed by rarity, compared by cosine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from automic_core.matching.fields import Field
from automic_core.matching.kinds import OWN, PLACE

WORDS = re.compile(r"[^\W_]+")
NEAREST = 6
"""Candidates of each row by its text."""
COMMONEST = 1500
"""A letter group or word found in more rows than this proposes no pair."""
WORK = 3e8
"""Products of two rows' parts that are made at most."""
LEAST = 0.05
"""Cosine below which a text proposes nothing."""
_CHUNK = 1000


def letters(text: str) -> Iterator[str]:
    """Three-letter groups of each word, its ends included."""
    for word in WORDS.findall(text):
        padded = f" {word} "
        for start in range(len(padded) - 2):
            yield padded[start : start + 3]


def words(text: str) -> list[str]:
    """Words and numbers."""
    return WORDS.findall(text)


def vectors(texts: Any, analyzer: Any) -> sparse.csr_matrix:
    """A row of unit length a text: tf-idf of its parts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        return TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, dtype=np.float32).fit_transform(texts).tocsr()
    except ValueError:  # No text holds a letter or digit.
        return sparse.csr_matrix((len(texts), 1), dtype=np.float32)


def weighed(field: Field) -> Any:
    """A row of unit length a distinct value: by letter groups, or by the vectors of a language model."""
    if "vectors" not in field.cache:
        field.cache["vectors"] = vectors(field.values, letters)
    return field.cache["vectors"]


def cosines(field: Field, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.float32]:
    """Cosine of pairs of distinct values, 0 to 1."""
    matrix, made = weighed(field), np.empty(len(low), np.float32)
    for start in range(0, len(low), 50_000):
        part = slice(start, start + 50_000)
        made[part] = dots(matrix[low[part]], matrix[high[part]])
    return made


def dots(a: Any, b: Any) -> NDArray[np.float32]:
    """Row by row products of two matrices."""
    return np.asarray(a.multiply(b).sum(1) if sparse.issparse(a) else (a * b).sum(1), np.float32).ravel()


def neighbours(field: Field, side: NDArray[np.int8] | None, rows: int) -> NDArray[np.int64]:
    """The nearest rows of each row by its text: pairs as lower row times rows, plus higher row."""
    matrix = weighed(field)
    if sparse.issparse(matrix):
        matrix = _rare(matrix)
    there = np.flatnonzero(field.codes >= 0)
    if side is None:
        return _nearest(matrix, field, there, there, rows)
    one, other = there[side[there] == 0], there[side[there] == 1]
    found = [_nearest(matrix, field, one, other, rows), _nearest(matrix, field, other, one, rows)]
    return np.concatenate(found)


def _rare(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The parts that few rows have, so that comparing all rows by them is not too much work."""
    columns = np.bincount(matrix.indices, minlength=matrix.shape[1])
    ordered = np.sort(columns).astype(float)
    affordable = ordered[np.cumsum(ordered**2) <= WORK]
    most = min(COMMONEST, int(affordable[-1]) if len(affordable) else 1)
    keep = sparse.diags((columns <= most).astype(np.float32))
    made = (matrix @ keep).tocsr()
    made.eliminate_zeros()
    return made


def _nearest(matrix: Any, field: Field, of: Any, among: Any, rows: int) -> NDArray[np.int64]:
    found = []
    if len(of) and len(among):
        others = matrix[field.codes[among]].T
        for start in range(0, len(of), _CHUNK):
            mine = of[start : start + _CHUNK]
            product = matrix[field.codes[mine]] @ others
            row, column = _top(sparse.csr_matrix(product))
            a, b = mine[row], among[column]
            low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
            found.append((low * rows + high)[low != high])
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _top(product: sparse.csr_matrix) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of the largest values of each row."""
    ends, data = product.indptr, product.data
    least = np.full(product.shape[0], LEAST, np.float32)
    for number in np.flatnonzero(np.diff(ends) > NEAREST + 1).tolist():
        mine = data[ends[number] : ends[number + 1]]
        least[number] = max(LEAST, np.partition(mine, -NEAREST - 1)[-NEAREST - 1])
    row = np.repeat(np.arange(product.shape[0]), np.diff(ends))
    few = np.flatnonzero(data >= least[row])
    row, column, data = row[few], product.indices[few], data[few]
    order = np.lexsort((column, -data, row))
    row = row[order]
    starts = np.flatnonzero(np.diff(row, prepend=-1))
    rank = np.arange(len(row)) - np.repeat(starts, np.diff(np.append(starts, len(row))))
    keep = rank <= NEAREST
    return row[keep], column[order][keep].astype(np.int64)


def rule(fields: list[Field]) -> bool:
    """Whether texts carry the decision: there are some, and no field that hangs on the thing itself or its place."""
    kinds = {field.kind for field in fields}
    return "text" in kinds and not kinds & (OWN | PLACE | {"name"})
