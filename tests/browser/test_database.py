"""A database in a real browser: set up, tested, looked at, taken into bronze."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from automic_core import workbench
from tests import servers
from tests.browser.driver import Person


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty lake that may reach the server."""
    made = workbench.create(tmp_path_factory.mktemp("database") / "lake").path
    hosts = sorted({servers.postgresql().host, servers.logical_postgresql().host})
    about = f"security: {{allowed_hosts: {hosts}}}\n"
    (made / "automic.yaml").write_text(about, encoding="utf-8")
    return made


@pytest.fixture
def shop() -> Iterator[str]:
    """A schema with a table of 2,500 orders."""
    name = f"automic_browser_{os.getpid()}"
    with servers.schema(name):
        servers.postgresql().run(
            f"CREATE TABLE {name}.orders AS SELECT g AS id, g * 0.25 AS amount FROM generate_series(1, 2500) g"
        )
        yield name


def test_from_the_card_to_bronze(person: Callable[..., Person], lake: Path, shop: str) -> None:
    server, who = servers.postgresql(), person()
    who.open("connect")
    who.tap("set-up-postgresql")
    for label, value in {"Database": server.database, "User": server.user, "Host": server.host}.items():
        who.fill(label, value)
    who.fill("Port", str(server.port))
    who.page.get_by_text("More options").click()
    who.settle()
    who.fill("Schema", shop)
    who.click("Test connection")
    who.see("It works")
    who.click("Look at the rows")
    who.see("orders: 2,500 rows, 2 columns")
    who.click("Take into bronze")
    who.see("2,500 rows taken into bronze.orders")
    assert (who.errors, who.foreign) == ([], [])
    with workbench.opened(lake) as opened:
        assert opened.query("SELECT count(*) AS n FROM bronze.orders")["n"].to_list() == [2500]


def test_only_what_is_new_and_the_watermark_moves(person: Callable[..., Person], lake: Path, shop: str) -> None:
    server, who = servers.postgresql(), person()
    server.run(
        f"CREATE TABLE {shop}.events AS SELECT g AS id, timestamp '2024-05-01' + g * interval '1 s' AS at "
        "FROM generate_series(1, 600) g"
    )
    place = f"postgresql://{server.user}@{server.host}:{server.port}/{server.database}?schema={shop}&table=events"
    for rows, moved in ((600, "2024-05-01T00:10:00"), (50, "2024-05-01T00:10:50")):
        who.open("connect")
        who.fill("Path, pattern or address", place)
        who.see("events: ")
        if rows == 600:
            who.page.get_by_text("Only what is new").click()
            who.settle()
        who.see("Cursor")
        who.click("Take into bronze")
        who.see(f"{rows} rows taken into bronze.events")
        who.open("promote", table="bronze.events")
        who.see(f"at read up to {moved}")
        server.run(
            f"INSERT INTO {shop}.events SELECT 600 + g, timestamp '2024-05-01 00:10' + g * interval '1 s' "
            "FROM generate_series(1, 50) g"
        )
    assert (who.errors, who.foreign) == ([], [])
    with workbench.opened(lake) as opened:
        assert opened.query("SELECT count(*) AS n FROM bronze.events")["n"].to_list() == [650]


@pytest.fixture
def followed() -> Iterator[str]:
    """The address of a table of 1,200 orders on a server with a log; what following leaves there goes with it."""
    server, name = servers.logical_postgresql(), f"orders_{os.getpid()}"
    server.run(f"CREATE TABLE {name} (id int PRIMARY KEY, status text)")
    server.run(f"INSERT INTO {name} SELECT g, 'open' FROM generate_series(1, 1200) g")
    yield f"postgresql://{server.user}@{server.host}:{server.port}/{server.database}?table={name}"
    servers.forget_logs(server)
    server.run(f"DROP TABLE {name}")


def test_every_change_is_followed_and_the_position_moves(
    person: Callable[..., Person], lake: Path, followed: str, tmp_path: Path
) -> None:
    server, table = servers.logical_postgresql(), followed.rpartition("=")[2]
    who = person()
    who.open("connect")
    who.fill("Path, pattern or address", followed)
    who.see(f"{table}: ")
    who.fill("Table in bronze", "followed")
    who.page.get_by_text("Every change", exact=True).click()
    who.settle()
    who.see("By the server's log", "Silver holds the table", "Rows are known by id")
    who.page.get_by_text("Rows are known by").scroll_into_view_if_needed()
    who.shoot(tmp_path / "choosing.png")
    who.click("Take into bronze")
    who.see("bronze.followed: 1,200 inserted", "LSN 0/", "Silver holds the table as it is now, up to date")
    first = position(lake)
    server.run(
        f"DELETE FROM {table} WHERE id <= 5; UPDATE {table} SET status = 'paid' WHERE id BETWEEN 6 AND 8;"
        f"INSERT INTO {table} VALUES (2000, 'open')"
    )
    who.click("Read the changes")
    who.see("1 inserted, 3 updated, 5 deleted", "1,201 inserted, 3 updated, 5 deleted")
    second = position(lake)
    assert int(second.partition("/")[2], 16) > int(first.partition("/")[2], 16)
    who.see(f"LSN {second}")
    who.shoot(tmp_path / "followed.png")
    other = person(dark=True)
    other.open("promote", table="bronze.followed")
    other.see(f"LSN {second}", "bronze.followed holds 1,201 inserted, 3 updated, 5 deleted", "Read the changes")
    other.shoot(tmp_path / "promote-dark.png")
    assert (who.errors, who.foreign, other.errors, other.foreign) == ([], [], [], [])
    with workbench.opened(lake) as opened:
        found = opened.query("SELECT count(*) AS n, sum(CASE status WHEN 'paid' THEN 1 END) AS p FROM silver.followed")
        assert found.rows() == [(1196, 3)]


def position(lake: Path) -> str:
    """Up to where the log is in the table."""
    with workbench.opened(lake) as opened:
        view = workbench.change_log(opened, "followed")
    assert view is not None
    return view.position
