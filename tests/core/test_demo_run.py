"""The demo as a regression test: ledgers add up, counts repeat, findings stay found, and it tells only what it did."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from automic_core import cli
from automic_core.cli.story import tell
from automic_core.demo.run import TABLES, DemoRun, run_demo
from automic_core.demo.truth import read_truth
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.llm.model import telling
from tests.llm.server import running, says

ORDERS = 2000
# Just under what is reached; a change that finds less, or finds what is not there, must not go unseen.
LEAST = {
    "duplicate pairs": (1.0, 0.98),
    "malformed records": (1.0, 1.0),
    "wrong cells": (0.95, 0.935),
}
ALWAYS = ("bad_email", "impossible_date", "date_format", "number_format", "unknown_customer", "negative_quantity")


def ledgers(done: DemoRun) -> dict[str, Any]:
    reports = {p.table: p.report for p in done.promotions} | {b.table: b.report for b in done.builds}
    return {
        table: (r.rows_in, r.rows_out, r.removed(), [(s.id, s.rows_out, s.removed, s.warned) for s in r.steps])
        for table, r in reports.items()
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return run_demo("demo-lake", orders=ORDERS)


def test_every_ledger_adds_up(demo: DemoRun) -> None:
    assert demo.balanced
    records = read_truth(demo.files.truth).records
    for ingestion, promoted in zip(demo.ingestions, demo.promotions, strict=True):
        table = ingestion.table.partition(".")[2]
        wanted = int(records.filter(records["table"] == table)["records"].sum())
        assert ingestion.rows == promoted.report.rows_in == wanted
        assert promoted.report.rows_in == promoted.report.rows_out + sum(promoted.report.removed().values())
        assert promoted.accepted or table == "orders"  # whose rare keys not every demo has


def test_the_lake_holds_what_the_reports_say(demo: DemoRun) -> None:
    with Lakehouse.open(demo.lake) as lake:
        for report in (*demo.promotions, *demo.builds):
            assert lake.scan(report.table).collect().height == report.report.rows_out
        for promoted in demo.promotions:
            set_aside = promoted.report.removed().get("quarantined", 0)
            assert lake.quarantine(promoted.table.partition(".")[2]).height == set_aside


@pytest.mark.parametrize("what", LEAST)
def test_what_is_found_stays_found(demo: DemoRun, what: str) -> None:
    measured = next(each for each in demo.scores if each.what == what)
    precision, recall = LEAST[what]
    assert measured.precision >= precision, measured
    assert measured.recall >= recall, measured
    assert measured.expected > 50 or what == "malformed records"


def test_each_kind_a_rule_is_about_is_found(demo: DemoRun) -> None:
    kinds = demo.scores[2].kinds
    assert {kind: kinds[kind][0] for kind in ALWAYS} == {kind: kinds[kind][1] for kind in ALWAYS}
    duplicates = demo.scores[0].kinds
    assert duplicates["near"][0] >= 0.7 * duplicates["near"][1]


def test_a_second_run_adds_nothing_and_counts_the_same(
    demo: DemoRun, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(demo.lake.parent)
    again = run_demo("demo-lake", orders=ORDERS)
    assert again.added == 0
    assert [len(each.unchanged) for each in again.ingestions] == [1, 1, 2, 1]
    assert ledgers(again) == ledgers(demo)
    assert again.scores == demo.scores
    assert again.answer.rows == demo.answer.rows
    tell(again)
    assert "running the demo again adds no row" in capsys.readouterr().out


def test_another_lake_gives_the_same_counts(demo: DemoRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    other = run_demo("other", orders=ORDERS)
    assert ledgers(other) == ledgers(demo)
    assert other.scores == demo.scores


def test_each_number_it_tells_comes_from_the_run(demo: DemoRun, capsys: pytest.CaptureFixture[str]) -> None:
    tell(demo)
    text = capsys.readouterr().out
    for promoted in demo.promotions:
        assert str(promoted.report) in text
    for built in demo.builds:
        assert re.search(rf"{built.table}\s+{built.report.rows_out:,} rows", text)
    for each in demo.scores:
        numbers = [f"{each.expected:,}", f"{each.hits:,}", f"{each.recall:.3f}"]
        numbers += [f"{each.reported:,}", f"{each.right:,}", f"{each.precision:.3f}"]
        assert re.search(r"\s+".join([re.escape(each.what), *numbers]), text)
        assert each.recall == each.hits / each.expected
        assert each.precision == each.right / each.reported
    for row in demo.answer.rows:
        assert row["country"] in text
        assert f"{row['second_half']:,.2f}" in text
    assert "no row was lost" in text


def test_a_growing_market_is_the_answer(demo: DemoRun) -> None:
    """The generator lets Poland and Brazil grow; the answer must say so although it never saw the truth."""
    assert {row["country"] for row in demo.answer.rows[:2]} == {"Poland", "Brazil"}


def test_the_word_revenue_leaves_out_what_gold_leaves_out(demo: DemoRun) -> None:
    """Orders that came to nothing and amounts that are far off are no revenue, whichever table is asked."""
    with Lakehouse.open(demo.lake) as lake:
        answer = lake.ask("What is the revenue?")
        gold = lake.query("SELECT sum(revenue_eur) FROM gold.revenue_by_country_month").item()
        everything = lake.query("SELECT sum(total_eur) FROM silver.orders").item()
    assert answer.frame is not None
    assert float(answer.frame.item()) == pytest.approx(float(gold), rel=0.1)
    assert float(everything) > 1.25 * float(gold)


def test_a_lake_holds_one_demo(demo: DemoRun, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="2,000 orders, not 50"):
        run_demo(demo.lake, orders=50)
    (tmp_path / "a.csv").write_text("a\n1\n")
    with Lakehouse.open(tmp_path / "mine") as lake:
        from automic_core.connectors.files.csv import CSVSource

        lake.bronze.ingest(CSVSource(str(tmp_path / "a.csv")), "a")
    with pytest.raises(ConfigError, match="other tables"):
        run_demo(tmp_path / "mine", orders=50)


def test_changed_rules_are_kept(demo: DemoRun) -> None:
    assert sorted(file.stem for file in demo.rules.glob("*.yaml")) == sorted(TABLES)


def test_the_smallest_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["demo", "--orders", "30", "--json"]) == 0
    assert '"balanced": true' in capsys.readouterr().out


@pytest.mark.skipif(find_spec("litellm") is None, reason="LiteLLM is not installed: automic[llm]")
@pytest.mark.filterwarnings("ignore:.*Pydantic will not protect:UserWarning")  # LiteLLM's own
@pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")
def test_no_value_about_a_person_is_told_to_a_model(demo: DemoRun) -> None:
    about = ["first_name", "last_name", "email", "phone", "address"]
    with running() as server:
        llm = {"mode": "local", "provider": "compatible", "model": "small", "api_base": server.url}
        with Lakehouse.open(demo.lake, llm=llm) as lake:
            for table in lake.tables():
                lake.context.state.models.agree(telling(table), "ann")  # even so
            people = lake.scan("silver.customers").select(about).drop_nulls().collect()
            one, other = people.row(0, named=True), people.row(7, named=True)
            server.replies = [says('{"sql": "SELECT count(*) FROM silver.customers"}') for _ in range(40)]
            for question in (
                f"How much credit would {one['first_name']} {one['last_name']} like?",
                f"What did {other['first_name']} {other['last_name']} order most, and why?",
                f"Does anybody live at '{one['address']}' besides them?",
                f"Who hides behind {other['email']} or behind '{other['phone']}'?",
                "Guess the full name of our best customer.",
            ):
                assert lake.ask(question).rung == "model"
            told = [json.dumps(call.sent, ensure_ascii=False) for call in lake.context.state.models.calls(100)]
    assert len(told) >= 5
    assert sum("Value1" in text for text in told) >= 4, "the names that people gave are hidden, not lost"
    personal = {value for column in about for value in people[column].to_list() if len(value) > 3}
    near = [(value, text) for value in personal for text in told if value in text]
    leaked = {value for value, text in near if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)}
    assert not leaked
