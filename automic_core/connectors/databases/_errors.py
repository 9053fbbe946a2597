"""What servers say when something fails, as errors of ours; and what is worth another try."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import tenacity

from automic_core.errors import AutomicError, LoadError, SecurityError, SourceError, UnavailableError

T = TypeVar("T")
_AWAY = (
    "connection refused",
    "timeout expired",
    "connection timed out",
    "timed out",
    "network is unreachable",
    "no route to host",
)


def _said_away(exc: BaseException) -> bool:
    return any(words in str(exc).lower() for words in _AWAY)


@dataclass(frozen=True)
class Errors:
    """How the errors of one kind of server are understood.

    Attributes:
        drivers: The exceptions of the drivers; raises MissingDriverError if one is not installed.
        code_of: The server's code of an error, empty if it has none.
        said: What the server says, in one line.
        words: Code to what it means, and what to do next.
        passing: Codes of what may pass: the server is starting or full, or two transactions met.
        is_lost: Whether the connection broke.
        is_away: Whether there is no connection to be had; by default by what is said.
        writing: Codes of a statement that would do more than read.
        reached_by: Options that say how the server is reached.
    """

    drivers: Callable[[], tuple[type[BaseException], ...]]
    code_of: Callable[[BaseException], str]
    said: Callable[[BaseException], str]
    words: Mapping[str, tuple[str, str]]
    passing: frozenset[str]
    is_lost: Callable[[BaseException], bool]
    is_away: Callable[[BaseException], bool] = _said_away
    writing: frozenset[str] = frozenset()
    reached_by: str = "'host' and 'port'"

    def passes(self, exc: BaseException) -> bool:
        """Whether trying again can help."""
        cause = exc.__cause__ if isinstance(exc, AutomicError) else exc
        if cause is None or isinstance(cause, socket.gaierror):
            return False
        return self.code_of(cause) in self.passing or self.is_lost(cause) or self.is_away(cause)

    def trying(self, retries: int, work: Callable[[], T]) -> T:
        """Do something again if it failed for a reason that may pass; only for work that has delivered nothing yet."""
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(retries + 1),
            wait=tenacity.wait_exponential(multiplier=0.2, max=5),
            retry=tenacity.retry_if_exception(self.passes),
            reraise=True,
        )
        return retrying(work)

    @contextmanager
    def translated(self, to: type[SourceError | LoadError], what: str, hide: str = "") -> Iterator[None]:
        """Turn the drivers' errors into ours.

        Args:
            to: SourceError or LoadError.
            what: What was being done and where, as the start of the message.
            hide: The password, which must not be repeated, whatever a driver says.
        """
        # what happens in the middle of a stream may come through Arrow's interface, as one of its errors
        caught = (*self.drivers(), pa.ArrowException, OSError)
        try:
            yield
        except AutomicError:
            raise
        except caught as exc:
            raise self._ours(exc, to, what, hide) from exc

    def _ours(self, exc: BaseException, to: type[AutomicError], what: str, hide: str) -> AutomicError:
        code, said = self.code_of(exc), self.said(exc)
        said = said.replace(hide, "…") if hide else said
        if code in self.writing:
            return SecurityError(f"{what}: it would do more than read ({said}).", "Give one SELECT that only reads.")
        words, hint = self.words.get(code, ("", ""))
        if not words and self.is_lost(exc):
            words, hint = "the connection was lost", "Run again; nothing half-done is visible."
        if not words and self.is_away(exc):
            words, hint = "the server does not answer", f"Check {self.reached_by}, and that the server runs."
        to = UnavailableError if to is SourceError and self.passes(exc) else to
        return to(f"{what}: {words} ({said})." if words else f"{what}: {said}.", hint)


def one_line(text: str) -> str:
    """A message without line breaks and without its full stop, cut off where it is very long."""
    return " ".join(text.split()).rstrip(".")[:600]


def lost_by(
    code_of: Callable[[BaseException], str], gone: tuple[str, ...], said: tuple[str, ...]
) -> Callable[[BaseException], bool]:
    """Whether a connection broke, by the beginning of the error's code or by what is said, in lower case."""

    def is_lost(exc: BaseException) -> bool:
        return code_of(exc).startswith(gone) or any(words in str(exc).lower() for words in said)

    return is_lost
