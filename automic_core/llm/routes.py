"""Where a question goes: which server, by which protocol; and whether this lake lets it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from automic_core.errors import ConfigError, SecurityError
from automic_core.settings import Settings
from automic_core.settings.sections import LlmSection

PROVIDERS: dict[str, tuple[str, str | None]] = {
    "openai": ("openai", "https://api.openai.com/v1"),
    "anthropic": ("anthropic", "https://api.anthropic.com"),
    "ollama": ("openai", "http://127.0.0.1:11434/v1"),
    "llama.cpp": ("openai", "http://127.0.0.1:8080/v1"),
    "compatible": ("openai", None),
}
"""Provider to LiteLLM's protocol and the usual address; None = ``api_base`` must say."""


@dataclass(frozen=True)
class Route:
    """A server that may be asked.

    Attributes:
        model: As LiteLLM names it: protocol/model.
        address: Of the server.
        host: Name of the server, without its port.
        place: Host and port, as people tell servers apart.
    """

    mode: Literal["local", "remote"]
    model: str
    address: str
    host: str
    place: str


def route_of(llm: LlmSection) -> Route:
    """The server the settings name.

    Raises:
        ConfigError: No model is set up, or a setting it needs is missing.
        SecurityError: The mode is local and the server is not on this machine.
    """
    if llm.mode == "off":
        raise ConfigError("No language model is set up.", "Set llm.mode to local or remote; see `automic model`.")
    if not llm.model:
        raise ConfigError("llm.model is not set.", "Name a model, as its server calls it.")
    protocol, usual = _provider(llm)
    address = llm.api_base or usual
    if address is None:
        raise ConfigError("llm.api_base is not set.", "Give the address of the server: http://127.0.0.1:8080/v1")
    parts = urlsplit(address)
    host = parts.hostname or ""
    if llm.mode == "local" and not is_loopback(host):
        raise SecurityError(
            f"llm.mode is local, and {host} is not this machine: nothing is sent.",
            "Set llm.api_base to an address on 127.0.0.1, or llm.mode to remote.",
        )
    if llm.mode == "remote" and llm.api_key is None:
        raise ConfigError(
            "llm.mode is remote and llm.api_key is not set.",
            f"Write api_key: secret:NAME, and declare secrets.NAME: {{env: VARIABLE, hosts: [{host}]}}.",
        )
    if llm.mode == "remote" and parts.scheme != "https" and not is_loopback(host):
        raise SecurityError(f"{address} is not encrypted: nothing is sent.", "Use an https:// address.")
    return Route(llm.mode, f"{protocol}/{llm.model}", address, host, parts.netloc)


def key_for(settings: Settings, route: Route) -> str | None:
    """The key for the server; None if a local one needs none.

    Raises:
        ConfigError: It has no value.
        SecurityError: Its secret is not declared for this host.
    """
    secret = settings.llm.api_key
    return None if secret is None else settings.reveal(secret, route.host)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine; a name that has to be looked up is not: what it means can change."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _provider(llm: LlmSection) -> tuple[str, str | None]:
    name = (llm.provider or "").lower()
    if name not in PROVIDERS:
        said = f"There is no provider {llm.provider!r}." if name else "llm.provider is not set."
        raise ConfigError(said, f"Providers: {', '.join(PROVIDERS)}; compatible is any server with OpenAI's protocol.")
    return PROVIDERS[name]
