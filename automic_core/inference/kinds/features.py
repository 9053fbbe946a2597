"""A column as figures a model reads; the same code for a labelled collection and for a table of one's own.

The choice of figures follows the idea of V. Shah et al., "Towards Benchmarking Feature Type Inference for AutoML
Platforms", SIGMOD 2021 (name, statistics, a few values); the figures themselves are ours. A figure's name starts with
its group, which is what evidence is told by.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean, pstdev

from automic_core.inference.kinds.facts import ColumnFacts
from automic_core.inference.kinds.forms import FORMS, SIGNS
from automic_core.inference.names import snake

_WORDS = re.compile(r"[^\W\d_]+|\d+")
_DIGITS, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")
_COMMON_WORDS = """
    a an and are as at be by for from has have i in is it its not of on or our that the their they this to was we were
    will with you your
    """
_COMMON = frozenset(_COMMON_WORDS.split())
_LOOKED = 1_000  # characters of a value
_PIECES = (2, 3, 4)


def features(facts: ColumnFacts) -> dict[str, float]:
    """Figures of a column by name; not a number where a figure makes no sense."""
    return {**_counts(facts), **_numbers(facts), **_forms(facts), **_texts(facts), **_name(facts.name)}


def terms(facts: ColumnFacts) -> set[str]:
    """What a model may know by heart: words and pieces of the name, words of the values."""
    shape = _DIGITS.sub("9", snake(facts.name))
    words, framed = _LETTERS.findall(shape), f"^{shape}$"
    found = {f"part {framed[i : i + size]}" for size in _PIECES for i in range(len(framed) - size + 1)}
    found |= {f"word {word}" for word in words}
    if words:
        found |= {f"first {words[0]}", f"last {words[-1]}"}
    values = {word.lower() for text in facts.samples for word in _WORDS.findall(text[:200])[:20]}
    return found | {f"value {word}" for word in values if len(word) <= (4 if word.isdigit() else 12)}


def _log(number: float) -> float:
    return math.copysign(math.log1p(abs(number)), number)


def _counts(facts: ColumnFacts) -> dict[str, float]:
    rows = max(facts.rows, 1)
    return {
        "count rows": _log(facts.rows),
        "count values": _log(facts.values),
        "count missing": facts.nulls / rows,
        "distinct number": _log(facts.distinct),
        "distinct few": float(min(facts.distinct, 6)),
        "distinct share": facts.distinct / rows,
        "distinct of values": facts.distinct / max(facts.values, 1),
        "distinct repeats": _log(facts.values - facts.distinct),
        "distinct samples": float(len(facts.samples)),
    }


def _numbers(facts: ColumnFacts) -> dict[str, float]:
    if facts.mean is None or facts.least is None or facts.most is None:
        return dict.fromkeys(_NUMERIC, math.nan) | {"number all": 0.0}
    deviation, span = facts.deviation or 0.0, facts.most - facts.least
    whole = all(FORMS["a whole number"].match(text) for text in facts.samples)
    own = [value for text in facts.samples if (value := _float(text)) is not None]
    steps = [after - before for before, after in pairwise(own)]
    figures = (
        _log(facts.mean),
        _log(deviation),
        _log(facts.least),
        _log(facts.most),
        _log(span),
        deviation / abs(facts.mean) if facts.mean else math.nan,
        (facts.mean - facts.least) / span if span else math.nan,
        deviation / span if span else math.nan,
        facts.distinct / (span + 1) if whole else math.nan,
        _log((span + 1) / max(facts.values, 1)) if whole else math.nan,
        _log(facts.distinct / deviation) if deviation else math.nan,
        fmean(step > 0 for step in steps) if steps else math.nan,
        fmean(step == 1 for step in steps) if steps else math.nan,
        _log(max(own)) if own else math.nan,
        (max(own) - facts.least) / span if own and span else math.nan,
        float(max((len(text.partition(".")[2]) for text in facts.samples), default=0)),
        fmean(value % 5 == 0 for value in own) if own else math.nan,
        float(facts.least >= 1500 and facts.most <= 2100),
        float(len(str(int(abs(facts.least)))) == len(str(int(abs(facts.most))))),
    )
    return dict(zip(_NUMERIC, figures, strict=True)) | {"number all": 1.0}


_NUMERIC = tuple(
    f"number {what}"
    for what in (
        "mean", "deviation", "least", "most", "span", "relative deviation", "place of mean", "spread", "dense",
        "counts up", "per deviation", "rising samples", "single steps", "highest sample", "place of sample", "decimals",
        "round", "years", "fixed width",
    )
)  # fmt: skip


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _forms(facts: ColumnFacts) -> dict[str, float]:
    texts = [text[:_LOOKED] for text in facts.samples] or [""]
    part = 1 / len(texts)
    found = {f"form {name}": sum(form.match(text) is not None for text in texts) * part for name, form in FORMS.items()}
    return found | {
        f"sign {name}": sum(min(text.count(sign), 20) for text in texts) * part for name, sign in SIGNS.items()
    }


def _texts(facts: ColumnFacts) -> dict[str, float]:
    texts = [text[:_LOOKED] for text in facts.samples]
    if not texts:
        return dict.fromkeys(_TEXTUAL, math.nan)
    sizes, words = [len(text) for text in texts], [text.split() for text in texts]
    counts, several = [len(each) for each in words], len(texts) > 1
    shapes = {_DIGITS.sub("9", _LETTERS.sub("a", text[:60])) for text in texts}
    figures = (
        _log(fmean(sizes)),
        _log(max(sizes)),
        _log(min(sizes)),
        _log(pstdev(sizes)),
        _log(fmean(counts)),
        _log(max(counts)),
        _log(min(counts)),
        _log(pstdev(counts)),
        _log(max((len(word) for each in words for word in each), default=0)),
        fmean(sum(word.lower() in _COMMON for word in each) for each in words),
        *(
            fmean(sum(map(test, text)) / max(len(text), 1) for text in texts)
            for test in (str.isdigit, str.isupper, str.islower, _is_sign)
        ),
        fmean(sum(not letter.isascii() for letter in text) / max(len(text), 1) for text in texts),
        fmean(any(map(str.isdigit, text)) for text in texts),
        _shared_start(texts) / max(max(sizes), 1) if several else math.nan,
        len(shapes) / len(texts),
        fmean(before < after for before, after in pairwise(texts)) if several else math.nan,
    )
    return dict(zip(_TEXTUAL, figures, strict=True))


_TEXTUAL = (
    "length mean", "length most", "length least", "length deviation", "words mean", "words most", "words least",
    "words deviation", "words longest", "words common", "letters digits", "letters capital", "letters small",
    "letters signs", "letters foreign", "letters with digit", "letters shared start", "letters shapes",
    "letters sorted",
)  # fmt: skip


def _is_sign(letter: str) -> bool:
    return not letter.isalnum() and not letter.isspace()


def _shared_start(texts: Sequence[str]) -> int:
    low, high = min(texts), max(texts)
    return next(
        (i for i, pair in enumerate(zip(low, high, strict=False)) if pair[0] != pair[1]), min(len(low), len(high))
    )


def _name(name: str) -> dict[str, float]:
    size = max(len(name), 1)
    dated = ("a date in digits", "a date with a month's name", "a year")
    return {
        "name length": float(len(name)),
        "name words": float(len(_WORDS.findall(snake(name)))),
        "name digits": sum(map(str.isdigit, name)) / size,
        "name ends in digit": float(name[-1:].isdigit()),
        "name capitals": sum(map(str.isupper, name)) / size,
        "name blanks": float(name.count(" ")),
        "name underscores": float(name.count("_")),
        "name dots": float(name.count(".")),
        "name vowels": sum(letter in "aeiouAEIOU" for letter in name) / size,
        "name as date": float(any(FORMS[form].match(name.strip()) for form in dated)),
        "name signs": sum(_is_sign(letter) and letter not in "_." for letter in name) / size,
    }
