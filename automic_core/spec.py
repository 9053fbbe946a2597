"""PipelineSpec ⇄ YAML ⇄ Pipeline ⇄ Python script: the one form in which all faces of a pipeline meet."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import pydantic
import yaml

from automic_core import registry
from automic_core.contracts import DestinationAdapter, Rule, SourceAdapter, Transformer
from automic_core.errors import ConfigError
from automic_core.pipeline import Pipeline
from automic_core.planning import NamedStep

LOAD_KEYS = ("mode", "keys", "metadata")


class Part(pydantic.BaseModel):
    """One entry of a spec: a kind, its options, and for steps and rules an id and a switch."""

    model_config = pydantic.ConfigDict(extra="allow")

    kind: str
    id: str | None = None
    enabled: bool = True

    @property
    def options(self) -> dict[str, Any]:
        """The kind's own options."""
        return dict(self.model_extra or {})

    def plain(self) -> dict[str, Any]:
        """As written in YAML: id first, defaults left out."""
        head = {"id": self.id} if self.id else {}
        tail = {} if self.enabled else {"enabled": False}
        return {**head, "kind": self.kind, **self.options, **tail}


class PipelineSpec(pydantic.BaseModel):
    """A pipeline as data. Unknown keys are errors; ids survive reordering.

    Attributes:
        version: Of this format; 1.
        extract: The source.
        steps: In order.
        rules: Run after all steps.
        load: The destination with ``mode``, ``keys`` and ``metadata``.
    """

    model_config = pydantic.ConfigDict(extra="forbid")

    version: Literal[1] = 1
    name: str = ""
    extract: Part
    steps: list[Part] = []
    rules: list[Part] = []
    load: Part | None = None

    @classmethod
    def parse(cls, text: str, name: str = "pipeline") -> Self:
        """A spec from YAML text.

        Raises:
            ConfigError: Not YAML, or a key is unknown, missing or wrong; names the file and the key or line.
        """
        try:
            data = yaml.safe_load(text)
        except yaml.YAMLError as exc:
            raise ConfigError(f"{name} is not YAML: {' '.join(str(exc).split())}", "Check the indentation.") from exc
        if not isinstance(data, Mapping):
            raise ConfigError(f"{name} is not a pipeline.", "It needs the keys extract, steps and load.")
        for key in data:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, 1)
                raise ConfigError(f"{name}: unknown key {key!r}.", f"Did you mean {near[0]!r}?" if near else "")
        try:
            return cls.model_validate(data)
        except pydantic.ValidationError as exc:
            first = exc.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"{name}: {where}: {first['msg']}.", "See `automic export` for an example.") from exc

    @classmethod
    def load_file(cls, path: str | Path) -> Self:
        """A spec from a YAML file.

        Raises:
            ConfigError: The file cannot be read or is wrong.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(f"Cannot read {path}: {exc}.", "Check the path.") from exc
        return cls.parse(text, str(path))

    def to_yaml(self) -> str:
        """The spec as YAML, in a stable order."""
        return yaml.safe_dump(self.plain(), sort_keys=False, allow_unicode=True)

    def plain(self) -> dict[str, Any]:
        """The spec as plain data, defaults left out."""
        data: dict[str, Any] = {"version": self.version}
        if self.name:
            data["name"] = self.name
        data["extract"] = self.extract.plain()
        data["steps"] = [step.plain() for step in self.steps]
        if self.rules:
            data["rules"] = [rule.plain() for rule in self.rules]
        if self.load:
            data["load"] = self.load.plain()
        return data

    def to_pipeline(self) -> Pipeline:
        """The pipeline this spec describes.

        Raises:
            ConfigError: A kind or an option is unknown or wrong; names the step.
        """
        pipeline = Pipeline(self.name).extract(registry.build("source", self.extract.kind, self.extract.options))
        for number, part in enumerate(self.steps, 1):
            with _naming(f"step {part.id or number}"):
                step = registry.build("step", part.kind, part.options)
            pipeline.transform(step, id=part.id, enabled=part.enabled)
        for number, part in enumerate(self.rules, 1):
            with _naming(f"rule {part.id or number}"):
                rule = registry.build("rule", part.kind, part.options)
            if part.enabled:
                pipeline.check(rule, id=part.id)
        if self.load:
            options = self.load.options
            settings = {key: options.pop(key) for key in LOAD_KEYS if key in options}
            pipeline.load(registry.build("loader", self.load.kind, options), **settings)
        return pipeline

    @classmethod
    def from_pipeline(cls, pipeline: Pipeline) -> Self:
        """The spec of a pipeline.

        Raises:
            ConfigError: A part has no kind, or does not keep its options: it cannot be written as YAML.
        """
        if pipeline.source is None:
            raise ConfigError("The pipeline has no source.", "Call .extract(...) first.")
        load = None
        if pipeline.destination is not None:
            load = {**_dump("loader", pipeline.destination), "mode": pipeline.mode}
            load |= {"keys": pipeline.keys} if pipeline.keys else {}
            load |= {"metadata": True} if pipeline.metadata else {}
        return cls.model_validate(
            {
                "name": pipeline._name,
                "extract": _dump("source", pipeline.source),
                "steps": [_dump_step(named, pipeline.disabled) for named in pipeline.steps],
                "rules": [{"id": rule_id, **_dump("rule", rule)} for rule_id, rule in pipeline.rules],
                "load": load,
            }
        )

    def to_python(self) -> str:
        """A Python script that builds and runs the same pipeline."""
        from automic_core.scripting import script

        return script(self)


def _dump(group: registry.Group, part: SourceAdapter | DestinationAdapter | Transformer | Rule) -> dict[str, Any]:
    """Kind and options of a part."""
    kind = part.kind
    if not kind or kind not in registry.entries(group):
        raise ConfigError(
            f"{type(part).__name__} has no kind in the registry, so it cannot be written as YAML.",
            "Publish it by the entry point automic.connectors, or keep this pipeline in Python.",
        )
    return {"kind": kind, **registry.options(part)}


def _dump_step(named: NamedStep, disabled: set[str]) -> dict[str, Any]:
    tail = {"enabled": False} if named.id in disabled else {}
    return {"id": named.id, **_dump("step", named.step), **tail}


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Prefix a ConfigError with the place it is about."""
    try:
        yield
    except ConfigError as exc:
        raise ConfigError(f"{where}: {exc.message}", exc.hint) from exc
