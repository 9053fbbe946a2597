"""First look: which candidates a sample of a column leaves standing, so that the full pass only checks those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import polars as pl

from automic_core.records import FieldType
from automic_core.transforms._inference.candidates import LOOKS, Candidate, options
from automic_core.transforms.patterns import PATTERNS, matches

_LEAST_SHARE = 0.2  # below this a candidate is not worth counting on all rows
_LEAST_MEMBER = 0.01  # the same for one of several date formats
_PROBE = 500  # distinct values that tell whether a form occurs at all
_SAMPLE_CELLS = 2_000_000
_SAMPLE_ROWS = (100, 5_000)


@dataclass(slots=True)
class Screened:
    """What is worth checking on all rows of one column.

    Attributes:
        reserve: Wider forms of what is alive ("%.f" for "%H:%M:%S", floats for integers), for rows that do not fit.
        rivals: Pairs of candidates of one type that read some value differently.
        numeric: Whether some values look like numbers.
    """

    alive: list[Candidate] = field(default_factory=list)
    reserve: list[Candidate] = field(default_factory=list)
    rivals: list[tuple[Candidate, Candidate]] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    numeric: bool = False


def sample_size(columns: int) -> int:
    """Rows of the first look: fewer the wider the frame."""
    least, most = _SAMPLE_ROWS
    return max(least, min(most, _SAMPLE_CELLS // max(columns, 1)))


class Look(NamedTuple):
    """What the first look is for: patterns too; exact inference needs no mixture of formats."""

    patterns: bool = True
    exact: bool = False


def screen(texts: pl.Series, name: str, look: Look) -> Screened:
    """Candidates and patterns for a sample of stripped texts without nulls; ``name`` is evidence too."""
    distinct = texts.unique(maintain_order=True)  # in order of appearance, so that two runs look at the same values
    values = pl.DataFrame({"text": distinct, "count": texts.unique_counts()})
    text, count, total = pl.col("text"), pl.col("count"), texts.len()
    if not total:
        return Screened()
    looks = values.select((text.str.contains(shape) * count).sum().alias(kind) for kind, shape in LOOKS.items())
    seen = looks.row(0, named=True)
    tried = options(name, [kind for kind, number in seen.items() if number >= _LEAST_MEMBER * total])
    result = Screened(numeric=seen["number"] > 0)
    if tried:
        _keep_fitting(result, values, tried, look)
    if look.patterns:
        few = values.head(_PROBE)
        shares = few.select((matches(p, text) * count).sum().alias(p) for p in PATTERNS).row(0, named=True)
        result.patterns = [p for p, number in shares.items() if number >= _LEAST_SHARE * int(few["count"].sum())]
    return result


def _keep_fitting(result: Screened, values: pl.DataFrame, tried: list[Candidate], look: Look) -> None:
    total = int(values["count"].sum())
    probe = values.select(
        option.cast(pl.col("text").head(_PROBE)).count().alias(str(i)) for i, option in enumerate(tried)
    )
    tried = [option for option, number in zip(tried, probe.row(0), strict=True) if number]
    if not tried:
        return
    casts = {option: values.select(option.cast(pl.col("text"))).to_series() for option in tried}
    fits = {option: _weight(values, cast.is_not_null()) for option, cast in casts.items()}
    if not look.exact:
        for mixture in _mixtures(values, casts):
            casts[mixture] = values.select(mixture.cast(pl.col("text"))).to_series()
            fits[mixture] = _weight(values, casts[mixture].is_not_null())
    alive = [option for option in casts if fits[option] >= _LEAST_SHARE * total]
    needless = [option for option in alive if _needless(option, fits)]
    # a thousands format that the sample does not need is not kept: whether it is one, only the whole column could tell
    result.reserve = [o for o in needless if o.format is None or o.type not in (FieldType.INTEGER, FieldType.FLOAT)]
    alive = [option for option in alive if option not in needless]
    result.alive = alive
    result.rivals = [pair for pair in combinations(alive, 2) if _differ(casts, *pair)]
    plain = Candidate(FieldType.FLOAT)
    if plain in alive:
        _offer_decimal(result, values, plain)


def _mixtures(values: pl.DataFrame, casts: dict[Candidate, pl.Series]) -> Iterator[Candidate]:
    """Several date formats in one column, joined greedily; never two that read some value differently."""
    for kind in (FieldType.DATE, FieldType.DATETIME):
        least = _LEAST_MEMBER * int(values["count"].sum())
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
    if left.type is not right.type or casts[left].dtype != casts[right].dtype:
        return False
    return bool((casts[left] != casts[right]).any())


def _offer_decimal(result: Screened, values: pl.DataFrame, plain: Candidate) -> None:
    """A decimal is worth a look where a float would lose digits."""
    text = pl.col("text")
    point = text.str.find(".", literal=True)
    lossy = plain.cast(text).is_not_null() & ~plain.prints_back(text) & point.is_not_null()
    scale = values.select((text.str.len_bytes() - point - 1).filter(lossy & ~text.str.contains("[eE]")).max()).item()
    if scale is not None and 0 < scale <= 18 and values.select(_long(text).any()).item():
        result.alive.insert(result.alive.index(plain), Candidate(FieldType.DECIMAL, None, int(scale)))


def _long(text: pl.Expr) -> pl.Expr:
    return text.str.contains(r"^[+-]?[0-9.]{17,}$")


def _needless(option: Candidate, fits: dict[Candidate, int]) -> bool:
    """Whether a simpler form of the same type already reads every value of the sample."""
    simpler: list[Candidate] = []
    if option.type in (FieldType.INTEGER, FieldType.FLOAT):
        simpler = [Candidate(FieldType.INTEGER), Candidate(FieldType.FLOAT)][: 1 if option.format is None else 2]
    elif option.format is not None:
        simpler = [option._replace(format=option.format.replace("%.f", ""))]
    most = max(fits.values())
    return any(form != option and fits.get(form, 0) == most for form in simpler)
