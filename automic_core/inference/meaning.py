"""What the values of a column are: emails, countries, identifiers, free text; with the share that says so."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from automic_core.inference.casting import BOOLEAN_WORDS
from automic_core.inference.domains import DOMAINS
from automic_core.inference.evidence import ColumnEvidence
from automic_core.inference.names import snake
from automic_core.inference.typed import ORDERED
from automic_core.records import Field, FieldType

_PATTERNS = {
    "email": "email address",
    "url": "web address",
    "phone_us": "phone number",
    "ipv4": "IP address",
    "uuid": "UUID",
    "credit_card": "payment card number",
    "ssn": "social security number",
}
_SETS = (
    ("country code", {"country", "nation", "nationality", "iso", "iso2", "land"}, "ISO 3166"),
    ("currency", {"currency", "curr", "ccy", "iso4217"}, "ISO 4217"),
)
_PHONE = r"^\+?[0-9][0-9 ()./-]{5,20}$"  # much quicker than the test of the domain
_NAMED_FORMS = (
    ("phone number", lambda texts: texts.str.contains(_PHONE), {"phone", "tel", "telephone", "mobile", "cell", "fax"}),
    ("postcode", DOMAINS["postcode"].fits, {"postcode", "zip", "zipcode", "postal", "plz", "cap"}),
    ("language", DOMAINS["language"].fits, {"lang", "language", "locale"}),
    ("year", DOMAINS["year"].fits, {"year", "jahr", "annee"}),
    ("latitude", DOMAINS["latitude"].fits, {"lat", "latitude"}),
    ("longitude", DOMAINS["longitude"].fits, {"lon", "lng", "long", "longitude"}),
)
_NAMED = (
    ("name of a person", {"first_name", "last_name", "firstname", "lastname", "surname", "fullname", "full_name"}),
    ("place", {"city", "town", "address", "street", "region", "state", "province", "county"}),
)
_MONEY = {"amount", "price", "total", "cost", "revenue", "fee", "salary", "balance", "limit", "eur", "usd", "gbp"}
_IDENTIFYING = {"id", "ids", "key", "code", "number", "no", "nr", "sku", "ean", "isbn", "ref", "reference", "guid"}
LIKELY, _CLEAR = 0.8, 0.98
"""Share of the values that must be of a domain that the column's name, or somebody, says it has."""
_TELLING = 5  # different codes that make a set of codes no coincidence
_LONG = 40
_FEW, _REPEATS = 50, 3
_FEWEST = 20  # values below which "all different" says nothing


@dataclass(frozen=True)
class Meaning:
    """What the values are.

    Attributes:
        name: In words: "email address", "category".
        share: Share of non-null values that say so; None if only the column's name or its type does.
        why: Where that comes from.
    """

    name: str
    share: float | None
    why: str


def meaning(evidence: ColumnEvidence, field: Field, texts: pl.Series) -> Meaning:
    """What a column holds.

    Args:
        evidence: What inference counted.
        field: The type proposed for it.
        texts: Its values as text without nulls, stripped; a sample will do.
    """
    if not evidence.values:
        return Meaning("empty", None, "no row has a value")
    if field.pattern in _PATTERNS:
        return Meaning(_PATTERNS[field.pattern], evidence.patterns.get(field.pattern), "values follow the pattern")
    words = set(snake(field.name).split("_"))
    found = _coded(texts, words) or _formed(texts, words)
    return found or _by_type(evidence, field, words) or _by_count(evidence, field, words)


def _coded(texts: pl.Series, words: set[str]) -> Meaning | None:
    if texts.is_empty() or texts.dtype != pl.String:
        return None
    for name, hints, norm in _SETS:
        share = _share(DOMAINS[name].fits(texts))
        told = bool(words & hints)
        if share >= (LIKELY if told else _CLEAR) and (told or texts.n_unique() >= _TELLING):
            return Meaning(name, share, f"codes of {norm}")
    return None


def _formed(texts: pl.Series, words: set[str]) -> Meaning | None:
    if texts.is_empty() or texts.dtype != pl.String:
        return None
    for name, fits, hints in _NAMED_FORMS:
        if words & hints and (share := _share(fits(texts))) >= LIKELY:
            return Meaning(name, share, "the column's name, and the form of the values")
    return None


def _by_type(evidence: ColumnEvidence, field: Field, words: set[str]) -> Meaning | None:
    fits = evidence.confidence
    match field.type:
        case FieldType.BOOLEAN:
            return Meaning("yes or no", fits, "two words that mean true and false")
        case FieldType.DATE | FieldType.DATETIME | FieldType.TIME:
            named = {"date": "date", "datetime": "point in time", "time": "time of day"}
            return Meaning(named[field.type.value], fits, "values read as such")
        case FieldType.JSON | FieldType.ARRAY:
            return Meaning("nested data", fits, "values are JSON")
        case FieldType.INTEGER | FieldType.FLOAT | FieldType.DECIMAL if not words & _IDENTIFYING:
            money = bool(words & _MONEY) and field.type is not FieldType.INTEGER
            whole = field.type is FieldType.INTEGER
            name = "amount of money" if money else "count or quantity" if whole else "measured number"
            return Meaning(name, fits, "the column's name, and numbers" if money else "values are numbers")
    return None


def _by_count(evidence: ColumnEvidence, field: Field, words: set[str]) -> Meaning:
    values, distinct = evidence.values, evidence.distinct or 0
    if distinct == 1 and values > 1:
        return Meaning("constant", 1.0, "every value is the same")
    pairs = [set(pair) for pair in BOOLEAN_WORDS]
    seen = {str(value).lower() for value, _ in evidence.top_values}
    if distinct == 2 and seen in pairs:
        return Meaning("yes or no", 1.0, "two words that mean true and false")
    unique = distinct / values
    if words & _IDENTIFYING or "leading zeros" in evidence.reason:
        return Meaning("identifier", None, "the column's name, or leading zeros, say it is a code and no quantity")
    if (evidence.spaced or 0) > 0.5 and (evidence.longest or 0) >= _LONG:
        return Meaning("free text", evidence.spaced, "values with blanks inside, some of them long")
    named = next((name for name, hints in _NAMED if words & hints or snake(field.name) in hints), None)
    if named:
        return Meaning(named, None, "the column's name says so")
    if unique >= _CLEAR and values >= _FEWEST and field.type not in ORDERED:
        return Meaning("identifier", unique, "share of different values")
    if 2 <= distinct <= _FEW and values >= _REPEATS * distinct:
        return Meaning("category", 1.0, f"{distinct} different values in {values:,} rows")
    return Meaning("text" if field.type is FieldType.STRING else "number", None, "nothing more is known")


def _share(mask: pl.Series) -> float:
    return float(mask.fill_null(False).mean() or 0.0)  # type: ignore[arg-type]
