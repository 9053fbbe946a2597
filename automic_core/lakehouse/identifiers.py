"""Names as SQL writes them: in quotes only where they need them."""

from __future__ import annotations

import re
from functools import cache

import duckdb

from automic_core.lakehouse.sql import quoted

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def named(name: str) -> str:
    """One name."""
    return name if _PLAIN.fullmatch(name) and name.lower() not in reserved() else quoted(name)


def dotted(name: str) -> str:
    """A full name, such as ``silver.orders``."""
    return ".".join(map(named, name.split(".")))


@cache
def reserved() -> frozenset[str]:
    """The words that DuckDB takes for no name, in lower case."""
    with duckdb.connect() as connection:
        found = connection.sql("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'")
        return frozenset(word for (word,) in found.fetchall())
