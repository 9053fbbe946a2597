"""A source looked at: first rows, dialect in words, broken records with their place; nothing is taken in."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from automic_core import workbench
from automic_core.errors import AutomicError, ConfigError, SecurityError, SourceError
from automic_core.storage import AccessPolicy
from automic_core.workbench import sampling


def _csv(folder: Path, text: str | bytes, name: str = "people.csv") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def _facts(seen: workbench.Sample) -> dict[str, str]:
    return {fact.name: fact.value for fact in seen.facts}


def test_text_is_shown_as_it_stands(tmp_path: Path) -> None:
    seen = workbench.sample(_csv(tmp_path, "id,zip,when\n007,01234,1.2.2024\n008,00001,\n"))
    assert seen.columns == ["id", "zip", "when"]
    assert seen.rows.rows[0] == {"id": "007", "zip": "01234", "when": "1.2.2024"}
    assert (seen.records, seen.whole, seen.expected, seen.rows.total) == (2, True, 2, 2)
    assert (seen.broken_total, seen.broken, seen.cut) == (0, [], 0)
    assert seen.kind == "csv"
    assert seen.name == "people"


def test_the_dialect_in_words(tmp_path: Path) -> None:
    text = "Export of 2024\n\nid;name;price\n1;'Müller; Ada';1,5\n2;'Bär';2,5\n3;'x';3,5\n"
    seen = workbench.sample(_csv(tmp_path, text.encode("cp1252")))
    assert _facts(seen) == {
        "Encoding": "Windows-1252 (western Europe)",
        "Delimiter": "semicolon ;",
        "Quotes": "single quote '",
        "Header": "first row names the columns",
        "Skipped": "2 lines before the table",
    }
    assert all(not fact.given for fact in seen.facts)
    assert "records have 3 fields" in seen.facts[1].detail
    assert seen.notes == ['Lines before the table were left out (2): "Export of 2024"']


def test_what_a_person_sets_is_marked(tmp_path: Path) -> None:
    place = _csv(tmp_path, "1\t2\n3\t4\n")
    seen = workbench.sample(place, "csv", {"delimiter": "\t", "header": False})
    facts = {fact.option: fact for fact in seen.facts}
    assert (facts["delimiter"].value, facts["delimiter"].given) == ("tab", True)
    assert (facts["header"].value, facts["header"].given) == ("none: columns are numbered", True)
    assert not facts["encoding"].given


def test_broken_records_have_a_place_and_a_fate(tmp_path: Path) -> None:
    text = b'id,name\n1,Ada\n2,Grace,extra\n3,"Alan"\n5,"Zo\xc3\xab"\n6,J\xf6rg\n'
    seen = workbench.sample(_csv(tmp_path, text))
    assert seen.broken_total == len(seen.broken) == sum(seen.reasons.values())
    first = seen.broken[0]
    assert (first.record, first.line, first.byte, first.text) == (2, 3, 14, "2,Grace,extra")
    assert first.reason == "3 fields, expected 2"
    assert "quarantine" in first.fate
    assert [each.line for each in seen.broken] == [3, 6]
    assert seen.broken[1].text == "6,Jörg"


def test_the_fate_that_is_told_comes_true(tmp_path: Path) -> None:
    place = _csv(tmp_path, "id,name\n1,Ada\n2,Grace,extra\n3,Alan\n")
    told = workbench.sample(place).broken
    lake = workbench.create(tmp_path / "lake").path
    with workbench.opened(lake) as opened:
        workbench.ingest(opened, workbench.build_source(place), "people")
        done = workbench.promote(opened, "people")
        held = workbench.quarantine(opened, "people")
    assert done.report.rows_in == 3
    assert held.total == len(told) == 1


def test_a_broken_record_far_down_is_found(tmp_path: Path) -> None:
    lines = [f"{n},x" for n in range(30_000)]
    lines[25_000] = "25000,x,y"
    seen = workbench.sample(_csv(tmp_path, "id,name\n" + "\n".join(lines) + "\n"))
    assert len(seen.rows.rows) == sampling.ROWS
    assert [(each.record, each.line) for each in seen.broken] == [(25_001, 25_002)]
    assert seen.expected == 30_000


def test_more_records_than_are_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "LOOK", 5_000)
    seen = workbench.sample(_csv(tmp_path, "id,name\n" + "".join(f"{n},x\n" for n in range(20_000))))
    assert (seen.records, seen.whole, seen.rows.total) == (5_000, False, None)
    assert seen.expected is not None
    assert 15_000 < seen.expected < 25_000


def test_many_broken_records_are_counted_and_some_shown(tmp_path: Path) -> None:
    seen = workbench.sample(_csv(tmp_path, "id,name\n" + "3,d\n" * 2000 + "2,b,c\n" * 900))
    assert seen.broken_total == 900
    assert len(seen.broken) == sampling.BROKEN
    assert seen.reasons == {"3 fields, expected 2": 900}


def test_a_cell_of_a_megabyte_is_cut_and_said(tmp_path: Path) -> None:
    huge = "x" * 1_000_000
    seen = workbench.sample(_csv(tmp_path, f"id,text\n1,{huge}\n2,{huge}y\n3,short\n"))
    cells = [row["text"] for row in seen.rows.rows]
    assert [len(cell) for cell in cells] == [sampling.CELL + 1, sampling.CELL + 1, 5]
    assert cells[0].endswith("…")
    assert seen.cut == 2
    assert seen.head["text"].str.len_bytes().max() < 100
    assert workbench.key_evidence(seen, ["text"]).agree == 3, "long texts that differ at their end are not the same"


def test_a_broken_record_of_a_megabyte_is_cut_and_said(tmp_path: Path) -> None:
    seen = workbench.sample(_csv(tmp_path, "id,name\n1,a\n2,b\n3," + "x" * 1_000_000 + ",more\n4,d\n"))
    assert seen.broken_total == 1
    assert len(seen.broken[0].text) == 2_000
    assert seen.broken[0].length == 1_000_007


def test_thousands_of_columns_come_in_pages(tmp_path: Path) -> None:
    width = 10_000
    row = ",".join(str(n) for n in range(width))
    place = _csv(tmp_path, ",".join(f"c{n}" for n in range(width)) + "\n" + f"{row}\n" * 20)
    seen = workbench.sample(place)
    assert len(seen.columns) == width
    assert list(seen.rows.columns) == [f"c{n}" for n in range(seen.width)]
    later = workbench.sample(place, start=9_950)
    assert list(later.rows.columns) == [f"c{n}" for n in range(9_950, 10_000)]
    assert later.rows.rows[0]["c9999"] == "9999"


def test_hostile_names_are_plain_names(tmp_path: Path) -> None:
    names = ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "](javascript:x)", "a.b", "^.*$", "_id", "_rescued"]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    seen = workbench.sample(_csv(tmp_path, f"{header}\n1,2,3,4,5,6,7\n"), "csv", {"header": True})
    assert seen.columns[:5] == names[:5]
    assert seen.columns[5] == "id"
    assert len(seen.columns) == 7
    assert list(seen.rows.rows[0].values()) == ["1", "2", "3", "4", "5", "6", "7"]
    assert any("_id" in note for note in seen.notes)


def test_json_says_its_shape(tmp_path: Path) -> None:
    lines = _csv(tmp_path, '{"a": 1}\n' * 5 + '{"a": 02}\n{"a": 3}\n{broken\n', "x.jsonl")
    seen = workbench.sample(lines)
    assert _facts(seen) == {"Encoding": "UTF-8", "Shape": "one row a line", "Rows under": "the top"}
    assert [each.line for each in seen.broken] == [6, 8]
    nested = _csv(tmp_path, json.dumps({"data": {"items": [{"a": 1}, {"a": 2}]}}), "y.json")
    seen = workbench.sample(nested, options={"record_path": "data.items"})
    assert _facts(seen)["Rows under"] == "data.items"
    assert [row["a"] for row in seen.rows.rows] == ["1", "2"]


def test_values_without_a_place_are_named_with_their_line(tmp_path: Path) -> None:
    text = "".join(json.dumps({"a": n}) + "\n" for n in range(5)) + '{"a": 5, "late": "x"}\n'
    seen = workbench.sample(_csv(tmp_path, text, "x.jsonl"), options={"infer_rows": 3})
    assert [(each.record, each.line, each.text) for each in seen.broken] == [(6, 6, '{"late": "x"}')]
    assert seen.broken[0].reason == "a value that has no place in its column: late"
    assert "nothing is lost" in seen.broken[0].fate


def test_xml_and_excel_say_where_the_records_are(tmp_path: Path) -> None:
    seen = workbench.sample(_csv(tmp_path, "<r><b><a>1</a></b><b><a>2</a></b></r>", "x.xml"))
    assert _facts(seen) == {"Rows are": "r/b"}
    assert seen.facts[0].detail == "2 seen"
    xlsxwriter = pytest.importorskip("xlsxwriter")
    with xlsxwriter.Workbook(tmp_path / "x.xlsx") as book:
        for name in ("Orders", "Lines"):
            sheet = book.add_worksheet(name)
            sheet.write(0, 0, "A title")
            for row, cells in enumerate((["id", "name"], ["007", "Ada"], ["008", "Bob"]), 2):
                sheet.write_row(row, 0, cells)
    seen = workbench.sample(str(tmp_path / "x.xlsx"))
    assert _facts(seen) == {"Sheet": "Orders", "Header": "found", "Skipped": "1 row above the table"}
    assert any("Lines" in note for note in seen.notes)
    other = workbench.sample(str(tmp_path / "x.xlsx"), options={"sheet": "Lines"})
    assert _facts(other)["Sheet"] == "Lines"


def test_a_database_keeps_its_types(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.executescript("CREATE TABLE t(id INTEGER, x TEXT); INSERT INTO t VALUES (1, 'a'), (2, NULL);")
    connection.close()
    seen = workbench.sample(str(tmp_path / "shop.db"), options={"table": "t"})
    assert seen.rows.columns == {"id": "Int64", "x": "String"}
    assert seen.facts == []
    assert seen.place.endswith("shop.db#t")


def test_several_files_that_are_not_written_alike(tmp_path: Path) -> None:
    _csv(tmp_path, "id,name\n1,Ada\n2,Bob\n", "a.csv")
    _csv(tmp_path, "id;name\n3;Alan\n4;Eve\n", "b.csv")
    seen = workbench.sample(str(tmp_path / "*.csv"))
    assert (seen.files, seen.records) == (2, 4)
    assert any("not all written the same way" in note for note in seen.notes)


def test_an_empty_file_and_one_of_a_header_are_no_error(tmp_path: Path) -> None:
    empty = workbench.sample(_csv(tmp_path, "", "empty.csv"))
    assert (empty.columns, empty.records) == ([], 0)
    assert any("empty" in note for note in empty.notes)
    header = workbench.sample(_csv(tmp_path, "id,name\n", "header.csv"))
    assert (header.columns, header.records) == (["id", "name"], 0)
    assert workbench.key_evidence(header, table="x").columns == []


def test_what_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    place = _csv(tmp_path, "id\n1\n")
    policy = AccessPolicy(allowed_roots=(tmp_path / "in",))
    with pytest.raises(SecurityError):
        workbench.sample(place, policy=policy)
    assert not workbench.check_source(place, policy=policy).works


def test_a_file_that_vanishes_is_said(tmp_path: Path) -> None:
    place = _csv(tmp_path, "id\n1\n")
    Path(place).unlink()
    with pytest.raises(SourceError, match="There is no file"):
        workbench.sample(place)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("people.csv", {}, "people can be read: 2 columns"),
        ("gone.csv", {}, "There is no file"),
        ("people.csv", {"encoding": "klingon"}, "no encoding called 'klingon'"),
        ("people.csv", {"nonsense": 1}, "no option 'nonsense'"),
        ("people.xyz", {}, "Cannot tell what kind"),
    ],
)
def test_a_connection_is_tested_in_plain_words(
    tmp_path: Path, name: str, options: dict[str, object], words: str
) -> None:
    _csv(tmp_path, "id,name\n1,Ada\n")
    verdict = workbench.check_source(str(tmp_path / name), options=options)
    assert words in verdict.sentence
    assert verdict.works == words.startswith("people")
    assert verdict.seconds >= 0


def test_the_key_is_proposed_with_evidence(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n % 7},x\n" for n in range(500))
    seen = workbench.sample(_csv(tmp_path, "order_id,customer_id,name\n" + rows, "orders.csv"))
    found = workbench.key_evidence(seen, table="orders")
    assert (found.columns, found.agree, found.of, found.whole) == (["order_id"], 500, 500, True)
    chosen = workbench.key_evidence(seen, ["customer_id"])
    assert (chosen.agree, chosen.of) == (0, 500)
    assert chosen.examples[0] == "customer_id = 0: 72 rows (numbers 1, 8, 15, 22, 29, …)"
    both = workbench.key_evidence(seen, ["customer_id", "order_id"])
    assert both.agree == 500
    with pytest.raises(ConfigError, match="no column 'nope'"):
        workbench.key_evidence(seen, ["nope"])


def test_a_key_with_gaps_and_repeats_is_told(tmp_path: Path) -> None:
    rows = "".join(f"{n},x\n" for n in range(99)) + "5,again\n,none\n"
    seen = workbench.sample(_csv(tmp_path, "id,name\n" + rows))
    assert workbench.key_evidence(seen, table="people").columns == []
    found = workbench.key_evidence(seen, ["id"])
    assert (found.agree, found.of) == (98, 101)
    assert found.examples == ["id = 5: 2 rows (numbers 6, 100)", "1 row has no value in id."]
    assert workbench.key_evidence(seen, table="people").nearly[0][0] == "id"


def test_broken_records_are_no_evidence_for_a_key(tmp_path: Path) -> None:
    seen = workbench.sample(_csv(tmp_path, "id,name\n1,a\n2,b\n2,c,d\n3,e\n"))
    assert workbench.key_evidence(seen, ["id"]).agree == 3
    assert workbench.key_evidence(seen, ["id"]).of == 3


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Orders 2024-01", "orders_2024_01"),
        ("2024 orders", "t_2024_orders"),
        ("CustomerID", "customer_id"),
        ("naïve Größe", "na_ve_gr_e"),
        ("../x", "x"),
        ("", "data"),
        ("!!!", "data"),
        ("_hidden", "hidden"),
        ("a" * 200, "a" * 60),
    ],
)
def test_a_table_name_is_suggested(text: str, name: str) -> None:
    assert workbench.table_name(text) == name
    assert workbench.table_name_problem(name) == ""


@pytest.mark.parametrize("name", ["", "  ", "a b", "1a", "_a", "silver.x", "bronze.", "a-b", "x;DROP TABLE y"])
def test_a_name_that_cannot_be_is_explained(name: str) -> None:
    assert workbench.table_name_problem(name)


def test_how_a_source_stands_to_a_table(tmp_path: Path) -> None:
    lake = workbench.create(tmp_path / "lake").path
    policy = workbench.policy(lake)
    place = _csv(lake, "id,name\n1,Ada\n")
    with workbench.opened(lake) as opened:
        fresh = workbench.standing(opened, "people", place)
        assert (fresh.exists, fresh.differs, fresh.taken) == (False, False, [])
        source = workbench.build_source(place, policy=policy)
        workbench.ingest(opened, source, "people", mode="snapshot", keys=["id"])
        same = workbench.standing(opened, "people", place)
        assert (same.exists, same.rows, same.mode, same.keys, same.differs) == (True, 1, "snapshot", ["id"], False)
        assert same.taken == [place]
        other = _csv(lake, "id,age,city\n2,40,x\n", "other.csv")
        found = workbench.standing(opened, "people", other)
        assert (found.added, found.missing, found.taken, found.differs) == (["age", "city"], ["name"], [], True)
        outcome = {each.mode: each for each in found.contracts}
        assert "new columns age, city; rows that are there have no value in them." in outcome["evolve"].outcome
        assert outcome["freeze"].refuses
        assert not outcome["discard_row"].refuses
        with pytest.raises(AutomicError):
            workbench.standing(opened, "silver.people", place)
        with pytest.raises(SecurityError):
            workbench.standing(opened, "people", "/etc/passwd", "csv")


def test_each_contract_does_what_is_said(tmp_path: Path) -> None:
    lake = workbench.create(tmp_path / "lake").path
    first, second = _csv(lake, "id,name\n1,Ada\n", "a.csv"), _csv(lake, "id,name,age\n2,Bob,40\n3,Eve,\n", "b.csv")
    with workbench.opened(lake) as opened:
        for mode, rows, columns, aside in (
            ("evolve", 3, ["id", "name", "age"], 0),
            ("discard_row", 1, ["id", "name"], 2),
            ("discard_value", 3, ["id", "name"], 0),
        ):
            workbench.ingest(opened, workbench.build_source(first), mode)
            done = workbench.ingest(opened, workbench.build_source(second), mode, contract=mode)
            assert done.rows == 2
            workbench.promote(opened, mode)
            found = opened.query(f"SELECT * FROM silver.{mode}")
            assert found.height == rows
            assert [name for name in found.columns if not name.startswith("_")] == columns
            assert workbench.quarantine(opened, mode).total == aside
        workbench.ingest(opened, workbench.build_source(first), "freeze")
        with pytest.raises(AutomicError, match="frozen"):
            workbench.ingest(opened, workbench.build_source(second), "freeze", contract="freeze")
