"""Options of adapters, steps and rules: one declaration is constructor, validation, JSON schema and YAML target."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import field
from typing import Any, TypeVar, cast, dataclass_transform

import pydantic
from pydantic.dataclasses import dataclass as pydantic_dataclass

from automic_core.errors import ConfigError
from automic_core.settings.secret import REFUSED

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(pydantic.Field, field))
def configured(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen pydantic dataclass: constructor, validation, JSON schema and YAML target in one."""
    made = pydantic_dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))(cls)
    construct: Any = made.__init__

    @functools.wraps(construct)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            construct(self, *args, **kwargs)
        except pydantic.ValidationError as exc:
            names = ", ".join(f.name for f in dataclasses.fields(type(self)))
            raise ConfigError(f"{type(self).__name__}: {explain(exc)}", f"Options: {names or 'none'}.") from exc

    setattr(made, "__init__", init)  # noqa: B010 - mypy knows that assigning a method is unsound
    return cast(type[T], made)


def explain(exc: pydantic.ValidationError) -> str:
    """Every wrong option with its value, unless that may be a secret, in one sentence."""
    parts = []
    for error in exc.errors():
        where = ".".join(str(part) for part in error["loc"]) or "options"
        silent = error["type"] == "unexpected_keyword_argument" or REFUSED in error["msg"]
        got = "" if silent else f" (got {error['input']!r})"
        empty = error["type"] == "missing" or (error["type"] == "too_short" and not error["input"])
        parts.append(f"{where} is needed" if empty else f"{where}: {error['msg'].removeprefix('Value error, ')}{got}")
    return "; ".join(parts)


def check_pair(cls: type, base: type, names: Sequence[str]) -> None:
    """Raise at class creation if ``cls`` overrides none of ``names`` of ``base``."""
    if all(getattr(cls, name) is getattr(base, name) for name in names):
        raise TypeError(f"{cls.__name__} must override one of: {', '.join(names)}.")
