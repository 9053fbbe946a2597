"""A messy list of countries as XML: attributes, nested elements, a country twice, a name that is missing."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from automic_core.demo import faults
from automic_core.demo.faults import FaultRates
from automic_core.demo.places import COUNTRIES
from automic_core.demo.truth import Entry, Place, TruthWriter, changes, show

TABLE = "countries"
FILE = "countries.xml"
COLUMNS = ("code", "region", "name", "currency.code", "currency.rate_per_eur")
Row = dict[str, str | None]


def write_countries(folder: Path, truth: TruthWriter, seed: int, rates: FaultRates) -> None:
    """Write all countries and their truth; the list is short and always complete.

    Args:
        folder: Where the file goes.
        truth: Where every fault is recorded.
        seed: Same seed, same bytes.
        rates: How often what goes wrong.
    """
    rng = faults.stream(seed, TABLE)
    total = len(COUNTRIES)
    kinds = faults.allot(rng, total, rates.country_rows, floor_from=1)
    copies = faults.allot(rng, total, rates.country_copies, floor_from=1)
    clean = truth.table(f"clean_{TABLE}", COLUMNS)
    entries, repeated = [], []
    for index, country in enumerate(COUNTRIES):
        values = (country.code, country.region, country.name, country.currency, str(country.rate))
        row: Row = dict(zip(COLUMNS, values, strict=True))
        clean.writerow(map(show, row.values()))
        wrong = row | {"name": None} if index in kinds else row
        entry = Entry(wrong, country.code, changes("missing", row, wrong))
        entries.append(entry)
        if index in copies:
            repeated.append(Entry(wrong, country.code, entry.cells, "", entry, copies[index]))
    root = ET.Element("countries", {"exported": "2024-12-31", "base": "EUR"})
    for record, entry in enumerate(entries + repeated, 1):
        root.append(_element(entry.body))
        truth.put(entry, Place(TABLE, FILE, record))
    truth.count(TABLE, FILE, len(root))
    ET.indent(root)
    (folder / FILE).write_bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _element(row: Row) -> ET.Element:
    element = ET.Element("country", {"code": show(row["code"]), "region": show(row["region"])})
    if row["name"] is not None:
        ET.SubElement(element, "name").text = row["name"]
    currency = ET.SubElement(element, "currency", {"code": show(row["currency.code"])})
    ET.SubElement(currency, "rate_per_eur").text = row["currency.rate_per_eur"]
    return element
