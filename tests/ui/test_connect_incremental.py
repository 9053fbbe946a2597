"""The Connect page taking only what is new, and the watermark on it and on Promote."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from tests.ui.test_connect import OpenApp, click, finished, labels, text, typed


@pytest.fixture
def shop(empty_lake: Path) -> Path:
    place = empty_lake / "shop.db"
    with sqlite3.connect(place) as db:
        db.execute("CREATE TABLE orders (id INTEGER, at DATETIME, note TEXT)")
    db.close()
    insert(place, *range(1, 4))
    return place


def insert(place: Path, *days: int) -> None:
    with sqlite3.connect(place) as db:
        db.executemany("INSERT INTO orders VALUES (?, ?, 'x')", [(n, f"2024-05-{n:02} 10:00:00") for n in days])
    db.close()


def box(page: AppTest, label: str) -> Any:
    return next(each for each in [*page.text_input, *page.selectbox] if each.label.startswith(label))


def test_only_what_is_new_is_taken(app: OpenApp, empty_lake: Path, shop: Path) -> None:
    page = typed(app("connect", empty_lake), shop)
    assert page.radio[0].value == "append"
    page.radio[0].set_value("incremental").run()
    assert not page.exception
    assert box(page, "Cursor").options == ["at", "id"]
    assert box(page, "Cursor").value == "at"
    box(page, "Rows may come late").set_value("soon").run()
    assert "lag: write a number, or a time such as 90s" in text(page)
    assert "Value error" not in text(page)
    assert labels(page)["Take into bronze"].disabled
    box(page, "Rows may come late").set_value("1h").run()
    click(page, "Take into bronze")
    job = finished(page, empty_lake)
    assert job.state == "succeeded", job.error
    assert "3 rows taken into bronze.orders" in text(page)

    insert(shop, 4, 5)
    click(page, "Connect another source")
    typed(page, shop)
    box(page, "Table in bronze").set_value("orders").run()
    assert page.radio[0].value == "incremental", "as it was read before"
    assert "at read up to 2024-05-03T10:00:00" in text(page)
    assert box(page, "Rows may come late").value == "3600"
    click(page, "Take into bronze")
    job = finished(page, empty_lake)
    assert (job.state, job.result["rows"]) == ("succeeded", 2)  # type: ignore[index]
    assert job.arguments["incremental"]["cursor"] == "at"

    click(page, "Connect another source")
    typed(page, shop)
    assert "at read up to 2024-05-05T10:00:00" in text(page), "the watermark moved"
    insert(shop, 1)
    box(page, "From").set_value("2024-05-01").run()
    box(page, "To (not included)").set_value("2024-05-02").run()
    click(page, "Take into bronze")
    job = finished(page, empty_lake)
    assert job.result["rows"] == 1, "a second row of that day"  # type: ignore[index]


def test_the_watermark_is_shown_and_set_on_promote(app: OpenApp, empty_lake: Path, shop: Path) -> None:
    with workbench.opened(empty_lake, "tester") as lake:
        source = workbench.build_source(str(shop))
        workbench.ingest(lake, source, "orders", incremental={"cursor": "at"})
        run_id = workbench.runs(lake, 1)[0].run_id
        told = workbench.export_run(lake, run_id)
        assert '--cursor "at"' in told.command
        assert "incremental=Incremental(cursor='at')" in told.script
        assert "incremental:" in told.yaml
    page = app("promote", empty_lake, table="bronze.orders")
    assert "at read up to 2024-05-03T10:00:00" in text(page)
    assert "by tester" in text(page)
    box(page, "Watermark").set_value("yesterday").run()
    click(page, "Set")
    assert "is no value of the cursor" in text(page)
    box(page, "Watermark").set_value("2024-05-01").run()
    click(page, "Set")
    assert "at read up to 2024-05-01T00:00:00" in text(page)
    click(page, "Clear")
    assert "at cleared" in text(page)
    assert labels(page)["Clear"].disabled
    with workbench.opened(empty_lake) as lake:
        assert [mark.value for mark in workbench.watermarks(lake)] == [None]


def test_who_may_only_look_sees_the_watermark_and_changes_nothing(
    app: OpenApp, empty_lake: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workbench.opened(empty_lake, "tester") as lake:
        workbench.ingest(lake, workbench.build_source(str(shop)), "orders", incremental={"cursor": "at"})
    monkeypatch.setenv("AUTOMIC_READ_ONLY", "1")
    page = app("promote", empty_lake, table="bronze.orders")
    assert "at read up to 2024-05-03T10:00:00" in text(page)
    assert "Set" not in labels(page)


def test_a_source_without_an_order(app: OpenApp, empty_lake: Path) -> None:
    (empty_lake / "names.csv").write_text("name,city\nAda,London\nGrace,New York\n")
    page = typed(app("connect", empty_lake), empty_lake / "names.csv")
    page.radio[0].set_value("incremental").run()
    assert "No column has an order" in text(page)
    assert labels(page)["Take into bronze"].disabled
