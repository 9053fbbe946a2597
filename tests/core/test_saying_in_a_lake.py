"""What a person says of a table of a lake: read against its draft, accepted as one undo point, by page and command."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from automic_core import cli, workbench
from automic_core.lake import Lakehouse
from tests.kept import Kept

ORDERS = "order_id,customer_id,amount\n" + "".join(f"{n},{n % 12},{n - 2}.50\n" for n in range(1, 31))
CUSTOMERS = "id,name\n" + "".join(f"{n},Person {n}\n" for n in range(11))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("shop")
    with workbench.opened(workbench.create(folder / "lake").path, "ann") as opened:
        for name, text, key in (("orders", ORDERS, "order_id"), ("customers", CUSTOMERS, "id")):
            file = folder / f"{name}.csv"
            file.write_text(text)
            workbench.ingest(opened, workbench.build_source(str(file)), name, keys=[key])
        workbench.promote(opened, "customers")
    return Kept(folder)


@pytest.fixture
def lake(kept: Kept) -> Iterator[Lakehouse]:
    with workbench.opened(kept.again() / "lake", "ann") as opened:
        yield opened


def test_every_order_has_a_customer(lake: Lakehouse) -> None:
    found = workbench.say(lake, "orders", workbench.draft(lake, "orders").data, "every order has a customer")
    (rule,) = found.staged
    assert (rule.kind, rule.options["columns"]) == ("foreign_key", ["customer_id"])
    assert (rule.options["table"], rule.options["right_on"]) == ("silver.customers", ["id"])
    assert (rule.of - rule.agree, rule.of) == (2, 30)
    assert rule.counter == ["row 11: 11", "row 23: 11"]


def test_accepting_is_one_undo_point_and_runs_as_it_was_tried(lake: Lakehouse) -> None:
    before = workbench.draft(lake, "orders")
    said = "drop rows where amount is negative; rename amount to total. Total must be at most 20"
    found = workbench.say(lake, "orders", before.data, said)
    assert [(each.group, each.kind) for each in found.staged] == [
        ("step", "filter"),
        ("step", "rename"),
        ("rule", "range"),
    ]
    edit = workbench.staged_edit(before.data, found.staged, said)
    saved = workbench.save_draft(lake, "orders", edit.data, before.version, edit.label)
    assert saved.undo_label.startswith("Say: drop rows where amount is negative")
    spec = workbench.parse_promotion(saved.text)
    done = workbench.promote(lake, "orders", spec).report.to_dict()
    ledger = {line["id"]: line for line in done["steps"]}
    assert sum(ledger["filter"]["removed"].values()) == found.staged[0].removed == 1
    assert sum(ledger["rules"]["removed"].values()) == found.staged[2].of - found.staged[2].agree == 9
    assert workbench.undo(lake, "orders", saved.version).data == before.data


def test_a_second_text_is_read_against_the_draft(lake: Lakehouse) -> None:
    first = workbench.staged_edit(
        (data := workbench.draft(lake, "orders").data),
        workbench.say(lake, "orders", data, "rename order_id to ticket").staged,
        "x",
    )
    assert workbench.say(lake, "orders", first.data, "ticket is never missing").staged[0].options == {
        "columns": ["ticket"]
    }
    assert not workbench.say(lake, "orders", first.data, "cast order_id to text").staged


def test_the_command(lake: Lakehouse, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--lake", str(lake.context.root)]
    assert cli.run(["suggest", "orders", "--say", "amount must not be negative", *place]) == 0
    out = capsys.readouterr().out
    assert "amount is not negative (rule range): 1 of 30 rows break it" in out
    assert "Nothing is changed" in out
    assert not workbench.draft(lake, "orders").data["rules"]
    assert cli.run(["suggest", "orders", "--say", "amount must not be negative", "--accept", *place, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["staged"][0]["options"] == {"columns": ["amount"], "min": 0}
    assert workbench.draft(lake, "orders").data["rules"][0]["kind"] == "range"
    assert cli.run(["suggest", "orders", "--say", "make it nice", *place]) == 1
    assert "Not done: make it nice. I do not know what this means." in capsys.readouterr().out
    assert cli.run(["suggest", "orders", *place]) == 0
    assert cli.run(["suggest", "orders", "--accept", *place]) == 2
