"""The semantic layer of a lake for people: proposed from the data, checked, each part with what it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from automic_core.assist.asking.semantic_proposals import propose
from automic_core.assist.asking.semantic_yaml import Problem, written
from automic_core.assist.asking.semantics import SemanticJoin, Semantics, SemanticTable
from automic_core.assist.asking.settling import quoted
from automic_core.errors import AutomicError, ConfigError
from automic_core.inference.foreign_keys import foreign_keys
from automic_core.lake import Lakehouse
from automic_core.medallion import asking, semantic
from automic_core.workbench.querying import answer_sql

__all__ = [
    "Problem",
    "SemanticChange",
    "SemanticPart",
    "SemanticView",
    "begin_semantics",
    "check_semantics",
    "proposed_semantics",
    "read_semantics",
    "save_semantics",
    "semantics_text",
]


@dataclass(frozen=True)
class SemanticPart:
    """A table, dimension, measure or join of the layer.

    Attributes:
        what: table, dimension, measure or join.
        name: With its table.
        said: What the layer says of it.
        told: What it gives on the rows as they are now.
    """

    what: str
    name: str
    said: str
    told: str


@dataclass(frozen=True)
class SemanticChange:
    """What is other than in the layer that is kept: added (+), gone (-) or changed (~)."""

    sign: Literal["+", "-", "~"]
    text: str


@dataclass(frozen=True)
class SemanticView:
    """A semantic layer, checked.

    Attributes:
        kept: Whether it is the one that is kept.
    """

    text: str
    kept: bool
    problems: tuple[Problem, ...]
    parts: tuple[SemanticPart, ...]
    changes: tuple[SemanticChange, ...]


def semantics_text(lake: Lakehouse) -> str:
    """The layer that is kept, as YAML; empty if there is none."""
    return semantic.text(lake.context)


def read_semantics(file: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"Cannot read {file}: {exc}.", "Check the path.") from exc


def proposed_semantics(lake: Lakehouse) -> str:
    """A layer to begin with, made of the data, as YAML."""
    _, rows = asking.read_tables(lake.context)
    return written(propose(rows, foreign_keys(rows)))


def begin_semantics(lake: Lakehouse, text: str) -> Path:
    """Keep the first layer of a lake.

    Raises:
        ConfigError: There is one already, or something in this one is wrong.
        SecurityError: The lake is open for reading only.
    """
    file = lake.context.root / semantic.FILE
    if file.exists():
        raise ConfigError(f"There is a semantic layer already: {file}.", "Edit it; `automic semantic check` checks it.")
    save_semantics(lake, text)
    return file


def save_semantics(lake: Lakehouse, text: str) -> None:
    """Make a text the layer.

    Raises:
        ConfigError: Something in it is wrong; names the line.
        SecurityError: The lake is open for reading only.
    """
    semantic.save(lake.context, text)


def check_semantics(lake: Lakehouse, text: str | None = None) -> SemanticView:
    """Check a layer against the tables, and see what each part of it gives.

    Args:
        lake: The lake.
        text: The layer; None = the one that is kept.

    Raises:
        ConfigError: It is not YAML; names the line.
    """
    now = semantic.text(lake.context)
    said = now if text is None else text
    bound = semantic.check(lake.context, said)
    parts = tuple(_parts(lake, bound.semantics))
    changes: tuple[SemanticChange, ...] = ()
    if said != now:
        try:
            before = {_key(each): each for each in _named(semantic.check(lake.context, now).semantics)}
        except ConfigError:  # what is kept is no YAML: everything is new
            before = {}
        changes = tuple(_changes(before, parts))
    return SemanticView(said, said == now, bound.problems, parts, changes)


def _changes(before: Mapping[tuple[str, str], SemanticPart], parts: Sequence[SemanticPart]) -> Iterator[SemanticChange]:
    after = {_key(each): each for each in parts}
    for key, each in after.items():
        if key not in before:
            gives = f" — {each.told}" if each.told else ""
            yield SemanticChange("+", f"{each.what} {each.name}: {each.said}{gives}")
        elif before[key].said != each.said:
            gives = f" — {each.told}" if each.told else ""
            yield SemanticChange("~", f"{each.what} {each.name}: {before[key].said} → {each.said}{gives}")
    for key, each in before.items():
        if key not in after:
            yield SemanticChange("-", f"{each.what} {each.name}: {each.said}")


def _key(part: SemanticPart) -> tuple[str, str]:
    return part.what, part.name


def _named(said: Semantics) -> Iterator[SemanticPart]:
    """The parts of a layer, without what they give."""
    for table in said.tables.values():
        yield SemanticPart("table", table.name, _words(table.description, table.synonyms), "")
        for term in table.terms.values():
            what = "measure" if term.measure else "dimension"
            yield SemanticPart(what, f"{table.name}.{term.name}", _words(term.sql or "the column", term.synonyms), "")
    for join in said.joins or ():
        yield SemanticPart("join", str(join), "", "")


def _parts(lake: Lakehouse, said: Semantics) -> Iterator[SemanticPart]:
    given: dict[str, str] = {}
    for table in said.tables.values():
        given |= _given(lake, table)
    given |= {str(join): _matched(lake, join) for join in said.joins or ()}
    for part in _named(said):
        yield SemanticPart(part.what, part.name, part.said, given.get(part.name, ""))


def _words(said: str, synonyms: Sequence[str]) -> str:
    return f"{said} (also {', '.join(synonyms)})" if synonyms else said


def _given(lake: Lakehouse, table: SemanticTable) -> dict[str, str]:
    """What the terms of a table give on its rows: the value of a measure, how many values a dimension has."""
    own = quoted(table.name.rpartition(".")[2])
    terms = [each for each in table.terms.values() if each.bound or not each.sql]
    if not terms:
        return {}
    asked = ", ".join(
        each.bound if each.measure else f"count(DISTINCT {each.bound or f'{own}.{quoted(each.name)}'})"
        for each in terms
    )
    try:
        rows = answer_sql(lake, f"SELECT {asked} FROM {_source(table.name)}", record=False).frame().row(0)
    except AutomicError as exc:
        return {f"{table.name}.{each.name}": exc.message for each in terms}
    return {
        f"{table.name}.{each.name}": f"{_figure(value)} over all rows" if each.measure else _values(value)
        for each, value in zip(terms, rows, strict=True)
    }


def _matched(lake: Lakehouse, join: SemanticJoin) -> str:
    """How many rows find theirs on the other side."""
    mine, theirs = quoted(join.column), f"SELECT {quoted(join.parent_column)} FROM {_source(join.parent_table)}"
    sql = f"SELECT count({mine}), count(*) FILTER ({mine} IN ({theirs})) FROM {_source(join.table)}"
    try:
        rows, found = answer_sql(lake, sql, record=False).frame().row(0)
    except AutomicError as exc:
        return exc.message
    return f"{found:,} of {rows:,} rows find theirs"


def _source(table: str) -> str:
    return ".".join(map(quoted, table.split(".")))


def _values(number: int) -> str:
    return "1 value" if number == 1 else f"{number:,} different values"


def _figure(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
