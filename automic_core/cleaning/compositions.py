"""Columns put together from others: "al_hf-1" from "al" and "hf-1"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from automic_core.cleaning.table import MISSING, Numbers, Values

_SAMPLE, _FEWEST_ROWS, _MOSTLY, _FEWEST_TEXTS = 300, 20, 0.8, 5


@dataclass(frozen=True)
class Composition:
    """How one column is made of others.

    Attributes:
        right: Place of the column that is made.
        parts: Places of the columns it is made of.
        template: Its text, with the place of a part between NUL signs.
        share: Share of rows that follow it.
    """

    right: int
    parts: tuple[int, ...]
    template: str
    share: float

    def expected(self, table: Sequence[Values]) -> list[str | None]:
        """The text that each row should have; None where a part is missing."""
        made: list[str | None] = []
        for row in range(table[self.right].rows):
            text: str | None = self.template
            for part in self.parts:
                code = table[part].codes[row]
                text = None if code == MISSING or text is None else text.replace(_mark(part), table[part].texts[code])
            made.append(text)
        return made


def find(table: Sequence[Values]) -> Iterator[Composition]:
    """Columns that are made of others in at least four rows of five."""
    for right, values in enumerate(table):
        if len(values.texts) < _FEWEST_TEXTS or max(map(len, values.texts[:100])) < 3:
            continue
        rows = np.flatnonzero(values.codes != MISSING)
        rows = rows[:: max(len(rows) // _SAMPLE, 1)]
        if len(rows) < _FEWEST_ROWS:
            continue
        parts = tuple(part for part, other in enumerate(table) if part != right and _inside(other, values, rows))
        template = _template(table, right, parts, rows) if parts else None
        if template is not None:
            found = Composition(right, tuple(p for p in parts if _mark(p) in template), template, 0.0)
            share = _share(found, table)
            if share >= _MOSTLY and found.parts:
                yield Composition(right, found.parts, template, share)


def _inside(part: Values, whole: Values, rows: Numbers) -> bool:
    if len(part.texts) < 2:
        return False
    both = [
        (part.texts[p], whole.texts[w])
        for p, w in zip(part.codes[rows].tolist(), whole.codes[rows].tolist(), strict=True)
        if p != MISSING
    ]
    hits = sum(len(p) >= 2 and len(p) < len(w) and p in w for p, w in both)
    return len(both) >= _FEWEST_ROWS and hits >= _MOSTLY * len(both)


def _template(table: Sequence[Values], right: int, parts: Sequence[int], rows: Numbers) -> str | None:
    """The form most rows have once the values of the parts are taken out, the longest first."""
    forms: Counter[str] = Counter()
    for row in rows.tolist():
        text = table[right].texts[table[right].codes[row]]
        codes = [(part, int(table[part].codes[row])) for part in parts]
        present = [(part, table[part].texts[code]) for part, code in codes if code != MISSING]
        for part, value in sorted(present, key=lambda each: -len(each[1])):
            text = text.replace(value, _mark(part), 1)
        forms[text] += 1
    form, times = forms.most_common(1)[0]
    return form if times >= _MOSTLY * len(rows) else None


def _share(composition: Composition, table: Sequence[Values]) -> float:
    """Share of rows that follow, of those for which not the most frequent text is expected: that one tells nothing."""
    values = table[composition.right]
    pairs = [
        (m, values.texts[c]) for m, c in zip(composition.expected(table), values.codes, strict=True) if m and c >= 0
    ]
    usual = Counter(made for made, _ in pairs).most_common(1)
    telling = [made == text for made, text in pairs if made != usual[0][0]]
    return sum(telling) / len(telling) if len(telling) >= _FEWEST_ROWS else 0.0


def _mark(part: int) -> str:
    return f"\0{part}\0"
