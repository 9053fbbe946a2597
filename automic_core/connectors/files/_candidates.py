"""The dialects that are worth a try on a sample of a delimited file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from automic_core.connectors.files._extents import extents
from automic_core.connectors.files._grammar import Dialect, is_rule

PRIOR = {",": 1.0, ";": 1.0, "\t": 1.0, "|": 1.0, "  ": 0.9, ":": 0.7, " ": 0.55}
ODD_PRIOR = 0.7
# Stands for a file of one column where every usual mark occurs in its texts.
ABSENT = "\x1f"
_LINES = 300
_MOST = 0.9
# Marks that stand inside values far more often than between them.
_INSIDE = frozenset("\"'\\./-_()[]{}<>@+%$?!`*")


def prior(mark: str) -> float:
    """How often a mark is a delimiter, next to others; one written twice is as likely as once."""
    return PRIOR.get(mark) or PRIOR.get(mark[:1] if mark == 2 * mark[:1] else mark, ODD_PRIOR)


def candidates(
    data: bytes, given: Dialect, delimiter: str | None, quotechar: str | None, escapechar: str | None
) -> Iterator[Dialect]:
    """Every dialect that the sample suggests; what is given is taken as it is.

    Args:
        data: The sample as UTF-8.
        given: What is settled: encoding and header.
        quotechar: "" = nothing is quoted.
        escapechar: "" = nothing is escaped.
    """
    quotes = (
        [quotechar or None]
        if quotechar is not None
        else ['"', *_single_quotes(data), *([None] if b'"' in data else [])]
    )
    text = data.decode("utf-8", "replace")
    lines = [line for line in text.splitlines()[:_LINES] if line.strip()]
    ruled = any(is_rule(line.encode()) for line in lines)
    if delimiter is None and not quotechar and not escapechar and (places := extents(lines)):
        yield replace(given, delimiter=" ", quotechar=None, extents=places, ruled=ruled)
    for quote in quotes:
        for mark in [delimiter] if delimiter else _delimiters(text, lines):
            escapes: list[str | None] = [escapechar or None] if escapechar is not None else [None]
            if escapechar is None:
                escapes += [sign for sign in ("\\", "\0") if sign + mark in text or (quote and sign + quote in text)]
            edged = mark == "|" and _edged(lines)
            for escape in escapes:
                base = replace(given, delimiter=mark, quotechar=quote, escapechar=escape, ruled=ruled, edged=edged)
                yield base
                if mark + " " in text or not mark.strip(" "):
                    yield replace(base, skip_blanks=True)


def _single_quotes(data: bytes) -> list[str]:
    return ["'"] if re.search(rb"(?:^|[,;\t| ])'(?:[^'\r\n]|'')*'(?:[,;\t| \r]|$)", data, re.MULTILINE) else []


def _delimiters(text: str, lines: list[str]) -> list[str]:
    """The usual marks that occur, also doubled, any other found in most lines, and one that does not occur.

    That one stands for a file of one column, whose first line, as its name, rarely holds a mark.
    """
    common = Counter(mark for line in lines for mark in set(line) if not mark.isalnum() and mark not in _INSIDE)
    odd = [mark for mark, count in common.items() if count > 0.7 * len(lines) and mark not in PRIOR]
    found = [mark for mark in PRIOR if mark in text]
    doubled = [mark * 2 for mark in (*found, *odd) if mark != " " and len(mark) == 1 and _doubled(mark, lines)]
    first = next((line for line in lines if not line.startswith(("#", "//"))), "")
    marked = "," in text and any(mark in first for mark in ",;\t|")
    absent = [] if marked else [next((mark for mark in ",;\t|" if mark not in text), ABSENT)]
    odd += [mark for mark in _INSIDE - {'"', "'", "\\"} if _regular(mark, first, lines)]
    return [*absent, *doubled, *found, *(mark for mark in odd if mark.isprintable())]


def _doubled(mark: str, lines: list[str]) -> bool:
    """Whether a mark stands in pairs only, and in nearly every line."""
    runs = [run for line in lines for run in re.findall(f"{re.escape(mark)}+", line)]
    return all(len(run) % 2 == 0 for run in runs) and sum(mark in line for line in lines) > _MOST * len(lines)


def _regular(mark: str, first: str, lines: list[str]) -> bool:
    """Whether nearly every line has a mark as often as the first one, where names stand, which has it too."""
    count = first.count(mark)
    return count > 0 and sum(line.count(mark) == count for line in lines) > _MOST * len(lines)


def _edged(lines: list[str]) -> bool:
    """Whether nearly every line with bars inside has one at either end too."""
    barred = [line.strip() for line in lines if "|" in line]
    both = sum(line.startswith("|") and line.endswith("|") and len(line) > 1 for line in barred)
    return both > _MOST * len(barred)
