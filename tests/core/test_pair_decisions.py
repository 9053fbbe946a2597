"""Decisions about pairs (same, different, a merge undone): they hold at every promotion and outlive rebuilds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.contracts import Transformer
from automic_core.errors import CatalogError, ConfigError, SecurityError
from automic_core.lake import Lakehouse
from automic_core.medallion.pairs import Verdict
from automic_core.medallion.removals import REMOVED_TABLE
from automic_core.medallion.silver import Promotion
from automic_core.transforms.dedup import Deduplicator
from automic_core.transforms.reshape import Unpivot
from tests.guests import as_csv, guests

FUZZY = Deduplicator(match_mode="fuzzy", match_fields=["first", "last", "birth", "phone"])
EXACT = Deduplicator(match_fields=["first", "last"])


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, text: str, name: str = "a.csv", keys: Any = ("id",)) -> None:
    (folder / name).write_text(text)
    lake.bronze.ingest(CSVSource(str(folder / name)), "t", keys=list(keys))


def say(lake: Lakehouse, *told: tuple[str, str, Verdict], keys: Any = ("id",)) -> None:
    rows = lake.scan("bronze.t").unique("id", keep="first", maintain_order=True).collect()
    rid = dict(rows.select("id", "_rid").iter_rows())
    lake.pairs.decide("t", rows, list(keys), {(rid[a], rid[b]): verdict for a, b, verdict in told})


def promote(lake: Lakehouse, step: Transformer = FUZZY) -> Promotion:
    return lake.silver.promote("t", steps=[step])


def clusters(lake: Lakehouse, done: Promotion) -> dict[str, str]:
    """Each id to the id of the row it is in silver as; every row of bronze that is not superseded is in it."""
    name = dict(lake.scan("bronze.t").select("_rid", "id").collect().iter_rows())
    found = {name[rid]: name[rid] for rid in lake.scan("silver.t").collect()["_rid"]}
    gone = lake.scan(REMOVED_TABLE).filter(pl.col("run_id") == done.report.run_id, pl.col("reason") == "merged")
    found |= {name[rid]: name[into] for rid, into in gone.select("_rid", "into").collect().iter_rows()}
    assert done.report.balanced
    return found


@pytest.mark.parametrize("seed", range(3))
def test_what_was_said_holds_whatever_was_said(lake: Lakehouse, tmp_path: Path, seed: int) -> None:
    give(lake, tmp_path, as_csv(guests()))
    before = clusters(lake, promote(lake))
    draw = random.Random(seed)
    ids = sorted(before)
    told: dict[tuple[str, str], Verdict] = {}
    refused = 0
    for _ in range(12):
        a, b = draw.sample(ids, 2) if draw.random() < 0.5 else draw.choice([p for p in before.items() if p[0] != p[1]])
        verdict = draw.choice(["same", "different"])
        try:
            say(lake, (a, b, verdict))
        except ConfigError:
            refused += 1
            continue
        told[min(a, b), max(a, b)] = verdict
    assert refused < 6
    done = promote(lake)
    after = clusters(lake, done)
    assert set(after) == set(before)
    for (a, b), verdict in told.items():
        assert (after[a] == after[b]) == (verdict == "same"), (a, b, verdict)
    assert clusters(lake, promote(lake)) == after, "silver is a function of bronze, the spec and the decisions"
    for decision in lake.pairs.current("t"):
        lake.decisions.revoke(decision.id)
    assert clusters(lake, promote(lake)) == before


@pytest.mark.parametrize("keys", [[], ["id"]])
def test_a_label_survives_redelivery_and_rebuild(lake: Lakehouse, tmp_path: Path, keys: list[str]) -> None:
    give(lake, tmp_path, as_csv(guests()), keys=keys)
    assert clusters(lake, promote(lake))["q000"] == "p000"
    say(lake, ("p000", "q000", "different"), ("p001", "p002", "same"), keys=keys)
    after = clusters(lake, promote(lake))
    assert (after["q000"], after["p002"]) == ("q000", "p001")
    give(
        lake, tmp_path, as_csv([*guests(), "new,zoe,zander,1970-01-01,123,"]), "again.csv", keys=keys
    )  # every row has a new _rid
    after = clusters(lake, promote(lake))
    assert after["q000"] != after["p000"]
    assert after["p002"] == after["p001"]
    lake.rebuild_state()
    assert clusters(lake, promote(lake)) == after


def test_labels_are_heard_by_exact_comparison_too(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,first,last\n1,ann,bee\n2,ann,bee\n3,ann,bee\n4,cid,dee\n5,cid,dee\n6,eve,fay\n")
    assert clusters(lake, promote(lake, EXACT)) == {"1": "1", "2": "1", "3": "1", "4": "4", "5": "4", "6": "6"}
    say(lake, ("2", "1", "unmerged"), ("2", "3", "unmerged"), ("6", "5", "same"), ("4", "6", "different"))
    done = promote(lake, EXACT)
    assert clusters(lake, done) == {"1": "1", "2": "2", "3": "1", "4": "4", "5": "5", "6": "5"}
    assert "obeyed 4 decisions about pairs" in " ".join(done.report.notes)


def test_a_label_is_about_every_row_that_a_step_makes_of_a_row(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,home,work\n1,ann,bob\n2,bob,cid\n3,ann,ann\n")
    steps = [Unpivot(columns=["home", "work"]), Deduplicator(match_fields=["value"])]
    plain = lake.silver.promote("t", steps=steps)
    assert plain.rows().collect()["value"].sort().to_list() == ["ann", "bob", "cid"]
    say(lake, ("1", "2", "different"))
    told = lake.silver.promote("t", steps=steps)
    assert told.report.balanced
    assert told.rows().collect()["value"].sort().to_list() == ["ann", "bob", "bob", "cid"]


def test_contradictions_are_refused_when_they_are_said(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, as_csv(guests()))
    say(lake, ("p001", "p002", "same"), ("p002", "p004", "same"))
    with pytest.raises(ConfigError, match="contradict each other: 'id p001' and 'id p004' are told to be different"):
        say(lake, ("p004", "p001", "different"))
    assert len(lake.pairs.current("t")) == 2
    say(lake, ("p002", "p001", "different"))
    assert [each.kind for each in lake.pairs.current("t")] == ["same", "different"], "the last word on a pair holds"
    assert len(lake.decisions.all("t")) == 4


def test_rows_that_nothing_tells_apart(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,first\n1,ann\n1,ann\n", keys=[])
    rows = lake.scan("bronze.t").collect()
    with pytest.raises(ConfigError, match="same value in every column: nothing tells them apart"):
        lake.pairs.decide("t", rows, [], {(rows["_rid"][0], rows["_rid"][1]): "different"})
    assert lake.pairs.current("t") == []


def test_pairs_leave_cells_and_quarantine_alone(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, as_csv([*guests(), "bad,row"]))
    promote(lake)
    say(lake, ("p000", "bad", "different"), ("p000", "q000", "different"))
    assert lake.quarantine("t")["state"].to_list() == ["open"], "a decision about a pair settles no reason"
    done = promote(lake)
    assert "_waived" not in done.rows().collect_schema()
    assert lake.quarantine("t")["state"].to_list() == ["open"]


def test_refuses_where_one_may_only_look(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, as_csv(guests()))
    with Lakehouse.open(tmp_path / "lake", read_only=True) as looking, pytest.raises(SecurityError):
        say(looking, ("p000", "q000", "different"))
    with pytest.raises(CatalogError):
        lake.decisions.revoke("nothing")
