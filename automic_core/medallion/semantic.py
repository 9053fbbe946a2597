"""The semantic layer of a lake: the file ``semantic.yaml`` beside it, bound to the tables it speaks of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from automic_core.assist.asking.semantic_yaml import Parsed, Problem, parse
from automic_core.assist.asking.semantics import Semantics, SemanticTable, Term
from automic_core.assist.asking.settling import quoted
from automic_core.assist.asking.tables import Kind
from automic_core.errors import AutomicError, ConfigError
from automic_core.lakehouse import sql as engine
from automic_core.lakehouse import statements
from automic_core.medallion.context import LakeContext
from automic_core.storage.writing import atomic_write

FILE = "semantic.yaml"
_SELECT = "SELECT "
_WHERE = re.compile(r"^The (query fails|SQL cannot be read)( at line \d+, column \d+)?: ")
"""A place in the statement that is made of an expression says nothing to the person who wrote the expression."""
_NUMBER = re.compile(r"U?(BIG|HUGE|SMALL|TINY)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*", re.IGNORECASE)


@dataclass(frozen=True)
class Bound:
    """A semantic layer as the tables of a lake allow it, and what is wrong with it."""

    semantics: Semantics
    problems: tuple[Problem, ...]


def text(context: LakeContext) -> str:
    """The text of the layer; empty if there is none.

    Raises:
        ConfigError: The file cannot be read.
    """
    file = context.root / FILE
    try:
        return file.read_text(encoding="utf-8") if file.is_file() else ""
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"Cannot read {file}: {exc}.", "It must be a text file in UTF-8.") from exc


def save(context: LakeContext, said: str) -> None:
    """Make a text the layer; one with problems is refused.

    Raises:
        ConfigError: Something in it is wrong; names the line.
        SecurityError: The lake is open for reading only.
    """
    from automic_core.assist.asking.semantic_yaml import refuse

    context.writable()
    refuse(check(context, said).problems, FILE)
    with atomic_write(context.root / FILE) as file:
        file.write(said.encode())


def read(context: LakeContext, said: str) -> tuple[Semantics | None, str]:
    """The layer for questions, and what is wrong with it in one sentence; parts that are wrong are left out."""
    if not said.strip():
        return None, ""
    try:
        bound = check(context, said)
    except ConfigError as exc:
        return None, f"The semantic layer is not read. {exc.message}"
    if not bound.problems:
        return bound.semantics, ""
    first, more = bound.problems[0], len(bound.problems) - 1
    told = f" and {more} more" if more else ""
    return (
        bound.semantics,
        f"A part of the semantic layer is left out: {FILE}, line {first.line}: {first.message}{told}",
    )


def check(context: LakeContext, said: str) -> Bound:
    """Bind a layer to the tables as they are now: their columns, and every expression as DuckDB reads it.

    Raises:
        ConfigError: It is not YAML; names the line.
    """
    parsed = parse(said, FILE)
    problems = list(parsed.problems)
    names = context.names()
    tables: dict[str, SemanticTable] = {}
    columns: dict[str, dict[str, str]] = {}
    for name, table in parsed.semantics.tables.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"Did you mean {near[0]}?" if near else "Write layer.table, such as silver.orders."
            problems.append(Problem(parsed.at("tables", name), f"There is no table {name}.", hint))
            continue
        columns[name] = _columns(context, name)
        terms = {
            own: _bound(context, table, term, columns[name], parsed, problems) for own, term in table.terms.items()
        }
        tables[name] = replace(table, terms={own: term for own, term in terms.items() if term is not None})
    joins = []
    for number, join in enumerate(parsed.semantics.joins or ()):
        missing = [
            f"{owner}.{column}"
            for owner, column in ((join.table, join.column), (join.parent_table, join.parent_column))
            if owner not in names or column not in columns.setdefault(owner, _columns(context, owner))
        ]
        if missing:
            hint = "Look at the tables of the lake."
            problems.append(Problem(parsed.at("joins", number), f"There is no column {missing[0]}.", hint))
        else:
            joins.append(join)
    kept = None if parsed.semantics.joins is None else tuple(joins)
    return Bound(Semantics(tables, kept), tuple(sorted(problems, key=lambda each: each.line)))


def _columns(context: LakeContext, name: str) -> dict[str, str]:
    """Data columns by their name in lower case."""
    fields = context.need(name).schema().fields
    return {each.name: each.name for each in fields if not each.name.startswith("_")}


def _bound(
    context: LakeContext,
    table: SemanticTable,
    term: Term,
    columns: Mapping[str, str],
    parsed: Parsed,
    problems: list[Problem],
) -> Term | None:
    line = parsed.at("tables", table.name, "measures" if term.measure else "dimensions", term.name, "sql")
    if not term.sql.strip():
        if not term.measure and term.name not in columns:
            near = difflib.get_close_matches(term.name, columns, 1)
            hint = f"Did you mean {near[0]}?" if near else "Give it SQL, or name a column."
            problems.append(Problem(line, f"{table.name} has no column {term.name}.", hint))
            return None
        return None if term.measure else term
    if term.name in columns:
        hint = "Call it something else."
        problems.append(Problem(line, f"{table.name} has a column {term.name}; a term of that name hides it.", hint))
        return None
    try:
        sql = qualified(term.sql, table.name, columns)
        return replace(term, bound=sql, kind=_kind(context, table.name, sql, measure=term.measure))
    except AutomicError as exc:
        problems.append(Problem(line, f"{term.name}: {_WHERE.sub('', exc.message)}", exc.hint))
        return None


def qualified(sql: str, table: str, columns: Mapping[str, str]) -> str:
    """One expression over the columns of a table, with the table's own name before each of them.

    Raises:
        ConfigError: It is more than one expression.
        AutomicError: It cannot be read, or uses what no query may use.
    """
    with duckdb.connect() as connection:
        statement = statements.parse(connection, _SELECT + sql)
    node: dict[str, Any] = statement.parse["statements"][0]["node"]
    alone = node.get("type") == "SELECT_NODE" and (node.get("from_table") or {}).get("type") == "EMPTY"
    if not alone or len(node["select_list"]) != 1 or node.get("where_clause") or statement.tables or node["modifiers"]:
        raise ConfigError(f"{sql!r} is more than one expression.", "Write one, such as sum(quantity * unit_price).")
    if node["select_list"][0].get("alias"):
        raise ConfigError(f"{sql!r} names its value.", "Leave AS away; the name stands before the colon.")
    prefix = f"{quoted(table.rpartition('.')[2])}."
    known = {name.lower() for name in columns}
    made = sql.encode()
    for place in sorted(_references(node["select_list"], known), reverse=True):
        place -= len(_SELECT)
        made = made[:place] + prefix.encode() + made[place:]
    return made.decode()


def _references(node: Any, known: set[str]) -> list[int]:
    """Where columns without a table stand."""
    if isinstance(node, list):
        return [place for child in node for place in _references(child, known)]
    if not isinstance(node, dict):
        return []
    names = node.get("column_names") if node.get("class") == "COLUMN_REF" else None
    if names and len(names) == 1 and str(names[0]).lower() in known:
        return [int(node["query_location"])]
    return [place for child in node.values() for place in _references(child, known)]


def _kind(context: LakeContext, table: str, sql: str, *, measure: bool) -> Kind:
    """What the values of a bound expression are; DuckDB says whether it sums up rows.

    Raises:
        ConfigError: A measure does not sum up rows, or a dimension does.
        AutomicError: A column or function is missing.
    """
    source = ".".join(map(quoted, table.split(".")))
    with engine.answering(context.need, f"SELECT {sql} FROM {source}") as running:
        [kind] = running.relation().types
    clause = "HAVING" if measure else "WHERE"
    try:
        with engine.answering(context.need, f"SELECT 1 FROM {source} {clause} ({sql}) IS NOT NULL") as running:
            running.names()
    except AutomicError as exc:
        what = "a measure sums up rows" if measure else "a dimension tells rows apart, it sums up none"
        hint = "Write it with sum, avg, count, min or max." if measure else "Make it a measure."
        raise ConfigError(f"{sql} does not: {what}.", hint) from exc
    told = str(kind)
    if _NUMBER.fullmatch(told):
        return "number"
    if told.startswith(("DATE", "TIME")):
        return "date"
    return {"VARCHAR": "text", "BOOLEAN": "boolean"}.get(told, "other")  # type: ignore[return-value]
