"""Drafts: edits, undo and redo equal a model, also across restarts; nobody's edit is overwritten."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from automic_core import workbench
from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import ConfigError, ConflictError
from automic_core.lake import Lakehouse
from automic_core.planning import NamedStep
from automic_core.records import Field, FieldType
from automic_core.transforms.nulls import NullRemover
from automic_core.transforms.rules import NotNull, Range
from automic_core.workbench import drafts, promotions
from tests.kept import Kept

RULE = {"id": "r1", "kind": "range", "columns": ["amount"], "min": 0}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("orders")
    (folder / "orders.csv").write_text("id,amount\n1,10\n2,-3\n", encoding="utf-8")
    with Lakehouse.open(folder / "lake", actor="ann") as opened:
        opened.bronze.ingest(CSVSource(path=str(folder / "orders.csv")), "orders", keys=["id"])
    return Kept(folder)


@pytest.fixture
def lake(kept: Kept) -> Any:
    with Lakehouse.open(kept.again() / "lake", actor="ann") as opened:
        yield opened


class Editing(RuleBasedStateMachine):
    """A draft against a list of states and a cursor."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.lake = Lakehouse.open(Path(self.folder.name) / "lake")
        self.states: list[tuple[str, Any]] = [("", {"schema": {}, "steps": [], "rules": []})]
        self.at = 0
        self.version = 0

    @rule(number=st.integers(0, 5), size=st.integers(0, 3), label=st.text(min_size=1, max_size=8))
    def edit(self, number: int, size: int, label: str) -> None:
        rules = [{"id": f"r{i}", "kind": "range", "columns": ["a"], "min": number} for i in range(1, size + 1)]
        data = {"schema": {}, "steps": [], "rules": rules}
        view = workbench.save_draft(self.lake, "t", data, self.version, label)
        self.states = [*self.states[: self.at + 1], (label, data)]
        self.at += 1
        self.check(view)

    @precondition(lambda self: self.at > 0)
    @rule()
    def undo(self) -> None:
        self.at -= 1
        self.check(workbench.undo(self.lake, "t", self.version))

    @precondition(lambda self: self.at + 1 < len(self.states))
    @rule()
    def redo(self) -> None:
        self.at += 1
        self.check(workbench.redo(self.lake, "silver.t", self.version))

    @rule()
    def restart(self) -> None:
        self.lake.close()
        self.lake = Lakehouse.open(Path(self.folder.name) / "lake")
        self.version -= 1
        self.check(workbench.draft(self.lake, "bronze.t"))

    @precondition(lambda self: self.version > 0)
    @rule(back=st.integers(1, 3))
    def stale(self, back: int) -> None:
        with pytest.raises(ConflictError, match="changed elsewhere"):
            workbench.save_draft(self.lake, "t", {"rules": []}, max(self.version - back, 0), "mine")
        with pytest.raises(ConflictError, match="changed elsewhere"):
            workbench.undo(self.lake, "t", self.version - 1)

    def check(self, view: workbench.DraftView) -> None:
        self.version += 1
        assert view.version == self.version
        assert view.data == self.states[self.at][1]
        assert (view.can_undo, view.undo_label) == (self.at > 0, self.states[self.at][0])
        ahead = self.states[self.at + 1][0] if self.at + 1 < len(self.states) else ""
        assert (view.can_redo, view.redo_label) == (self.at + 1 < len(self.states), ahead)
        assert workbench.draft(self.lake, "t").data == view.data

    def teardown(self) -> None:
        if hasattr(self, "lake"):
            self.lake.close()
            self.folder.cleanup()


Editing.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestEditing = Editing.TestCase


def test_nothing_saved_is_empty(lake: Lakehouse) -> None:
    view = workbench.draft(lake, "orders")
    assert (view.version, view.text, view.updated_at, view.can_undo) == (0, "", None, False)
    with pytest.raises(ConfigError, match="nothing to undo"):
        workbench.undo(lake, "orders", 0)


def test_begins_with_what_is_published(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "published_spec", lambda _lake, _name: "- {kind: range, columns: [amount], min: 0}\n")
    first = workbench.draft(lake, "orders")
    assert first.data["rules"] == [RULE]
    edited = workbench.save_draft(lake, "orders", {"rules": []}, first.version, "Delete range")
    assert edited.can_undo
    assert edited.actor == "ann"
    assert workbench.undo(lake, "orders", edited.version).data["rules"] == [RULE]


def test_an_edit_after_undo_forgets_what_was_ahead(lake: Lakehouse) -> None:
    one = workbench.save_draft(lake, "orders", {"rules": [RULE]}, 0, "one")
    back = workbench.undo(lake, "orders", one.version)
    two = workbench.save_draft(lake, "orders", {"schema": {"id": "string"}}, back.version, "two")
    assert not two.can_redo
    with pytest.raises(ConfigError, match="nothing to redo"):
        workbench.redo(lake, "orders", two.version)


def test_unknown_kinds_and_columns_load(lake: Lakehouse) -> None:
    data = {"steps": [{"kind": "nonsense", "depth": 3}], "rules": [{**RULE, "columns": ["gone"]}]}
    view = workbench.save_draft(lake, "orders", data, 0, "odd")
    assert view.data["steps"] == [{"id": "s1", "kind": "nonsense", "depth": 3}]
    assert workbench.draft(lake, "orders").data["rules"][0]["columns"] == ["gone"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"sources": []}, "has no 'sources'"),
        ({"steps": {}}, "steps is no list"),
        ({"rules": [{"id": "r1"}]}, "needs a kind"),
        ({"schema": [1]}, "schema is no mapping"),
    ],
)
def test_what_is_no_promotion_is_refused(lake: Lakehouse, data: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        workbench.save_draft(lake, "orders", data, 0, "x")
    assert workbench.draft(lake, "orders").version == 0


def test_history_is_bounded(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST_EDITS", 30)
    version = 0
    for number in range(drafts.MOST_EDITS + 20):
        version = workbench.save_draft(lake, "orders", {"rules": [{**RULE, "min": number}]}, version, "n").version
    steps = 0
    view = workbench.draft(lake, "orders")
    while view.can_undo:
        view = workbench.undo(lake, "orders", view.version)
        steps += 1
    assert steps == drafts.MOST_EDITS - 1
    wide = {f"column_{i}": {"type": "string", "description": "x" * 1200} for i in range(1_000)}
    view = workbench.save_draft(lake, "orders", {"schema": wide}, view.version, "wide")
    view = workbench.save_draft(lake, "orders", {"schema": {**wide, "a": "date"}}, view.version, "wide too")
    saved = lake.context.state.draft("promotion:orders")
    assert saved is not None
    assert len(saved.spec) < 2 * drafts.MOST_TEXT
    assert view.data["schema"]["a"] == "date"


def test_yaml_both_ways(lake: Lakehouse) -> None:
    text = "steps: [{kind: nulls, enabled: false}]\nrules: [{kind: range, columns: [d], min: 2024-01-31}]\n"
    view = workbench.save_draft_text(lake, "orders", text, 0)
    assert view.data["rules"][0]["min"] == "2024-01-31"
    assert "enabled: false" in view.text
    again = workbench.save_draft_text(lake, "orders", view.text, view.version)
    assert again.data == view.data
    spec = workbench.parse_promotion(view.text)
    assert (spec.text, len(spec.steps), len(spec.rules)) == (view.text, 0, 1)
    with pytest.raises(ConfigError, match="line 1"):
        workbench.save_draft_text(lake, "orders", "rules: [", again.version)


def test_a_spec_made_in_code_has_a_text() -> None:
    columns = {"id": Field("id", FieldType.STRING), "day": Field("day", FieldType.DATE, format="%d.%m.%Y")}
    steps = [NamedStep("s1", NullRemover(fields=["id"]))]
    spec = workbench.PromotionSpec(columns, steps, [("r1", Range(columns=["n"], min=0))])
    back = workbench.parse_promotion(spec.text)
    assert back.columns == columns
    assert back.rules == spec.rules
    assert [(each.id, each.step) for each in back.steps] == [(each.id, each.step) for each in steps]
    assert workbench.PromotionSpec().text == ""


def test_a_spec_of_foreign_parts_has_none() -> None:
    class Odd(NotNull):
        kind = "odd"

    assert workbench.PromotionSpec(rules=[("r1", Odd(columns=["a"]))]).text == ""


def test_parse_names_the_entry() -> None:
    with pytest.raises(ConfigError, match=r"^mine: rule r1 \(range\): no option 'mni'"):
        workbench.parse_promotion("- {kind: range, columns: [a], mni: 0}", "mine")
    assert workbench.parse_promotion("").rules == []
    assert promotions.promotion_text({"rules": [{**RULE, "enabled": True}]}).count("enabled") == 0


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("steps: [{kind: derive}]", "mine: step s1 (derive): column is needed; sql is needed"),
        ("rules: [{kind: set, columns: [a]}]", "mine: rule r1 (set): values is needed"),
        ("steps: [{kind: join, left_on: a}]", "mine: step s1 (join): name one second input."),
    ],
)
def test_what_is_missing_is_said_once(entry: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        workbench.parse_promotion(entry, "mine")
    assert told.value.message == said


def test_a_draft_published_in_other_words_is_not_edited(lake: Lakehouse) -> None:
    entry = {**RULE, "action": "quarantine", "enabled": True}
    off = {"id": "s1", "kind": "nulls", "strategy": "drop", "fields": ["amount"], "enabled": False}
    data = {"schema": {"amount": {"type": "float"}}, "steps": [off], "rules": [entry]}
    saved = workbench.save_draft(lake, "orders", data, 0, "Begin")
    text = "rules: [{min: 0.0, columns: [amount], kind: range, id: r1}]\nschema: {amount: float}\n"
    workbench.promote(lake, "orders", workbench.parse_promotion(text))
    found = workbench.promotable(lake, "orders")
    assert not found.edited
    assert found.sentence == "orders is published; nothing waits"
    for change in ({"min": 1}, {"kind": "rnge"}, {"enabled": False}):
        saved = workbench.save_draft(lake, "orders", {**data, "rules": [{**entry, **change}]}, saved.version, "Change")
        assert workbench.promotable(lake, "orders").edited
