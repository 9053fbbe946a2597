"""Promotions as YAML: the schema, steps and rules of a silver table, kept beside the data they are about."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from automic_core import registry, yamltext
from automic_core.contracts import Rule, Transformer
from automic_core.errors import ConfigError
from automic_core.planning import NamedStep
from automic_core.records import Field, FieldType, Schema
from automic_core.workbench.values import plain

KEYS = ("schema", "steps", "rules")
_EXAMPLE = "Example: rules: [{id: r1, kind: range, columns: [total], min: 0, action: quarantine}]"


@dataclass(frozen=True)
class PromotionSpec:
    """What a promotion does.

    Attributes:
        columns: Accepted columns by name; those not named are typed by what their values prove.
        steps: After typing, in order.
        rules: What must hold in the end.
        text: The same as YAML; empty if it was made in code of parts that cannot be written so.
    """

    columns: dict[str, Field] = field(default_factory=dict)
    steps: list[NamedStep] = field(default_factory=list)
    rules: list[tuple[str, Rule]] = field(default_factory=list)
    text: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.text:
            object.__setattr__(self, "text", _written(self))

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
    """A promotion file; see ``parse_promotion``.

    Raises:
        ConfigError: The file cannot be read or is wrong; names the file and the entry.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"Cannot read {path}: {exc}.", "Check the path.") from exc
    return parse_promotion(text, str(path))


def parse_promotion(text: str, name: str = "promotion") -> PromotionSpec:
    """A promotion from YAML: a mapping with ``schema``, ``steps`` and ``rules``, or just a list of rules.

    Args:
        text: The YAML; empty text is a promotion that does nothing but typing.
        name: What it is called in messages, such as its file.

    Raises:
        ConfigError: It is wrong; names the entry.
    """
    return promotion_of(promotion_data(text, name), name, text)


def promotion_data(text: str, name: str = "promotion") -> dict[str, Any]:
    """The plain data of a promotion's YAML, its entries not looked at yet.

    Raises:
        ConfigError: Not YAML, or no mapping with the keys of a promotion.
    """
    data = yamltext.load(text, name)
    if data is None:
        return {}
    if isinstance(data, list):
        data = {"rules": data}
    if not isinstance(data, Mapping):
        raise ConfigError(f"{name} has no rules.", _EXAMPLE)
    for key in data:
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Keys: {', '.join(KEYS)}."
            raise ConfigError(f"{name}: unknown key {key!r}.", hint)
    return dict(data)


def promotion_of(data: Mapping[str, Any], name: str = "promotion", text: str = "") -> PromotionSpec:
    """A promotion from plain data.

    Raises:
        ConfigError: An entry is wrong; names it.
    """
    try:
        columns = {str(n): _field(str(n), spec) for n, spec in _mapping(data.get("schema"), "schema").items()}
        steps = [NamedStep(step_id, part) for step_id, part in _parts("step", data.get("steps")) if part is not None]
        rules = [(rule_id, part) for rule_id, part in _parts("rule", data.get("rules")) if part is not None]
    except ConfigError as exc:
        raise ConfigError(f"{name}: {exc.message}", exc.hint) from exc
    return PromotionSpec(columns, steps, rules, text)


def promotion_text(data: Mapping[str, Any]) -> str:
    """Plain data as YAML; keys that say nothing are left out."""
    kept: dict[str, Any] = {key: data[key] for key in KEYS if data.get(key)}
    for key in ("steps", "rules"):
        if key in kept:
            kept[key] = [{n: v for n, v in each.items() if not (n == "enabled" and v)} for each in kept[key]]
    return yamltext.dump(plain(kept)) if kept else ""


def meaning(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a promotion does, whichever way it is written: defaults and parts that are switched off left out.

    Two promotions with the same meaning make the same rows. An entry that is wrong stays as it is written.
    """
    made: dict[str, Any] = {"schema": {}}
    for name, spec in _mapping(data.get("schema"), "schema").items():
        try:
            made["schema"][str(name)] = _described(_field(str(name), spec))
        except ConfigError:
            made["schema"][str(name)] = plain(spec)
    groups: dict[str, registry.Group] = {"steps": "step", "rules": "rule"}
    for key, group in groups.items():
        made[key] = []
        for part_id, item in entries(group, data.get(key)):
            if item.get("enabled", True):
                try:
                    made[key].append(_entry(group, part_id, build_part(group, item)))
                except ConfigError:
                    made[key].append(plain({**item, "id": part_id}))
    return made


def build_part(group: registry.Group, item: Mapping[str, Any]) -> Any:
    """The step or rule of one entry, whether it is switched on or not.

    Raises:
        ConfigError: Its kind or an option is unknown, missing or wrong.
    """
    options = {str(key): value for key, value in item.items() if key not in ("id", "kind", "enabled")}
    kind = str(item["kind"])
    try:
        return registry.build(group, kind, options)
    except ConfigError as exc:
        raise ConfigError(_told_once(exc.message, group, kind), exc.hint) from exc


def _told_once(message: str, group: registry.Group, kind: str) -> str:
    """What is wrong without the names of the part, which whoever shows it says already."""
    part = f"{group.capitalize()} {kind!r}"
    said = message.removeprefix(f"{part} has ").removeprefix(f"{part}: ")
    if said == message:
        return message
    named = (f"{registry.load(group, kind).__name__}: ", f"{group.capitalize()} {kind}: ")
    return said.removeprefix(next((name for name in named if said.startswith(name)), ""))


def _written(spec: PromotionSpec) -> str:
    """A promotion made in code as YAML; empty if a part has no kind or does not keep its options."""
    try:
        data = {
            "schema": {name: _described(column) for name, column in spec.columns.items()},
            "steps": [_entry("step", named.id, named.step) for named in spec.steps],
            "rules": [_entry("rule", rule_id, rule) for rule_id, rule in spec.rules],
        }
    except ConfigError:
        return ""
    return promotion_text(data)


def _entry(group: registry.Group, part_id: str | None, part: Transformer | Rule) -> dict[str, Any]:
    if registry.entry_of(group, part.kind) is None or registry.load(group, part.kind) is not type(part):
        raise ConfigError(f"{type(part).__name__} has no kind in the registry.")
    return {**({"id": part_id} if part_id else {}), "kind": part.kind, **registry.options(part)}


def _described(column: Field) -> dict[str, Any]:
    """What a column says beyond the defaults."""
    found: dict[str, Any] = {"type": str(column.type)}
    for each in fields(Field):
        value = getattr(column, each.name)
        if each.name not in ("name", "type") and each.default is not MISSING and value != each.default:
            found[each.name] = value
    return found


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
    found: list[tuple[str, Transformer | Rule | None]] = []
    for number, (part_id, item) in enumerate(entries(group, items), 1):
        if part_id in {known for known, _ in found}:
            raise ConfigError(f"{group} {number}: the id {part_id!r} is taken.", "Give each an id of its own.")
        try:
            part = build_part(group, item)
        except ConfigError as exc:
            raise ConfigError(f"{group} {part_id} ({item['kind']}): {exc.message}", exc.hint) from exc
        found.append((part_id, part if item.get("enabled", True) else None))
    return found


def entries(group: registry.Group, items: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Id and options of each entry of a list; an entry without an id is called by its place.

    Raises:
        ConfigError: It is no list of mappings with a kind.
    """
    if items is None:
        return
    if not isinstance(items, list):
        raise ConfigError(f"{group}s is no list.", _EXAMPLE)
    for number, item in enumerate(items, 1):
        if not isinstance(item, Mapping) or "kind" not in item:
            raise ConfigError(f"{group} {number}: needs a kind.", _EXAMPLE)
        yield str(item.get("id") or f"{group[0]}{number}"), item
