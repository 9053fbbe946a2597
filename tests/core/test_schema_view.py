"""The schema under decision: proposals with evidence, what a change costs, and decisions in the draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
import pytest

from automic_core import workbench
from automic_core.errors import ConfigError, ConflictError
from automic_core.inference import infer
from automic_core.lake import Lakehouse
from automic_core.workbench import schema_rows, schemas
from automic_core.workbench.drafts import draft, save_draft, undo
from automic_core.workbench.fields import TYPES, FieldChange, entry_of, typed
from automic_core.workbench.promotions import parse_promotion, promotion_of
from automic_core.workbench.schema_costs import chosen, cost, costs, suggested
from automic_core.workbench.schema_details import column_detail
from automic_core.workbench.schema_edits import accept_fields, change_label, changed_draft, drop_fields, final_names
from automic_core.workbench.schemas import schema_view
from tests.kept import Kept

ROWS = 60
COUNTRIES = ("DE", "FR", "ES", "IT", "PL", "US")


def line(i: int) -> str:
    """A record: codes with zeros, three amounts that are none, days that read in two ways, one mail that is none."""
    amount = {10: '"1.100,00"', 20: "n/k", 30: "€ 5"}.get(i, f"+{i}.5" if i % 10 == 0 else f"{i}.50")
    mail = "nobody" if i == 5 else f"p{i}@example.org"
    born = "" if i % 15 == 0 else f"{1950 + i % 50}-0{1 + i % 9}-1{i % 9}"
    day = f"0{1 + i % 9}/0{1 + i % 8}/2024"
    return f"{i:05d},{amount},{day},{mail},{COUNTRIES[i % 6]},{born},{'yes' if i % 3 else 'no'}"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("deals")
    file = folder / "deals.csv"
    records = [line(i) for i in range(1, ROWS + 1)]
    file.write_text("id,amount,day,email,country,born,paid\n" + "\n".join(records) + "\n", encoding="utf-8")
    with workbench.opened(workbench.create(folder / "lake").path, "tester") as made:
        workbench.ingest(made, workbench.build_source(str(file)), "deals")
    return Kept(folder)


@pytest.fixture
def lake(kept: Kept) -> Iterator[Lakehouse]:
    with workbench.opened(kept.again() / "lake", "tester") as found:
        yield found


def quarantined(lake: Lakehouse, data: Mapping[str, object], table: str = "deals") -> int:
    """What the typing step of a real promotion puts in quarantine."""
    promotion = lake.silver.stage(table, promotion_of(data).schema(lake.silver.infer(table)))
    try:
        return next(step for step in promotion.report.steps if step.id == "cast").removed.get("quarantined:cast", 0)
    finally:
        promotion.discard()


def test_rows_that_could_not_be_read_are_counted_apart(lake: Lakehouse, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text("id,amount,day,email,country,born,paid\n" + f"{line(61)}\nx,y\n", encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(file)), "deals")
    view = schema_view(lake, "bronze.deals")
    assert view.sample == "all 61 rows that could be read; 1 that could not is left out"


def test_a_single_row_is_no_plural(lake: Lakehouse, tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("id\n7\n", encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(file)), "one")
    assert schema_view(lake, "bronze.one").sample == "the only row"


def test_what_is_proposed_and_why(lake: Lakehouse) -> None:
    view = schema_view(lake, "bronze.deals")
    found = {column.name: column for column in view.columns}
    assert list(found) == ["id", "amount", "day", "email", "country", "born", "paid"]
    assert view.sample == "all 60 rows"
    assert {name: each.field.described for name, each in found.items()} == {
        "id": "text",
        "amount": "float",
        "day": "text",
        "email": "text",
        "country": "text",
        "born": "date",
        "paid": "boolean yes/no",
    }
    assert found["id"].facts.reason == "Kept as text: 60 values have leading zeros, e.g. '00001'"
    meanings = {name: each.facts.meaning.name for name, each in found.items()}
    assert meanings["email"] == "email address"
    assert (meanings["country"], meanings["id"]) == ("country code", "identifier")
    assert (meanings["amount"], meanings["born"], meanings["paid"]) == ("amount of money", "date", "yes or no")
    assert found["email"].facts.meaning.share == pytest.approx(59 / 60)
    assert found["country"].facts.meaning.share == 1.0


def test_what_needs_a_decision(lake: Lakehouse) -> None:
    view = schema_view(lake, "bronze.deals")
    needs = {column.name: column.need for column in view.columns if column.need}
    assert needs == {
        "amount": "3 values do not fit float: quarantine, or keep text?",
        "day": "Two readings are as good: choose one, or keep text.",
    }
    assert view.open == 2
    assert "day" not in view.proposals, "nothing can be accepted where two readings are as good"
    only = schema_view(lake, "bronze.deals", only_open=True)
    assert [column.name for column in only.columns] == ["amount", "day"]


def test_quality_adds_up_to_one(lake: Lakehouse) -> None:
    found = {column.name: column for column in schema_view(lake, "bronze.deals").columns}
    for column in found.values():
        assert sum(column.quality) == pytest.approx(1.0)
    assert found["amount"].quality == pytest.approx((57 / 60, 0.0, 3 / 60))
    assert found["born"].quality == pytest.approx((56 / 60, 4 / 60, 0.0))
    assert found["amount"].fits == pytest.approx(57 / 60)


def test_counter_examples_name_what_they_are_against(lake: Lakehouse) -> None:
    found = {column.name: column.facts for column in schema_view(lake, "bronze.deals").columns}
    assert (found["amount"].against, found["amount"].counter[0]) == ("float", ("1.100,00", 1))
    assert (found["email"].against, found["email"].counter) == ("email", [("nobody", 1)])
    zips = infer(pl.DataFrame({"zip": ["00123", "12345", "23456"] * 10})).columns[0]
    assert (str(zips.type), zips.against) == ("string", "integer"), "fits text, and shows what speaks against integer"


def test_cost_is_exactly_what_a_promotion_does(lake: Lakehouse) -> None:
    changes = {
        "amount": FieldChange("decimal", None, 10, 2),
        "day": FieldChange("date", "%d/%m/%Y"),
        "id": FieldChange("integer"),
        "born": FieldChange("integer"),
    }
    for column, change in changes.items():
        measured = cost(lake, "deals", column, change)
        data = changed_draft({}, {column: change}, schema_rows.schema_columns(lake, "deals"))
        assert measured.after == quarantined(lake, data), column
        assert measured.before == quarantined(lake, {}) == 0
    together = costs(lake, "deals", changes)
    data = changed_draft({}, changes, schema_rows.schema_columns(lake, "deals"))
    assert together.after == quarantined(lake, data) == ROWS
    assert sum(each.misfits for each in together.columns) > together.after, "a row with two misfits counts once"


def test_cost_with_keys_broken_records_and_decisions_is_what_a_promotion_does(lake: Lakehouse, tmp_path: Path) -> None:
    for name, text in (("a", "k,n\n1,5\n2,x\n3,y\n4,9,9,9\n5,z\n"), ("b", "k,n\n3,6\n2,w\n")):
        file = tmp_path / f"{name}.csv"
        file.write_text(text, encoding="utf-8")
        workbench.ingest(lake, workbench.build_source(str(file)), "parts", keys=["k"])
    change = FieldChange("integer")
    before = cost(lake, "parts", "n", change)
    data = {"schema": {"n": "integer"}}
    assert before.after == quarantined(lake, data, "parts") == 2
    waived = next(each for each in before.of("n").examples if each.value == "z")
    workbench.promote(lake, "parts", promotion_of(data))
    workbench.waive(lake, "parts", waived.rid, ["cast"], "known")
    after = cost(lake, "parts", "n", change)
    assert after.after == quarantined(lake, data, "parts") == 1
    assert after.of("n").misfits == 2, "the value still does not fit"


def test_cost_shows_values_with_their_lines(lake: Lakehouse) -> None:
    measured = cost(lake, "deals", "amount", FieldChange("float")).of("amount")
    assert [(each.value, each.where) for each in measured.examples] == [
        ("1.100,00", "deals.csv line 11"),
        ("n/k", "deals.csv line 21"),
        ("€ 5", "deals.csv line 31"),
    ]
    assert (measured.misfits, measured.values, measured.share) == (3, 60, 0.05)


def test_cost_counts_values_that_would_change_their_text(lake: Lakehouse) -> None:
    measured = cost(lake, "deals", "amount", FieldChange("decimal", None, 10, 2)).of("amount")
    assert measured.changed == 3
    assert measured.altered[0] == ("+40.5", "40.50")
    assert cost(lake, "deals", "born", FieldChange("date")).of("born").changed == 0


def test_cost_of_what_may_not_be_empty(lake: Lakehouse) -> None:
    measured = cost(lake, "deals", "born", FieldChange("date", nullable=False))
    assert (measured.after, measured.missing) == (0, 4)
    data = changed_draft({}, {"born": FieldChange("date", nullable=False)}, schema_rows.schema_columns(lake, "deals"))
    promoted = workbench.promote(lake, "deals", promotion_of(data))
    assert sum(promoted.quarantined.values()) == 4


def test_cost_compares_with_the_draft_as_it_stands(lake: Lakehouse) -> None:
    accept_fields(lake, "deals", {"amount": FieldChange("float")}, 0, "amount: text to float")
    back = cost(lake, "deals", "amount", FieldChange("string"))
    assert (back.before, back.after) == (3, 0)


def test_accepting_is_one_undo_point(lake: Lakehouse) -> None:
    view = schema_view(lake, "deals")
    amount = view.columns[1].field
    wanted = FieldChange("decimal", None, 10, 2)
    label = change_label("amount", FieldChange(), wanted)
    assert label == "amount: text to decimal(10, 2)"
    saved = accept_fields(lake, "deals", {"amount": wanted}, view.version, label)
    assert saved.data["schema"] == {"amount": {"type": "decimal", "precision": 10, "scale": 2}}
    assert saved.undo_label == label
    column = schema_view(lake, "deals").columns[1]
    assert (column.accepted, column.field.label, column.fits, column.need) == (True, "decimal(10, 2)", 0.95, "")
    undo(lake, "deals", saved.version)
    column = schema_view(lake, "deals").columns[1]
    assert (column.accepted, column.field) == (False, amount)


def test_all_proposals_at_once_are_what_is_promoted(lake: Lakehouse) -> None:
    view = schema_view(lake, "deals")
    saved = accept_fields(lake, "deals", view.proposals, view.version, "Accept 6 proposals")
    assert quarantined(lake, saved.data) == 3
    assert schema_view(lake, "deals").proposals == {}
    promoted = workbench.promote(lake, "deals", parse_promotion(saved.text))
    assert (promoted.schema["amount"], promoted.schema["id"]) == ("float", "string")
    kept = lake.scan("silver.deals").select(pl.col("id").min()).collect().item()
    assert kept == "00001"


def test_a_stale_version_is_refused(lake: Lakehouse) -> None:
    accept_fields(lake, "deals", {"id": FieldChange()}, 0, "id: text accepted")
    with pytest.raises(ConflictError):
        accept_fields(lake, "deals", {"day": FieldChange("date")}, 0, "day: text to date")
    assert draft(lake, "deals").data["schema"] == {"id": "string"}


def test_decisions_can_be_taken_back(lake: Lakehouse) -> None:
    saved = save_draft(lake, "deals", {"schema": {"id": "string", "old": "date"}}, 0, "by hand")
    assert schema_view(lake, "deals").gone == ["old"]
    saved = drop_fields(lake, "deals", ["old"], saved.version, "old is not decided")
    assert saved.data["schema"] == {"id": "string"}


def test_a_new_name_reaches_rules_and_may_be_changed_again(lake: Lakehouse) -> None:
    rules = "rules: [{id: r1, kind: not_null, columns: [amount, id]}, {id: r2, kind: sql, sql: 'amount IS NULL'}]"
    save_draft(lake, "deals", {"rules": parse_rules(rules)}, 0, "rules")
    change = FieldChange("string", nullable=False, name="total")
    assert cost(lake, "deals", "amount", change).of("amount").notes == [
        "Rule r2 names amount inside its SQL; change it on the Rules page.",
        "1 rule follows the new name.",
    ]
    saved = accept_fields(lake, "deals", {"amount": change}, 1, "amount: called total")
    assert saved.data["steps"] == [{"id": "rename", "kind": "rename", "columns": {"amount": "total"}}]
    assert saved.data["rules"][0]["columns"] == ["total", "id"]
    saved = accept_fields(lake, "deals", {"amount": FieldChange(name="sum")}, saved.version, "again")
    assert saved.data["steps"][0]["columns"] == {"amount": "sum"}
    assert saved.data["rules"][0]["columns"] == ["id"], "it may be empty again, so no rule asks for it"
    back = accept_fields(lake, "deals", {"amount": FieldChange(name="amount")}, saved.version, "back")
    assert back.data["steps"] == []


def parse_rules(text: str) -> list[dict[str, object]]:
    from automic_core.workbench.promotions import promotion_data

    return list(promotion_data(text)["rules"])


def test_names_that_cannot_be(lake: Lakehouse) -> None:
    for name, said in (("id", "Two columns"), ("_rid", "cannot be a column")):
        with pytest.raises(ConfigError, match=said):
            cost(lake, "deals", "amount", FieldChange(name=name))
    with pytest.raises(ConfigError, match="no column 'nope'"):
        cost(lake, "deals", "nope", FieldChange())


def test_names_may_be_swapped() -> None:
    data = changed_draft({}, {"a": FieldChange(name="b"), "b": FieldChange(name="a")}, ["a", "b"])
    assert final_names(data, ["a", "b"]) == {"a": "b", "b": "a"}


def test_the_best_format_is_found(lake: Lakehouse) -> None:
    assert suggested(lake, "deals", "day", FieldChange("date")).format == "%d/%m/%Y"
    assert suggested(lake, "deals", "amount", FieldChange("decimal")) == FieldChange("decimal", None, 6, 2)
    assert suggested(lake, "deals", "paid", FieldChange("boolean")).format is None


def test_types_in_words() -> None:
    assert typed("decimal(12, 4)", FieldChange()) == FieldChange("decimal", None, 12, 4)
    assert typed("text", FieldChange("date", "%d/%m/%Y", nullable=False)) == FieldChange(nullable=False)
    assert entry_of("a", {"type": "decimal", "precision": 8, "scale": 1}).label == "decimal(8, 1)"
    for wrong in ("decimal(2, 4)", "decimal(50, 2)", "money"):
        with pytest.raises(ConfigError):
            typed(wrong, FieldChange())
    assert all(typed(label, FieldChange()).label == label for label in TYPES)


def test_a_column_in_full(lake: Lakehouse) -> None:
    detail = column_detail(lake, "deals", "amount", FieldChange("float"))
    assert (detail.values, detail.misfits, detail.changed) == (60, 3, 3)
    assert detail.sample == "all 60 rows"
    assert sum(detail.bins.counts) == 57
    assert (detail.ranks["min"], detail.ranks["max"]) == ("1.5", "60.5")
    assert [each.where for each in detail.examples] == ["deals.csv line 11", "deals.csv line 21", "deals.csv line 31"]
    text = column_detail(lake, "deals", "id", FieldChange())
    assert text.shapes == [("99999", 1.0, "00001")]
    assert (text.lengths, text.misfits, text.bins.counts) == ((5, 5, 5), 0, [])
    dates = column_detail(lake, "deals", "born", FieldChange("date"))
    assert sum(dates.bins.counts) == 56
    assert dates.ranks["min"].startswith("195")


def test_columns_that_come_with_a_type(lake: Lakehouse, tmp_path: Path) -> None:
    file = tmp_path / "typed.parquet"
    pl.DataFrame({"n": [1, 2, None], "tags": [["a"], ["b"], None], "f": [0.5, 1e300, float("nan")]}).write_parquet(file)
    workbench.ingest(lake, workbench.build_source(str(file)), "typed")
    view = schema_view(lake, "typed")
    assert [column.field.type for column in view.columns] == ["integer", "array", "float"]
    assert view.open == 0
    assert column_detail(lake, "typed", "n", FieldChange("integer")).values == 2
    assert column_detail(lake, "typed", "tags", FieldChange("array")).top == []
    measured = cost(lake, "typed", "f", FieldChange("integer"))
    assert measured.after == quarantined(lake, {"schema": {"f": "integer"}}, "typed")


def test_large_tables_are_sampled_and_say_so(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "CELLS", 140)
    view = schema_view(lake, "deals")
    assert view.sample.endswith(" rows spread over 60")
    assert 5 <= view.columns[0].facts.rows <= 40
    assert cost(lake, "deals", "amount", FieldChange("float")).after == 3, "cost is counted on all rows"


def test_a_sample_has_no_rhythm() -> None:
    rows = pl.LazyFrame({"_rid": pl.int_range(90_000, eager=True)})
    chosen = schema_rows.spread(rows, 6).collect()["_rid"]
    assert 13_000 < len(chosen) < 17_000
    assert sorted((chosen % 6).unique()) == [0, 1, 2, 3, 4, 5]


def test_many_columns_come_in_pages(lake: Lakehouse, tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    names = [f"c{i}" for i in range(250)]
    file.write_text("\n".join([",".join(names), *(",".join(str(i * r) for i in range(250)) for r in range(5))]))
    workbench.ingest(lake, workbench.build_source(str(file)), "wide")
    first, last = schema_view(lake, "wide"), schema_view(lake, "wide", page=3)
    assert (len(first.columns), first.found, first.all_columns) == (100, 250, 250)
    assert [column.name for column in last.columns] == names[200:]
    searched = schema_view(lake, "wide", search="C24")
    assert searched.found == 11


def test_odd_names_of_columns(lake: Lakehouse, tmp_path: Path) -> None:
    file = tmp_path / "odd.csv"
    file.write_text('<b>x</b>,"a b",a$,cast\n01,1,q,x\n02,2,r,1\n', encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(file)), "odd")
    view = schema_view(lake, "odd")
    assert [column.name for column in view.columns] == ["<b>x</b>", "a b", "a$", "cast"]
    for column in view.columns:
        assert cost(lake, "odd", column.name, FieldChange("string")).after == 0
        assert column_detail(lake, "odd", column.name, column.field).values == 2


def test_an_empty_table(lake: Lakehouse, tmp_path: Path) -> None:
    file = tmp_path / "none.csv"
    file.write_text("a,b\n", encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(file)), "none")
    view = schema_view(lake, "none")
    assert [(column.facts.meaning.name, column.quality) for column in view.columns] == [("empty", (0.0, 0.0, 0.0))] * 2
    assert column_detail(lake, "none", "a", FieldChange()).values == 0
    assert cost(lake, "none", "a", FieldChange("date")).rows == 0


def test_a_type_in_words_gets_the_format_that_fits(lake: Lakehouse) -> None:
    assert chosen(lake, "deals", "day", "date", FieldChange()).described == "date %d/%m/%Y"
    assert chosen(lake, "deals", "amount", "decimal(12, 2)", FieldChange()).label == "decimal(12, 2)"
    assert chosen(lake, "deals", "amount", "decimal", FieldChange(name="sum")) == FieldChange(
        "decimal", None, 6, 2, name="sum"
    )
    kept = FieldChange("date", "%Y-%m-%d", nullable=False)
    assert chosen(lake, "deals", "born", "date", kept) == kept


def test_words_that_mean_none_are_named_before_and_after(lake: Lakehouse, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("id,n,t\n1,5,n/a\n2,N/A,x\n3, - ,y\n4,,z\n5,n/a,-\n6,07,w\n", encoding="utf-8")
    workbench.ingest(lake, workbench.build_source(str(file)), "items")
    before = costs(lake, "items", {"n": FieldChange("float"), "t": FieldChange()})
    told = "3 values that mean none ('-', 'N/A', 'n/a') become empty"
    assert before.sentence == f"1 row of 6 would go to quarantine; {told}"
    assert (before.of("n").emptied, before.of("t").emptied) == (3, 0), "text keeps them"
    only = costs(lake, "items", {"n": FieldChange("string")})
    assert only.sentence == "It costs nothing: every value fits and keeps what it says"
    promotion = lake.silver.stage("items", promotion_of({"schema": {"n": "float"}}))
    assert f"n: {told}." in promotion.report.notes
    promotion.discard()


def test_the_cost_in_a_sentence(lake: Lakehouse) -> None:
    said = {
        "3 rows of 60 would go to quarantine": {"amount": FieldChange("float")},
        "4 rows of 60 would go to quarantine": {"born": FieldChange("date", nullable=False)},
        "It costs nothing: every value fits and keeps what it says": {"id": FieldChange()},
    }
    for sentence, changes in said.items():
        assert costs(lake, "deals", changes).sentence == sentence
    accepted = {"schema": {"amount": "float"}}
    other = {"amount": FieldChange("decimal", None, 12, 2)}
    assert costs(lake, "deals", other, data=accepted).sentence == (
        "As many rows as before would go to quarantine: 3 of 60"
    )
    stricter = {"born": FieldChange("date", nullable=False)}
    assert costs(lake, "deals", stricter, data=accepted).sentence == "3 more rows of 60 would go to quarantine"
    assert (
        costs(lake, "deals", {"amount": FieldChange()}, data=accepted).sentence == "3 rows fewer would go to quarantine"
    )
