"""Work through quarantine: list, fix, waive, re-check, replay, take back; and what is told of a row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automic_core import workbench
from automic_core.connectors.files.csv import CSVSource
from automic_core.connectors.files.json import JSONSource
from automic_core.errors import CatalogError, ConfigError, GateError, TransformError
from automic_core.lake import Lakehouse
from automic_core.workbench import quarantining as work
from automic_core.workbench.exploring import schema_tree
from automic_core.workbench.tasks import task_of
from tests.kept import Kept

ROWS = """id,name,age,city
1,Ada,36,London
2,Grace,850,New York
3,Alan,young,Wilmslow
4,,-5,Nuenen
5,Edsger
6,Barbara,70,Boston
"""
SPEC = """
schema: {id: string, name: string, age: integer, city: string}
rules:
- {id: age_range, kind: range, columns: [age], min: 0, max: 130}
- {id: named, kind: not_null, columns: [name]}
"""


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, text: str = ROWS, name: str = "a.csv", **options: Any) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    lake.bronze.ingest(CSVSource(str(folder / name)), "people", **options)


def promote(lake: Lakehouse, spec: str = SPEC) -> workbench.Promoted:
    return workbench.promote(lake, "people", workbench.parse_promotion(spec))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("people")
    with Lakehouse.open(folder / "lake", actor="ann") as lake:
        give(lake, folder, keys=["id"])
        promote(lake)
    return Kept(folder)


@pytest.fixture
def people(kept: Kept) -> Iterator[Lakehouse]:
    """Six people, of whom Ada and Barbara are in silver; the key is id."""
    with Lakehouse.open(kept.again() / "lake", actor="ann") as lake:
        yield lake


def rid(ordinal: int, batch: int = 1) -> int:
    return (batch << 36) | ordinal


def silver(lake: Lakehouse) -> list[Any]:
    return lake.scan("silver.people").sort("_rid").select("id", "age").collect().rows()


def test_every_row_stands_there_with_every_reason_its_cells_and_its_place(people: Lakehouse) -> None:
    found = work.listing(people, "bronze.people")
    assert (found.total, found.matching, found.pages) == (4, 4, 1)
    assert found.columns == ["id", "name", "age", "city"]
    assert {each.name: each.rows for each in found.reasons} == {
        "age_range age": 2,
        "cast age": 1,
        "malformed": 1,
        "named name": 1,
    }
    by_id = {row.cells["id"]: row for row in found.rows}
    assert [reason.message for reason in by_id["4"].reasons] == ["age is outside 0 to 130", "name is missing"]
    assert by_id["2"].cells == {"id": "2", "name": "Grace", "age": "850", "city": "New York"}
    assert (by_id["2"].record, by_id["2"].source.endswith("a.csv")) == (2, True)
    assert by_id["5"].line == 6
    assert found.states == {"open": 4, "fixed": 0, "waived": 0, "replayed": 0}
    assert work.aside_counts(people) == {"people": 4}
    assert work.row(people, "people", rid(2)) == by_id["2"]


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"reason": "named name"}, ["4"]),
        ({"reason": "age_range age"}, ["2", "4"]),
        ({"search": "NEW yor"}, ["2"]),
        ({"search": "outside"}, ["2", "4"]),
        ({"search": "city"}, []),
        ({"search": "outside", "reason": "named name"}, ["4"]),
        ({"state": "fixed"}, []),
    ],
    ids=str,
)
def test_filters(people: Lakehouse, filters: dict[str, Any], ids: list[str]) -> None:
    assert [row.cells["id"] for row in work.listing(people, "people", **filters).rows] == ids
    assert work.chosen(people, "people", **filters) == [rid(int(each)) for each in ids]
    assert sum(each.rows for each in work.listing(people, "people", **filters).reasons) == 5, "all reasons, always"


def test_pages(people: Lakehouse) -> None:
    seen = [work.listing(people, "people", page=page, size=3) for page in (0, 1, 7)]
    assert [len(page.rows) for page in seen] == [3, 1, 1]
    assert [page.page for page in seen] == [0, 1, 1], "a page beyond the last is the last"
    with pytest.raises(ConfigError, match="no state 'closed'"):
        work.listing(people, "people", state="closed")
    with pytest.raises(CatalogError, match=r"no table bronze\.nobody"):
        work.listing(people, "nobody")
    with pytest.raises(ConfigError, match="not set aside"):
        work.row(people, "people", rid(1))


def test_fixes_are_decided_at_once_replayed_into_silver_and_outlive_a_rebuild(people: Lakehouse) -> None:
    made = work.fix_many(people, "people", {rid(2): {"age": "85"}, rid(3): {"age": "41"}}, "by telephone")
    assert [(each.actor, each.reason) for each in made] == [("ann", "by telephone")] * 2
    assert len(people.history("meta.decisions")) == 2, "the table is made, then one commit for all"
    decided = work.listing(people, "people")
    assert decided.states == {"open": 2, "fixed": 2, "waived": 0, "replayed": 0}
    assert decided.waiting == 2
    two = work.row(people, "people", rid(2))
    assert (two.state, two.cells["age"], two.fixed) == ("fixed", "85", {"age": "850"})
    assert silver(people) == [("1", 36), ("6", 70)], "a decision counts from the next promotion on"

    done = work.replay(people, "people")
    assert (done.replayed, done.still) == (2, 2)
    assert silver(people) == [("1", 36), ("2", 85), ("3", 41), ("6", 70)]
    after = work.listing(people, "people")
    assert after.states == {"open": 2, "fixed": 0, "waived": 0, "replayed": 2}
    assert (after.waiting, after.run_id) == (0, done.run_id)
    back = work.listing(people, "people", state="replayed").rows
    assert [(row.rid, row.state, row.reasons[0].name) for row in back] == [
        (rid(2), "replayed", "age_range age"),
        (rid(3), "replayed", "cast age"),
    ]
    report = promote(people).report  # from scratch, by the same rules
    assert report.rows_in == report.rows_out + sum(report.removed().values())
    assert silver(people) == [("1", 36), ("2", 85), ("3", 41), ("6", 70)]
    assert work.listing(people, "people").states["replayed"] == 2


def test_a_replay_moves_exactly_the_decided_rows_and_keeps_the_promotion(people: Lakehouse) -> None:
    before = {row.rid: row.reasons for row in work.listing(people, "people").rows}
    work.fix_many(people, "people", {rid(2): {"age": "85"}})
    spec = workbench.published_spec(people, "people")
    assert spec
    done = task_of("replay")(people, {"table": "people"}, lambda _event: None)
    assert done["replayed"] == 1
    assert done["snapshot"] == people.history("silver.people")[-1].id
    assert workbench.published_spec(people, "people") == spec
    after = {row.rid: row.reasons for row in work.listing(people, "people").rows}
    assert after == {each: reasons for each, reasons in before.items() if each != rid(2)}


def test_a_fix_that_does_not_help_leaves_the_row_open(people: Lakehouse) -> None:
    work.fix_many(people, "people", {rid(2): {"age": "851"}})
    assert work.replay(people, "people").replayed == 0
    found = work.row(people, "people", rid(2))
    assert (found.state, found.fixed) == ("open", {"age": "850"})


def test_waivers_name_a_reason_of_the_row_and_say_why(people: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="'named' is not why row") as caught:
        work.waive_many(people, "people", [rid(2)], "a tortoise", ["named"])
    assert caught.value.hint == "Waive: age_range."
    with pytest.raises(ConfigError, match="is not why"):
        workbench.waive(people, "people", rid(2), ["no_such_rule"], "a tortoise")
    with pytest.raises(ConfigError, match="not in quarantine"):
        work.waive_many(people, "people", [rid(1)], "fine")
    with pytest.raises(ConfigError, match="needs a reason"):
        work.waive_many(people, "people", [rid(2)], "  ")
    assert people.decisions.current() == []
    made = work.waive_many(people, "people", [rid(2), rid(4), rid(3)], "known to us")
    assert [each.column for each in made] == ["age_range", "age_range", "named", "cast"]
    assert work.listing(people, "people").states["waived"] == 3
    assert work.replay(people, "people").replayed == 3
    assert silver(people) == [("1", 36), ("2", 850), ("3", None), ("4", -5), ("6", 70)]


def test_some_rules_of_many_rows_are_waived_where_they_apply(people: Lakehouse) -> None:
    work.waive_many(people, "people", [rid(2), rid(4)], "known to us", ["age_range"])
    assert work.replay(people, "people").replayed == 1
    assert [row.reasons[-1].name for row in work.listing(people, "people").rows if row.rid == rid(4)] == ["named name"]


def test_sql_sees_the_rows_set_aside_now_in_their_states(people: Lakehouse) -> None:
    work.fix_many(people, "people", {rid(2): {"age": "85"}, rid(3): {"age": "41"}})
    counted = "SELECT state, count(*) FROM quarantine.people GROUP BY 1 ORDER BY 1"
    assert people.query(counted).rows() == [("fixed", 2), ("open", 2)]
    work.replay(people, "people")
    assert people.query(counted).rows() == [("open", 2)], "rows of earlier runs are not set aside any more"
    first = people.history("quarantine.people")[-1].id
    stored = people.query(f"SELECT count(*) FROM quarantine.people AT (VERSION => {first})")
    assert stored.item() == 6, "what is stored are the rows of both runs"
    built = people.gold.build("aside", "SELECT state FROM quarantine.people")
    assert built.report.rows_out == 2
    (tree,) = [each for each in schema_tree(people) if each.name == "quarantine.people"]
    assert tree.rows == 2


def test_a_decision_taken_back_is_gone_after_the_next_replay(people: Lakehouse) -> None:
    (made,) = work.fix_many(people, "people", {rid(2): {"age": "85"}})
    work.replay(people, "people")
    work.revoke(people, made.id)
    found = work.listing(people, "people")
    assert (found.waiting, found.revoked, found.states["replayed"]) == (0, 1, 0)
    work.replay(people, "people")
    assert work.listing(people, "people").revoked == 0
    assert work.row(people, "people", rid(2)).state == "open"
    assert silver(people) == [("1", 36), ("6", 70)]


def test_what_cannot_be_fixed(people: Lakehouse) -> None:
    with pytest.raises(ConfigError, match="part of the key"):
        work.fix_many(people, "people", {rid(2): {"id": "7"}})
    with pytest.raises(ConfigError, match="no column 'height'"):
        work.fix_many(people, "people", {rid(2): {"age": "1"}, rid(3): {"height": "1"}})
    with pytest.raises(ConfigError, match="has no row 7"):
        work.fix_many(people, "people", {7: {"age": "1"}})
    assert people.decisions.current() == []


def test_the_same_row_delivered_twice_gets_one_value(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,name,age,city\n1,Ada,360,x\n1,Ada,360,x\n")
    promote(lake)
    with pytest.raises(ConfigError, match="gets two values in 'age': '36' and '37'"):
        work.fix_many(lake, "people", {rid(1): {"age": "36"}, rid(2): {"age": "37"}})
    work.fix_many(lake, "people", {rid(1): {"age": "36"}, rid(2): {"age": "36"}})
    assert work.replay(lake, "people").replayed == 2


def test_a_bulk_expression_is_looked_at_first(people: Lakehouse) -> None:
    rids = work.chosen(people, "people")
    found = work.bulk(people, "people", rids, "age", "CASE WHEN age = 'young' THEN '20' ELSE replace(age, '-', '') END")
    assert found.changes == [(rid(3), "young", "20"), (rid(4), "-5", "5")]
    assert found.same == 2
    assert people.decisions.current() == [], "a preview stores nothing"
    again = work.bulk(people, "people", rids, "age", "age || '0'", {rid(2): {"age": "8"}})
    assert (rid(2), "8", "80") in again.changes, "it sees what was typed and not saved"
    work.fix_many(people, "people", found.edits())
    assert work.replay(people, "people").replayed == 1


@pytest.mark.parametrize(
    ("column", "sql", "message"),
    [
        ("age", "CAST(age AS INTEGER)", "young"),
        ("age", "no_such(age)", "no function"),
        ("age", "sum(age)", "many rows"),
        ("age", "(SELECT 1)", "subquery"),
        ("age", "read_csv('/etc/passwd')", "no function"),
        ("age", "height + 1", "height"),
        ("size", "1", "no column 'size'"),
        ("id", "'x'", "part of the key"),
    ],
)
def test_a_bulk_expression_that_is_wrong(people: Lakehouse, column: str, sql: str, message: str) -> None:
    with pytest.raises((TransformError, ConfigError), match=message):
        work.bulk(people, "people", work.chosen(people, "people"), column, sql)


def outcomes(lake: Lakehouse, rids: list[int], edits: Any = None) -> dict[int, tuple[str, list[str]]]:
    found = work.recheck(lake, "people", rids, edits)
    return {each.rid & 0xFFF: (each.outcome, [str(reason["rule"]) for reason in each.reasons]) for each in found}


def test_a_recheck_says_what_would_become_of_these_rows_and_stores_nothing(people: Lakehouse) -> None:
    rids = work.chosen(people, "people")
    expected = {
        2: ("fails", ["age_range"]),
        3: ("fails", ["cast"]),
        4: ("fails", ["age_range", "named"]),
        5: ("fails", ["malformed", "named"]),
    }
    assert {k: v[0] for k, v in outcomes(people, rids).items()} == {k: v[0] for k, v in expected.items()}
    assert outcomes(people, [rid(4)]) == {4: expected[4]}
    tried = outcomes(people, rids, {rid(2): {"age": "85"}, rid(4): {"age": "5"}, rid(3): {"age": "300"}})
    assert tried[2] == ("passes", [])
    assert tried[3] == ("fails", ["age_range"])
    assert tried[4] == ("fails", ["named"])
    assert people.decisions.current() == []
    assert work.listing(people, "people").states["open"] == 4
    work.waive_many(people, "people", [rid(4)], "known", ["named"])
    assert outcomes(people, [rid(4)], {rid(4): {"age": "5"}}) == {4: ("passes", [])}, "with what was decided"


def test_a_recheck_says_what_it_cannot_know(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, keys=["id"])
    promote(
        lake,
        SPEC.replace(
            "rules:",
            "steps:\n- {id: twins, kind: dedup, match_mode: exact, match_fields: [city]}\n"
            "- {id: far, kind: anomaly, numeric_fields: [age]}\n- {id: grown, kind: filter, sql: age > 17}\nrules:",
        ),
    )
    (found,) = work.recheck(lake, "people", [rid(2)], {rid(2): {"age": "85"}})
    assert (found.outcome, found.needs) == ("passes", ("twins (dedup)",)), "a score nobody asks for needs nothing"
    (young,) = work.recheck(lake, "people", [rid(2)], {rid(2): {"age": "8"}})
    assert (young.outcome, young.note) == ("leaves", "grown: filtered")
    (broken,) = work.recheck(lake, "people", [rid(5)], {rid(5): {"name": "Dijkstra", "age": "72"}})
    assert broken.outcome == "passes"
    assert any("newer version" in need for need in broken.needs)


def test_a_recheck_tells_of_a_rule_that_would_stop_the_promotion(people: Lakehouse) -> None:
    promote(people, SPEC + "- {id: short, kind: length, columns: [name], max: 7, action: fail}\n")
    (found,) = work.recheck(people, "people", [rid(2)], {rid(2): {"age": "85", "name": "Grace Hopper"}})
    assert found.outcome == "fails"
    assert "stop the whole promotion" in found.reasons[0]["message"]
    work.fix_many(people, "people", {rid(2): {"age": "85", "name": "Grace Hopper"}})
    with pytest.raises(GateError):
        work.replay(people, "people")
    assert silver(people) == [("1", 36), ("6", 70)]


def test_a_type_nobody_accepted_is_not_taken_for_granted(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path)
    workbench.promote(lake, "people", workbench.parse_promotion("schema: {id: string}"))
    (found,) = work.recheck(lake, "people", [rid(5)], {rid(5): {"age": "72"}})
    assert found.needs == ()
    promote(lake, "rules:\n- {id: there, kind: not_null, columns: [name]}\n")
    (found,) = work.recheck(lake, "people", [rid(4)], {rid(4): {"age": "old"}})
    assert found.needs == ("the type of age, which nobody has accepted",)


def test_a_promotion_whose_rules_were_not_kept_is_not_replayed_without_them(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path)
    spec = workbench.parse_promotion(SPEC)
    lake.silver.promote("people", spec.schema(lake.silver.infer("people")), spec.steps, spec.rules)
    before = silver(lake)
    for call in (lambda: work.replay(lake, "people"), lambda: work.recheck(lake, "people", [rid(2)])):
        with pytest.raises(ConfigError, match="rules that were not kept"):
            call()
    assert silver(lake) == before


def test_rows_superseded_by_a_newer_batch_are_not_promised(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, mode="snapshot")
    promote(lake)
    give(lake, tmp_path, "id,name,age,city\n9,Tony,80,Oxford\n", mode="snapshot")
    (found,) = work.recheck(lake, "people", [rid(2)], {rid(2): {"age": "85"}})
    assert (found.outcome, found.note) == ("leaves", "a newer batch of its source has replaced it")


AGES = st.one_of(st.none(), st.integers(-3, 140).map(str), st.sampled_from(["many", "", " 7 ", "1e2", "NA", "12.5"]))
EDITS = st.dictionaries(
    st.sampled_from([2, 3, 4, 5]),
    st.fixed_dictionaries({}, optional={"age": AGES, "name": st.sampled_from(["Alan", "", None, "  "])}).filter(bool),
    max_size=4,
)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakehouse]:
    folder = tmp_path_factory.mktemp("recheck")
    with Lakehouse.open(folder / "lake", actor="ann") as lake:
        give(lake, folder)
        promote(lake)
        yield lake


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_a_recheck_of_row_rules_equals_what_the_replay_then_does(copies: Lakehouse, edits: Any) -> None:
    wanted = {rid(ordinal): cells for ordinal, cells in edits.items()}
    rids = [rid(ordinal) for ordinal in (2, 3, 4, 5)]
    told = {each.rid: each for each in work.recheck(copies, "people", rids, wanted)}
    assert all(each.needs == () for each in told.values())
    made = work.fix_many(copies, "people", wanted) if wanted else []
    report = promote(copies).report
    assert report.rows_in == 6 == report.rows_out + sum(report.removed().values())
    aside = {row.rid: row for row in work.listing(copies, "people").rows}
    there = set(copies.scan("silver.people").collect()["_rid"])
    for each in rids:
        assert (told[each].outcome == "passes") == (each in there)
        assert (told[each].outcome == "fails") == (each in aside)
        if each in aside:
            reasons = [(reason["rule"], reason["column"] or "", reason["value"]) for reason in told[each].reasons]
            assert reasons == [(reason.rule, reason.column, reason.value) for reason in aside[each].reasons]
    for decision in made:
        copies.decisions.revoke(decision.id)


def test_the_life_of_a_row_is_told_in_order(people: Lakehouse) -> None:
    (first,) = work.fix_many(people, "people", {rid(2): {"age": "851"}}, "a guess")
    work.replay(people, "people")
    with Lakehouse.open(people.context.root, actor="bob") as again:
        work.fix_many(again, "people", {rid(2): {"age": "85"}}, "by telephone")
        done = work.replay(again, "people")
    events = work.history(people, "people", rid(2))
    assert [event.kind for event in events] == [
        *("arrived", "quarantined", "fixed", "quarantined", "fixed", "replayed", "now"),
    ]
    arrived, aside, guess, again_aside, fixed, replayed, now = events
    assert arrived.text == "arrived: line 3 of a.csv"
    assert arrived.source.endswith("a.csv")
    assert [reason["rule"] for reason in aside.reasons] == ["age_range"]
    assert (guess.before, guess.after, guess.actor, guess.reason) == ("850", "851", "ann", "a guess")
    assert again_aside.text == "set aside again"
    assert (fixed.before, fixed.after, fixed.actor) == ("851", "85", "bob")
    assert (replayed.run_id, replayed.actor) == (done.run_id, "bob")
    assert now.text == "in silver.people"
    times = [event.at for event in events if event.at is not None]
    assert times == sorted(times)
    assert guess.decision == "", "a later fix took its place"
    work.revoke(people, fixed.decision)
    back = work.history(people, "people", rid(2))
    assert [event.kind for event in back][-2:] == ["revoked", "now"]
    assert first.id in {event.decision for event in back}, "the earlier fix counts again"
    with pytest.raises(CatalogError, match="no row 7"):
        work.history(people, "people", 7)


def test_where_a_row_is_now(people: Lakehouse, tmp_path: Path) -> None:
    assert work.history(people, "people", rid(2))[-1].text == "in quarantine"
    assert [event.kind for event in work.history(people, "people", rid(1))] == ["arrived", "now"]
    give(people, tmp_path, "id,name,age,city\n1,Ada,37,London\n", "b.csv", keys=["id"])
    promote(people)
    assert work.history(people, "people", rid(1))[-1].text == f"latest: merged:version into {rid(1, 2)}"
    promote(people, SPEC.replace("max: 130", "max: 900"))
    released = work.history(people, "people", rid(2))
    assert [event.kind for event in released][-2:] == ["released", "now"]


def test_elements_of_a_row_are_one_row_and_groups_cannot_be_fixed(lake: Lakehouse, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps([{"id": "1", "parts": ["a", "b", "ok"]}, {"id": "2", "parts": ["ok"]}]), encoding="utf-8"
    )
    lake.bronze.ingest(JSONSource(str(tmp_path / "a.json")), "people")
    split = "schema: {id: string, parts: array}\nsteps:\n- {id: each, kind: explode, columns: [parts]}\n"
    rule = "rules:\n- {id: long, kind: length, columns: [parts], min: 2}\n"
    promote(lake, split + rule)
    found = work.listing(lake, "people")
    assert [(row.rid, len(row.reasons)) for row in found.rows] == [(rid(1), 2)]
    assert work.recheck(lake, "people", [rid(1)])[0].outcome == "fails"
    (fixed,) = work.recheck(lake, "people", [rid(1)], {rid(1): {"parts": '["aa","bb"]'}})
    assert fixed.outcome == "passes"
    grouped = (
        "schema: {id: string, parts: string}\nsteps:\n"
        "- {id: all, kind: aggregate, group_by: [], aggregations: {n: {function: count, field: '*'}}}\n"
        "rules:\n- {id: many, kind: range, columns: [n], min: 10}\n"
    )
    promote(lake, grouped)
    (group,) = work.listing(lake, "people").rows
    assert (group.rid, group.state) == (None, "open")
    assert "made of several rows" in group.obstacle
    assert group.entered == {"n": "2"}
    assert work.chosen(lake, "people") == []


def test_bronze_rolled_back_leaves_rows_that_cannot_be_fixed(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,name,age,city\n1,Ada,36,London\n", "first.csv")
    snapshot = lake.history("bronze.people")[-1].id
    give(lake, tmp_path)
    promote(lake)
    lake.rollback("bronze.people", snapshot)
    found = work.listing(lake, "people").rows
    assert {row.obstacle for row in found} == {"Bronze no longer holds this row, so there is nothing to fix."}
    assert [row.cells["id"] for row in found] == ["2", "3", "4", "5"]


def test_a_table_without_quarantine_has_nothing_to_show(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path, "id,name,age,city\n1,Ada,36,London\n")
    assert work.listing(lake, "people").total == 0
    assert work.aside_counts(lake) == {}
    promote(lake)
    found = work.listing(lake, "people")
    assert (found.total, found.rows, found.reasons, found.pages) == (0, [], [], 1)
    assert work.aside_counts(lake) == {"people": 0}


def test_a_decision_before_the_promotion_that_applied_it_does_not_wait(lake: Lakehouse, tmp_path: Path) -> None:
    give(lake, tmp_path)
    work.fix_many(lake, "people", {rid(2): {"age": "85"}})
    assert work.listing(lake, "people").waiting == 1
    promote(lake)
    assert work.listing(lake, "people").waiting == 0
    assert work.listing(lake, "people").states["replayed"] == 0, "it never was set aside"
    assert silver(lake) == [("1", 36), ("2", 85), ("6", 70)]
