"""Which readings of a column's sample stay in the contest, and which of them contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

import polars as pl

from automic_core.inference.candidates import Candidate
from automic_core.records import FieldType

LEAST_SHARE = 0.2  # below this a candidate is not worth counting on all rows
LEAST_MEMBER = 0.01  # the same for one of several date formats
_FLOAT_DIGITS = 16  # texts up to this length never lose digits as a float
_LONG_DECIMAL = r"^[+-]?[0-9]*\.[0-9]+$"
_MOST_PLACES = 18


@dataclass(slots=True)
class Screened:
    """What is worth checking on all rows of one column.

    Attributes:
        alive: Candidates that read a fair part of the sample, preferred ones first.
        reserve: Wider forms of what is alive ("%.f" for "%H:%M:%S", floats for integers), for rows that do not fit.
        rivals: Pairs of candidates that read some value differently.
        patterns: Patterns that a fair part of the sample follows.
        numeric: Whether some values look like numbers.
        measured: Whether most values look like numbers with a currency or a percent sign.
    """

    alive: list[Candidate] = field(default_factory=list)
    reserve: list[Candidate] = field(default_factory=list)
    rivals: list[tuple[Candidate, Candidate]] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    numeric: bool = False
    measured: bool = False


def contest(result: Screened, values: pl.DataFrame, casts: dict[Candidate, pl.Series], *, exact: bool) -> None:
    """Fill ``result`` from the casts of a column's distinct values.

    Args:
        values: Columns ``text`` and ``count``.
        casts: What each candidate makes of the texts; mixtures of date formats are added unless ``exact``.
    """
    total = int(values["count"].sum())
    fits = {option: _weight(values, cast.is_not_null()) for option, cast in casts.items()}
    if not exact:
        for mixture in _mixtures(values, casts):
            casts[mixture] = values.select(mixture.cast(pl.col("text"))).to_series()
            fits[mixture] = _weight(values, casts[mixture].is_not_null())
    alive = [option for option in casts if fits[option] >= LEAST_SHARE * total]
    needless = [option for option in alive if _needless(option, fits)]
    # a thousands format that the sample does not need is not kept: whether it is one, only the whole column could tell
    result.reserve = [option for option in needless if option.format is None or not _is_number(option)]
    result.alive = [option for option in alive if option not in needless]
    result.rivals = [pair for pair in combinations(result.alive, 2) if _differ(casts, *pair)]
    if Candidate(FieldType.FLOAT) in result.alive:
        _offer_decimal(result, values)


def _offer_decimal(result: Screened, values: pl.DataFrame) -> None:
    """A decimal is worth a look where a float would lose digits."""
    plain, text = Candidate(FieldType.FLOAT), pl.col("text")
    long = values.filter(text.str.len_bytes() > _FLOAT_DIGITS, text.str.contains(_LONG_DECIMAL))
    lossy = long.filter(~plain.prints_back(text)) if long.height else long
    if lossy.is_empty():
        return
    places = lossy.select((text.str.len_bytes() - text.str.find(".", literal=True) - 1).max()).item()
    if places <= _MOST_PLACES:
        result.alive.insert(result.alive.index(plain), Candidate(FieldType.DECIMAL, None, int(places)))


def _mixtures(values: pl.DataFrame, casts: dict[Candidate, pl.Series]) -> Iterator[Candidate]:
    """Several date formats in one column, joined greedily; never two that read some value differently."""
    for kind in (FieldType.DATE, FieldType.DATETIME):
        least = LEAST_MEMBER * int(values["count"].sum())
        left = [option for option in casts if option.type is kind]
        members: list[Candidate] = []
        covered = pl.Series([False]).new_from_index(0, values.height)
        while left:
            gains = {option: _weight(values, casts[option].is_not_null() & ~covered) for option in left}
            best = max(left, key=lambda option: gains[option])
            if gains[best] < max(least, 1):
                break
            rivals = [option for option in left if option != best and _differ(casts, best, option)]
            left = [option for option in left if option != best and option not in rivals]
            if all(gains[rival] < gains[best] for rival in rivals):  # else it is a guess which of them is meant
                members.append(best)
                covered |= casts[best].is_not_null()
        if len(members) > 1:
            yield Candidate(kind, "|".join(str(member.format) for member in members))


def _weight(values: pl.DataFrame, mask: pl.Series) -> int:
    return int(values["count"].filter(mask).sum())


def _differ(casts: dict[Candidate, pl.Series], left: Candidate, right: Candidate) -> bool:
    """Whether two candidates can read one text as different values: thousands or decimals, day or month first."""
    if _is_number(left) and _is_number(right):
        return left.format != right.format and bool((casts[left].cast(float) != casts[right].cast(float)).any())
    if left.type is not right.type or casts[left].dtype != casts[right].dtype:
        return False
    swapped = str(left.format).translate(str.maketrans("dm", "md"))
    return swapped == right.format or bool((casts[left] != casts[right]).any())


def _is_number(option: Candidate) -> bool:
    return option.type in (FieldType.INTEGER, FieldType.FLOAT)


def _needless(option: Candidate, fits: dict[Candidate, int]) -> bool:
    """Whether a simpler form of the same type already reads every value of the sample."""
    simpler: list[Candidate] = []
    if _is_number(option):
        simpler = [Candidate(FieldType.INTEGER), Candidate(FieldType.FLOAT)][: 1 if option.format is None else 2]
    elif option.format is not None:
        simpler = [option._replace(format=option.format.replace("%.f", ""))]
    most = max(fits.values())
    return any(form != option and fits.get(form, 0) == most for form in simpler)
