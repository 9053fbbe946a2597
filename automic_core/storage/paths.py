"""From what a person writes (path, glob, URL, archive member) to checked locations."""

from __future__ import annotations

import fnmatch
import glob
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from automic_core.errors import SourceError, translate
from automic_core.storage.files import members
from automic_core.storage.filesystems import filesystem
from automic_core.storage.locations import Location, local_path
from automic_core.storage.policy import AccessPolicy, without_login

_MEMBER = re.compile(r"(?P<archive>.+?\.zip)!(?P<member>.+)", re.IGNORECASE | re.DOTALL)
_NO_GLOB = ("http", "https")


def resolve(
    path_or_url: str | Path,
    policy: AccessPolicy | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Location]:
    """The files that ``path_or_url`` names, sorted.

    Args:
        path_or_url: A path, a glob (``in/*.csv``, ``**`` recurses), ``archive.zip!member`` (a glob inside too), or an
            fsspec URL, also chained (``zip://member::https://host/a.zip``).
        policy: What may be read; None = any local path and public host.
        options: Keyword arguments of remote file systems by scheme.

    Raises:
        SourceError: Nothing is there; names the path and similar names.
        SecurityError: The policy forbids it.
        MissingDriverError: The scheme needs a package that is not installed.
    """
    policy = policy or AccessPolicy()
    text = str(path_or_url)
    if not text.strip() or "\0" in text:
        raise SourceError(f"{text!r} is not a path.", "Give a file, a glob or a URL.")
    with translate(SourceError, f"{without_login(text)!r} cannot be looked up", catch=(OSError, RuntimeError)):
        return list(_resolve(text, policy, options or {}))


def _resolve(text: str, policy: AccessPolicy, options: Mapping[str, Mapping[str, Any]]) -> Iterator[Location]:
    url, member = _split_member(text)
    local = local_path(url) if "::" not in url or "://" not in url else None
    if local is not None:
        found: Iterable[Location] = [Location(str(path), member, policy) for path in _expand_local(local, policy)]
    else:
        remote = Location(url, member, policy, options)
        remote.check()
        found = _expand_remote(remote)
    for location in found:
        location.check()
        yield from _expand_members(location)


def _split_member(text: str) -> tuple[str, str | None]:
    if text.startswith("zip://") and "::" in text:
        first, rest = text.split("::", 1)
        return rest, first.removeprefix("zip://").lstrip("/") or None
    match = _MEMBER.fullmatch(text)
    if match and not Path(text).exists():
        return match["archive"], match["member"]
    return text, None


def _expand_local(path: Path, policy: AccessPolicy) -> list[Path]:
    if path.is_file():
        return [path]
    policy.check_path(path)
    if path.is_dir():
        raise SourceError(f"{path} is a folder.", f"Name its files: {path}/*.csv")
    if glob.has_magic(str(path)):
        matches = sorted(Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file())
        if not matches:
            raise SourceError(f"No file matches {path}.", "Check the pattern; ** also looks into folders.")
        return matches
    near = get_close_matches(path.name, _names_in(path.parent), n=1)
    hint = (
        f"Did you mean {near[0]!r}?" if near else "" if path.parent.is_dir() else f"There is no folder {path.parent}."
    )
    raise SourceError(f"There is no file {path}.", hint)


def _names_in(folder: Path) -> list[str]:
    try:
        return [p.name for p in folder.iterdir()]
    except OSError:
        return []


def _expand_remote(location: Location) -> Iterator[Location]:
    scheme = location.url.split("://", 1)[0]
    if scheme in _NO_GLOB or "::" in location.url or not glob.has_magic(location.url):
        yield location
        return
    files, pattern = filesystem(location)
    try:
        matches = sorted(files.glob(pattern))
    except Exception as exc:
        raise SourceError(f"{location} cannot be listed: {exc}.") from exc
    if not matches:
        raise SourceError(f"No file matches {location}.", "Check the pattern.")
    for match in matches:
        yield Location(files.unstrip_protocol(match), location.member, location.policy, location.options)


def _expand_members(location: Location) -> Iterator[Location]:
    if location.member is None or not glob.has_magic(location.member):
        yield location
        return
    names = [name for name in members(location) if fnmatch.fnmatchcase(name, location.member or "")]
    if not names:
        raise SourceError(f"No member matches {location}.", f"It holds: {', '.join(members(location)[:20])}.")
    for name in sorted(names):
        yield Location(location.url, name, location.policy, location.options)
