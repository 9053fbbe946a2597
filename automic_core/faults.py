"""Named points around every commit, so that tests can stop the process exactly there.

Nothing happens unless the environment variable ``AUTOMIC_FAULT`` is set:

- ``kill:<name>`` or ``kill:<name>:<nth>``: SIGKILL this process when the point is reached for the nth time (from 1);
- ``record:<file>``: append the name of each point that is reached to ``<file>``, one a line.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

VARIABLE = "AUTOMIC_FAULT"

_reached: Counter[str] = Counter()


def commit_point(name: str) -> None:
    """Mark a point in the order of commits.

    Args:
        name: Stable name such as "append.before"; letters, digits, dots and hyphens, no colon.
    """
    fault = os.environ.get(VARIABLE)
    if not fault:
        return
    action, _, argument = fault.partition(":")
    if action == "record":
        with Path(argument).open("a", encoding="utf-8") as file:
            file.write(f"{name}\n")
    elif action == "kill":
        wanted, _, nth = argument.partition(":")
        _reached[name] += 1
        if name == wanted and _reached[name] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)


def commit_points() -> list[str]:
    """Names recorded so far under ``AUTOMIC_FAULT=record:<file>``, in first-seen order."""
    action, _, argument = os.environ.get(VARIABLE, "").partition(":")
    if action != "record" or not Path(argument).exists():
        return []
    return list(dict.fromkeys(Path(argument).read_text(encoding="utf-8").split()))
