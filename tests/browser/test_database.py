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
