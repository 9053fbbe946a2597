"""A table made ready for matching: each column as small codes of cleaned distinct values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from automic_core.matching.kinds import EXACT, Kind, kind_of

Codes = NDArray[np.int32]

_BLANK = frozenset({"", "-", "--", "?", ".", "n/a", "na", "nan", "null", "none", "nil", "unknown", "not available"})


@dataclass
class Field:
    """A compared column.

    Attributes:
        codes: Number of each row's value; -1 = missing.
        values: The cleaned distinct values, in sorted order.
        kind: What they are.
        columns: Columns of the table, where several are compared as one.
    """

    name: str
    kind: Kind
    codes: Codes
    values: NDArray[np.object_]
    cache: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    @cached_property
    def share(self) -> NDArray[np.float64]:
        """Share of each value among the rows that have one."""
        return np.asarray(self.counts / max(1, int(self.counts.sum())), np.float64)


def cleaned(texts: pl.Series) -> pl.Series:
    """Lower case, no accents, blanks folded; null for a placeholder of nothing."""
    if (texts.str.len_bytes() != texts.str.len_chars()).any():
        texts = texts.str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    folded = texts.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    return folded.set(folded.is_in(list(_BLANK)), None)


def digits_of_date(text: str) -> str:
    """Year, month and day as eight digits where the text tells them, else its digits."""
    parts = re.findall(r"\d+", text)
    if len(parts) >= 3:
        year, month, day = parts[:3]
        if len(year) < 4 and len(parts[2]) == 4:
            day, month, year = parts[:3]
        return f"{year:0>4}{month:0>2}{day:0>2}"
    return "".join(parts)[:8]


def make_fields(
    frame: pl.DataFrame,
    names: Sequence[str],
    kinds: Mapping[str, Kind] | None = None,
    embedding: str | None = None,
) -> list[Field]:
    """Code the named columns; a column that is constant or empty tells nothing and is left out.

    Args:
        frame: The rows.
        names: Columns to compare.
        kinds: Kinds that are known; columns that are not in it are left out. None = told by the values.
        embedding: Name of the language model that compares texts, all of a row as one.
    """
    if embedding is not None:
        joined = pl.concat_str([pl.col(name).cast(pl.String) for name in names], separator=" ", ignore_nulls=True)
        frame, names, kinds = frame.select(joined.alias(" ".join(names))), [" ".join(names)], None
    wanted = [name for name in names if kinds is None or name in kinds]
    with ThreadPoolExecutor(2) as pool:
        coded = pool.map(lambda name: _make_field(frame[name], None if kinds is None else kinds[name]), wanted)
        made = [one for one in coded if one is not None]
    if (kinds is None and len(made) == 1 and made[0].kind not in EXACT) or embedding is not None:
        made[0].kind = "text"
    if embedding is not None:
        from automic_core.matching.embedding import encoded

        made[0].cache["vectors"] = encoded(made[0].values.tolist(), embedding)
    return made


def _make_field(series: pl.Series, kind: Kind | None) -> Field | None:
    dtype = series.dtype
    if dtype.is_nested() or dtype == pl.Binary:
        return None
    texts, fractional = _texts(series)
    encoded = texts.to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    places = encoded.indices.fill_null(-1).to_numpy()
    raw = cleaned(pl.Series(encoded.dictionary, dtype=pl.String))
    there = raw.is_not_null().to_numpy()
    numbers, values = _numbered(raw.drop_nulls())
    if len(values) < 2:
        return None
    if kind is None:
        counts = np.bincount(places[places >= 0], minlength=len(raw))[there]
        kind = kind_of(values.tolist(), np.bincount(numbers, counts).astype(np.int64), fractional)
    if kind in ("date", "phone"):
        shaped = _shaped(values, kind)
        again, values = _numbered(shaped)
        numbers = again[numbers]
        if len(values) and not values[0]:  # Nothing was left of some.
            numbers, values = numbers - 1, values[1:]
    codes = np.full(len(raw) + 1, -1, np.int32)  # the last one is for rows without a value
    codes[:-1][there] = numbers
    return Field(series.name, kind, codes[places], values)


def _numbered(texts: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """The number of each text among the sorted distinct ones, and these."""
    order = texts.arg_sort()
    ordered = texts.gather(order)
    first = (ordered != ordered.shift()).fill_null(True)
    numbers = np.empty(len(texts), np.int64)
    numbers[order.to_numpy()] = np.cumsum(first.to_numpy()) - 1
    return numbers, np.array(ordered.filter(first).to_list(), dtype=object)


def _shaped(values: NDArray[np.object_], kind: Kind) -> pl.Series:
    """Dates as year, month and day; phones as digits."""
    if kind == "date":
        return pl.Series([digits_of_date(text) for text in values], dtype=pl.String)
    return pl.Series(values, dtype=pl.String).str.replace_all(r"\D", "")


def _texts(series: pl.Series) -> tuple[pl.Series, bool]:
    """The values as text, and whether they are numbers with fractions."""
    dtype = series.dtype
    if dtype in (pl.Date, pl.Datetime):
        return series.dt.strftime("%Y-%m-%d"), False
    if dtype.is_float():
        series = series.fill_nan(None)
        whole = bool((series == series.round(0)).all())
        return (series.cast(pl.Int64, strict=False) if whole else series).cast(pl.String), not whole
    return series.cast(pl.String), False
