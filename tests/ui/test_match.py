"""The Match page: curve and cost, clusters and their reasons, labels by hand, undone merges, the draft."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from automic_core.workbench import matching
from automic_core.workbench.promotions import promotion_of
from tests.guests import as_csv, guests
from tests.kept import Kept
from tests.ui.conftest import unseen

OpenApp = Callable[..., AppTest]


@pytest.fixture(scope="module")
def kept_guests(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("guests")
    file = folder / "guests.csv"
    file.write_text(as_csv(guests()), encoding="utf-8")
    with workbench.opened(workbench.create(folder / "lake").path, "tester") as opened:
        workbench.ingest(opened, workbench.build_source(str(file)), "guests", keys=["id"])
    return Kept(folder)


@pytest.fixture
def lake(kept_guests: Kept) -> Path:
    """bronze.guests: 60 people with an id, 20 of them twice with a slip in the phone."""
    return unseen(kept_guests)


def words(at: AppTest) -> str:
    shown = "\n".join(str(part.value) for part in [*at.markdown, *at.text, *at.caption])
    return shown.replace("\\", "")


def said(lake: Path) -> list[str]:
    with workbench.opened(lake) as opened:
        return [each.said for each in workbench.pair_decisions(opened, "guests")]


def steps(lake: Path) -> list[dict[str, object]]:
    with workbench.opened(lake) as opened:
        return list(workbench.draft(opened, "guests").data["steps"])


def test_an_empty_lake_teaches(app: OpenApp, empty_lake: Path) -> None:
    at = app("match", empty_lake)
    assert "no table yet" in words(at)
    assert at.button("load-demo").label == "Load demo"


def test_says_what_a_threshold_would_merge_and_takes_it_into_the_draft(app: OpenApp, lake: Path) -> None:
    at = app("match", lake, table="bronze.guests")
    assert "20 of 80 rows of guests would be merged into 20 others" in words(at)
    assert "the proposal" in words(at)
    (slider,) = at.select_slider
    slider.set_value(0.9).run()
    assert steps(lake) == [], "looking changes nothing"
    at.button("match-take").click().run()
    assert not at.exception
    assert steps(lake) == [{"id": "dedup", "kind": "dedup", "match_mode": "fuzzy", "similarity_threshold": 0.9}]
    assert at.button("match-promote").label == "Review and promote"
    assert "the proposal" not in words(at)


def test_a_cluster_shows_why_and_what_stays_and_can_be_undone(app: OpenApp, lake: Path) -> None:
    at = app("match", lake, table="bronze.guests", view="clusters")
    assert "2 rows are one" in words(at)
    assert "The same with a probability of" in words(at)
    at.selectbox[-1].set_value("most_complete").run()
    assert not at.exception
    assert at.button("match-take"), "another golden record waits to be taken into the draft"
    at.button("match-undo").click().run()
    assert "becomes a row of its own in guests" in words(at)
    at.button("match-undo").click()
    at.button("confirm-yes").click().run()  # in one run, since only a browser reruns a part
    assert not at.exception
    assert said(lake) == ["unmerged"]
    at = app("match", lake, table="bronze.guests")
    assert "19 of 80 rows of guests would be merged into 19 others; 1 decision by people" in words(at)


def test_pairs_are_judged_blind_and_taken_back(app: OpenApp, lake: Path) -> None:
    at = app("match", lake, table="bronze.guests", view="label")
    assert "pair 1 of" in words(at)
    assert "%" not in words(at), "nothing tells what the matching thinks"
    assert [at.button(f"match-say-{each}").proto.shortcut for each in ("same", "different", "unsure")] == [
        "s",
        "d",
        "u",
    ]
    at.button("match-say-same").click().run()
    at.button("match-say-unsure").click().run()
    at.button("match-say-different").click().run()
    assert not at.exception
    assert "pair 4 of" in words(at)
    assert said(lake) == ["different", "same"]
    next(each for each in at.button if str(each.key).startswith("match-revoke-")).click().run()
    assert not at.exception
    assert said(lake) == ["same"]


def test_a_contradiction_is_told_in_the_words_of_the_core(app: OpenApp, lake: Path) -> None:
    at = app("match", lake, table="bronze.guests", view="label")
    queue = at.session_state["workspace"].screens
    pair = next(desk for kind, desk in queue.items() if kind.__name__ == "Desks").tables["bronze.guests"].queue.pair
    with workbench.opened(lake) as opened:
        rids = [row["_rid"] for row in workbench.query(opened, "SELECT _rid FROM bronze.guests", limit=None).rows]
        third = next(rid for rid in rids if rid not in (pair.left, pair.right))
        workbench.label(opened, "guests", pair.left, third, "same")
        workbench.label(opened, "guests", third, pair.right, "same")
    at.button("match-say-different").click().run()
    assert not at.exception
    assert "The labels contradict each other" in words(at)
    assert "pair 1 of" in words(at), "the pair stays until it is settled"
    assert said(lake) == ["same", "same"]


def test_who_may_only_look_decides_nothing(app: OpenApp, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    assert app("match", lake, table="bronze.guests").button("match-take").disabled
    clusters = app("match", lake, table="bronze.guests", view="clusters")
    assert clusters.button("match-undo").disabled
    assert "looking only" in clusters.button("match-undo").help
    assert app("match", lake, table="bronze.guests", view="label").button("match-say-same").disabled


def test_rows_that_cannot_be_compared(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    file = tmp_path / "same.csv"
    file.write_text("a,b\n1,\n1,\n1,\n", encoding="utf-8")
    with workbench.opened(empty_lake, "tester") as opened:
        workbench.ingest(opened, workbench.build_source(str(file)), "same")
    at = app("match", empty_lake, table="bronze.same")
    assert "cannot be compared yet" in words(at)
    assert "Choose columns whose values tell the rows apart" in words(at)
    assert at.button("match-take").disabled
    assert "Choose columns" in words(app("match", empty_lake, table="bronze.same", view="label"))


def test_links_open_a_cluster_and_a_pair(app: OpenApp, lake: Path) -> None:
    with workbench.opened(lake) as opened:
        data = workbench.draft(opened, "guests").data
        lines, _ = workbench.match_clusters(opened, "guests", data)
        pair = workbench.match_cluster(opened, "guests", data, lines[3].rid).pairs[0]
    at = app("match", lake, table="bronze.guests", pair=f"{pair[0]}-{pair[1]}")
    assert at.query_params["view"] == "clusters"
    assert "2 rows are one" in words(at)
    at = app("match", lake, table="bronze.guests", view="clusters", cluster="12345")
    assert "Row 12345 is not among" in words(at)


def test_a_large_table_says_what_was_looked_at(app: OpenApp, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_ROWS", 40)
    submitted: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(
        workbench, "submit", lambda lake, kind, table, arguments, title: submitted.append((kind, arguments))
    )
    at = app("match", lake, table="bronze.guests")
    assert "These figures are of the first 40 of 80 rows of bronze.guests" in words(at)
    at.button("match-all-rows").click().run()
    assert not at.exception
    assert [(kind, arguments["table"]) for kind, arguments in submitted] == [("match", "guests")]


def test_new_rows_are_linked_to_silver(app: OpenApp, lake: Path, tmp_path: Path) -> None:
    at = app("match", lake, table="bronze.guests")
    assert "match-new" not in [str(each.key) for each in at.button], "there is no silver to link to"
    with workbench.opened(lake, "tester") as opened:
        data = workbench.match_edit(workbench.draft(opened, "guests").data).data
        workbench.promote(opened, "guests", promotion_of(data, "guests", json.dumps(data)))
        again = next(line for line in guests() if line.startswith("p010")).replace("p010", "n1")
        file = tmp_path / "more.csv"
        file.write_text(as_csv([again]), encoding="utf-8")
        workbench.ingest(opened, workbench.build_source(str(file)), "guests", keys=["id"])
    at = app("match", lake, table="bronze.guests")
    at.button("match-new").click().run()
    assert not at.exception
    assert "Of **1 row** that came since, **1** belong to rows of silver" in words(at)
