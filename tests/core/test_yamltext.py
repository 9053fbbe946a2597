"""One YAML everywhere: words stay words, a key stands once, faults name their line."""

from __future__ import annotations

import pytest

from automic_core import PipelineSpec, yamltext
from automic_core.errors import ConfigError

JOIN = """
extract: {kind: csv, path: a.csv}
steps:
  - {id: s1, kind: join, source: {kind: csv, path: b.csv}, on: name, how: left}
"""


def test_on_is_a_word() -> None:
    assert yamltext.load("{on: off, yes: true}", "x") == {"on": "off", "yes": True}


def test_a_join_written_with_on_is_one() -> None:
    pipeline = PipelineSpec.parse(JOIN).to_pipeline()
    assert pipeline.steps[0].step.on == ["name"] or pipeline.steps[0].step.on == "name"  # type: ignore[attr-defined]


def test_what_is_dumped_loads_the_same() -> None:
    data = {"on": "off", "n": ["yes", True, None, 1.5], "text": "é: #x"}
    assert yamltext.load(yamltext.dump(data), "x") == data


@pytest.mark.parametrize(("text", "line"), [("a: 1\na: 2\n", 2), ("a: [1\nb: 2\n", 2)])
def test_faults_name_their_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError, match=f"f.yaml, line {line}"):
        yamltext.load(text, "f.yaml")
