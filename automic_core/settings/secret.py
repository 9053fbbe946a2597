"""A reference to a secret: it carries a name, never travels as a value, and is resolved only at the edge."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from automic_core.errors import ConfigError, SecurityError

_REFERENCE = re.compile(r"secret:([A-Za-z_][\w.-]*)|\$\{([A-Za-z_][\w.-]*)\}")
_LITERAL = "(literal)"
REFUSED = "a secret is never written here"


class Secret:
    """A value that is never shown, written as ``secret:NAME`` or ``${NAME}``.

    The object holds the name only; ``Settings.reveal`` reads the value when a host needs it. ``Secret.literal`` wraps a
    value that a Python program already holds; a plain string is refused, so that no file can carry a password.
    """

    __slots__ = ("_value", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._value: str | None = None

    @classmethod
    def literal(cls, value: str) -> Secret:
        """Wrap a value held by a Python program; it is hidden everywhere, and lost when written to a file."""
        secret = cls(_LITERAL)
        secret._value = value
        return secret

    @classmethod
    def parse(cls, value: object) -> Secret:
        """Read ``secret:NAME`` or ``${NAME}``.

        Raises:
            ValueError: Anything else, without repeating what was written.
        """
        if isinstance(value, Secret):
            return value
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValueError(
                f"{REFUSED}; write secret:NAME and declare NAME under 'secrets:' "
                "(env: VARIABLE or file: PATH, and hosts: [...])"
            )
        return cls(match[1] or match[2])

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def __str__(self) -> str:
        return f"secret:{self.name}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.name, self._value) == (other.name, other._value)

    def __hash__(self) -> int:
        return hash((self.name, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        if self._value is not None:
            raise TypeError("a literal secret is not written anywhere; declare it under 'secrets:' instead")
        return Secret, (self.name,)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "secret", "pattern": f"^(?:{_REFERENCE.pattern})$"}


class SecretOrigin(BaseModel):
    """Where a secret's value lies, and the hosts it may be sent to (``*.example.com`` covers subdomains)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = None
    file: Path | None = None
    hosts: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _complete(self) -> SecretOrigin:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret has exactly one of 'env' and 'file'")
        if any(host.lstrip("*.") == "" for host in self.hosts):
            raise ValueError("a secret needs named hosts; '*' alone would send it anywhere")
        return self

    def allows(self, host: str) -> bool:
        """Whether the value may be sent to ``host``."""
        host = host.lower()
        return any(host == h.lower() or (h.startswith("*.") and host.endswith(h[1:].lower())) for h in self.hosts)


def reveal(secret: Secret, host: str, declared: dict[str, SecretOrigin]) -> str:
    """The value behind ``secret``, for sending to ``host`` and nowhere else.

    Raises:
        ConfigError: The name is not declared, or its variable or file is missing.
        SecurityError: ``host`` is not among the hosts declared with the secret.
    """
    if secret._value is not None:
        return secret._value
    origin = declared.get(secret.name)
    if origin is None:
        names = ", ".join(sorted(declared)) or "none"
        raise ConfigError(
            f"The secret {secret.name!r} is not declared (declared: {names}).",
            f"Add it under 'secrets:' in automic.yaml: {secret.name}: {{env: VARIABLE, hosts: [{host}]}}",
        )
    if not origin.allows(host):
        raise SecurityError(
            f"The secret {secret.name!r} may go to {', '.join(origin.hosts)}, not to {host!r}.",
            f"If {host} should receive it, add it to secrets.{secret.name}.hosts.",
        )
    if origin.env is not None:
        value = os.environ.get(origin.env, "")
        if not value:
            raise ConfigError(
                f"The variable {origin.env} of secret {secret.name!r} is not set.", f"export {origin.env}=…"
            )
        return value
    try:
        return Path(str(origin.file)).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not UTF-8 text"
        raise ConfigError(f"The file {origin.file} of secret {secret.name!r} cannot be read: {reason}.") from exc
