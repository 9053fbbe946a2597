"""A semantic layer proposed from the data: what sorts rows, when they are, what can be summed up, how tables join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from automic_core.assist.asking.semantics import SemanticJoin, Semantics, SemanticTable, Term
from automic_core.assist.asking.settling import quoted
from automic_core.assist.asking.words import name_words
from automic_core.inference.foreign_keys import ForeignKey

MOST_GROUPS = 50
"""Different values of a text column that sorts rows into groups."""
MOST_DIMENSIONS, MOST_MEASURES = 12, 8
_SHOWN = 4
_GRAINS = {"month": "date_trunc('month', {})", "quarter": "date_trunc('quarter', {})", "year": "year({})"}
# Words of numbers that add up; of prices, ages and shares the mean tells something, the sum nothing.
_ADDS_UP = {"amount", "cost", "count", "fee", "income", "number", "piece", "profit", "quantity", "revenue"}
_ADDS_UP |= {"sale", "sum", "tax", "total", "unit", "value"}
_NO_MEASURE = {"id", "rid", "key", "code", "year", "month", "day", "latitude", "longitude", "lat", "lon", "zip"}
_NO_MEASURE |= {"postcode", "phone", "rank"}
_MONEY = {"eur", "usd", "gbp", "chf", "dollar", "euro"}
_PRICES = ("unit_price", "price", "price_each")
_COUNTS = ("quantity", "qty", "units")


def propose(frames: Mapping[str, pl.DataFrame], keys: Iterable[ForeignKey]) -> Semantics:
    """A layer to begin with; descriptions say what each part was proposed from.

    Args:
        frames: Rows by full name.
        keys: How the tables hang together.
    """
    tables = {name: _table(name, rows) for name, rows in frames.items()}
    joins = [SemanticJoin(key.table, key.column, key.parent_table, key.parent_column) for key in keys]
    return Semantics(tables, tuple(joins))


def _table(name: str, rows: pl.DataFrame) -> SemanticTable:
    columns = set(rows.columns)
    dimensions = [each for each in (*_times(rows), *_groups(rows)) if not each.sql or each.name not in columns]
    measures = [*_measures(rows)][:MOST_MEASURES]
    terms = {each.name: each for each in (*dimensions[:MOST_DIMENSIONS], *measures)}
    return SemanticTable(name, f"{rows.height:,} rows, {rows.width:,} columns", (), terms)


def _times(rows: pl.DataFrame) -> Iterator[Term]:
    """Grains of the columns of time; of several columns each grain is called after its column."""
    found = [name for name, kind in rows.schema.items() if kind.is_temporal() and kind not in (pl.Time, pl.Duration)]
    for column in found[:3]:
        before = "" if len(found) == 1 else f"{'_'.join(_stripped(column))}_"
        low, high = rows[column].min(), rows[column].max()
        told = f"of {column}" + (f", {str(low)[:10]} to {str(high)[:10]}" if low is not None else "")
        for grain, sql in _GRAINS.items() if len(found) == 1 else (("year", _GRAINS["year"]),):
            made = sql.format(quoted(column))
            yield Term(f"{before}{grain}", f"{made}::DATE" if made.startswith("date_trunc") else made, told)


def _stripped(column: str) -> tuple[str, ...]:
    words = name_words(column)
    return words[:-1] if len(words) > 1 and words[-1] in ("date", "time", "at") else words


def _groups(rows: pl.DataFrame) -> Iterator[Term]:
    for name, kind in rows.schema.items():
        if kind != pl.String or not rows.height:
            continue
        values = rows[name].drop_nulls().value_counts(sort=True)
        if 1 < values.height <= min(MOST_GROUPS, max(rows.height // 2, 2)):
            shown = ", ".join(str(value)[:30] for value in values[name].head(_SHOWN).to_list())
            more = f" and {values.height - _SHOWN} more" if values.height > _SHOWN else ""
            yield Term(name, "", f"{shown}{more}")


def _measures(rows: pl.DataFrame) -> Iterator[Term]:
    numbers = [name for name, kind in rows.schema.items() if kind.is_numeric()]
    numbers = [name for name in numbers if not set(name_words(name)) & _NO_MEASURE]
    by_name = {name.lower(): name for name in numbers}
    price = next((by_name[each] for each in _PRICES if each in by_name), None)
    count = next((by_name[each] for each in _COUNTS if each in by_name), None)
    if price and count:
        sql = f"sum({quoted(count)} * {quoted(price)})"
        yield Term("revenue", sql, f"{count} times {price}", ("turnover", "sales"), measure=True)
    taken = {name.lower() for name in rows.columns}
    for name in numbers:
        words = [word for word in name_words(name) if word not in _MONEY]
        plural = rows.schema[name].is_integer() and name.endswith("s") and len(words) == 1
        if plural or set(words) & _ADDS_UP:
            own = name if name.startswith("total") else f"total_{name}"
            own = own if own.lower() not in taken else f"sum_of_{name}"
            yield Term(own, f"sum({quoted(name)})", f"all {name} added up", measure=True)
        elif name not in (price, count) and f"mean_{name}".lower() not in taken:
            yield Term(f"mean_{name}", f"avg({quoted(name)})", f"the mean of {name}", measure=True)
