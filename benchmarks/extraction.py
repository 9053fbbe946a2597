"""Values of invoices out of their text:

    python benchmarks/extraction.py FOLDER [--half develop|report] [--model URL] [--name NAME] [--pdf PYTHON]

FOLDER holds pairs NAME.json (a list with one object of expected fields) and NAME.pdf or NAME.txt, as the tests of
invoice2data have them. Text of a PDF is what pdfplumber gives with its layout (``--pdf`` names a Python that has it).
Sorted by name, the first, third … were used to develop; the second, fourth … are what is reported. The schema is one
for all: labels as a person would give them, in the languages of the sheets a business gets. Counted are the expected
fields that the schema names: right, wrong, missing; lines of goods and derived fields (desc, note …) are not asked for.
With ``--model`` an OpenAI-compatible server on this machine is asked for the same fields; what it says goes through the
same step: a quote that is not in the text is no value.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from automic_core.transforms.extract import Extract, Wanted, key_of

_LABELS = """
invoice_number identifier: invoice number, invoice no, invoice nr, invoice #, invoice id, factuurnummer,
    rechnungsnummer, rechnung nr, numéro de facture, facture n°, número de factura, numero fattura, faktura nr,
    fakturanummer, invoice
date date: invoice date, date of invoice, factuurdatum, rechnungsdatum, date de facture, fecha de factura,
    data fattura, data wystawienia, fakturadato, date, datum
date_due date: due date, payment due, due by, vervaldatum, fällig am, date d'échéance, termin płatności
amount decimal: grand total, total due, amount due, balance due, invoice total, total amount, totaalbedrag, te betalen,
    gesamtbetrag, rechnungsbetrag, total ttc, montant total, importe total, totale, należność ogółem, totaal,
    total, summe
amount_untaxed decimal: subtotal, sub total, total excl. vat, net amount, netto, totaal excl. btw, subtotaal, total ht,
    nettobetrag
amount_tax decimal: total tax, vat amount, btw, mwst, tva, iva, tax
currency currency: currency, grand total, amount due, totaal, ogółem, total
issuer text: sold by, seller, vendor, supplier, issuer, sprzedawca, verkäufer
vat identifier: vat number, vat no, vat id, vat, btw-nummer, btw nr, ust-idnr, nip, tin
partner_email email:
partner_website url:
telephone phone:
iban identifier: iban, bank account, account number
payment_reference identifier: payment reference, communication for your payment, payment reference no
customer_order_free_ref identifier: your reference, reference, referentie
order_number identifier: order number, order no, order id, order #, bestelnummer, ordernummer
order_id identifier: order id, order number, order no, bestelnummer, ordernummer
customer_number identifier: customer number, customer no, klantnummer, kundennummer
"""
SCHEMA: dict[str, Wanted] = {}
for _line in re.sub(r"\n +", " ", _LABELS).strip().splitlines():
    _head, _, _rest = _line.partition(":")
    _name, _kind = _head.split()
    SCHEMA[_name] = Wanted(_kind, [each.strip() for each in _rest.split(",") if each.strip()])  # type: ignore[arg-type]
_PDF = (
    "import pdfplumber, sys; "
    "print('\\n'.join(page.extract_text(layout=True) for page in pdfplumber.open(sys.argv[1]).pages))"
)


def documents(folder: Path, half: str, python: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, text and expected fields of the documents of a half."""
    names = sorted(file.stem for file in folder.glob("*.json"))
    found = []
    for name in names[0 if half == "develop" else 1 :: 2]:
        expected = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))[0]
        if (text := folder / f"{name}.txt").exists():
            content = text.read_text(encoding="utf-8")
        else:
            command = [python, "-c", _PDF, str(folder / f"{name}.pdf")]
            content = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found.append((name, content, expected))
    return found


def same(kind: str, expected: Any, value: str | None) -> bool:
    """Whether a value is the expected one: numbers by value, days as ISO, texts by their letters and digits."""
    if value is None:
        return False
    if kind == "decimal":
        return abs(float(expected) - float(value)) < 0.005
    plain = [re.sub(r"[\W_]", "", str(each)).lower() for each in (expected, value)]
    return plain[0] == plain[1]


def scored(name: str, text: str, expected: dict[str, Any], step: Extract, *, told: bool) -> Counter[str]:
    """Right, wrong and missing fields of one document."""
    counts: Counter[str] = Counter()
    row = step.read(text)
    for field, wanted in SCHEMA.items():
        if field not in expected:
            continue
        value = row[field]
        outcome = "missing" if value is None else "right" if same(wanted.kind, expected[field], value) else "wrong"
        counts[outcome] += 1
        if told and outcome != "right":
            print(f"  {name}: {field} {outcome}: expected {expected[field]!r}, found {value!r}")
    return counts


def main() -> None:
    """Score the rules, and a model if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=("develop", "report"), default="report")
    parser.add_argument("--pdf", default=sys.executable, help="a Python that has pdfplumber")
    parser.add_argument("--model", help="URL of a server: http://127.0.0.1:8080/v1")
    parser.add_argument("--name", default="small", help="the model's name there")
    options = parser.parse_args()
    found = documents(options.folder, options.half, options.pdf)
    told = options.half == "develop"  # of the other half nothing is shown but the counts
    total = sum(field in expected for _, _, expected in found for field in SCHEMA)
    rest = sum(field not in SCHEMA for _, _, expected in found for field in expected)
    print(f"{len(found)} documents, the half to {options.half}: {total} fields asked for, {rest} others not")
    step = Extract("text", dict(SCHEMA))
    shown("rules", sum((scored(*each, step, told=told) for each in found), Counter()))
    if options.model:
        answers = by_model(found, options.model, options.name)
        alone = Extract("text", dict(SCHEMA), answers=answers, missing="nothing")
        shown("model", sum((scored(*each, alone, told=told) for each in found), Counter()))
        both = Extract("text", dict(SCHEMA), answers=answers)
        shown("model, then rules", sum((scored(*each, both, told=told) for each in found), Counter()))
        ungrounded = sum(len(alone.read(text)["problems"]) for _, text, _ in found)
        print(f"{ungrounded} values of the model were refused by the step: not in the text, or no value of their kind")


def shown(name: str, counts: Counter[str]) -> None:
    """One line of counts."""
    print(f"{name:<18} right {counts['right']:>3}   wrong {counts['wrong']:>3}   missing {counts['missing']:>3}")


def by_model(found: list[tuple[str, str, dict[str, Any]]], url: str, name: str) -> dict[str, dict[str, str]]:
    """What a model reads in the texts, by key of the text."""
    from automic_core.assist.extracting import by_model as asked
    from automic_core.llm.model import LanguageModel
    from automic_core.settings import Settings
    from automic_core.state import State

    llm = {"mode": "local", "provider": "compatible", "model": name, "api_base": url, "timeout_seconds": 600}
    with tempfile.TemporaryDirectory() as folder, State(Path(folder) / "state.db") as state:
        model = LanguageModel(Settings.load(llm=llm), state.models, "benchmark")
        return {key_of(text): asked(text, dict(SCHEMA), model) for _, text, _ in found}


if __name__ == "__main__":
    main()
