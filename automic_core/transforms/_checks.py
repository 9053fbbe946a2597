"""Checks that everyday steps share: columns there, names free, types as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from automic_core import frames
from automic_core.errors import ConfigError, TransformError
from automic_core.transforms._names import require


def title(kind: str) -> str:
    """The step that is being planned, as the start of a message."""
    return f"Step {frames.current_step.get()} ({kind})"


def known(kind: str, wanted: Iterable[str], schema: Mapping[str, Any]) -> list[str]:
    """The wanted columns, all of them there.

    Raises:
        TransformError: One is not; names the nearest one that is.
    """
    return require(wanted, schema, title(kind))


def of_type(
    kind: str, wanted: Iterable[str], schema: Mapping[str, Any], fits: Callable[[Any], bool], need: str, hint: str
) -> list[str]:
    """The wanted columns, all of them there and of a type that ``fits``.

    Raises:
        TransformError: One is missing or has another type.
    """
    names = known(kind, wanted, schema)
    for name in names:
        if not fits(schema[name]):
            raise TransformError(f"{title(kind)}: {name!r} is {schema[name]}, not {need}.", hint)
    return names


def new_names(kind: str, names: Iterable[str], taken: Iterable[str] = ()) -> None:
    """Refuse result names that are empty, hidden, taken, or there twice.

    Raises:
        ConfigError: Names the column.
    """
    seen = set(taken)
    for name in names:
        if not name or frames.is_hidden(name):
            raise ConfigError(f"{title(kind)}: {name!r} cannot name a column.", "Names do not start with '_'.")
        if name in seen:
            raise ConfigError(f"{title(kind)}: there would be two columns {name!r}.", "Choose another name.")
        seen.add(name)
