"""Texts put into classes by their words: TF-IDF against descriptions and labelled examples; it may abstain."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]{2,}")
_SILENT_TEXT = """
    a about an and any are as at be been but by can could did do does for from get got had has have he her his
    how i if in into is it its just me my no not of on or our out please she so some than thank thanks that the
    their them then there these they this to up us was we were what when where which who will with would you
    your hi hello dear
    """
_SILENT = frozenset(_SILENT_TEXT.split())
_ENDING_LIST = "ations ation ingly ments ment ings ing edly ies ied ers ed er es ly s"
_ENDINGS = tuple(_ENDING_LIST.split())
_SHORTEST = 3


@dataclass(frozen=True)
class Verdict:
    """The class of a text.

    Attributes:
        label: None = it abstains.
        confidence: 0 to 1: how much nearer the best class is than the next, times how near it is at all.
        words: Stems of the words that decided, the heaviest first.
    """

    label: str | None
    confidence: float
    words: tuple[str, ...] = ()


class Classes:
    """Classes that are known by what people say of them.

    A class is one document: its name, its description, and its examples. Weights are those of Salton and Buckley,
    Term-weighting approaches in automatic text retrieval (1988): logarithmic counts times inverse document frequency
    over the classes, vectors of unit length, nearness their cosine. Of labelled examples the nearest counts too, so
    that a class of several kinds of texts is not blurred.

    Args:
        descriptions: Class to words, phrases or a sentence that say what belongs there.
        examples: Texts with their class.
        least: Confidence below which a text is given no class.
    """

    def __init__(
        self, descriptions: Mapping[str, str], examples: Sequence[tuple[str, str]] = (), least: float = 0.1
    ) -> None:
        self.least = least
        self.labels = list(dict.fromkeys([*descriptions, *(label for _, label in examples)]))
        texts = {label: [f"{label.replace('_', ' ')} {descriptions.get(label, '')}"] for label in self.labels}
        for text, label in examples:
            texts[label].append(text)
        counts = {label: Counter(word for text in each for word in stems(text)) for label, each in texts.items()}
        spread = Counter(word for each in counts.values() for word in each)
        total = len(self.labels)
        self._idf = {word: math.log((1 + total) / (1 + times)) + 0.1 for word, times in spread.items()}
        self._unknown = math.log(1 + total) + 0.1
        self._classes = {label: self._weighted(each) for label, each in counts.items()}
        self._examples = [(self._weighted(Counter(stems(text))), label) for text, label in examples]

    def verdict(self, text: str) -> Verdict:
        """The class of a text; none where no class shares its words, or two are about as near."""
        own = self._weighted(Counter(stems(text)))
        if not own:
            return Verdict(None, 0.0)
        near = {label: _cosine(own, each) for label, each in self._classes.items()}
        for example, label in self._examples:
            near[label] = max(near[label], _cosine(own, example))
        best, *rest = sorted(self.labels, key=lambda label: -near[label])
        top, next_one = near[best], near[rest[0]] if rest else 0.0
        if top <= 0:
            return Verdict(None, 0.0)
        confidence = round(min(top * 2, 1.0) * (top - next_one) / top, 4)
        shared = {word: weight * self._classes[best].get(word, 0.0) for word, weight in own.items()}
        words = tuple(word for word in sorted(shared, key=lambda each: (-shared[each], each))[:3] if shared[word] > 0)
        return Verdict(best if confidence >= self.least else None, confidence, words)

    def _weighted(self, counts: Counter[str]) -> dict[str, float]:
        """Weights of words as a vector of unit length; one that no class knows weighs as one that a single text has."""
        weights = {word: (1 + math.log(n)) * self._idf.get(word, self._unknown) for word, n in counts.items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {word: weight / length for word, weight in weights.items()} if length else {}


def stems(text: str) -> list[str]:
    """The words of a text that say something, without their endings."""
    return [stem for _, stem in words(text)]


def words(text: str) -> list[tuple[str, str]]:
    """The same words as they are written, each with its stem."""
    return [(word, _stem(word)) for word in _WORD.findall(text.lower()) if word not in _SILENT]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            cut = word[: -len(ending)]
            return cut[:-1] if len(cut) > _SHORTEST and cut[-1] == cut[-2] and ending[0] in "ei" else cut
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST + 1 else word


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    return sum(weight * large.get(word, 0.0) for word, weight in small.items())
