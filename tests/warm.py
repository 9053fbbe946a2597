"""Processes that begin with other people's libraries loaded.

A new Python needs longer to load them than most processes of the tests need for their work. One process that has
loaded them, and does nothing else, forks for each that is wanted. Nothing of Automic is loaded in it, nor is Polars,
which has threads of its own.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from automic_core.jobs import processes, supervision
from automic_core.workbench import worker

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext

LOADED = [
    *("duckdb", "numpy", "pandas", "pyarrow.dataset", "pyarrow.parquet", "pydantic_settings"),
    *("pyiceberg.catalog.sql", "pyiceberg.io.pyarrow", "pyiceberg.table", "sqlalchemy.dialects.sqlite", "structlog"),
]


@functools.cache
def _server() -> ForkServerContext:
    """Where processes come from; not on Windows, which cannot fork."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED)
    return context


class Process:
    """A function in a process of its own; a number instead of its exit code where a signal ended it, as usual."""

    def __init__(self, function: Callable[..., object], *arguments: object, variables: Mapping[str, str]) -> None:
        self._process = _server().Process(target=_begin, args=(function, arguments, dict(variables)), daemon=True)
        with _no_main():
            self._process.start()

    def poll(self) -> int | None:
        """How it ended; None = it goes on."""
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> int | None:
        """How it ended, or None if it goes on after so many seconds."""
        self._process.join(seconds)
        return self.poll()

    def kill(self) -> None:
        """End it now, if it has not ended."""
        self._process.kill()


@contextmanager
def _no_main() -> Iterator[None]:
    """A new process runs the file of ``__main__`` first, which is a page's script once a test has run a page here."""
    ours = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = ours


def start_worker(root: Path) -> None:
    """What ``supervision.start_worker`` does, sooner."""
    begun = time.monotonic()
    process = Process(_work, root, variables=processes.environment())
    supervision._started[root] = begun, process  # type: ignore[assignment]
    threading.Thread(target=process.wait, name="worker", daemon=True).start()


def _begin(function: Callable[..., object], arguments: tuple[Any, ...], variables: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    function(*arguments)


def _work(root: Path) -> None:
    os.setsid()
    sys.argv = [worker.__file__, str(root)]
    worker.main(root)
