"""Blocking keys: what two rows of the same thing are likely to share, as small numbers a row."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automic_core.matching.fields import Field
from automic_core.matching.kinds import Kind

_SOUNDS = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556", "aeiouyhw")
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass
class Key:
    """One way to block.

    Attributes:
        name: "phone", or "phone: first half".
        fields: Fields it is made of; keys that share one are never combined.
        entries: One array of codes a row, -1 = none; several arrays where a row has several values.
    """

    name: str
    fields: frozenset[str]
    entries: list[NDArray[np.int32]]
    _common: list[tuple[NDArray[np.int32], NDArray[np.bool_]]] | None = field(default=None, repr=False)

    def common(self, most: int) -> list[tuple[NDArray[np.int32], NDArray[np.bool_]]]:
        """The entries, each with the rows whose value more than ``most`` rows have."""
        if self._common is None:
            there = [codes[codes >= 0] for codes in self.entries]
            sizes = np.bincount(np.concatenate(there), minlength=1) > most
            self._common = [(codes, (codes >= 0) & sizes[codes]) for codes in self.entries]
        return self._common

def sound(text: str) -> str:
    """First letter and the consonants after it as groups that sound alike (a short form of Soundex)."""
    letters = _NOT_WORD.sub("", text)
    if not letters or not letters.isascii():
        return letters
    coded = letters[1:].translate(_SOUNDS)
    folded = re.sub(r"(.)\1+", r"\1", coded)
    return letters[0] + folded[:4]


def _halves(size: int) -> list[tuple[str, Callable[[str], str]]]:
    return [("beginning", lambda text: text[:size]), ("end", lambda text: "…" + text[-size:])]


def _street(text: str) -> str:
    return re.sub(r"^\W*\d+\w?\W+", "", text)[:7]


def _house(text: str) -> str:
    number = re.search(r"\d+", text)
    letter = re.search(r"[^\W\d_]{2}", text)
    return f"{number.group()} {letter.group()}" if number and letter else ""


_LOOSE: dict[Kind, list[tuple[str, Callable[[str], str]]]] = {
    "name": [("sound", sound), ("beginning", lambda text: text[:3])],
    "date": [
        ("year and month", lambda text: text[:6]),
        ("month and day", lambda text: text[4:]),
        ("year and day", lambda text: text[:4] + "…" + text[6:]),
        ("sorted digits", lambda text: text[:4] + "".join(sorted(text[4:]))),
    ],
    "code": _halves(4),
    "phone": _halves(6),
    "postcode": [],
    "category": [],
    "number": [],
    "email": [("letters before the host", lambda text: re.sub(r"[\W\d_]+", "", text.split("@")[0]))],
    "address": [("street", _street), ("house number", _house)],
    "text": [("first word", lambda text: text.split(" ")[0]), ("last word", lambda text: "…" + text.split(" ")[-1])],
}


def keys_of(fields: list[Field]) -> list[Key]:
    """All keys of a table; fields of names with common values share one, whatever the column they stand in."""
    made = []
    for field in fields:
        made.append(Key(field.name, frozenset({field.name}), [field.codes]))
        for label, shape in _LOOSE[field.kind]:
            made.append(Key(f"{field.name}: {label}", frozenset({field.name}), [_coded(field, shape)]))
    return made + _pooled([field for field in fields if field.kind == "name"])


def _coded(field: Field, shape: Callable[[str], str]) -> NDArray[np.int32]:
    shaped = [shape(value) for value in field.values]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(shaped)) if len(text) > 1}
    by_value = np.array([numbers.get(text, -1) for text in shaped], np.int32)
    return np.where(field.codes >= 0, by_value[field.codes], -1).astype(np.int32)


def swappable(fields: list[Field]) -> list[tuple[Field, Field]]:
    """Pairs of name fields whose values are often found in the other."""
    names, found = [field for field in fields if field.kind == "name"], []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            common = np.isin(one.values, other.values)
            back = np.isin(other.values, one.values)
            if one.share[common].sum() > 0.1 and other.share[back].sum() > 0.1:
                found.append((one, other))
    return found


def _pooled(names: list[Field]) -> list[Key]:
    made = []
    for one, other in swappable(names):
        numbers = {text: number for number, text in enumerate([*one.values, *other.values])}
        entries = []
        for field in (one, other):
            by_value = np.array([numbers[text] for text in field.values], np.int32)
            entries.append(np.where(field.codes >= 0, by_value[field.codes], -1).astype(np.int32))
        made.append(Key(f"{one.name} or {other.name}", frozenset({one.name, other.name}), entries))
        both = np.minimum(*entries).astype(np.int64) * len(numbers) * 2 + np.maximum(*entries)
        both[(entries[0] < 0) | (entries[1] < 0)] = -1
        numbered = np.unique(both, return_inverse=True)[1]
        codes: NDArray[np.int32] = np.where(both < 0, -1, numbered).astype(np.int32)
        made.append(Key(f"{one.name} and {other.name}", frozenset({one.name, other.name}), [codes]))
    return made
