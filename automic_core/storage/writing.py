"""Writing local files whole or not at all, and saying when a disk is full."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from automic_core.errors import LoadError

_CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_errors(path: Path | str, partial: Path | None = None) -> Iterator[None]:
    """Turn a full disk or quota met while writing ``path`` into a LoadError that says how much is written and free.

    Args:
        path: What the message names.
        partial: The file that is being written in its place, if any.

    Raises:
        LoadError: The disk is full.
    """
    try:
        yield
    except OSError as exc:
        if exc.errno not in _FULL:
            raise
        folder = next((p for p in (Path(path), *Path(path).parents) if p.exists()), Path("/"))
        free = shutil.disk_usage(folder).free
        written = f" after {partial.stat().st_size:,} bytes" if partial is not None and partial.exists() else ""
        raise LoadError(
            f"No space left while writing {path}{written}: {free:,} bytes are free on its disk.",
            "Free some space and run again; what was there before is unchanged.",
        ) from exc


@contextmanager
def atomic_write(path: Path | str, append: bool = False) -> Iterator[BinaryIO]:
    """A file that appears under ``path`` complete when the block ends, or not at all.

    It is written beside its target, synced, then renamed over it; a reader sees the old file or the new one.

    Args:
        path: Local target; its folder is created. A symlink is followed.
        append: Begin with a copy of the present content (costs its size in disk space).

    Raises:
        LoadError: The folder cannot be written, or the disk is full.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        raise LoadError(f"{path} is not a regular file.", "Give the path of a file.")
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with disk_errors(target, temporary):
            file = _create(target, temporary)
            with file:
                if append and target.exists():
                    with target.open("rb") as present:
                        shutil.copyfileobj(present, file, _CHUNK)
                yield file
                file.flush()
                os.fsync(file.fileno())
            _publish(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink()


def _create(target: Path, temporary: Path) -> BinaryIO:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return temporary.open("xb")
    except OSError as exc:
        if exc.errno in _FULL:
            raise
        raise _refused(target, exc) from exc


def _publish(temporary: Path, target: Path) -> None:
    try:
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as exc:
        raise _refused(target, exc) from exc
    _sync_folder(target.parent)


def _refused(target: Path, exc: OSError) -> LoadError:
    return LoadError(f"{target} cannot be written: {exc.strerror}.", "Check that its folder exists and is writable.")


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; file systems without folder handles do that on their own."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
