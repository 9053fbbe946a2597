"""Values of another form than the rest of their column: "2001-5-1" among "5/1/2001", "x5957" among "35957"."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from automic_core.cleaning.missing import is_disguise
from automic_core.cleaning.shapes import bare, shape
from automic_core.cleaning.table import Values
from automic_core.cleaning.votes import Votes, by_value

FINDER, WRITING = "format", "writing"
"""A form the column does not have; and a usual value written otherwise, which the rest of its row cannot bear out."""
_FEWEST_ROWS = 20
_USUAL = 0.05
"""Share of rows from which a form is one of the column's own."""
_REGULAR = 0.9
"""Share of rows in usual forms from which a column has forms at all."""
_RARE = 0.05
_GROUPED, _BELOW_A_THOUSAND = re.compile(r"[+-]?\d{1,3}(?:[,.'\u2019 ]\d{3})+"), re.compile(r"[+-]?\d{1,3}")
_MARKS = re.compile(r"[^\w\s]|_")
_MONTH = re.compile(
    r"(?i)(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{1,4}|\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
)


def find(table: Sequence[Values]) -> list[Votes]:
    """Values of a rare form, and those written unlike the rest, in columns that have forms."""
    return [votes for values in table for votes in _column(values)]


def _column(values: Values) -> list[Votes]:
    forms = [shape(text) for text in values.texts]
    if values.texts and _GROUPED.fullmatch(
        values.texts[0]
    ):  # a number below a thousand has no mark, and is written like the others
        forms = [
            forms[0] if _BELOW_A_THOUSAND.fullmatch(text) else each
            for text, each in zip(values.texts, forms, strict=True)
        ]
    disguised = [is_disguise(text) for text in values.texts]
    rows: Counter[str] = Counter()
    for form, count, hidden in zip(forms, values.counts.tolist(), disguised, strict=True):
        if not hidden:
            rows[form] += count
    total = sum(rows.values())
    if total < _FEWEST_ROWS:
        return []
    usual = {form for form, count in rows.items() if count >= _USUAL * total}
    regular = sum(rows[form] for form in usual) / total
    if regular < (0.8 if total >= 200 else 0.95) or not usual:
        return []
    coded = any(_is_code(form) for form in usual)
    top, times = rows.most_common(1)[0]
    rewritable = _is_code(top) and times >= 0.6 * total
    skeletons = _skeletons(values, forms, top) if rewritable and len(rows) > 1 else {}
    found: dict[str, dict[int, tuple[float, str, str | None]]] = {FINDER: {}, WRITING: {}}
    for place, (text, form) in enumerate(zip(values.texts, forms, strict=True)):
        if disguised[place] or form == top:
            continue
        share = rows[form] / total
        verdict = None
        if rewritable and share < 0.4:
            verdict = _rewritten(text, top, skeletons)
        finder = FINDER if verdict is None else WRITING
        if verdict is None and _MONTH.fullmatch(text) and share <= 0.2 and "9" in top and "a" not in top.lower():
            verdict = (0.85, f"a date that a spreadsheet made of it; the others look like {top}", None)
        if verdict is None and coded and form not in usual and share <= _RARE and regular >= _REGULAR:
            chance = min(0.9, 0.55 + 4 * (regular - _REGULAR) - 5 * max(share - 0.005, 0))
            verdict = (chance, f"has the form {form}, {top} is usual ({times / total:.0%} of the values)", None)
        if verdict is not None:
            found[finder][place] = verdict
    return [_votes(values, finder, each) for finder, each in found.items() if each]


def _votes(values: Values, finder: str, found: dict[int, tuple[float, str, str | None]]) -> Votes:
    chances, reasons, repairs = zip(*found.values(), strict=True)
    sentences = [f"{values.name} {_quoted(values.texts[p])} {r}" for p, r in zip(found, reasons, strict=True)]
    return by_value(values, finder, list(found), chances, sentences, repairs)


def _is_code(form: str) -> bool:
    """Whether a form is more than words: digits in it."""
    return "9" in form


def _skeletons(values: Values, forms: Sequence[str], top: str) -> dict[str, str]:
    """Letters and digits of the usual form without marks, to an example of how it is written."""
    known: dict[str, Counter[str]] = defaultdict(Counter)
    for text, form, count in zip(values.texts, forms, values.counts.tolist(), strict=True):
        if form == top:
            known[bare(text)][_layout(text)] += count
    return {skeleton: layouts.most_common(1)[0][0] for skeleton, layouts in known.items()}


def _layout(text: str) -> str:
    return "".join("#" if sign.isalnum() else sign for sign in text)


def _worded(text: str) -> bool:
    """Whether there are words in it, whose lengths say nothing of where marks belong."""
    return re.search(r"[^\W\d_]{4,}", text) is not None


def _laid_out(text: str, layout: str) -> str | None:
    """The signs of a text with the marks of another; None if its own marks part the signs otherwise.

    Day, month and year may stand in another order: of those only what can be read in one way is turned around.
    """
    mine, theirs = (re.findall(r"[^\W_]+" if each is text else "#+", each) for each in (text, layout))
    if len(mine) > 1 and [len(part) for part in mine] != [len(part) for part in theirs]:
        turned = [len(part) for part in mine] == [2, 2, 4] and [len(part) for part in theirs] == [4, 2, 2]
        first, second, year = mine if turned and "".join(mine).isdigit() else ("", "", "")
        if first > "12" >= second > "00":
            mine = [year, second, first]
        elif second > "12" >= first > "00":
            mine = [year, first, second]
        else:
            return None
    signs = iter("".join(mine))
    return "".join(next(signs) if sign == "#" else sign for sign in layout)


def _rewritten(text: str, top: str, skeletons: dict[str, str]) -> tuple[float, str, str | None] | None:
    """A value that becomes usual if only its marks are written as usual, or if text around it is cut off."""
    signs = [sign for sign in text if sign.isalnum()]
    layout = skeletons.get(bare(text))
    if layout is not None and len(signs) >= 5 and layout != _layout(text) and len(top) > 1 and not _worded(text):
        return 0.85, f"is written unlike the others, which look like {top}", _laid_out(text, layout)
    if _MARKS.sub("#", shape(text)) == _MARKS.sub("#", top) and "#" in _MARKS.sub("#", top):
        return 0.85, f"has other marks than the others, which look like {top}", None
    if len(top) >= 5:
        inside = re.search(_regex(top), text)
        if inside is not None and inside.group() != text and shape(inside.group()) == top:
            return 0.85, f"has more around it than the others, which look like {top}", inside.group()
    return None


def _regex(form: str) -> str:
    parts = re.findall(r"Aa|A|a|9| |.", form)
    kinds = {"Aa": "[A-Z][a-z]+", "A": "[A-Z]+", "a": "[a-z]+", "9": r"\d+", " ": r"\s+"}
    return r"(?<!\w)" + "".join(kinds.get(part, re.escape(part)) for part in parts)


def _quoted(text: str) -> str:
    return f"{text[:60]!r}{'…' if len(text) > 60 else ''}"
