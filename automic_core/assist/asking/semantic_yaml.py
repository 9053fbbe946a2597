"""The semantic layer as YAML: read with every problem and its line, and written."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from automic_core import yamltext
from automic_core.assist.asking.semantics import SemanticJoin, Semantics, SemanticTable, Term
from automic_core.errors import ConfigError

VERSION = 1
_TOP = ("version", "tables", "joins")
_TABLE = ("description", "synonyms", "dimensions", "measures")
_TERM = ("sql", "description", "synonyms")
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """Something wrong in a semantic layer.

    Attributes:
        line: Where, from 1.
        hint: What to do about it.
    """

    line: int
    message: str
    hint: str = ""


@dataclass
class Parsed:
    """What a text says, as far as it can be read.

    Attributes:
        lines: The line of each part, by the keys that lead to it.
    """

    semantics: Semantics
    problems: list[Problem]
    lines: Mapping[Path, int] = field(default_factory=dict)

    def at(self, *path: str | int) -> int:
        """The line of a part, or of the nearest part around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(text: str, name: str = "semantic.yaml") -> Parsed:
    """Read a semantic layer; problems are told, not raised.

    Raises:
        ConfigError: It is not YAML; names the line.
    """
    data = yamltext.load(text, name)
    return _Reader(yamltext.places(text)).read(data if data is not None else {})


class _Reader:
    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.parsed = Parsed(Semantics(), [], lines)

    def read(self, data: Any) -> Parsed:
        top = self._mapping(data, (), _TOP)
        if top.get("version", VERSION) != VERSION:
            self._wrong(("version",), f"Version {top['version']!r} is not known.", f"Write version: {VERSION}.")
        tables = {name: self._table(name, said) for name, said in self._named(top.get("tables"), ("tables",))}
        joins = tuple(self._joins(top["joins"])) if "joins" in top else None
        self.parsed.semantics = Semantics(tables, joins)
        return self.parsed

    def _table(self, name: str, said: Any) -> SemanticTable:
        path: Path = ("tables", name)
        found = self._mapping(said, path, _TABLE)
        terms: dict[str, Term] = {}
        for group in ("dimensions", "measures"):
            for own, each in self._named(found.get(group), (*path, group)):
                here: Path = (*path, group, own)
                if own in terms:
                    self._wrong(here, f"{name} has a dimension and a measure called {own}.", "Rename one of them.")
                terms[own] = self._term(own, each, here, measure=group == "measures")
        self._apart(terms, path)
        return SemanticTable(name, self._text(found, "description", path), self._texts(found, path), terms)

    def _term(self, name: str, said: Any, path: Path, *, measure: bool) -> Term:
        found = self._mapping({"sql": said} if isinstance(said, str) else said, path, _TERM)
        sql = self._text(found, "sql", path)
        if measure and not sql.strip():
            self._wrong(path, f"The measure {name} has no SQL.", f"Write {name}: {{sql: sum(…)}}.")
        return Term(name, sql, self._text(found, "description", path), self._texts(found, path), measure)

    def _apart(self, terms: Mapping[str, Term], path: Path) -> None:
        """No word may stand for two things of one table."""
        owner: dict[str, str] = {}
        for term in terms.values():
            group = "measures" if term.measure else "dimensions"
            for word in (term.name.replace("_", " "), *term.synonyms):
                other = owner.setdefault(word.lower(), term.name)
                if other != term.name:
                    hint = "Keep the word with one of them."
                    here = (*path, group, term.name, "synonyms")
                    self._wrong(here, f"{word!r} stands for both {other} and {term.name}.", hint)

    def _joins(self, said: Any) -> Iterator[SemanticJoin]:
        if said is None:
            return
        if not isinstance(said, list):
            self._wrong(("joins",), "joins is no list.", "Write one join a line, each after a dash.")
            return
        for number, each in enumerate(said):
            sides = [part.strip() for part in str(each).split("=")]
            parts = [side.rsplit(".", 1) for side in sides]
            if len(sides) != 2 or any(len(part) != 2 or "." not in part[0] for part in parts):
                hint = "Write silver.orders.customer_id = silver.customers.customer_id."
                self._wrong(("joins", number), f"{str(each)[:100]!r} is no join.", hint)
                continue
            yield SemanticJoin(*parts[0], *parts[1])

    def _named(self, said: Any, path: Path) -> Iterator[tuple[str, Any]]:
        if said is None:
            return
        if not isinstance(said, Mapping):
            self._wrong(path, f"{path[-1]} is no mapping.", "Write a name, a colon, and what it is below it.")
            return
        for name, each in said.items():
            yield str(name), each

    def _mapping(self, said: Any, path: Path, keys: Sequence[str]) -> dict[str, Any]:
        if said is None:
            return {}
        if not isinstance(said, Mapping):
            what = path[-1] if path else "A semantic layer"
            self._wrong(path, f"{what} is no mapping.", f"Keys: {', '.join(keys)}.")
            return {}
        for key in said:
            if key not in keys:
                near = difflib.get_close_matches(str(key), keys, 1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Keys: {', '.join(keys)}."
                self._wrong((*path, str(key)), f"Unknown key {key!r}.", hint)
        return {str(key): value for key, value in said.items()}

    def _text(self, said: Mapping[str, Any], key: str, path: Path) -> str:
        found = said.get(key)
        if found is None or isinstance(found, str | int | float | bool):
            return "" if found is None else str(found)
        self._wrong((*path, key), f"{key} is no text.", "Put it in quotes.")
        return ""

    def _texts(self, said: Mapping[str, Any], path: Path) -> tuple[str, ...]:
        found = said.get("synonyms")
        if found is None:
            return ()
        if isinstance(found, str):
            found = [found]
        if not isinstance(found, list) or any(isinstance(each, list | Mapping) or each is None for each in found):
            self._wrong((*path, "synonyms"), "synonyms is no list of words.", "Write synonyms: [turnover, sales].")
            return ()
        return tuple(str(each) for each in found)

    def _wrong(self, path: Path, message: str, hint: str) -> None:
        self.parsed.problems.append(Problem(self.parsed.at(*path), message, hint))


def written(said: Semantics) -> str:
    """The layer as YAML."""
    tables: dict[str, Any] = {}
    for name, table in said.tables.items():
        entry: dict[str, Any] = {}
        if table.description:
            entry["description"] = table.description
        entry["synonyms"] = list(table.synonyms)
        for group, measure in (("dimensions", False), ("measures", True)):
            terms = {each.name: _entry(each) for each in table.terms.values() if each.measure == measure}
            if terms:
                entry[group] = terms
        tables[name] = entry
    data: dict[str, Any] = {"version": VERSION, "tables": tables}
    if said.joins is not None:
        data["joins"] = [str(each) for each in said.joins]
    return yamltext.dump(data)


def _entry(term: Term) -> dict[str, Any]:
    kept = {"sql": term.sql, "description": term.description, "synonyms": list(term.synonyms)}
    return {key: value for key, value in kept.items() if value}


def refuse(problems: Sequence[Problem], name: str) -> None:
    """Raise the first problem, and say how many there are.

    Raises:
        ConfigError: There is a problem; names the file and the line.
    """
    if problems:
        first = problems[0]
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        raise ConfigError(f"{name}, line {first.line}: {first.message}{more}", first.hint)
