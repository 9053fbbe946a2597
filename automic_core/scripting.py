"""A pipeline spec as a Python script."""

from __future__ import annotations

import keyword
import math
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import automic_core
from automic_core import registry

if TYPE_CHECKING:
    from automic_core.spec import Part, PipelineSpec, StepPart

PACKAGE = "automic_core"


def script(spec: PipelineSpec) -> str:
    """Source code that builds the pipeline of ``spec``, runs it and prints its report."""
    classes: set[tuple[str, str]] = set()

    def call(group: registry.Group, part: Part) -> str:
        path = registry.entries(group)[part.kind].path
        name = path.partition(":")[2]
        classes.add((public_module(path), name))
        return f"{name}({arguments(part.options)})"

    lines = [f"    Pipeline({spec.name!r})" if spec.name else "    Pipeline()"]
    how = ""
    if spec.extract.incremental is not None:
        classes.add((PACKAGE, "Incremental"))
        how = f", incremental=Incremental({arguments(spec.extract.incremental)})"
    lines.append(f"    .extract({call('source', spec.extract)}{how})")
    lines += [f"    .transform({call('step', step)}, {_switches(step)})" for step in spec.steps]
    lines += [f"    .check({call('rule', rule)}, {_switches(rule)})" for rule in spec.rules]
    if spec.load:
        tail = f", {arguments(spec.load.settings)}" if spec.load.settings else ""
        lines.append(f"    .load({call('loader', spec.load)}{tail})")
        lines.append("    .run()")
    imports = import_lines({(PACKAGE, "Pipeline"), *classes})
    end = "print(pipeline.report)" if spec.load else "print(pipeline.preview())"
    head = [*imports, "", "pipeline = ("]
    return "\n".join([*head, *lines, ")", end, ""])


def public_module(path: str) -> str:
    """Where a script imports a class from: the package itself if it gives it out, else the class's own module.

    Args:
        path: Dotted path of the module, a colon, the name of the class.
    """
    module, _, name = path.partition(":")
    given_out = getattr(automic_core, name) if name in automic_core.__all__ else None
    return PACKAGE if given_out is not None and given_out is getattr(import_module(module), name) else module


def import_lines(names: Iterable[tuple[str, str]]) -> list[str]:
    """Import statements for pairs of module and name, a line a module, the package itself first."""
    known: dict[str, set[str]] = {}
    for module, name in names:
        known.setdefault(module, set()).add(name)
    return [f"from {module} import {', '.join(sorted(known[module]))}" for module in sorted(known)]


def _switches(part: StepPart) -> str:
    return f"id={part.id!r}" + ("" if part.enabled else ", enabled=False")


def arguments(options: dict[str, Any]) -> str:
    """Keyword arguments; names that Python does not take as such go through ``**``."""
    options = {name: _exact(value) for name, value in options.items()}
    usable = {name for name in options if name.isidentifier() and not keyword.iskeyword(name)}
    plain = [f"{name}={value!r}" for name, value in options.items() if name in usable]
    odd = {name: value for name, value in options.items() if name not in usable}
    return ", ".join([*plain, *([f"**{odd!r}"] if odd else [])])


class _NotFinite(float):
    """A number whose own ``repr`` is a name that Python does not know."""

    def __repr__(self) -> str:
        return f"float({super().__repr__()!r})"


def _exact(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return _NotFinite(value)
    if isinstance(value, Mapping):
        return {key: _exact(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    return tuple(map(_exact, value)) if type(value) is tuple else value
