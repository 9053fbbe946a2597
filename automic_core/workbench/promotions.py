"""Promotion files: the schema, steps and rules of a silver table as YAML, kept beside the data they are about."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from automic_core import registry, yamltext
from automic_core.contracts import Rule, Transformer
from automic_core.errors import ConfigError
from automic_core.planning import NamedStep
from automic_core.records import Field, FieldType, Schema

KEYS = ("schema", "steps", "rules")
_EXAMPLE = "Example: rules: [{id: r1, kind: range, columns: [total], min: 0, action: quarantine}]"


@dataclass(frozen=True)
class PromotionSpec:
    """What a promotion does.

    Attributes:
        columns: Accepted columns by name; those not named are typed by what their values prove.
        steps: After typing, in order.
        rules: What must hold in the end.
    """

    columns: dict[str, Field] = field(default_factory=dict)
    steps: list[NamedStep] = field(default_factory=list)
    rules: list[tuple[str, Rule]] = field(default_factory=list)

    def schema(self, inferred: Schema) -> Schema:
        """The accepted columns over the inferred ones.

        Raises:
            ConfigError: A column is accepted that the table does not have.
        """
        for name in self.columns:
            if name not in inferred.names:
                near = difflib.get_close_matches(name, inferred.names, 1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Columns: {', '.join(inferred.names)}."
                raise ConfigError(f"schema: {inferred.name} has no column {name!r}.", hint)
        merged = [self.columns.get(each.name, each) for each in inferred.fields]
        return replace(inferred, fields=merged, inferred=len(self.columns) < len(merged))


def load_promotion(path: str | Path) -> PromotionSpec:
    """A promotion file: a mapping with ``schema``, ``steps`` and ``rules``, or just a list of rules.

    Raises:
        ConfigError: The file cannot be read or is wrong; names the file and the entry.
    """
    try:
        data = yamltext.load(Path(path).read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"Cannot read {path}: {exc}.", "Check the path.") from exc
    if isinstance(data, list):
        data = {"rules": data}
    if not isinstance(data, Mapping):
        raise ConfigError(f"{path} has no rules.", _EXAMPLE)
    for key in data:
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Keys: {', '.join(KEYS)}."
            raise ConfigError(f"{path}: unknown key {key!r}.", hint)
    try:
        columns = {str(n): _field(str(n), spec) for n, spec in _mapping(data.get("schema"), "schema").items()}
        steps = [NamedStep(step_id, part) for step_id, part in _parts("step", data.get("steps")) if part is not None]
        rules = [(rule_id, part) for rule_id, part in _parts("rule", data.get("rules")) if part is not None]
    except ConfigError as exc:
        raise ConfigError(f"{path}: {exc.message}", exc.hint) from exc
    return PromotionSpec(columns, steps, rules)


def _mapping(value: Any, what: str) -> Mapping[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{what} is no mapping.", "Write column: type, one a line.")
    return value


def _field(name: str, spec: Any) -> Field:
    """A column from its type's name, or from a mapping with ``type``, ``format``, ``precision`` and so on."""
    options = dict(spec) if isinstance(spec, Mapping) else {"type": spec}
    known = [f.name for f in fields(Field) if f.name != "name"]
    for key in options:
        if key not in known:
            raise ConfigError(f"schema, {name}: unknown key {key!r}.", f"Keys: {', '.join(known)}.")
    try:
        options["type"] = FieldType(str(options.get("type", "string")))
    except ValueError as exc:
        raise ConfigError(
            f"schema, {name}: there is no type {options['type']!r}.", f"Types: {', '.join(FieldType)}."
        ) from exc
    return Field(name, **options)


def _parts(group: registry.Group, items: Any) -> list[tuple[str, Any]]:
    """Ids and instances of steps or rules; None for those switched off."""
    if items is None:
        return []
    if not isinstance(items, list):
        raise ConfigError(f"{group}s is no list.", _EXAMPLE)
    found: list[tuple[str, Transformer | Rule | None]] = []
    for number, item in enumerate(items, 1):
        if not isinstance(item, Mapping) or "kind" not in item:
            raise ConfigError(f"{group} {number}: needs a kind.", _EXAMPLE)
        part_id = str(item.get("id") or f"{group[0]}{number}")
        if part_id in {known for known, _ in found}:
            raise ConfigError(f"{group} {number}: the id {part_id!r} is taken.", "Give each an id of its own.")
        options = {str(key): value for key, value in item.items() if key not in ("id", "kind", "enabled")}
        try:
            part = registry.build(group, str(item["kind"]), options)
        except ConfigError as exc:
            raise ConfigError(f"{group} {part_id}: {exc.message}", exc.hint) from exc
        found.append((part_id, part if item.get("enabled", True) else None))
    return found
