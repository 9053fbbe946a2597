"""A messy product catalogue as an Excel sheet: title block, merged cells, blank rows, prices as text, a footer."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from automic_core.demo import faults
from automic_core.demo.faults import FaultRates
from automic_core.demo.truth import Change, Entry, Place, TruthWriter, changes, show
from automic_core.demo.words import ADJECTIVES, BRANDS, CATEGORIES
from automic_core.errors import MissingDriverError

TABLE = "products"
FILE = "products.xlsx"
SHEET = "Catalogue"
COLUMNS = ("sku", "name", "category", "brand", "price_eur", "weight_kg", "stock", "launched")
HEADER_ROW = 4  # 1-based; above it two lines of title and an empty one
MERGED = 3  # rows under one merged category cell
Row = dict[str, Any]


def write_products(
    folder: Path, truth: TruthWriter, count: int, seed: int, rates: FaultRates
) -> list[tuple[str, float]]:
    """Write the catalogue and its truth.

    Args:
        folder: Where the file goes.
        truth: Where every fault is recorded.
        count: Number of different articles.
        seed: Same seed, same bytes.
        rates: How often what goes wrong.

    Returns:
        Article number and right price in euros, one entry an article.

    Raises:
        MissingDriverError: xlsxwriter is not installed.
    """
    rng = faults.stream(seed, TABLE)
    kinds, copies = faults.allot(rng, count, rates.product_rows), faults.allot(rng, count, rates.product_copies)
    clean = truth.table(f"clean_{TABLE}", COLUMNS)
    catalogue, entries = [], []
    repeated = []
    for index in range(count):
        row, copy = _product(rng, index, count), copies.get(index)
        clean.writerow(map(show, row.values()))
        catalogue.append((row["sku"], row["price_eur"]))
        entry = _entry(rng, row, kinds.get(index))
        if copy == "version":
            old = row | {"price_eur": round(row["price_eur"] * 0.9, 2), "stock": row["stock"] + rng.randrange(1, 40)}
            first = Entry(old, entry.key, changes("outdated", row, old))
            entry.earlier, entry.relation = first, copy
            repeated.append(entry)
            entry = first
        elif copy == "exact":
            repeated.append(Entry(entry.body, entry.key, entry.cells, "", entry, copy))
        entries.append(entry)
    blocks = _blocks(rng, entries, {entry.key for entry in repeated}, round(rates.product_merges * count))
    _write(folder / FILE, truth, entries + repeated, blocks)
    return catalogue


def _product(rng: random.Random, index: int, count: int) -> Row:
    category = list(CATEGORIES)[index * len(CATEGORIES) // count]
    low, high, nouns = CATEGORIES[category]
    return {
        "sku": f"{index + 1:05d}",
        "name": f"{rng.choice(ADJECTIVES)} {rng.choice(nouns)}",
        "category": category,
        "brand": rng.choice(BRANDS),
        "price_eur": round(low + (high - low) * rng.random() ** 2, 2),
        "weight_kg": round(rng.lognormvariate(0.3, 0.8), 2),
        "stock": rng.randrange(0, 400),
        "launched": (date(2019, 1, 1) + timedelta(days=rng.randrange(1800))).isoformat(),
    }


def _entry(rng: random.Random, row: Row, kind: str | None) -> Entry[Row]:
    if kind is None:
        return Entry(row, row["sku"])
    wrong = row | _CELLS[kind](rng, row)
    return Entry(wrong, row["sku"], changes(kind, row, wrong))


def _missing(rng: random.Random, row: Row) -> Row:
    return {rng.choice(("brand", "weight_kg")): rng.choice((None, "N/A", "-"))}


_CELLS: dict[str, Callable[[random.Random, Row], Row]] = {
    "number_format": lambda rng, row: {"price_eur": faults.number_format(rng, row["price_eur"])},
    "missing": _missing,
    "blanks": lambda rng, row: {"name": faults.blanks(rng, row["name"])},
    "outlier": lambda _, row: {"price_eur": round(row["price_eur"] * 100, 2)},
}


def _blocks(rng: random.Random, entries: Sequence[Entry[Row]], skip: set[str], wanted: int) -> set[int]:
    """Choose where a category is written once for three rows, and mark the two cells left empty by it.

    Rows delivered twice are left out: their copies would no longer be the same.
    """
    starts: set[int] = set()
    for start in range(0, len(entries) - MERGED + 1, MERGED):
        block = entries[start : start + MERGED]
        if len({entry.body["category"] for entry in block}) == 1 and not any(entry.key in skip for entry in block):
            starts.add(start)
    chosen = set(rng.sample(sorted(starts), min(wanted, len(starts))))
    for entry in (entries[start + step] for start in sorted(chosen) for step in range(1, MERGED)):
        entry.cells = [*entry.cells, Change("category", "merged_cell", "", entry.body["category"])]
    return chosen


def _write(path: Path, truth: TruthWriter, entries: Sequence[Entry[Row]], blocks: set[int]) -> None:
    try:
        import xlsxwriter
    except ImportError as exc:
        raise MissingDriverError("xlsxwriter", "excel") from exc
    with xlsxwriter.Workbook(path) as book:
        # Without a fixed date the file would differ from run to run.
        book.set_properties({"title": "Product catalogue", "created": datetime(2024, 12, 31)})  # noqa: DTZ001
        sheet, bold, day = (
            book.add_worksheet(SHEET),
            book.add_format({"bold": True}),
            book.add_format({"num_format": "yyyy-mm-dd"}),
        )
        centre = book.add_format({"valign": "vcenter"})
        sheet.merge_range(0, 0, 0, len(COLUMNS) - 1, "Product catalogue 2024", bold)
        sheet.write_string(1, 0, "Exported 2024-12-31, prices in EUR")
        sheet.write_row(HEADER_ROW - 1, 0, COLUMNS, bold)
        at = HEADER_ROW
        for index, entry in enumerate(entries):
            if index % 40 == 39 and index // MERGED * MERGED not in blocks:
                at += 1  # a blank row, never within a merged block
            inside = any(index - step in blocks for step in range(1, MERGED))
            for column, name in enumerate(COLUMNS):
                value = entry.body[name]
                if name == "launched":
                    sheet.write_datetime(at, column, date.fromisoformat(value), day)
                elif isinstance(value, str) and not (name == "category" and inside):
                    sheet.write_string(at, column, value)
                elif isinstance(value, int | float):
                    sheet.write_number(at, column, value)
            if index in blocks:
                sheet.merge_range(at, 2, at + MERGED - 1, 2, entry.body["category"], centre)
            at += 1
            truth.put(entry, Place(TABLE, path.name, index + 1))
        sheet.write_string(at + 1, 0, f"Total: {len(entries)} articles. Internal use only.")
        footer: Entry[Row] = Entry({}, "", malformed="footer")
        truth.put(footer, Place(TABLE, path.name, len(entries) + 1), at + 2)
    truth.count(TABLE, path.name, len(entries) + 1)
