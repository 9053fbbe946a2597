"""A question answered in a process of its own: what is told meanwhile, what crosses the pipe, cancelling."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from automic_core import Lakehouse, workbench
from automic_core.errors import TransformError
from automic_core.queries.process import pool
from tests.core.asked import small_lake

SLOW = "SELECT count(*) AS n FROM range(1e9::BIGINT) a, range(1e9::BIGINT) b WHERE a.range % 7 = 3"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakehouse]:
    with Lakehouse.open(small_lake(tmp_path_factory.mktemp("asked")), actor="ada") as opened:
        yield opened
    pool().close()


def test_how_it_is_read_is_told_before_the_answer(lake: Lakehouse) -> None:
    asking = workbench.ask_in_words(lake, "How many stays are there for each kind?")
    told = "".join(asking.told())
    found = asking.answer()
    assert told == found.explanation == "Shows the number of stays, for each stays.kind."
    assert list(asking.told()) == []  # who listens again does not wait


def test_rows_chart_and_quality_arrive_as_they_were(lake: Lakehouse) -> None:
    found = workbench.ask_question(lake, "How many stays are there for each kind?")
    here = lake.ask("How many stays are there for each kind?")
    assert found.frame().sort("kind").rows() == here.frame.sort("kind").rows()  # type: ignore[union-attr]
    assert found.chart == here.chart
    assert found.chart is not None
    assert found.chart.kind == "bar"
    assert found.quality == here.quality
    assert [(each.table, each.rows_in, each.good) for each in found.quality] == [("silver.stays", 6, True)]
    assert found.rows is not None
    assert found.rows.total == 2


def test_a_follow_up_goes_through_too(lake: Lakehouse) -> None:
    found = workbench.ask_question(lake, "only business", after=["How many stays are there?"])
    assert found.follows
    assert found.rows is not None
    assert found.rows.rows == [{"number_of_stays": 2}]


def test_a_slow_answer_can_be_cancelled_while_it_is_told(lake: Lakehouse) -> None:
    made = lake.questions.approve("How slow is it?", SLOW)
    try:
        asking = workbench.ask_in_words(lake, "How slow is it?")
        heard = asking.told()
        first = next(text for text in heard if text)
        assert first.startswith("As the verified question “How slow is it?”")
        assert next(heard) == ""  # nothing new, but whoever draws it is not held up
        asking.cancel()
        began = time.monotonic()
        assert all(text == "" for text in heard)
        with pytest.raises(TransformError, match="cancelled"):
            asking.answer()
        assert time.monotonic() - began < 10
    finally:
        lake.questions.revoke(made.id)
    assert workbench.ask_question(lake, "How many stays are there?").sql is not None


def test_quality_tells_what_gates_found_and_what_moved_on(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,name,age\n1,Ada,36\n2,Bo,-5\n3,Cy,40\n", encoding="utf-8")
    rules = "rules:\n- {id: old, kind: range, columns: [age], min: 0, action: quarantine}\n"
    root = workbench.create(tmp_path / "lake").path
    with workbench.opened(root, "ada") as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "people", keys=["id"])
        bronze = lake.ask("How many people are there?").quality
        workbench.promote(lake, "people", workbench.parse_promotion(rules))
        silver = lake.ask("How many people are there?").quality
        file.write_text("id,name,age\n4,Di,50\n", encoding="utf-8")
        workbench.ingest(lake, workbench.build_source(str(file)), "people", keys=["id"])
        behind = lake.ask("How many people are there?").quality
    assert workbench.quality_words(bronze) == ["bronze.people went through no gate."]
    assert silver[0].gates["old"] == 1
    assert not silver[0].good
    assert silver[0].behind == ()
    assert behind[0].behind == ("bronze.people",)
    assert "is older than bronze.people" in workbench.quality_words(behind)[0]
