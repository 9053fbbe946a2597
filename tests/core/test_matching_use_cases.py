"""What the Match page and the command line show is what a promotion then does."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from automic_core import cli, workbench
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.workbench import match_all, matching, quarantining
from automic_core.workbench.promotions import promotion_of
from tests.guests import as_csv, guests


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = workbench.create(tmp_path / "lake").path
    with workbench.opened(place, "ann") as lake:
        give(lake, tmp_path / "guests.csv", guests())
    return place


@pytest.fixture
def lake(root: Path) -> Iterator[Lakehouse]:
    with workbench.opened(root, "ann") as opened:
        yield opened


def give(lake: Lakehouse, file: Path, lines: list[str]) -> None:
    file.write_text(as_csv(lines), encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(file)), "guests", keys=["id"])


def rids(lake: Lakehouse) -> dict[str, int]:
    found = workbench.query(lake, "SELECT id, max(_rid) AS rid FROM bronze.guests GROUP BY id", limit=None)
    return {row["id"]: row["rid"] for row in found.rows}


def promote(lake: Lakehouse, data: dict[str, Any]) -> workbench.Promoted:
    return workbench.promote(lake, "guests", promotion_of(data, "guests", json.dumps(data)))


def silver(lake: Lakehouse, columns: str = "id") -> list[Any]:
    found = workbench.query(lake, f"SELECT {columns} FROM silver.guests ORDER BY id", limit=None)
    return [tuple(row.values()) for row in found.rows]


def test_which_step_it_is_about() -> None:
    assert workbench.match_step({}).edit.data["steps"] == [{"id": "dedup", "kind": "dedup", "match_mode": "fuzzy"}]
    exact = {"id": "same", "kind": "dedup", "match_fields": ["id"], "merge_strategy": "keep_last"}
    other = {"id": "trim", "kind": "text", "columns": ["id"], "trim": True}
    step = workbench.match_step({"steps": [exact, other]}, {"golden": "newest"})
    assert step.proposed
    assert step.edit.data["steps"] == [
        {"id": "same", "kind": "dedup", "match_mode": "fuzzy", "golden": "newest", "merge_strategy": "keep_last"},
        other,
    ]
    fuzzy = {"id": "alike", "kind": "dedup", "match_mode": "fuzzy", "similarity_threshold": 0.9}
    known = workbench.match_step({"steps": [exact, fuzzy]}, {"similarity_threshold": None})
    assert (known.entry, known.proposed, known.options) == ("alike", False, {"match_mode": "fuzzy"})
    off = workbench.match_step({"steps": [{**fuzzy, "enabled": False}]})
    assert (off.entry, off.proposed) == ("dedup", True)


def test_what_is_shown_is_what_a_promotion_does(lake: Lakehouse) -> None:
    data = workbench.draft(lake, "guests").data
    changes = {"similarity_threshold": 0.7, "golden": "most_complete"}
    view = workbench.match_view(lake, "guests", data, changes)
    assert (view.rows, view.here.merged, view.here.clusters, view.left_out) == (80, 20, 20, ["id"])
    assert view.report["balanced"]
    assert sum(size * number for size, number in view.here.sizes) == view.here.merged + view.here.clusters
    merged = [point.merged for point in view.curve]
    assert merged == sorted(merged, reverse=True), "a higher threshold merges no more"
    low, high = view.settled
    assert all(p.merged == 20 for p in view.curve if low <= p.threshold <= high)
    done = promote(lake, workbench.match_edit(data, changes).data)
    assert done.report.removed() == {"merged": view.here.merged}
    lines, total = workbench.match_clusters(lake, "guests", data, changes)
    assert total == view.here.clusters == len(lines)
    published = {row[0]: row[1:] for row in silver(lake, "_rid, mail, id")}
    for line in lines:
        cluster = workbench.match_cluster(lake, "guests", data, line.rid, changes)
        assert cluster.survivor == line.rid
        mail = next(value for value in cluster.golden if value.column == "mail")
        assert published[line.rid][0] == mail.value is not None
        assert mail.own == (cluster.members.rows[0]["mail"] is not None)
        assert min(chance for _, _, chance in cluster.pairs) == line.lowest
    doubtful, _ = workbench.match_clusters(lake, "guests", data, changes, "doubt")
    assert [line.lowest for line in doubtful] == sorted(line.lowest for line in lines)


def test_a_pair_is_explained_so_that_the_parts_make_the_whole(lake: Lakehouse) -> None:
    data = workbench.draft(lake, "guests").data
    name = rids(lake)
    same = workbench.match_pair(lake, "guests", data, name["p003"], name["q003"])
    other = workbench.match_pair(lake, "guests", data, name["p003"], name["p004"])
    for pair in (same, other):
        assert pair.start + sum(each["adds"] for each in pair.fields) == pytest.approx(pair.odds)
        assert pair.probability == pytest.approx(1 / (1 + math.exp(-pair.odds)), abs=1e-9)
    assert same.probability > 0.99 > 0.01 > other.probability
    workbench.label(lake, "guests", name["p003"], name["q003"], "different")
    told = workbench.match_pair(lake, "guests", data, name["p003"], name["q003"])
    assert told.decided is False
    assert told.sentence == "A person decided that these are different."
    with pytest.raises(ConfigError, match="is not among"):
        workbench.match_pair(lake, "guests", data, 1, name["p003"])


def test_the_rules_page_counts_the_same(lake: Lakehouse) -> None:
    data = workbench.match_edit(workbench.draft(lake, "guests").data).data
    name = rids(lake)
    workbench.label(lake, "guests", name["p006"], name["q006"], "different")
    view = workbench.match_view(lake, "guests", data)
    now, (curve,) = workbench.row_costs(lake, "guests", data, "dedup", whole=True)
    assert now is not None
    assert (now.affected, now.verb, curve.option, curve.current) == (19, "merged", "similarity_threshold", 0.5)
    assert [(p.value, p.affected) for p in curve.points] == [(p.threshold, p.merged) for p in view.curve]


def test_labels_leave_the_queue_move_the_weights_and_change_the_cost(lake: Lakehouse) -> None:
    data = workbench.draft(lake, "guests").data
    before = workbench.match_view(lake, "guests", data)
    queue = workbench.match_queue(lake, "guests", data, 10)
    assert [column for column, _, _ in queue[0].values][:2] == ["first", "last"]
    asked = [(pair.left, pair.right) for pair in queue]
    skipped = workbench.match_queue(lake, "guests", data, 10, asked[:2])
    assert not {frozenset(pair) for pair in asked[:2]} & {frozenset((p.left, p.right)) for p in skipped}
    name = rids(lake)
    untouched = workbench.match_pair(lake, "guests", data, name["p001"], name["p002"]).odds
    called = {rid: identifier for identifier, rid in name.items()}
    for one, other in asked[:3]:
        alike = called[one][1:] == called[other][1:]
        workbench.label(lake, "guests", one, other, "same" if alike else "different")
    workbench.label(lake, "guests", name["p006"], name["q006"], "different")
    after = workbench.match_view(lake, "guests", data)
    assert (after.pairs, after.here.merged) == (4, before.here.merged - 1)
    again = [frozenset((pair.left, pair.right)) for pair in workbench.match_queue(lake, "guests", data, 10)]
    assert not {frozenset(pair) for pair in asked[:3]} & set(again)
    assert workbench.match_pair(lake, "guests", data, name["p001"], name["p002"]).odds != untouched
    promote(lake, workbench.match_edit(data).data)
    assert all(each.applied for each in workbench.pair_decisions(lake, "guests"))


def test_one_merge_is_undone_and_its_row_is_back(lake: Lakehouse) -> None:
    data = workbench.match_edit(workbench.draft(lake, "guests").data).data
    promote(lake, data)
    name = rids(lake)
    assert ("q009",) not in silver(lake)
    made = workbench.unmerge(lake, "guests", name["q009"])
    assert [(each.kind, each.reason) for each in made] == [("unmerged", "the merge was undone")]
    with pytest.raises(ConfigError, match="merged with no other row"):
        workbench.unmerge(lake, "guests", name["p001"])
    done = promote(lake, data)
    assert done.report.balanced
    assert ("q009",) in silver(lake)
    told = [event.text for event in quarantining.history(lake, "guests", name["q009"])]
    assert told[-2:] == ["was parted from id p009", "in silver.guests"]
    with pytest.raises(ConfigError, match="merged with no other row"):
        workbench.unmerge(lake, "guests", name["q009"])
    lake.decisions.revoke(made[0].id)
    promote(lake, data)
    assert ("q009",) not in silver(lake)


def test_new_rows_find_their_clusters_without_matching_again(lake: Lakehouse, tmp_path: Path) -> None:
    data = workbench.match_edit(workbench.draft(lake, "guests").data).data
    workbench.promote(lake, "guests")
    with pytest.raises(ConfigError, match="was not made by matching"):
        workbench.match_new(lake, "guests")
    promote(lake, data)
    assert workbench.match_new(lake, "guests").new == 0
    name = rids(lake)
    lines = [line.split(",") for line in guests()]
    again = next(line for line in lines if line[0] == "q009")
    stranger = ["s1", "zoe", "zander9", "1931-01-01", "999111222", "z@example.net"]
    news = [["n1", *again[1:4], again[4][:-1] + "7", again[5]], stranger, ["s2", *stranger[1:4], "999111223", ""]]
    news.append(["s3", "ida", "ullrich3", "1922-05-06", "111222333", ""])
    give(lake, tmp_path / "more.csv", [",".join(line) for line in news])
    found = workbench.match_new(lake, "guests")
    name = rids(lake)
    assert (found.new, found.joined, found.grouped) == (4, 1, 2)
    assert {(row.rid, row.into, row.known) for row in found.rows} == {
        (name["n1"], name["p009"], True),
        (name["s1"], name["s1"], False),
        (name["s2"], name["s1"], False),
        (name["s3"], None, False),
    }
    promote(lake, data)
    kept = {row[0] for row in silver(lake)}
    assert kept & {"n1", "s1", "s2", "s3"} == {"s1", "s3"}, "as the next promotion decides, too"


def test_on_the_command_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def call(*arguments: object, code: int = 0) -> Any:
        capsys.readouterr()
        assert cli.run([*map(str, arguments), "--lake", str(root), "--json"]) == code
        streams = capsys.readouterr()
        return streams.err if code else json.loads(streams.out)

    with workbench.opened(root) as lake:
        name = rids(lake)
    found = call("match", "guests", "--threshold", 0.8, "--clusters", 3)
    assert (found["here"]["merged"], len(found["clusters"]), found["clusters_total"]) == (20, 3, 20)
    (made,) = call("label", "guests", name["p000"], name["q000"], "different", "--reason", "twins")
    assert (made["kind"], made["match"], made["value"], made["reason"]) == (
        *("different", '{"id": "p000"}', '{"id": "q000"}'),
        "twins",
    )
    assert call("match", "guests")["here"]["merged"] == 19
    assert "There is no such" not in call("label", "guests", 1, 2, "same", code=2)
    assert "There is no table silver.guests" in call("unmerge", "guests", name["q003"], code=2)
    assert [(each["id"], each["row"], each["about"]) for each in call("decisions", "guests")] == [
        (made["id"], "id p000", "id q000")
    ]
    assert call("revoke", made["id"])["revoked_at"]
    assert call("decisions", "guests") == []
    assert cli.run(["match", "guests", "--lake", str(root)]) == 0
    assert "20 of 80 rows would be merged into 20 others at 0.5" in capsys.readouterr().out


def test_all_rows_of_a_large_table_as_a_job(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_ROWS", 40)
    data = workbench.draft(lake, "guests").data
    few = workbench.match_view(lake, "guests", data, {"similarity_threshold": 0.6})
    assert (few.whole, few.sample, few.rows) == (False, "first 40 of 80 rows of bronze.guests", 40)
    assert workbench.match_whole(lake, few, data, {}) is few
    told = match_all.match_task(lake, {"table": "guests", "data": data}, lambda event: None)
    known = json.loads(json.dumps(told))
    every = match_all.with_figures(few, known)
    assert (every.whole, every.rows, every.here.merged, every.threshold) == (True, 80, 20, 0.6)
    assert every.report["rows_in"] == 80
    assert (
        match_all.with_figures(workbench.match_view(lake, "guests", data, {"similarity_threshold": 0.61}), known)
        != every
    )
    assert told["asked"] == match_all.asked(lake, "guests", data, {"similarity_threshold": 0.2})
    name = rids(lake)
    workbench.label(lake, "guests", name["p003"], name["q003"], "different")
    assert told["asked"] != match_all.asked(lake, "guests", data, {}), "what was decided since is not in the figures"
