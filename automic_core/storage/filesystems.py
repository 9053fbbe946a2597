"""The only opener of fsspec file systems: drivers, options, and a check of every redirect."""

from __future__ import annotations

from typing import Any

from automic_core.errors import MissingDriverError, SecurityError, SourceError
from automic_core.settings import AwsStorage, AzureStorage, GcpStorage
from automic_core.storage.paths import Location
from automic_core.storage.policy import AccessPolicy

_HTTP = ("http", "https")
_DRIVERS = {scheme: (c.driver, c.extra) for c in (AwsStorage, GcpStorage, AzureStorage) for scheme in c.schemes}
_DRIVERS |= dict.fromkeys(_HTTP, ("aiohttp", "http"))


def filesystem(location: Location) -> tuple[Any, str]:
    """The fsspec file system of a remote location and the path in it.

    Raises:
        SecurityError: The policy forbids a link.
        MissingDriverError: The driver's package is not installed.
        SourceError: The scheme is unknown.
    """
    import fsspec

    location.check()
    url = location.url
    links = [link.split("://", 1)[0] for link in url.split("::") if "://" in link]
    options = {scheme: dict(location.options.get(scheme, {})) for scheme in links}
    for scheme in options:
        if scheme in _HTTP:
            options[scheme] |= _watched(location.policy, options[scheme])
    keywords: dict[str, Any] = options if "::" in url else options[links[0]]
    try:
        files, path = fsspec.core.url_to_fs(url, **keywords)
    except ImportError as exc:
        module, extra = next((_DRIVERS[s] for s in links if s in _DRIVERS), (exc.name or links[0], "all"))
        raise MissingDriverError(module, extra) from exc
    except ValueError as exc:
        raise SourceError(f"{location}: {exc}", "Known schemes: file, memory, s3, gs, abfs, http, https.") from exc
    return files, path


def _watched(policy: AccessPolicy, options: dict[str, Any]) -> dict[str, Any]:
    """HTTP options under which each redirect is checked like the first address."""
    try:
        import aiohttp
    except ImportError as exc:
        raise MissingDriverError("aiohttp", "http") from exc

    async def on_redirect(session: Any, context: Any, params: Any) -> None:
        headers = params.response.headers
        target = params.response.url.join(type(params.url)(headers.get("Location") or headers.get("URI") or ""))
        try:
            policy.check_url(str(target))
        except SecurityError as exc:
            raise SecurityError(f"Redirected from {params.url.host}: {exc.message}", exc.hint) from exc

    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(on_redirect)
    client = {**options.get("client_kwargs", {}), "trace_configs": [trace]}
    return {"client_kwargs": client, "skip_instance_cache": True}
