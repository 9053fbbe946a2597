"""Whether the answer of a statement can be kept up by the rows that its table gained, decided on DuckDB's own parse.

It can if each row of the answer comes of one row (a filter, expressions), or of a group by sums, counts, smallest and
largest values, which can be put together from those of old and new rows (Gupta, Mumick & Subrahmanian, Maintaining
Views Incrementally, 1993).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import duckdb

Role = Literal["key", "sum", "count", "min", "max"]
_AGGREGATES: dict[str, Role] = {"sum": "sum", "count": "count", "count_star": "count", "min": "min", "max": "max"}
_CLASSES = frozenset(
    {"CONSTANT", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CASE", "CAST", "FUNCTION", "OPERATOR", "BETWEEN", "STAR"}
)
_CLOCKS = frozenset({"age", "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"})


class NotMaintainableError(Exception):
    """All rows have to be read; says why."""


@dataclass(frozen=True)
class Shape:
    """What an answer is made of.

    Attributes:
        roles: What each column of the answer is, in order; None = the answer has a row for each row that passes.
    """

    roles: tuple[Role, ...] | None


def shape(sql: str) -> Shape:
    """The shape of a statement that can be maintained.

    Raises:
        NotMaintainableError: It cannot.
    """
    with duckdb.connect() as connection:
        [row] = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    tree = json.loads(row[0])
    node: dict[str, Any] = tree["statements"][0]["node"] if not tree.get("error") else {}
    if node.get("type") != "SELECT_NODE" or node["cte_map"]["map"]:
        raise NotMaintainableError("the statement is more than one SELECT")
    source = node["from_table"]
    if source["type"] != "BASE_TABLE" or source["at_clause"] or source["sample"] or source["column_name_alias"]:
        raise NotMaintainableError("the statement reads more than the rows of one table")
    if node["modifiers"] or node["having"] or node["qualify"] or node["sample"]:
        raise NotMaintainableError("the statement sorts, limits or compares the rows of its answer")
    if node["where_clause"]:
        _check(node["where_clause"])
    items: list[dict[str, Any]] = node["select_list"]
    groups = [_named(each, items) for each in node["group_expressions"]]
    if node["group_sets"] not in ([], [list(range(len(groups)))]) or node["aggregate_handling"] != "STANDARD_HANDLING":
        raise NotMaintainableError("the statement groups in several ways")
    if not groups and not any(_aggregate(item) for item in items):
        for item in items:
            _check(item)
        return Shape(None)
    for group in groups:
        _check(group)
    bare = [_bare(group) for group in groups]
    roles = tuple(_role(item, bare) for item in items)
    if any(group not in [_bare(item) for item in items] for group in bare):
        raise NotMaintainableError("the answer does not show what it groups by")
    return Shape(roles)


def _named(group: dict[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    """What a group is by: an expression, or the column of the answer that it names by number or alias."""
    if group["class"] == "CONSTANT":
        text = str(group["literal"]["text"])
        if text.isdecimal() and 0 < int(text) <= len(items):
            return items[int(text) - 1]
        raise NotMaintainableError("the statement groups by a constant")
    if group["class"] == "COLUMN_REF" and len(group["column_names"]) == 1:
        for item in items:
            if item["alias"].lower() == group["column_names"][0].lower():
                return item
    return group


def _role(item: dict[str, Any], groups: list[Any]) -> Role:
    if _bare(item) in groups:
        return "key"
    role = _aggregate(item)
    if role is None:
        raise NotMaintainableError("a column is neither a group nor a sum, count, smallest or largest value")
    for argument in item["arguments"]:
        _check(argument["expression"])
    if item["filter"]:
        _check(item["filter"])
    return role


def _aggregate(item: dict[str, Any]) -> Role | None:
    """What an aggregate does; None for other expressions, and for those that cannot be put together."""
    plain = item["class"] == "FUNCTION" and not item["distinct"] and not item["order_bys"]["orders"]
    single = plain and len(item["arguments"]) <= 1
    return _AGGREGATES.get(str(item["function_name"]).lower()) if single else None


def _check(node: Any) -> None:
    """Check that an expression says the same of a row whatever the others, and whenever it is asked."""
    for each in _expressions(node):
        kind = each["class"]
        if kind not in _CLASSES:
            raise NotMaintainableError(f"{kind.lower().replace('_', ' ')} looks beyond the row")
        name = each["function_name"] if kind == "FUNCTION" else each["column_names"][-1] if kind == "COLUMN_REF" else ""
        if name.lower() in _CLOCKS or (kind == "FUNCTION" and name.lower() not in _steady()):
            raise NotMaintainableError(f"{name} is no function of the row alone")


def _expressions(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "class" in node:
            yield node
        for child in node.values():
            yield from _expressions(child)
    elif isinstance(node, list):
        for child in node:
            yield from _expressions(child)


def _bare(node: Any) -> Any:
    """An expression without where it stands and what its result is called."""
    if isinstance(node, dict):
        beside = ("alias", "query_location", "query_location_length")
        return {key: _bare(child) for key, child in node.items() if key not in beside}
    return [_bare(child) for child in node] if isinstance(node, list) else node


@lru_cache(maxsize=1)
def _steady() -> frozenset[str]:
    """Names of functions that give the same for the same arguments."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT lower(function_name) FROM duckdb_functions() GROUP BY 1 "
            "HAVING bool_and(function_type = 'scalar' AND stability = 'CONSISTENT')"
        ).fetchall()
    return frozenset(name for (name,) in rows)
