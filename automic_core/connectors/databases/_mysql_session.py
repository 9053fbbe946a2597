"""Connections to MySQL and MariaDB, their settings, and their errors in words."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases._errors import Errors, lost_by, one_line
from automic_core.errors import MissingDriverError

if TYPE_CHECKING:
    import pymysql

_CONNECT_SECONDS = 10
_WORDS: dict[str, tuple[str, str]] = {
    "1044": ("this user may not use that database", "GRANT it to the user, or name another one."),
    "1045": ("the password is wrong, or there is no such user", "Check 'user' and the secret that 'password' names."),
    "1698": ("the password is wrong, or there is no such user", "Check 'user' and the secret that 'password' names."),
    "1130": ("the server does not let this machine in", "CREATE USER for this host, or connect from another one."),
    "1049": ("there is no such database", "Check 'database'."),
    "1146": ("there is no such table", "Check its name and its database."),
    "1054": ("there is no such column", "Check its name."),
    "1142": ("this user may not do that", "GRANT it to the user, or name another one."),
    "1143": ("this user may not do that", "GRANT it to the user, or name another one."),
    "1227": ("this user may not do that", "GRANT it to the user, or name another one."),
    "1969": ("it took too long", "Raise 'statement_timeout', or read less."),
    "3024": ("it took too long", "Raise 'statement_timeout', or read less."),
    "1317": ("it was stopped", "Run again; nothing half-done is visible."),
    "1205": ("somebody else holds a lock on it", "Try again later."),
    "1213": ("two transactions waited for each other", "Run again; nothing half-done is visible."),
    "1040": ("the server has no connection left", "Try again later."),
    "1203": ("this user has no connection left", "Try again later."),
    "1114": ("the server's disk is full", "Make room on the server."),
    "1021": ("the server's disk is full", "Make room on the server."),
    "1053": ("the server is stopping", "Try again in a moment."),
    "1927": ("the server ended the connection", "Run again; nothing half-done is visible."),
    "2026": ("the encrypted connection failed", "Check 'sslmode' and 'root_certificate'."),
    "3159": ("the server wants an encrypted connection", "Set 'sslmode' to require or more."),
}
_LOST = ("lost connection", "has gone away", "connection reset", "broken pipe", "connection was killed")


def drivers() -> tuple[type[BaseException], ...]:
    """The exceptions of the driver.

    Raises:
        MissingDriverError: With the command that installs it.
    """
    try:
        import pymysql
    except ImportError as exc:
        raise MissingDriverError((exc.name or "pymysql").partition(".")[0], "mysql") from exc
    return (pymysql.err.Error,)


def code_of(exc: BaseException) -> str:
    """The server's number of an error."""
    import pymysql

    number = exc.args[0] if isinstance(exc, pymysql.err.Error) and exc.args else ""
    if number == 2003 and "certificate" in str(exc).lower():
        return "2026"
    return str(number) if isinstance(number, int) else ""


def _said(exc: BaseException) -> str:
    text = str(exc.args[1]) if len(exc.args) > 1 else str(exc)
    return one_line(re.sub(r"^\(\d+, ", "", text))


ERRORS = Errors(
    drivers,
    code_of,
    _said,
    _WORDS,
    passing=frozenset({"1040", "1203", "1205", "1213", "1053", "1927", "2006", "2013", "1158", "1159", "1160", "1161"}),
    is_lost=lost_by(code_of, ("2006", "2013", "1927", "1053"), _LOST),
    writing=frozenset({"1792", "1290"}),
)


@dataclass(frozen=True)
class Access:
    """How the server is reached.

    Attributes:
        host: Its name, by which a certificate is checked.
        addresses: Its numeric addresses, which were checked; none = ``host`` is the folder or file of a socket.
        timeout: Seconds that a statement may take; None = as the server has it.
    """

    host: str
    port: int
    addresses: Sequence[str]
    database: str
    user: str
    password: str = field(repr=False)
    sslmode: str = "prefer"
    certificate: str | None = None
    timeout: float | None = None

    def opened(self, *settings: str, flags: int = 0, read_seconds: float | None = None) -> pymysql.Connection[Any]:
        """A connection in which every statement is its own transaction, with UTF-8 texts and times in UTC.

        Args:
            settings: Statements that begin the session.
            flags: Further abilities of the client (``LOCAL_FILES``).
            read_seconds: After so long without an answer the connection counts as lost.
        """
        import pymysql

        encrypted = self.sslmode != "disable" and bool(self.addresses)
        needed = encrypted and self.sslmode != "prefer"
        connection = pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            charset="utf8mb4",
            autocommit=True,
            read_timeout=read_seconds,
            client_flag=flags,
            local_infile=False,  # a server may not ask for files of this machine
            defer_connect=True,
            program_name="automic",
            read_default_file=None,
            **({"ssl": self._context()} if needed else {"ssl_disabled": True}),
        )
        if encrypted and not needed:  # the driver would read the certificates of the machine, and check none
            connection.ssl, connection.ctx = True, self._context()
        connection.connect(self._socket())
        try:
            run(connection, "SET SESSION time_zone = '+00:00', net_write_timeout = 3600, net_read_timeout = 3600")
            for statement in settings:
                run(connection, statement)
            if self.timeout is not None:
                run(connection, f"SET SESSION {_timeout(connection, self.timeout)}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        if self.sslmode.startswith("verify"):
            context = ssl.create_default_context(cafile=self.certificate)
            context.check_hostname = self.sslmode == "verify-full"
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def _socket(self) -> socket.socket:
        """A connection to one of the addresses, the first that answers."""
        import pymysql

        failed: OSError | None = None
        for address in self.addresses:
            try:
                found = socket.create_connection((address, self.port), _CONNECT_SECONDS)
            except OSError as exc:
                failed = exc
                continue
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            return found
        if failed is not None:
            raise pymysql.err.OperationalError(2003, f"{self.host}:{self.port}: {failed}") from failed
        local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            local.connect(self.host if not self.host.endswith("/") else f"{self.host}mysqld.sock")
        except OSError as exc:
            local.close()
            raise pymysql.err.OperationalError(2003, f"{self.host}: {exc}") from exc
        return local

    def kill(self, thread: int) -> None:
        """End another connection of this user, and what it runs."""
        connection = self.opened(read_seconds=_CONNECT_SECONDS)
        try:
            run(connection, f"KILL {int(thread)}")
        finally:
            connection.close()


def run(connection: pymysql.Connection[Any], statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a statement answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())


def is_mariadb(connection: pymysql.Connection[Any]) -> bool:
    """Whether the server is MariaDB; else it is MySQL."""
    return "mariadb" in str(connection.get_server_info()).lower()


def _timeout(connection: pymysql.Connection[Any], seconds: float) -> str:
    if is_mariadb(connection):
        return f"max_statement_time = {seconds:.6f}"
    return f"max_execution_time = {max(round(seconds * 1000), 1)}"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return "`" + name.replace("`", "``") + "`"
