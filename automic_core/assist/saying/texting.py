"""Clauses about the letters of a text: cleaning, and taking it apart."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import polars as pl

from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.saying import Unclear, Wish
from automic_core.assist.saying.terms import bare

TEXT = (
    r"(?:trim|strip|lower-?(?: ?case)?|upper-?(?: ?case)?|title-? ?case|capitali[sz]e|collapse|"
    r"(?:remove|strip) accents|normali[sz]e)"
)
_SEPARATORS = (", ", ",", ";", "|", " / ", "/", " - ", ":", "@", "\t", "_", "-", " ")
_WORDS = {
    "comma": ",", "space": " ", "spaces": " ", "blank": " ", "blanks": " ", "dash": "-", "hyphen": "-", "slash": "/",
    "semicolon": ";", "colon": ":", "tab": "\t", "pipe": "|", "underscore": "_", "dot": ".", "at": "@", "at sign": "@",
}  # fmt: skip
_MOST_PARTS, _SURE = 6, 0.6


def cleaned(operations: str, what: str, columns: Columns) -> list[Wish]:
    """Trim, case, blanks, accents of some text columns.

    Raises:
        Unclear: A column is not there, or is no text.
    """
    said = operations.lower()
    options: dict[str, Any] = {"columns": columns.several(what)}
    other = [name for name in options["columns"] if name not in columns.texts]
    if other:
        raise Unclear(f"{other[0]} is no text.")
    done = []
    for word, option, value, told in (
        (r"trim|strip(?! accents)|normali", "trim", True, "trim"),
        (r"collapse|normali", "collapse", True, "single blanks"),
        (r"lower|small", "case", "lower", "lower case"),
        (r"upper|capitals\b", "case", "upper", "upper case"),
        (r"title|capitali[sz]e", "case", "title", "title case"),
        (r"accents", "strip_accents", True, "no accents"),
    ):
        if re.search(word, said):
            options[option] = value
            done.append(told)
    return [Wish("step", "text", options, f"{', '.join(options['columns'])}: {', '.join(done)}")]


def split(what: str, by: str | None, into: str | None, columns: Columns) -> list[Wish]:
    """A text column in parts; the separator is found in the values if none is given.

    Raises:
        Unclear: The values show no separator.
    """
    name = columns.one(what)
    if name not in columns.texts:
        raise Unclear(f"{name} is no text.")
    values = columns.rows[name].drop_nulls()
    separator = _separator(by) if by else None
    if separator is None:
        found = _found(values)
        if found is None:
            raise Unclear(
                f"The values of {name} share no separator.", "Say by what: split the name by ',' into a and b."
            )
        separator = found
    names = _names(into) if into else _parts(name, separator, values, columns)
    taken = set(columns.names)
    names = [each if each not in taken else f"{name}_{each}" for each in names]
    options: dict[str, Any] = {"column": name, "into": names, "by": separator, "keep": True}
    held = int(values.str.contains(separator, literal=True).sum())
    why = f"{separator!r} is in {held:,} of {values.len():,} values; {name} stays, what is left over goes to the last"
    return [Wish("step", "split", options, f"Split {name} into {' and '.join(names)}", why, tuple(names))]


def _separator(said: str) -> str:
    if said.strip()[:1] in "'\"":
        return said.strip()[1:-1]
    word = bare(said).lower().removeprefix("the ").removeprefix("a ")
    return _WORDS.get(word, bare(said))


def _names(said: str) -> list[str]:
    parts = [bare(part) for part in re.split(r"\s*(?:,|&|\band\b)\s*", said) if bare(part)]
    ending = parts[-1].split()[-1] if parts and " " in parts[-1] else ""
    whole = [f"{part} {ending}" if ending and " " not in part and part != ending else part for part in parts]
    return [re.sub(r"\W+", "_", part).strip("_") for part in whole]


def _found(values: pl.Series) -> str | None:
    """The separator that most values have; the rarer sign wins over the blank."""
    for separator in _SEPARATORS:
        share = values.str.contains(separator, literal=True).mean()
        if isinstance(share, float) and share >= _SURE:
            return separator
    return None


def _parts(name: str, separator: str, values: pl.Series, columns: Columns) -> list[str]:
    """Names for the parts: of people first and last, of mail user and domain, else numbered."""
    if columns.personal.get(name) == "name" and separator in (" ", ", ", ","):
        stem = re.sub(r"(?:^|_)(?:full_?)?name$", "", name, flags=re.IGNORECASE).rstrip("_")
        both = ["last_name", "first_name"] if "," in separator else ["first_name", "last_name"]
        return [f"{stem}_{part}" if stem else part for part in both]
    if separator == "@":
        return [f"{name}_user", f"{name}_domain"]
    counts = Counter(values.str.count_matches(separator, literal=True).to_list())
    usual = max(min(counts.most_common(1)[0][0] + 1, _MOST_PARTS), 2)
    return [f"{name}_{number}" for number in range(1, usual + 1)]
