"""Messy nested orders as JSON lines, written one at a time: memory grows with the faults, not with the orders."""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from automic_core.demo import faults
from automic_core.demo.customers import Shopper
from automic_core.demo.faults import FaultRates
from automic_core.demo.sales import Order, sales
from automic_core.demo.truth import Entry, Place, TruthWriter, changes, show

TABLE = "orders"
FILE = "orders.jsonl"
COLUMNS = (
    "order_id",
    "customer_id",
    "ordered_at",
    "status",
    "shipping.city",
    "shipping.country_code",
    "shipping.postcode",
    "currency",
    "total",
    "coupon",
    "gift_note",
)
ITEM_COLUMNS = ("order_id", "item", "sku", "quantity", "unit_price")
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
LONGEST_DELAY = 2000  # orders between an order and its second delivery


def write_orders(
    folder: Path,
    truth: TruthWriter,
    count: int,
    seed: int,
    rates: FaultRates,
    shoppers: Sequence[Shopper],
    catalogue: Sequence[tuple[str, float]],
) -> None:
    """Write the orders and their truth.

    Args:
        folder: Where the file goes.
        truth: Where every fault is recorded.
        count: Number of different orders.
        seed: Same seed, same bytes.
        rates: How often what goes wrong.
        shoppers: Who may order.
        catalogue: What they may order: article and price in euros.
    """
    rng = faults.stream(seed, "order faults")
    clean, items = truth.table(f"clean_{TABLE}", COLUMNS), truth.table("clean_order_items", ITEM_COLUMNS)
    line = record = 0

    def noted() -> Iterator[Order]:
        for order in sales(faults.stream(seed, TABLE), count, shoppers, catalogue):
            flat = order | flatten(order["shipping"], "shipping")
            clean.writerow([show(flat.get(column)) for column in COLUMNS])
            items.writerows(
                (order["order_id"], at, *map(show, item.values())) for at, item in enumerate(order["items"])
            )
            yield order

    with (folder / FILE).open("wb") as file:
        for entry in _deliveries(rng, noted(), count, rates):
            if rng.random() < rates.blank_lines:
                file.write(b"\n")
                line += 1
            line, record = line + 1, record + 1
            file.write(entry.body.encode() + b"\n")
            truth.put(entry, Place(TABLE, FILE, record), line)
    truth.count(TABLE, FILE, record)


def flatten(value: Any, path: str = "") -> dict[str, Any]:
    """A nested record as one level: ``shipping.city``, ``items[0].sku``."""
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}" if path else key, inner) for key, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{at}]", inner) for at, inner in enumerate(value)]
    else:
        return {path: value}
    return {key: leaf for at, inner in pairs for key, leaf in flatten(inner, at).items()}


def _deliveries(rng: random.Random, orders: Iterator[Order], count: int, rates: FaultRates) -> Iterator[Entry[str]]:
    """Every record in file order; second deliveries wait in a heap until they are due."""
    kinds, copies = faults.allot(rng, count, rates.order_rows), faults.allot(rng, count, rates.order_copies)
    waiting: list[tuple[int, int, Entry[str]]] = []
    for index, order in enumerate(orders):
        while waiting and waiting[0][0] <= index:
            yield heapq.heappop(waiting)[2]
        kind, copy = kinds.get(index), copies.get(index)
        first = entry = _entry(rng, order, kind)
        if entry.malformed or copy is None:
            yield entry
            continue
        if copy == "version":
            old = order | {"status": "placed"}
            first = Entry(_as_json(old), entry.key, changes("outdated", flatten(order), flatten(old)))
            entry.earlier, entry.relation = first, copy
        else:
            entry = Entry(entry.body, entry.key, entry.cells, "", first, copy)
        yield first
        heapq.heappush(waiting, (index + rng.randrange(1, LONGEST_DELAY), index, entry))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _entry(rng: random.Random, order: Order, kind: str | None) -> Entry[str]:
    text, key = _as_json(order), order["order_id"]
    if kind is None:
        return Entry(text, key)
    if kind in _BREAKS:
        return Entry(_BREAKS[kind](text), key, malformed=kind)
    wrong = json.loads(text)
    _CELLS[kind](rng, wrong)
    return Entry(_as_json(wrong), key, changes(kind, flatten(order), flatten(wrong)))


def _missing_key(rng: random.Random, order: Order) -> None:
    holder, key = rng.choice(
        ((order, "status"), (order, "currency"), (order, "total"), (order, "shipping"), (order["shipping"], "postcode"))
    )
    del holder[key]


def _number_as_text(rng: random.Random, order: Order) -> None:
    item = rng.choice(order["items"])
    holder, key = rng.choice(((order, "total"), (item, "unit_price"), (item, "quantity")))
    holder[key] = str(holder[key])


def _case(rng: random.Random, order: Order) -> None:
    order["status"] = rng.choice((order["status"].upper(), order["status"].title(), f" {order['status']}"))


def _date_format(rng: random.Random, order: Order) -> None:
    day, time = order["ordered_at"].rstrip("Z").split("T")
    order["ordered_at"] = f"{faults.date_format(rng, day)} {time}"


def _unknown_customer(rng: random.Random, order: Order) -> None:
    order["customer_id"] = f"9{rng.randrange(10**8):08d}"  # nine digits: no customer has so many


def _negative_quantity(rng: random.Random, order: Order) -> None:
    item = rng.choice(order["items"])
    item["quantity"] = -item["quantity"]


def _total_mismatch(rng: random.Random, order: Order) -> None:
    order["total"] = round(order["total"] + rng.choice((4.9, 9.99, -1.0, 25.0)), 2)


def _outlier(rng: random.Random, order: Order) -> None:
    if rng.random() < 0.5:
        order["total"] = round(order["total"] * 100, 2)
    else:
        rng.choice(order["items"])["quantity"] *= 500


_CELLS: dict[str, Callable[[random.Random, Order], None]] = {
    "missing_key": _missing_key,
    "number_as_text": _number_as_text,
    "case": _case,
    "date_format": _date_format,
    "unknown_customer": _unknown_customer,
    "negative_quantity": _negative_quantity,
    "total_mismatch": _total_mismatch,
    "outlier": _outlier,
}

_BREAKS: dict[str, Callable[[str], str]] = {
    "json_truncated": lambda text: text[: len(text) // 2],
    "json_single_quotes": lambda text: text.replace('"', "'"),
    "json_missing_comma": lambda text: text.replace(',"', ' "', 1),
}
