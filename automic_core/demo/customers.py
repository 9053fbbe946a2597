"""Two messy CSV deliveries of customers."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterable
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from automic_core.demo import faults, people
from automic_core.demo.faults import FaultRates
from automic_core.demo.truth import Change, Entry, Place, TruthWriter, changes

TABLE = "customers"
FILES = ("customers_1.csv", "customers_2.csv")
FIRST_SHARE = 0.6  # of the customers, in the first delivery
Line = tuple[float, Entry[bytes]]  # position in the file, record


class Shopper(NamedTuple):
    """What an order needs to know about its customer."""

    customer_id: str
    country_code: str
    city: str
    postcode: str


def write_customers(folder: Path, truth: TruthWriter, count: int, seed: int, rates: FaultRates) -> list[Shopper]:
    """Write both deliveries and their truth.

    Args:
        folder: Where the files go.
        truth: Where every fault is recorded.
        count: Number of different people.
        seed: Same seed, same bytes.
        rates: How often what goes wrong.

    Returns:
        One entry a person.
    """
    rng = faults.stream(seed, TABLE)
    kinds, copies = faults.allot(rng, count, rates.customer_rows), faults.allot(rng, count, rates.customer_copies)
    clean = truth.table(f"clean_{TABLE}", people.COLUMNS)
    deliveries: tuple[list[Line], list[Line]] = ([], [])
    shoppers, split, spare_id = [], int(count * FIRST_SHARE), count
    for index in range(count):
        row, copy, kind = people.customer(rng, index + 1), copies.get(index), kinds.get(index)
        if copy == "version":
            row = people.renewed(row, rng.randrange(30, 390))
        clean.writerow(row.values())
        shoppers.append(Shopper(row["customer_id"], row["country_code"], row["city"], row["postcode"]))
        home = 0 if index < split else 1
        again_in = 1 if copy == "version" else rng.randrange(home, 2)
        later = rng.uniform(index if again_in == home else split, count if again_in else split)
        if kind in _BREAKS:
            deliveries[home].append((index, Entry(_BREAKS[kind](row).encode(), row["customer_id"], malformed=kind)))
            continue
        entry = _entry(rng, row, kind, rates)
        if copy == "version":
            old = people.earlier(rng, row)
            first = Entry(_text(old).encode(), entry.key, changes("outdated", row, old))
            deliveries[home].append((index, first))
            entry.earlier, entry.relation = first, copy
            deliveries[again_in].append((later, entry))
            continue
        deliveries[home].append((index, entry))
        if copy == "exact":
            deliveries[again_in].append((later, Entry(entry.body, entry.key, entry.cells, "", entry, copy)))
        elif copy == "near":
            spare_id += 1
            deliveries[again_in].append((later, _near(rng, row, f"{spare_id:06d}", entry, rates)))
    for name, lines in zip(FILES, deliveries, strict=True):
        lines.sort(key=itemgetter(0))
        _write(folder / name, truth, (entry for _, entry in lines), rng, rates)
    return shoppers


def _write(
    path: Path, truth: TruthWriter, entries: Iterable[Entry[bytes]], rng: random.Random, rates: FaultRates
) -> None:
    line, record = 1, 0
    with path.open("wb") as file:
        file.write((",".join(people.COLUMNS) + "\n").encode())
        for entry in entries:
            if rng.random() < rates.blank_lines:
                file.write(b"\n")
                line += 1
            line, record = line + 1, record + 1
            file.write(entry.body + b"\n")
            truth.put(entry, Place(TABLE, path.name, record), line)
    truth.count(TABLE, path.name, record)


def _entry(rng: random.Random, row: people.Row, kind: str | None, rates: FaultRates) -> Entry[bytes]:
    shown, cells = _with_tokens(rng, row, rates)
    if kind == "encoding":
        body, misread = _windows(shown)
        return Entry(body, row["customer_id"], cells + changes(kind, shown, misread))
    if kind is not None:
        wrong = _CELLS[kind](rng, row)
        shown, cells = shown | wrong, cells + changes(kind, row, row | wrong)
    return Entry(_text(shown).encode(), row["customer_id"], cells)


def _with_tokens(rng: random.Random, row: people.Row, rates: FaultRates) -> tuple[people.Row, list[Change]]:
    tokens = {
        column: rng.choice(faults.NA_TOKENS[:-1])
        for column, value in row.items()
        if not value and rng.random() < rates.na_tokens
    }
    return row | tokens, changes("na_token", row, row | tokens)


def _windows(row: people.Row) -> tuple[bytes, people.Row]:
    """The line in Windows-1252 and how a UTF-8 reader sees it; UTF-8 if that alphabet lacks a letter."""
    try:
        body = _text(row).encode("cp1252")
    except UnicodeEncodeError:
        return _text(row).encode(), row
    return body, {column: value.encode("cp1252").decode("utf-8", "replace") for column, value in row.items()}


def _near(rng: random.Random, row: people.Row, new_id: str, earlier: Entry[bytes], rates: FaultRates) -> Entry[bytes]:
    """The same person registered once more: another id, a slip in the name, perhaps no phone."""
    shown, cells = _with_tokens(rng, row, rates)
    column = rng.choice(("first_name", "last_name"))
    wrong = {column: faults.typo(rng, row[column])}
    cells += changes("typo", row, row | wrong)
    if row["phone"] and rng.random() < 0.3:
        wrong["phone"] = rng.choice(faults.NA_TOKENS)
        cells += changes("missing", {"phone": row["phone"]}, wrong)
    return Entry(_text(shown | wrong | {"customer_id": new_id}).encode(), new_id, cells, "", earlier, "near")


def _text(row: people.Row) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(row.values())
    return buffer.getvalue()


def _pick(rng: random.Random, row: people.Row, *columns: str) -> str:
    return rng.choice([column for column in columns if row[column]])


def _outlier(rng: random.Random, row: people.Row) -> people.Row:
    """The credit limit in cents, as one of the delivering systems counts."""
    return {"credit_limit": f"{float(row['credit_limit']) * 100:.2f}"} if row["credit_limit"] else {}


def _number_format(rng: random.Random, row: people.Row) -> people.Row:
    return {"credit_limit": faults.number_format(rng, float(row["credit_limit"]))} if row["credit_limit"] else {}


def _on(
    change: Callable[[random.Random, str], str], *columns: str
) -> Callable[[random.Random, people.Row], people.Row]:
    def apply(rng: random.Random, row: people.Row) -> people.Row:
        column = _pick(rng, row, *columns)
        return {column: change(rng, row[column])}

    return apply


_CELLS: dict[str, Callable[[random.Random, people.Row], people.Row]] = {
    "missing": _on(lambda rng, _: rng.choice(faults.NA_TOKENS), "email", "phone", "birth_date", "city", "credit_limit"),
    "case": _on(faults.other_case, "first_name", "last_name", "city", "email"),
    "blanks": _on(faults.blanks, "first_name", "last_name", "city", "country_code"),
    "bad_email": _on(faults.bad_email, "email"),
    "impossible_date": _on(faults.impossible_date, "birth_date", "signup_date"),
    "date_format": _on(faults.date_format, "birth_date", "signup_date"),
    "number_format": _number_format,
    "lost_zeros": lambda rng, row: {"postcode": row["postcode"].lstrip("0")},
    "outlier": _outlier,
}


def _unquoted_comma(row: people.Row) -> str:
    text = _text(row | {"address": "@"})
    return text.replace(",@,", f",{row['address'].split(',')[0]}, Rear Building,")


def _cut(row: people.Row) -> str:
    return _text(row).rsplit(",", 3)[0]


def _unclosed_quote(row: people.Row) -> str:
    text = _text(row | {"last_name": "@", "address": row["address"].split(",")[0]})
    return text.replace(",@,", f',"{row["last_name"]},')


_BREAKS: dict[str, Callable[[people.Row], str]] = {
    "too_many_fields": _unquoted_comma,
    "too_few_fields": _cut,
    "unclosed_quote": _unclosed_quote,
}
