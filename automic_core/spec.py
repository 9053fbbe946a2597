"""PipelineSpec ⇄ YAML ⇄ Pipeline ⇄ Python script: the one form in which all faces of a pipeline meet."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Self

import pydantic

from automic_core import registry, yamltext
from automic_core.contracts import DestinationAdapter, Incremental, Mode, Rule, SourceAdapter, Transformer
from automic_core.contracts.options import explain
from automic_core.errors import ConfigError
from automic_core.pipeline import Pipeline


class Part(pydantic.BaseModel):
    """One entry of a spec: a kind and its options."""

    model_config = pydantic.ConfigDict(extra="allow")

    kind: str

    @property
    def options(self) -> dict[str, Any]:
        """The kind's own options."""
        return dict(self.model_extra or {})

    def plain(self) -> dict[str, Any]:
        """As written in YAML."""
        return {"kind": self.kind, **self.options}


class ExtractPart(Part):
    """The source: also how to read only what is new of it."""

    incremental: dict[str, Any] | None = None

    def plain(self) -> dict[str, Any]:
        """As written in YAML, defaults left out."""
        return {**super().plain(), **({"incremental": self.incremental} if self.incremental is not None else {})}


class StepPart(Part):
    """A step or a rule: also an id, which survives reordering, and a switch."""

    id: str = ""
    enabled: bool = True

    def plain(self) -> dict[str, Any]:
        """As written in YAML: id first, defaults left out."""
        return {"id": self.id, **super().plain(), **({} if self.enabled else {"enabled": False})}


class LoadPart(Part):
    """The destination: also how to write to it."""

    mode: Mode = "overwrite"
    keys: list[str] = []
    metadata: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of ``Pipeline.load``, defaults left out."""
        return self.model_dump(include={"mode", "keys", "metadata"}, exclude_defaults=True)

    def plain(self) -> dict[str, Any]:
        """As written in YAML, defaults left out."""
        return {**super().plain(), **self.settings}


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
    extract: ExtractPart
    steps: list[StepPart] = []
    rules: list[StepPart] = []
    load: LoadPart | None = None
    _file: str = pydantic.PrivateAttr("")

    @pydantic.model_validator(mode="after")
    def _number(self) -> Self:
        """Give entries without an id the one they will keep."""
        for letter, parts in (("s", self.steps), ("r", self.rules)):
            taken = {part.id for part in parts}
            free = (name for n in itertools.count(1) if (name := f"{letter}{n}") not in taken)
            for part in parts:
                part.id = part.id or next(free)
        return self

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, wherever they were read from."""
        return isinstance(other, PipelineSpec) and self.plain() == other.plain()

    @classmethod
    def parse(cls, text: str, name: str = "pipeline") -> Self:
        """A spec from YAML text.

        Raises:
            ConfigError: Not YAML, or a key is unknown, missing or wrong; names the file and the key or line.
        """
        data = yamltext.load(text, name)
        if not isinstance(data, Mapping):
            raise ConfigError(f"{name} is not a pipeline.", "It needs the keys extract, steps and load.")
        keys = f"Keys: {', '.join(cls.model_fields)}."
        for key in data:
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, 1)
                raise ConfigError(f"{name}: unknown key {key!r}.", f"Did you mean {near[0]!r}?" if near else keys)
        try:
            spec = cls.model_validate(data)
        except pydantic.ValidationError as exc:
            raise ConfigError(f"{name}: {explain(exc)}.", keys) from exc
        spec._file = name
        return spec

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
        return yamltext.dump(self.plain())

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
        with self._naming("extract"):
            source = registry.build("source", self.extract.kind, self.extract.options)
            how = self.extract.incremental
            pipeline = Pipeline(self.name).extract(source, None if how is None else Incremental(**how))
        for part in self.steps:
            with self._naming(f"step {part.id}"):
                step = registry.build("step", part.kind, part.options)
                pipeline.transform(step, id=part.id, enabled=part.enabled)
        for part in self.rules:
            with self._naming(f"rule {part.id}"):
                rule = registry.build("rule", part.kind, part.options)
                pipeline.check(rule, id=part.id, enabled=part.enabled)
        if self.load:
            with self._naming("load"):
                pipeline.load(registry.build("loader", self.load.kind, self.load.options), **self.load.settings)
        return pipeline

    @contextmanager
    def _naming(self, where: str) -> Iterator[None]:
        """Prefix a ConfigError with the file and the place it is about."""
        try:
            yield
        except ConfigError as exc:
            raise ConfigError(f"{f'{self._file}: ' if self._file else ''}{where}: {exc.message}", exc.hint) from exc

    @classmethod
    def from_pipeline(cls, pipeline: Pipeline) -> Self:
        """The spec of a pipeline.

        Raises:
            ConfigError: A part has no kind, or does not keep its options: it cannot be written as YAML.
        """
        if pipeline.source is None:
            raise ConfigError("The pipeline has no source.", "Call .extract(...) first.")
        data: dict[str, Any] = {
            "name": pipeline.own_name,
            "extract": {**_dump("source", pipeline.source), **_dump_incremental(pipeline.incremental)},
            "steps": [_dump_step("step", named.id, named.step, pipeline.disabled) for named in pipeline.steps],
            "rules": [_dump_step("rule", rule_id, rule, pipeline.disabled) for rule_id, rule in pipeline.rules],
        }
        if pipeline.destination is not None:
            settings = {"mode": pipeline.mode, "keys": pipeline.keys, "metadata": pipeline.metadata}
            data["load"] = {**_dump("loader", pipeline.destination), **settings}
        return cls.model_validate(data)

    def to_python(self) -> str:
        """A Python script that builds and runs the same pipeline."""
        from automic_core.scripting import script

        return script(self)


def _dump(group: registry.Group, part: SourceAdapter | DestinationAdapter | Transformer | Rule) -> dict[str, Any]:
    """Kind and options of a part."""
    kind = part.kind
    if not kind or registry.entry_of(group, kind) is None:
        raise ConfigError(
            f"{type(part).__name__} has no kind in the registry, so it cannot be written as YAML.",
            "Publish it by the entry point automic.connectors, or keep this pipeline in Python.",
        )
    return {"kind": kind, **registry.options(part)}


def _dump_incremental(how: Incremental | None) -> dict[str, Any]:
    return {} if how is None else {"incremental": registry.options(how)}


def _dump_step(group: registry.Group, part_id: str, part: Transformer | Rule, disabled: set[str]) -> dict[str, Any]:
    return {"id": part_id, **_dump(group, part), "enabled": f"{group} {part_id}" not in disabled}
