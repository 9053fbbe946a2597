"""The Rules page: every edit one undo point, previews, costs, suggestions, YAML, changed elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from pages.ui import beside

OpenApp = Callable[..., AppTest]


def draft(lake: Path, table: str = "people") -> workbench.DraftView:
    with workbench.opened(lake) as opened:
        return workbench.draft(opened, table)


def words(at: AppTest) -> str:
    found = (
        [*at.markdown, *at.caption, *at.text, *at.badge]
        if hasattr(at, "badge")
        else [*at.markdown, *at.caption, *at.text]
    )
    return "\n".join(str(each.value) for each in found)


def entries(at: AppTest) -> list[str]:
    keys = [str(each.key) for each in at.button]
    return [key.removeprefix("rules-entry-") for key in keys if key.startswith("rules-entry-")]


def step(at: AppTest, key: str) -> AppTest:
    at.button(key).click().run()
    assert not at.exception
    return at


def test_an_empty_lake_teaches(app: OpenApp, empty_lake: Path) -> None:
    at = app("rules", empty_lake)
    assert "no table yet" in words(at)
    assert at.button("load-demo").label == "Load demo"


def test_begins_with_what_is_published(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people")
    assert "people has 0 steps and 1 rule" in words(at)
    assert entries(at) == ["cast", "age_range"]
    assert draft(small_lake).version == 0, "looking changes nothing"
    assert at.button("rules-undo").disabled


def test_the_menu_keeps_its_family(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people")
    assert at.button("rules-add-step-dedup")
    at.segmented_control("rules-family").set_value("Columns").run()
    step(at, "rules-add-step-select")
    assert at.segmented_control("rules-family").value == "Columns", "adding closes the menu and nothing else"
    at.switch_page("pages/runs.py").run()
    at.switch_page("pages/rules.py").run()
    assert at.segmented_control("rules-family").value == "Columns"
    assert at.button("rules-add-step-rename")


def test_what_lacks_a_setting_is_not_promoted(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people")
    assert not at.button("rules-promote").disabled
    at.segmented_control("rules-family").set_value("Columns").run()
    step(at, "rules-add-step-derive")
    assert "people has 1 step and 1 rule, 1 cannot run" in words(at)
    assert "column is needed; sql is needed" in words(at).replace("\\", "")
    assert at.button("rules-promote").disabled
    assert at.button("rules-promote").help == "Complete `derive` first, or switch it off"
    page = app("promote", small_lake, table="bronze.people")
    assert "column is needed; sql is needed" in words(page)
    links = [link for link in page.get("page_link") if "entry=derive" in link.proto.query_string]
    assert [link.proto.label for link in links] == ["derive"]
    step(at, "rules-entry-cast")
    at.switch_page("pages/promote.py").run()
    at.query_params["entry"] = "derive"
    at.query_params["table"] = "people"
    at.switch_page("pages/rules.py").run()
    assert at.button("rules-switch"), "the link opens the entry, whatever was open before"
    step(at, "rules-switch")
    assert not at.button("rules-promote").disabled
    assert "is needed" not in words(app("promote", small_lake, table="bronze.people"))


def test_looking_at_every_entry_changes_nothing(app: OpenApp, demo_lake: Path) -> None:
    for table in ("orders", "customers"):
        at = app("rules", demo_lake, table=f"bronze.{table}")
        before = draft(demo_lake, table)
        for entry in entries(at):
            step(at, f"rules-entry-{entry}")
        assert len(entries(at)) > 10
        assert draft(demo_lake, table) == before


def test_an_edit_is_one_undo_point_and_survives_a_new_session(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people", entry="age_range")
    at.text_input("rules-bronze.people-age_range-0-max").set_value("80").run()
    assert not at.exception
    assert draft(small_lake).data["rules"][0]["max"] == 80
    again = app("rules", small_lake, table="bronze.people", entry="age_range")
    undo = again.button("rules-undo")
    assert "Change max of age" in str(undo.help)
    undo.click().run()
    assert draft(small_lake).data["rules"][0]["max"] == 130
    assert [each.value for each in again.text_input if each.label == "Max"] == ["130"], "the form follows"
    again.button("rules-redo").click().run()
    assert draft(small_lake).data["rules"][0]["max"] == 80


def test_add_reorder_switch_delete(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people")
    at = step(at, "rules-add-step-dedup")
    at = step(at, "rules-add-step-nulls")
    assert entries(at) == ["cast", "dedup", "nulls", "age_range"]
    at = step(at, "rules-up")
    assert entries(at)[1:3] == ["nulls", "dedup"]
    at = step(at, "rules-switch")
    assert draft(small_lake).data["steps"][0] == {"id": "nulls", "kind": "nulls", "enabled": False}
    assert "switched off" in words(at)
    at = step(at, "rules-delete")
    assert entries(at) == ["cast", "dedup", "age_range"]
    for _ in range(5):
        at = step(at, "rules-undo")
    assert entries(at) == ["cast", "age_range"]
    assert at.button("rules-undo").disabled


def test_a_vanished_column_is_marked(app: OpenApp, small_lake: Path) -> None:
    with workbench.opened(small_lake) as lake:
        data = workbench.draft(lake, "people").data
        data["rules"].append({"id": "gone", "kind": "not_null", "columns": ["street"]})
        workbench.save_draft(lake, "people", data, 0, "Add")
    at = app("rules", small_lake, table="bronze.people", entry="gone")
    assert "1 cannot run" in words(at)
    assert at.button("rules-entry-gone").help == "`gone` cannot run"
    assert "there is no column 'street'".replace("'", "") in words(at).replace("'", "").replace("\\", "")
    assert "street (not there)" in at.multiselect("rules-bronze.people-gone-0-columns").options


def test_changed_elsewhere(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people", entry="age_range")
    with workbench.opened(small_lake, "bea") as lake:
        workbench.save_draft(lake, "people", {"rules": []}, 0, "Delete all")
    at.text_input("rules-bronze.people-age_range-0-max").set_value("80").run()
    assert not at.exception
    assert "changed elsewhere" in words(at)
    assert "bea" in words(at)
    assert draft(small_lake).data["rules"] == [], "the other edit stands"
    at = step(at, "rules-reload")
    assert entries(at) == ["cast"]
    at = step(at, "rules-undo")
    assert entries(at) == ["cast", "age_range"]


def test_two_tabs_edit_at_once(app: OpenApp, small_lake: Path) -> None:
    one = app("rules", small_lake, table="bronze.people")
    two = app("rules", small_lake, table="bronze.people")
    step(one, "rules-add-step-dedup")
    step(two, "rules-add-step-nulls")
    assert "changed elsewhere" in words(two)
    assert [each["kind"] for each in draft(small_lake).data["steps"]] == ["dedup"]
    two = step(two, "rules-reload")
    two = step(two, "rules-add-step-nulls")
    assert [each["kind"] for each in draft(small_lake).data["steps"]] == ["dedup", "nulls"]


def test_coming_back_from_another_page_loads_anew(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people")
    with workbench.opened(small_lake) as lake:
        workbench.save_draft(lake, "people", {"schema": {"age": "integer"}}, 0, "Accept a type")
    at.switch_page("pages/settings.py").run()
    at.switch_page("pages/rules.py").run()
    assert "changed elsewhere" not in words(at)
    assert entries(at) == ["cast"]


def test_suggestions_come_with_evidence_and_are_one_undo_point(app: OpenApp, demo_lake: Path, tmp_path: Path) -> None:
    lake = workbench.create(tmp_path / "own").path
    lines = ["id,status"] + [f"{n},{'PAID' if n in (3, 5) else ('paid', 'open')[n % 2]}" for n in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with workbench.opened(lake) as opened:
        workbench.ingest(opened, workbench.build_source(str(tmp_path / "t.csv")), "t")
    at = app("rules", lake, table="bronze.t")
    assert "**Write status in lower case**" in words(at)
    number = next(i for i in range(20) if at.button(f"rules-accept-{i}").label == "Accept" and i == 0)
    at = step(at, f"rules-accept-{number}")
    assert draft(lake, "t").data["steps"][0]["kind"] == "text"
    assert draft(lake, "t").undo_label == "Accept: Write status in lower case"
    assert "**Write status in lower case**" not in words(at), "what is accepted is not suggested again"
    assert at.button("rules-accept-0"), "and the others still stand open"
    at = step(at, "rules-undo")
    assert draft(lake, "t").data["steps"] == []


def test_yaml_of_the_same_draft(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people")
    area = at.text_area[0]
    assert "age_range" in str(area.value)
    area.set_value("rules: [{kind: range, columns: [age], mni: 0}]").run()
    assert "no option" in words(at)
    assert at.button("rules-apply").disabled
    at.text_area[0].set_value("steps: [{kind: dedup}]").run()
    at = step(at, "rules-apply")
    assert entries(at) == ["cast", "s1"]


def test_looking_only(app: OpenApp, small_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    at = app("rules", small_lake, table="bronze.people", entry="age_range")
    assert at.button("rules-delete").disabled
    assert at.text_input("rules-bronze.people-age_range-0-max").disabled
    assert draft(small_lake).version == 0


def test_costs_beside_the_settings(app: OpenApp, small_lake: Path) -> None:
    at = app("rules", small_lake, table="bronze.people", entry="age_range")
    assert "**1** of 4 rows that reach it quarantined (25.0%), counted on all 4 rows of bronze\\.people" in words(at)
    at.text_input("rules-bronze.people-age_range-0-max").set_value("80").run()
    assert "**2** of 4 rows that reach it quarantined (50.0%)" in words(at)


def test_hostile_names_are_text(app: OpenApp, tmp_path: Path) -> None:
    lake = workbench.create(tmp_path / "own").path
    name = "<script>alert(1)</script> **x** [a](b)"
    lines = [f'id,"{name}"'] + [f"{n},{n if n != 3 else ''}" for n in range(200)]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with workbench.opened(lake) as opened:
        workbench.ingest(opened, workbench.build_source(str(tmp_path / "t.csv")), "t")
        data: dict[str, Any] = {"rules": [{"id": "r", "kind": "not_null", "columns": [name]}]}
        workbench.save_draft(opened, "t", data, 0, f"Add {name}")
    at = app("rules", lake, table="bronze.t", entry="r")
    assert "<script>" not in words(at)
    assert "**x**" not in words(at)


def test_what_the_two_grids_show(small_lake: Path) -> None:
    with workbench.opened(small_lake) as lake:
        data = workbench.draft(lake, "people").data
        shown = beside.panes(workbench.preview_step(lake, "people", data, "age_range"), "removed")
    left, right = shown["panes"]
    assert right["columns"][0]["name"] == "age", "the column in question comes first"
    assert [row["n"] for row in left["rows"]] == [3]
    assert right["rows"] == [
        {
            "n": 3,
            "cells": ["-5", "3", "Alan", "Wilmslow"],
            "fate": "quarantined",
            "why": "age is outside 0 to 130",
            "gone": True,
            "at": [0],
        }
    ]
    assert right["sentence"] == "3 rows leave it, 1 removed"


def test_changed_cells_say_what_they_were(small_lake: Path) -> None:
    with workbench.opened(small_lake) as lake:
        data = {"steps": [{"id": "up", "kind": "text", "columns": ["name"], "case": "upper"}]}
        shown = beside.panes(workbench.preview_step(lake, "people", data, "up"), "changed")
    assert shown["panes"][1]["rows"][0]["was"] == {0: "Ada"}
    assert shown["panes"][1]["rows"][0]["cells"][0] == "ADA"
    assert shown["together"]
