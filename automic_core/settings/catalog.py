"""From catalog and storage settings to pyiceberg properties."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from automic_core.errors import ConfigError
from automic_core.settings.cloud import AwsStorage, CloudStorage, Reveal
from automic_core.settings.secret import Secret
from automic_core.settings.sections import CatalogSection, LocalStorage

_LOCK_SECONDS = 60
_STORAGE_PREFIXES = ("s3.", "gcs.", "adls.")


def warehouse(catalog: CatalogSection, cloud: CloudStorage | None, local: LocalStorage, root: Path) -> str:
    """URL of the warehouse: the catalog's own, else a folder of the bucket or of the lake."""
    if catalog.warehouse:
        return catalog.warehouse.rstrip("/")
    if cloud is None:
        # Not as_uri(): pyiceberg and Polars take the path as it stands, without decoding percent signs.
        return f"file://{root.absolute() / (local.path or 'warehouse')}"
    if cloud.root is None:
        what = "container" if "container" in type(cloud).model_fields else "bucket"
        provider = type(cloud).__name__.removesuffix("Storage").lower()
        raise ConfigError(f"storage.{provider}.{what} is not set.", "Set it, or iceberg.catalog.warehouse.")
    return f"{cloud.root}/warehouse"


def catalog_properties(
    catalog: CatalogSection, cloud: CloudStorage | None, location: str, root: Path, reveal: Reveal
) -> dict[str, str]:
    """Properties for ``load_catalog``: type, address and credentials of the catalog, then those of the storage."""
    properties = {"type": catalog.type, "warehouse": catalog.warehouse or location}
    host = _host(catalog, cloud)
    if catalog.type == "sql":
        properties["uri"] = _sql_uri(catalog, root, host, reveal)
    elif catalog.uri:
        properties["uri"] = catalog.uri
    elif catalog.type != "glue":
        raise ConfigError(
            f"iceberg.catalog.uri is not set; a {catalog.type!r} catalog needs its address.",
            "Set it, for example to " + ("http://host:8181" if catalog.type == "rest" else "thrift://host:9083") + ".",
        )
    for name in ("credential", "token"):
        if (secret := getattr(catalog, name)) is not None:
            properties[name] = reveal(secret, host)
    if cloud is not None:
        properties |= cloud.options("iceberg", reveal)
    if catalog.type == "glue" and isinstance(cloud, AwsStorage):
        properties |= _glue(cloud, host, reveal)
    for name, value in catalog.properties.items():
        receiver = cloud.host if cloud is not None and name.startswith(_STORAGE_PREFIXES) else host
        properties[name] = reveal(value, receiver) if isinstance(value, Secret) else value
    return properties


def _sql_uri(catalog: CatalogSection, root: Path, host: str, reveal: Reveal) -> str:
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if catalog.uri is None:
        query = {"timeout": str(_LOCK_SECONDS)}
        url = URL.create("sqlite", database=str(root.absolute() / "catalog.db"), query=query)
    else:
        try:
            url = make_url(catalog.uri)
        except ArgumentError as exc:
            raise ConfigError(f"iceberg.catalog.uri: {catalog.uri!r} is not a database URL.") from exc
    if catalog.password is not None:
        url = url.set(password=reveal(catalog.password, host))
    return url.render_as_string(hide_password=False)


def _host(catalog: CatalogSection, cloud: CloudStorage | None) -> str:
    """The host that receives the catalog's credentials."""
    address = catalog.uri
    if catalog.type == "glue":
        endpoint = catalog.properties.get("glue.endpoint")
        if not isinstance(endpoint, str):
            region = cloud.region if isinstance(cloud, AwsStorage) else None
            return f"glue.{region}.amazonaws.com" if region else "glue.amazonaws.com"
        address = endpoint
    return (urlsplit(address).hostname or "") if address else ""


def _glue(aws: AwsStorage, host: str, reveal: Reveal) -> dict[str, str]:
    """The same keys again under Glue's names."""
    named = {
        "glue.region": aws.region,
        "glue.access-key-id": aws.access_key_id,
        "glue.secret-access-key": aws.secret_access_key,
        "glue.session-token": aws.session_token,
    }
    return {k: reveal(v, host) if isinstance(v, Secret) else v for k, v in named.items() if v is not None}
