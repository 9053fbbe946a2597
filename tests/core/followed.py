"""Tables of servers that tests follow, and what silver then holds."""

from __future__ import annotations

from itertools import count
from typing import Any

from automic_core.lake import Lakehouse
from automic_core.lakehouse.rowhash import row_hash
from tests import servers

_numbers = count(1)


def made(server: servers.Address, columns: str, *statements: str) -> str:
    """A new table; ``{t}`` stands for it in the statements."""
    name = f"t{next(_numbers)}"
    server.run(f"CREATE TABLE {name} ({columns})")
    for statement in statements:
        server.run(statement.format(t=name))
    return name


def rows(lake: Lakehouse, table: str = "silver.t") -> list[dict[str, Any]]:
    """Data of a table, in the order of its first column."""
    frame = lake.scan(table).collect()
    kept = frame.select(name for name in frame.columns if not name.startswith("_"))
    return kept.sort(kept.columns[0]).to_dicts()


def same(lake: Lakehouse, read: Any, table: str = "silver.t") -> bool:
    """Whether a table holds just what the source has."""
    return str(row_hash(lake.scan(table))) == str(row_hash(read.scan()))
