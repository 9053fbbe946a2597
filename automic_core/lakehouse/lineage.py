"""Which source rows a row of a SQL answer stands for: the same SQL turned inside out.

``SELECT country, sum(total) FROM silver.orders GROUP BY country`` becomes ``SELECT _rid FROM silver.orders WHERE
country IS NOT DISTINCT FROM 'DE'``. Output columns without an aggregate are the conditions: the lineage of one block of
SELECT as in Cui, Widom and Wiener, "Tracing the lineage of view data in a warehousing environment" (TODS 2000).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import duckdb

from automic_core.lakehouse.sql import literal, quoted
from automic_core.lakehouse.statements import Statement, parse

Node = dict[str, Any]


def tables_of(sql: str) -> list[str]:
    """Full names of the tables a SELECT reads, sorted.

    Raises:
        TransformError: It is not SQL.
        SecurityError: More than one SELECT over tables.
    """
    with duckdb.connect() as connection:
        return sorted({use.name for use in parse(connection, sql).tables})


def reverse(sql: str, source: str, sources: dict[str, int], row: dict[str, Any], limit: int) -> str | None:
    """The question for the source rows, or None if the statement is not one block over that table."""
    with duckdb.connect() as connection:
        return _reversed(connection, sql, source, sources, row, limit)


def columns_behind(sql: str, column: str) -> tuple[str, list[str]] | None:
    """How one block of SELECT makes an output column, and the columns it reads for it; None if that cannot be told."""
    with duckdb.connect() as connection:
        node: Node = parse(connection, sql).parse["statements"][0]["node"]
    if node.get("type") != "SELECT_NODE":
        return None
    for item in node["select_list"]:
        if (item.get("alias") or (item.get("column_names") or [""])[-1]) == column and item.get("class") != "STAR":
            spans = list(_spans(item))
            start, end = min((low for low, _ in spans), default=0), max((high for _, high in spans), default=0)
            text = sql.encode()[start:end].decode(errors="replace")
            return text or column, list(dict.fromkeys(_references(item)))
    return None


def _spans(node: Any) -> Iterator[tuple[int, int]]:
    """Where the parts of an expression stand in the text, in bytes."""
    if isinstance(node, list):
        for child in node:
            yield from _spans(child)
    elif isinstance(node, dict):
        start, length = node.get("query_location"), node.get("query_location_length")
        if isinstance(start, int) and isinstance(length, int) and length and start < 1 << 40:
            yield start, start + length
        for child in node.values():
            yield from _spans(child)


def _references(node: Any) -> Iterator[str]:
    """Names of the columns an expression reads."""
    if isinstance(node, list):
        for child in node:
            yield from _references(child)
    elif isinstance(node, dict):
        if node.get("class") == "COLUMN_REF":
            yield str(node["column_names"][-1])
        for child in node.values():
            yield from _references(child)


def _reversed(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    source: str,
    sources: dict[str, int],
    row: dict[str, Any],
    limit: int,
) -> str | None:
    statement = parse(connection, sql)
    node: Node = statement.parse["statements"][0]["node"]
    if node.get("type") != "SELECT_NODE":
        return None
    mentions = [each for each in _base_tables(node["from_table"]) if _name(each) == source]
    if len(mentions) != 1:
        return None
    alias = mentions[0]["alias"] or source.rpartition(".")[2]
    same: list[tuple[Node, str]] = []
    for item in node["select_list"]:
        name = item.get("alias") or (item.get("column_names") or [""])[-1]
        if _sums_up(item):
            continue
        if item.get("class") == "STAR" or name not in row:
            return None
        same.append(({**item, "alias": ""}, _literal(row[name])))
    template = _template(connection, alias, [value for _, value in same], limit)
    conditions = list(_comparisons(template["where_clause"]))
    for comparison, (item, _) in zip(conditions, same, strict=True):
        comparison["left"] = item
    where = template["where_clause"]
    if node.get("where_clause"):
        where = {**where, "children": [*where["children"], node["where_clause"]]}
    for use in statement.tables:
        if use.node.get("at_clause") is None and use.name in sources:
            use.node["at_clause"] = _version(connection, sources[use.name])
    node.update(
        select_list=template["select_list"],
        where_clause=where,
        group_expressions=[],
        group_sets=[],
        having=None,
        qualify=None,
        modifiers=template["modifiers"],
        aggregate_handling=template["aggregate_handling"],
    )
    return Statement(sql, statement.parse, []).rewritten(connection)


def _template(connection: duckdb.DuckDBPyConnection, alias: str, values: list[str], limit: int) -> Node:
    conditions = " AND ".join(["true", "true", *(f"(NULL IS NOT DISTINCT FROM {value})" for value in values)])
    text = f"SELECT DISTINCT {quoted(alias)}._rid AS _rid FROM t WHERE {conditions} LIMIT {limit}"
    node: Node = parse(connection, text).parse["statements"][0]["node"]
    return node


def _version(connection: duckdb.DuckDBPyConnection, snapshot: int) -> Node:
    node: Node = parse(connection, f"SELECT 1 FROM t AT (VERSION => {snapshot})").parse["statements"][0]["node"]
    clause: Node = node["from_table"]["at_clause"]
    return clause


def _comparisons(node: Node) -> Iterator[Node]:
    """The comparisons of the template, in order."""
    if node.get("type") == "COMPARE_NOT_DISTINCT_FROM":
        yield node
    for child in node.get("children") or ():
        yield from _comparisons(child)


def _base_tables(node: Node | None) -> Iterator[Node]:
    """Tables named directly in FROM and its joins."""
    if node is None:
        return
    if node.get("type") == "BASE_TABLE":
        yield node
    elif node.get("type") == "JOIN":
        yield from _base_tables(node["left"])
        yield from _base_tables(node["right"])


def _name(node: Node) -> str:
    return ".".join(str(part) for part in node["qualified_name"]["path"])


def _sums_up(node: Any) -> bool:
    """Whether an expression holds an aggregate function or a window."""
    if isinstance(node, list):
        return any(_sums_up(child) for child in node)
    if not isinstance(node, dict):
        return False
    if node.get("class") == "WINDOW":
        return True
    if node.get("class") == "FUNCTION" and str(node.get("function_name", "")).lower() in _aggregates():
        return True
    return any(_sums_up(child) for child in node.values())


@cache
def _aggregates() -> frozenset[str]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'"
        ).fetchall()
    return frozenset({row[0] for row in rows} | {"count_star"})


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return repr(value).lower() if isinstance(value, bool) else repr(value)
    return literal(str(value))
