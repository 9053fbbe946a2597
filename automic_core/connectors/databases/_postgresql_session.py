"""Connections to PostgreSQL: made, tried again where that can help, and their errors in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases._errors import Errors, lost_by, one_line
from automic_core.errors import MissingDriverError

if TYPE_CHECKING:
    import psycopg

_NOWHERE = "/dev/null/none"
"""No file can lie there; libpq would else look for passwords in the home folder."""

_WORDS: dict[str, tuple[str, str]] = {
    "28P01": ("the password is wrong, or there is no such user", "Check 'user' and the secret that 'password' names."),
    "28000": ("the server does not let this user in from here", "Check 'user', 'sslmode' and pg_hba.conf."),
    "3D000": ("there is no such database", "Check 'database'."),
    "42P01": ("there is no such table", "Check its name and its schema; names are case-sensitive here."),
    "42703": ("there is no such column", "Check its name."),
    "42501": ("this user may not do that", "GRANT it to the user, or name another one."),
    "57014": ("it took too long, or was stopped", "Raise 'statement_timeout', or read less."),
    "55P03": ("somebody else holds a lock on it", "Try again later."),
    "53300": ("the server has no connection left", "Try again later."),
    "53100": ("the server's disk is full", "Make room on the server."),
    "55006": ("somebody else uses it", "Only one process can follow a table; end the other one first."),
    "57P01": ("the server ended the connection", "Run again; nothing half-done is visible."),
    "57P03": ("the server is starting or stopping", "Try again in a moment."),
    "2BP01": ("others depend on it (a view, a foreign key)", "Drop those first, or use mode append or upsert."),
    "0A000": ("the server does not support it", ""),
}
_SAID = {  # what libpq says where the server's code does not get through
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "no pg_hba.conf entry": "28000",
    "too many clients": "53300",
    "in a read-only transaction": "25006",
    "statement timeout": "57014",
    "user request": "57014",
    "administrator command": "57P01",
    "starting up": "57P03",
    "not yet accepting connections": "57P03",
    "in recovery mode": "57P03",
    "shutting down": "57P03",
}
_LOST = (
    "server closed the connection unexpectedly",
    "could not receive data from server",
    "connection reset",
    "no connection to the server",
    "terminating connection",
    "ssl connection has been closed",
    "the connection is lost",
)


def drivers() -> tuple[type[BaseException], ...]:
    """The exceptions of the drivers.

    Raises:
        MissingDriverError: With the command that installs it.
    """
    try:
        import adbc_driver_manager
        import adbc_driver_postgresql  # noqa: F401
        import psycopg
    except ImportError as exc:
        raise MissingDriverError((exc.name or "psycopg").partition(".")[0], "postgresql") from exc
    return psycopg.Error, adbc_driver_manager.Error


def conninfo(
    *, host: str, port: int, addresses: Sequence[str], database: str, user: str, password: str, **settings: str
) -> str:
    """What libpq needs to connect; nothing is left to its variables, services and password files."""
    from psycopg.conninfo import make_conninfo

    many = max(len(addresses), 1)
    where: dict[str, Any] = {"host": ",".join([host] * many), "port": port}
    if addresses:
        where["hostaddr"] = ",".join(addresses)
    about = {"application_name": "automic", "client_encoding": "UTF8", "gssencmode": "disable"}
    alive = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
    return make_conninfo(
        "", dbname=database, user=user, password=password, passfile=_NOWHERE, **where, **about, **alive, **settings
    )


def options(settings: dict[str, str]) -> str:
    """Settings of a session as libpq's ``options``."""
    return " ".join(f"-c {name}={_escaped(value)}" for name, value in settings.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def code_of(exc: BaseException) -> str:
    """The SQLSTATE of an error; of one that has none, by what it says."""
    code = getattr(exc, "sqlstate", None)
    if code:
        return str(code)
    text = str(exc).lower()
    if "does not exist" in text:
        return "3D000" if 'database "' in text else "28P01" if 'role "' in text else ""
    return next((code for words, code in _SAID.items() if words in text), "")


def _said(exc: BaseException) -> str:
    """What the server says, in one line, with the place it names."""
    diagnosis: Any = getattr(exc, "diag", None)
    primary = getattr(diagnosis, "message_primary", None)
    text = str(primary or exc)
    if found := re.search(r"\b(?:ERROR|FATAL): +(.+?)(?:\s+Query was:.*|\s*SQLSTATE: \w+)?$", text, re.DOTALL):
        text = found[1]
    context = str(getattr(diagnosis, "context", None) or "")
    where = f" ({context})" if primary and context.startswith("COPY") else ""
    return one_line(f"{text}{where}")


ERRORS = Errors(
    drivers,
    code_of,
    _said,
    _WORDS,
    passing=frozenset({"57P01", "57P02", "57P03", "53300", "40001", "40P01", "55006"}),
    is_lost=lost_by(code_of, ("08", "57P"), _LOST),
    writing=frozenset({"25006"}),
)


def opened(info: str) -> psycopg.Connection[Any]:
    """A connection of psycopg that begins no transaction by itself."""
    import psycopg

    return psycopg.connect(info, autocommit=True)
