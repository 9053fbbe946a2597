"""The database under the state: SQLite in WAL, or PostgreSQL; writers queue, readers never wait."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, text
from sqlalchemy.engine import URL, make_url

from automic_core.errors import AutomicError, ConfigError, ConflictError, LoadError, MissingDriverError
from automic_core.state.tables import metadata

_WAIT_SECONDS = 60
_ADVISORY_LOCK = 0x4175746F  # any constant; all writers of the state take the same one


class Database:
    """Transactions on the state's database.

    Both databases run one write at a time (SQLite by ``BEGIN IMMEDIATE``, PostgreSQL by an advisory lock), so that
    "look, then write" needs no retry; a write takes milliseconds.
    """

    def __init__(self, url_or_path: str | Path) -> None:
        self.url = _url(url_or_path)
        self.shown = self.url.render_as_string(hide_password=True)
        with self._errors():
            self._engine = _engine(self.url)
            with self.write() as connection:
                metadata.create_all(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        with self._errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is alone in writing.

        Raises:
            ConflictError: Another writer kept the database locked for a minute.
            LoadError: The database cannot be written.
        """
        with self._errors(), self._engine.execution_options(automic_write=True).begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except AutomicError:
            raise
        except exc.NoSuchModuleError as error:
            raise ConfigError(f"{self.shown}: no such kind of database.", "Use a path or postgresql://…") from error
        except ImportError as error:
            raise MissingDriverError(error.name or "psycopg", "postgresql") from error
        except exc.SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            if "locked" in reason:
                raise ConflictError(f"The state {self.shown} is locked by another writer.", "Run again.") from error
            hint = "Check the path and the free space."
            if "not a database" in reason or "malformed" in reason:
                hint = "The file is damaged: delete it, it is rebuilt from the lake."
            raise LoadError(f"The state {self.shown} cannot be used: {reason}.", hint) from error


def _url(url_or_path: str | Path) -> URL:
    given = str(url_or_path)
    if "://" not in given:
        return URL.create("sqlite", database=str(Path(given).absolute()))
    try:
        url = make_url(given)
    except exc.ArgumentError as error:
        raise ConfigError(
            "The state's URL is not a database URL.", "Use a path or postgresql://user@host/db"
        ) from error
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, pool_pre_ping=True)
    else:
        folder = Path(url.database or "").parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LoadError(f"{folder} cannot be created: {error.strerror}.", "Choose another path.") from error
        engine = create_engine(url, connect_args={"timeout": _WAIT_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    _make_fork_safe(engine)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # transactions are begun by _begin, not by the driver
    connection.execute("PRAGMA synchronous=NORMAL")
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("automic_write", False)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
    elif write:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def _make_fork_safe(engine: Engine) -> None:
    """A connection made before a fork is never used after it (SQLAlchemy, "Using connection pools with fork")."""

    def connected(connection: Any, record: Any) -> None:
        record.info["pid"] = os.getpid()

    def checked_out(connection: Any, record: Any, proxy: Any) -> None:
        if record.info["pid"] != os.getpid():
            record.dbapi_connection = proxy.dbapi_connection = None
            raise exc.DisconnectionError("made in another process")

    event.listen(engine, "connect", connected)
    event.listen(engine, "checkout", checked_out)
