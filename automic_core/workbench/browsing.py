"""Folders, files and what is in them, as far as a person may read: for the file browser."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from automic_core import registry, storage
from automic_core.connectors.files.excel import ExcelSource
from automic_core.errors import AutomicError, ConfigError, SourceError, translate
from automic_core.storage import AccessPolicy, Location
from automic_core.workbench.lakes import STATEMENTS, is_lake
from automic_core.workbench.sources import build_source
from automic_core.workbench.uploads import FOLDER as UPLOADS

MOST = 2_000
_OWN = ("automic.yaml", "catalog.db", "state.db", "warehouse", "jobs", "reviews", STATEMENTS)
EntryKind = Literal["folder", "file", "archive"]


@dataclass(frozen=True)
class Entry:
    """Something in a folder.

    Attributes:
        place: What to open next, or to read.
        size: Bytes; None for folders and where nobody says.
        connector: The kind that reads it; empty if none is known by its suffix.
    """

    name: str
    place: str
    kind: EntryKind
    size: int | None = None
    modified: datetime | None = None
    connector: str = ""


@dataclass(frozen=True)
class Listing:
    """What is in a folder.

    Attributes:
        place: The folder; empty = the folders that may be read at all.
        trail: The way to it: names and places, from the root on.
        total: Entries there are; ``entries`` may be the first of them.
    """

    place: str
    trail: list[tuple[str, str]]
    entries: list[Entry]
    total: int


@dataclass(frozen=True)
class Inside:
    """What a file has several of, one of which is to be chosen.

    Attributes:
        option: The option that chooses: "table", "sheet"; "path" = the place itself.
        names: What there is, as the option wants it.
        labels: The same as a person wants to see it.
    """

    option: str
    names: list[str]
    labels: list[str]


def browse(place: str = "", contains: str = "", *, policy: AccessPolicy) -> Listing:
    """Folders first, then files, by name; what is hidden, special or leads out of the allowed folders is left out.

    Args:
        place: Folder, zip archive or URL of a folder; empty = the folders that may be read.
        contains: Only entries with this text in their name, in any case.
        policy: What may be read.

    Raises:
        SecurityError: The policy forbids the place.
        SourceError: It cannot be listed.
    """
    if not place.strip():
        return Listing("", [], _roots(policy), len(_roots(policy)))
    if "\0" in place:
        raise SourceError(f"{place!r} is not a path.", "Choose a folder from the list.")
    with translate(SourceError, f"{place} cannot be listed", "Choose another folder.", (RuntimeError,)):
        entries = list(_remote(place, policy) if "://" in place else _local(Path(place), policy))
    found = [entry for entry in entries if contains.lower() in entry.name.lower()]
    found.sort(key=lambda entry: (entry.kind != "folder", entry.name.lower(), entry.name))
    shown = [entry if "://" in place else _measured(entry) for entry in found[:MOST]]
    return Listing(place, _trail(place, policy), shown, len(found))


def inside(place: str, kind: str, options: Mapping[str, Any] | None = None, *, policy: AccessPolicy) -> Inside | None:
    """The tables of a database, the sheets of a workbook, the files of an archive; None where there is one thing only.

    Args:
        place, kind, options: As for ``build_source``.
        policy: What may be read.

    Raises:
        SourceError: The file cannot be read.
        SecurityError: The policy forbids it.
    """
    with translate(SourceError, f"Looking into {place}"):
        if kind and hasattr(registry.load("source", kind), "relations"):
            tables, views = build_source(place, kind, options, policy).relations()  # type: ignore[attr-defined]
            return Inside("table", [*tables, *views], [*tables, *(f"{view} (view)" for view in views)])
        if kind == "excel":
            sheets = storage.confined(ExcelSource(place), policy).sheets()
            return Inside("sheet", sheets, sheets) if len(sheets) > 1 else None
        archive = place.partition("!")[0]
        if archive.lower().endswith(".zip"):
            members = _members(Path(archive), policy)
            found = [entry for entry in members if entry.connector]
            if len(members) != 1:
                return Inside("path", [entry.place for entry in found], [entry.name for entry in found])
    return None


def connector_of(name: str) -> str:
    """The kind that reads a file of this name; empty if none is known."""
    with suppress(ConfigError):
        return registry.kind_for_path(name)
    return ""


def _roots(policy: AccessPolicy) -> list[Entry]:
    """The allowed folders that are there, each once, without those that lie in another."""
    roots = policy.allowed_roots if policy.allowed_roots is not None else (Path.cwd(), Path.home())
    entries: dict[Path, Entry] = {}
    for root in roots:
        real = root.resolve()
        if real.is_dir() and real not in entries:
            label = "Lake" if is_lake(root) else "Current folder" if real == Path.cwd().resolve() else root.name
            entries[real] = Entry(f"{label}: {root}" if label != root.name else str(root), str(root), "folder")
    uploads = [
        Entry("Uploads", str(folder), "folder")
        for root in roots
        if is_lake(root) and (folder := root / UPLOADS).is_dir()
    ]
    return [*uploads, *entries.values()]


def _local(folder: Path, policy: AccessPolicy) -> Iterator[Entry]:
    policy.check_path(folder)
    if folder.name.lower().endswith(".zip") and folder.is_file():
        return iter(_members(folder, policy))
    return _scan(folder, policy)


def _scan(folder: Path, policy: AccessPolicy) -> Iterator[Entry]:
    own = _OWN if is_lake(folder) else ()
    uploads = folder.name == UPLOADS and is_lake(folder.parent)
    try:
        with os.scandir(folder) as found:
            entries = [each for each in found if not each.name.startswith(".") and not each.name.startswith(own)]
    except NotADirectoryError as exc:
        raise SourceError(f"{folder} is a file, not a folder.", "Choose it as the source.") from exc
    except FileNotFoundError as exc:
        raise SourceError(f"There is no folder {folder}.", "It may have been moved; list its parent again.") from exc
    except OSError as exc:
        raise SourceError(f"{folder} cannot be listed: {exc.strerror}.", "Check the right to read it.") from exc
    for each in entries:
        # gone meanwhile, a broken link, one in a circle, or one that leads out: not shown
        with suppress(OSError, RuntimeError, AutomicError):
            if each.is_symlink() or policy.refused:
                policy.check_path(Path(each.path))
            if uploads and each.is_dir():
                yield from _scan(Path(each.path), policy)
            elif each.is_dir():
                yield Entry(each.name, each.path, "folder")
            elif stat.S_ISREG(each.stat().st_mode):
                yield _file(each.name, each.path)


def _file(name: str, place: str, size: int | None = None, modified: datetime | None = None) -> Entry:
    connector = connector_of(name)
    archive = name.lower().endswith(".zip") and not connector
    return Entry(name, place, "archive" if archive else "file", size, modified, connector)


def _measured(entry: Entry) -> Entry:
    if entry.kind == "folder" or entry.size is not None:
        return entry
    try:
        status = os.stat(entry.place)
    except OSError:
        return entry
    at = datetime.fromtimestamp(status.st_mtime, UTC)
    return Entry(entry.name, entry.place, entry.kind, status.st_size, at, entry.connector)


def _members(archive: Path, policy: AccessPolicy) -> list[Entry]:
    names = storage.members(Location(str(archive.absolute()), None, policy))
    return [_file(name, f"{archive}!{name}", size=-1) for name in names]


def _remote(place: str, policy: AccessPolicy) -> Iterator[Entry]:
    location = Location(place, None, policy)
    files, path = storage.filesystem(location)
    with translate(SourceError, f"{location} cannot be listed", "Check the address and the right to read it."):
        found: list[dict[str, Any]] = files.ls(path, detail=True)
    for each in found:
        name = str(each["name"]).rstrip("/").rpartition("/")[2]
        if not name or name.startswith(".") or str(each["name"]).strip("/") == path.strip("/"):
            continue
        url = files.unstrip_protocol(each["name"])
        if each.get("type") == "directory":
            yield Entry(name, url, "folder")
        else:
            modified = next((each[key] for key in ("LastModified", "last_modified", "created") if key in each), None)
            at = modified if isinstance(modified, datetime) else None
            yield _file(name, url, int(each.get("size") or 0), at)


def _trail(place: str, policy: AccessPolicy) -> list[tuple[str, str]]:
    """The folders on the way, none of them above what may be read."""
    if "://" in place:
        scheme, _, rest = place.partition("://")
        parts = rest.strip("/").split("/")
        return [(part, f"{scheme}://{'/'.join(parts[: n + 1])}") for n, part in enumerate(parts)]
    path, trail = Path(place).absolute(), []
    roots = [root.absolute() for root in policy.allowed_roots or ()]
    for step in (path, *path.parents):
        trail.append((step.name or str(step), str(step)))
        if step in roots or not any(step.is_relative_to(root) for root in roots if policy.allowed_roots is not None):
            break
    return trail[::-1]
