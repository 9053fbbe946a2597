"""Options of adapters, steps and rules: one declaration is constructor, validation, JSON schema and YAML target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TypeVar, cast, dataclass_transform

import pydantic
from pydantic.dataclasses import dataclass as pydantic_dataclass

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(pydantic.Field, field))
def configured(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen pydantic dataclass: constructor, validation, JSON schema and YAML target in one."""
    make = pydantic_dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
    return cast(type[T], make(cls))


def check_pair(cls: type, base: type, names: Sequence[str]) -> None:
    """Raise at class creation if ``cls`` overrides none of ``names`` of ``base``."""
    if all(getattr(cls, name) is getattr(base, name) for name in names):
        raise TypeError(f"{cls.__name__} must override one of: {', '.join(names)}.")
