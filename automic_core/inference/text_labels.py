"""The value that belongs to a label in a text laid out in lines: at its right, or below it in the same column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from automic_core.inference.names import snake
from automic_core.inference.text_values import Kind, Style, Value, style_of, values_of

_BELOW, _ASIDE = 3, 14
_STRANGE: dict[str, int] = {"date": 12, "decimal": 3, "integer": 3, "percent": 3, "identifier": 2, "currency": 12}
"""Letters between a label and its value that may still be a word of the label."""
_IGNORED = re.compile(r"[\s:.#\u2116$€£¥*=()|-]|\b[A-Z]{3}\b|\b(?:no|nr|number|is|of|the)\b", re.IGNORECASE)
_SAME = {
    "number": ("number", "no", "nr", "num", "#", "id"),
    "no": ("no", "number", "nr", "#"),
    "nr": ("nr", "no", "number", "#"),
    "id": ("id", "no", "number", "#"), "date": ("date", "dated"),
    "phone": ("phone", "telephone", "tel"),
    "email": ("email", "e-mail", "mail"), "amount": ("amount", "total"), "vat": ("vat", "tax"), "tax": ("tax", "vat"),
}  # fmt: skip
_ALONE = frozenset(("email", "url", "phone", "iban"))


@dataclass(frozen=True)
class Found:
    """A value with its place.

    Attributes:
        value: In its plain form.
        label: The label that it belongs to; empty if it was the only one of its kind.
    """

    start: int
    end: int
    value: str
    label: str


@dataclass(frozen=True)
class _Place:
    line: int
    left: int
    right: int


class Layout:
    """A text with its lines, for looking up places."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.style: Style = style_of(text)
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._known: dict[Kind, list[Value]] = {}

    def place(self, start: int, end: int) -> _Place:
        """Line and columns of a piece of the text."""
        line = sum(begin <= start for begin in self._starts[1:])
        return _Place(line, start - self._starts[line], end - self._starts[line])

    def values(self, kind: Kind) -> list[Value]:
        """The values of a kind."""
        if kind not in self._known:
            self._known[kind] = values_of(kind, self.text, self.style)
        return self._known[kind]


def labels_of(name: str) -> list[str]:
    """Labels that a field's own name suggests: ``invoice_number`` → "invoice number", "invoice no", "invoice #" …"""
    words = [word for word in snake(name).split("_") if word]
    if not words:
        return []
    return list(dict.fromkeys(" ".join([*words[:-1], last]) for last in _SAME.get(words[-1], (words[-1],))))


def find(layout: Layout, name: str, kind: Kind, labels: Sequence[str] = (), pattern: str = "") -> Found | None:
    """The value of a field in a text; None if nothing there says which it is.

    Args:
        layout: The text.
        name: The field's name, a label of its own if none is given.
        kind: What is looked for.
        labels: Words before or above the value, the best first.
        pattern: A regular expression that the value must match as a whole; its first group is the value, if it has one.
    """
    known = layout.values(kind) if not pattern else _matching(layout.text, pattern)
    if kind == "text" and not pattern:
        return _rest(layout, labels or labels_of(name))
    best: tuple[tuple[float, ...], Found] | None = None
    for rank, label in enumerate(labels or labels_of(name)):
        for match in _label(label).finditer(layout.text):
            at = layout.place(*match.span())
            for each in known:
                if each.start < match.end() and match.start() < each.end:
                    continue
                cost = _cost(layout, at, match.end(), each, kind)
                if cost is None:
                    continue
                later = -each.start if kind == "decimal" else each.start  # totals stand below their parts
                order = (rank, cost // 10, later)
                if best is None or order < best[0]:
                    best = order, Found(each.start, each.end, each.value, match.group().strip())
        if best is not None:
            return best[1]
    alone = {each.value for each in known}
    if (kind in _ALONE or pattern) and len(alone) == 1:
        return Found(known[0].start, known[0].end, known[0].value, "")
    return None


def _matching(text: str, pattern: str) -> list[Value]:
    group = 1 if re.compile(pattern).groups else 0
    return [Value(*match.span(group), match.group(group)) for match in re.finditer(pattern, text) if match.group(group)]


def _label(label: str) -> re.Pattern[str]:
    words = r"\s{0,2}".join(re.escape(part) for part in label.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


def _cost(layout: Layout, at: _Place, behind: int, value: Value, kind: Kind) -> float | None:
    """How far a value stands from a label; None if it cannot belong to it."""
    place = layout.place(value.start, value.end)
    if place.line == at.line and value.start >= behind:
        between = layout.text[behind : value.start]
        if kind in ("decimal", "integer", "percent"):  # other numbers may stand between, the last one is the result
            between = re.sub(r"[\d.,%]", " ", between)
        strange = len(_IGNORED.sub("", between))
        return None if strange > _STRANGE.get(kind, 0) else strange * 3 + len(between) * 0.02
    down = place.line - at.line
    if 1 <= down <= _BELOW and place.left <= at.right + _ASIDE and place.right >= at.left - 2:
        return 40 * down + abs(place.left - at.left)
    return None


def _rest(layout: Layout, labels: Sequence[str]) -> Found | None:
    """What stands behind a label up to the next gap or the end of the line; or below it."""
    for label in labels:
        for match in _label(label).finditer(layout.text):
            behind = re.compile(r"[ \t]*[:.#=-]+[ \t]*(\S+(?: \S+)*)").match(layout.text, match.end())
            if behind is not None:
                return Found(*behind.span(1), behind[1], match.group())
            at = layout.place(*match.span())
            for each in layout.values("text"):
                place = layout.place(each.start, each.end)
                if place.line == at.line + 1 and abs(place.left - at.left) <= 2:
                    return Found(each.start, each.end, each.value, match.group())
    return None
