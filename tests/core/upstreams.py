"""Tables of servers and files whose columns change while they are read."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any, Literal

from automic_core import registry
from automic_core.contracts import SourceAdapter
from tests import mongodb, mysql_servers, servers

Change = Literal["added", "dropped", "renamed", "widened", "narrowed", "retyped"]
CHANGES: tuple[Change, ...] = ("added", "dropped", "renamed", "widened", "narrowed", "retyped")
NAMES = ("id", "v", "n", "m", "d")
ROWS = [(1, "a", 1, 10, 1.0), (2, "b", 2, 20, 2.0)]
_numbers = count(1)


class Upstream(ABC):
    """A table (id, v text, n small number, m large number, d of two decimals) of two rows.

    Attributes:
        new: What rows hold after a change in the column that it is about, each a value that was not possible before.
    """

    new: dict[Change, tuple[str, Any]] = {
        "added": ("x", "new"),
        "dropped": ("v", None),
        "renamed": ("w", "c"),
        "widened": ("n", 5_000_000_000),
        "narrowed": ("m", 30),
        "retyped": ("n", "many"),
    }
    logged = True
    source: SourceAdapter

    @abstractmethod
    def change(self, change: Change) -> None:
        """Change the columns; row 1 changes with them, row 3 comes."""

    @abstractmethod
    def insert(self, key: int) -> None:
        """One more row, with values in the first column only."""


class _Relational(Upstream):
    alter: dict[Change, str] = {
        "added": "ALTER TABLE {t} ADD x varchar(9) DEFAULT 'old'",
        "dropped": "ALTER TABLE {t} DROP COLUMN v",
        "renamed": "ALTER TABLE {t} RENAME COLUMN v TO w",
    }

    def __init__(self, name: str, run: Callable[[str], Any]) -> None:
        self._name, self._run = name, run
        run(f"CREATE TABLE {name} ({self.columns})")
        for row in ROWS:
            self._insert(dict(zip(NAMES, row, strict=True)))

    columns = "id int PRIMARY KEY, v varchar(20), n int, m bigint, d decimal(10,2)"

    def change(self, change: Change) -> None:
        for statement in self.alter[change].split(";"):
            self._run(statement.format(t=self._name))
        column, value = self.new[change]
        rest: dict[str, Any] = {"d": 3.5} if change == "dropped" else {column: value}
        self._insert({"id": 3, **rest})
        ((name, each),) = rest.items()
        self._run(f"UPDATE {self._name} SET {name} = {_literal(each)} WHERE id = 1")

    def insert(self, key: int) -> None:
        self._insert({"id": key})

    def _insert(self, row: dict[str, Any]) -> None:
        values = ", ".join(map(_literal, row.values()))
        self._run(f"INSERT INTO {self._name} ({', '.join(row)}) VALUES ({values})")


class SQLite(_Relational):
    """A file. Its whole numbers are all of 64 bits: what widens is a column that gets fractions."""

    logged = False
    new = {**Upstream.new, "widened": ("n", 1.25), "narrowed": ("d", 2**53 + 1)}
    columns = "id INTEGER PRIMARY KEY, v TEXT, n INTEGER, m INTEGER, d REAL"

    def __init__(self, folder: Path) -> None:
        path = folder / f"u{next(_numbers)}.db"

        def run(statement: str) -> None:
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute(statement)

        again = (
            "ALTER TABLE {{t}} RENAME TO before; CREATE TABLE {{t}} (id INTEGER PRIMARY KEY, v, n {n}, m, d {d}); "
            "INSERT INTO {{t}} SELECT * FROM before; DROP TABLE before"
        )
        made: dict[Change, str] = {
            "widened": again.format(n="REAL", d="REAL"),
            "narrowed": again.format(n="INTEGER", d="INTEGER"),
            "retyped": again.format(n="TEXT", d="REAL"),
        }
        self.alter = {**_Relational.alter, **made}
        super().__init__("t", run)
        self.source = registry.build("source", "sqlite", {"path": str(path), "table": "t"})


class PostgreSQL(_Relational):
    """A table of a server whose log can be followed."""

    alter = {
        **_Relational.alter,
        "widened": "ALTER TABLE {t} ALTER n TYPE bigint",
        "narrowed": "ALTER TABLE {t} ALTER m TYPE int",
        "retyped": "ALTER TABLE {t} ALTER n TYPE text",
    }

    def __init__(self, cleanup: ExitStack) -> None:
        server, name = servers.logical_postgresql(), f"u{next(_numbers)}"
        cleanup.callback(servers.forget_logs, server)
        super().__init__(name, server.run)
        self.source = registry.build("source", "postgresql", {**server.options, "table": name})


class MySQL(_Relational):
    """A table of MariaDB with its binary log."""

    alter = {
        **_Relational.alter,
        "widened": "ALTER TABLE {t} MODIFY n bigint",
        "narrowed": "ALTER TABLE {t} MODIFY m int",
        "retyped": "ALTER TABLE {t} MODIFY n varchar(20)",
    }

    def __init__(self, _: ExitStack) -> None:
        server, name = mysql_servers.logged_mysql(), f"u{next(_numbers)}"
        super().__init__(name, server.run)
        self.source = registry.build("source", "mysql", {**server.options, "table": name})


class MongoDB(Upstream):
    """A collection. Its whole numbers are all read as such of 64 bits."""

    new = {**Upstream.new, "widened": ("n", 1.25)}

    def __init__(self, cleanup: ExitStack) -> None:
        space = cleanup.enter_context(mongodb.database("automic_upstream"))
        self._documents = mongodb.server().client[space]["t"]
        self._documents.insert_many({"_id": key, **dict(zip(NAMES[1:], rest, strict=True))} for key, *rest in ROWS)
        options = {**mongodb.server().options(space), "table": "t"}
        self.source = registry.build("source", "mongodb", options)

    def change(self, change: Change) -> None:
        column, value = self.new[change]
        every: dict[Change, dict[str, Any]] = {
            "added": {"$set": {"x": "old"}},
            "dropped": {"$unset": {"v": 1}},
            "renamed": {"$rename": {"v": "w"}},
        }
        if change in every:
            self._documents.update_many({}, every[change])
        told = {"d": 3.5} if change == "dropped" else {column: value}
        self._documents.update_one({"_id": 1}, {"$set": told})
        self._documents.insert_one({"_id": 3, **told})

    def insert(self, key: int) -> None:
        self._documents.insert_one({"_id": key})


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def upstream(kind: str, folder: Path) -> Iterator[Upstream]:
    """A table of a kind; what it left on a server goes with it."""
    with ExitStack() as cleanup:
        made = {"postgresql": PostgreSQL, "mysql": MySQL, "mongodb": MongoDB}
        yield SQLite(folder) if kind == "sqlite" else made[kind](cleanup)
