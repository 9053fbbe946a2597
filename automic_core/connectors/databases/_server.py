"""What all databases behind an address share: where they are, who logs in, what the access policy says about it."""

from __future__ import annotations

import copy
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import AfterValidator, Field

from automic_core.connectors._files import PathText
from automic_core.connectors.databases._errors import Errors
from automic_core.contracts import configured
from automic_core.errors import ConfigError, SourceError
from automic_core.settings import Secret
from automic_core.storage import AccessPolicy


def _one_host(host: str) -> str:
    if not re.fullmatch(r"[^\s,@?#'\"\\]+", host):
        raise ValueError("one name or address of a machine, or the folder of a socket")
    return host


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character cannot be sent")
    return text


Name = Annotated[str, Field(min_length=1), AfterValidator(_no_nul)]


@configured
class Server:
    """Where a database is and who logs in. Nothing but what stands here is used: no variables, no password files."""

    errors: ClassVar[Errors]
    scheme: ClassVar[str] = ""
    WHERE: ClassVar[tuple[str, ...]] = ("host", "port", "database", "user")
    """The options that its address is made of."""

    database: Annotated[Name, Field(description="Name of the database.")]
    user: Annotated[Name, Field(description="Who logs in; for reading, someone who may only read.")]
    password: Annotated[Secret | None, Field(description="secret:NAME, declared under 'secrets:' with this host.")] = (
        None
    )
    host: Annotated[str, AfterValidator(_one_host), Field(description="Name or address of the server.")] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535, description="Port of the server.")] = 0
    root_certificate: Annotated[
        PathText | None, Field(description="File with the certificates to check the server's against.")
    ] = None
    statement_timeout: Annotated[
        float | None,
        Field(gt=0, le=2_000_000, description="Seconds a statement may take; default: as the server has it."),
    ] = None
    retries: Annotated[
        int, Field(ge=0, le=20, description="Further tries if the server is away, starting, full or changing its lead.")
    ] = 2

    @property
    def place(self) -> str:
        """The address, with the user and without a password."""
        return address(self.scheme, {name: getattr(self, name) for name in self.WHERE})

    @property
    def shown(self) -> str:
        """The address for people and for provenance: without the user."""
        return address(self.scheme, {name: getattr(self, name) for name in self.WHERE if name != "user"})

    def within(self, policy: AccessPolicy, options: Mapping[str, Mapping[str, Any]] | None = None) -> Self:
        """A copy that reaches only what ``policy`` allows, with the secrets that it knows."""
        other = copy.copy(self)
        for key in [key for key in vars(other) if key.startswith("_")]:
            del vars(other)[key]
        vars(other)["_access"] = policy
        return other

    @property
    def _policy(self) -> AccessPolicy:
        found = vars(self).get("_access")
        return found if isinstance(found, AccessPolicy) else AccessPolicy()

    @property
    def _certificate(self) -> str | None:
        """The file of certificates, checked."""
        if self.root_certificate is None:
            return None
        path = Path(self.root_certificate).expanduser()
        self._policy.check_path(path)
        return str(path)

    @property
    def _milliseconds(self) -> int | None:
        """What a statement may take; None = as the server has it."""
        return None if self.statement_timeout is None else max(round(self.statement_timeout * 1000), 1)

    def _addresses(self) -> list[str]:
        """The numeric addresses of the host, checked; none for the folder of a socket.

        The driver is given these, so that what is reached is what was checked.

        Raises:
            SecurityError: The policy forbids it.
            SourceError: The host is unknown.
        """
        if self.host.startswith(os.sep):
            self._policy.check_path(Path(self.host))
            return []
        try:
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            raise SourceError(f"The host {self.host!r} cannot be found: {exc}.", "Check its spelling.") from exc
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        self._policy.check_addresses(self.host, addresses)
        return addresses

    def _revealed(self) -> str:
        """The password; empty if there is none.

        Raises:
            ConfigError: It is not declared.
            SecurityError: It may not go to this host.
        """
        return "" if self.password is None else self._policy.reveal(self.password, self.host)


def address(scheme: str, options: Mapping[str, Any]) -> str:
    """``scheme://user@host:port/database`` from options; what is not given is left out."""
    user, host, port = options.get("user"), str(options.get("host") or ""), options.get("port")
    host = quote(host, safe="") if host.startswith("/") else f"[{host}]" if ":" in host else host
    login = f"{quote(str(user), safe='')}@" if user else ""
    database = quote(str(options.get("database") or ""), safe="")
    return f"{scheme}://{login}{host}{f':{port}' if port else ''}/{database}"


def options_of(url: str) -> dict[str, str]:
    """Options from an address; its query holds all other ones (``?table=orders``).

    Raises:
        ConfigError: It holds a password, or is no address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ConfigError(f"This is no address of a database: {exc}.", "scheme://user@host:port/database") from exc
    if parts.password is not None:
        raise ConfigError(
            "A password is never written in an address.",
            "Leave it out, and give password=secret:NAME with NAME declared under 'secrets:' in automic.yaml.",
        )
    found = {
        "user": unquote(parts.username or ""),
        "host": unquote(parts.hostname or ""),
        "port": str(port or ""),
        "database": unquote(parts.path.strip("/")),
    }
    return {**{name: text for name, text in found.items() if text}, **dict(parse_qsl(parts.query))}
