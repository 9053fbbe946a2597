"""A pipeline spec as a Python script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automic_core import registry

if TYPE_CHECKING:
    from automic_core.spec import Part, PipelineSpec

LOAD_KEYS = ("mode", "keys", "metadata")


def script(spec: PipelineSpec) -> str:
    """Source code that builds the pipeline of ``spec``, runs it and prints its report."""
    classes: set[tuple[str, str]] = set()

    def call(group: registry.Group, part: Part, without: tuple[str, ...] = ()) -> str:
        module, _, name = registry.entries(group)[part.kind].path.partition(":")
        classes.add((module, name))
        options = {k: v for k, v in part.options.items() if k not in without}
        return f"{name}({_arguments(options)})"

    lines = [f"    Pipeline({spec.name!r})" if spec.name else "    Pipeline()"]
    lines.append(f"    .extract({call('source', spec.extract)})")
    for step in spec.steps:
        tail = (f", id={step.id!r}" if step.id else "") + ("" if step.enabled else ", enabled=False")
        lines.append(f"    .transform({call('step', step)}{tail})")
    for rule in spec.rules:
        if rule.enabled:
            tail = f", id={rule.id!r}" if rule.id else ""
            lines.append(f"    .check({call('rule', rule)}{tail})")
    if spec.load:
        settings = {k: v for k, v in spec.load.options.items() if k in LOAD_KEYS}
        tail = f", {_arguments(settings)}" if settings else ""
        lines.append(f"    .load({call('loader', spec.load, LOAD_KEYS)}{tail})")
        lines.append("    .run()")
    imports = [f"from {module} import {name}" for module, name in sorted(classes)]
    end = "print(pipeline.report)" if spec.load else "print(pipeline.preview())"
    head = ["from automic_core import Pipeline", *imports, "", "pipeline = ("]
    return "\n".join([*head, *lines, ")", end, ""])


def _arguments(options: dict[str, Any]) -> str:
    """Keyword arguments; names that are no identifiers go through ``**``."""
    plain = [f"{name}={value!r}" for name, value in options.items() if name.isidentifier()]
    odd = {name: value for name, value in options.items() if not name.isidentifier()}
    return ", ".join([*plain, *([f"**{odd!r}"] if odd else [])])
