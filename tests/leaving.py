"""What is done when the tests of a process have ended, the last thing first.

A worker of pytest-xdist has ten seconds to leave once its session is over, then it is killed: what waits for
``atexit`` may then never happen. A process that is killed itself calls nothing: then another one, which waits for that,
ends whatever works in the folders that were made here, and deletes them. As a script, this file is that process.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_LAST: list[Callable[[], object]] = []
_SECONDS = 5.0


def at_end(call: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Call this at the end."""
    _LAST.append(partial(call, *arguments, **options))


@atexit.register  # for benchmarks, which have no session
def end() -> None:
    """Do it now."""
    while _LAST:
        _LAST.pop()()


def folder(prefix: str) -> Path:
    """A folder for a server, which is named in its command or is its current one; both go however this process ends."""
    made = Path(tempfile.mkdtemp(prefix=prefix))
    watcher = _watcher().stdin
    assert watcher is not None
    watcher.write(f"{made}\n")
    watcher.flush()
    return made


@functools.cache
def _watcher() -> subprocess.Popen[str]:
    """A process in a session of its own, for Ctrl-C goes to all of one."""
    watcher = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, text=True, start_new_session=True)
    at_end(_relieve, watcher)
    return watcher


def _relieve(watcher: subprocess.Popen[str]) -> None:
    """All was ended."""
    watcher.communicate("\n")
    _watcher.cache_clear()


def _watch() -> None:
    folders = [line.strip() for line in sys.stdin]  # until who writes them is gone
    if not all(folders):
        return
    import psutil

    left = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        places = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
        if any(folder in place for folder in folders for place in places):
            process.terminate()
            left.append(process)
    for process in psutil.wait_procs(left, _SECONDS)[1]:
        process.kill()
    for each in folders:
        shutil.rmtree(each, ignore_errors=True)


if __name__ == "__main__":
    _watch()
