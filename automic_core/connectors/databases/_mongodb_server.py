"""A MongoDB server as a source or a loader reaches it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field as Option

from automic_core.connectors.databases import _mongodb_session as session
from automic_core.connectors.databases._errors import Errors
from automic_core.connectors.databases._server import Name, Server
from automic_core.contracts import configured
from automic_core.errors import ConfigError


@configured
class MongoDBServer(Server):
    """A MongoDB server, as the source and the loader reach it: this one, whatever set it belongs to."""

    scheme: ClassVar[str] = "mongodb"
    errors: ClassVar[Errors] = session.ERRORS

    user: Annotated[Name | None, Option(description="Who logs in; for reading, one who may only read.")] = None  # type: ignore[assignment]
    port: Annotated[int, Option(ge=1, le=65535, description="Port of the server.")] = 27017
    login_database: Annotated[Name, Option(description="Database that knows the user.")] = "admin"
    tls: Annotated[bool, Option(description="Encrypt, and check that it is this server.")] = False

    def _reached(self) -> session.Access:
        """How the server is reached; holds the password."""
        session.drivers()
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
            self._certificate,
        )
