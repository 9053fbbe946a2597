"""The shape of a text: runs of digits, capitals and small letters, and the marks between them."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_PARTS = re.compile(r"[^\W\d_]+|\d+|\s+|.", re.DOTALL)


def _case(run: str) -> str:
    return "A" if run.isupper() else "a"


def shape(text: str) -> str:
    """Runs in short: "Main St. 12" is "Aa Aa. 9"; any plain number is "9"."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return "9"
    parts = _PARTS.findall(text)
    return "".join(_short(part) for part in parts)


def _short(part: str) -> str:
    if part[0].isdigit():
        return "9"
    if part[0].isspace():
        return " "
    if part[0].isalpha():
        return "Aa" if part[0].isupper() and part[1:].islower() and len(part) > 1 else _case(part)
    return part


def bare(text: str) -> str:
    """Each sign by its kind, marks and blanks left out: "2001-1234" and "20011234" are both "99999999"."""
    return "".join("9" if sign.isdigit() else "a" for sign in text if sign.isalnum())


def has_letters(text: str) -> bool:
    """Whether there is a letter."""
    return any(sign.isalpha() for sign in text)


def is_number(text: str) -> bool:
    """Whether the text is a plain number, one that squared still fits a double."""
    return _NUMBER.fullmatch(text.strip()) is not None and abs(float(text)) < 1e150
