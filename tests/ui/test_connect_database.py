"""The Connect page on a PostgreSQL server: set up, test, browse, look with the limit pushed down, take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from automic_core import workbench
from tests import servers
from tests.ui.test_connect import OpenApp, click, finished, labels, text

SECRET = "hidden-pa55"


@pytest.fixture
def shop() -> Iterator[str]:
    """A schema with two tables and a view."""
    name = f"automic_shop_{os.getpid()}"
    with servers.schema(name):
        run = servers.postgresql().run
        run(f"CREATE TABLE {name}.orders (id int PRIMARY KEY, amount numeric(8,2), at timestamptz, tags text[])")
        run(f"COMMENT ON TABLE {name}.orders IS 'What people bought'")
        run(
            f"INSERT INTO {name}.orders SELECT g, CASE WHEN g = 3 THEN 'NaN' ELSE g / 4.0 END, "
            f"timestamptz '2024-01-01 12:00+00' + g * interval '1 h', ARRAY['a', 'b'] FROM generate_series(1, 1500) g"
        )
        run(f"CREATE TABLE {name}.people (id int, name text)")
        run(f"INSERT INTO {name}.people VALUES (1, 'Zoë')")
        run(f"CREATE VIEW {name}.large AS SELECT id FROM {name}.orders WHERE amount > 100")
        yield name


@pytest.fixture
def lake(empty_lake: Path) -> Path:
    """A lake that may reach the server."""
    about = f"security: {{allowed_hosts: ['{servers.postgresql().host}']}}\n"
    (empty_lake / "automic.yaml").write_text(about, encoding="utf-8")
    return empty_lake


def test_from_a_card_to_bronze(app: OpenApp, lake: Path, shop: str) -> None:
    page = app("connect", lake)
    next(button for button in page.button if button.key == "set-up-postgresql").click().run()
    assert "Set up PostgreSQL" in text(page)
    assert labels(page)["Look at the rows"].disabled, "the database and the user are needed"
    server = servers.postgresql()
    boxes = {box.label: box for box in page.text_input}
    for label, value in {"Database": server.database, "User": server.user, "Host": server.host, "Schema": shop}.items():
        boxes[label].set_value(value)
    next(box for box in page.number_input if box.label == "Port").set_value(server.port)
    page.run()
    click(page, "Test connection")
    assert "It works" in text(page)
    assert "answers: 3 tables and views to choose from" in text(page)
    click(page, "Look at the rows")
    assert page.button_group[0].options == ["orders", "people", r"large \(view\)"]
    assert "orders: 1,500 rows, 4 columns, 1 row needs a look" in text(page)
    assert "orders: What people bought" in text(page)
    assert list(page.dataframe[0].value["amount"])[:2] == ["0.25", "0.50"]
    assert [box.value for box in page.text_input if box.label == "Table in bronze"] == ["orders"]
    assert page.multiselect[0].value == ["id"]
    click(page, "Take into bronze")
    job = finished(page, lake)
    assert job.state == "succeeded", job.error
    assert "1,500 rows taken into bronze.orders" in text(page)
    with workbench.opened(lake) as opened:
        found = opened.query("SELECT sum(amount) AS s, min(_source) AS f FROM bronze.orders")
        assert str(found["s"][0]) == f"{(1500 * 1501 // 2 - 3) / 4:.2f}"
        assert found["f"][0].endswith(f"#{shop}.orders")
        assert server.user + "@" not in found["f"][0]
        odd = opened.query("SELECT _rescued AS r FROM bronze.orders WHERE _rescued IS NOT NULL")
        assert odd["r"].to_list() == ['{"values": {"amount": "NaN"}}']
        again = workbench.standing(opened, "orders", job.arguments["place"], "postgresql", job.arguments["options"])
    assert (again.rows, again.keys) == (1500, ["id"])


def test_another_table_and_a_query(app: OpenApp, lake: Path, shop: str) -> None:
    server = servers.postgresql()
    page = app("connect", lake)
    box = next(each for each in page.text_input if each.label == "Path, pattern or address")
    place = f"postgresql://{server.user}@{server.host}:{server.port}/{server.database}"
    box.set_value(f"{place}?schema={shop}&table=orders").run()
    assert "orders: 1,500 rows" in text(page)
    page.button_group[0].set_value("people").run()
    assert "people: 1 row, 2 columns" in text(page)
    query = next(each for each in [*page.text_input, *page.text_area] if each.label == "Query")
    query.set_value(f"SELECT count(*) AS n FROM {shop}.orders").run()
    assert not page.exception
    assert page.dataframe[0].value["n"].to_list() == [1500]
    query = next(each for each in [*page.text_input, *page.text_area] if each.label == "Query")
    query.set_value(f"DELETE FROM {shop}.orders").run()
    assert "gives no rows" in text(page) or any("gives no rows" in each.value for each in page.error)
    assert server.run(f"SELECT count(*) FROM {shop}.orders") == [(1500,)]


def test_a_host_that_is_not_listed_is_refused(app: OpenApp, empty_lake: Path, shop: str) -> None:
    server = servers.postgresql()
    place = f"postgresql://{server.user}@{server.host}:{server.port}/{server.database}"
    policy = workbench.policy(empty_lake)
    verdict = workbench.check_source(place, options={"table": f"{shop}.orders"}, policy=policy)
    assert not verdict.works
    assert "not listed" in verdict.sentence
    assert "allowed_hosts" in verdict.hint


@pytest.mark.parametrize(
    ("place", "options"),
    [
        (f"postgresql://me:{SECRET}@127.0.0.1/test", {}),
        ("postgresql://me@127.0.0.1/test", {"password": SECRET}),
    ],
)
def test_a_password_is_refused_and_not_repeated(place: str, options: dict[str, str]) -> None:
    verdict = workbench.check_source(place, options=options)
    assert not verdict.works
    assert SECRET not in repr(verdict)
    assert "never written" in verdict.sentence
