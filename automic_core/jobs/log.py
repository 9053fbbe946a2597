"""The log of a job: everything its process says, its beginning and its end kept, the middle dropped when it is long."""

from __future__ import annotations

import os
from pathlib import Path

LIMIT = 256 * 1024
"""Bytes a log may have."""
_HEAD = LIMIT // 4


def capture(path: Path) -> None:
    """Send what this process and its libraries print to a file, from now on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def trim(path: Path, limit: int = LIMIT) -> None:
    """Cut the middle out of a log that has grown too long; whoever writes to it goes on at its end."""
    if not path.exists() or path.stat().st_size <= limit:
        return
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(min(_HEAD, limit // 4))
        head = head[: head.rfind(b"\n") + 1] or head
        file.seek(size - limit // 2)
        tail = file.read(limit // 2)
        tail = tail[tail.find(b"\n") + 1 :] or tail
        left_out = f"... {size - len(head) - len(tail):,} bytes left out ...\n".encode()
        file.seek(0)
        file.write(head + left_out + tail)
        file.truncate()


def read(path: Path) -> str:
    """The log as text; empty if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
