"""One YAML everywhere: words stay words, a key stands once, faults name their line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2\n", 2),
        ("a: [1\nb: 2\n", 2),
        ("x: 1\n{a: b}: c\n", 2),
        ("[a]: c\n", 1),
        ("a: 1\nb: 2024-13-45\n", 2),
        ("!!timestamp x", 1),
    ],
)
def test_faults_name_their_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError, match=f"f.yaml, line {line}"):
        yamltext.load(text, "f.yaml")


@given(st.text(st.characters(exclude_categories=()), max_size=60) | st.text("a:-[]{}&*!?|>'\"#%@,\n\t ~1", max_size=40))
def test_any_text_loads_or_is_refused_in_words(text: str) -> None:
    with contextlib.suppress(ConfigError):
        yamltext.load(text, "f.yaml")
    yamltext.places(text)


def test_what_is_merged_in_may_be_said_again() -> None:
    text = "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n"
    assert yamltext.load(text, "f.yaml")["y"] == {"a": 1, "b": 3}
