"""YAML as Automic reads it, everywhere the same: ``on`` and ``off`` are words, and no key stands twice."""

from __future__ import annotations

import re
from typing import Any

import yaml

from automic_core.errors import ConfigError

_BOOL, _MERGE = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:merge"


class _Strict(yaml.SafeLoader):
    """YAML 1.1 reads ``on: name`` as true; YAML 1.2 knows only true and false. A key written twice is refused."""

    yaml_implicit_resolvers = {
        first: [(tag, regexp) for tag, regexp in resolvers if tag != _BOOL]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a list or mapping cannot be a key", key_node.start_mark
                )
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, AttributeError) as exc:  # a date without such a day, a tag that does not fit
            told = f"{node.value!r} is not a {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark) from exc


_Strict.add_implicit_resolver(_BOOL, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def load(text: str, name: str) -> Any:
    """The value of a YAML text.

    Args:
        text: The document.
        name: What it is called in messages, such as its file.

    Raises:
        ConfigError: Not YAML; names the line.
    """
    try:
        root = _composed(text)
        loader = _Strict("")
        return loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else 1
        raise ConfigError(f"{name}, line {line}: {exc.problem}.", "Check indentation, colons and quotes.") from exc
    except yaml.YAMLError as exc:
        raise ConfigError(f"{name} is not YAML: {' '.join(str(exc).split())}", "Check its characters.") from exc


def dump(data: Any) -> str:
    """Plain data as YAML, keys in their order; words that YAML 1.1 takes for booleans are quoted."""
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def places(text: str) -> dict[tuple[str | int, ...], int]:
    """The line, from 1, of each key and entry of a YAML text, by the keys and places that lead to it.

    Empty for a text that is not YAML.
    """
    try:
        root = _composed(text)
    except yaml.YAMLError:
        return {}
    found: dict[tuple[str | int, ...], int] = {(): 1}

    def walk(node: yaml.Node, path: tuple[str | int, ...]) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*path, str(key.value))
                found[here] = key.start_mark.line + 1
                walk(value, here)
        elif isinstance(node, yaml.SequenceNode):
            for number, value in enumerate(node.value):
                found[(*path, number)] = value.start_mark.line + 1
                walk(value, (*path, number))

    if root is not None:
        walk(root, ())
    return found


class _Quick(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Libyaml's, ten times as fast, where PyYAML was built with it."""

    yaml_implicit_resolvers = _Strict.yaml_implicit_resolvers


def _composed(text: str) -> yaml.Node | None:
    """The nodes of a text; what is wrong with it is said by PyYAML's own reader, which names the better place."""
    try:
        return yaml.compose(text, Loader=_Quick)
    except (yaml.YAMLError, UnicodeEncodeError):
        return yaml.compose(text, Loader=_Strict)
