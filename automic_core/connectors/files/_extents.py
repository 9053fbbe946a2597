"""Tables whose columns stand at fixed places of the line, padded with blanks: reports and listings as text."""

from __future__ import annotations

import re
from collections.abc import Sequence

_FEWEST_LINES, _LEAST = 8, 2
_ACROSS = 0.02


def extents(lines: Sequence[str]) -> tuple[int, ...]:
    """The places (characters from 0) at which columns begin; none if the lines do not show any.

    A line of dashes tells them; else a column begins behind blanks that nearly all lines have at one place, if the
    first line, which may name it, has text there: repeated values have blanks at the same places by chance.
    """
    ruler = next((line for line in lines if re.fullmatch(r" *[-=]+(?: +[-=]+)+ *", line)), None)
    if ruler is not None:
        starts = tuple(match.start() for match in re.finditer(r"[-=]+", ruler))
        return (0, *starts[1:])
    long = list(dict.fromkeys(line for line in lines if line.strip()))
    if len(long) < _FEWEST_LINES:
        return ()
    width = max(map(len, long))
    filled = [0] * (width + 1)
    for line in long:
        for place, mark in enumerate(line):
            filled[place] += mark != " "
    first = long[0].ljust(width)
    gap = [count <= _ACROSS * len(long) and mark == " " for count, mark in zip(filled, first, strict=False)]
    begun = [place for place in range(1, width) if gap[place - 1] and not gap[place] and not all(gap[:place])]
    named = tuple(at for at, end in zip(begun, [*begun, width][1:], strict=True) if first[at:end].strip())
    return (0, *named) if named else ()


def wide_gaps(lines: Sequence[str], starts: Sequence[int]) -> bool:
    """Whether there are two blanks or more before some column in nearly all lines: words have one between them."""
    reaching = [line for line in lines if line.strip()]
    return any(
        sum(not line[start - 2 : start].strip() for line in reaching) >= (1 - _ACROSS) * len(reaching)
        for start in starts[1:]
        if start >= _LEAST
    )


def split(line: str, starts: Sequence[int]) -> list[str]:
    """The fields of a line; the whole line as one if it has text where one column ends and the next begins."""
    if any(line[start - 1 : start].strip() for start in starts[1:]):
        return [line.strip()]
    return [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
