"""What may be read: folders, schemes and hosts, and how far a file may unpack."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import urlsplit

from automic_core.errors import SecurityError, SourceError
from automic_core.settings import Secret, SecretOrigin, Settings
from automic_core.settings.secret import reveal

BUCKET_SCHEMES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory"})
ARCHIVE_SCHEMES = frozenset({"zip"})
_PLACES = ("path", "lake")  # options of adapters that name a local file or folder

T = TypeVar("T")


def without_login(url: str) -> str:
    """A URL, also a chained one, without user and password; a local path as it is."""
    return re.sub(r"//[^/]*@", "//", url) if "://" in url else url


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Limits on what a path or URL may reach.

    The defaults suit a person's own Python program: every local path and every scheme, only link-local addresses
    (cloud metadata services) refused. ``from_settings`` gives the strict one of the CLI and the pages.

    Attributes:
        allowed_roots: Folders that may be read; None = any.
        refused: Files and folders that may not be read wherever they lie: those that hold secrets.
        hidden: Whether what has a name with a leading dot, below an allowed folder, may be read.
        allowed_schemes: URL schemes that may be used; None = any.
        allowed_hosts: Hosts that are allowed whatever their address.
        refuse_private: Whether loopback and private addresses are refused unless listed.
        max_decompressed_bytes: Largest decompressed size of one file, in bytes.
        max_ratio: Largest decompressed / stored size, looked at once a file has grown beyond 100 MB.
        secrets: Secrets by name: where each lies, and to which hosts it may go.
    """

    allowed_roots: tuple[Path, ...] | None = None
    allowed_schemes: tuple[str, ...] | None = None
    allowed_hosts: tuple[str, ...] = ()
    refuse_private: bool = False
    max_decompressed_bytes: int = 1 << 40
    max_ratio: float = 500.0
    refused: tuple[Path, ...] = ()
    hidden: bool = True
    secrets: Mapping[str, SecretOrigin] = field(default_factory=dict, hash=False)

    @classmethod
    def from_settings(
        cls, settings: Settings, root: Path | str, extra_roots: Iterable[Path | str] = ()
    ) -> AccessPolicy:
        """The policy of a lake.

        Args:
            settings: The lake's settings.
            root: The lake's folder; always readable, and where relative ``allowed_roots`` begin.
            extra_roots: Folders a caller adds (uploads; the CLI's current folder).
        """
        security, lake = settings.security, Path(root).absolute()
        cloud = settings.cloud
        return cls(
            allowed_roots=(
                lake,
                *(lake / r for r in security.allowed_roots),
                *(Path(r).absolute() for r in extra_roots),
            ),
            allowed_schemes=(*security.allowed_schemes, *(cloud.schemes if cloud else ())),
            allowed_hosts=tuple(security.allowed_hosts),
            refuse_private=True,
            max_decompressed_bytes=security.max_decompressed_bytes,
            max_ratio=security.max_ratio,
            refused=tuple(secret.file.expanduser().absolute() for secret in settings.secrets.values() if secret.file),
            hidden=False,
            secrets=settings.secrets,
        )

    def with_roots(self, *roots: Path | str) -> AccessPolicy:
        """This policy with more readable folders."""
        if self.allowed_roots is None:
            return self
        return replace(self, allowed_roots=(*self.allowed_roots, *(Path(r).absolute() for r in roots)))

    def without(self, *paths: Path | str) -> AccessPolicy:
        """This policy with more files or folders that may not be read."""
        return replace(self, refused=(*self.refused, *(Path(path).absolute() for path in paths)))

    def check_path(self, path: Path) -> None:
        """Refuse a local path that lies outside the allowed folders once its symlinks are followed.

        Raises:
            SecurityError: It lies outside, holds secrets, or is hidden.
        """
        if self.allowed_roots is None and not self.refused:
            return
        real = path.resolve()
        if any(real.is_relative_to(each.resolve()) for each in self.refused):
            raise SecurityError(f"{path} is not read: it holds what is for nobody's eyes.", "Choose another file.")
        if self.allowed_roots is None:
            return
        within = [root.resolve() for root in self.allowed_roots]
        within = [root for root in within if real.is_relative_to(root)]
        if within and not self.hidden and all(_is_hidden(real.relative_to(root)) for root in within):
            raise SecurityError(
                f"{path} is not read: it is hidden, as files with keys are.",
                "Name it without a leading dot, or allow its folder: --allow FOLDER, or security.allowed_roots.",
            )
        if not within:
            via = f" (it leads to {real})" if real != path.absolute() else ""
            roots = ", ".join(map(str, self.allowed_roots))
            raise SecurityError(
                f"{path}{via} lies outside the folders that may be read: {roots}.",
                "Move the file there, or allow its folder: --allow FOLDER, or security.allowed_roots in automic.yaml.",
            )

    def reveal(self, secret: Secret, host: str) -> str:
        """The value of a secret, to be sent to ``host`` and nowhere else.

        Raises:
            ConfigError: It is not declared, or its variable or file is missing.
            SecurityError: ``host`` is not among its hosts.
        """
        return reveal(secret, host, dict(self.secrets))

    def check_url(self, url: str) -> None:
        """Refuse a URL (one link of a chain) by its scheme or by the address of its host.

        Raises:
            SecurityError: Scheme or host is not allowed.
            SourceError: The URL is malformed, or its host is unknown.
        """
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").rstrip(".")
        except ValueError as exc:
            raise SourceError(f"{without_login(url)!r} is not a valid URL: {exc}.") from exc
        scheme = parts.scheme
        allowed = self.allowed_schemes
        if allowed is not None and scheme not in allowed and scheme not in ARCHIVE_SCHEMES:
            raise SecurityError(
                f"The scheme {scheme!r} is not allowed (allowed: {', '.join(dict.fromkeys(allowed))}).",
                "Add it to security.allowed_schemes.",
            )
        is_host = scheme not in BUCKET_SCHEMES | ARCHIVE_SCHEMES | {"file", "local"} or "@" in parts.netloc
        if is_host and host:
            self.check_host(host)

    def check_host(self, host: str) -> None:
        """Refuse a host that is, or resolves to, an address that must not be reached.

        Raises:
            SecurityError: Link-local; or private, loopback or otherwise not public, unless listed.
            SourceError: The host is unknown (strict policy only; otherwise the driver says so).
        """
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            if self.refuse_private:
                raise SourceError(f"The host {host!r} cannot be found: {exc}.", "Check its spelling.") from exc
            return
        self.check_addresses(host, [str(sockaddr[0]) for *_, sockaddr in found])

    def check_addresses(self, host: str, addresses: Iterable[str]) -> None:
        """Refuse ``host`` if one of its numeric addresses must not be reached.

        Raises:
            SecurityError: See ``check_host``.
        """
        if host.lower() in (listed.lower() for listed in self.allowed_hosts):
            return
        for text in addresses:
            parsed = ipaddress.ip_address(text.split("%")[0])
            address = getattr(parsed, "ipv4_mapped", None) or parsed
            if address.is_link_local or address.is_multicast or (self.refuse_private and not address.is_global):
                shown = host if host == str(address) else f"{host} ({address})"
                raise SecurityError(
                    f"The host {shown} has a link-local, private or loopback address and is not listed.",
                    "Add it to security.allowed_hosts if it should be read.",
                )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


_ruling: ContextVar[AccessPolicy | None] = ContextVar("ruling", default=None)


@contextmanager
def ruling(policy: AccessPolicy | None) -> Iterator[None]:
    """Let ``policy`` hold for sources that steps name and open themselves; None leaves things as they are."""
    token = _ruling.set(policy or _ruling.get())
    try:
        yield
    finally:
        _ruling.reset(token)


def confined(part: T, policy: AccessPolicy | None = None) -> T:
    """A source or destination under a policy: a copy that obeys it, or the same one with its places checked.

    Args:
        part: The adapter.
        policy: Default: the one that rules; if there is none, anything may be read and written.

    Raises:
        SecurityError: The adapter names a file or folder that the policy forbids.
    """
    policy = policy or _ruling.get()
    if policy is None:
        return part
    within = getattr(part, "within", None)
    if within is not None:
        return cast(T, within(policy))
    for place in (getattr(part, name, None) for name in _PLACES):
        if isinstance(place, str):
            policy.check_path(Path(place).expanduser())
    return part
