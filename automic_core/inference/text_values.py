"""Values inside a text, each with its place: dates, numbers, addresses of the net, codes; in one plain form each."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from automic_core.inference.codes import CURRENCIES
from automic_core.inference.personal_spans import personal_spans

Kind = Literal[
    "text", "identifier", "integer", "decimal", "percent", "date", "email", "url", "phone", "iban", "currency"
]
KINDS: tuple[Kind, ...] = (
    "text", "identifier", "integer", "decimal", "percent", "date", "email", "url", "phone", "iban", "currency",
)  # fmt: skip

_NUMERIC = re.compile(r"\b(\d{1,4})([-/.])(\d{1,2})\2(\d{2,4})\b(?!\2?\d)")
_MONTHS = {
    name.lower(): n for each in (calendar.month_name, calendar.month_abbr) for n, name in enumerate(each) if name
}
_FOREIGN = """
    1 januar januari janvier enero gennaio janeiro stycznia styczen 2 februar februari fevrier febrero febbraio
    fevereiro lutego 3 marz maart mars marzo marco marca 4 avril abril aprile kwietnia 5 mai mei mayo maggio
    maio maja 6 juni juin junio giugno junho czerwca 7 juli juillet julio luglio julho lipca 8 augustus aout
    agosto sierpnia 9 septembre septiembre settembre setembro wrzesnia 10 oktober octobre octubre ottobre
    outubro pazdziernika 11 novembre noviembre novembro listopada 12 dezember decembre diciembre dicembre
    dezembro grudnia
    """
_month = 0
for _word in _FOREIGN.split():
    if _word.isdigit():
        _month = int(_word)
    else:
        _MONTHS[_word] = _month
_PLAIN = str.maketrans(
    "\u00e1\u00e0\u00e2\u00e4\u00e9\u00e8\u00ea\u00fb\u00fc\u00e7\u0144\u015b\u017a", "aaaaeeeuucnsz"
)
_LETTERS = "[A-Za-z\u00c0-\u017f]"
_WRITTEN = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[ -](?:of |de )?(?P<month>{_LETTERS}{{3,12}})\.?,?"
    r"[ -](?:de )?(?P<year>\d{4})|"
    rf"(?P<month2>{_LETTERS}{{3,12}})\.?[ -](?P<day2>\d{{1,2}})(?:st|nd|rd|th)?,?[ -](?P<year2>\d{{4}}))\b"
)
_NUMBER = re.compile(
    r"(?<![\w.,/-])[-+\u2212]?(?:\d{1,3}(?:(?P<group>[.,' \u00a0\u202f])\d{3})(?:(?P=group)\d{3})*(?!\d)|"
    r"\d+)(?:[.,]\d+)?(?![\w/]|[.,-]\d)"
)
_PERCENT = re.compile(r"\s?%")
_TOKEN = re.compile(r"(?<![\w/-])(?=[\w/-]*\d)[A-Za-z0-9](?:[\w./-]*\w)?")
_MONEY = re.compile(rf"\b(?:{'|'.join(sorted(CURRENCIES))})\b|[€$£¥]|\bz\u0142\b")
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "z\u0142": "PLN"}
_SEGMENT = re.compile(r"\S+(?: \S+)*")


@dataclass(frozen=True)
class Value:
    """A value in a text.

    Attributes:
        start, end: Characters of the text, ``end`` excluded.
        value: In its plain form: an ISO day, a number as 1234.5, a currency's code; else as it stands.
    """

    start: int
    end: int
    value: str


@dataclass(frozen=True)
class Style:
    """How one text writes what could be read in two ways; None = it does not tell.

    Attributes:
        day_first: Whether 03/04/2024 is the third of April.
        mark: The decimal mark.
    """

    day_first: bool | None
    mark: str | None


def style_of(text: str) -> Style:
    """How a text writes days and numbers, by those that can be read in one way only."""
    orders = set()
    for match in _NUMERIC.finditer(text):
        first, second = int(match[1]), int(match[3])
        if len(match[1]) <= 2 and match[2] != ".":
            orders |= {True} if first > 12 else set()
            orders |= {False} if second > 12 else set()
    marks = {",": 0, ".": 0}
    for match in _NUMBER.finditer(text):
        if tail := re.search(r"([.,])(\d+)$", match.group()):
            sure = len(tail[2]) != 3 or match.group()[: tail.start()].count(tail[1]) == 0 < len(match["group"] or "")
            marks[tail[1]] += 1 if sure and match["group"] != tail[1] else 0
    mark = max(marks, key=marks.__getitem__) if marks["."] != marks[","] else None
    return Style(orders.pop() if len(orders) == 1 else None, mark)


def values_of(kind: Kind, text: str, style: Style | None = None) -> list[Value]:
    """All values of a kind in a text, in order; what can be read in two ways, and nothing tells which, is left out."""
    style = style or style_of(text)
    if kind == "date":
        return list(_dates(text, style))
    if kind in ("decimal", "integer", "percent"):
        found = [each for each in _numbers(text, style) if (kind == "percent") is bool(_PERCENT.match(text, each.end))]
        return [each for each in found if kind != "integer" or "." not in each.value]
    if kind in ("email", "url", "phone", "iban"):
        return [Value(each.start, each.end, each.text) for each in personal_spans(text, [kind])]
    if kind == "currency":
        return [Value(*m.span(), _SIGNS.get(m.group(), m.group())) for m in _MONEY.finditer(text)]
    pattern = _TOKEN if kind == "identifier" else _SEGMENT
    return [Value(*match.span(), match.group()) for match in pattern.finditer(text)]


def read(kind: Kind, text: str, style: Style) -> str | None:
    """A piece of text as a value of a kind in its plain form; None if it is none."""
    plain = text.strip()
    whole = [each for each in values_of(kind, plain, style) if each.end - each.start >= len(plain.strip(" $€£¥%.:,"))]
    if kind in ("text", "identifier"):
        return plain or None
    if kind in ("decimal", "integer", "percent") and not whole:
        inner = list(_numbers(re.sub(r"[$€£¥%]|\b[A-Z]{3}\b", " ", plain).strip(), style))
        inner = [each for each in inner if kind != "integer" or "." not in each.value]
        return inner[0].value if len(inner) == 1 and not re.search(r"[A-Za-z]{4,}", plain) else None
    return whole[0].value if len(whole) == 1 else None


def _dates(text: str, style: Style) -> Iterator[Value]:
    found = []
    for match in _NUMERIC.finditer(text):
        day = _ordered(match[1], match[3], match[4], match[2], style)
        if day is not None:
            found.append(Value(*match.span(), day.isoformat()))
    for match in _WRITTEN.finditer(text):
        name = (match["month"] or match["month2"]).lower().translate(_PLAIN)
        month = _MONTHS.get(name)
        day = _day(int(match["year"] or match["year2"]), month, int(match["day"] or match["day2"])) if month else None
        if day is not None:
            found.append(Value(*match.span(), day.isoformat()))
    yield from sorted(found, key=lambda each: each.start)


def _ordered(one: str, two: str, three: str, mark: str, style: Style) -> date | None:
    if len(one) == 4:
        return _day(int(one), int(two), int(three)) if len(three) <= 2 else None
    if len(three) not in (2, 4) or len(one) > 2:
        return None
    year = int(three) if len(three) == 4 else 2000 + int(three)
    first, second = int(one), int(two)
    day_first = True if mark == "." or first > 12 else False if second > 12 else style.day_first
    if day_first is None:
        return _day(year, first, second) if first == second else None
    return _day(year, second, first) if day_first else _day(year, first, second)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _numbers(text: str, style: Style) -> Iterator[Value]:
    days = [match.span() for match in _NUMERIC.finditer(text)]
    for match in _NUMBER.finditer(text):
        if any(start < match.end() and match.start() < end for start, end in days):
            continue
        value = _plain(match.group(), style)
        if value is not None:
            yield Value(*match.span(), value)


def _plain(text: str, style: Style) -> str | None:
    """A number as 1234.5; None if a mark could be of decimals or of thousands and nothing tells which."""
    bare = text.replace("\u2212", "-").lstrip("+")
    marks = [sign for sign in bare if sign in ".,"]
    bare = re.sub(r"[' \u00a0\u202f]", "", bare)
    if not marks:
        return bare
    last = marks[-1]
    tail = bare.rpartition(last)[2]
    if len(set(marks)) == 2:
        mark: str | None = last
    elif len(marks) > 1:
        mark = None  # 1.234.567: all of them part thousands
    elif len(tail) == 3:
        if style.mark is None:
            return None
        mark = last if style.mark == last else None
    else:
        mark = last
    whole = bare if mark is None else bare.rpartition(mark)[0]
    return re.sub(r"[.,]", "", whole) + ("" if mark is None else f".{tail}")
