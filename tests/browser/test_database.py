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
    about = f"security: {{allowed_hosts: ['{servers.postgresql().host}']}}\n"
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
