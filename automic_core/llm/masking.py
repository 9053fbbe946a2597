"""Values without their content, and values that should not be told at all."""

from __future__ import annotations

import re
from itertools import pairwise

from automic_core.inference.names import snake
from automic_core.inference.person_words import GIVEN_NAMES
from automic_core.inference.personal_tests import TESTS

_LONGEST = 24
_PARTS = re.compile(r"[\s,;<>()\[\]{}\"'=]+")
_WITHIN = {"email", "iban", "credit_card", "phone", "ip", "national_id"}
"""Kinds that are looked for inside a text too."""


def form_of(text: str) -> str:
    """The form of a text: A or a for a letter, 9 for a digit, other signs as they are, and no more than the beginning.

    Of small letters in a row at most four are told, so that not even the length of a word is.
    """
    shaped = "".join("9" if sign.isnumeric() else _letter(sign) for sign in text[:_LONGEST])
    return re.sub(r"(a{4})a+", r"\1", shaped) + ("…" if len(text) > _LONGEST else "")


def _letter(sign: str) -> str:
    if sign.isalpha():
        return "A" if sign.isupper() else "a"
    return sign if sign.isascii() and sign.isprintable() else "?"


def looks_personal(text: str) -> bool:
    """Whether a value by itself looks like something about a person, or holds something that does."""
    if any(test.alone is not None and test.alone(text) for test in TESTS):
        return True
    parts = [part.strip(".:!?") for part in _PARTS.split(text) if part]
    if any(part.lower() in GIVEN_NAMES for part in parts):
        return True
    return any(test.alone is not None and test.kind in _WITHIN and test.alone(part) for test in TESTS for part in parts)


def names_a_person(column: str) -> bool:
    """Whether the name of a column is itself a value: a file without a header gives its first record as names."""
    whole = (test for test in TESTS if test.alone is not None and (test.kind != "name" or " " in column.strip()))
    return any(test.alone(column) for test in whole if test.alone is not None)


def hinted(column: str) -> str:
    """The kind of personal data a column's name says it holds; empty if it says none."""
    parts = snake(column).split("_")
    words = {*parts, "".join(parts), *map("".join, pairwise(parts))}
    return next((test.kind for test in TESTS if words & test.hints and not words & test.against), "")
