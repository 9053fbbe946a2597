"""Classes that free texts fall into by themselves, proposed in the words they share; none where they fall into none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from automic_core.inference.text_classes import Classes, stems, words

FEWEST, MOST_CLASSES = 20, 8
"""Different texts that are needed, and classes that are proposed at most."""
_LOOKED, _WORDS = 2_000, 8
_SMALLEST = 0.03  # share of the texts that makes a class
_APART = 0.05  # silhouette below which texts are one heap
_COVERED, _SAME = 0.6, 0.8


def propose_classes(texts: Sequence[str]) -> dict[str, str]:
    """Class to the words that say what belongs there, as the classify step takes them; empty if there are none.

    Texts are vectors of weighted stems (as for ``Classes``), parted by k-means; their number is that with the best mean
    silhouette (Rousseeuw, Silhouettes: a graphical aid, 1987) by the cosine. Proposed is only what proves itself: told
    nothing but the words, the classify step must put most texts in a class, and nearly all of those where they came
    from.
    """
    unique = list(dict.fromkeys(text for text in texts if stems(text)))
    chosen = unique[:: -(-len(unique) // _LOOKED) or 1]
    if len(chosen) < FEWEST:
        return {}
    parted = _parted(chosen)
    if parted is None:
        return {}
    groups, weights, known = parted
    named = _named(chosen, groups, weights, known)
    found = Classes(named)
    told = [(found.verdict(text).label, group) for text, group in zip(chosen, groups, strict=True)]
    labels = dict(zip(sorted(set(groups)), named, strict=True))
    placed = [label == labels[group] for label, group in told if label is not None]
    fits = len(placed) >= _COVERED * len(chosen) and sum(placed) >= _SAME * len(placed)
    return named if fits else {}


def _parted(texts: list[str]) -> tuple[list[int], Any, list[str]] | None:
    """The group of each text, the weight of each stem in each group, and the stems; None if the texts are one heap."""
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import silhouette_score

    weighing = TfidfVectorizer(analyzer=stems, sublinear_tf=True, min_df=2, max_df=0.7)
    try:
        vectors = weighing.fit_transform(texts)
    except ValueError:  # no stem is in two texts
        return None
    best: tuple[float, Any] = (_APART, None)
    for number in range(2, MOST_CLASSES + 1):
        model = KMeans(number, n_init=4, random_state=0).fit(vectors)
        sizes = Counter(model.labels_.tolist())
        if len(sizes) < number or min(sizes.values()) < max(_SMALLEST * len(texts), 3):
            continue
        apart = float(silhouette_score(vectors, model.labels_, metric="cosine"))
        if apart > best[0]:
            best = (apart, model)
    if best[1] is None:
        return None
    return best[1].labels_.tolist(), best[1].cluster_centers_, weighing.get_feature_names_out().tolist()


def _named(texts: list[str], groups: list[int], weights: Any, known: list[str]) -> dict[str, str]:
    """Each group by the word that marks it off best, with the words that do so too."""
    spelled: dict[str, Counter[str]] = {}
    for text in texts:
        for word, stem in words(text):
            spelled.setdefault(stem, Counter())[word] += 1
    named: dict[str, str] = {}
    for group in sorted(set(groups)):
        others = weights.sum(axis=0) - weights[group]
        lead = weights[group] - others
        marks = [known[place] for place in lead.argsort()[::-1][:_WORDS] if lead[place] > 0]
        said = [max(spelled[stem].items(), key=lambda each: (each[1], each[0]))[0] for stem in marks]
        label = next((word for word in said if word not in named), f"class {group + 1}")
        named[label] = " ".join(said)
    return named
