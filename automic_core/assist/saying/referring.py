""" "Every order has a customer": the key of another table that a column refers to."""

from __future__ import annotations

from automic_core.assist.asking.words import name_words, stem
from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.saying import Others, Unclear, Wish

_ENDS = ("id", "key", "code", "no", "number", "ref")


def refers(what: str, columns: Columns, others: Others, table: str | None = None) -> list[Wish]:
    """A foreign key from the column that words mean to a table; none if no table is called so.

    Args:
        what: Words for the column, or for the thing it refers to.
        columns: Of the table at hand.
        others: The tables there are.
        table: Words for the table, if they were said apart.

    Raises:
        Unclear: A table is called so, but no column leads there.
    """
    found = _table(table or what, others)
    if found is None:
        return []
    keys = list(others.keys.get(found, ())) or [name for name in others.columns[found] if name.lower() == "id"]
    column = _column(what, found, columns, keys)
    if column is None:
        raise Unclear(f"No column here leads to {found}.", "Say: COLUMN exists in TABLE.")
    own = name_words(found.rpartition(".")[2])
    there = others.columns[found]
    target = next(
        (name for name in (column, *keys, *(f"{'_'.join(own)}_{end}" for end in _ENDS)) if name in there), None
    )
    if target is None:
        raise Unclear(f"Nothing says which column of {found} identifies its rows.", "Add the rule with right_on.")
    options = {"columns": [column], "table": found} | ({"right_on": [target]} if target != column else {})
    return [Wish("rule", "foreign_key", options, f"{column} exists in {found}", f"{target} there identifies a row")]


def _table(said: str, others: Others) -> str | None:
    """The table that is called so; silver before bronze."""
    plain = said.strip().lower()
    words = tuple(
        stem(word) for word in plain.replace("_", " ").split() if word not in ("a", "an", "the", "valid", "known")
    )
    known = sorted(others.columns, key=lambda name: not name.startswith("silver."))
    for name in known:
        own = name_words(name.rpartition(".")[2])
        if (
            plain in (name, name.rpartition(".")[2])
            or own == words
            or (words[-1:] in (("id",), ("key",)) and own == words[:-1])
        ):
            return name
    return None


def _column(what: str, table: str, columns: Columns, keys: list[str]) -> str | None:
    own = name_words(table.rpartition(".")[2])
    named = [name for name in columns.names if name_words(name)[: len(own)] == own and name_words(name)[-1:][0] in (
        "identifier", *_ENDS)]  # fmt: skip
    found = columns.find(what)
    return next(
        (each for each in [*(found if len(found) == 1 else []), *named, *(k for k in keys if k in columns.names)]), None
    )
