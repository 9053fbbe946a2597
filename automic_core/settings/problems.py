"""Words for what is wrong in a settings file: which file, which key, which value, what to write instead."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from automic_core import yamltext
from automic_core.errors import ConfigError
from automic_core.settings.secret import Secret, SecretOrigin

_PREFIX = "AUTOMIC_"


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping in ``file``.

    Raises:
        ConfigError: Missing, unreadable, not YAML (with the line) or not a mapping.
    """
    try:
        values = yamltext.load(file.read_text(encoding="utf-8-sig"), str(file))
    except OSError as exc:
        raise ConfigError(f"{file}: cannot be read: {exc.strerror}.", "Check the path of the settings file.") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"{file}: not UTF-8 text at byte {exc.start}.", "Save it as UTF-8.") from exc
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{file}: holds a {type(values).__name__}, not sections.", "Begin with 'lakehouse:'.")
    # A section whose keys are all commented out reads as None: it means "defaults", as its absence does.
    return {str(key): value for key, value in values.items() if value is not None}


def explain(exc: Exception, model: type[BaseModel], file: Path | None, arguments: Mapping[str, Any]) -> ConfigError:
    """One ConfigError for all faults pydantic found; values of secrets and of unknown keys are not repeated."""
    if not isinstance(exc, ValidationError):
        return ConfigError(f"Environment: {exc}", "Sections are JSON, single keys AUTOMIC_SECTION__KEY=value.")
    lines, hints = [], []
    for error in exc.errors(include_url=False, include_context=False):
        loc = [part for part in error["loc"] if not _is_branch(part)]
        key = ".".join(map(str, loc))
        where = _origin(loc, file, arguments)
        if error["type"] == "extra_forbidden":
            known = _keys_at(model, loc[:-1])
            close = get_close_matches(str(loc[-1]), known, n=1, cutoff=0.6)
            lines.append(f"{where}: unknown key {key!r}")
            hints.append(f"Did you mean {close[0]!r}?" if close else f"Known keys: {', '.join(known)}.")
            continue
        message = error["msg"].removeprefix("Value error, ")
        shown = f", not {error['input']!r:.80}" if _may_show(error["input"], error["type"], loc) else ""
        lines.append(f"{where}: {key}: {message}{shown}")
    return ConfigError("; ".join(dict.fromkeys(lines)) + ".", " ".join(dict.fromkeys(hints)))


def undeclared_secrets(model: BaseModel, declared: Mapping[str, SecretOrigin]) -> tuple[str, str] | None:
    """Message and hint for the first secret that is used but not declared."""
    for key, secret in _secrets_in(model, ()):
        if secret._value is None and secret.name not in declared:
            close = get_close_matches(secret.name, declared, n=1)
            hint = (
                f"Did you mean {close[0]!r}?" if close else f"Add secrets.{secret.name}: {{env: VARIABLE, hosts: […]}}."
            )
            return f"{key}: the secret {secret.name!r} is not declared.", hint
    return None


def _secrets_in(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, Secret]]:
    if isinstance(value, Secret):
        yield ".".join(path), value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name), (*path, name))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _secrets_in(item, (*path, str(name)))


def _is_branch(part: object) -> bool:
    """Pydantic names the tried branch of a union in the location ("function-plain[parse()]")."""
    return isinstance(part, str) and ("[" in part or part in ("str", "nullable"))


def _may_show(value: object, kind: str, loc: Sequence[Any]) -> bool:
    """Only plain wrong values; a value error of ours may be about a secret and speaks for itself."""
    plain = isinstance(value, str | int | float | bool | None)
    return plain and kind not in ("value_error", "missing") and loc[:1] != ["secrets"]


def _origin(loc: Sequence[Any], file: Path | None, arguments: Mapping[str, Any]) -> str:
    """Where the faulty key was written, in order of precedence."""
    value: Any = arguments
    for part in loc:
        if not isinstance(value, Mapping) or part not in value:
            break
        value = value[part]
    else:
        return "argument"
    for depth in range(len(loc), 0, -1):
        variable = _PREFIX + "__".join(map(str, loc[:depth])).upper()
        if variable in os.environ:
            return f"environment variable {variable}"
    return str(file) if file is not None else "argument"


def _keys_at(model: type[BaseModel], loc: Sequence[Any]) -> list[str]:
    """The known keys of the section at ``loc``."""
    current: Any = model
    for part in loc:
        annotation = current.model_fields[part].annotation if part in getattr(current, "model_fields", {}) else current
        nested = [a for a in (annotation, *get_args(annotation)) if isinstance(a, type) and issubclass(a, BaseModel)]
        current = nested[0] if nested else current
    return list(current.model_fields)
