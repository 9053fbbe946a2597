"""Why a row was flagged, in words: the reason, and how its value stands among the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from automic_core import cli, workbench
from automic_core.assist.flagging import Flag, by_rules, merged
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.workbench import quarantining
from tests.llm.server import Server, running, says

OTHERS = pl.DataFrame(
    {
        "amount": [float(n) for n in range(1, 101)],
        "country": ["Germany", "France"] * 50,
        "code": [f"AB-{n:03d}" for n in range(100)],
        "phone": [None if n < 2 else "1" for n in range(100)],
    }
)


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (Flag("limit", "amount", "5000", "amount is above 100"),
         "amount is above 100 (it is '5000'). Half of the 100 others lie between 26 and 75, the middle is 51. None of"),
        (Flag("limit", "amount", "n/k", "amount is no number"), "It cannot be read as a number."),
        (Flag("set", "country", "Grmany", "country is none of Germany, France"),
         "The 100 others have one of 2 values. The nearest of them is 'Germany', in 50 rows."),
        (Flag("form", "code", "AB7", "code does not match"), "100 of the"),
        (Flag("null", "phone", None, "phone is missing"), "98.0% of the other 100 rows have a value there."),
        (Flag("malformed", "", "a,b", "line 3: 2 fields, expected 5"), "Line 3: 2 fields, expected 5 (it is 'a,b')."),
    ],
)  # fmt: skip
def test_by_rules(flag: Flag, said: str) -> None:
    explanation = by_rules([flag], OTHERS)
    if flag.rule == "form":
        said = "The 100 others have one of 100 values"
    assert said in explanation.sentences[0]
    assert flag.value is None or len(flag.value) < 4 or flag.value not in explanation.facts[0]


def test_what_is_shared_and_what_differs() -> None:
    row = {"name": "ANNA", "mail": "a@b.c", "city": "Oslo", "fax": "1", "_rid": 4}
    other = {"name": "Anna", "mail": "a@b.c", "city": "Bergen", "fax": None, "_rid": 2}
    assert merged(row, other) == "has the same name, mail, differs in city, knows fax, which the other does not"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def lake(tmp_path: Path, server: Server) -> Iterator[Lakehouse]:
    root = workbench.create(tmp_path / "lake").path
    text = f"llm: {{mode: local, provider: compatible, model: small, api_base: '{server.url}'}}\n"
    (root / "automic.yaml").write_text(f"lakehouse: {{name: lake}}\n{text}")
    file = tmp_path / "people.csv"
    lines = [f"{n},person{n}@example.org,{20 + n}" for n in range(40)]
    file.write_text(
        "\n".join(["id,mail,age", *lines, "40,secret@example.org,4000", "41,person3@example.org,23"]) + "\n"
    )
    with workbench.opened(root, "ann") as opened:
        workbench.ingest(opened, workbench.build_source(str(file)), "people", keys=["id"])
        rules = "rules: [{id: r, kind: range, columns: [age], max: 120}]"
        steps = "steps: [{id: d, kind: dedup, match_fields: [mail]}]"
        workbench.promote(opened, "people", workbench.parse_promotion(f"{steps}\n{rules}\n"))
        yield opened


def test_rows_of_a_lake(lake: Lakehouse) -> None:
    (aside,) = quarantining.listing(lake, "people").rows
    assert aside.rid is not None
    found = workbench.explain_row(lake, "people", aside.rid)
    (said,) = found.sentences
    assert said.startswith("age is above 120 (it is '4000'). Half of the 40 others lie between 30 and 49,")
    assert said.endswith("None of them is as large.")
    gone = workbench.explain_row(lake, "people", aside.rid + 1)
    assert "It was merged into row" in gone.sentences[0]
    assert "it has the same mail, age, differs in id" in gone.sentences[0]
    assert workbench.explain_row(lake, "people", aside.rid - 1).sentences == []
    with pytest.raises(ConfigError, match="neither in quarantine nor in silver"):
        workbench.explain_row(lake, "people", 7)


def test_the_command(lake: Lakehouse, capsys: pytest.CaptureFixture[str]) -> None:
    (aside,) = quarantining.listing(lake, "people").rows
    place = ["--lake", str(lake.context.root)]
    assert cli.run(["why", "people", str(aside.rid), *place]) == 0
    assert "age is above 120 (it is '4000')" in " ".join(capsys.readouterr().out.split())
    assert cli.run(["why", "people", str((aside.rid or 0) - 1), *place]) == 0
    assert "Nothing was found wrong" in capsys.readouterr().out
    assert cli.run(["why", "people", "7", *place]) == cli.WRONG_USE


@pytest.mark.skipif(find_spec("litellm") is None, reason="LiteLLM is not installed: automic[llm]")
def test_a_model_says_it_otherwise_or_not_at_all(lake: Lakehouse, server: Server) -> None:
    (aside,) = quarantining.listing(lake, "people").rows
    assert aside.rid is not None
    (plan,) = workbench.explain_plan(lake, "people", aside.rid)
    server.replies = [says(json.dumps({"explanation": "The age is far larger than any of the 40 others."}))]
    found = workbench.explain_row(lake, "people", aside.rid, model=True)
    assert (found.by, found.sentences) == ("model", ["The age is far larger than any of the 40 others."])
    sent = json.dumps(server.asked[0]["messages"])
    assert server.asked[0]["messages"] == plan.sent["messages"]
    assert "4000" not in sent
    assert "secret" not in sent
    other = workbench.explain_row(lake, "people", aside.rid + 1, model=False)
    assert other.by == "rules"


@pytest.mark.skipif(find_spec("litellm") is None, reason="LiteLLM is not installed: automic[llm]")
def test_a_model_that_invents_a_number_is_not_shown(lake: Lakehouse, server: Server) -> None:
    (aside,) = quarantining.listing(lake, "people").rows
    assert aside.rid is not None
    server.replies = [says('{"explanation": "It is above the limit of 999."}')]
    assert workbench.explain_row(lake, "people", aside.rid, model=True).by == "rules"
