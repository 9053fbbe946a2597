"""Questions and statements run in processes of their own, bounded in time and memory, killed hard, kept warm."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import automic_core
from automic_core import errors
from automic_core.errors import AutomicError, TransformError
from automic_core.queries.wire import Reply, receive, send
from automic_core.settings import Settings, SqlSection

PROGRAM = "automic_core.workbench.query_worker"
"""What a process runs. It opens lakes, so it stands above this module, which only names it."""
DEFAULTS = SqlSection()
HARD_MEMORY = 4 << 30
MOST, IDLE = 4, 2
_GRACE, _START_SECONDS = 1.5, 60.0
_NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_.*|TZ|SYSTEMROOT|WINDIR|TE?MP|VIRTUAL_ENV|PYTHON\w*|LD_LIBRARY_PATH|COV\w*"
    r"|AUTOMIC_\w+|(AWS|GOOGLE|AZURE|SSL|POLARS|ARROW|OMP|PYICEBERG)_\w+|(https?|no|all)_proxy|\w*CA_BUNDLE",
    re.IGNORECASE,
)
"""Variables a process needs to start and to reach the lake's storage; no others are told to it."""


class Worker:
    """One process, and the folder for what it spills."""

    def __init__(self, hard_memory: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="automic-query-"))
        self.hard_memory, self.late = hard_memory, False
        self._ready = False
        home = str(Path(automic_core.__file__).parent.parent)
        paths = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", PROGRAM, str(hard_memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server; the closed pipe tells the worker
            env={**_environment(), "TMPDIR": str(self.folder), "PYTHONPATH": paths, "MALLOC_ARENA_MAX": "2"},
        )

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self.process.poll() is None

    def ask(self, request: Mapping[str, Any], on_part: Callable[[str], None] | None = None) -> Reply | None:
        """The reply; None if the process ended over it, killed because it took too long or by itself."""
        if not self._ready:
            self._ready = self._exchange(None, _START_SECONDS) is not None
        return self._exchange(request, request["seconds"] + _GRACE, on_part) if self._ready else None

    def _exchange(
        self, request: Mapping[str, Any] | None, seconds: float, on_part: Callable[[str], None] | None = None
    ) -> Reply | None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        timer = threading.Timer(seconds, self._too_late)
        timer.daemon = True
        timer.start()
        try:
            if request is not None:
                send(self.process.stdin, request)  # type: ignore[arg-type]
            while (reply := receive(self.process.stdout)) is not None and "part" in reply[0]:  # type: ignore[arg-type]
                if on_part is not None:
                    on_part(reply[0]["part"])
            return reply
        except OSError:
            return None
        finally:
            timer.cancel()

    def _too_late(self) -> None:
        self.late = True
        self.process.kill()

    def end(self) -> int:
        """Kill the process, take its folder away; returns how the process ended."""
        self.process.kill()
        code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return code


class Pool:
    """Workers that wait for questions.

    Args:
        most: Questions answered at once; others wait.
        idle: Workers kept warm.
        hard_memory: Bytes a worker may take beyond what it needs to start.
    """

    def __init__(self, most: int = MOST, idle: int = IDLE, hard_memory: int = HARD_MEMORY) -> None:
        self.places = threading.BoundedSemaphore(most)
        self._most_idle, self._hard_memory = idle, hard_memory
        self._lock = threading.Lock()
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        atexit.register(self.close)

    def warm(self) -> None:
        """Let a worker start, unless one waits already; does not wait for it."""
        with self._lock:
            self._idle = [worker for worker in self._idle if worker.alive]
            if not self._idle:
                self._idle.append(self._new())

    def take(self, memory: int = 0) -> Worker:
        """A worker for one question that may need so many bytes."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive and worker.hard_memory >= memory:
                    return worker
                self._workers.discard(worker)
                worker.end()
            return self._new(memory)

    def give(self, worker: Worker, *, again: bool) -> int | None:
        """Take a worker back; one that may not be used again is ended, and how it ended is returned."""
        with self._lock:
            if again and worker in self._workers and len(self._idle) < self._most_idle and worker.alive:
                self._idle.append(worker)
                return None
            self._workers.discard(worker)
        return worker.end()

    def close(self) -> None:
        """End all workers; a question under way fails."""
        with self._lock:
            workers, self._workers, self._idle = self._workers, set(), []
        for worker in workers:
            worker.end()

    def _new(self, memory: int = 0) -> Worker:
        worker = Worker(max(self._hard_memory, memory))
        self._workers.add(worker)
        return worker


class Question:
    """A request on its way; it is answered in the background.

    Args:
        pool: Where to find a process.
        request: What to do: ``do``, ``sql`` and more, see ``query_worker``.
        seconds: Time it may take; what takes longer is killed.
        memory: What DuckDB may use before it spills.
        spill: Most that it may spill.
        hard_memory: Bytes that the process must be allowed, if more than the pool's processes are.
        on_done: Called with the outcome, in the background, before anybody else sees it.
        on_part: Called with what arrives before the reply, in the background: words that explain an answer.
    """

    def __init__(
        self,
        pool: Pool,
        request: Mapping[str, Any],
        *,
        seconds: float = DEFAULTS.page_seconds,
        memory: str = DEFAULTS.memory,
        spill: str = DEFAULTS.spill,
        hard_memory: int = 0,
        on_done: Callable[[Reply | AutomicError], None] | None = None,
        on_part: Callable[[str], None] | None = None,
    ) -> None:
        self._pool, self._seconds, self._on_done, self._on_part = pool, seconds, on_done, on_part
        self._request = {**request, "seconds": seconds, "memory": memory, "spill": spill}
        self._hard_memory = hard_memory
        self._worker: Worker | None = None
        self._reply: Reply | AutomicError | None = None
        self._cancelled = threading.Event()
        self._done = threading.Event()
        threading.Thread(target=self._work, daemon=True, name="automic-question").start()

    @property
    def done(self) -> bool:
        """Whether ``result`` returns at once."""
        return self._done.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the answer; whether it is there."""
        return self._done.wait(seconds)

    def cancel(self) -> None:
        """Stop it, whatever it does."""
        self._cancelled.set()
        if (worker := self._worker) is not None:
            worker.process.kill()

    def result(self) -> Reply:
        """The reply, once it is there.

        Raises:
            AutomicError: What went wrong, in the words of the process that answered.
        """
        self._done.wait()
        assert self._reply is not None
        if isinstance(self._reply, AutomicError):
            raise self._reply
        return self._reply

    def _work(self) -> None:
        try:
            with self._pool.places:
                self._reply = self._asked()
        except AutomicError as exc:
            self._reply = exc
        except Exception as exc:
            self._reply = TransformError(f"The query could not be run: {exc}", "Try again.")
            self._reply.__cause__ = exc
        try:
            if self._on_done is not None:
                self._on_done(self._reply)
        finally:
            self._done.set()

    def _asked(self) -> Reply | AutomicError:
        if self._cancelled.is_set():
            return _cancelled()
        lake = self._request.get("lake")
        request = {**self._request, "variables": _declared(lake) if lake else {}}
        worker = self._worker = self._pool.take(self._hard_memory)
        reply = None if self._cancelled.is_set() else worker.ask(request, self._on_part)
        self._worker = None
        again = reply is not None and not reply[0].get("retire") and not self._cancelled.is_set()
        code = self._pool.give(worker, again=again)
        if not again:
            self._pool.warm()
        if reply is not None:
            return _raised(reply[0]["error"]) if "error" in reply[0] else reply
        if self._cancelled.is_set():
            return _cancelled()
        if worker.late:
            return TransformError(
                f"The query took longer than {self._seconds:g} s and was stopped.", "Select less, or aggregate earlier."
            )
        return TransformError(
            f"The process of the query ended (code {code}), most likely because it needed too much memory.",
            "Select fewer rows or columns, or make the values smaller.",
        )


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if _NEEDED.fullmatch(name)}


def _declared(lake: str) -> dict[str, str]:
    """The variables that hold secrets of a lake, for the process that opens it."""
    origins = Settings.load(lake).secrets.values()
    return {each.env: os.environ[each.env] for each in origins if each.env is not None and each.env in os.environ}


def _cancelled() -> AutomicError:
    return TransformError("The query was cancelled.")


def _raised(error: Mapping[str, Any]) -> AutomicError:
    """An error that crossed the pipe, as one of ours again."""
    kind = getattr(errors, str(error["kind"]), None)
    if not (isinstance(kind, type) and issubclass(kind, AutomicError)) or kind is errors.MissingDriverError:
        kind = TransformError
    found: AutomicError = kind(str(error["message"]), str(error["hint"]))
    if position := error.get("position"):
        found.position = (int(position[0]), int(position[1]))
    return found


_pool: Pool | None = None
_making = threading.Lock()


def pool() -> Pool:
    """The pool of this process."""
    global _pool
    with _making:
        if _pool is None:
            _pool = Pool()
        return _pool
