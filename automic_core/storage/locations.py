"""One file that may be read: where it lies, and the limits it was checked against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from automic_core.errors import SourceError
from automic_core.storage.policy import AccessPolicy, without_login


@dataclass(frozen=True, slots=True)
class Location:
    """One file that may be read.

    Attributes:
        url: Absolute local path, or fsspec URL (possibly chained) of the stored file.
        member: Name of the file inside the zip archive ``url``, if any.
        policy: The limits it was checked against; checked again when opened.
        options: Keyword arguments of its file system by scheme (``StorageOptions.fsspec``).
    """

    url: str
    member: str | None = None
    policy: AccessPolicy = field(default=AccessPolicy(), repr=False)
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_local(self) -> bool:
        """Whether ``path`` may be handed to code that reads local files itself."""
        return "://" not in self.url

    @property
    def path(self) -> Path:
        """The local path.

        Raises:
            SourceError: The location is not local.
        """
        if not self.is_local:
            raise SourceError(f"{self} is not a local file.", "Copy it here first.")
        return Path(self.url)

    @property
    def name(self) -> str:
        """The file's own name, without folders."""
        return (self.member or urlsplit(self.url.split("::")[-1]).path or self.url).rstrip("/").rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        """The name up to its first dot ("orders" for orders.csv.gz); a leading dot belongs to the name."""
        return self.name[0:1] + self.name[1:].split(".", 1)[0]

    def __str__(self) -> str:
        """The location for messages: no user, password or query, which may carry keys."""
        shown = without_login(self.url)
        if not self.is_local:
            shown = shown.split("?", 1)[0]
        return f"{shown}!{self.member}" if self.member else shown

    def check(self) -> None:
        """Check every link against the policy.

        Raises:
            SecurityError: A folder, scheme or host that the policy forbids.
        """
        for link in self.url.split("::") if not self.is_local else [self.url]:
            if "://" in link:
                self.policy.check_url(link)
            if (path := local_path(link)) is not None:
                self.policy.check_path(path)


def local_path(link: str) -> Path | None:
    """The local path a link means, None if it is no local path."""
    for scheme in ("file://", "local://"):
        if link.startswith(scheme):
            return Path(link.removeprefix(scheme)).absolute()
    if "://" in link or link in ("simplecache", "filecache", "blockcache"):
        return None
    return Path(link).expanduser().absolute()
