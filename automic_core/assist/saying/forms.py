"""What "valid" means for values of a kind: the rule that tells, and how far it can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core.assist.asking.words import name_words
from automic_core.assist.saying.columns import Columns
from automic_core.inference.codes import COUNTRIES, CURRENCIES


@dataclass(frozen=True)
class Form:
    """A rule for values of a kind.

    Attributes:
        title: What a value is that passes.
        words: Words for it, and in names of columns that hold it.
        why: What it cannot tell.
    """

    kind: str
    options: dict[str, Any]
    title: str
    words: frozenset[str]
    why: str = ""


def _form(kind: str, title: str, words: str, why: str = "", **options: Any) -> Form:
    return Form(kind, options, title, frozenset(words.split()), why)


_FORM_ONLY = "the form only"
FORMS: dict[str, Form] = {
    "email": _form("regex", "an email address", "email mail e-mail", "the form only: whether it is read, nobody knows",
                   pattern=r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "url": _form("regex", "a web address", "url website web link homepage", _FORM_ONLY,
                 pattern=r"(?i:https?|ftp)://\S+"),
    "phone number": _form("regex", "a phone number", "phone telephone tel mobile fax", "7 to 15 digits, as E.164 has",
                          pattern=r"\+?(?:[ ()./-]*\d){7,15}[ ()./-]*"),
    "IBAN": _form("regex", "an IBAN by its form", "iban", "its check digits are not computed here",
                  pattern=r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}"),
    "card number": _form("regex", "a card number by its form", "card pan", "its check digit is not computed here",
                         pattern=r"[2-6](?:[ -]?\d){12,18}"),
    "UUID": _form("regex", "a UUID", "uuid guid", pattern=r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    "IP address": _form("regex", "an IPv4 address", "ip ipv4",
                        pattern=r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)"),
    "postcode": _form("regex", "a postcode by its form", "postcode zip zipcode postal plz", _FORM_ONLY,
                      pattern=r"[A-Za-z0-9][A-Za-z0-9 -]{2,9}"),
    "country code": _form("set", "a country code", "country nation", "ISO 3166-1", values=sorted(COUNTRIES)),
    "currency code": _form("set", "a currency code", "currency ccy", "ISO 4217", values=sorted(CURRENCIES)),
    "date": _form("type", "a date", "date day birthday birth", type="date"),
    "number": _form("type", "a number", "number amount price quantity total", type="decimal"),
}  # fmt: skip


def form_of(kind: str, said: str, name: str, columns: Columns) -> str | None:
    """The kind of values meant: by the words for it, those for the column, then the column's own name and values."""
    held = columns.personal.get(name)
    for words in (kind, said, name):
        known = set(name_words(words.replace(" ", "_"))) | {words.lower().strip()}
        for form, each in FORMS.items():
            if known & each.words:
                return form
    by_value = {
        "email": "email",
        "phone": "phone number",
        "iban": "IBAN",
        "credit_card": "card number",
        "ip": "IP address",
    }
    if held in by_value:
        return by_value[held]
    dtype = columns.rows.schema[name]
    return "date" if dtype in (pl.Date, pl.Datetime) else "number" if dtype.is_numeric() else None
