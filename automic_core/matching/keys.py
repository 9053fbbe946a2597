"""Blocking keys: what two rows of the same thing are likely to share, as small numbers a row."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from automic_core.matching.fields import Field
from automic_core.matching.kinds import Kind

_SOUNDS = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556", "aeiouyhw")
_NOT_WORD = re.compile(r"[\W_]+")
_DOUBLED = re.compile(r"(.)\1+")
SEVERAL = 0.3
"""Share of rows with a name of several words from which the last one is a key."""
Shape = Callable[[pl.Series], pl.Series]
"""Texts as what they are blocked by."""


@dataclasses.dataclass
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

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each value."""
        return np.bincount(np.concatenate([codes[codes >= 0] for codes in self.entries]), minlength=1)

    def common(self, most: int) -> list[tuple[NDArray[np.int32], NDArray[np.bool_]]]:
        """The entries, each with the rows whose value more than ``most`` rows have."""
        if self._common is None:
            large = self.sizes > most
            self._common = [(codes, (codes >= 0) & large[codes]) for codes in self.entries]
        return self._common

    def bits(self, salt: int) -> list[NDArray[np.uint32]]:
        """The entries, each value as random bits: by these some values are drawn, alike in all rows.

        Args:
            salt: The bits of two keys that are combined come from two of these (tabulation hashing).
        """
        if salt not in self._bits:
            self._bits[salt] = [_mixed(codes, salt) for codes in self.entries]
        return self._bits[salt]

    _bits: dict[int, list[NDArray[np.uint32]]] = dataclasses.field(default_factory=dict, repr=False)
    _common: list[tuple[NDArray[np.int32], NDArray[np.bool_]]] | None = dataclasses.field(default=None, repr=False)


def _mixed(codes: NDArray[np.int32], salt: int) -> NDArray[np.uint32]:
    """Each number as 32 bits in which every bit depends on all of it (the finalizer of MurmurHash3)."""
    mixed = codes.view(np.uint32) * np.uint32(2) + np.uint32(salt + 1)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        mixed ^= mixed >> np.uint32(shift)
        mixed *= np.uint32(factor)
    return mixed ^ (mixed >> np.uint32(16))


def sound(text: str) -> str:
    """First letter and the consonants after it as groups that sound alike (a short form of Soundex)."""
    letters = _NOT_WORD.sub("", text)
    if not letters or not letters.isascii():
        return letters
    coded = letters[1:].translate(_SOUNDS)
    folded = _DOUBLED.sub(r"\1", coded)
    return letters[0] + folded[:4]


def _sorted(text: str) -> str:
    return text[:4] + "".join(sorted(text[4:]))


def _each(shape: Callable[[str], str]) -> Shape:
    return lambda texts: pl.Series([shape(text) for text in texts.to_list()], dtype=pl.String)


def _halves(size: int) -> list[tuple[str, Shape]]:
    return [("beginning", lambda texts: texts.str.slice(0, size)), ("end", lambda texts: "…" + texts.str.tail(size))]


def _turned(texts: pl.Series) -> pl.Series:
    """Names of several words by the last of them, as they sound."""
    return pl.Series(["…" + sound(text.split(" ")[-1]) if " " in text else "" for text in texts], dtype=pl.String)


def _street(texts: pl.Series) -> pl.Series:
    return texts.str.replace(r"^\W*\d+\w?\W+", "").str.slice(0, 7)


def _house(texts: pl.Series) -> pl.Series:
    return texts.str.extract(r"\d+", 0) + " " + texts.str.extract(r"[^\W\d_]{2}", 0)


def _before_host(texts: pl.Series) -> pl.Series:
    return texts.str.extract(r"^[^@]*", 0).str.replace_all(r"[\W\d_]+", "")


_LOOSE: dict[Kind, list[tuple[str, Shape]]] = {
    "name": [
        ("sound", _each(sound)),
        ("beginning", lambda texts: texts.str.slice(0, 3)),
        ("sound of the last word", _turned),
    ],
    "date": [
        ("year and month", lambda texts: texts.str.slice(0, 6)),
        ("month and day", lambda texts: texts.str.slice(4)),
        ("year and day", lambda texts: texts.str.slice(0, 4) + "…" + texts.str.slice(6)),
        ("sorted digits", _each(_sorted)),
    ],
    "code": _halves(4),
    "phone": _halves(6),
    "postcode": [],
    "category": [],
    "number": [],
    "email": [("letters before the host", _before_host)],
    "address": [("street", _street), ("house number", _house)],
    "text": [
        ("first word", lambda texts: texts.str.extract(r"^[^ ]*", 0)),
        ("last word", lambda texts: "…" + texts.str.extract(r"[^ ]*$", 0)),
    ],
}


def keys_of(fields: list[Field]) -> list[Key]:
    """All keys of a table; fields of names with common values share one, whatever the column they stand in."""
    with ThreadPoolExecutor(2) as pool:
        made = [key for keys in pool.map(_keys_of, fields) for key in keys]
    return made + _pooled([field for field in fields if field.kind == "name"])


def _keys_of(field: Field) -> list[Key]:
    made = [Key(field.name, frozenset({field.name}), [field.codes])]
    for label, shape in _LOOSE[field.kind]:
        codes = _coded(field, shape)
        if shape is not _turned or (codes >= 0).mean() > SEVERAL:
            made.append(Key(f"{field.name}: {label}", frozenset({field.name}), [codes]))
    return made


def _coded(field: Field, shape: Shape) -> NDArray[np.int32]:
    shaped = shape(pl.Series(field.values, dtype=pl.String))
    shaped = shaped.set(shaped.str.len_chars() < 2, None)
    by_value = (shaped.rank("dense").cast(pl.Int32) - 1).fill_null(-1).to_numpy()
    return np.where(field.codes >= 0, by_value[field.codes], -1).astype(np.int32)


def swappable(fields: list[Field]) -> list[tuple[Field, Field]]:
    """Pairs of name fields whose values are often found in the other."""
    names, found = [field for field in fields if field.kind == "name"], []
    for one, other in combinations(names, 2):
        common = set(one.values) & set(other.values)
        if all(field.share[[value in common for value in field.values]].sum() > 0.1 for field in (one, other)):
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
