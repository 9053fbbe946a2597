"""A statement in words, read off DuckDB's own parse of it, whoever wrote it: the grammar, a model or a person."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

Node = Mapping[str, Any]

_AGGREGATES = {"avg": "the average of", "min": "the least", "max": "the most", "sum": "the sum of"}
_COMPARED = {
    "COMPARE_EQUAL": "is",
    "COMPARE_NOTEQUAL": "is not",
    "COMPARE_GREATERTHAN": "is more than",
    "COMPARE_GREATERTHANOREQUALTO": "is at least",
    "COMPARE_LESSTHAN": "is less than",
    "COMPARE_LESSTHANOREQUALTO": "is at most",
    "COMPARE_DISTINCT_FROM": "is not",
    "COMPARE_NOT_DISTINCT_FROM": "is",
}
_LIKE = {"~~": "is like", "~~*": "is like", "!~~": "is not like", "!~~*": "is not like"}
_SETS = {"UNION": "together with", "EXCEPT": "without", "INTERSECT": "as far as it is also among"}
_making = threading.Lock()
_parsing: list[duckdb.DuckDBPyConnection] = []


def in_words(sql: str, terms: Mapping[str, str] | None = None) -> str:
    """One sentence: what is shown, of which rows, in which groups and order. What has no words is shown as SQL.

    Args:
        sql: One SELECT that DuckDB can parse; anything else gives "Shows what the statement says."
        terms: What people call expressions, by what ``expression`` calls them.
    """
    cursor = _cursor()
    [(text,)] = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()
    tree = json.loads(text)
    if tree.get("error") or len(tree["statements"]) != 1:
        return "Shows what the statement says."
    said = _Words(cursor, terms or {}).node(tree["statements"][0]["node"])
    return f"Shows {said}."


def expression(sql: str) -> str:
    """The words for one expression over columns with their tables before them; SQL if it has none."""
    cursor = _cursor()
    [(text,)] = cursor.execute("SELECT json_serialize_sql(?::VARCHAR)", [f"SELECT {sql}"]).fetchall()
    tree = json.loads(text)
    return sql if tree.get("error") else _Words(cursor, {}).of(tree["statements"][0]["node"]["select_list"][0])


def _cursor() -> duckdb.DuckDBPyConnection:
    with _making:
        if not _parsing:
            _parsing.append(duckdb.connect())
        return _parsing[0].cursor()


class _Words:
    """The words for the parts of one statement.

    Attributes:
        names: Table by the alias it has.
        tables: Those of the node that is being told.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, terms: Mapping[str, str]) -> None:
        self.cursor, self.terms = cursor, terms
        self.names: dict[str, str] = {}
        self.tables: list[str] = []
        self.shown: dict[str, Node] = {}

    def node(self, node: Node) -> str:
        if node["type"] == "SET_OPERATION_NODE":
            parts = [self.node(each) for each in node["children"]]
            return f" {_SETS.get(node['setop_type'], 'and')} ".join(parts) + self._modified(node)
        if node["type"] != "SELECT_NODE":
            return "what the statement says"
        before = self.tables
        self.tables = list(self._from(node.get("from_table") or {}))
        self.shown = {each["alias"]: each for each in node["select_list"] if each.get("alias")}
        different = any(each["type"] == "DISTINCT_MODIFIER" for each in node.get("modifiers") or [])
        groups = [self.of(each) for each in node.get("group_expressions") or []]
        shown = [self.of(each) for each in node["select_list"]]
        beside = [each for each in shown if each not in groups]
        shown, groups = (beside, groups) if beside else (shown, [each for each in groups if each not in shown])
        text = ("different " if different else "") + _listed(shown)
        told = [*self._all(node.get("where_clause")), *self._all(node.get("having"))]
        if told:
            text += " where " + " and ".join(told)
        if groups:
            text += f", for each {_listed(groups)}"
        text += self._modified(node)
        self.tables = before
        return text

    def _modified(self, node: Node) -> str:
        text = ""
        for each in node.get("modifiers") or []:
            if each["type"] == "ORDER_MODIFIER":
                ways = [self._order(order) for order in each["orders"]]
                text += f", by {' then '.join(ways)}"
            if each["type"] == "LIMIT_MODIFIER" and each.get("limit"):
                number = self.of(each["limit"])
                text += f", the first {'one' if number == '1' else number} only"
        return text

    def _order(self, order: Node) -> str:
        meant: Node = order["expression"]
        names = meant.get("column_names") or []
        meant = self.shown.get(names[0], meant) if len(names) == 1 else meant
        return f"{self.of(meant)}, {'highest' if order['type'] == 'DESCENDING' else 'lowest'} first"

    def _from(self, node: Node) -> Iterator[str]:
        if node.get("type") == "BASE_TABLE":
            name = str(node["qualified_name"]["path"][-1])
            self.names[str(node.get("alias") or name).lower()] = name
            yield name
        elif node.get("type") == "SUBQUERY":
            yield from self._from(node["subquery"]["node"].get("from_table") or {})
        for side in ("left", "right"):
            if node.get(side):
                yield from self._from(node[side])

    def _all(self, node: Node | None) -> Iterator[str]:
        """The conditions that hold together."""
        if node is None:
            return
        if node["type"] == "CONJUNCTION_AND":
            for each in node["children"]:
                yield from self._all(each)
        else:
            yield self.of(node)

    def of(self, node: Node) -> str:
        """The words for an expression."""
        said = self._of(node)
        return self.terms.get(said, said)

    def _of(self, node: Node) -> str:
        kind, sort = str(node.get("class")), str(node.get("type"))
        if kind == "COLUMN_REF":
            return self._column(node)
        if kind == "CONSTANT":
            return str(node["literal"].get("text", "nothing")) or "“”"
        if kind == "STAR":
            return "all columns"
        if kind == "FUNCTION":
            return self._function(node)
        if sort in _COMPARED:
            return f"{self.of(node['left'])} {_COMPARED[sort]} {self.of(node['right'])}"
        if kind == "BETWEEN":
            return f"{self.of(node['input'])} is between {self.of(node['lower'])} and {self.of(node['upper'])}"
        if sort == "CONJUNCTION_OR":
            return "(" + " or ".join(" and ".join(self._all(each)) for each in node["children"]) + ")"
        if sort == "CONJUNCTION_AND":
            return " and ".join(self._all(node))
        if kind == "CAST":
            return self.of(node["child"])
        return self._operator(node, sort) if kind in ("OPERATOR", "SUBQUERY") else self._sql(node)

    def _operator(self, node: Node, sort: str) -> str:
        if sort in ("COMPARE_IN", "COMPARE_NOT_IN"):
            first, *rest = (self.of(each) for each in node["children"])
            return f"{first} is {'not ' * (sort == 'COMPARE_NOT_IN')}one of {', '.join(rest)}"
        if sort in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
            return f"{self.of(node['children'][0])} is {'empty' if sort == 'OPERATOR_IS_NULL' else 'not empty'}"
        if sort == "OPERATOR_NOT":
            inner = node["children"][0]
            return self._within(inner, "no ") if inner.get("class") == "SUBQUERY" else f"not: {self.of(inner)}"
        if sort == "SUBQUERY":
            return self._within(node, "a ")
        return self._sql(node)

    def _within(self, node: Node, how: str) -> str:
        """Rows that must, or must not, be there; or one value."""
        inner = node["subquery"]["node"]
        if node["subquery_type"] == "SCALAR" or inner["type"] != "SELECT_NODE":
            return self.node(inner)
        before, self.tables = self.tables, list(self._from(inner.get("from_table") or {}))
        text = f"there is {how}row of {_listed(list(dict.fromkeys(self.tables)))}"
        told = [*self._all(inner.get("where_clause")), *self._all(inner.get("having"))]
        told = [each for each in told if not each.endswith(" is not empty")]  # only there because of NOT IN
        text += self._modified(inner) + (f" ({' and '.join(told)})" if told else "")
        self.tables = before
        return text

    def _column(self, node: Node) -> str:
        *path, name = (str(each) for each in node["column_names"])
        table = self.names.get(path[-1].lower(), path[-1]) if path else self.tables[0] if len(self.tables) == 1 else ""
        return f"{table}.{name}" if table else name

    def _function(self, node: Node) -> str:
        name = str(node["function_name"]).lower()
        inner = [self.of(each["expression"]) for each in node.get("arguments") or []]
        if name == "count_star" or (name == "count" and not inner):
            return f"the number of {self.tables[-1] if self.tables else 'rows'}"
        if name == "count":
            return f"the number of {'different ' if node.get('distinct') else ''}{_listed(inner)}"
        if name in _AGGREGATES and len(inner) == 1:
            return f"{_AGGREGATES[name]} {inner[0]}"
        if name in _LIKE and len(inner) == 2:
            return f"{inner[0]} {_LIKE[name]} {inner[1]}"
        if node.get("is_operator") and len(inner) == 2:
            return f"{inner[0]} {name} {inner[1]}"
        return f"{name} of {_listed(inner)}" if inner else name

    def _sql(self, node: Node) -> str:
        """What has no words, as it is written."""
        [(text,)] = self.cursor.execute("SELECT json_serialize_sql('SELECT 1')").fetchall()
        tree = json.loads(text)
        tree["statements"][0]["node"]["select_list"] = [{**node, "alias": ""}]
        [(text,)] = self.cursor.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(tree)]).fetchall()
        return str(text).removeprefix("SELECT ")


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else ""
