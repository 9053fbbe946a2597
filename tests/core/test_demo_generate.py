"""The demo files against their own truth: every difference is listed, and everything listed is there."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import time
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core.demo import people, places
from automic_core.demo.faults import DEFAULT_RATES, FaultRates
from automic_core.demo.generate import DemoFiles, generate
from automic_core.demo.truth import Truth, read_clean, read_truth
from automic_core.errors import ConfigError, LoadError, SourceError

Cells = dict[str, Any]
Record = tuple[str, str, int, int, Cells | None]
MALFORMED = None


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return generate(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def truth(demo: DemoFiles) -> Truth:
    return read_truth(demo.truth)


# Independent readers: (physical line, cells or None for a malformed record) in file order.


def read_csv(path: Path) -> Iterator[tuple[int, Cells | None]]:
    lines = path.read_bytes().split(b"\n")
    header = lines[0].decode().split(",")
    for number, raw in enumerate(lines[1:], 2):
        if not raw:
            continue
        try:
            values = next(csv.reader(io.StringIO(raw.decode("utf-8", "replace")), strict=True))
        except csv.Error:
            yield number, MALFORMED
            continue
        yield number, dict(zip(header, values, strict=True)) if len(values) == len(header) else MALFORMED


def read_jsonl(path: Path) -> Iterator[tuple[int, Cells | None]]:
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not raw:
            continue
        try:
            yield number, leaves(json.loads(raw))
        except json.JSONDecodeError:
            yield number, MALFORMED


def leaves(value: Any, path: str = "") -> Cells:
    if isinstance(value, dict):
        parts = [leaves(inner, f"{path}.{key}".lstrip(".")) for key, inner in value.items()]
    elif isinstance(value, list):
        parts = [leaves(inner, f"{path}[{at}]") for at, inner in enumerate(value)]
    else:
        return {path: value}
    return {key: leaf for part in parts for key, leaf in part.items()}


def read_xlsx(path: Path) -> Iterator[tuple[int, Cells | None]]:
    calamine = pytest.importorskip("python_calamine")
    sheet = calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    rows = sheet.to_python(skip_empty_area=False)
    header = rows[3]
    for number, row in enumerate(rows[4:], 5):
        if any(cell != "" for cell in row):
            yield number, MALFORMED if row[1:] == [""] * (len(row) - 1) else dict(zip(header, row, strict=True))


def read_xml(path: Path) -> Iterator[tuple[int, Cells | None]]:
    for number, country in enumerate(ET.parse(path).getroot(), 1):
        currency = country.find("currency")
        assert currency is not None
        yield (
            number,
            {
                "code": country.get("code"),
                "region": country.get("region"),
                "name": country.findtext("name", ""),
                "currency.code": currency.get("code"),
                "currency.rate_per_eur": currency.findtext("rate_per_eur"),
            },
        )


@pytest.fixture(scope="module")
def records(demo: DemoFiles) -> list[Record]:
    """Every record as it is read: table, file, ordinal, line, cells."""
    sources = [("customers", path, read_csv) for path in demo.customers]
    sources += [("orders", demo.orders, read_jsonl), ("products", demo.products, read_xlsx)]
    sources += [("countries", demo.countries, read_xml)]
    found: list[Record] = []
    for table, path, reader in sources:
        found += [(table, path.name, record, line, cells) for record, (line, cells) in enumerate(reader(path), 1)]
    return found


def numeric(column: str) -> bool:
    """Whether the column holds numbers in Excel or JSON; the two text formats have none."""
    return column in {"price_eur", "weight_kg", "stock", "total"} or column.endswith((".quantity", ".unit_price"))


def shown(value: Any, text: str, column: str) -> bool:
    """Whether the truth's ``text`` means the value seen: in a column of numbers it is JSON, so 66 is 66.0, not "66"."""
    if value is None or value == "":
        return text == ""
    read = json.loads(text) if numeric(column) else text
    return isinstance(read, str) == isinstance(value, str) and read == value


KEYS = {"customers": "customer_id", "orders": "order_id", "products": "sku", "countries": "code"}


def clean_rows(demo: DemoFiles) -> dict[tuple[str, str], Cells]:
    rows = {
        (table, row[key]): row
        for table, key in KEYS.items()
        for row in read_clean(demo.truth, table).iter_rows(named=True)
    }
    for item in read_clean(demo.truth, "order_items").iter_rows(named=True):
        order = rows["orders", item["order_id"]]
        order |= {f"items[{item['item']}].{name}": item[name] for name in ("sku", "quantity", "unit_price")}
    return rows


def same(seen: Any, right: str, column: str) -> bool:
    """Equal as what it is: in Excel and JSON a number must be a number, everywhere text must be this text."""
    if numeric(column):
        return isinstance(seen, int | float) and seen == float(right)
    return ("" if seen is None else str(seen)) == right


def test_a_cell_differs_from_the_clean_table_exactly_where_an_error_is_listed(
    demo: DemoFiles, truth: Truth, records: list[Record]
) -> None:
    near = {
        (row["table"], row["file"], row["record"]): (row["duplicate_of_file"], row["duplicate_of_record"])
        for row in truth.duplicates.filter(pl.col("kind") == "near").iter_rows(named=True)
    }
    all_records = {(table, file, record): cells for table, file, record, _, cells in records}
    clean = clean_rows(demo)
    differing = {}
    for place, cells in all_records.items():
        if cells is None:
            continue
        table, key = place[0], KEYS[place[0]]
        stands = all_records[table, *near[place]] if place in near else cells
        assert stands is not None
        right = clean[table, stands[key]]
        ignored = {key} if place in near else set()
        for column in (cells.keys() | right.keys()) - ignored:
            if not same(cells.get(column), right[column], column):
                differing[*place, column] = (cells.get(column), right[column])
    listed = {
        (row["table"], row["file"], row["record"], row["column"]): (row["wrong_value"], row["right_value"], row["kind"])
        for row in truth.errors.iter_rows(named=True)
    }
    assert len(listed) == truth.errors.height, "a cell is listed twice"
    assert listed.keys() == differing.keys()
    for cell, (seen, right_value) in differing.items():
        wrong, listed_right, kind = listed[cell]
        assert listed_right == right_value
        assert shown(seen, wrong, cell[-1]), (cell, kind, seen, wrong)


def test_malformed_records_are_exactly_the_listed_ones_with_their_lines(
    demo: DemoFiles, truth: Truth, records: list[Record]
) -> None:
    found = {(table, file, line, record) for table, file, record, line, cells in records if cells is None}
    assert found == set(truth.malformed.select("table", "file", "line", "record").iter_rows())
    assert any(line != record for table, _, line, record in found if table == "orders"), "no blank line shifts anything"
    keys = {row["key"] for row in truth.malformed.iter_rows(named=True) if row["kind"] != "footer"}
    present = set(read_clean(demo.truth, "customers")["customer_id"]) | set(
        read_clean(demo.truth, "orders")["order_id"]
    )
    assert keys <= present


def test_records_are_counted(truth: Truth, records: list[Record]) -> None:
    counts: dict[tuple[str, str], int] = {}
    for table, file, _, _, _ in records:
        counts[table, file] = counts.get((table, file), 0) + 1
    assert counts == {(table, file): number for table, file, number in truth.records.iter_rows()}


def test_every_repeated_key_or_row_is_a_listed_duplicate(truth: Truth, records: list[Record]) -> None:
    by_key: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for table, file, record, _, cells in records:
        if cells is not None:
            by_key.setdefault((table, cells[KEYS[table]]), []).append((file, record))
    repeated = {(table, *sorted(at)) for (table, _), at in by_key.items() if len(at) > 1}
    listed = truth.duplicates.filter(pl.col("kind") != "near").iter_rows()
    assert repeated == {(t, *sorted(((file, record), (of, of_record)))) for t, file, record, of, of_record, _ in listed}


def test_each_duplicate_is_of_its_kind(truth: Truth, records: list[Record]) -> None:
    rows = {(table, file, record): cells for table, file, record, _, cells in records}
    for table, file, record, of_file, of_record, kind in truth.duplicates.iter_rows():
        gone, stays = rows[table, file, record], rows[table, of_file, of_record]
        assert gone is not None
        assert stays is not None
        if kind == "exact":
            assert gone == stays
            assert (file, record) > (of_file, of_record), "the later repetition goes"
        elif kind == "version":
            assert gone[KEYS[table]] == stays[KEYS[table]]
            assert gone != stays
            assert (file, record) < (of_file, of_record), "the older version goes"
        else:
            assert gone["customer_id"] != stays["customer_id"]
            assert gone["birth_date"] == stays["birth_date"] or "birth_date" in errors_at(truth, of_file, of_record)
    customers = truth.duplicates.filter((pl.col("table") == "customers") & (pl.col("kind") == "exact"))
    across = customers.select((pl.col("file") != pl.col("duplicate_of_file")).alias("across"))["across"]
    assert across.any()
    assert not across.all()


def errors_at(truth: Truth, file: str, record: int) -> list[str]:
    here = truth.errors.filter((pl.col("file") == file) & (pl.col("record") == record))
    return here["column"].to_list()


def test_every_kind_of_fault_occurs_at_the_default_size(truth: Truth) -> None:
    rates = DEFAULT_RATES
    rows = rates.customer_rows | rates.order_rows | rates.product_rows | rates.country_rows
    found = set(truth.errors["kind"]) | set(truth.malformed["kind"])
    assert found == set(rows) | {"na_token", "outdated", "typo", "merged_cell", "footer"}
    pairs = set(truth.duplicates.select("table", "kind").iter_rows())
    assert pairs == {
        *(("customers", kind) for kind in rates.customer_copies),
        *(("orders", kind) for kind in rates.order_copies),
        *(("products", kind) for kind in rates.product_copies),
        ("countries", "exact"),
    }
    missing = truth.errors.filter((pl.col("table") == "countries") & (pl.col("column") == "name"))
    assert missing.height >= 1


def test_rates_are_realistic(truth: Truth) -> None:
    for table in ("customers", "orders", "products"):
        total = truth.records.filter(pl.col("table") == table)["records"].sum()
        faulty = truth.errors.filter((pl.col("table") == table) & (pl.col("kind") != "outdated"))
        assert 0.03 < faulty.select("file", "record").unique().height / total < 0.35
        assert 0.005 < truth.duplicates.filter(pl.col("table") == table).height / total < 0.10


def test_outliers_are_the_errors_of_that_kind_and_stand_out(truth: Truth) -> None:
    outliers = truth.errors.filter(pl.col("kind") == "outlier").drop("kind")
    assert outliers.equals(truth.outliers)
    assert set(outliers["table"]) == {"customers", "orders", "products"}
    ratio = pl.col("wrong_value").cast(pl.Float64) / pl.col("right_value").cast(pl.Float64)
    assert outliers.select((ratio >= 99.9).all()).item()


def test_the_files_are_messy_in_the_promised_ways(demo: DemoFiles) -> None:
    customers = demo.customers[0].read_bytes() + demo.customers[1].read_bytes()
    with pytest.raises(UnicodeDecodeError):
        customers.decode()
    assert b"\n000001," in customers
    assert '"' in customers.decode("utf-8", "replace")
    assert any(row["postcode"].startswith("0") for row in read_clean(demo.truth, "customers").iter_rows(named=True))
    lines = demo.orders.read_text("utf-8").splitlines()
    first = next(at for at, line in enumerate(lines) if '"gift_note"' in line)
    assert first > 0.9 * len(lines), "a key that only appears late"
    nested = [
        json.loads(line)["items"]
        for line in lines[:200]
        if line.startswith('{"') and line.endswith("}") and '" "' not in line
    ]
    assert len({len(items) for items in nested}) > 1


def test_the_sheet_has_a_title_merged_cells_and_blank_rows(demo: DemoFiles) -> None:
    calamine = pytest.importorskip("python_calamine")
    sheet = calamine.CalamineWorkbook.from_path(demo.products).get_sheet_by_index(0)
    rows = sheet.to_python(skip_empty_area=False)
    assert rows[0][0] == "Product catalogue 2024"
    assert rows[2] == [""] * 8
    assert rows[3][0] == "sku"
    assert sum(row == [""] * 8 for row in rows[4:]) >= 2
    assert len(sheet.merged_cell_ranges) > 1
    assert rows[-1][0].startswith("Total:")


def test_prices_and_countries_answer_revenue_by_country_and_month(demo: DemoFiles) -> None:
    orders = read_clean(demo.truth, "orders").with_columns(pl.col("total").cast(pl.Float64))
    countries = read_clean(demo.truth, "countries")
    joined = orders.join(countries, left_on="shipping.country_code", right_on="code")
    assert joined.height == orders.height
    assert (joined["currency"] == joined["currency.code"]).all()
    sold = joined.with_columns(
        euros=pl.col("total") / pl.col("currency.rate_per_eur").cast(pl.Float64),
        month=pl.col("ordered_at").str.slice(0, 7),
    )
    months = sold.group_by("month").agg(pl.col("euros").sum()).sort("month")
    assert months["month"].to_list() == [f"2024-{month:02d}" for month in range(1, 13)]
    assert months["euros"].arg_max() == 11, "December is the best month"
    growing = sold.filter(pl.col("shipping.country_code").is_in(list(places.GROWING)))
    share = [
        growing.filter(pl.col("month") == month).height / sold.filter(pl.col("month") == month).height
        for month in ("2024-01", "2024-12")
    ]
    assert share[1] > 1.5 * share[0]


def test_clean_orders_add_up_and_refer_to_what_exists(demo: DemoFiles) -> None:
    orders, items = read_clean(demo.truth, "orders"), read_clean(demo.truth, "order_items")
    number = [pl.col(name).cast(pl.Float64) for name in ("quantity", "unit_price")]
    sums = items.group_by("order_id").agg((number[0] * number[1]).sum().alias("sum"))
    joined = orders.join(sums, on="order_id").with_columns(pl.col("total").cast(pl.Float64))
    assert joined.height == orders.height == 20000
    assert joined.select(((pl.col("total") - pl.col("sum")).abs() < 0.006).all()).item()
    assert orders.join(read_clean(demo.truth, "customers"), on="customer_id", how="anti").is_empty()
    assert items.join(read_clean(demo.truth, "products"), on="sku", how="anti").is_empty()
    assert orders["ordered_at"].is_sorted()


def test_same_arguments_give_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    def bytes_of(name: str, seed: int) -> dict[str, bytes]:
        folder = tmp_path / name
        generate(folder, customers=150, orders=300, products=30, seed=seed)
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.*"))}

    first = bytes_of("a", 7)
    assert bytes_of("b", 7) == first
    with zipfile.ZipFile(
        tmp_path / "a" / "in" / "products.xlsx"
    ) as book:  # no clock in it, or a later run would differ
        assert {part.date_time[0] for part in book.infolist()} == {1980}
        assert b"2024-12-31T00:00:00Z" in book.read("docProps/core.xml")
    other = bytes_of("c", 8)
    assert other.keys() == first.keys()
    assert other["in/customers_1.csv"] != first["in/customers_1.csv"]


def test_sizes_scale_and_tables_do_not_disturb_each_other(tmp_path: Path) -> None:
    small = generate(tmp_path / "small", customers=120, orders=100, products=20)
    large = generate(tmp_path / "large", customers=120, orders=400, products=20)
    assert read_clean(small.truth, "orders").height == 100
    assert read_clean(large.truth, "orders").height == 400
    assert small.customers[0].read_bytes() == large.customers[0].read_bytes()
    tiny = generate(tmp_path / "tiny", customers=1, orders=0, products=1)
    assert read_clean(tiny.truth, "customers").height == 1
    assert tiny.orders.read_bytes() == b""


def test_without_rates_the_files_are_clean(tmp_path: Path) -> None:
    none = {field.name: {} if field.default is dataclasses.MISSING else 0.0 for field in dataclasses.fields(FaultRates)}
    demo = generate(tmp_path, customers=50, orders=80, products=20, rates=FaultRates(**none))  # type: ignore[arg-type]
    truth = read_truth(demo.truth)
    assert truth.errors.is_empty()
    assert truth.duplicates.is_empty()
    assert truth.malformed["kind"].to_list() == ["footer"]


def test_wrong_sizes_and_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0 customers"):
        generate(tmp_path, customers=0)
    (tmp_path / "file").write_text("")
    with pytest.raises(LoadError, match="writing the demo"):
        generate(tmp_path / "file", customers=1, orders=0, products=1)
    with pytest.raises(SourceError, match="duplicates"):
        read_truth(tmp_path)


def test_the_default_size_takes_under_three_seconds_of_cpu(tmp_path: Path) -> None:
    began = time.process_time()
    generate(tmp_path)
    assert time.process_time() - began < 3


def test_names_in_mail_addresses_are_ascii() -> None:
    assert [people.plain(name) for name in ("Łukasz", "Großmann", "Gülşen", "O'Brien")] == [
        "lukasz",
        "grossmann",
        "gulsen",
        "obrien",
    ]
