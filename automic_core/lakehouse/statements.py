"""What a SQL statement may do, decided on DuckDB's own parse of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from automic_core.errors import SecurityError, TransformError
from automic_core.lakehouse.positions import at, offset_of, place

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
_REFERENCES = frozenset(
    {"BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT", "CTE", "COLUMN_DATA"}
)
# Scalar functions that tell about the machine, the session or the catalog, that wait, or that run further SQL.
_FORBIDDEN = re.compile(
    r"getenv|getvariable|current_(setting|query|user|role|connection)|session_user|user|inet_|pg_|has_.*_privilege"
    r"|.*sleep|write_log|.*(nextval|currval|setval)|read_|query|.*serialize|which_secret|txid_|version|setseed"
    r"|duckdb_|pragma_|parse_duckdb_log|in_search_path|.*_description|cast_to_type|getenv_|load_|http_",
    re.IGNORECASE,
)
_ALLOWED_ANYWAY = frozenset({"uuid_extract_version"})


@dataclass
class TableUse:
    """One mention of a table in a statement.

    Attributes:
        name: The name as written, parts joined by dots.
        version: Snapshot id behind ``AT (VERSION => id)``.
        moment: Time behind ``AT (TIMESTAMP => ts)``, with a time zone.
        node: The place in the parse, so that it can be pointed elsewhere.
    """

    name: str
    version: int | None
    moment: datetime | None
    node: dict[str, Any] = field(repr=False)


@dataclass
class Statement:
    """One SELECT that passed the policy."""

    text: str
    parse: dict[str, Any] = field(repr=False)
    tables: list[TableUse]

    def point(self, use: TableUse, schema: str, table: str) -> None:
        """Let this mention read another relation, under the name it had."""
        node = use.node
        node["alias"] = node["alias"] or use.name.rpartition(".")[2]
        node["schema_name"], node["table_name"], node["at_clause"] = schema, table, None
        node["qualified_name"] = {"path": [schema, table]}

    def rewritten(self, connection: duckdb.DuckDBPyConnection) -> str:
        """The statement's text from the (changed) parse."""
        [row] = connection.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(self.parse)]).fetchall()
        return str(row[0])


def parse(connection: duckdb.DuckDBPyConnection, text: str) -> Statement:
    """Read a statement and refuse what is not a plain SELECT over tables.

    Args:
        connection: Any connection; it only parses here. (Opening one costs more than most statements.)
        text: The statement.

    Raises:
        TransformError: It is not SQL.
        SecurityError: It is not exactly one SELECT, or it uses a function or relation that policy forbids.
    """
    [row] = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()
    tree: dict[str, Any] = json.loads(row[0])
    if tree.get("error"):
        message = str(tree.get("error_message", ""))
        if tree.get("error_type") == "parser":
            offset = offset_of(tree)
            position = place(text, offset) if offset is not None else None
            error = TransformError(f"The SQL cannot be read{at(position)}: {message}.", _near(text, position))
            error.position = position
            raise error
        raise SecurityError("Only a SELECT may run here.", "Write one statement that begins with SELECT, WITH or FROM.")
    if not tree["statements"]:
        raise SecurityError("There is no statement.", "Write a SELECT.")
    if len(tree["statements"]) != 1:
        raise SecurityError(
            f"Exactly one statement may run, this is {len(tree['statements'])}.", "Run them one by one."
        )
    return Statement(text, tree, list(_check(tree["statements"][0]["node"], frozenset())))


def _check(node: Any, common: frozenset[str]) -> Iterator[TableUse]:
    """Walk the parse; ``common`` are the names of common table expressions in scope."""
    if isinstance(node, list):
        for child in node:
            yield from _check(child, common)
        return
    if not isinstance(node, dict):
        return
    for entry in (node.get("cte_map") or {}).get("map") or []:
        yield from _check(entry["value"], common)  # sees those before it; its own name means something else in it
        common |= {entry["key"].lower()}
    kind = str(node.get("type", ""))
    if node.get("class") == "FUNCTION":
        _check_function(str(node["function_name"]), node)
    elif "sample" in node and "class" not in node and "query_location" in node:
        if kind not in _REFERENCES:
            raise SecurityError(f"{kind.replace('_', ' ').lower()} is not allowed in a query.", "Select from tables.")
        if kind == "TABLE_FUNCTION":
            yield from _check_table_function(node, common)
            return
        if kind == "BASE_TABLE" and (use := _table(node, common)) is not None:
            yield use
    for key, child in node.items():
        if kind == "RECURSIVE_CTE_NODE" and key == "right":
            yield from _check(child, common | {str(node["cte_name"]).lower()})
        elif key not in ("at_clause", "cte_map"):
            yield from _check(child, common)


def refused(function: str) -> bool:
    """Whether no query may call this scalar function."""
    return function not in _ALLOWED_ANYWAY and _FORBIDDEN.match(function) is not None


def _check_function(name: str, node: dict[str, Any]) -> None:
    if not node.get("is_operator") and refused(name):
        raise SecurityError(f"The function {name} is not allowed in a query.", "Use functions of the rows only.")


def _check_table_function(node: dict[str, Any], common: frozenset[str]) -> Iterator[TableUse]:
    function = node["function"]
    name = str(function.get("function_name", ""))
    if name.lower() not in TABLE_FUNCTIONS:
        raise SecurityError(
            f"The table function {name} is not allowed in a query.",
            f"Select from tables of the lake; of functions only {', '.join(sorted(TABLE_FUNCTIONS))}.",
        )
    yield from _check(function["arguments"], common)


def _table(node: dict[str, Any], common: frozenset[str]) -> TableUse | None:
    parts = [str(part) for part in node["qualified_name"]["path"]]
    if len(parts) == 1:
        if parts[0].lower() in common:
            if node.get("at_clause"):
                raise TransformError(f"{parts[0]} is no table, so it has no past.", "Write AT behind a table's name.")
            return None
        if re.search(r"[/\\:*]|\.\w+$", parts[0]):
            raise SecurityError(f"{parts[0]!r} is a file or an address, not a table.", "Ingest it first.")
    version, moment = _moment(node.get("at_clause"))
    return TableUse(".".join(parts), version, moment, node)


def _moment(clause: dict[str, Any] | None) -> tuple[int | None, datetime | None]:
    if clause is None:
        return None, None
    expression = clause["expr"]
    while expression.get("class") == "CAST":
        expression = expression["child"]
    text = str((expression.get("literal") or {}).get("text", ""))
    try:
        if str(clause["unit"]).upper() == "VERSION":
            return int(text), None
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise TransformError(
            f"AT ({clause['unit']} => …) needs a literal, not {text or 'an expression'}.",
            "Write AT (VERSION => 123) or AT (TIMESTAMP => '2026-01-31 12:00:00').",
        ) from exc
    return None, found if found.tzinfo else found.replace(tzinfo=UTC)


def _near(text: str, position: tuple[int, int] | None) -> str:
    if position is None:
        return "Check the statement."
    line = text.split("\n")[position[0] - 1]
    start = position[1] - 1
    return f"Look near {line[max(0, start - 20) : start + 20].strip()!r}."
