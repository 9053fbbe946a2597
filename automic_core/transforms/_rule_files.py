"""Rule files: YAML with a list of rules, or a mapping with the key ``rules``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from automic_core import registry, yamltext
from automic_core.contracts import Rule
from automic_core.errors import ConfigError

_EXAMPLE = "Example: - {id: r1, kind: range, columns: [total], min: 0, action: quarantine}"


def load_rules(source: str | Path) -> list[tuple[str, Rule]]:
    """Rules with their ids, in order; those with ``enabled: false`` are left out.

    Args:
        source: Path of a YAML file, or YAML text (a string with a line break or a colon followed by a blank).

    Raises:
        ConfigError: The file cannot be read or is wrong; names the file, the rule and the key.
    """
    name, text = _text(source)
    data = yamltext.load(text, name)
    if isinstance(data, dict):
        unknown = [key for key in data if key != "rules"]
        if unknown:
            raise ConfigError(f"{name}: unknown key {unknown[0]!r}.", "A rule file is a list, or a mapping with rules.")
        data = data.get("rules")
    if not isinstance(data, list):
        raise ConfigError(f"{name} has no list of rules.", _EXAMPLE)
    rules: list[tuple[str, Rule]] = []
    taken: set[str] = set()
    for number, item in enumerate(data, 1):
        rule_id, rule = _rule(item, number, name)
        if rule_id in taken:
            raise ConfigError(
                f"{name}, rule {number}: the id {rule_id!r} is taken.", "Give each rule an id of its own."
            )
        taken.add(rule_id)
        if rule is not None:
            rules.append((rule_id, rule))
    return rules


def dump_rules(rules: Iterable[tuple[str, Rule]]) -> str:
    """The rules as YAML; ``load_rules`` gives them back.

    Raises:
        ConfigError: A rule has no kind in the registry.
    """
    items: list[dict[str, Any]] = []
    for rule_id, rule in rules:
        if registry.entry_of("rule", rule.kind) is None:
            raise ConfigError(
                f"Rule {rule_id}: {type(rule).__name__} has no kind in the registry.", "Keep it in Python."
            )
        items.append({"id": rule_id, "kind": rule.kind, **registry.options(rule)})
    return yamltext.dump({"rules": items})


def _text(source: str | Path) -> tuple[str, str]:
    """Name for messages, and the YAML text."""
    if isinstance(source, str) and ("\n" in source or ": " in source or source.lstrip().startswith("[")):
        return "rules", source
    try:
        return str(source), Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"Cannot read the rule file {source}: {exc}.", "Check the path.") from exc


def _rule(item: Any, number: int, name: str) -> tuple[str, Rule | None]:
    """One rule of a file; None if it is switched off."""
    if not isinstance(item, dict) or "kind" not in item:
        raise ConfigError(f"{name}, rule {number}: a rule is a mapping with a kind.", _EXAMPLE)
    options = {str(key): value for key, value in item.items() if key not in ("id", "kind", "enabled")}
    rule_id = str(item.get("id") or f"r{number}")
    try:
        rule: Rule = registry.build("rule", str(item["kind"]), options)
    except ConfigError as exc:
        raise ConfigError(f"{name}, rule {number} ({rule_id}): {exc.message}", exc.hint) from exc
    return rule_id, rule if item.get("enabled", True) else None
