"""Open a catalog. The only module that does; everything else receives the open catalog or a table of it."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from pathlib import Path

from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.catalog.sql import IcebergTables, SqlCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError, NoSuchNamespaceError, NotInstalledError
from pyiceberg.utils.config import Config
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from automic_core.errors import CatalogError, ConfigError, translate
from automic_core.lakehouse._remembering import RememberingCatalog

KINDS = ("sql", "rest", "glue", "hive")
BUSY_SECONDS = 60
_ATTEMPTS = 8


def local_properties(root: Path) -> dict[str, str]:
    """Properties of a catalog that needs no server: a SQLite file beside a local warehouse.

    Args:
        root: Folder of the lake; created when missing.

    Returns:
        Properties for `open_catalog`. SQLite waits up to a minute for another process to finish its commit.
    """
    root = root.expanduser().resolve()
    with translate(CatalogError, f"creating the lake's folder {root}", catch=(OSError,)):
        (root / "warehouse").mkdir(parents=True, exist_ok=True)
    return {
        "type": "sql",
        "uri": f"sqlite:///{root / 'catalog.db'}?timeout={BUSY_SECONDS}",
        "warehouse": (root / "warehouse").as_uri(),
    }


def open_catalog(name: str, properties: Mapping[str, str]) -> Catalog:
    """Open a catalog; close it with ``catalog.close()`` or use it as a context manager.

    Args:
        name: The catalog's name; SQL catalogs keep several names apart in one database.
        properties: PyIceberg properties; ``type`` is one of `KINDS`.

    Raises:
        ConfigError: The type is unknown or its driver is not installed.
        CatalogError: The catalog cannot be reached.
    """
    kind = properties.get("type", "")
    if kind not in KINDS:
        raise ConfigError(f"Catalog {name!r} has the unknown type {kind!r}.", f"Use one of {', '.join(KINDS)}.")
    for attempt in range(_ATTEMPTS):
        try:
            if kind == "sql":
                said = Config().get_catalog_config(name) or {}
                return RememberingCatalog(name, **{key: str(value) for key, value in said.items()} | dict(properties))
            return load_catalog(name, **properties)
        except (NotInstalledError, ImportError) as exc:
            driver = "sql-postgres" if kind == "sql" else kind
            raise ConfigError(
                f"The driver of {kind} catalogs is not installed: {exc}.", f"pip install 'pyiceberg[{driver}]'"
            ) from exc
        except Exception as exc:
            # Processes that open a new SQL catalog at the same moment race to create its tables; losers try again.
            if kind == "sql" and attempt + 1 < _ATTEMPTS and "already exists" in str(exc):
                time.sleep(random.uniform(0.01, 0.1))  # noqa: S311
                continue
            raise CatalogError(
                f"Catalog {name!r} ({kind}) cannot be opened: {' '.join(str(exc).split())[:400]}",
                "Check the address and the credentials in the settings.",
            ) from exc
    raise AssertionError("unreachable: the last attempt returns or raises")


def ensure_namespace(catalog: Catalog, namespace: str) -> None:
    """Create a namespace unless it is there; another process may create it at the same time."""
    with translate(CatalogError, f"creating the namespace {namespace}"):
        if catalog.namespace_exists(namespace):
            return
        try:
            catalog.create_namespace(namespace)
        except (NamespaceAlreadyExistsError, SQLAlchemyError):
            # A SQL catalog tells the loser of a race by the database's own error.
            if not catalog.namespace_exists(namespace):
                raise


def namespaces(catalog: Catalog) -> list[str]:
    """Names of all namespaces, sorted."""
    with translate(CatalogError, "listing namespaces"):
        return sorted(".".join(parts) for parts in catalog.list_namespaces())


def tables(catalog: Catalog, namespace: str | None = None) -> list[str]:
    """Full names ("bronze.orders") of the tables in one namespace or in all, sorted."""
    found: list[str] = []
    for space in [namespace] if namespace is not None else namespaces(catalog):
        with translate(CatalogError, f"listing the tables of {space}"):
            try:
                found += [".".join(parts) for parts in catalog.list_tables(space)]
            except NoSuchNamespaceError:
                continue
    return sorted(found)


def metadata_locations(catalog: Catalog) -> dict[str, str]:
    """Full name of each table to the place of its metadata, which is another one after every change.

    One query of a SQL catalog; other catalogs are asked table by table.
    """
    with translate(CatalogError, "looking at the versions of tables"):
        if isinstance(catalog, SqlCatalog):
            columns = (IcebergTables.table_namespace, IcebergTables.table_name, IcebergTables.metadata_location)
            query = select(*columns).where(IcebergTables.catalog_name == catalog.name)
            with catalog.engine.connect() as connection:
                return {f"{space}.{name}": place or "" for space, name, place in connection.execute(query)}
        return {name: catalog.load_table(name).metadata_location for name in tables(catalog)}
