"""Tables and views of a server's catalog, and how one of them is found by its name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from automic_core.errors import SourceError

MOST = 10_000
"""So many names are listed."""
Names = tuple[list[str], list[str]]
"""Names of tables and of views, as the option ``table`` takes them."""


@dataclass(frozen=True)
class Relation:
    """A table or view.

    Attributes:
        sql: Its name in a statement.
        oid: Its number, where the server numbers tables.
        comment: What its owner says about it.
        comments: Column name to its comment, where there is one.
        required: Columns that are never null.
        key: Columns of the primary key.
        rows: About how many rows it has, where the catalog says so.
    """

    schema: str
    name: str
    sql: str
    oid: int = 0
    comment: str = ""
    comments: dict[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    rows: int | None = None


def found(
    schema: str | None,
    table: str | None,
    where: str,
    listed: Callable[[], Names],
    look: Callable[[str | None, str], Relation | None],
) -> Relation:
    """The table of that name, else of that ``schema.name``; without a name the only one there is.

    Args:
        schema: The schema it is in; None = the default one of the session.
        table: Its name; None = the only table.
        where: The server, for messages.
        listed: Gives all names.
        look: Gives the relation in a schema, None if there is none.

    Raises:
        SourceError: There is none, or several to choose from; says what there is.
    """
    if table is None:
        tables, views = listed()
        if len(tables) != 1:
            what = f"{len(tables)} tables" if tables else "no table"
            names = [*tables, *views]
            hint = f"Choose one by the option table: {_shown(names)}." if names else ""
            raise SourceError(f"{where} has {what}.", hint)
        table = tables[0]
    for space, name in _readings(schema, table):
        relation = look(space, name)
        if relation is not None:
            return relation
    tables, views = listed()
    near = difflib.get_close_matches(table, [*tables, *views, *(each.rpartition(".")[2] for each in tables)], 1)
    hint = f"Did you mean {near[0]!r}?" if near else f"It has: {_shown([*tables, *views]) or 'none'}."
    raise SourceError(f"{where} has no table {f'{schema}.{table}' if schema else table!r}.", hint)


def _readings(schema: str | None, table: str) -> Iterator[tuple[str | None, str]]:
    """What a name may mean: itself, or a schema and a table with a dot between them."""
    yield schema, table
    if schema is None:
        for place, letter in enumerate(table):
            if letter == "." and 0 < place < len(table) - 1:
                yield table[:place], table[place + 1 :]


def _shown(names: list[str]) -> str:
    return ", ".join(names[:20]) + (" …" if len(names) > 20 else "")
