"""Folders that many tests begin with: made once, and before each test as if just made."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from pathlib import Path

from automic_core.jobs import slots


class Kept:
    """A folder with a lake in it, remembered as it is now.

    A lake knows the absolute places of its files: a copy elsewhere would read, and change, the files of the first one.
    So it is put back where it was made, and each process that runs tests makes its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._copy = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent)) / "kept"
        shutil.copytree(folder, self._copy)

    def again(self) -> Path:
        """The folder as it was, whatever has been done in it; it stays the same one to who is in it."""
        self._await_workers()
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self._copy, self.folder, dirs_exist_ok=True)
        return self.folder

    def _await_workers(self) -> None:
        """A worker that still closes its lake would close, and so delete, files of the next one."""
        for thread in threading.enumerate():
            if thread.name == "worker":  # waits for the end of a worker that this process has started
                thread.join(60)
        deadline = time.monotonic() + 60
        while any(slots.alive(file.parent, file.read_text()) for file in self.folder.glob("*/jobs/worker-*.lock")):
            assert time.monotonic() < deadline, f"A job goes on in {self.folder}."
            time.sleep(0.05)
