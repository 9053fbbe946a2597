"""The Rules page judges: cells that are probably wrong, faults that no rule notices, what a rule found so far."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.workbench.promotions import parse_promotion
from tests.kept import Kept
from tests.ui.conftest import unseen

OpenApp = Callable[..., AppTest]
TOWNS = ["Berlin", "Hamburg", "Cologne", "Munich", "Dresden"]
RULES = "rules: [{id: amount, kind: range, columns: [amount], min: 0, max: 60, action: quarantine}]"


@pytest.fixture(scope="module")
def kept_towns(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("towns")
    draw = random.Random(1)
    lines = ["id,town,amount"]
    for n in range(1, 201):
        town = {7: "Hambrug", 9: "Berlni"}.get(n) or draw.choice(TOWNS)
        lines.append(f"{n},{town},{99 if n == 3 else draw.randint(500, 5000) / 100}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with workbench.opened(workbench.create(folder / "lake").path, "tester") as opened:
        workbench.ingest(opened, workbench.build_source(str(folder / "t.csv")), "t", keys=["id"])
        for _ in range(2):
            workbench.promote(opened, "t", parse_promotion(RULES))
    return Kept(folder)


@pytest.fixture
def lake(kept_towns: Kept) -> Path:
    """bronze.t with the key id, two misspelt towns, and two promotions in which one amount is too large."""
    return unseen(kept_towns)


def words(at: AppTest) -> str:
    return "\n".join(str(each.value) for each in [*at.markdown, *at.caption]).replace("\\", "")


def opened(app: OpenApp, lake: Path, panel: str, **query: str) -> AppTest:
    at = app("rules", lake, table="bronze.t", **query)
    at.session_state[f"rules-{panel}-bronze.t"] = True
    at.run()
    assert not at.exception
    return at


def mark(at: AppTest, *rows: int) -> AppTest:
    key = next(each.key for each in at.dataframe if str(each.key).startswith("rules-suspects-grid"))
    at.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}
    at.run()
    assert not at.exception
    return at


def suspected(lake: Path) -> list[tuple[int, str]]:
    with workbench.opened(lake) as reading:
        return [(each.record, each.column) for each in workbench.suspects(reading, "t").cells]


def test_a_suspected_cell_is_fixed_or_found_right(app: OpenApp, lake: Path) -> None:
    assert suspected(lake) == [(7, "town"), (9, "town")]
    at = opened(app, lake, "suspects")
    grid = next(each.value for each in at.dataframe if str(each.key).startswith("rules-suspects-grid"))
    assert list(grid["value"]) == ["Hambrug", "Berlni"]
    assert list(grid["suggestion"]) == ["Hamburg", "Berlin"]
    assert at.button("rules-suspects-fix").disabled
    at = mark(at, 0)
    (field,) = [each for each in at.text_input if each.label == "New value"]
    assert field.value == "Hamburg"
    at.button("rules-suspects-fix").click().run()
    assert not at.exception
    assert "1 cell fixed; the next promotion applies it" in words(at)
    assert suspected(lake) == [(9, "town")]
    at = mark(at, 0)
    at.button("rules-suspects-right").click().run()
    assert not at.exception
    assert "None found in the first 200 rows" in words(at)
    assert "decided about 2 cells was learned from" in words(at)
    with workbench.opened(lake) as reading:
        assert sorted((each.kind, each.column, each.value) for each in reading.decisions.current("t")) == [
            ("fix", "town", "Hamburg"),
            ("waive", "suspect:town", None),
        ]


def test_faults_no_rule_notices_bring_rules_as_one_undo_point(app: OpenApp, lake: Path) -> None:
    at = opened(app, lake, "mutation")
    assert "planted in a copy of 200 rows" in words(at)
    assert "id is unique" in words(at)
    with workbench.opened(lake) as reading:
        before = workbench.mutation_test(reading, "t", workbench.draft(reading, "t").data)
    at.button("rules-remedy-all").click().run()
    assert not at.exception
    with workbench.opened(lake) as reading:
        draft = workbench.draft(reading, "t")
        assert len(draft.data["rules"]) == 1 + len(before.remedies)
        assert draft.undo_label == f"Accept: {len(before.remedies)} rules against faults that none noticed"
        assert f"**{workbench.mutation_test(reading, 't', draft.data).score:.0%}**" in words(at)
    at.button("rules-undo").click().run()
    with workbench.opened(lake) as reading:
        assert len(workbench.draft(reading, "t").data["rules"]) == 1


def test_what_a_rule_found_so_far(app: OpenApp, lake: Path) -> None:
    at = app("rules", lake, table="bronze.t", entry="amount")
    assert "Found so far in 2 published runs; in the last one, just now: 1 of 200 rows" in words(at)
    at = app("rules", lake, table="bronze.t", entry="cast")
    assert "in the last one, just now: 0 of 200 rows" in words(at)


def test_looking_only(app: OpenApp, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    at = mark(opened(app, lake, "suspects"), 0, 1)
    assert at.button("rules-suspects-fix").disabled
    assert at.button("rules-suspects-right").disabled
    assert opened(app, lake, "mutation").button("rules-remedy-all").disabled
