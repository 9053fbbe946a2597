"""The Connect page following every change of a table, and how far it came on it and on Promote."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from automic_core import workbench
from tests import servers
from tests.ui.test_connect import OpenApp, click, finished, labels, text, typed

_numbers = count(1)


@pytest.fixture
def shop(empty_lake: Path) -> Path:
    place = empty_lake / "shop.db"
    run(place, "CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)")
    run(place, "INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    return place


def run(place: Path, *statements: str) -> None:
    with closing(sqlite3.connect(place)) as db, db:
        for statement in statements:
            db.execute(statement)


def radio(page: AppTest, label: str) -> Any:
    return next(each for each in page.radio if each.label == label)


def follow(page: AppTest) -> None:
    """Choose to take every change."""
    radio(page, "Each delivery is").set_value("changes").run()
    assert not page.exception


def test_a_file_is_compared(app: OpenApp, empty_lake: Path, shop: Path) -> None:
    page = typed(app("connect", empty_lake), shop)
    follow(page)
    assert "This source keeps no log" in text(page)
    assert [each.label for each in page.radio] == ["Each delivery is", "Silver holds the table"]
    assert page.multiselect[0].value == ["id"]
    page.multiselect[0].set_value([]).run()
    assert labels(page)["Take into bronze"].disabled, "rows are told apart by keys"
    page.multiselect[0].set_value(["id"]).run()
    radio(page, "Silver holds the table").set_value("history").run()
    click(page, "Take into bronze")
    job = finished(page, empty_lake)
    assert job.state == "succeeded", job.error
    assert "bronze.orders: 3 inserted" in text(page)
    assert "Compared with its source" in text(page)
    assert "Silver holds every version of each row, up to date" in text(page)
    with workbench.opened(empty_lake) as lake:
        again = workbench.read_again(lake, "bronze.orders")
        assert again is not None
        assert (again["compare"], again["silver"], again["keys"]) == (True, "history", ["id"])
        run(shop, "DELETE FROM orders WHERE id = 1", "UPDATE orders SET note = 'z' WHERE id = 2")
        workbench.follow(lake, workbench.build_source(str(shop)), "orders", silver="none")
    page = app("promote", empty_lake, table="bronze.orders")
    assert "3 inserted, 1 updated, 1 deleted" in text(page)
    assert "Silver holds every version of each row, 2 changes behind" in text(page)
    assert "Read the changes" in labels(page)


def test_changes_and_whole_rows_are_not_mixed(app: OpenApp, empty_lake: Path, shop: Path) -> None:
    with workbench.opened(empty_lake) as lake:
        workbench.ingest(lake, workbench.build_source(str(shop)), "orders")
    page = typed(app("connect", empty_lake), shop)
    follow(page)
    assert "bronze.orders holds whole rows" in text(page)
    assert "It cannot take changes too: name another table." in text(page)
    assert labels(page)["Take into bronze"].disabled


@pytest.fixture
def server() -> Iterator[servers.Address]:
    found = servers.logical_postgresql()
    yield found
    servers.forget_logs(found)


@pytest.fixture
def table(server: servers.Address, empty_lake: Path) -> str:
    """A table of 200 rows, which the lake may reach."""
    (empty_lake / "automic.yaml").write_text(f"security: {{allowed_hosts: ['{server.host}']}}\n", encoding="utf-8")
    name = f"orders_{next(_numbers)}"
    server.run(f"CREATE TABLE {name} (id int PRIMARY KEY, note text)")
    server.run(f"INSERT INTO {name} SELECT g, 'n' FROM generate_series(1, 200) g")
    return name


def address(server: servers.Address, table: str) -> str:
    return f"postgresql://{server.user}@{server.host}:{server.port}/{server.database}?table={table}"


@pytest.mark.server
def test_a_log_is_followed_and_a_lost_one_has_a_way_back(
    app: OpenApp, empty_lake: Path, server: servers.Address, table: str
) -> None:
    page = typed(app("connect", empty_lake), address(server, table))
    follow(page)
    assert radio(page, "Changes are found").value == "log"
    assert "Rows are known by id" in text(page)
    assert not page.multiselect, "the log knows the key itself"
    click(page, "Take into bronze")
    job = finished(page, empty_lake)
    assert job.state == "succeeded", job.error
    assert f"bronze.{table}: 200 inserted" in text(page)
    assert f"LSN {job.result['position']}" in text(page)  # type: ignore[index]
    assert "Silver holds the table as it is now, up to date" in text(page)

    server.run(f"DELETE FROM {table} WHERE id <= 3; UPDATE {table} SET note = 'z' WHERE id = 9")
    click(page, "Read the changes")
    job = finished(page, empty_lake)
    assert f"bronze.{table}: 1 updated, 3 deleted" in text(page)
    assert "200 inserted, 1 updated, 3 deleted" in text(page)

    ((slot,),) = server.run("SELECT slot_name FROM pg_replication_slots")
    server.run(f"SELECT pg_drop_replication_slot('{slot}')")
    server.run(f"DELETE FROM {table} WHERE id = 4")
    page = app("promote", empty_lake, table=f"bronze.{table}")
    click(page, "Read the changes")
    job = finished(page, empty_lake)
    page = app("connect", empty_lake, job=job.id)
    assert job.state == "failed"
    assert f"changes are lost: the slot {slot} is gone" in text(page)
    click(page, "Begin anew from a snapshot")
    job = finished(page, empty_lake)
    assert (job.state, job.arguments["fresh"]) == ("succeeded", True)
    assert f"bronze.{table}: 1 deleted" in text(page)
    with workbench.opened(empty_lake) as lake:
        assert lake.query(f"SELECT count(*) AS n FROM silver.{table}")["n"].to_list() == [196]
        assert "fresh" not in (workbench.read_again(lake, f"bronze.{table}") or {"fresh"})
        source = workbench.build_source(address(server, table), policy=workbench.policy(empty_lake))
        workbench.unfollow(lake, source, table)


@pytest.mark.server
def test_a_log_that_cannot_be_followed_is_said(
    app: OpenApp, empty_lake: Path, server: servers.Address, table: str
) -> None:
    server.run(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey")
    page = typed(app("connect", empty_lake), address(server, table))
    follow(page)
    assert "Its log cannot be followed" in text(page)
    assert "has no primary key" in text(page)
    page.multiselect[0].set_value(["id"]).run()
    assert not labels(page)["Take into bronze"].disabled, "it can be compared"
