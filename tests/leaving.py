"""What is done when the tests of a process have ended, the last thing first.

A worker of pytest-xdist has ten seconds to leave once its session is over, then it is killed: what waits for
``atexit`` may then never happen.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import partial
from typing import Any

_LAST: list[Callable[[], object]] = []


def at_end(call: Callable[..., object], *arguments: Any, **options: Any) -> None:
    """Call this at the end."""
    _LAST.append(partial(call, *arguments, **options))


@atexit.register  # for benchmarks, which have no session
def end() -> None:
    """Do it now."""
    while _LAST:
        _LAST.pop()()
