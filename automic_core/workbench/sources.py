"""Sources: which there are, one from a path and options, its first rows, its inferred schema."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from automic_core import frames, registry
from automic_core.connectors._files import FileSource
from automic_core.connectors.databases import _server
from automic_core.contracts import ReadRequest, SourceAdapter
from automic_core.errors import ConfigError, SecurityError
from automic_core.inference import infer as infer_frame
from automic_core.medallion.bronze import as_text
from automic_core.storage import AccessPolicy, confined
from automic_core.workbench.health import EXTRAS
from automic_core.workbench.uploads import delivered
from automic_core.workbench.values import Rows, rows_of

INFER_ROWS = 100_000
_TYPING = ("types", "infer_rows", "null_values", "batch_bytes")


@dataclass(frozen=True)
class Connector:
    """A kind of source or destination.

    Attributes:
        reads, writes: What it can do.
        options: Option name to its description, of the source if there is one.
        missing: The pip command if its driver is not installed, else empty.
    """

    kind: str
    label: str
    family: str
    reads: bool
    writes: bool
    suffixes: tuple[str, ...]
    extra: str
    missing: str
    options: dict[str, str]


@dataclass(frozen=True)
class SourceForm:
    """What a form needs to know to set up a source.

    Attributes:
        description: What the source reads, in a few sentences.
        where: The options that say where it is: the path, or what an address is made of.
        schema: JSON schema of all options.
        hidden: Options that make no difference to bronze, which keeps text as it is.
    """

    kind: str
    label: str
    description: str
    where: tuple[str, ...]
    schema: dict[str, Any]
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """The first rows of a source.

    Attributes:
        broken: Rows shown that could not be read properly; ``_rescued`` says why.
        notes: What the reader found out (dialect, renamed columns).
    """

    kind: str
    name: str
    sample: Rows
    broken: int
    notes: list[str]


@dataclass(frozen=True)
class Guess:
    """What inference says about one column.

    Attributes:
        counter_examples: Values that do not fit ``against``, with their counts.
        against: The type or pattern put to the test; for digits that stay text it is "integer".
    """

    column: str
    type: str
    format: str | None
    confidence: float
    pattern: str | None
    nulls: int
    rows: int
    reason: str
    counter_examples: list[tuple[str, int]]
    against: str = ""


@dataclass(frozen=True)
class Inferred:
    """The inferred schema of a source with its evidence."""

    kind: str
    name: str
    rows: int
    primary_key: list[str] | None
    columns: list[Guess]
    notes: list[str]


def connectors() -> list[Connector]:
    """Every kind that reads or writes, by family and label."""
    sources, loaders = registry.entries("source"), registry.entries("loader")
    found = []
    for kind in sources.keys() | loaders.keys():
        entry = sources.get(kind) or loaders[kind]
        needs = f"pip install 'automic[{entry.extra}]'" if not _installed(entry.extra) else ""
        options: dict[str, str] = {}
        if not needs:
            cls = registry.load("source" if kind in sources else "loader", kind)
            properties = registry.options_schema(cls).get("properties", {})
            options = {name: str(spec.get("description", "")) for name, spec in properties.items()}
        reads, writes = kind in sources, kind in loaders
        about = (kind, entry.label, entry.family, reads, writes, entry.suffixes, entry.extra, needs, options)
        found.append(Connector(*about))
    return sorted(found, key=lambda each: (each.family, each.kind))


def _installed(extra: str) -> bool:
    return all(importlib.util.find_spec(module) is not None for module in EXTRAS.get(extra, ()))


def build_source(
    place: str, kind: str | None = None, options: Mapping[str, Any] | None = None, policy: AccessPolicy | None = None
) -> SourceAdapter:
    """A source from what a person typed.

    Args:
        place: Path, glob or URL; of a database its address or its name, with the rest of the address in ``options``.
        kind: Default: by the scheme or the suffix.
        options: Option name to its value, or to text as a person types it; lists are then written a,b or as JSON.
        policy: What may be read; None = anything.

    Raises:
        ConfigError: The kind or an option is unknown or wrong.
    """
    kind = kind or _kind_of(place, policy)
    cls = registry.load("source", kind)
    schema = registry.options_schema(cls)
    known = schema.get("properties", {})
    given = {**_placed(cls, schema, place), **(options or {})}
    typed = {name: _typed(kind, name, text, known) for name, text in given.items()}
    source: SourceAdapter = registry.build("source", kind, typed)
    if isinstance(source, FileSource) and (name := delivered(place, policy)) is not None:
        table = getattr(source, "table", None)
        source = source.delivered_as(f"{name}#{table}" if table else name)
    return confined(source, policy)


def _kind_of(place: str, policy: AccessPolicy | None) -> str:
    """The kind that a place tells; of a folder its files do."""
    try:
        return registry.kind_for_path(place)
    except ConfigError as exc:
        if os.path.isdir(place):  # a text of any length, with any signs, is no folder
            with suppress(SecurityError):  # what lies outside is not even known to be there
                (policy or AccessPolicy()).check_path(Path(place))
                raise ConfigError(f"{place} is a folder.", f"Name its files: {Path(place)}/*.csv") from exc
        raise


def source_form(kind: str) -> SourceForm:
    """The form of a kind of source.

    Raises:
        ConfigError: There is no such kind.
        MissingDriverError: Its driver is not installed.
    """
    cls = registry.load("source", kind)
    schema = registry.options_schema(cls)
    text = inspect.cleandoc(cls.__doc__ or "").replace("``", "")
    hidden = tuple(name for name in _TYPING if name in schema.get("properties", {}))
    return SourceForm(kind, registry.entries("source")[kind].label, text, _where(cls, schema), schema, hidden)


def place_of(form: SourceForm, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The place that filled-in options name, empty while a needed one is missing, and the other options."""
    known = form.schema.get("properties", {})
    where = {name: values.get(name, known.get(name, {}).get("default")) for name in form.where}
    rest = {name: value for name, value in values.items() if name not in form.where}
    if any(where[name] in (None, "") for name in form.where):
        return "", rest
    if len(form.where) == 1:
        return str(where[form.where[0]]), rest
    return _server.address(form.kind, where), rest


def typed_place(text: str) -> tuple[str, str, dict[str, Any]]:
    """Place, kind and options that a typed place names; the address of a database may hold options of all sorts.

    Raises:
        ConfigError: It is an address with a password.
    """
    kind = next((k for k, each in registry.entries("source").items() if text.partition("://")[0] in each.schemes), "")
    if not kind or "://" not in text:
        return text, "", {}
    form = source_form(kind)
    place, options = place_of(form, _server.options_of(text))
    return place or text, kind, options


def _where(cls: type[Any], schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The options that say where a source is."""
    if issubclass(cls, _server.Server):
        return cls.WHERE
    known = schema.get("properties", {})
    return ("path",) if "path" in known else (next(iter(schema.get("required", known)), "path"),)


def _placed(cls: type[Any], schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    """What a place says, as options."""
    if not issubclass(cls, _server.Server):
        return {_where(cls, schema)[0]: place}
    return dict(_server.options_of(place)) if "://" in place else {"database": place} if place else {}


def _typed(kind: str, name: str, text: Any, known: Mapping[str, Any]) -> Any:
    """An option's text as what its schema wants; plain values are left to validation."""
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Options: {', '.join(known) or 'none'}."
        raise ConfigError(f"{kind} has no option {name!r}.", hint)
    if not isinstance(text, str):
        return text
    spec = known[name]
    types = {spec.get("type"), *(each.get("type") for each in spec.get("anyOf", []))}
    if types & {"array", "object"} and text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as exc:
            raise ConfigError(f"Option {name}: {text!r} is not JSON: {exc}.") from exc
    if "array" in types:
        return [part.strip() for part in text.split(",")] if text else []
    return text


def preview(source: SourceAdapter, rows: int = 10) -> Preview:
    """The first rows, as a run would read them."""
    source.connect()
    try:
        found = source.scan(ReadRequest(limit=rows)).head(rows).collect()
        notes = source.notes()
    finally:
        source.close()
    data = frames.data_columns(found.lazy())
    broken = 0
    if frames.RESCUED in found.columns:
        broken = found[frames.RESCUED].count()
        data = [*data, frames.RESCUED] if broken else data
    return Preview(source.kind, source.name, rows_of(found.select(data)), broken, notes)


def infer(source: SourceAdapter, rows: int | None = INFER_ROWS) -> Inferred:
    """Type, pattern and evidence of each column, from the texts of the source.

    Args:
        source: What to look at; malformed records are left out.
        rows: Look at so many rows at most; None = all.
    """
    source = as_text(source)
    source.connect()
    try:
        frame = source.scan(ReadRequest(limit=rows))
        frame = frame.head(rows) if rows is not None else frame
        if frames.RESCUED in frame.collect_schema():
            frame = frame.filter(pl.col(frames.RESCUED).str.json_path_match("$.reason").is_null())
        batch = frame.select(frames.data_columns(frame)).collect()
        notes = source.notes()
    finally:
        source.close()
    inference = infer_frame(batch, name=source.name)
    columns = []
    for evidence in inference.columns:
        field = inference.schema.field_named(evidence.name)
        assert field is not None
        against = [(example.value, example.count) for example in evidence.counter_examples]
        columns.append(
            Guess(
                evidence.name,
                str(field.type),
                field.format,
                evidence.confidence,
                field.pattern,
                evidence.nulls,
                evidence.rows,
                evidence.reason,
                against,
                evidence.against,
            )
        )
    return Inferred(source.kind, source.name, batch.height, inference.schema.primary_key, columns, notes)
