"""MariaDB for tests: the one that runs on this machine, else one of the suite's own, else none, which is said by name.

``AUTOMIC_TEST_MYSQL`` (``mysql://user@host:port/database``) names another server than 127.0.0.1:3306. Most tests want
MariaDB, whose sequences they read; MySQL itself is not among what is tested here.
"""

from __future__ import annotations

import functools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.leaving import at_end
from tests.leaving import folder as made_folder
from tests.servers import RESTARTS, certify
from tests.servers import Address as PostgreSQLAddress

VARIABLE = "AUTOMIC_TEST_MYSQL"
_CERTIFICATES: dict[int, str] = {}


class Address(PostgreSQLAddress):
    """Where a database is, for whom no password is needed."""

    def run(self, statement: str, **options: Any) -> list[tuple[Any, ...]]:
        """What a statement answers; committed at once."""
        import pymysql

        about = {"host": self.host, "port": self.port, "user": self.user, "database": self.database, **options}
        with closing(pymysql.connect(**about, connect_timeout=5, autocommit=True, charset="utf8mb4")) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())

    def transaction(self, *statements: str) -> None:
        """Several statements that are committed together."""
        import pymysql

        about = {"host": self.host, "port": self.port, "user": self.user, "database": self.database}
        with closing(pymysql.connect(**about, charset="utf8mb4")) as connection:
            for statement in statements:
                connection.cursor().execute(statement)
            connection.commit()


@functools.cache
def _found() -> Address | str:
    """The server, or why there is none."""
    try:
        import pymysql
    except ImportError:
        return "pymysql is not installed"
    url = urlsplit(os.environ.get(VARIABLE) or "mysql://root@127.0.0.1:3306/test")
    database = unquote(url.path.strip("/") or "test")
    there = Address(url.hostname or "127.0.0.1", url.port or 3306, unquote(url.username or "root"), database)
    try:
        there.run("SELECT 1")
    except pymysql.err.Error as exc:
        if os.environ.get(VARIABLE):
            return f"{VARIABLE} does not answer: {exc}"
        return started()
    return there


@functools.cache
def started(*settings: str, password: str = "") -> Address | str:
    """A server of the suite's own, gone with the process; or why there is none."""
    path = f"/usr/sbin:{os.environ.get('PATH', '')}"
    install, server = (shutil.which(name, path=path) for name in ("mariadb-install-db", "mariadbd"))
    if install is None or server is None:
        return "no MySQL answers at 127.0.0.1:3306, and there is no mariadbd to start one"
    folder = made_folder("automic-my-")
    data, who = folder / "data", "nobody" if os.geteuid() == 0 else ""
    if who:
        shutil.chown(folder, "nobody", "nogroup")
    user = [f"--user={who}"] if who else []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    about = [*user, f"--datadir={data}"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    first = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]
    if "ssl" in settings:
        certify(folder / "key", folder / "certificate")
        (folder / "key").chmod(0o644)
        _CERTIFICATES[port] = (folder / "certificate").read_text()
    wanted = [each for each in settings if each != "ssl"]
    if "ssl" in settings:
        wanted += [f"--ssl-key={folder / 'key'}", f"--ssl-cert={folder / 'certificate'}"]
    command = [server, "--no-defaults", *about, f"--port={port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
               f"--socket={folder / 's'}", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M",
               *wanted]  # fmt: skip
    running: list[subprocess.Popen[bytes]] = []
    address = Address("127.0.0.1", port, "root", "test")

    def start() -> None:
        running.append(subprocess.Popen(command, **quiet))
        end = time.monotonic() + 60
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            if running[-1].poll() is not None or time.monotonic() > end:
                raise OSError("it ended, or does not answer")
            time.sleep(0.05)

    def restart(crash: bool) -> None:
        stop(crash)
        start()

    def stop(crash: bool = True) -> None:
        process = running.pop()
        process.kill() if crash else process.terminate()
        process.wait(60)

    def gone() -> None:
        with suppress(OSError, subprocess.SubprocessError, IndexError):
            stop()
        shutil.rmtree(folder, ignore_errors=True)

    at_end(gone)
    try:
        subprocess.run([install, "--no-defaults", *about, *first], check=True, timeout=120, **quiet)
        start()
        address.run("CREATE DATABASE test", database=None)
        if password:
            address.run(f"SET PASSWORD FOR 'root'@'127.0.0.1' = PASSWORD('{password}')")
    except (OSError, subprocess.SubprocessError) as exc:
        return f"MariaDB could not be started: {exc}"
    RESTARTS[port] = restart
    return address


def mysql() -> Address:
    """The server that tests use; the test is skipped by name without one."""
    found = _found()
    if isinstance(found, str):
        pytest.skip(f"MySQL: {found}")
    return found


def logged_mysql() -> Address:
    """A server of the suite's own whose log can be followed; skipped by name where none starts."""
    logging = ("--log-bin=log", "--server-id=1", "--binlog-format=ROW", "--binlog-row-metadata=FULL")
    found = started(*logging, "--innodb-flush-log-at-trx-commit=2")  # else a crash loses what the log has told
    if isinstance(found, str):
        pytest.skip(f"MySQL with a binary log: {found}")
    return found


def guarded_mysql() -> dict[str, Any]:
    """Options of a server that asks for the password "right", and can encrypt; skipped by name where none starts."""
    found = started(*(("ssl",) if shutil.which("openssl") else ()), password="right")
    if isinstance(found, str):
        pytest.skip(f"MySQL with a password: {found}")
    return found.options


def certificate() -> str:
    """The certificate of that server."""
    return _CERTIFICATES[int(guarded_mysql()["port"])]


@contextmanager
def schema(name: str) -> Iterator[str]:
    """A fresh database, dropped afterwards; one that a killed run left behind is dropped before."""
    server = mysql()
    server.run(f"DROP DATABASE IF EXISTS `{name}`")
    server.run(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    try:
        yield name
    finally:
        server.run(f"DROP DATABASE IF EXISTS `{name}`")
