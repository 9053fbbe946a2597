"""What all file connectors share: paths, globs, parts, hashes, the access policy they obey."""

from __future__ import annotations

import copy
import hashlib
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Self, cast

from pydantic import BeforeValidator, Field

from automic_core import storage
from automic_core.contracts import SourceAdapter, configured
from automic_core.storage import AccessPolicy, Location

PathText = Annotated[str, BeforeValidator(lambda value: os.fspath(value) if isinstance(value, os.PathLike) else value)]
_MAGIC = re.compile(r"[*?\[\]{}]+")


def name_of(path: str) -> str:
    """A short name from a path: the file's stem, without glob characters ("in/orders_*.csv.gz" gives "orders").

    A pattern without letters of its own is named after its folder.
    """
    path = storage.without_login(path.split("?", 1)[0]) if "://" in path else path
    parts = [part for part in re.split(r"[/\\!]|::", path) if part]
    for part in reversed(parts):
        stem = part[0] + part[1:].split(".", 1)[0]
        if stem := _MAGIC.sub("", stem).strip("_-. "):
            return stem
    return ""


@configured
class FileSource(SourceAdapter, abstract=True):
    """Reads one or several files.

    Raises:
        SourceError: Nothing is there, or it cannot be read.
        SecurityError: The access policy forbids it.
    """

    path: Annotated[
        PathText, Field(description="File, glob (in/*.csv), archive.zip!member, or URL; may be compressed.")
    ]

    @property
    def name(self) -> str:
        """The file's stem."""
        return name_of(self.path) or self.kind

    @property
    def identity(self) -> str:
        """Where the rows are, in full, or what they were delivered as; never carries a key."""
        return str(self.__dict__.get("_delivered_as") or self.location)

    def delivered_as(self, name: str) -> Self:
        """A copy that goes by another name in records: a file handed over again under this name is its successor."""
        other = copy.copy(self)
        other.__dict__["_delivered_as"] = name
        return other

    def within(self, policy: AccessPolicy, options: Mapping[str, Mapping[str, Any]] | None = None) -> Self:
        """A copy that reads only what ``policy`` allows.

        Args:
            policy: Folders, schemes and hosts that may be read, and how far a file may unpack.
            options: Keyword arguments of remote file systems by scheme (``StorageOptions.fsspec``).
        """
        other = copy.copy(self)
        other.connect()
        other.__dict__["_access"] = (policy, options)
        return other

    def connect(self) -> None:
        """Forget what was found out earlier: the files are listed and looked at again."""
        for key in [key for key in self.__dict__ if key.startswith("_known_")]:
            del self.__dict__[key]

    @property
    def locations(self) -> list[Location]:
        """The files that ``path`` names, sorted; listed once until ``connect`` is called again."""
        known = self.__dict__
        if "_known_locations" not in known:
            policy, options = known.get("_access", (None, None))
            known["_known_locations"] = storage.resolve(self.path, policy, options)
        return cast(list[Location], known["_known_locations"])

    @property
    def location(self) -> str:
        """Where the rows are, for people and for provenance; never carries a key."""
        found = self.locations
        return str(found[0]) if len(found) == 1 else storage.without_login(self.path)

    def parts(self) -> list[Self]:
        """One source a file, with the same options; each is one batch of a lakehouse."""
        return [self if len(self.locations) == 1 else self._of(location) for location in self.locations]

    def content_hash(self) -> str:
        """SHA-256 of the stored bytes of the file; of the files' hashes, in order, where there are several."""
        hashes = [storage.content_hash(location) for location in self.locations]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()

    def _of(self, location: Location) -> Self:
        part = copy.copy(self)
        part.connect()
        shown = f"{location.url}!{location.member}" if location.member else location.url
        part.__dict__.update(path=shown, _known_locations=[location])
        if "_access" not in part.__dict__:
            part.__dict__["_access"] = (location.policy, location.options)
        return part
