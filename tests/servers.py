"""Servers for tests: the one that runs on this machine, else one of the suite's own, else none, which is said by name.

``AUTOMIC_TEST_POSTGRESQL`` (``postgresql://user@host:port/database``) names another server than 127.0.0.1:5432.
For MongoDB see ``tests/mongodb.py``.
"""

from __future__ import annotations

import functools
import glob
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.leaving import at_end
from tests.leaving import folder as made_folder

RESTARTS: dict[int, Callable[[bool], None]] = {}
"""How servers of the suite's own are stopped, as by a crash or not, and started again; by their ports."""
_CERTIFICATES: dict[int, str] = {}
VARIABLE = "AUTOMIC_TEST_POSTGRESQL"


@dataclass(frozen=True)
class Address:
    """Where a database is, for whom no password is needed."""

    host: str
    port: int
    user: str
    database: str

    @property
    def options(self) -> dict[str, Any]:
        """As options of a source or loader."""
        return {"host": self.host, "port": self.port, "user": self.user, "database": self.database}

    def run(self, statement: str, **options: Any) -> list[tuple[Any, ...]]:
        """What a statement answers; committed at once."""
        import psycopg

        about = {"host": self.host, "port": self.port, "user": self.user, "dbname": self.database, **options}
        with psycopg.connect(**about, connect_timeout=5, autocommit=True) as connection:
            answer = connection.execute(statement)
            return answer.fetchall() if answer.description else []

    def transaction(self, *statements: str) -> None:
        """Several statements that are committed together."""
        self.run("; ".join(("BEGIN", *statements, "COMMIT")))


@functools.cache
def _found() -> Address | str:
    """The server, or why there is none."""
    try:
        import psycopg
    except ImportError:
        return "psycopg is not installed"
    url = urlsplit(os.environ.get(VARIABLE) or "postgresql://postgres@127.0.0.1:5432/test")
    user, database = unquote(url.username or "postgres"), unquote(url.path.strip("/") or "postgres")
    there = Address(url.hostname or "127.0.0.1", url.port or 5432, user, database)
    try:
        there.run("SELECT 1")
    except psycopg.Error as exc:
        if os.environ.get(VARIABLE):
            return f"{VARIABLE} does not answer: {exc}"
        return started()
    return there


@functools.cache
def started(*settings: str, method: str = "trust") -> Address | str:
    """A server of the suite's own, gone with the process; or why there is none."""
    tool = shutil.which("initdb") or next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))[::-1]), None)
    if tool is None:
        return "no PostgreSQL answers at 127.0.0.1:5432, and there is no initdb to start one"
    tools, folder = Path(tool).parent, made_folder("automic-pg-")
    who: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "nobody", "nogroup")
        who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **who}
    (folder / "word").write_text("right")
    (folder / "word").chmod(0o644)
    first = [
        "-A",
        method,
        "-E",
        "UTF8",
        "--no-sync",
        *(("--pwfile", str(folder / "word")) if method != "trust" else ()),
    ]
    data = str(folder / "data")
    about = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off", *settings]
    options = " ".join([f"-p {port}", *(f"-c {each}" for each in about)])
    start = [str(tools / "pg_ctl"), "-D", data, "-w", "-t", "30", "-l", str(folder / "log"), "-o", options, "start"]
    try:
        subprocess.run([tool, "-D", data, "-U", "postgres", *first], check=True, timeout=60, **quiet)
        if "ssl=on" in settings:
            certify(Path(data) / "server.key", Path(data) / "server.crt", **quiet)
            _CERTIFICATES[port] = (Path(data) / "server.crt").read_text()
        subprocess.run(start, check=True, timeout=60, **quiet)
    except (OSError, subprocess.SubprocessError) as exc:
        shutil.rmtree(folder, ignore_errors=True)
        return f"PostgreSQL could not be started: {exc}"

    def control(*words: str) -> None:
        subprocess.run([start[0], "-D", data, *words], check=True, timeout=60, **quiet)

    def restart(crash: bool) -> None:
        control("-w", "-t", "30", "-m", "immediate" if crash else "fast", "restart")

    RESTARTS[port] = restart

    def stop() -> None:
        with suppress(OSError, subprocess.SubprocessError):
            control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)

    at_end(stop)
    return Address("127.0.0.1", port, "postgres", "postgres")


def certify(key: Path, certificate: Path, **how: Any) -> None:
    """A key, and a certificate of 127.0.0.1 that it signs itself."""
    about = ("-x509", "-days", "2", "-nodes", "-subj", "/CN=automic", "-addext", "subjectAltName=IP:127.0.0.1")
    command = ["openssl", "req", "-new", *about, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, timeout=60, capture_output=not how, **how)


def postgresql() -> Address:
    """The server that tests use; the test is skipped by name without one."""
    found = _found()
    if isinstance(found, str):
        pytest.skip(f"PostgreSQL: {found}")
    return found


def logical_postgresql() -> Address:
    """A server of the suite's own whose log can be followed; skipped by name where none starts."""
    found = started("wal_level=logical", "max_replication_slots=20", "max_wal_senders=20")
    if isinstance(found, str):
        pytest.skip(f"PostgreSQL with wal_level=logical: {found}")
    return found


def forget_logs(server: Address) -> None:
    """Drop what followers left on a server: slots that nobody reads, and publications."""
    server.run("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
    for (name,) in server.run("SELECT pubname FROM pg_publication"):
        server.run(f"DROP PUBLICATION {name}")


def restart(server: Address, *, crash: bool) -> None:
    """Stop a server of the suite's own, as a crash would or in order, and start it again."""
    RESTARTS[server.port](crash)


def guarded_postgresql() -> dict[str, Any]:
    """Options of a server that asks for the password "right", and can encrypt; skipped by name where none starts."""
    encrypted = ("ssl=on",) if shutil.which("openssl") else ()
    found = started("password_encryption=scram-sha-256", *encrypted, method="scram-sha-256")
    if isinstance(found, str):
        pytest.skip(f"PostgreSQL with a password: {found}")
    return found.options


def certificate() -> str:
    """The certificate of that server."""
    return _CERTIFICATES[int(guarded_postgresql()["port"])]


@contextmanager
def schema(name: str) -> Iterator[str]:
    """A fresh schema, dropped afterwards; one that a killed run left behind is dropped before."""
    server = postgresql()
    drop = f'DROP SCHEMA IF EXISTS "{name}" CASCADE'
    server.run(drop, options="-c client_min_messages=error")
    server.run(f'CREATE SCHEMA "{name}"')
    try:
        yield name
    finally:
        server.run(drop, options="-c client_min_messages=error")
