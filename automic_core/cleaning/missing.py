"""Words and numbers that stand for a missing value."""

from __future__ import annotations

import re
from collections.abc import Sequence

from automic_core.cleaning.shapes import is_number
from automic_core.cleaning.table import MISSING, Values
from automic_core.cleaning.votes import Votes, by_value

FINDER = "missing"
_PLAIN = frozenset(
    (
        "n/a",
        "na",
        "n.a.",
        "n.a",
        "null",
        "nan",
        "#n/a",
        "#na",
        "<na>",
        "<null>",
        "\\n",
        "?",
        "??",
        "???",
        "-",
        "--",
        "---",
        "(null)",
        "(missing)",
        "missing",
        "not available",
        "not applicable",
        "not provided",
        "not specified",
        "tbd",
        "tba",
        "xxx",
        "undefined",
        "nil",
        "none",
        "unknown",
        "unk",
        "empty",
        "blank",
        "(blank)",
        "no data",
    )
)
_MEANT = frozenset(("none", "unknown", "unk", "nil", "-", "empty", "blank", "na"))
"""Also true values of some columns: no allergy, Namibia."""
_SENTINEL = re.compile(r"-?9{3,}(?:\.0+)?|-9{1,2}(?:\.0+)?")
_DATES = frozenset(("1900-01-01", "1970-01-01", "0001-01-01", "1899-12-30", "9999-12-31", "2999-12-31", "0000-00-00"))


def is_disguise(text: str) -> bool:
    """Whether the text is a word for "no value"."""
    return text.strip().casefold() in _PLAIN


def find(table: Sequence[Values]) -> list[Votes]:
    """Disguises, unless they are how this table writes a missing value: one word in several columns, no empty cell."""
    used = [{text.strip().casefold() for text in values.texts if is_disguise(text)} for values in table]
    words = set().union(*used) if used else set()
    empty = any(values.filled < values.rows for values in table)
    own = not empty and len(words) == 1 and sum(1 for each in used if each) > 1
    votes = []
    for values in table:
        found = {} if own else _words(values)
        found |= _sentinels(values)
        if found:
            chances = [chance for chance, _ in found.values()]
            reasons = [f"{values.name} {values.texts[p]!r} {why}" for p, (_, why) in found.items()]
            votes.append(by_value(values, FINDER, list(found), chances, reasons, [None] * len(found)))
    return votes


def _words(values: Values) -> dict[int, tuple[float, str]]:
    places = [place for place, text in enumerate(values.texts) if is_disguise(text)]
    if not places:
        return {}
    rows = int(sum(values.counts[p] for p in places))
    others = max(values.filled - rows, 1)
    numbers = sum(c for t, c in zip(values.texts, values.counts.tolist(), strict=True) if is_number(t)) / others
    short = all(len(text) <= 3 and text.isupper() for text in values.texts[:20])
    found = {}
    for place in places:
        meant = values.texts[place].strip().casefold() in _MEANT and numbers < 0.6
        chance = 0.3 if short and meant else 0.45 if meant else 0.9
        found[place] = (chance, "stands for a missing value" + (" in a column of numbers" if numbers >= 0.6 else ""))
    return found


def _sentinels(values: Values) -> dict[int, tuple[float, str]]:
    """Numbers such as -999 far from all others, and the first or last day of a calendar, where they recur."""
    found: dict[int, tuple[float, str]] = {}
    for place, text in enumerate(values.texts):
        bare = text.strip()
        if values.counts[place] < 2 or not (_SENTINEL.fullmatch(bare) or bare[:10] in _DATES):
            continue
        if bare[:10] in _DATES:
            if values.counts[place] >= 3 and values.counts[place] > 3 * float(
                values.counts[place + 1 :].mean() if place + 1 < len(values.texts) else 0
            ):
                found[place] = (0.7, "is a date that programs put where there is none")
            continue
        others = [float(t) for i, t in enumerate(values.texts) if i != place and is_number(t)]
        if len(others) >= max(5, 0.9 * (len(values.texts) - 1)):
            low, high, number = min(others), max(others), float(bare)
            apart = number < 0 <= low or number > 2 * high - low or number < 2 * low - high
            if apart:
                found[place] = (0.75, f"stands for a missing value; the others lie between {low:g} and {high:g}")
    return found


def missing_rows(values: Values) -> int:
    """Rows without a value."""
    return int((values.codes == MISSING).sum())
