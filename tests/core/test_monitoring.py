"""Monitors: history on day one, surprises ranked with reasons, "expected" as a decision that outlives rebuilds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from automic_core import cli, workbench
from automic_core.errors import CatalogError, ConfigError, SecurityError
from automic_core.lake import Lakehouse
from automic_core.medallion import measuring
from automic_core.medallion.context import now
from automic_core.medallion.drifting import moved
from automic_core.medallion.measuring import Measured
from automic_core.medallion.tracking import Series, track
from automic_core.workbench import alerts, monitoring
from automic_core.workbench.tasks import task_of

RULES = "rules:\n- {id: cap, kind: range, columns: [amount], max: 900, action: warn}\n"
TYPES = "schema: {id: integer, email: string, amount: integer}\n"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, batches: int = 7, holes: int = 90, table: str = "orders") -> None:
    """Batches of 200 rows with one email missing each, ``holes`` in the last."""
    for day in range(batches):
        missing = holes if day == batches - 1 else 1
        emails = ["" if row < missing else f"p{day * 200 + row}@example.org" for row in range(200)]
        rows = pl.DataFrame({"id": range(day * 200, day * 200 + 200), "email": emails, "amount": [100, 200] * 100})
        file = folder / f"{table}_{day}.csv"
        rows.write_csv(file)
        workbench.ingest(lake, workbench.build_source(str(file)), table, keys=["id"])


def inbox(lake: Lakehouse) -> list[workbench.Alert]:
    workbench.measure(lake)
    return workbench.monitors(lake).alerts


def test_a_bad_batch_is_found_from_the_first_look_on_and_a_good_one_after_it_does_not_hide_it(
    lake: Lakehouse, tmp_path: Path
) -> None:
    give(lake, tmp_path)
    before = workbench.monitors(lake)
    assert (before.left, [each.kind for each in before.alerts]) == (7, [])
    (alert,) = inbox(lake)
    assert (alert.kind, alert.table, alert.column, alert.keys) == ("nulls", "bronze.orders", "email", ["nulls:email"])
    assert alert.sentence.startswith("45% of email is empty, expected 0%")
    assert "6 values before it" in alert.basis
    assert alert.score > 1
    give(lake, tmp_path, 8, 1, "later")
    (tmp_path / "later_7.csv").rename(tmp_path / "good.csv")
    workbench.ingest(lake, workbench.build_source(str(tmp_path / "good.csv")), "orders", keys=["id"])
    assert [each.keys for each in inbox(lake) if each.table == "bronze.orders"] == [["nulls:email"]]


def test_expected_leaves_the_inbox_outlives_a_rebuild_and_is_taken_back(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path)
    workbench.promote(lake, "orders", workbench.parse_promotion(TYPES))
    (alert,) = inbox(lake)
    workbench.expect(lake, alert.table, alert.keys, alert.snapshot, "a form without email")
    assert inbox(lake) == []
    assert "decided" not in [each.kind for each in workbench.graph(lake).attention]  # nothing to promote again
    report = workbench.promote(lake, "orders", workbench.parse_promotion(TYPES)).report
    assert report.rows_out == 1400
    (tmp_path / "lake" / "state.db").unlink()
    with Lakehouse.open(tmp_path / "lake", actor="bob") as again:
        assert inbox(again) == []
        (mark,) = workbench.monitors(again).marks
        assert (mark.series, mark.actor, mark.reason) == ("nulls:email", "ann", "a form without email")
        workbench.unexpect(again, mark.id)
        assert [each.keys for each in inbox(again)] == [["nulls:email"]]
        with pytest.raises(CatalogError, match="Nothing was called expected"):
            workbench.unexpect(again, mark.id)


def test_who_only_looks_measures_but_decides_nothing(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path)
    with Lakehouse.open(tmp_path / "lake", read_only=True) as looking:
        (alert,) = inbox(looking)
        with pytest.raises(SecurityError):
            workbench.expect(looking, alert.table, alert.keys, alert.snapshot)
    with pytest.raises(ConfigError, match="has no nulls:nothing"):
        workbench.expect(lake, alert.table, ["nulls:nothing"], alert.snapshot)


def test_a_failing_rule_is_told_with_its_rows_and_expected_up_to_its_share(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, 2, 1)
    limit = workbench.parse_promotion(TYPES + RULES.replace("900", "150"))
    workbench.promote(lake, "orders", limit)
    (alert,) = inbox(lake)
    assert (alert.kind, alert.column, alert.page) == ("rule", "cap", "rules")
    assert alert.sentence == "cap: 200 rows of 400 fail it"
    workbench.expect(lake, alert.table, alert.keys, alert.snapshot)
    assert inbox(lake) == []
    workbench.promote(lake, "orders", workbench.parse_promotion(TYPES + RULES.replace("900", "50")))
    assert [each.sentence for each in inbox(lake)] == ["cap: 400 rows of 400 fail it"]


def test_a_state_that_cannot_be_read_says_so_and_stops_nothing(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, 3, 1)
    give(lake, tmp_path, 2, 1, "others")
    for file in (tmp_path / "lake").rglob("orders-*/data/**/*.parquet"):
        file.unlink()
    found = workbench.measure(lake)
    assert list(found.unreadable) == ["bronze.orders"]
    assert workbench.monitors(lake).left == 3
    with pytest.raises(CatalogError):
        workbench.measure(lake, "bronze.nothing")


def at_days(days: list[float], batch: bool = True) -> list[Measured]:
    start = now() - timedelta(days=days[-1])
    return [
        Measured(place, start + timedelta(days=day), 100, 100 * place, place if batch else None, {})
        for place, day in enumerate(days, 1)
    ]


def gap(days: list[float], waited: float) -> Series:
    states = at_days(days)
    found = track("bronze.t", states, [], states[-1].at + timedelta(days=waited))
    return next(each for each in found if each.key == "gap")


def test_a_stale_table_is_one_that_is_late_by_its_own_rhythm() -> None:
    daily = [float(day) for day in range(12)]
    assert not alerts.surprises([gap(daily, 1.1)])
    (late,) = alerts.surprises([gap(daily, 9)])
    assert late.sentence.startswith("nothing came for 9.0 days, expected at most ")
    weekly = [day * 7.0 for day in range(12)]
    assert not alerts.surprises([gap(weekly, 9)])
    quick = [place / 1440 for place in range(12)]  # all within an hour: one arrival, no rhythm
    assert not alerts.surprises([gap(quick, 30)])


def test_drift_is_the_share_of_rows_that_moved_beyond_chance() -> None:
    usual = {"kind": "text", "filled": 1000, "top": [["a", 600], ["b", 300], ["c", 100]]}
    same = {"kind": "text", "filled": 1000, "top": [["a", 615], ["b", 290], ["c", 95]]}
    other = {"kind": "text", "filled": 1000, "top": [["b", 700], ["a", 200], ["c", 100]]}
    assert moved([usual], same) == (0.0, "'a' is 62% of the rows, it was 60%")
    share, words = moved([usual, usual], other) or (0.0, "")
    assert 0.3 < share <= 0.4
    assert "'a' is 20% of the rows, it was 60%" in words or "'b' is 70% of the rows, it was 30%" in words
    spread = [float(step) for step in range(21)]
    numbers = {"kind": "number", "filled": 5000, "quantiles": spread}
    assert moved([numbers], {**numbers, "quantiles": [each + 10 for each in spread]})[0] > 0.4  # type: ignore[index]
    assert moved([numbers], numbers)[0] == 0  # type: ignore[index]
    constant = {"kind": "number", "filled": 50, "quantiles": [3.0] * 21}
    assert moved([constant], constant)[0] == 0  # type: ignore[index]


def test_measures_of_a_batch_are_those_of_its_rows(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, 2, 50)
    workbench.measure(lake)
    first, second = measuring.states(lake.context, "bronze.orders")
    assert first.measures is not None
    assert second.measures is not None
    assert [each["rows"] for each in (first.measures, second.measures)] == [200, 200]
    assert [each["columns"]["email"]["nulls"] for each in (first.measures, second.measures)] == [1, 50]
    amount = second.measures["columns"]["amount"]
    assert (amount["kind"], amount["mean"], amount["distinct"]) == ("number", 150.0, 2)


def test_the_command_prints_the_inbox_and_checks_for_schedulers(
    lake: Lakehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    give(lake, tmp_path)
    there = ["--lake", str(tmp_path / "lake")]
    assert cli.run(["monitor", *there]) == 0
    assert "45% of email is empty" in " ".join(capsys.readouterr().out.split())
    assert cli.run(["monitor", "bronze.orders", "--check", "--json", *there]) == 1
    assert json.loads(capsys.readouterr().out)["inbox"]["alerts"][0]["keys"] == ["nulls:email"]
    assert cli.run(["monitor", "bronze.nothing", *there]) == 2


def test_a_job_measures_what_it_changed_and_does_not_fail_by_it(
    lake: Lakehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop.csv"
    file.write_text("id,amount\n1,2\n")
    monkeypatch.chdir(tmp_path)
    ingest = task_of("ingest")
    assert ingest(lake, {"place": str(file), "table": "shop"}, lambda _: None)["rows"] == 1
    assert workbench.monitors(lake).left == 0

    def fails(*_: object, **__: object) -> None:
        raise CatalogError("The table is away.")

    monkeypatch.setattr(monitoring, "measure", fails)
    file.write_text("id,amount\n1,2\n2,3\n")
    assert ingest(lake, {"place": str(file), "table": "shop"}, lambda _: None)["rows"] == 2
    assert workbench.monitors(lake).left == 1


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("silver.t is behind: bronze.t has 201 rows more.", "silver.t is behind: bronze.t has 201 rows more. By it."),
        ("It failed. Did you mean 'Betrag'?", "It failed. Did you mean 'Betrag'? By it."),
        ("3 rows, expected 4", "3 rows, expected 4. By it."),
    ],
)
def test_an_alert_is_told_with_one_mark_at_the_end_of_each_sentence(sentence: str, told: str) -> None:
    assert alerts.Alert("run", "bad", 1.0, "silver.t", "", sentence, "By it.").told == told
