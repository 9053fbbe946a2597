"""Numbers written with a unit here and without there, or with a unit in several spellings."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from automic_core.cleaning.missing import is_disguise
from automic_core.cleaning.table import Values
from automic_core.cleaning.votes import Votes, by_value

FINDER = "unit"
_FEWEST_ROWS = 20
_MEASURE = re.compile(r"\s*([$€£¥]?)\s*([+-]?\d[\d,]*(?:\.\d+)?|[+-]?\.\d+)\s*((?:[A-Za-z$€£¥µ°%²³/\"'.-]|\s)*)")
_ONE_LETTER = frozenset("$€£¥gGlLmMsShHkKwWvVCFtT%°\"'")
_NEARLY_ALL, _MOST, _MANY_SPELLINGS = 0.9, 0.5, 12


def find(table: Sequence[Values]) -> list[Votes]:
    """Measures written unlike the others of their column."""
    return [votes for values in table if (votes := _column(values)) is not None]


def _column(values: Values) -> Votes | None:
    parsed: dict[int, tuple[str, str]] = {}
    spellings: Counter[str] = Counter()
    total = 0
    for place, (text, count) in enumerate(zip(values.texts, values.counts.tolist(), strict=True)):
        if is_disguise(text):
            continue
        total += count
        match = _MEASURE.fullmatch(text)
        if match and _is_unit(match[3].strip()):
            unit = match[1] + match[3].strip()
            parsed[place] = (match[2], unit)
            spellings[unit] += count
    known = sum(spellings.values())
    if total < _FEWEST_ROWS or known < _NEARLY_ALL * total or not 2 <= len(spellings) <= _MANY_SPELLINGS:
        return None
    usual, times = spellings.most_common(1)[0]
    plain = spellings[""]
    if plain >= _MOST * known:
        usual = ""
    elif times < _NEARLY_ALL * known:
        usual = "\0"  # no spelling is the column's own: only the number is
    middle = _middle([(n, values.counts[p]) for p, (n, unit) in parsed.items() if not unit])
    places, reasons, repairs = [], [], []
    for place, (number, unit) in parsed.items():
        if unit == usual or (usual == "\0" and not unit):
            continue
        places.append(place)
        reasons.append(_reason(values, place, unit, usual, spellings))
        clean = number.replace(",", "")
        repairs.append(_as_plain(clean, unit, middle) if usual in ("", "\0") else _with(clean, usual))
    chance = 0.9 if usual == "" else 0.8
    return by_value(values, FINDER, places, [chance] * len(places), reasons, repairs) if places else None


def _is_unit(unit: str) -> bool:
    short = len(unit.split()) <= 3 and (len(unit) >= 2 or unit in _ONE_LETTER)
    return not unit or (short and unit not in (".", "-"))


def _reason(values: Values, place: int, unit: str, usual: str, spellings: Counter[str]) -> str:
    text = values.texts[place]
    if usual == "\0":
        shown = ", ".join(repr(each) for each, _ in spellings.most_common(4) if each)
        return f"{values.name} {text!r} holds its unit, which the column spells in several ways ({shown})"
    if not usual:
        return f"{values.name} {text!r} has {unit!r}, {spellings['']:,} others are bare numbers"
    return (
        f"{values.name} {text!r} lacks the usual unit {usual!r}"
        if not unit
        else f"{values.name} {text!r} has {unit!r} for {usual!r}"
    )


def _middle(numbers: Sequence[tuple[str, int]]) -> float | None:
    sizes = sorted(abs(float(number.replace(",", ""))) for number, _ in numbers)
    return sizes[len(sizes) // 2] if sizes else None


def _as_plain(number: str, unit: str, middle: float | None) -> str:
    """The number alone; a percentage becomes a share where the bare numbers are shares."""
    value = abs(float(number))
    if unit != "%" or not middle or not value:
        return number
    as_share = value / 100
    if abs(math.log(as_share / middle)) < abs(math.log(value / middle)):
        return f"{float(number) / 100:g}"
    return number


def _with(number: str, unit: str) -> str:
    return unit + number if unit in "$€£¥" else f"{number}{unit}" if unit in "%°" else f"{number} {unit}"
