"""Find, create and open a lake; what may be read beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from automic_core.errors import ConfigError, SecurityError
from automic_core.lake import Lakehouse, current_login
from automic_core.lakehouse.catalog import metadata_locations
from automic_core.settings import FILE_NAME, Settings
from automic_core.storage import AccessPolicy

VARIABLE = "AUTOMIC_LAKE"
LOGIN = "AUTOMIC_LOGIN"
"""Set where people must log in: the file that says how."""
DEFAULT = "lake"
CATALOG = "catalog.db"
STATEMENTS = "explore"
"""Folder of the statements people ran."""

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
def opened(path: str | Path | None = None, actor: str | None = None, *, read_only: bool = False) -> Iterator[Lakehouse]:
    """An open lake that exists already.

    Args:
        path: Its folder; see ``lake_path``.
        actor: Who is acting; default the login name.
        read_only: Whatever would change a table is refused.

    Raises:
        ConfigError: There is none; says how to make one.
    """
    root = lake_path(path)
    if not is_lake(root):
        raise ConfigError(
            f"There is no lake at {root}.", f"`automic init` creates one; or give --lake, or set {VARIABLE}."
        )
    with Lakehouse.open(root, actor=actor, read_only=read_only) as lake:
        yield lake


def policy(path: str | Path | None = None, allow: Sequence[str | Path] = ()) -> AccessPolicy:
    """What a command or a page may read: the lake, the current folder (not where people log in), and ``allow``."""
    root = lake_path(path)
    settings = Settings.load(root) if root.is_dir() else Settings.load()
    here = [] if shared() else [Path.cwd()]
    found = AccessPolicy.from_settings(settings, root, extra_roots=[*here, *allow])
    login = os.environ.get(LOGIN, "")
    # What each person asked is that person's own.
    return found.without(root / STATEMENTS, *([login] if login else []))


def shared() -> bool:
    """Whether people log in to this workbench, so that others than the person who started it are here."""
    return os.environ.get(LOGIN, "") not in ("", "0")


def check_unshared() -> None:
    """Check that only the person who started the workbench can be here.

    Raises:
        SecurityError: People log in to it.
    """
    if shared():
        raise SecurityError(
            "The settings of a shared workbench are not changed in the browser.",
            "Edit automic.yaml on its machine: who may change it can reach every secret it names.",
        )


def versions(lake: Lakehouse) -> dict[str, str]:
    """Full name of each table to a text that is another one after every change of it; for caches.

    The runs on record stand under the name "runs".
    """
    return {**metadata_locations(lake.context.catalog), "runs": lake.context.state.runs_version()}


def model_mode(path: str | Path | None = None) -> str:
    """Whether a language model is set up: "off", "local" or "remote"; "off" too while the settings are wrong."""
    try:
        return Settings.load(lake_path(path)).llm.mode if lake_path(path).is_dir() else "off"
    except ConfigError:
        return "off"


def login_name() -> str:
    """The name of the person this process runs for."""
    return current_login()
