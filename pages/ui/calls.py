"""Use-cases of the workbench behind caches; the only file with ``st.cache_*``.

Cached answers are keyed by the versions of the tables they come from, so they are never stale.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from typing import Any, Concatenate, ParamSpec, TypeVar

import streamlit as st

from automic_core import workbench
from automic_core.errors import SecurityError
from automic_core.lake import Lakehouse
from pages.ui.state import Workspace

P = ParamSpec("P")
T = TypeVar("T")
UseCase = Callable[Concatenate[Lakehouse, P], T]

_ENTRIES, _TOGETHER_SECONDS = 256, 60


class _Held(threading.local):
    """What this thread's run of a page has open, by whether it is for looking only."""

    lakes: dict[bool, Lakehouse] | None = None
    until: ExitStack


_HELD = _Held()


@contextmanager
def one_run() -> Iterator[None]:
    """A run of a page: the lake is opened when it is first asked, and closed once at the end."""
    with ExitStack() as _HELD.until:
        _HELD.lakes = {}
        try:
            yield
        finally:
            _HELD.lakes = None


@contextmanager
def _opened(ws: Workspace, *, read_only: bool) -> Iterator[Lakehouse]:
    """The lake for a look; outside of a run (in fragments, on clicks) it is opened for this call alone."""
    if _HELD.lakes is None:
        with workbench.opened(ws.lake, ws.actor, read_only=read_only) as lake:
            yield lake
        return
    if read_only not in _HELD.lakes:
        _HELD.lakes[read_only] = _HELD.until.enter_context(workbench.opened(ws.lake, ws.actor, read_only=read_only))
    yield _HELD.lakes[read_only]


def read(
    ws: Workspace, use_case: Callable[..., T], *args: Any, tables: Sequence[str] | None = None, **kwargs: Any
) -> T:
    """An answer from the lake, computed again only when one of ``tables`` (None = any) has changed."""
    with _opened(ws, read_only=True) as lake:
        versions = workbench.versions(lake)
        chosen = versions if tables is None else {name: versions.get(name, "") for name in tables}
        name = f"{use_case.__module__}.{use_case.__qualname__}"
        state = blake2b(repr(sorted(chosen.items())).encode()).hexdigest()  # quicker to compare than 100 paths
        found: T = _answer(ws.lake, name, state, args, kwargs, use_case, lake)
    return found


@st.cache_data(show_spinner=False, max_entries=_ENTRIES)
def _answer(
    path: str, name: str, state: str, args: Any, kwargs: Any, _use_case: Callable[..., Any], _lake: Lakehouse
) -> Any:
    return _use_case(_lake, *args, **kwargs)


def together(ws: Workspace, use_case: Callable[..., T], *args: Any) -> T:
    """What all visitors of a lake look at together: begun once, and anew when a table changed or a minute went by.

    For answers under way that each visitor would ask for alike; each of their own would take a process of its own.
    """
    with _opened(ws, read_only=True) as lake:
        state = blake2b(repr(sorted(workbench.versions(lake).items())).encode()).hexdigest()
        found: T = _together(ws.lake, f"{use_case.__module__}.{use_case.__qualname__}", state, args, use_case, lake)
    return found


def apart() -> None:
    """What was begun together is begun anew by who looks next."""
    _together.clear()


@st.cache_resource(show_spinner=False, max_entries=_ENTRIES, ttl=_TOGETHER_SECONDS)
def _together(path: str, name: str, state: str, args: Any, _use_case: Callable[..., Any], _lake: Lakehouse) -> Any:
    return _use_case(_lake, *args)


def fresh(ws: Workspace, use_case: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """An answer as of this moment: for what changes without a table changing (drafts, jobs)."""
    with _opened(ws, read_only=ws.read_only) as lake:
        return use_case(lake, *args, **kwargs)


def change(ws: Workspace, use_case: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Do something that writes, in the name of the visitor.

    Raises:
        SecurityError: The visitor may only look.
    """
    if ws.read_only:
        raise SecurityError("This workbench is open for looking only.", "Ask the person who serves it.")
    with workbench.opened(ws.lake, ws.actor) as lake:
        return use_case(lake, *args, **kwargs)


def place(ws: Workspace, use_case: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """A use-case about a place outside the tables, held to what this lake may read."""
    return use_case(*args, policy=workbench.policy(ws.lake), **kwargs)


def at(ws: Workspace, use_case: Callable[..., T], *args: Any, writes: bool = False, **kwargs: Any) -> T:
    """A use-case about the lake's folder, which works also when the lake cannot be opened.

    Raises:
        SecurityError: It writes, and the visitor may only look.
    """
    if writes and ws.read_only:
        raise SecurityError("This workbench is open for looking only.", "Ask the person who serves it.")
    return use_case(ws.lake, *args, **kwargs)


@st.cache_data(show_spinner=False, max_entries=1)
def connectors() -> list[workbench.Connector]:
    """What can be read and written; the same until the server starts again."""
    return workbench.connectors()
