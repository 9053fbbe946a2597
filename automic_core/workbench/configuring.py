"""Settings of a lake as a person sees and changes them; secrets stay names."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

from automic_core import yamltext
from automic_core.errors import AutomicError, ConfigError, ConflictError
from automic_core.lakehouse.catalog import metadata_locations, open_catalog
from automic_core.settings import FILE_NAME, SecretOrigin, Settings
from automic_core.storage import atomic_write
from automic_core.workbench.lakes import check_unshared, lake_path
from automic_core.workbench.listing import TableCount, table_count
from automic_core.workbench.values import plain

SECTIONS = (
    *("lakehouse", "storage.local", "storage.aws", "storage.gcp", "storage.azure", "iceberg.catalog"),
    *("medallion.bronze", "medallion.silver", "medallion.gold", "llm", "extraction", "sql", "jobs", "security"),
)
"""Dotted names of the sections a form can change."""
_PREFIX = "AUTOMIC_"


@dataclass(frozen=True)
class SecretView:
    """A declared secret: where its value lies and which hosts may have it, never the value.

    Attributes:
        found: Whether there is a value now.
    """

    name: str
    origin: str
    hosts: list[str]
    found: bool


@dataclass(frozen=True)
class SettingsView:
    """The settings of a lake.

    Attributes:
        text: The file as it stands.
        version: Changes with the text; give it back when saving.
        values: Section (``SECTIONS``) to what it holds now, from file, environment and defaults.
        written: Section to what the file says of it.
        schemas: Section to its JSON schema.
        overridden: Environment variables that win over the file.
        problem, hint: What is wrong with the file; empty if nothing is.
    """

    path: str
    text: str
    version: str
    values: dict[str, dict[str, Any]]
    written: dict[str, dict[str, Any]]
    schemas: dict[str, dict[str, Any]]
    overridden: list[str]
    secrets: list[SecretView]
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Trial:
    """What new settings would do.

    Attributes:
        text: The file as it would be.
        tables: Tables the catalog would show.
        before: Tables it shows now; None if it cannot be opened now.
        comments_lost: Comments in the middle of the file that a form cannot keep.
    """

    text: str
    tables: TableCount
    before: TableCount | None
    comments_lost: int = 0


def settings_view(lake: str | Path) -> SettingsView:
    """The settings of the lake in this folder, also when its file is wrong."""
    file = lake_path(lake) / FILE_NAME
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    problem, hint = "", ""
    written: dict[str, dict[str, Any]] = {}
    try:
        settings = Settings.load(file.parent if file.is_file() else None)
        written = _written(text, str(file))
    except AutomicError as exc:
        settings, problem, hint = Settings.model_construct(), exc.message, exc.hint
    return SettingsView(
        str(file),
        text,
        _version(text),
        {name: plain(attrgetter(name)(settings).model_dump(mode="json")) for name in SECTIONS},
        {name: _at(written, name) for name in SECTIONS},
        {name: _schema(name) for name in SECTIONS},
        sorted(name for name in os.environ if _overrides(name)),
        [_secret(name, origin) for name, origin in sorted(settings.secrets.items())],
        problem,
        hint,
    )


def try_settings(lake: str | Path, text: str) -> Trial:
    """Check settings before they are saved: they are read, and the catalog they name is opened.

    Raises:
        ConfigError: They are wrong; names the key.
        CatalogError: The catalog they name cannot be opened.
        SecurityError: People log in to this workbench.
    """
    check_unshared()
    root = lake_path(lake)
    before, name = None, None
    try:
        now = Settings.load(root)
        before, name = _tables(root, now), now.lakehouse.name
    except AutomicError:  # that is why somebody changes them
        pass
    wanted = _read(text, root)
    if before and name != wanted.lakehouse.name:
        raise ConfigError(
            f"The catalog keeps {before} of this lake under the name {name!r}; under "
            f"{wanted.lakehouse.name!r} none of them would be seen.",
            f"Leave lakehouse.name as it is: {name}.",
        )
    return Trial(text, _tables(root, wanted), before)


def edit_settings(lake: str | Path, section: str, values: Mapping[str, Any]) -> Trial:
    """What the file becomes when a section gets these values; comments at its head stay.

    Raises:
        ConfigError: A value is wrong; names the key.
        SecurityError: People log in to this workbench.
    """
    check_unshared()
    root = lake_path(lake)
    file = root / FILE_NAME
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    data = _with(_written(old, str(file)), section.split("."), dict(values))
    head, inner = _comments(old)
    text = head + yamltext.dump(data)
    trial = try_settings(root, text)
    return Trial(text, trial.tables, trial.before, inner)


def save_settings(lake: str | Path, text: str, version: str) -> str:
    """Write the file, after ``try_settings``; returns the new version.

    Raises:
        ConflictError: The file was changed elsewhere since it was shown.
        ConfigError: The settings are wrong.
        SecurityError: People log in to this workbench.
    """
    check_unshared()
    root = lake_path(lake)
    file = root / FILE_NAME
    now = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    if _version(now) != version:
        raise ConflictError(f"{file} was changed elsewhere.", "Load it again and repeat the edit.")
    try_settings(root, text)
    with atomic_write(str(file)) as stream:
        stream.write(text.encode())
    return _version(text)


def _written(text: str, name: str) -> dict[str, dict[str, Any]]:
    found = yamltext.load(text, name)
    return {str(key): value for key, value in found.items() if value is not None} if isinstance(found, dict) else {}


def _at(data: Mapping[str, Any], section: str) -> dict[str, Any]:
    for part in section.split("."):
        found = data.get(part)
        data = found if isinstance(found, dict) else {}
    return dict(data)


def _with(data: Mapping[str, Any], path: list[str], values: dict[str, Any]) -> dict[str, Any]:
    """The same data with other values at one place; what becomes empty goes."""
    name, *deeper = path
    inner = data.get(name)
    new = _with(inner if isinstance(inner, dict) else {}, deeper, values) if deeper else values
    return {key: value for key, value in {**data, name: new}.items() if value != {}}


def _read(text: str, root: Path) -> Settings:
    """Settings from text: checked as the file would be, by way of one beside it."""
    trial = root / f".{FILE_NAME}.trial-{uuid.uuid4().hex}"  # two visitors may try at once
    try:
        trial.write_text(text, encoding="utf-8")
        return Settings.load(trial)
    except ConfigError as exc:
        raise ConfigError(exc.message.replace(str(trial), FILE_NAME), exc.hint) from exc
    finally:
        trial.unlink(missing_ok=True)


def _tables(root: Path, settings: Settings) -> TableCount:
    catalog = open_catalog(settings.lakehouse.name, settings.catalog_properties(root))
    try:
        return table_count(metadata_locations(catalog))
    finally:
        catalog.close()


@cache
def _whole() -> dict[str, Any]:
    """The form of all settings; the same as long as the process runs."""
    return Settings.model_json_schema()


def _schema(section: str) -> dict[str, Any]:
    whole = _whole()
    definitions = whole["$defs"]
    found = whole
    for part in section.split("."):
        found = definitions[found["properties"][part]["$ref"].rpartition("/")[2]]
    return {**found, "$defs": definitions}


def _overrides(variable: str) -> bool:
    section = variable.removeprefix(_PREFIX).lower().partition("__")[0]
    return variable.startswith(_PREFIX) and section in Settings.model_fields


def _secret(name: str, origin: SecretOrigin) -> SecretView:
    if origin.env is not None:
        return SecretView(name, f"environment variable {origin.env}", origin.hosts, bool(os.environ.get(origin.env)))
    place = Path(str(origin.file)).expanduser()
    return SecretView(name, f"file {origin.file}", origin.hosts, place.is_file())


def _comments(text: str) -> tuple[str, int]:
    """The comment lines a file begins with, and how many come later."""
    lines = text.splitlines(keepends=True)
    size = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    return "".join(lines[:size]), sum(line.lstrip().startswith("#") for line in lines[size:])


def _version(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
