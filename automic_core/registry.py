"""Kinds by name: where a class lives, which extra brings its driver, and how people see it. Imported on first use."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from importlib.metadata import entry_points
from typing import Any, Literal

import pydantic
import pydantic_core

from automic_core.errors import ConfigError, MissingDriverError

Group = Literal["source", "loader", "step", "rule"]


@dataclass(frozen=True)
class Entry:
    """One registry row.

    Attributes:
        path: ``module:Class``.
        label: What people call it.
        family: Cards and tables are grouped by it ("Files", "Databases", "Rows", "Columns").
        extra: The pip extra that brings its driver; empty = none needed.
        suffixes: File suffixes a source is chosen by.
        schemes: URL schemes it is chosen by.
    """

    path: str
    label: str
    family: str
    extra: str = ""
    suffixes: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()


_FILES = "automic_core.connectors.files."
_STEPS = "automic_core.transforms."

REGISTRY: dict[Group, dict[str, Entry]] = {
    "source": {
        "csv": Entry(
            _FILES + "csv:CSVSource", "CSV and other delimited text", "Files", "", (".csv", ".tsv", ".txt", ".psv")
        ),
        "json": Entry(_FILES + "json:JSONSource", "JSON and JSON Lines", "Files", "", (".json", ".jsonl", ".ndjson")),
        "parquet": Entry(_FILES + "parquet:ParquetSource", "Parquet", "Files", "", (".parquet", ".pq")),
        "excel": Entry(
            _FILES + "excel:ExcelSource", "Excel (xlsx, xls, ods)", "Files", "excel", (".xlsx", ".xls", ".ods")
        ),
        "xml": Entry(_FILES + "xml:XMLSource", "XML", "Files", "xml", (".xml",)),
        "sqlite": Entry(
            "automic_core.connectors.databases.sqlite:SQLiteSource",
            "SQLite",
            "Databases",
            "",
            (".sqlite", ".db", ".sqlite3"),
        ),
        "postgresql": Entry(
            "automic_core.connectors.databases.postgresql:PostgreSQLSource",
            "PostgreSQL",
            "Databases",
            "postgresql",
            schemes=("postgresql", "postgres"),
        ),
        "mysql": Entry(
            "automic_core.connectors.databases.mysql:MySQLSource",
            "MySQL and MariaDB",
            "Databases",
            "mysql",
            schemes=("mysql", "mariadb"),
        ),
        "mongodb": Entry(
            "automic_core.connectors.databases.mongodb:MongoDBSource",
            "MongoDB",
            "Databases",
            "mongodb",
            schemes=("mongodb",),
        ),
        "iceberg": Entry("automic_core.lakehouse.connector:IcebergSource", "Iceberg table", "Lakehouse"),
    },
    "loader": {
        "csv": Entry(_FILES + "csv:CSVLoader", "CSV", "Files", "", (".csv", ".tsv")),
        "json": Entry(_FILES + "json:JSONLoader", "JSON and JSON Lines", "Files", "", (".json", ".jsonl", ".ndjson")),
        "parquet": Entry(_FILES + "parquet:ParquetLoader", "Parquet", "Files", "", (".parquet",)),
        "sqlite": Entry(
            "automic_core.connectors.databases.sqlite:SQLiteLoader",
            "SQLite",
            "Databases",
            "",
            (".sqlite", ".db", ".sqlite3"),
        ),
        "postgresql": Entry(
            "automic_core.connectors.databases.postgresql:PostgreSQLLoader",
            "PostgreSQL",
            "Databases",
            "postgresql",
            schemes=("postgresql", "postgres"),
        ),
        "mysql": Entry(
            "automic_core.connectors.databases.mysql:MySQLLoader",
            "MySQL and MariaDB",
            "Databases",
            "mysql",
            schemes=("mysql", "mariadb"),
        ),
        "mongodb": Entry(
            "automic_core.connectors.databases.mongodb:MongoDBLoader",
            "MongoDB",
            "Databases",
            "mongodb",
            schemes=("mongodb",),
        ),
        "iceberg": Entry("automic_core.lakehouse.connector:IcebergLoader", "Iceberg table", "Lakehouse"),
    },
    "step": {
        "select": Entry(_STEPS + "columns:Select", "Select columns", "Columns"),
        "rename": Entry(_STEPS + "columns:Rename", "Rename columns", "Columns"),
        "cast": Entry(_STEPS + "columns:Cast", "Change types", "Columns"),
        "derive": Entry(_STEPS + "columns:Derive", "Derive a column", "Columns"),
        "text": Entry(_STEPS + "text:Text", "Clean text", "Columns"),
        "split": Entry(_STEPS + "text:Split", "Split a column", "Columns"),
        "extract": Entry(_STEPS + "extract:Extract", "Extract values from a text", "Columns"),
        "classify": Entry(_STEPS + "classify:Classify", "Classify texts", "Columns"),
        "filter": Entry(_STEPS + "rows:Filter", "Filter rows", "Rows"),
        "sort": Entry(_STEPS + "rows:Sort", "Sort rows", "Rows"),
        "limit": Entry(_STEPS + "rows:Limit", "Limit rows", "Rows"),
        "join": Entry(_STEPS + "combine:Join", "Join", "Tables"),
        "union": Entry(_STEPS + "combine:Union", "Union", "Tables"),
        "pivot": Entry(_STEPS + "reshape:Pivot", "Pivot", "Tables"),
        "unpivot": Entry(_STEPS + "reshape:Unpivot", "Unpivot", "Tables"),
        "explode": Entry(_STEPS + "reshape:Explode", "Explode a list", "Tables"),
        "aggregate": Entry(_STEPS + "aggregate:Aggregator", "Aggregate", "Tables"),
        "nulls": Entry(_STEPS + "nulls:NullRemover", "Handle missing values", "Trust"),
        "schema": Entry(_STEPS + "schema_inference:SchemaInferrer", "Infer the schema", "Trust"),
        "dedup": Entry(_STEPS + "dedup:Deduplicator", "Remove duplicates", "Trust"),
        "quality": Entry(_STEPS + "quality:QualityScorer", "Score quality", "Trust"),
        "anomaly": Entry(_STEPS + "anomaly:AnomalyDetector", "Flag anomalies", "Trust"),
    },
    "rule": {
        "not_null": Entry(_STEPS + "rules:NotNull", "Not null", "Rules"),
        "unique": Entry(_STEPS + "rules:Unique", "Unique", "Rules"),
        "range": Entry(_STEPS + "rules:Range", "Range", "Rules"),
        "regex": Entry(_STEPS + "rules:Regex", "Regular expression", "Rules"),
        "set": Entry(_STEPS + "rules:InSet", "Set of values", "Rules"),
        "length": Entry(_STEPS + "rules:Length", "Text length", "Rules"),
        "type": Entry(_STEPS + "type_rule:OfType", "Type", "Rules"),
        "foreign_key": Entry(_STEPS + "key_rule:References", "Foreign key", "Rules"),
        "sql": Entry(_STEPS + "rules:SQLRule", "SQL condition", "Rules"),
        "dependency": Entry(_STEPS + "table_rules:Depends", "Columns that settle another", "Rules"),
        "row_count": Entry(_STEPS + "table_rules:RowCount", "Number of rows", "Rules"),
        "freshness": Entry(_STEPS + "table_rules:Fresh", "Freshness", "Rules"),
        "drift": Entry(_STEPS + "table_rules:Drift", "Drift of a spread", "Rules"),
    },
}


def entries(group: Group) -> dict[str, Entry]:
    """All kinds of a group, others' packages (entry point ``automic.connectors``) included.

    An entry point is named ``source.KIND`` or ``loader.KIND`` and points to the class.
    """
    ours = REGISTRY[group]
    return ours | {kind: entry for kind, entry in _others(group).items() if kind not in ours}


@functools.cache  # looking through all installed packages takes 15 ms, and what is installed stays so
def _others(group: Group) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for point in entry_points(group="automic.connectors"):
        kind_group, _, kind = point.name.partition(".")
        if kind_group == group and kind:
            found.setdefault(kind, Entry(point.value, kind, "Installed packages"))
    return found


def entry_of(group: Group, kind: str) -> Entry | None:
    """One kind's row, or None; others' packages are looked through only for kinds that are not our own."""
    return REGISTRY[group].get(kind) or entries(group).get(kind)


def load(group: Group, kind: str) -> type[Any]:
    """The class of a kind.

    Raises:
        ConfigError: Unknown kind; names the nearest known one.
        MissingDriverError: The module needs a driver that is not installed.
    """
    entry = entry_of(group, kind)
    if entry is None:
        known = entries(group)
        near = difflib.get_close_matches(kind, known, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known))}."
        raise ConfigError(f"There is no {group} of kind {kind!r}.", hint)
    module, _, name = entry.path.partition(":")
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as exc:
        missing = (exc.name or "").split(".")[0]
        if missing and missing != "automic_core":
            raise MissingDriverError(missing, entry.extra or "all") from exc
        raise
    found: type[Any] = getattr(loaded, name)
    return found


def build(group: Group, kind: str, options: Mapping[str, Any]) -> Any:
    """An instance of a kind from plain options.

    Raises:
        ConfigError: An option is unknown, missing or has the wrong type; names the option and the value.
    """
    cls = load(group, kind)
    known = option_names(cls)
    if is_dataclass(cls) and (unknown := [name for name in options if name not in known]):
        near = difflib.get_close_matches(str(unknown[0]), known, 1)
        hint = f"Did you mean {near[0]!r}?" if near else _option_hint(cls)
        raise ConfigError(f"{group.capitalize()} {kind!r} has no option {unknown[0]!r}.", hint)
    try:
        return cls(**options)
    except ConfigError as exc:
        raise ConfigError(f"{group.capitalize()} {kind!r}: {exc.message}", exc.hint) from exc
    except TypeError as exc:
        raise ConfigError(f"{group.capitalize()} {kind!r}: {exc}", _option_hint(cls)) from exc


def _option_hint(cls: type[Any]) -> str:
    return f"Options: {', '.join(option_names(cls)) or 'none'}."


def option_names(cls: type[Any]) -> list[str]:
    """Names of a class's options."""
    if is_dataclass(cls):
        return [f.name for f in fields(cls)]
    return [name for name in inspect.signature(cls).parameters if name != "self"]


def options(instance: Any) -> dict[str, Any]:
    """The options of an instance that differ from their defaults, as plain data for YAML.

    Raises:
        ConfigError: The class does not keep its options under their names.
    """
    cls = type(instance)
    if is_dataclass(cls):
        try:
            plain: dict[str, Any] = pydantic.TypeAdapter(cls).dump_python(instance, mode="json", exclude_defaults=True)
            # a field with a serialiser of its own is dumped although it has its default
            optional = {name for name, info in vars(cls)["__pydantic_fields__"].items() if info.default is None}
            return {name: value for name, value in plain.items() if value is not None or name not in optional}
        except pydantic_core.PydanticSerializationError as exc:
            cause = str(exc).partition(": ")[2] or str(exc)
            raise ConfigError(f"{cls.__name__} cannot be written as YAML: {cause}", "Name the input in YAML.") from exc
    try:
        return {name: getattr(instance, name) for name in option_names(cls)}
    except AttributeError as exc:
        raise ConfigError(
            f"{cls.__name__} does not keep its option {exc.name!r}.", "Store each argument under its name."
        ) from exc


def options_schema(cls: type[Any]) -> dict[str, Any]:
    """JSON schema of a class's options: the browser's form and the CLI's help."""
    if is_dataclass(cls):
        return pydantic.TypeAdapter(cls).json_schema()
    definitions: dict[str, Any] = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        kind = Any if parameter.annotation is inspect.Parameter.empty else parameter.annotation
        definitions[name] = (kind, ... if parameter.default is inspect.Parameter.empty else parameter.default)
    model: type[pydantic.BaseModel] = pydantic.create_model(cls.__name__, **definitions)
    return model.model_json_schema()


def kind_for_path(path: str, group: Group = "source") -> str:
    """The kind that reads or writes a path: by its scheme, else its suffix (those of compression are looked through).

    Others' packages have no suffixes or schemes, so they are not looked through.

    Raises:
        ConfigError: No kind has this suffix.
    """
    scheme, address, _ = path.lower().partition("://")
    for kind, entry in REGISTRY[group].items():
        if address and scheme in entry.schemes:
            return kind
    name = path.lower().split("?")[0].rstrip("/")
    for packed in (".gz", ".bz2", ".xz", ".zip", ".zst"):
        name = name.removesuffix(packed)
    for kind, entry in REGISTRY[group].items():
        if name.endswith(entry.suffixes) and entry.suffixes:
            return kind
    known = sorted(s for entry in REGISTRY[group].values() for s in entry.suffixes)
    raise ConfigError(
        f"Cannot tell what kind of {group} {path!r} is.", f"Name the kind, or use one of {', '.join(known)}."
    )
