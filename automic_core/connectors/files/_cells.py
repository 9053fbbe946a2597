"""What a cell's text looks like: the evidence for a delimiter and for a header."""

from __future__ import annotations

import re
from functools import lru_cache

NUMBER, TIME, MARK, CODE, WORDS, PROSE, EMPTY, ODD = "number", "time", "mark", "code", "words", "prose", "empty", "odd"

_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?(?:\s?(?:z|utc|[+-]\d\d:?\d\d))?"
_DAY = (
    r"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ./][a-z]{3,9}\.?[- ./]\d{2,4}|[a-z]{3,9}\.? \d{1,2},? \d{4}"
    r"|[a-z]{3}[- ]\d{2,4}|\d{4}-\d{2})"
)
_KINDS = (
    (EMPTY, r"(?:n/?a|nan|null|none|nil|\\n|-+|\?)?"),
    (
        NUMBER,
        (
            r"[(]?[-+]?\s?(?:[$€£¥]|[a-z]{3} )?\s?[-+]?(?:\d{1,3}(?:[,.' \u00a0]\d{3})+|\d+|(?=[.,]\d))(?:[.,]\d*)?"
            r"(?:e[-+]?\d+)?\s?(?:[%‰$€£¥°]|[a-z]{3})?[)]?"
        ),
    ),
    (TIME, rf"{_DAY}(?:[t ,]+{_CLOCK})?|{_CLOCK}"),
    (
        MARK,
        (
            r"true|false|yes|no|[a-z][a-z0-9+.-]*://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\d{1,3}(?:\.\d{1,3}){3}"
            r"|\{.*\}|\[.*\]|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        ),
    ),
    (CODE, r"[^\W_]+(?:[-_./][^\W_]+)*"),
    (WORDS, r"[\w(#][\w .'\u2019()&/+°%#*-]*[?!]?"),
    (PROSE, r"[\w(#\"'][^\t|;]*"),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)
# How plain a cell is: text that still holds delimiters or quotes was probably cut in the wrong places.
WORTH = {NUMBER: 1.0, TIME: 1.0, MARK: 1.0, EMPTY: 0.9, CODE: 0.9, WORDS: 0.8, PROSE: 0.4, ODD: 0.1}

TYPED = frozenset({NUMBER, TIME, MARK})


@lru_cache(maxsize=20_000)
def kind(text: str) -> str:
    """The most specific kind of a cell."""
    text = text[:400].strip()
    return next((name for name, pattern in _PATTERNS if pattern.fullmatch(text)), ODD)
