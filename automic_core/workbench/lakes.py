"""Find, create and open a lake; what may be read beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.settings import FILE_NAME, Settings
from automic_core.storage import AccessPolicy

VARIABLE = "AUTOMIC_LAKE"
DEFAULT = "lake"
CATALOG = "catalog.db"

_SETTINGS = """\
# Settings of this lake. Every key has a default; the environment (AUTOMIC_SECTION__KEY) wins over this file.
lakehouse:
  name: lake
"""


@dataclass(frozen=True)
class NewLake:
    """What ``create`` did: the folder, and whether it made a lake of it."""

    path: Path
    created: bool


def lake_path(path: str | Path | None = None) -> Path:
    """The folder that is meant: the one given, else ``AUTOMIC_LAKE``, else ./lake."""
    return Path(path or os.environ.get(VARIABLE) or DEFAULT).expanduser().absolute()


def is_lake(path: Path) -> bool:
    """Whether a folder holds a lake: its settings or its catalog."""
    return (path / FILE_NAME).is_file() or (path / CATALOG).is_file()


def create(path: str | Path | None = None) -> NewLake:
    """Make a lake, unless there is one.

    Raises:
        ConfigError: Something else is in the folder.
        CatalogError: The folder cannot be written.
    """
    root = lake_path(path)
    if is_lake(root):
        return NewLake(root, created=False)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ConfigError(f"{root} is not empty and no lake.", "Choose another folder.")
    with Lakehouse.open(root):
        (root / FILE_NAME).write_text(_SETTINGS, encoding="utf-8")
    return NewLake(root, created=True)


@contextmanager
def opened(path: str | Path | None = None, actor: str | None = None) -> Iterator[Lakehouse]:
    """An open lake that exists already.

    Raises:
        ConfigError: There is none; says how to make one.
    """
    root = lake_path(path)
    if not is_lake(root):
        raise ConfigError(
            f"There is no lake at {root}.", f"`automic init` creates one; or give --lake, or set {VARIABLE}."
        )
    with Lakehouse.open(root, actor=actor) as lake:
        yield lake


def policy(path: str | Path | None = None, allow: Sequence[str | Path] = ()) -> AccessPolicy:
    """What a command or a page may read: the lake, the current folder, and ``allow``."""
    root = lake_path(path)
    settings = Settings.load(root) if root.is_dir() else Settings.load()
    return AccessPolicy.from_settings(settings, root, extra_roots=[Path.cwd(), *allow])


def stamp(path: str | Path | None = None) -> tuple[int, ...]:
    """A value that changes when a local lake does; for caches."""
    root = lake_path(path)
    files = [root / name for name in (CATALOG, f"{CATALOG}-wal", "state.db", "state.db-wal", FILE_NAME)]
    return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
