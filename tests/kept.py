"""Folders that many tests begin with: made once, and before each test as if just made."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path


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
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(self._copy, self.folder, dirs_exist_ok=True)
        return self.folder
