"""Schemas of options, and values as a person types them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_INTEGER, _NUMBER = re.compile(r"-?(0|[1-9]\d*)"), re.compile(r"-?(0|[1-9]\d*)\.\d+([eE][+-]?\d+)?")


def resolved(spec: Mapping[str, Any], definitions: Mapping[str, Any], value: Any) -> tuple[dict[str, Any], bool]:
    """A schema without references and without "or null"; of several forms the one that fits the value.

    Returns:
        The schema, and whether null is allowed.
    """
    found = dict(spec)
    while "$ref" in found:
        rest = {name: part for name, part in found.items() if name != "$ref"}
        found = {**definitions[found["$ref"].rpartition("/")[2]], **rest}
    options = [resolved(each, definitions, value)[0] for each in found.pop("anyOf", [])]
    if not options:
        return found, False
    real = [each for each in options if each.get("type") != "null"]
    scalars = {each.get("type") for each in real}
    if len(real) > 1 and scalars <= {"integer", "number", "string"}:
        chosen = {"type": "literal"} if scalars != {"string"} or not _all_enums(real) else real[0]
    else:
        objects = [each for each in real if _is_short_for(each, real)]
        chosen = next((each for each in (*objects, *real) if _fits(value, each)), (*objects, *real)[0])
    return {**chosen, **found}, len(real) < len(options)


def parse(text: str) -> Any:
    """What a person means: 5 and 2.5 are numbers, 007 is text, "5" in quotes is text, brackets are JSON.

    Raises:
        ValueError: It begins like JSON and is none.
    """
    word = text.strip()
    if word[:1] in ("{", "[", '"') or word in ("true", "false"):
        return json.loads(word)
    if _INTEGER.fullmatch(word):
        return int(word)
    if _NUMBER.fullmatch(word) and repr(float(word)) == word:
        return float(word)
    return text


def written(value: Any) -> str:
    """The text that ``parse`` reads as this value."""
    if isinstance(value, str):
        try:
            return value if parse(value) == value else json.dumps(value, ensure_ascii=False)
        except ValueError:
            return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _fits(value: Any, spec: Mapping[str, Any]) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
        "string": (str,),
        "array": (list, tuple),
        "object": (dict,),
    }
    return isinstance(value, kinds.get(str(spec.get("type")), (object,)))


def _all_enums(options: list[dict[str, Any]]) -> bool:
    return all("enum" in each for each in options)


def _is_short_for(spec: Mapping[str, Any], others: list[dict[str, Any]]) -> bool:
    """Whether this is an object, and another form gives only the one thing it needs."""
    scalars = [each for each in others if each.get("type") == "string"]
    return spec.get("type") == "object" and bool(scalars) and len(spec.get("required", ())) == 1
