"""A MongoDB server as a source or a loader reaches it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field as Option

from automic_core.connectors._files import PathText
from automic_core.connectors.databases import _mongodb_session as session
from automic_core.connectors.databases._server import Name, Server
from automic_core.contracts import configured
from automic_core.errors import ConfigError


@configured
class MongoDBServer(Server):
    """A MongoDB server, as the source and the loader reach it: this one, whatever set it belongs to."""

    scheme: ClassVar[str] = "mongodb"

    user: Annotated[Name | None, Option(description="Who logs in; for reading, one who may only read.")] = None  # type: ignore[assignment]
    port: Annotated[int, Option(ge=1, le=65535, description="Port of the server.")] = 27017
    login_database: Annotated[Name, Option(description="Database that knows the user.")] = "admin"
    tls: Annotated[bool, Option(description="Encrypt, and check that it is this server.")] = False
    root_certificate: Annotated[
        PathText | None, Option(description="File with the certificates to check the server's against.")
    ] = None
    statement_timeout: Annotated[
        float | None,
        Option(gt=0, le=2_000_000, description="Seconds the server may work on a statement; default: no end."),
    ] = None
    retries: Annotated[
        int, Option(ge=0, le=20, description="Further tries if the server is away, starting or changing its leader.")
    ] = 2

    def _reached(self) -> session.Access:
        """How the server is reached; holds the password."""
        session.driver()
        certificates = None
        if self.root_certificate is not None:
            self._policy.check_path(Path(self.root_certificate).expanduser())
            certificates = str(Path(self.root_certificate).expanduser())
        addresses = self._addresses()
        if not addresses:
            raise ConfigError("A socket in a folder is not supported here.", "Give 'host' and 'port'.")
        # what was checked is what is reached; with TLS the server proves its name, so that must be asked for
        return session.Access(
            [self.host] if self.tls else addresses,
            self.port,
            self.database,
            self.user or "",
            self._revealed(),
            self.login_database,
            self.tls,
            certificates,
            None if self.statement_timeout is None else max(round(self.statement_timeout * 1000), 1),
        )
