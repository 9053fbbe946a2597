"""SQL expressions over the columns of one row, compiled to Polars: for derive, filter, rules and bulk fixes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import TransformError, translate
from automic_core.transforms import _sql_guard
from automic_core.transforms._names import require

_MANY_ROWS = {"Agg", "Over", "Rolling", "Explode", "SubPlan", "Selector", "Gather", "Sort", "SortBy", "Filter", "Rank"}
_WIDEST = 10_000


def compile_sql(sql: str, columns: Collection[str]) -> pl.Expr:
    """Compile ONE SQL expression over the values of one row.

    It can reach no file, table, variable or environment, and no other row. Names with blanks or odd
    characters stand in "double quotes"; case counts. ``CAST`` fails on a value that does not fit, ``TRY_CAST`` gives
    null.

    Args:
        sql: ``quantity * unit_price``, ``CASE WHEN … END``, ``lower(city) = 'oslo'``.
        columns: Names that may be used; with a mapping of names to types (a schema) types are checked too.

    Returns:
        A Polars expression without side effects.

    Raises:
        TransformError: Not one expression, an unknown function or column, an aggregate or window, or types that do not
            go together; names the expression and the place.
    """
    _sql_guard.check(sql)
    with translate(TransformError, f"SQL expression {sql!r}", "Check operators, quotes and parentheses.", _FOREIGN):
        compiled = pl.sql_expr(sql)
    tree = json.loads(compiled.meta.serialize(format="json"))
    if "Alias" in tree:
        hint = "Put an operator between the names; the step's own option names the result."
        raise TransformError(f"SQL expression {sql!r}: two names with nothing between them.", hint)
    if _MANY_ROWS & set(_keys(tree)):
        raise TransformError(f"SQL expression {sql!r} needs more than one row.", "Use the aggregate or the join step.")
    if any(width is None or width > _WIDEST for width in _paddings(tree)):
        hint = "A text of some gigabytes would end the program."
        raise TransformError(f"SQL expression {sql!r}: LPAD and RPAD pad to a number up to {_WIDEST:,}.", hint)
    require(compiled.meta.root_names(), dict.fromkeys(columns), f"SQL expression {sql!r}")
    if isinstance(columns, Mapping):
        result_type(sql, compiled, columns)
    return compiled


def result_type(sql: str, compiled: pl.Expr, schema: Mapping[str, Any]) -> Any:
    """The type an expression gives on columns of these types, found by running it on no rows.

    Raises:
        TransformError: The types do not go together (text with a number).
    """
    names = dict.fromkeys(compiled.meta.root_names())
    empty = pl.DataFrame(schema={name: schema[name] for name in names})
    hint = "Cast first: CAST(column AS DOUBLE), TRY_CAST(…), or a cast step."
    with translate(TransformError, f"SQL expression {sql!r}", hint, _FOREIGN):
        dtype = empty.select(compiled.alias("value")).schema["value"]
    _refuse_text_to_time(sql, compiled, empty)
    return dtype


def _refuse_text_to_time(sql: str, compiled: pl.Expr, empty: pl.DataFrame) -> None:
    """Polars 2 plans a cast of text to a date and fails on the first value: find out on a blank one.

    Raises:
        TransformError: Names the functions that read dates.
    """
    blank = {name: [""] if dtype == pl.String else [None] for name, dtype in empty.schema.items()}
    try:
        pl.DataFrame(blank, schema=empty.schema).select(compiled)
    except pl.exceptions.InvalidOperationError as exc:
        if "casting from string" in str(exc):
            hint = "date(day) and timestamp(day) read ISO text, strptime(day, '%d/%m/%Y') other forms."
            raise TransformError(f"SQL expression {sql!r}: CAST does not read dates or times from text.", hint) from exc
    except _FOREIGN:  # a value that does not fit: the run will tell, if one is there
        return


def asks_the_time(sql: str) -> bool:
    """Whether an expression gives another value at another time."""
    return _sql_guard.clock(sql) is not None


def derive(frame: pl.LazyFrame, column: str, sql: str) -> pl.LazyFrame:
    """Add or replace a column of a tracked frame by an expression that sees the living rows only.

    A cast in the expression must not fail on a row that an earlier step has removed, so those rows show it nulls. In a
    new column they hold null, in an existing one what they held (null if its type changed and the value does not fit).

    Raises:
        TransformError: See `compile_sql`.
    """
    schema = frame.collect_schema()
    compiled = compile_sql(sql, schema)
    if word := _sql_guard.clock(sql):
        raise TransformError(
            f"{column}: {word} in {sql!r} gives another value at every rebuild.",
            "Take the time from a column; a rule may compare with today.",
        )
    dtype = result_type(sql, compiled, schema)
    roots = list(dict.fromkeys(compiled.meta.root_names()))
    saved = {name: f"_was_{name}" for name in {*roots, column} if name in schema}
    kept = pl.col(saved[column]).cast(dtype, strict=False) if column in saved else pl.lit(None, dtype=dtype)
    return (
        frame.with_columns(pl.col(name).alias(copy) for name, copy in saved.items())
        .with_columns(pl.when(frames.alive()).then(pl.col(name)) for name in roots if name != frames.FATE)
        .with_columns(compiled.alias(column))
        .with_columns(
            pl.when(frames.alive()).then(pl.col(column)).otherwise(kept).alias(column),
            *(pl.col(copy).alias(name) for name, copy in saved.items() if name != column),
        )
        .drop(list(saved.values()))
    )


def _keys(node: Any) -> Iterator[str]:
    """Names of all nodes of a serialised expression."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from _keys(value)
    elif isinstance(node, list) and not (node and isinstance(node[0], int)):
        for value in node:
            yield from _keys(value)


def _paddings(node: Any) -> Iterator[int | None]:
    """The width of each padding in a serialised expression; None if a column or a computation gives it."""
    if isinstance(node, dict):
        function = node.get("function")
        text = function.get("StringExpr") if isinstance(function, dict) else None
        if isinstance(text, dict) and text.keys() & {"PadStart", "PadEnd"}:
            width = node["input"][1]
            yield width["Literal"].get("Dyn", {}).get("Int") if "Literal" in width else None
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _paddings(child)


_FOREIGN = (Exception, pl.exceptions.PanicException)
