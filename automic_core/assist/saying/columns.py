"""The columns that words mean: by name, by what the values are, by type."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from functools import cached_property

import polars as pl

from automic_core import frames
from automic_core.assist.asking.words import name_words, stem
from automic_core.assist.saying.saying import Unclear
from automic_core.inference.codes import CURRENCIES
from automic_core.inference.personal import personal_data
from automic_core.transforms._keylike import is_identifier

_IDLE = frozenset(["a", "an", "the", "all", "each", "every", "any", "its", "their", "of", "column", "field", "value"])
_PERSONAL = {
    "email": "email", "mail": "email", "e-mail": "email", "phone": "phone", "telephone": "phone", "mobile": "phone",
    "name": "name", "person": "name", "address": "address", "iban": "iban", "ip": "ip", "card": "credit_card",
    "birthday": "birth_date", "birthdate": "birth_date",
}  # fmt: skip
_MONEY = frozenset(
    ["amount", "price", "total", "cost", "revenue", "fee", "salary", "balance", "sum", "value", "net", "gross", "tax"]
)
_DATES = frozenset(("date", "day", "time", "timestamp"))
_LOOKED = 5_000


class Columns:
    """The columns of some rows, found by what people call them.

    Args:
        rows: A typed frame; ``_`` columns are not found.
        keys: Columns that identify a row, if known.
    """

    def __init__(self, rows: pl.DataFrame, keys: Sequence[str] = ()) -> None:
        self.rows, self.keys = rows, [name for name in keys if name in rows.columns]
        self.names = frames.data_names(rows.columns)
        self._words = {name: name_words(name) for name in self.names}

    @cached_property
    def personal(self) -> dict[str, str]:
        """Column to the kind of personal data it holds."""
        return {each.column: each.kind for each in personal_data(self.rows.select(self.names).head(_LOOKED))}

    @property
    def texts(self) -> list[str]:
        """Text columns."""
        return [name for name in self.names if self.rows.schema[name] == pl.String]

    @property
    def numbers(self) -> list[str]:
        """Columns of measures: numbers that identify nothing."""
        kinds = self.rows.schema
        return [
            name
            for name in self.names
            if kinds[name].is_numeric() and not is_identifier(name, kinds[name]) and name not in self.keys
        ]

    @property
    def dates(self) -> list[str]:
        """Dates and timestamps."""
        return [name for name in self.names if self.rows.schema[name] in (pl.Date, pl.Datetime)]

    @property
    def money(self) -> list[str]:
        """Number columns called like an amount of money, or else text columns called so."""
        called = [name for name in self.names if set(self._words[name]) & _MONEY]
        return [name for name in called if name in self.numbers] or [name for name in called if name in self.texts]

    @cached_property
    def currencies(self) -> list[str]:
        """Text columns whose values are codes of currencies."""
        return [name for name in self.texts if self._coded(name)]

    def _coded(self, name: str) -> bool:
        codes = self.rows[name].drop_nulls().str.strip_chars().str.to_uppercase()
        return not codes.is_empty() and bool(codes.is_in(list(CURRENCIES)).mean() >= 0.9)  # type: ignore[operator]

    def one(self, said: str) -> str:
        """The one column that is meant.

        Raises:
            Unclear: None is, or several could be.
        """
        found = self.find(said)
        if len(found) == 1:
            return found[0]
        if found:
            raise Unclear(f"{said.strip()!r} could be {_either(found)}.", "Name the column.")
        raise self.nothing(said)

    def several(self, said: str) -> list[str]:
        """The columns that an enumeration means: "first name, last name and emails".

        Raises:
            Unclear: A part of it means none.
        """
        if self.find(said):
            return self._all(said)
        parts = [part for part in re.split(r"\s*(?:,|&|\band\b)\s*", said) if part.strip()]
        if len(parts) < 2:
            raise self.nothing(said)
        parts = self._shared(parts)
        return list(dict.fromkeys(name for part in parts for name in self._all(part)))

    def _all(self, said: str) -> list[str]:
        """All that a plural means; of a singular only one may be meant."""
        words = said.lower().split()
        if any(stem(word) != word or word in ("all", "every", "each", "any", "everything", "text") for word in words):
            return self.find(said) or [self.one(said)]
        return [self.one(said)]

    def _shared(self, parts: list[str]) -> list[str]:
        """ "first and last name": the last word is meant with each part that alone means nothing."""
        tail = parts[-1].split()[-1]
        return [part if self.find(part) else f"{part} {tail}" for part in parts]

    def nothing(self, said: str) -> Unclear:
        """What to say of words that mean no column."""
        near = difflib.get_close_matches(said.strip().lower(), [name.lower() for name in self.names], 1)
        hint = f"Did you mean {near[0]}?" if near else f"Columns: {', '.join(self.names[:12])}."
        return Unclear(f"There is no column that {said.strip()!r} means.", hint)

    def find(self, said: str) -> list[str]:
        """All columns that words mean; none if they mean none. A plural means all that fit, a singular the best."""
        text = said.strip().strip("`\"'").strip()
        if text in self.names:
            return [text]
        if same := [name for name in self.names if name.lower() == text.lower()]:
            return same
        raw = [word for word in re.split(r"[^\w@-]+", text.lower()) if word]
        words = tuple(word for part in raw if part not in _IDLE for word in name_words(part))
        if not words:
            return self.texts if set(raw) & {"all", "every"} else []
        if words in (("text",), ("string",), ("text", "column"), ("everything",)):
            return self.texts
        plural = any(stem(word) != word for word in raw)
        return self._named(words) or self._meant(words, plural=plural)

    def _named(self, words: tuple[str, ...]) -> list[str]:
        """By the words of their names: all of them, else all at the end, else all somewhere."""
        own = self._words
        named = [
            [name for name in self.names if own[name] == words or "".join(own[name]) == "".join(words)],
            [n for n in self.names if own[n][-len(words) :] == words or (words[1:] and own[n][: len(words)] == words)],
            [name for name in self.names if set(words) <= set(own[name])],
        ]
        return next((found for found in named if found), [])

    def _meant(self, words: tuple[str, ...], *, plural: bool) -> list[str]:
        """By what the values are."""
        if len(words) > 2:
            return []
        head = words[-1]
        found: list[str] = []
        if head in _PERSONAL:
            found = [name for name, kind in self.personal.items() if kind == _PERSONAL[head]]
        elif head in ("identifier", "id", "key") and len(self.keys) == 1:
            found = self.keys
        elif head in _MONEY or head == "money":
            found = self.money
        elif head in _DATES:
            found = self.dates
        elif head == "number" and plural:
            found = self.numbers
        return found


def _either(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) < 6 else f"one of {len(names)} columns"
