"""Foreign keys between tables: found by values and names together, with the values that speak against each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from automic_core import workbench
from automic_core.inference.foreign_keys import foreign_keys
from automic_core.inference.key_names import name_evidence
from automic_core.lake import Lakehouse

CUSTOMERS = pl.DataFrame({"id": range(1, 41), "city": ["Rome", "Oslo"] * 20})
PRODUCTS = pl.DataFrame({"product_id": range(1, 31), "title": [f"thing {i}" for i in range(30)]})
ORDERS = pl.DataFrame(
    {
        "order_id": range(1000, 1200),
        "customer_id": [1 + i * 7 % 40 for i in range(200)],
        "product_id": [1 + i * 3 % 30 for i in range(200)],
        "quantity": [1 + i % 5 for i in range(200)],
    }
)


def found(tables: dict[str, pl.DataFrame]) -> set[tuple[str, str, str, str]]:
    return {(each.table, each.column, each.parent_table, each.parent_column) for each in foreign_keys(tables)}


def test_small_numbers_need_a_name() -> None:
    tables = {"customers": CUSTOMERS, "products": PRODUCTS, "orders": ORDERS}
    assert found(tables) == {
        ("orders", "customer_id", "customers", "id"),
        ("orders", "product_id", "products", "product_id"),
    }


def test_text_and_numbers_as_text() -> None:
    tables = {"bronze.customers": CUSTOMERS.cast(pl.String), "bronze.orders": ORDERS.cast(pl.String)}
    assert found(tables) == {("bronze.orders", "customer_id", "bronze.customers", "id")}


def test_what_speaks_against_it() -> None:
    dirty = ORDERS.with_columns(
        pl.when(pl.col("order_id") < 1003)
        .then(999)
        .when(pl.col("order_id") == 1003)
        .then(None)
        .otherwise(pl.col("customer_id"))
        .alias("customer_id")
    )
    key = next(each for each in foreign_keys({"customers": CUSTOMERS, "orders": dirty}) if each.column == "customer_id")
    assert key.orphans == 3
    assert [(each.value, each.count) for each in key.counter_examples] == [("999", 3)]
    assert key.optional
    assert key.cardinality == "many to one"
    assert key.evidence[0] == "196 of 199 values of orders.customer_id (41 different) are in customers.id"
    assert any("its name is that of table customers" in each for each in key.evidence)
    clean = next(each for each in foreign_keys({"customers": CUSTOMERS, "orders": ORDERS}))
    assert clean.confidence > key.confidence
    assert not clean.optional


def test_too_many_strangers_are_no_key() -> None:
    strange = ORDERS.with_columns(pl.col("customer_id") + 20)
    assert found({"customers": CUSTOMERS, "orders": strange}) == set()


def test_codes_that_do_not_meet_by_chance_need_less_of_a_name() -> None:
    codes = [f"{a}{b}X{a}" for a in "ABCDEF" for b in "KLMNO"]
    shops = pl.DataFrame({"code": codes, "size": range(30)})
    sales = pl.DataFrame({"sold_at": codes * 2, "amount": [f"{i}.5" for i in range(60)]})
    assert found({"shops": shops, "sales": sales}) == {("sales", "sold_at", "shops", "code")}


def test_a_table_that_points_to_itself() -> None:
    staff = pl.DataFrame({"staff_id": range(1, 21), "manager_id": [None, *[1 + i // 5 for i in range(19)]]})
    assert found({"staff": staff}) == {("staff", "manager_id", "staff", "staff_id")}


def test_a_role_in_front_of_the_name_and_one_to_one() -> None:
    address = pl.DataFrame({"address_id": range(1, 31), "street": [f"Road {i}" for i in range(30)]})
    customer = pl.DataFrame({"id": range(1, 16), "billing_address_id": range(3, 18)})
    (key,) = foreign_keys({"address": address, "customer": customer})
    assert (key.column, key.parent_table, key.cardinality) == ("billing_address_id", "address", "one to one")
    assert key.used == 0.5


def test_a_key_shared_by_two_tables_belongs_to_the_one_it_names() -> None:
    film = pl.DataFrame({"film_id": range(1, 51), "length": [90] * 50})
    notes = pl.DataFrame({"film_id": range(1, 51), "note": ["fine"] * 50})
    copies = pl.DataFrame({"copy_id": range(1, 101), "film_id": [1 + i // 2 for i in range(100)]})
    assert found({"notes": notes, "copies": copies, "film": film}) == {
        ("copies", "film_id", "film", "film_id"),
        ("notes", "film_id", "film", "film_id"),
    }


def test_nothing_to_look_at() -> None:
    assert foreign_keys({}) == []
    assert foreign_keys({"empty": pl.DataFrame({"id": []}, schema={"id": pl.Int64})}) == []


@pytest.mark.parametrize(
    ("child", "parent", "clear"),
    [
        (("orders", "customer_id"), ("customers", "id"), True),
        (("orders", "CustomerId"), ("Customer", "CustomerId"), True),
        (("visit", "petid"), ("pets", "petid"), True),
        (("city", "country_code"), ("countries", "code"), True),
        (("orders", "amount"), ("customers", "id"), False),
        (("orders", "id"), ("customers", "id"), False),
        (("people", "person_id"), ("people", "id"), False),
    ],
)
def test_names(child: tuple[str, str], parent: tuple[str, str], clear: bool) -> None:
    assert (name_evidence(*child, *parent)[0] >= 0.8) is clear


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    with workbench.opened(workbench.create(tmp_path / "lake").path, "tester") as opened:
        for name, rows in (("customers", CUSTOMERS), ("orders", ORDERS)):
            rows.write_csv(tmp_path / f"{name}.csv")
            workbench.ingest(opened, workbench.build_source(str(tmp_path / f"{name}.csv")), name)
        yield opened


def test_the_tables_of_a_lake(lake: Lakehouse) -> None:
    (key,) = workbench.relations(lake)
    assert (key.table, key.column, key.parent_table) == ("bronze.orders", "customer_id", "bronze.customers")
    lake.silver.promote("customers")
    (key,) = workbench.relations(lake)
    assert (key.table, key.parent_table) == ("bronze.orders", "silver.customers")
    assert workbench.relations(lake, "silver") == []
