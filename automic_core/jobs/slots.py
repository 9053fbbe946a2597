"""Places for workers: files that a worker keeps locked while it lives.

The system drops the lock with the process, however it ends, so a dead worker is known at once and for sure: not by its
process id, which another process may have by now, nor by a heartbeat, which stops while a laptop sleeps.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from automic_core.errors import LoadError

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _unlock(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


_FAR = 1 << 30  # locked bytes cannot be read on some systems, and the name at the start must be


class Slot:
    """A place taken by this process.

    Attributes:
        worker: Slot number and a name that no other process ever had.
    """

    def __init__(self, number: int, handle: int) -> None:
        self._handle = handle
        self.worker = f"{number}:{os.urandom(6).hex()}"
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, self.worker.encode())

    def release(self) -> None:
        """Give the place to others."""
        _unlock(self._handle)
        os.close(self._handle)


def take(folder: Path, count: int) -> Slot | None:
    """One of ``count`` places, or None if all are taken.

    Raises:
        LoadError: The folder cannot be written.
    """
    for number in range(1, count + 1):
        try:
            handle = os.open(_file(folder, number), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as exc:
            raise LoadError(f"{folder} cannot be written: {exc.strerror}.", "Check its rights and space.") from exc
        try:
            _lock(handle)
        except OSError:
            os.close(handle)
            continue
        return Slot(number, handle)
    return None


def alive(folder: Path, worker: str) -> bool:
    """Whether the process that took this place still lives."""
    number, _, _ = worker.partition(":")
    try:
        handle = os.open(_file(folder, int(number)), os.O_RDWR)
    except OSError:
        return False
    try:
        if os.read(handle, 100).decode(errors="replace") != worker:
            return False  # somebody else has the place by now
        try:
            _lock(handle)
        except OSError:
            return True
        _unlock(handle)
        return False
    finally:
        os.close(handle)


def _file(folder: Path, number: int) -> Path:
    return folder / f"worker-{number}.lock"
