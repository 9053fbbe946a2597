"""Texts of a draft read by a model: asked with consent, kept as answers in the step, checked at every run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from automic_core import Pipeline, PipelineSpec, workbench
from automic_core.connectors.files.csv import CSVLoader, CSVSource
from automic_core.errors import ConfigError, SecurityError
from automic_core.lake import Lakehouse
from automic_core.transforms.classify import Classify
from automic_core.transforms.extract import Extract, Wanted
from tests.llm.server import Server, says

needs_litellm = pytest.mark.skipif(find_spec("litellm") is None, reason="LiteLLM is not installed: automic[llm]")
MAILS = ["Please refund order A-17, total 12.50", "The parcel of order B-9 is late", "Hello"]


@pytest.fixture
def lake(tmp_path: Path, server: Server) -> Iterator[Lakehouse]:
    root = workbench.create(tmp_path / "lake").path
    text = f"llm: {{mode: local, provider: compatible, model: small, api_base: '{server.url}'}}\n"
    (root / "automic.yaml").write_text(f"lakehouse: {{name: lake}}\n{text}")
    file = tmp_path / "mails.csv"
    file.write_text("id,body\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(MAILS)))
    with workbench.opened(root, "ann") as opened:
        workbench.ingest(opened, workbench.build_source(str(file)), "mails", keys=["id"])
        yield opened


def drafted(lake: Lakehouse, said: str) -> workbench.DraftView:
    before = workbench.draft(lake, "mails")
    found = workbench.say(lake, "mails", before.data, said)
    assert not found.unknown, found.unknown
    edit = workbench.staged_edit(before.data, found.staged, said)
    return workbench.save_draft(lake, "mails", edit.data, before.version, edit.label)


def test_said_in_words(lake: Lakehouse) -> None:
    data = drafted(
        lake, "extract the order and the total from the body; classify the body into refund, parcel or other"
    ).data
    extract, classify = data["steps"]
    assert extract["fields"] == {"order": "identifier", "total": "decimal"}
    assert classify["classes"] == {"refund": "", "parcel": "", "other": ""}
    preview = workbench.preview_step(lake, "mails", data, classify["id"])
    assert [row["body_class"] for row in preview.after.rows] == ["refund", "parcel", None]
    assert [row["order"] for row in preview.after.rows] == ["A-17", "B-9", None]


@needs_litellm
def test_a_model_reads_with_consent_and_is_checked(lake: Lakehouse, server: Server) -> None:
    saved = drafted(lake, "extract the order and the total from the body")
    with pytest.raises(SecurityError, match="Nobody allowed"):
        workbench.read_texts_plan(lake, "mails", saved.data, "extract_2")
    workbench.allow_values(lake, "bronze.mails")
    plans = workbench.read_texts_plan(lake, "mails", saved.data, "extract_2")
    assert len(plans) == 3
    assert server.asked == []
    fields = [[("order", "A-17"), ("total", "12.50")], [("order", "B-9"), ("total", "99")], []]
    server.replies = [says(json.dumps({"fields": [{"field": f, "quote": q} for f, q in each]})) for each in fields]
    edit = workbench.read_texts(lake, "mails", saved.data, "extract_2")
    assert [body["messages"] for body in server.asked] == [plan.sent["messages"] for plan in plans]
    assert edit.label == "Read 3 texts with the model in extract_2"
    preview = workbench.preview_step(lake, "mails", edit.data, "extract_2")
    assert [(each.row, each.fate, each.reason) for each in preview.findings] == [
        (1, "quarantined", "total: '99' is not in the text")
    ]
    with pytest.raises(ConfigError, match="Every text of the sample has an answer"):
        workbench.read_texts(lake, "mails", edit.data, "extract_2")


def test_a_column_of_personal_data_is_never_told(lake: Lakehouse, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,contact\n" + "".join(f"{n},p{n}@example.org\n" for n in range(20)))
    workbench.ingest(lake, workbench.build_source(str(file)), "people", keys=["id"])
    workbench.allow_values(lake, "bronze.people")
    data = {"steps": [{"id": "x", "kind": "extract", "column": "contact", "fields": {"user": "text"}}]}
    with pytest.raises(SecurityError, match="contact holds personal data"):
        workbench.read_texts_plan(lake, "people", data, "x")


@needs_litellm
def test_a_model_classifies(lake: Lakehouse, server: Server) -> None:
    saved = drafted(lake, "classify the body into money, transport or other")
    workbench.allow_values(lake, "bronze.mails")
    labels = [{"number": 1, "label": "money"}, {"number": 2, "label": "transport"}, {"number": 3, "label": "none"}]
    server.replies = [says(json.dumps({"texts": labels}))]
    edit = workbench.read_texts(lake, "mails", saved.data, "classify")
    preview = workbench.preview_step(lake, "mails", edit.data, "classify")
    assert [row["body_class"] for row in preview.after.rows] == ["money", "transport", None]


def test_python_yaml_and_script_are_the_same(tmp_path: Path) -> None:
    file, out = tmp_path / "mails.csv", tmp_path / "out.csv"
    file.write_text("id,body\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(MAILS)))
    wanted = {"order": Wanted("identifier", ["order"]), "total": "decimal"}
    steps = [Extract("body", wanted, answers={"x": {"order": "y"}}), Classify("body", {"a": "refund", "b": "parcel"})]
    pipeline = Pipeline().extract(CSVSource(str(file)))
    for step in steps:
        pipeline = pipeline.transform(step)
    pipeline = pipeline.load(CSVLoader(str(out)))
    spec = PipelineSpec.from_pipeline(pipeline)
    assert PipelineSpec.parse(spec.to_yaml()) == spec
    pipeline.run()
    first = out.read_text()
    assert "A-17" in first
    out.unlink()
    spec.to_pipeline().run()
    assert out.read_text() == first
    out.unlink()
    script = tmp_path / "script.py"
    script.write_text(spec.to_python())
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True, cwd=tmp_path)
    assert out.read_text() == first
