"""Rare values that are a slip away from a frequent one of their column.

Whether closeness means error depends on the column. Where values of their own are often that close (surnames, codes), a
rare one near a frequent one tells nothing; where frequent values keep apart and most rare ones lie beside one, those
are slips. The measured share of either kind sets the probability.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from automic_core.cleaning.missing import is_disguise
from automic_core.cleaning.shapes import has_letters
from automic_core.cleaning.table import Values
from automic_core.cleaning.votes import Votes, by_value

FINDER = "spelling"
_FEWEST_ROWS = 20
_MOST_PAIRS, _MOST_OWN = 6_000_000, 1500
_FEW, _NEARLY_ALL, _SMALL = 2, 0.85, 0.1
_RATIO = 5
"""How many times as frequent the right value is at least."""
_LOOSE = re.compile(r"[\s.,'\u2019_/-]+")
_WORD = re.compile(r"[^\W\d_]{4,}")


def find(table: Sequence[Values]) -> list[Votes]:
    """Variants in case and punctuation, misspelt values, misspelt words."""
    votes = []
    for values in table:
        if values.filled < _FEWEST_ROWS or len(values.texts) < 2:
            continue
        found = _words(values)
        for place, verdict in (*_slips(values).items(), *_variants(values).items()):
            if place not in found or verdict[0] >= found[place][0]:
                found[place] = verdict
        if found:
            chances, reasons, repairs = zip(*found.values(), strict=True)
            sentences = [f"{values.name} {r}" for r in reasons]
            votes.append(by_value(values, FINDER, list(found), chances, sentences, repairs))
    return votes


Found = dict[int, tuple[float, str, str | None]]


def _variants(values: Values) -> Found:
    """Values that differ from a more frequent one in case, blanks or punctuation only."""
    alike: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(values.texts):
        if has_letters(text):
            alike[_LOOSE.sub(" ", text.casefold()).strip()].append(place)
    found: Found = {}
    for first, *others in (places for places in alike.values() if len(places) > 1):
        for place in others:
            ratio = values.counts[first] / values.counts[place]
            edges = values.texts[place].strip() == values.texts[first]
            chance = 0.9 if edges else 0.8 if ratio >= _RATIO and values.counts[first] >= 5 else 0.4
            why = f"{_quoted(values.texts[place])} is {_quoted(values.texts[first])} written otherwise"
            found[place] = (chance, why, values.texts[first])
    return found


def _slips(values: Values) -> Found:
    counts = {text: int(n) for text, n in zip(values.texts, values.counts, strict=True) if has_letters(text)}
    counts = {text: n for text, n in counts.items() if not is_disguise(text)}
    return {
        values.place[wrong]: (
            chance,
            f"{_quoted(wrong)} is one slip from {_quoted(right)} ({counts[right]:,} rows)",
            right,
        )
        for wrong, (right, chance) in misspelt(counts).items()
    }


def _words(values: Values) -> Found:
    """Values with a word that is a slip away from a frequent word of the column."""
    rows: Counter[str] = Counter()
    holders: dict[str, list[int]] = defaultdict(list)
    for place, (text, count) in enumerate(zip(values.texts, values.counts.tolist(), strict=True)):
        for word in set(_WORD.findall(text)):
            if len(word) < len(text.strip()):
                rows[word] += count
                holders[word].append(place)
    found: Found = {}
    for wrong, (right, chance) in misspelt(rows).items():
        for place in holders[wrong]:
            text = values.texts[place]
            why = f"has {wrong!r}, one slip from {right!r} ({rows[right]:,} rows)"
            found[place] = (chance, why, re.sub(rf"\b{re.escape(wrong)}\b", right, text))
    return found


def misspelt(counts: Mapping[str, int]) -> dict[str, tuple[str, float]]:
    """Rare texts, each with the frequent one it is meant to be and the probability of that.

    Args:
        counts: Text to the rows that hold it.
    """
    total = sum(counts.values())
    few = max(_FEW, round(0.01 * total))
    if few > _FEW and sum(n for n in counts.values() if n <= few) <= _SMALL * total:
        found = _rare_beside_common(counts, few)
        if found and min(chance for _, chance in found.values()) >= _NEARLY_ALL:
            return found
    return _rare_beside_common(counts, max(_FEW, round(0.001 * total)))


def _rare_beside_common(counts: Mapping[str, int], few: int) -> dict[str, tuple[str, float]]:
    total = sum(counts.values())
    rare = [text for text, n in counts.items() if n <= few and len(text) >= 2]
    common = sorted((text for text, n in counts.items() if n >= _RATIO), key=lambda text: -counts[text])
    if not rare or not common:
        return {}
    common = common[: max(50, _MOST_PAIRS // len(rare))]
    if len(rare) * len(common) > 4 * _MOST_PAIRS:
        return {}
    near = _nearest(rare, common, counts)
    if not near:
        return {}
    right = [text for text in common if counts[text] > few][:_MOST_OWN]
    natural = ((len(_nearest(right, right, dict.fromkeys(right, 0))) if right else 0) + 0.5) / (len(right) + 5)
    rate = len(near) / len(rare)
    others = (len(rare) - len(near)) / max(total, 1)
    sure = max(0.0, min(0.97, 1 - natural / rate)) / (1 + 2 * others)
    if few > _FEW and rate < _NEARLY_ALL:
        sure = min(sure, rate)
    return {wrong: (right, sure) for wrong, right in near.items() if sure > 0.05}


def _nearest(texts: Sequence[str], common: Sequence[str], counts: Mapping[str, int]) -> dict[str, str]:
    """For each text the nearest frequent one within its allowance, if it is a slip and not another code."""
    found: dict[str, str] = {}
    most = max(allowed(text) for text in texts)
    step = max(1, _MOST_PAIRS // max(len(common), 1))
    for start in range(0, len(texts), step):
        part = texts[start : start + step]
        away = process.cdist(part, common, scorer=OSA.distance, score_cutoff=most, dtype=np.uint8)
        for number, text in enumerate(part):
            line = away[number]
            for place in np.argsort(line, kind="stable")[:4]:
                right = common[place]
                if right == text or counts[right] < _RATIO * counts[text]:
                    continue
                if line[place] > min(allowed(text), allowed(right)):
                    break
                if not another_code(text, right) and same_words(text, right):
                    found[text] = right
                    break
    return found


def allowed(text: str) -> int:
    """Slips allowed for a text of that length: one in four signs, five at most."""
    return max(1, min(5, len(text) // 5))


def same_words(left: str, right: str) -> bool:
    """Whether the slips lie within words: "Alaskan Inn" is no slip of "SanTan Inn", whose other word is alike."""
    pairs = left.split(), right.split()
    if len(pairs[0]) != len(pairs[1]) or len(pairs[0]) == 1:
        return True
    return all(OSA.distance(a, b) <= (sum(map(str.isalnum, b)) + 1) // 4 for a, b in zip(*pairs, strict=True))


def another_code(left: str, right: str) -> bool:
    """Whether two texts differ in their digits: "room 12" and "room 13" are both meant."""
    return re.sub(r"\D", "", left) != re.sub(r"\D", "", right) and len(re.sub(r"\D", "", left)) >= len(
        re.sub(r"\D", "", right)
    )


def _quoted(text: str) -> str:
    return f"{text[:60]!r}{'…' if len(text) > 60 else ''}"
