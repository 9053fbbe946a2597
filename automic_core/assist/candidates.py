"""Rules that rows suggest, each kind in the tightest form that a person would still call sensible."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.assist.figures import figure
from automic_core.assist.settling import settled
from automic_core.transforms._keylike import is_identifier

_MOST_VALUES, _ROWS_A_VALUE = 30, 10
_MOST_MASKS, _LONGEST_MASK, _CAPITALS = 3, 24, 4


@dataclass(frozen=True)
class Candidate:
    """A rule that could be proposed.

    Attributes:
        about: Kind of rule, columns and form: the same for rules that differ in their numbers only.
    """

    about: tuple[str, ...]
    kind: str
    options: dict[str, Any]
    title: str


def candidates(rows: pl.DataFrame, names: Sequence[str], keys: Sequence[str] | None) -> Iterator[Candidate]:
    """Rules about columns, plain ones first.

    Args:
        rows: The rows.
        names: The columns.
        keys: Columns that identify a row; none known = all columns together. None = ask for no uniqueness.
    """
    if keys is not None:
        unique = list(keys) or frames.data_names(rows.columns)
        title = f"{' + '.join(unique)} is unique" if keys else "No row is there twice"
        yield Candidate(("unique", *unique), "unique", {"columns": unique}, title)
    for name in names:
        dtype, present = rows.schema[name], rows[name].drop_nulls()
        if present.len() < 2:
            continue
        yield Candidate(("not_null", name), "not_null", {"columns": [name]}, f"{name} is never missing")
        if dtype == pl.String:
            yield from _texts(name, present)
        elif dtype.is_numeric() and not is_identifier(name, dtype):
            yield from _bounds(name, rounded_down(present.min()), rounded_up(present.max()))
        elif dtype in (pl.Date, pl.Datetime):
            yield from _bounds(name, present.min().isoformat(), present.max().isoformat())  # type: ignore[union-attr]
    yield from _orders(rows, names)
    yield from _dependencies(rows, names)


def _texts(name: str, present: pl.Series) -> Iterator[Candidate]:
    counts = present.value_counts(sort=True)
    few = counts.height <= _MOST_VALUES and present.len() >= _ROWS_A_VALUE * counts.height
    if few and counts.height > 1:
        usual = sorted(counts.filter(pl.col("count") > 1)[name].to_list())
        shown = ", ".join(usual[:4]) + (" …" if len(usual) > 4 else "")
        yield Candidate(("set", name), "set", {"columns": [name], "values": usual}, f"{name} is one of {shown}")
    lengths = present.str.len_chars().sort()
    low, high = int(lengths[0]), int(lengths[-1])
    yield from _masks(name, present)
    span = f"{low}" if low == high else f"{low} to {high}"
    options = {"columns": [name], "min": low, "max": high}
    yield Candidate(("length", name), "length", options, f"{name} has {span} characters")
    for form, pattern, told in _CASES:
        options = {"columns": [name], "pattern": pattern, "match": "partial"}
        yield Candidate(("regex", name, form), "regex", options, f"{name} {told}")


_CASES = (
    ("no capitals", r"^\P{Lu}*$", "has no capital letters"),
    ("no small letters", r"^\P{Ll}*$", "has no small letters"),
    ("capital first", r"^\p{Lu}.*\p{Ll}", "begins with a capital and has small letters"),
    ("some small letters", r"\p{Ll}", "has small letters"),
)


def _masks(name: str, present: pl.Series) -> Iterator[Candidate]:
    """Codes: digits and letters in the same places."""
    mask = present.str.replace_all(r"\d", "9").str.replace_all(r"[A-Z]", "A").str.replace_all(r"[a-z]", "a")
    forms = mask.rename("mask").value_counts(sort=True)
    usual = forms.filter(pl.col("count") > 1)["mask"].head(_MOST_MASKS + 1).to_list()
    coded = all(_is_code(form) and len(form) <= _LONGEST_MASK and not form.strip("9Aa -_/.:") for form in usual)
    if not usual or len(usual) > _MOST_MASKS or not coded:
        return
    regexes = ["".join(_run(sign, len(list(group))) for sign, group in itertools.groupby(form)) for form in usual]
    pattern = regexes[0] if len(regexes) == 1 else f"(?:{'|'.join(regexes)})"
    shown = " or ".join(form.replace("9", "0") for form in usual)
    options = {"columns": [name], "pattern": f"^{pattern}$"}
    yield Candidate(("regex", name, "mask"), "regex", options, f"{name} has the form {shown}")


def _is_code(form: str) -> bool:
    """Digits, or a few capitals such as of a country."""
    return "9" in form or (len(form) <= _CAPITALS and not form.strip("A"))


def _run(sign: str, times: int) -> str:
    one = {"9": r"\d", "A": "[A-Z]", "a": "[a-z]"}.get(sign, re.escape(sign) if sign in ".-" else sign)
    return one if times == 1 else f"{one}{{{times}}}"


def _bounds(name: str, low: Any, high: Any) -> Iterator[Candidate]:
    shown = [bound if isinstance(bound, str) else figure(bound) for bound in (low, high)]
    title = f"{name} lies between {shown[0]} and {shown[1]}"
    yield Candidate(("range", name), "range", {"columns": [name], "min": low, "max": high}, title)


def rounded_up(value: Any) -> int | float:
    """A number of two figures, at or above ``value``."""
    number = float(value)
    if not math.isfinite(number) or not number:
        return 0
    unit = 10.0 ** (math.floor(math.log10(abs(number))) - 1)
    bound = round(math.ceil(number / unit - 1e-9) * unit, 12)
    return int(bound) if bound.is_integer() else bound


def rounded_down(value: Any) -> int | float:
    """A number of two figures, at or below ``value``."""
    return -rounded_up(-float(value))


def _orders(rows: pl.DataFrame, names: Sequence[str]) -> Iterator[Candidate]:
    """Of two dates or two numbers, the one that is never larger."""
    alike: dict[str, list[str]] = {}
    for name in frames.data_names(rows.columns):
        dtype = rows.schema[name]
        if dtype.is_temporal() or (dtype.is_numeric() and not is_identifier(name, dtype)):
            alike.setdefault(str(dtype) if dtype.is_temporal() else "number", []).append(name)
    for group in alike.values():
        for left, right in itertools.permutations(group[:8], 2):
            if left not in names and right not in names:
                continue
            both = rows.select(holds=pl.col(left) <= pl.col(right), differs=pl.col(left) != pl.col(right)).drop_nulls()
            if both.height and both["holds"].mean() > 0.99 and both["differs"].mean() > 0.2:  # type: ignore[operator]
                options = {"sql": f"{_quoted(left)} <= {_quoted(right)}", "columns": [left, right]}
                yield Candidate(("sql", left, right), "sql", options, f"{left} is not above {right}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _dependencies(rows: pl.DataFrame, names: Sequence[str]) -> Iterator[Candidate]:
    """Columns that others settle."""
    for found in settled(rows, names):
        columns = list(found.columns)
        options: dict[str, Any] = {"columns": columns, "settles": found.settles, "action": "warn"}
        if found.wrong:
            options["max_fail"] = math.ceil(found.wrong * 1.2 * 1000) / 1000
        title = f"{' and '.join(columns)} settle{'s' if len(columns) == 1 else ''} {found.settles}"
        yield Candidate(("dependency", *columns, found.settles), "dependency", options, title)
