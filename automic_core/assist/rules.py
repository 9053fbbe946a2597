"""Rules that the values of a table suggest."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.assist.figures import figure
from automic_core.assist.proposals import Proposal, rule_proposal
from automic_core.assist.settling import dependencies, misspellings
from automic_core.inference.names import snake
from automic_core.inference.patterns import matches
from automic_core.transforms._keylike import is_identifier

FEWEST_ROWS = 20
RARE = 0.02
"""Share of rows beyond which misfits are not errors but another kind of value."""
_READABLE = {
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an email address"),
    "url": (r"(?i:https?|ftp)://\S+", "a web address"),
    "uuid": (r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "a UUID"),
    "ipv4": (r"\d{1,3}(\.\d{1,3}){3}", "an IPv4 address"),
}
_MOST_CATEGORIES, _ROWS_A_CATEGORY = 30, 20
_GAP = 2.0
_MASK_SIGNS = "-_/.:"
_NUMBERED = re.compile(r"_(?:id|uuid|guid|key|pk|no|nr|num|number|ref)$")  # a code, as of a country, is a category


def rules_for(rows: pl.DataFrame, keys: Sequence[str]) -> Iterator[Proposal]:
    """Proposals for a typed, tracked frame, in no order."""
    if rows.height < FEWEST_ROWS:
        return
    names = frames.data_names(rows.columns)
    yield from _keys(rows, [name for name in keys if name in names])
    for name in names:
        column = rows[name]
        present = column.drop_nulls()
        if present.is_empty() or present.n_unique() < 2:
            continue
        yield from _missing(rows, name, name in keys)
        if column.dtype == pl.String:
            yield from _texts(rows, name, name in keys)
        elif column.dtype.is_numeric() and not is_identifier(name, column.dtype) and name not in keys:
            yield from _numbers(rows, name)
        elif column.dtype in (pl.Date, pl.Datetime):
            yield from _times(rows, name)
    yield from _orders(rows, names)
    yield from dependencies(rows)


def _keys(rows: pl.DataFrame, keys: list[str]) -> Iterator[Proposal]:
    """What makes a key a key, also where it holds already: a contract for the rows to come."""
    if not keys:
        return
    what = " + ".join(keys)
    options: dict[str, Any] = {"columns": keys}
    for kind, title, rank in (("not_null", f"{what} is never missing", 60), ("unique", f"{what} is unique", 58)):
        if found := rule_proposal(kind, options, rows, title, f"{what} identifies a row", rank):
            yield found


def _missing(rows: pl.DataFrame, name: str, key: bool) -> Iterator[Proposal]:
    """A column that is almost always filled."""
    if key:
        return
    found = rule_proposal("not_null", {"columns": [name]}, rows, f"{name} is never missing", "", 50)
    if found is not None and 0 < found.affected <= RARE * rows.height:
        why = f"missing in only {found.affected:,} of {rows.height:,} rows"
        yield Proposal(**{**vars(found), "why": why})


def _texts(rows: pl.DataFrame, name: str, key: bool) -> Iterator[Proposal]:
    text = rows[name].str.strip_chars()
    text = text.filter(text.str.len_chars() > 0)
    if text.len() < FEWEST_ROWS:
        return
    for pattern, (regex, what) in _READABLE.items():
        share = text.to_frame().select(matches(pattern, pl.col(name)).mean()).item()
        if share >= 0.9:
            options = {"columns": [name], "pattern": f"^{regex}$"}
            if found := rule_proposal("regex", options, rows, f"{name} is {what}", f"{_part(share)} are", 70):
                yield found
            return
    counts = text.value_counts(sort=True)
    few = not key and not _numbers_things(name, text)
    if few and counts.height <= _MOST_CATEGORIES and text.len() >= _ROWS_A_CATEGORY * counts.height:
        yield from _categories(rows, name, counts)
        return
    if not key and (found := misspellings(rows, name)):
        yield found
    yield from _masks(rows, name, text, key)


def _numbers_things(name: str, text: pl.Series) -> bool:
    """Whether the values are numbers of things (customers, parcels): which of them occur says nothing of the next."""
    if _NUMBERED.search(snake(name)) or is_identifier(name, pl.String()):
        return True
    return bool(text.str.contains(r"^[A-Za-z]{0,4}[-_/. ]?\d{3,}$").all())


def _categories(rows: pl.DataFrame, name: str, counts: pl.DataFrame) -> Iterator[Proposal]:
    """A column of few values; those that hardly occur are left out. One written in several cases is to be cleaned."""
    if counts[name].str.to_lowercase().n_unique() < counts.height:
        return
    few = max(1, round(0.002 * rows.height))
    usual = counts.filter(pl.col("count") > few)[name].to_list()
    rare = counts.filter(pl.col("count") <= few)
    if len(usual) < 2 or rare["count"].sum() > RARE * rows.height:
        return
    options = {"columns": [name], "values": sorted(usual)}
    why = f"{len(usual)} values make up the column" + (f", {rare.height} others hardly occur" if rare.height else "")
    shown = ", ".join(sorted(usual)[:4]) + (" …" if len(usual) > 4 else "")
    rank = 66 if rare.height else 30
    if found := rule_proposal("set", options, rows, f"{name} is one of {shown}", why, rank):
        yield found


def _masks(rows: pl.DataFrame, name: str, text: pl.Series, key: bool) -> Iterator[Proposal]:
    """Codes that are all of one form: digits and capitals in the same places."""
    mask = text.str.replace_all(r"\d", "9").str.replace_all(r"[A-Z]", "A").str.replace_all(r"[a-z]", "a")
    counts = mask.rename("mask").value_counts(sort=True)
    usual, times = counts.row(0)
    share = times / text.len()
    odd = usual.strip("9Aa" + _MASK_SIGNS)
    if share < 1 - RARE or len(usual) > 24 or odd or "9" not in usual or usual.startswith("9999-99-99"):
        return  # dates are for the schema to type
    if share == 1 and not (key or is_identifier(name, pl.Int64())):
        return
    regex = "".join(_run(sign, len(list(group))) for sign, group in itertools.groupby(usual))
    options = {"columns": [name], "pattern": f"^{regex}$"}
    why = f"{_part(share)} have the form {usual.replace('9', '0')}"
    rank = 68 if share < 1 else 40
    if found := rule_proposal("regex", options, rows, f"{name} has the form {usual.replace('9', '0')}", why, rank):
        yield found


def _part(share: float) -> str:
    return "all" if share == 1 else f"{share:.1%}"


def _run(sign: str, times: int) -> str:
    one = {"9": r"\d", "A": "[A-Z]", "a": "[a-z]", ".": r"\.", "/": "/"}.get(sign, sign)
    return one if times == 1 else f"{one}{{{times}}}"


def _numbers(rows: pl.DataFrame, name: str) -> Iterator[Proposal]:
    """Bounds where a few values lie far beyond all others."""
    values = rows[name].cast(pl.Float64).drop_nulls().drop_nans().sort()
    values = values.filter(values.is_finite())
    if values.len() < 5 * FEWEST_ROWS or values.n_unique() < 10:
        return
    low, high = _lower(values), _upper(values)
    if low is None and high is None:
        return
    options: dict[str, Any] = {"columns": [name]}
    options |= {"min": low} if low is not None else {}
    options |= {"max": high} if high is not None else {}
    found = rule_proposal("range", options, rows, _between(name, low, high), "", 72)
    if found is not None and 0 < found.affected <= RARE * rows.height:
        why = f"{_rows(found.affected)} far beyond the others"
        yield Proposal(**{**vars(found), "why": why})


def _upper(values: pl.Series) -> int | float | None:
    """A round bound in a gap above at least 98 % of the values: the next value is more than twice as far out."""
    start = max(int(values.len() * (1 - RARE)) - 1, 0)
    middle = float(values.median() or 0)  # type: ignore[arg-type]
    for place in range(start, values.len() - 1):
        here, after = values[place] - middle, values[place + 1] - middle
        if here > 0 and after > _GAP * here:
            return _round_up(values[place], values[place + 1])
    return None


def _lower(values: pl.Series) -> int | float | None:
    """Zero where hardly any value is negative, else a round bound in a gap below."""
    negative = int((values < 0).sum())
    if 0 < negative <= RARE * values.len():
        return 0
    if negative == 0:
        return None
    bound = _upper((-values).sort())
    return -bound if bound is not None else None


def _round_up(low: float, high: float) -> int | float:
    """A round number from ``low`` to below ``high``."""
    size = 10.0 ** math.floor(math.log10(abs(low))) if low else 1.0
    for unit in (size, size / 2, size / 10, size / 100):
        bound = math.ceil(low / unit) * unit
        if low <= bound < high:
            return int(bound) if float(bound).is_integer() else round(bound, 6)
    return low


def _between(name: str, low: Any, high: Any) -> str:
    if low is None or high is None:
        return f"{name} is at least {figure(low)}" if high is None else f"{name} is at most {figure(high)}"
    return f"{name} lies between {figure(low)} and {figure(high)}"


def _times(rows: pl.DataFrame, name: str) -> Iterator[Proposal]:
    """Bounds where a few dates lie years away from all others."""
    days = rows[name].cast(pl.Date).drop_nulls().sort()
    if days.len() < 5 * FEWEST_ROWS:
        return
    edge = max(round(days.len() * RARE / 2), 1)
    first, last = days[edge], days[days.len() - 1 - edge]
    span = max(last - first, timedelta(days=365))
    low, high = first - span, last + span
    outside = int(((days < low) | (days > high)).sum())
    if not 0 < outside <= RARE * rows.height:
        return
    bounds = {"min": _year(low, 0), "max": _year(high, 1)}
    options = {"columns": [name], **bounds}
    title = f"{name} lies between {bounds['min']} and {bounds['max']}"
    if found := rule_proposal("range", options, rows, title, f"{_rows(outside)} years away from the others", 71):
        yield found


def _rows(number: int) -> str:
    return "1 row lies" if number == 1 else f"{number:,} rows lie"


def _year(day: date | datetime, shift: int) -> str:
    return (date(day.year, 1, 1) if not shift else date(min(day.year, 9998), 12, 31)).isoformat()


def _orders(rows: pl.DataFrame, names: Sequence[str]) -> Iterator[Proposal]:
    """One date that hardly ever comes after another."""
    times = [name for name in names if rows[name].dtype in (pl.Date, pl.Datetime)][:6]
    for left, right in itertools.permutations(times, 2):
        if rows[left].dtype != rows[right].dtype:
            continue
        both = rows.select(before=pl.col(left) <= pl.col(right), differ=pl.col(left) != pl.col(right)).drop_nulls()
        wrong = both.height - int(both["before"].sum())
        if both.height >= FEWEST_ROWS and 0 < wrong <= RARE * both.height and both["differ"].mean() > 0.5:  # type: ignore[operator]
            options = {"sql": f'"{left}" <= "{right}"', "columns": [left, right]}
            why = f"true of all but {wrong:,} of {both.height:,} rows"
            if found := rule_proposal("sql", options, rows, f"{left} is not after {right}", why, 64):
                yield found
