"""The only opener of fsspec file systems: drivers, options, and a check of every redirect."""

from __future__ import annotations

from typing import Any

from automic_core.errors import MissingDriverError, SecurityError, SourceError
from automic_core.settings import AwsStorage, AzureStorage, GcpStorage
from automic_core.storage.locations import Location
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
            options[scheme] |= _watched(location.policy)
    keywords: dict[str, Any] = options if "::" in url else options[links[0]]
    try:
        files, path = fsspec.core.url_to_fs(url, **keywords)
    except ImportError as exc:
        module, extra = next((_DRIVERS[s] for s in links if s in _DRIVERS), (exc.name or links[0], "all"))
        raise MissingDriverError(module, extra) from exc
    except ValueError as exc:
        raise SourceError(f"{location}: {exc}", "Known schemes: file, memory, s3, gs, abfs, http, https.") from exc
    return files, path


def _watched(policy: AccessPolicy) -> dict[str, Any]:
    """HTTP options under which each redirect, and each address a name turns out to have, is checked like the first."""
    try:
        import aiohttp
        from aiohttp.abc import AbstractResolver
    except ImportError as exc:
        raise MissingDriverError("aiohttp", "http") from exc

    class Resolver(AbstractResolver):
        """Checks the very addresses that are connected to: a name may answer differently the second time."""

        def __init__(self) -> None:
            self._names = aiohttp.ThreadedResolver()

        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[Any]:
            found = await self._names.resolve(host, port, family)
            policy.check_addresses(host, [str(one["host"]) for one in found])
            return list(found)

        async def close(self) -> None:
            await self._names.close()

    async def on_redirect(session: Any, context: Any, params: Any) -> None:
        target = params.response.headers.get("Location") or params.response.headers.get("URI") or ""
        try:
            policy.check_url(str(params.response.url.join(type(params.url)(target))))
        except SecurityError as exc:
            raise SecurityError(f"Redirected from {params.url.host}: {exc.message}", exc.hint) from exc

    async def client(**keywords: Any) -> Any:
        trace = aiohttp.TraceConfig()
        trace.on_request_redirect.append(on_redirect)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=Resolver()), trace_configs=[trace], **keywords
        )

    return {"get_client": client, "skip_instance_cache": True}
