"""What each rule found, run by run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from automic_core import CSVSource, Lakehouse, cli, load_rules, workbench
from automic_core.workbench.promotions import parse_promotion

RULES = """
rules:
- {id: age, kind: range, columns: [age], min: 0, max: 130}
- {id: name, kind: not_null, columns: [name]}
- {id: old, kind: range, columns: [age], max: 80, action: warn}
- {id: once, kind: unique, columns: [name], action: warn}
"""
FIRST = "id,name,age\n1,Ada,36\n2,,-5\n3,Bob,99\n"
SECOND = "id,name,age\n4,Ada,200\n5,Eve,20\n"


def test_history_is_exact_and_survives_a_lost_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = tmp_path / "lake"
    with Lakehouse.open(where) as lake:
        assert workbench.rule_history(lake, "people") == {}
        for number, text in enumerate((FIRST, SECOND)):
            (tmp_path / f"{number}.csv").write_text(text, encoding="utf-8")
            lake.bronze.ingest(CSVSource(str(tmp_path / f"{number}.csv")), "people", keys=["id"])
            workbench.promote(lake, "people", parse_promotion(RULES))
        found = workbench.rule_history(lake, "people")
    told = {rule: [(each.failing, each.judged) for each in points] for rule, points in found.items()}
    assert told == {
        "cast": [(0, 3), (0, 5)],
        "age": [(1, 3), (2, 5)],
        "name": [(1, 3), (1, 5)],  # the row that also breaks the rule before it counts here too
        "old": [(1, 2), (1, 3)],
        "once": [(0, 1), (0, 1)],
    }
    assert [each.at for each in found["age"]] == sorted(each.at for each in found["age"])
    for file in where.glob("state*"):
        file.unlink()
    with Lakehouse.open(where) as lake:
        again = workbench.rule_history(lake, "silver.people")
    assert {rule: [(each.failing, each.judged) for each in points] for rule, points in again.items()} == told
    assert cli.run(["rule-history", "people", "--lake", str(where), "--json"]) == 0
    assert [each["failing"] for each in json.loads(capsys.readouterr().out)["age"]] == [1, 2]
    assert cli.run(["rule-history", "people", "--lake", str(where)]) == 0
    assert "once" in capsys.readouterr().out


def test_rules_on_the_table_say_what_they_found(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\n1,Ada\n2,Ada\n", encoding="utf-8")
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(tmp_path / "a.csv")), "people")
        rules = load_rules("- {id: once, kind: unique, columns: [name], action: warn}")
        lake.silver.promote("people", rules=rules)
        (point,) = workbench.rule_history(lake, "people")["once"]
    assert (point.failing, point.judged, point.said) == (1, 1, "1 row repeats name: Ada")
