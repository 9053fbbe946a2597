"""Connections to MongoDB: made, tried again where that can help, and their errors in words."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import tenacity

from automic_core.errors import AutomicError, LoadError, MissingDriverError, SourceError, UnavailableError

if TYPE_CHECKING:
    from pymongo import MongoClient

T = TypeVar("T")
SECONDS = 10.0
"""How long a server may take to answer; a shorter time for what the driver would try again and again."""
_AGAIN_SECONDS = 5.0
LOST_LOG = frozenset({280, 286, 40576, 40585, 40615})
"""Codes by which a server says that its log does not reach back to a place, or that a stream cannot go on."""

_WORDS: dict[int, tuple[str, str]] = {
    13: ("this user may not do that", "Grant a role that may, or name another user."),
    18: ("the password is wrong, or there is no such user", "Check 'user', 'login_database' and the secret."),
    20: ("the server cannot do that", "Transactions and change streams need a replica set."),
    43: ("the server ended the read", "Run again; nothing half-done is visible."),
    50: ("it took too long", "Raise 'statement_timeout', or read less."),
    112: ("somebody else is writing the same documents", "Run again."),
    121: ("the validator of the collection refuses a document", "Change the rows, or the validator."),
    237: ("the server ended the read", "Run again; nothing half-done is visible."),
    239: ("the read took longer than the server keeps its past", "Give snapshot: false, or read less."),
    246: ("it cannot be read as of one moment", "Give snapshot: false."),
    251: ("the transaction was ended by the server", "Load fewer rows at once; it may last a minute by default."),
    286: ("the server's log does not reach back that far", ""),
    290: ("the transaction took too long", "Load fewer rows at once, or raise transactionLifetimeLimitSeconds."),
    11000: ("a row with such a key is there already", "Load by upsert, or leave out what is there."),
    11601: ("it was stopped", "Run again; nothing half-done is visible."),
}
_PASSING = frozenset({6, 7, 89, 91, 112, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436})
"""The server is away, stops, or gives the lead to another; or two writers met."""


@dataclass(frozen=True)
class Access:
    """How a server is reached, checked and with the password.

    Attributes:
        hosts: Names or addresses to try one after the other.
        most: Milliseconds that one statement may take; None = as the server has it.
    """

    hosts: Sequence[str]
    port: int
    database: str
    user: str
    password: str
    login_database: str
    tls: bool
    certificates: str | None
    most: int | None


def driver() -> None:
    """Raise if the driver is missing.

    Raises:
        MissingDriverError: With the command that installs it.
    """
    try:
        import pymongo  # noqa: F401
    except ImportError as exc:
        raise MissingDriverError("pymongo", "mongodb") from exc


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


def code_of(exc: BaseException) -> int:
    """The server's code of an error; of several the first one's; 0 if it has none."""
    return int(_details(exc).get("code") or getattr(exc, "code", None) or 0)


def _details(exc: BaseException) -> dict[str, Any]:
    """What the server answered; of several errors the first one."""
    details: Any = getattr(exc, "details", None)
    if not isinstance(details, dict):
        return {}
    found: dict[str, Any] = next(iter(details.get("writeErrors") or ()), details)
    return found


def is_away(exc: BaseException) -> bool:
    """Whether there is no connection to be had."""
    from pymongo.errors import ServerSelectionTimeoutError

    return isinstance(exc, OSError | ServerSelectionTimeoutError)


def is_lost(exc: BaseException) -> bool:
    """Whether a connection broke."""
    from pymongo.errors import ConnectionFailure

    return isinstance(exc, ConnectionFailure) and not is_away(exc)


def _passes(exc: BaseException) -> bool:
    """Whether trying again can help."""
    cause = exc.__cause__ if isinstance(exc, AutomicError) else exc
    if cause is None or isinstance(cause, socket.gaierror):
        return False
    return code_of(cause) in _PASSING or is_away(cause) or is_lost(cause)


def trying(retries: int, work: Callable[[], T]) -> T:
    """Do something again if it failed for a reason that may pass; only for work that has delivered nothing yet."""
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(retries + 1),
        wait=tenacity.wait_exponential(multiplier=0.2, max=5),
        retry=tenacity.retry_if_exception(_passes),
        reraise=True,
    )
    return retrying(work)


@contextmanager
def translated(to: type[SourceError | LoadError], what: str, hide: str = "") -> Iterator[None]:
    """Turn the driver's errors into ours.

    Args:
        to: SourceError or LoadError.
        what: What was being done and where, as the start of the message.
        hide: The password, which must not be repeated, whatever a driver says.
    """
    from bson.errors import BSONError
    from pymongo.errors import PyMongoError

    try:
        yield
    except AutomicError:
        raise
    except (PyMongoError, BSONError, OSError) as exc:
        raise _ours(exc, to, what, hide) from exc


def _ours(exc: Exception, to: type[SourceError | LoadError], what: str, hide: str) -> AutomicError:
    said = _said(exc)
    said = said.replace(hide, "…") if hide else said
    words, hint = _WORDS.get(code_of(exc), ("", ""))
    if not words and is_away(exc):
        words, hint = "the server does not answer", "Check 'host', 'port' and 'tls', and that the server runs."
    if not words and is_lost(exc):
        words, hint = "the connection was lost", "Run again; nothing half-done is visible."
    kind = UnavailableError if to is SourceError and _passes(exc) else to
    return kind(f"{what}: {words} ({said})." if words else f"{what}: {said}.", hint)


def _said(exc: Exception) -> str:
    """What the server says, in one line and without the reply that the driver puts behind it."""
    text = str(_details(exc).get("errmsg") or exc)
    text = text.partition(" (configured timeouts:")[0].partition(", Timeout: ")[0]
    return " ".join(text.split()).rstrip(".")[:600] or type(exc).__name__
