"""Figures, times and foreign text as people read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")
_LINK = re.compile(r"(?<=\w)@(?=\w)|://|\bwww(?=\.)", re.IGNORECASE)
_JOINER = "\u2060"  # invisible; where it stands no address is recognised
_LIMIT = 300
_KINDS = (("u?int\\d*|long", "integer"), ("float\\d*|double", "float"), ("string", "text"), ("struct", "nested"))


def plain(text: object) -> str:
    """Any text for Markdown: nothing in it is markup or a link, and it is one line of bearable length."""
    one_line = " ".join(str(text).split())
    short = one_line if len(one_line) <= _LIMIT else one_line[:_LIMIT] + "…"
    return _SPECIAL.sub(r"\\\1", _LINK.sub(lambda found: found[0][:1] + _JOINER + found[0][1:], short))


def code(text: object) -> str:
    """A name in monospace for Markdown; marks inside it are shown, and cannot end it."""
    one_line = " ".join(str(text).split())
    short = one_line if len(one_line) <= _LIMIT else one_line[:_LIMIT] + "…"
    fence = "`" * (max(map(len, re.findall("`+", short)), default=0) + 1)
    room = " " if "`" in short else ""
    return f"{fence}{room}{short}{room}{fence}" if short else ""


def on_badge(text: object) -> str:
    """The same for ``st.badge``, which escapes square brackets itself: twice would be a bracket that closes it."""
    return plain(text).replace("\\[", "[").replace("\\]", "]")


def whole(text: str) -> int | None:
    """The number a link says, as far as a row, a state or a place in a list can have it; None if it says none.

    Ids of states fill 63 bits.
    """
    return number if re.fullmatch(r"[0-9]{1,19}", text) and (number := int(text)) < 1 << 63 else None


def count(number: int | None, thing: str, things: str = "") -> str:
    """A number with its noun: "1 row", "2,340 rows", "? rows"."""
    if number is None:
        return f"? {things or thing + 's'}"
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def when(moment: datetime | None) -> str:
    """How long ago; "never" for None."""
    if moment is None:
        return "never"
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (datetime.now(UTC) - aware).total_seconds()
    if seconds < 60:
        return "just now"
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{count(int(seconds // size), unit)} ago"
    return "just now"


def exact(moment: datetime | None) -> str:
    """The exact time, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def duration(seconds: float | None) -> str:
    """A stretch of time: "0.4 s", "3 min 20 s"."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def size(number: int | None) -> str:
    """Bytes in a unit that reads well."""
    if number is None:
        return "?"
    value, units = float(number), ("B", "kB", "MB", "GB", "TB")
    for unit in units:
        if value < 1000 or unit == units[-1]:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable: the last unit always returns")


def kind(name: str) -> str:
    """A column's type as the Schema page calls it: "text" for String, "decimal" for Decimal(12, 2)."""
    bare = name.partition("(")[0].lower()
    return next((said for form, said in _KINDS if re.fullmatch(form, bare)), bare)


def streamed(pieces: Iterable[str]) -> Iterator[str]:
    """Pieces of a text as they come, none of them markup; unlike ``plain`` blanks and lines stay as they are."""
    for piece in pieces:
        yield _SPECIAL.sub(r"\\\1", piece)
