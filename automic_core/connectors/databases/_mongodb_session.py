"""Connections to MongoDB: made, tried again where that can help, and their errors in words."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automic_core.connectors.databases._errors import Errors, one_line
from automic_core.errors import MissingDriverError

if TYPE_CHECKING:
    from pymongo import MongoClient

SECONDS = 10.0
"""How long a server may take to answer; a shorter time for what the driver would try again and again."""
_AGAIN_SECONDS = 5.0
LOST_LOG = frozenset({"280", "286", "40576", "40585", "40615"})
"""Codes by which a server says that its log does not reach back to a place, or that a stream cannot go on."""

_WORDS: dict[str, tuple[str, str]] = {
    "13": ("this user may not do that", "Grant a role that may, or name another user."),
    "18": ("the password is wrong, or there is no such user", "Check 'user', 'login_database' and the secret."),
    "20": ("the server cannot do that", "Transactions and change streams need a replica set."),
    "43": ("the server ended the read", "Run again; nothing half-done is visible."),
    "50": ("it took too long", "Raise 'statement_timeout', or read less."),
    "112": ("somebody else is writing the same documents", "Run again."),
    "121": ("the validator of the collection refuses a document", "Change the rows, or the validator."),
    "237": ("the server ended the read", "Run again; nothing half-done is visible."),
    "239": ("the read took longer than the server keeps its past", "Give snapshot: false, or read less."),
    "246": ("it cannot be read as of one moment", "Give snapshot: false."),
    "251": ("the transaction was ended by the server", "Load fewer rows at once; it may last a minute by default."),
    "286": ("the server's log does not reach back that far", ""),
    "290": ("the transaction took too long", "Load fewer rows at once, or raise transactionLifetimeLimitSeconds."),
    "11000": ("a row with such a key is there already", "Load by upsert, or leave out what is there."),
    "11601": ("it was stopped", "Run again; nothing half-done is visible."),
}
_PASSING = frozenset(
    {"6", "7", "89", "91", "112", "189", "262", "9001", "10058", "10107", "11600", "11602", "13435", "13436"}
)
"""The server is away, stops, or gives the lead to another; or two writers met."""


@dataclass(frozen=True)
class Access:
    """How a server is reached, checked and with the password.

    Attributes:
        hosts: Names or addresses to try one after the other.
    """

    hosts: Sequence[str]
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    login_database: str
    tls: bool
    certificates: str | None


def drivers() -> tuple[type[BaseException], ...]:
    """The exceptions of the driver.

    Raises:
        MissingDriverError: With the command that installs it.
    """
    try:
        import bson.errors
        import pymongo.errors
    except ImportError as exc:
        raise MissingDriverError("pymongo", "mongodb") from exc
    return pymongo.errors.PyMongoError, bson.errors.BSONError


def opened(access: Access) -> MongoClient[dict[str, Any]]:
    """A client of exactly this server, which has answered; others of its replica set are not asked.

    What pymongo would retry in silence it does not: a read is begun again only where nothing was delivered.
    """
    from pymongo import MongoClient

    login: dict[str, Any] = {}
    if access.user:
        login = {"username": access.user, "password": access.password, "authSource": access.login_database}
    if access.tls:
        login |= {"tls": True, "tlsCAFile": access.certificates}
    client: MongoClient[dict[str, Any]] = MongoClient(
        _reachable(access.hosts, access.port),
        access.port,
        directConnection=True,
        appname="automic",
        retryReads=False,
        connectTimeoutMS=int(SECONDS * 1000),
        serverSelectionTimeoutMS=int(_AGAIN_SECONDS * 1000),
        **login,
    )
    try:
        client.admin.command("ping")
        if access.user:  # the ping needs no login
            client[access.login_database].command("connectionStatus")
    except BaseException:
        client.close()
        raise
    return client


def _reachable(hosts: Sequence[str], port: int) -> str:
    """The first host that takes a connection: the driver itself would try a dead one until its time is up."""
    failed: OSError | None = None
    for host in hosts:
        try:
            socket.create_connection((host, port), SECONDS).close()
        except OSError as exc:
            failed = exc
        else:
            return host
    raise failed or OSError("no address")


def code_of(exc: BaseException) -> str:
    """The server's code of an error; of several the first one's."""
    return str(_details(exc).get("code") or getattr(exc, "code", None) or "")


def _details(exc: BaseException) -> dict[str, Any]:
    """What the server answered; of several errors the first one."""
    details: Any = getattr(exc, "details", None)
    if not isinstance(details, dict):
        return {}
    found: dict[str, Any] = next(iter(details.get("writeErrors") or ()), details)
    return found


def said(exc: BaseException) -> str:
    """What the server says, in one line and without the reply that the driver puts behind it."""
    text = str(_details(exc).get("errmsg") or exc)
    return one_line(text.partition(" (configured timeouts:")[0].partition(", Timeout: ")[0]) or type(exc).__name__


def _is_away(exc: BaseException) -> bool:
    from pymongo.errors import ServerSelectionTimeoutError

    return isinstance(exc, OSError | ServerSelectionTimeoutError)


def _is_lost(exc: BaseException) -> bool:
    from pymongo.errors import ConnectionFailure

    return isinstance(exc, ConnectionFailure) and not _is_away(exc)


ERRORS = Errors(
    drivers,
    code_of,
    said,
    _WORDS,
    passing=_PASSING,
    is_lost=_is_lost,
    is_away=_is_away,
    reached_by="'host', 'port' and 'tls'",
)
