"""Clauses about free text, as steps: values read out of it, and classes for it."""

from __future__ import annotations

import re

from automic_core.assist.asking.words import name_words
from automic_core.assist.saying.changing import Reader
from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.saying import Unclear, Wish
from automic_core.assist.saying.terms import listed
from automic_core.inference.text_groups import propose_classes
from automic_core.inference.text_values import Kind

_KINDS: dict[str, Kind] = {
    "date": "date", "day": "date", "birthday": "date", "deadline": "date", "amount": "decimal", "total": "decimal",
    "price": "decimal", "sum": "decimal", "cost": "decimal", "fee": "decimal", "tax": "decimal", "subtotal": "decimal",
    "rate": "percent", "percentage": "percent", "discount": "percent", "quantity": "integer", "count": "integer",
    "email": "email", "mail": "email", "url": "url", "link": "url", "website": "url", "phone": "phone",
    "telephone": "phone", "iban": "iban", "currency": "currency", "number": "identifier", "no": "identifier",
    "identifier": "identifier", "id": "identifier", "code": "identifier", "reference": "identifier",
    "order": "identifier", "invoice": "identifier",
}  # fmt: skip


def _extract(match: re.Match[str], columns: Columns) -> list[Wish]:
    """ "extract the invoice number, date and total from the letter"."""
    column = columns.one(match["from"])
    if column not in columns.texts:
        raise Unclear(f"{column} is no text.")
    fields = {}
    for said in listed(match["what"]):
        words = [word for word in re.split(r"\W+", said.lower()) if word not in ("the", "a", "an", "")]
        name = "_".join(words)
        if not name:
            continue
        name = name if name not in columns.names else f"{column}_{name}"
        kinds = (_KINDS.get(word) for word in reversed(name_words("_".join(words))))
        fields[name] = next((kind for kind in kinds if kind), "text")
    if not fields:
        raise Unclear(f"Nothing is named to be read from {column}.")
    told = ", ".join(f"{name} ({kind})" for name, kind in fields.items())
    why = "each value stands behind or below its label; what is not found is missing"
    options = {"column": column, "fields": fields}
    return [Wish("step", "extract", options, f"Read {told} from {column}", why, tuple(fields))]


def _classify(match: re.Match[str], columns: Columns) -> list[Wish]:
    """ "classify the message into billing, delivery or praise"."""
    column = columns.one(match["what"])
    labels = listed(match["labels"])
    if column not in columns.texts or len(labels) < 2:
        raise Unclear(f"{column} is no text, or there is only one class.", "Say: classify COLUMN into A, B or C.")
    into = f"{column}_class"
    options = {"column": column, "classes": dict.fromkeys(labels, ""), "into": into}
    why = "by the words of the classes' names; describe them, or give examples, in the step"
    return [Wish("step", "classify", options, f"{into}: {' or '.join(labels)}", why, (into,))]


def _proposed(match: re.Match[str], columns: Columns) -> list[Wish]:
    """ "classify the message": into the classes that its texts fall into by themselves."""
    column = columns.one(match["what"])
    if column not in columns.texts:
        raise Unclear(f"{column} is no text.")
    classes = propose_classes(columns.rows[column].drop_nulls().to_list())
    if not classes:
        ask = f"Name the classes: classify {column} into A, B or C."
        raise Unclear(f"The texts of {column} fall into no classes by the words they share.", ask)
    into = f"{column}_class"
    why = "found in the texts, by the words that each class shares; rename and describe them in the step"
    options = {"column": column, "classes": classes, "into": into}
    return [Wish("step", "classify", options, f"{into}: {' or '.join(classes)}", why, (into,))]


READERS: tuple[tuple[str, Reader], ...] = (
    (r"(?:extract|read|parse|pull)(?: out)? (?P<what>.+?) (?:from|out of) (?:the )?(?P<from>[\w ]+)", _extract),
    (
        r"(?:classify|tag|sort|categori[sz]e|label) (?:the )?(?P<what>.+?) (?:into|as|by) (?P<labels>.+[, ].+)",
        _classify,
    ),
    (r"(?:classify|tag|categori[sz]e|group) (?:the )?(?P<what>[\w ]+)", _proposed),
)
