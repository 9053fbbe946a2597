"""The Connect page, driven without a browser: upload, browse, set up, look, take; and everything hostile."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench

OpenApp = Callable[..., AppTest]
CSV = b"id,name,zip\n1,Ada,01234\n2,Grace,04567\n3,Alan,extra,00001\n4,Edsger,09999\n"


def text(page: AppTest) -> str:
    """All that is written on the page, without Markdown's escapes."""
    parts = [each.value for kind in ("markdown", "caption", "text", "code") for each in page.get(kind)]
    return "\n".join(str(part) for part in parts).replace("\\", "")


def labels(page: AppTest) -> dict[str, Any]:
    return {button.label: button for button in page.button}


def upload(page: AppTest, name: str, data: bytes) -> AppTest:
    page.file_uploader[0].upload(name, data).run()
    assert not page.exception
    return page


def typed(page: AppTest, place: Path | str) -> AppTest:
    box = next(each for each in page.text_input if each.label == "Path, pattern or address")
    box.set_value(str(place)).run()
    assert not page.exception
    return page


def click(page: AppTest, label: str) -> AppTest:
    labels(page)[label].click().run()
    assert not page.exception
    return page


def pick(page: AppTest, row: int, grid: int = 0) -> AppTest:
    """Click a cell of a grid."""
    key = page.dataframe[grid].key
    page.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [(row, "Name")]}}
    page.run()
    assert not page.exception
    return page


def finished(page: AppTest, lake: Path, seconds: float = 60) -> workbench.Job:
    """Wait for the newest job, then let the page see it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with workbench.opened(lake) as opened:
            job = workbench.jobs(opened, 1)[0]
        if job.ended:
            page.run()
            assert not page.exception
            return job
        time.sleep(0.1)
    raise AssertionError(f"the job did not end: {job}")


def small_limits(lake: Path) -> None:
    settings = "security: {max_upload_bytes: 2000000, max_columns: 50}\n"
    (lake / "automic.yaml").write_text(settings, encoding="utf-8")


def test_an_empty_lake_offers_every_way(app: OpenApp, empty_lake: Path) -> None:
    page = app("connect", empty_lake)
    assert "nothing is taken before you have seen it" in text(page)
    assert len(page.file_uploader) == 1
    assert "at most 1,024 MB unpacked" in text(page)
    assert {f"Lake: {empty_lake}"} <= set(page.dataframe[0].value["Name"])
    for each in workbench.connectors():
        if each.reads:
            assert each.label in text(page)


def test_no_lake_is_said(app: OpenApp, tmp_path: Path) -> None:
    page = app("connect", tmp_path / "nowhere")
    assert "There is no lake at" in text(page)


def test_an_upload_is_shown_as_it_is_read(app: OpenApp, empty_lake: Path) -> None:
    page = upload(app("connect", empty_lake), "people.csv", CSV)
    assert "people: 4 rows, 3 columns, 1 row needs a look" in text(page)
    assert list(page.dataframe[0].value["zip"])[:2] == ["01234", "04567"]
    for fact in ("UTF-8", "comma ,", "first row names the columns"):
        assert fact in text(page)
    broken = page.dataframe[1].value
    assert list(broken["Line"]) == [4]
    assert list(broken["Why"]) == ["4 fields, expected 3"]
    assert list(broken["What happens"]) == ["set aside at promotion"]
    assert "counted with the 1 row that needs a look" in text(page)
    pick(page, 0, 1)
    assert "Row 3, line 4, byte 38" in text(page)
    assert "3,Alan,extra,00001" in text(page)
    assert "quarantine" in text(page)
    assert (empty_lake / "uploads").is_dir()


def test_take_into_bronze_and_go_on(app: OpenApp, empty_lake: Path) -> None:
    page = upload(app("connect", empty_lake), "Our People 2024.csv", CSV.replace(b",extra", b""))
    assert [box.value for box in page.text_input if box.label == "Table in bronze"] == ["our_people_2024"]
    assert page.multiselect[0].value == ["id"]
    assert "100% have a key of their own" in [chip.proto.popover.label for chip in page.get("popover")]
    page.radio[0].set_value("snapshot").run()
    click(page, "Take into bronze")
    job = finished(page, empty_lake)
    assert job.state == "succeeded", job.error
    assert "4 rows taken into bronze.our_people_2024" in text(page)
    with workbench.opened(empty_lake) as lake:
        assert lake.query("SELECT zip FROM bronze.our_people_2024 ORDER BY id")["zip"].to_list()[0] == "01234"
        assert lake.query("SELECT DISTINCT _source AS s FROM bronze.our_people_2024")["s"].to_list() == [
            "uploads/Our People 2024.csv"
        ]
        again = workbench.standing(lake, "our_people_2024", job.arguments["place"])
    assert (again.mode, again.keys) == ("snapshot", ["id"])
    click(page, "Decide on the schema")
    assert page.query_params["table"] == "bronze.our_people_2024"


def test_what_is_taken_already_is_said(app: OpenApp, empty_lake: Path) -> None:
    data = CSV.replace(b",extra", b"")
    page = upload(app("connect", empty_lake), "people.csv", data)
    click(page, "Take into bronze")
    finished(page, empty_lake)
    click(page, "Connect another source")
    upload(page, "people again.csv", data)
    assert "The same content was handed over before, as people.csv." in text(page)
    assert "Already taken" in text(page)
    assert labels(page)["Take into bronze"].disabled
    page.checkbox[-1].check().run()
    assert not labels(page)["Take into bronze"].disabled


def test_a_corrected_file_says_before_and_after_that_its_older_rows_stay(app: OpenApp, empty_lake: Path) -> None:
    data = CSV.replace(b",extra", b"").replace(b"1,Ada", b"1,Grace").replace(b"2,", b"1,")  # no column is a key
    page = upload(app("connect", empty_lake), "people.csv", data)
    click(page, "Take into bronze")
    finished(page, empty_lake)
    click(page, "Connect another source")
    upload(page, "people.csv", data.replace(b"Alan", b"Alain"))
    told = "With “More rows each time” its 4 rows stay beside these"
    assert told in text(page)
    assert "“The whole table each time”, or key columns, replaces them" in text(page)
    page.radio[0].set_value("snapshot").run()
    assert told not in text(page)
    page.radio[0].set_value("append").run()
    click(page, "Take into bronze")
    finished(page, empty_lake)
    assert "people.csv was taken in before, with other content: its 4 rows are there still" in text(page)


def reloaded(app: OpenApp, page: AppTest, lake: Path) -> AppTest:
    """What F5 shows: the address in a new session."""
    return app("connect", lake, **{name: page.query_params[name] for name in page.query_params})


def test_a_reload_shows_the_same_upload(app: OpenApp, empty_lake: Path) -> None:
    page = upload(app("connect", empty_lake), "people.csv", CSV.replace(b",", b";"))
    next(each for each in page.text_input if each.label == "Delimiter").set_value(",").run()
    assert "people: 4 rows, 1 column" in text(page)
    assert str(empty_lake) not in repr(page.query_params), "the name it is stored under, not where"
    again = reloaded(app, page, empty_lake)
    assert "people: 4 rows, 1 column" in text(again)
    assert [box.value for box in again.text_input if box.label == "Delimiter"] == [","]
    assert again.query_params == page.query_params
    click(again, "Choose another")
    assert len(again.file_uploader) == 1
    assert not again.query_params


def test_a_reload_shows_the_same_file_of_an_archive(app: OpenApp, empty_lake: Path) -> None:
    with zipfile.ZipFile(empty_lake / "both.zip", "w") as archive:
        archive.writestr("a.csv", "id\n1\n")
        archive.writestr("b.csv", "id,name\n1,x\n2,y\n")
    page = typed(app("connect", empty_lake), empty_lake / "both.zip")
    page.pills[0].set_value(f"{empty_lake / 'both.zip'}!b.csv").run()
    assert "b: 2 rows, 2 columns" in text(page)
    again = reloaded(app, page, empty_lake)
    assert "b: 2 rows, 2 columns" in text(again)
    assert again.pills[0].value.endswith("!b.csv")


def test_a_reload_shows_the_same_job(app: OpenApp, empty_lake: Path) -> None:
    page = upload(app("connect", empty_lake), "people.csv", CSV)
    click(page, "Take into bronze")
    finished(page, empty_lake)
    again = reloaded(app, page, empty_lake)
    assert "4 rows taken into bronze.people" in text(again)
    assert "1 row holds something that could not be read" in text(again)


def test_no_address_goes_into_the_link(app: OpenApp, empty_lake: Path) -> None:
    page = typed(app("connect", empty_lake), "https://ann:secret@example.com/a.csv?token=1")
    assert "cannot be read yet" in text(page)
    assert not page.query_params


@pytest.mark.parametrize(
    "link", [{"source": "http://169.254.169.254/a.csv"}, {"upload": "../../../etc/passwd"}, {"source": "/etc/passwd"}]
)
def test_a_link_opens_nothing_that_may_not_be_read(app: OpenApp, empty_lake: Path, link: dict[str, str]) -> None:
    page = app("connect", empty_lake, **link, kind="csv")
    assert "Take into bronze" not in labels(page)
    assert "http" in link.get("source", "") or "outside the folders that may be read" in text(page)


def test_what_was_typed_is_there_on_coming_back(app: OpenApp, empty_lake: Path) -> None:
    page = upload(app("connect", empty_lake), "people.csv", CSV)
    next(each for each in page.text_input if each.label == "Delimiter").set_value(",").run()
    next(each for each in page.text_input if each.label == "Table in bronze").set_value("folk").run()
    page.multiselect[0].set_value(["name"]).run()
    page.radio[0].set_value("snapshot").run()
    page.switch_page("pages/runs.py").run()
    page.switch_page("pages/connect.py").run()
    assert not page.exception
    assert "people: 4 rows" in text(page)
    assert [box.value for box in page.text_input if box.label in ("Table in bronze", "Delimiter")] == [",", "folk"]
    assert page.multiselect[0].value == ["name"]
    assert page.radio[0].value == "snapshot"
    click(page, "Choose another")
    upload(page, "people.csv", CSV)
    assert [box.value for box in page.text_input if box.label == "Table in bronze"] == ["people"], "nothing is left"


def test_more_rows_of_a_published_table_are_promoted_next(app: OpenApp, small_lake: Path) -> None:
    page = upload(app("connect", small_lake), "people.csv", b"id,name,age,city\n9,Barbara,29,Wien\n")
    click(page, "Take into bronze")
    assert finished(page, small_lake).state == "succeeded"
    assert "Decide on the schema" not in labels(page)
    click(page, "Promote")
    assert page.query_params["table"] == "bronze.people"
    assert "people: 1 row of bronze wait" in text(page)


def test_other_columns_ask_for_a_contract(app: OpenApp, small_lake: Path, tmp_path: Path) -> None:
    page = app("connect", small_lake)
    upload(page, "people.csv", b"id,name,age,city,email\n9,Barbara,29,Wien,b@x\n")
    assert "bronze.people has 4 rows" in text(page)
    assert "The columns differ" in text(page)
    contract = page.radio[1]
    assert contract.value == "evolve"
    contract.set_value("freeze").run()
    assert labels(page)["Take into bronze"].disabled
    page.radio[1].set_value("discard_value").run()
    assert page.multiselect[0].value == ["id"], "the keys declared before"
    click(page, "Take into bronze")
    assert finished(page, small_lake).state == "succeeded"
    with workbench.opened(small_lake) as lake:
        found = lake.query("SELECT * FROM bronze.people WHERE id = '9'")
    assert "email" not in found.columns
    assert json.loads(found["_rescued"][0])["values"] == {"email": "b@x"}


def test_a_job_that_fails_says_why_and_the_source_is_still_there(app: OpenApp, empty_lake: Path) -> None:
    folder = empty_lake / "in"
    folder.mkdir()
    (folder / "people.csv").write_bytes(CSV)
    page = typed(app("connect", empty_lake), folder / "people.csv")
    (folder / "people.csv").rename(folder / "moved.csv")
    click(page, "Take into bronze")
    assert finished(page, empty_lake).state == "failed"
    assert "There is no file" in text(page)
    click(page, "Back to the source")
    assert "people" in text(page)


def test_browse_to_a_file(app: OpenApp, empty_lake: Path) -> None:
    folder = empty_lake / "in"
    (folder / "deep").mkdir(parents=True)
    (folder / "people.csv").write_bytes(CSV)
    (folder / "data.xyz").write_bytes(CSV)
    page = app("connect", empty_lake)
    roots = list(page.dataframe[0].value["Name"])
    pick(page, roots.index(f"Lake: {empty_lake}"))
    assert list(page.dataframe[0].value["Name"]) == ["in"]
    pick(page, 0)
    assert list(page.dataframe[0].value["Name"]) == ["deep", "data.xyz", "people.csv"]
    next(each for each in page.text_input if each.label == "Filter by name").set_value("PEO").run()
    assert list(page.dataframe[0].value["Name"]) == ["people.csv"]
    next(each for each in page.text_input if each.label == "Filter by name").set_value("").run()
    pick(page, 1)
    assert "does not say what it is" in text(page)
    next(each for each in page.selectbox if each.label == "Read it as").set_value("csv").run()
    assert "data: 4 rows, 3 columns" in text(page)
    click(page, "Choose another")
    assert list(page.dataframe[0].value["Name"]) == ["deep", "data.xyz", "people.csv"], "the folder is still open"
    pick(page, 2)
    assert "people: 4 rows" in text(page)
    click(page, "Choose another")
    click(page, "All folders")
    assert f"Lake: {empty_lake}" in list(page.dataframe[0].value["Name"])


def test_options_change_what_is_read(app: OpenApp, empty_lake: Path) -> None:
    (empty_lake / "x.csv").write_bytes(b"a;b,c\n1;2,3\n4;5,6\n")
    page = typed(app("connect", empty_lake), empty_lake / "x.csv")
    box = next(each for each in page.text_input if each.label == "Delimiter")
    box.set_value(";").run()
    assert list(page.dataframe[0].value.columns) == ["a", "b,c"]
    next(each for each in page.text_input if each.label == "Delimiter").set_value(",").run()
    assert list(page.dataframe[0].value.columns) == ["a;b", "c"]
    next(each for each in page.text_input if each.label == "Encoding").set_value("klingon").run()
    assert "no encoding called 'klingon'" in text(page)
    assert "cannot be read yet" in text(page)
    next(each for each in page.text_input if each.label == "Encoding").set_value("").run()
    assert "x: 2 rows" in text(page)


def test_a_database_asks_for_a_table(app: OpenApp, empty_lake: Path) -> None:
    connection = sqlite3.connect(empty_lake / "shop.sqlite")
    connection.executescript(
        "CREATE TABLE customers(id INTEGER, name TEXT); INSERT INTO customers VALUES (1, 'Ada');"
        "CREATE TABLE orders(id INTEGER); INSERT INTO orders VALUES (7), (8);"
    )
    connection.close()
    page = typed(app("connect", empty_lake), empty_lake / "shop.sqlite")
    assert "customers: 1 row, 2 columns" in text(page)
    page.pills[0].set_value("orders").run()
    assert "orders: 2 rows, 1 column" in text(page)
    assert [box.value for box in page.text_input if box.label == "Table in bronze"] == ["orders"]
    click(page, "Take into bronze")
    assert finished(page, empty_lake).state == "succeeded"
    assert "2 rows taken into bronze.orders" in text(page)


def test_an_archive_of_several_files_asks_for_one(app: OpenApp, empty_lake: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", "id\n1\n")
        archive.writestr("b.csv", "id,name\n1,x\n2,y\n")
    page = upload(app("connect", empty_lake), "both.zip", buffer.getvalue())
    assert "1 row, 1 column" in text(page)
    archive_place = next((empty_lake / "uploads").rglob("both.zip"))
    page.pills[0].set_value(f"{archive_place}!b.csv").run()
    assert "2 rows, 2 columns" in text(page)


def test_a_card_sets_up_a_source(app: OpenApp, empty_lake: Path) -> None:
    (empty_lake / "odd.dat").write_bytes(CSV)
    page = app("connect", empty_lake)
    page.button(key="set-up-csv").click().run()
    assert "Set up CSV and other delimited text" in text(page)
    assert labels(page)["Look at the rows"].disabled
    path = next(each for each in page.text_input if each.label == "Path")
    path.set_value(str(empty_lake / "gone.dat")).run()
    click(page, "Test connection")
    assert "It does not work" in text(page)
    assert "There is no file" in text(page)
    next(each for each in page.text_input if each.label == "Path").set_value(str(empty_lake / "odd.dat")).run()
    click(page, "Test connection")
    assert "odd can be read: 3 columns" in text(page)
    click(page, "Look at the rows")
    assert "odd: 4 rows, 3 columns" in text(page)
    click(page, "Choose another")
    page.button(key="set-up-csv").click().run()
    click(page, "Choose another")
    assert len(page.file_uploader) == 1


def test_a_missing_driver_shows_its_line(app: OpenApp, empty_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = workbench.connectors()
    lacking = [
        type(each)(**{**vars(each), "missing": "pip install 'automic[xml]'"}) if each.kind == "xml" else each
        for each in real
    ]
    monkeypatch.setattr("pages.ui.calls.connectors", lambda: lacking)
    page = app("connect", empty_lake)
    assert "pip install 'automic[xml]'" in text(page)
    assert "set-up-xml" not in {button.key for button in page.button}


def test_an_outside_path_is_refused(app: OpenApp, empty_lake: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_bytes(CSV)
    page = typed(app("connect", empty_lake), outside)
    assert "lies outside the folders that may be read" in text(page)
    click(page, "Choose another")
    typed(page, "http://127.0.0.1:1/a.csv")
    assert "scheme 'http' is not allowed" in text(page)
    assert "Take into bronze" not in labels(page)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("big.csv", b"id\n" + b"1\n" * 1_100_000, "is larger than 1.9 MB (unpacked)"),
        ("bomb.csv.gz", gzip.compress(b"0" * 3_000_000, mtime=0), "is larger than 1.9 MB (unpacked)"),
        ("empty.csv", b"", "is empty: 0 bytes arrived"),
        ("people.exe", CSV, "does not say what kind of file it is"),
        ("wide.csv", b",".join(b"c%d" % n for n in range(60)) + b"\n" + b",".join([b"1"] * 60), "about 60 columns"),
        ("cut.csv.gz", gzip.compress(CSV * 99, mtime=0)[:-9], "cannot be unpacked"),
        ("..", CSV, "no name for a file"),
    ],
)
def test_a_hostile_upload_is_refused_in_words(
    app: OpenApp, empty_lake: Path, name: str, data: bytes, words: str
) -> None:
    small_limits(empty_lake)
    page = upload(app("connect", empty_lake), name, data)
    assert words in text(page)
    page.run()
    assert words in text(page), "the words stay while the file is there"
    assert not [file for file in empty_lake.glob("uploads/**/*") if file.is_file()]
    page.file_uploader[0].clear().run()
    assert words not in text(page)


def test_several_files_are_kept_and_opened_one_by_one(app: OpenApp, empty_lake: Path) -> None:
    page = app("connect", empty_lake)
    page.file_uploader[0].upload("a.csv", CSV).upload("bad.exe", b"x").upload("b.csv", b"id\n1\n").run()
    assert not page.exception
    assert "Kept: a.csv, b.csv. Open them one by one below." in text(page)
    assert "The name bad.exe does not say what kind of file it is" in text(page)
    assert list(page.dataframe[0].value["Name"]) == ["a.csv", "b.csv"]
    pick(page, 1)
    assert "b: 1 row, 1 column" in text(page)
    click(page, "Choose another")
    assert "does not say" not in text(page)
    assert list(page.dataframe[0].value["Name"]) == ["a.csv", "b.csv"]


def test_a_name_with_folders_stays_in_the_lake(app: OpenApp, empty_lake: Path) -> None:
    page = upload(app("connect", empty_lake), "../../../evil.csv", CSV)
    assert "uploads/evil.csv" in text(page)
    assert [file.name for file in (empty_lake / "uploads").rglob("*.csv")] == ["evil.csv"]


def test_hostile_names_are_text(app: OpenApp, empty_lake: Path) -> None:
    html = "<img src=x onerror=alert(1)>"
    data = f"{html},[x](javascript:y),:red[z],^.*$\n1,2,3,4\n5,6,7,8\n9,8,7,6,5\n".encode()
    page = upload(app("connect", empty_lake), "<script>x</script>.csv", data)
    assert list(page.dataframe[0].value.columns) == [html, "[x](javascript:y)", ":red[z]", "^.*$"]
    for element in (*page.markdown, *page.caption):
        assert html not in element.value
        assert "](javascript" not in element.value
        assert not element.allow_html
    page.multiselect[0].set_value([html]).run()
    assert not page.exception
    click(page, "Take into bronze")
    job = finished(page, empty_lake)
    assert job.state == "succeeded", job.error
    with workbench.opened(empty_lake) as lake:
        names = [name for name in lake.scan("bronze.script").collect_schema().names() if not name.startswith("_")]
    assert names == [html, "[x](javascript:y)", ":red[z]", "^.*$"]


def test_a_huge_cell_is_cut_and_said(app: OpenApp, empty_lake: Path) -> None:
    page = upload(app("connect", empty_lake), "huge.csv", b"id,text\n1," + b"x" * 1_000_000 + b"\n2,short\n")
    assert "1 long cell is cut here; bronze takes all of each." in text(page)
    assert max(len(cell) for cell in page.dataframe[0].value["text"]) < 400


def test_ten_thousand_columns_come_in_pages(app: OpenApp, empty_lake: Path) -> None:
    width = 10_000
    data = ",".join(f"c{n}" for n in range(width)) + "\n" + (",".join(str(n) for n in range(width)) + "\n") * 5
    page = upload(app("connect", empty_lake), "wide.csv", data.encode())
    assert "wide: 5 rows, 10,000 columns" in text(page)
    assert "columns 1 to 100 of 10,000" in text(page)
    assert len(page.dataframe[0].value.columns) == 100
    page.pagination[0].set_value(100).run()
    assert "columns 9,901 to 10,000 of 10,000" in text(page)
    assert list(page.dataframe[0].value.columns)[-1] == "c9999"


def test_a_file_that_vanishes_is_said(app: OpenApp, empty_lake: Path) -> None:
    (empty_lake / "x.csv").write_bytes(CSV)
    page = typed(app("connect", empty_lake), empty_lake / "x.csv")
    (empty_lake / "x.csv").unlink()
    click(page, "Read again")
    assert "There is no file" in text(page)
    assert "Take into bronze" not in labels(page)


def test_a_bad_table_name_is_said(app: OpenApp, empty_lake: Path) -> None:
    page = upload(app("connect", empty_lake), "people.csv", CSV)
    for name in ("a b", "", "silver.people", "1x"):
        next(each for each in page.text_input if each.label == "Table in bronze").set_value(name).run()
        assert labels(page)["Take into bronze"].disabled, name
        assert not page.exception


def test_who_only_looks_takes_nothing(app: OpenApp, empty_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    (empty_lake / "x.csv").write_bytes(CSV)
    page = app("connect", empty_lake)
    assert page.file_uploader[0].disabled
    typed(page, empty_lake / "x.csv")
    assert "x: 4 rows" in text(page)
    assert labels(page)["Take into bronze"].disabled


def test_an_interaction_does_not_read_the_source_again(
    app: OpenApp, empty_lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = upload(app("connect", empty_lake), "people.csv", CSV)
    real, calls = workbench.sample, []
    monkeypatch.setattr(workbench, "sample", lambda *a, **k: calls.append(a) or real(*a, **k), raising=False)
    page.radio[0].set_value("snapshot").run()
    page.multiselect[0].set_value(["id", "name"]).run()
    assert calls == []
    click(page, "Read again")
    assert len(calls) == 1


def test_two_visitors_do_not_see_each_other(app: OpenApp, empty_lake: Path) -> None:
    one, other = app("connect", empty_lake), app("connect", empty_lake)
    upload(one, "people.csv", CSV)
    other.run()
    assert "people: 4 rows" in text(one)
    assert len(other.file_uploader) == 1
