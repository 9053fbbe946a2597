"""What a form needs to know of a kind: its words, the schema of its options, what is wrong with those filled in."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pydantic

from automic_core import registry
from automic_core.errors import AutomicError, ConfigError

WHOLE = ""
"""Key of what is wrong with the options together, not with one of them."""


@dataclass(frozen=True)
class Kind:
    """A kind of source, loader, step or rule, as a menu shows it.

    Attributes:
        description: What it does, in a few sentences.
        missing: Why it cannot be used here (a driver is not installed), else empty.
    """

    kind: str
    label: str
    family: str
    description: str
    missing: str = ""


def kinds(group: registry.Group) -> list[Kind]:
    """All kinds of a group, in the order of the registry."""
    found = []
    for kind, entry in registry.entries(group).items():
        try:
            text = inspect.cleandoc(registry.load(group, kind).__doc__ or "")
        except AutomicError as exc:
            found.append(Kind(kind, entry.label, entry.family, "", f"{exc.message} {exc.hint}"))
            continue
        found.append(Kind(kind, entry.label, entry.family, text.replace("``", "`")))
    return found


def options_schema(group: registry.Group, kind: str) -> dict[str, Any]:
    """JSON schema of a kind's options.

    Raises:
        ConfigError: Unknown kind.
        MissingDriverError: Its driver is not installed.
    """
    return registry.options_schema(registry.load(group, kind))


def option_errors(group: registry.Group, kind: str, options: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with options, by option; empty when an instance can be made of them.

    Returns:
        Option name to a sentence; ``WHOLE`` for what concerns several.
    """
    try:
        registry.build(group, kind, options)
    except ConfigError as exc:
        return _by_option(exc, options)
    return {}


def _by_option(exc: ConfigError, options: Mapping[str, Any]) -> dict[str, str]:
    cause: BaseException | None = exc
    while cause is not None and not isinstance(cause, pydantic.ValidationError):
        cause = cause.__cause__
    if cause is None:
        unknown = next((name for name in options if f"no option {name!r}" in exc.message), WHOLE)
        return {unknown: f"{exc.message} {exc.hint}".strip()}
    found: dict[str, str] = {}
    for error in cause.errors():
        name = str(error["loc"][0]) if error["loc"] else WHOLE
        missing = error["type"] in {"missing", "missing_argument", "missing_keyword_only_argument"}
        missing |= error["type"] == "too_short" and not error["input"]
        words = "is needed" if missing else error["msg"].removeprefix("Value error, ")
        found.setdefault(name, words)
    return found
