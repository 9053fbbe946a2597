"""Joins that a model wrote and nobody asked for.

Small models join a table and then use nothing of it: rows come twice, or go missing. Where the question does not speak
of such a table, it is left out; a key of it that is used is the same as the key it is joined by.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from automic_core.assist.asking.grounding import DIALECT, parsed, sources
from automic_core.assist.asking.lexicon import Lexicon
from automic_core.assist.asking.words import bases, stem, tokens

_SMALL = frozenset({"in", "of", "to", "by", "at", "on", "for", "with", "from", "has", "have", "is"})


def pruned(sql: str, question: str, lexicon: Lexicon) -> str:
    """The statement without tables that are only joined; the same text if there are none.

    Args:
        sql: One SELECT, in DuckDB's dialect.
        question: What it is to answer: a table that this names stays.
        lexicon: The tables and their columns.
    """
    tree = parsed(sql)
    if tree is None:
        return sql
    said = {form for word in tokens(question) for form in (stem(word.text), *bases(word.text.lower()))}
    changed = False
    for select in tree.find_all(exp.Select):
        while (idle := _idle(select, lexicon, said)) is not None:
            idle.drop(select)
            changed = True
    return tree.sql(dialect=DIALECT) if changed else sql


@dataclass
class _Idle:
    """A table that is only joined.

    Attributes:
        alias: What it is called.
        key: What stands for its key once it is gone.
        uses: Where the key is used.
        join: What joins it, or joins its only neighbour to it.
    """

    alias: str
    key: exp.Column
    uses: list[exp.Column]
    join: exp.Join

    def drop(self, select: exp.Select) -> None:
        for each in self.uses:
            each.replace(self.key.copy())
        if self.join.this.alias_or_name.lower() != self.alias:
            select.args["from_"].set("this", self.join.this.copy())
        self.join.pop()


def _idle(select: exp.Select, lexicon: Lexicon, said: set[str]) -> _Idle | None:
    """The first table that is only joined and not spoken of; None where the joins are not plain ones along keys."""
    joins: list[exp.Join] = select.args.get("joins") or []
    tables, derived = sources(select, lexicon)
    if derived or len(tables) != len(joins) + 1 or _all(select):
        return None
    if not all(_plain(each) for each in joins):
        return None
    used = list(select.find_all(exp.Column))
    first = select.args["from_"].this.alias_or_name.lower()
    for alias, table in tables.items():
        others = {word for name in tables.values() if name != table for word in lexicon.tables[name].words}
        own = set(lexicon.tables[table].words)
        taught = {word for name in lexicon.also.get((table, ""), ()) for word in name}
        if said & ((own - others - _SMALL or own) | taught):
            continue
        near = [each for each in joins if any(column.table.lower() == alias for column in _ends(each))]
        if len(near) != 1 or (
            near[0] is not joins[0] if alias == first else near[0].this.alias_or_name.lower() != alias
        ):
            continue
        mine, other = _sides(near[0], alias)
        names = {name.lower() for name in lexicon.tables[table].columns}
        uses = [
            each
            for each in used
            if each is not mine and (each.table.lower() == alias or (not each.table and each.name.lower() in names))
        ]
        if mine is None or other is None:
            continue
        if all(each.table and each.name.lower() == mine.name.lower() for each in uses):
            return _Idle(alias, other, uses, near[0])
    return None


def _all(select: exp.Select) -> bool:
    return any(each.is_star for each in select.expressions)


def _plain(join: exp.Join) -> bool:
    return not join.side and join.kind in ("", "INNER") and isinstance(join.args.get("on"), exp.EQ)


def _ends(join: exp.Join) -> list[exp.Column]:
    return list(join.args["on"].find_all(exp.Column))


def _sides(join: exp.Join, alias: str) -> tuple[exp.Column | None, exp.Column | None]:
    """The column of a table in the condition that joins it, and the other one; None if it is no such condition."""
    left, right = join.args["on"].this, join.args["on"].expression
    if not isinstance(left, exp.Column) or not isinstance(right, exp.Column):
        return None, None
    return (left, right) if left.table.lower() == alias else (right, left)
