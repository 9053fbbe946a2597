"""Clean customers, one at a time."""

from __future__ import annotations

import random
import unicodedata
from datetime import date, timedelta

from automic_core.demo.places import COUNTRIES, Country
from automic_core.demo.words import FIRST_NAMES, LAST_NAMES, SEGMENTS, STREETS

COLUMNS = (
    "customer_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "birth_date",
    "address",
    "postcode",
    "city",
    "country_code",
    "segment",
    "signup_date",
    "credit_limit",
    "updated_at",
)
Row = dict[str, str]

_PLAIN = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "\u0131": "i", "'": None})
_WEIGHTS = [country.weight for country in COUNTRIES]
_BORN = date(1945, 1, 1)
_SIGNED = date(2018, 1, 1)


def customer(rng: random.Random, number: int) -> Row:
    """One customer with all values right; phone and credit limit may be empty.

    Args:
        rng: Where the values come from.
        number: The id, written with six digits.
    """
    country = rng.choices(COUNTRIES, _WEIGHTS)[0]
    first, last = rng.choice(FIRST_NAMES[country.language]), rng.choice(LAST_NAMES[country.language])
    signed = _SIGNED + timedelta(days=rng.randrange(2150))
    row = dict.fromkeys(COLUMNS, "")
    row |= {
        "customer_id": f"{number:06d}",
        "first_name": first,
        "last_name": last,
        "email": f"{plain(first)}.{plain(last)}{number % 89}@example.{rng.choice(('com', 'net', 'org'))}",
        "phone": phone(rng, country) if rng.random() > 0.08 else "",
        "birth_date": (_BORN + timedelta(days=rng.randrange(20_000))).isoformat(),
        "country_code": country.code,
        "segment": rng.choices(SEGMENTS, (8, 3, 1))[0],
        "signup_date": signed.isoformat(),
        "credit_limit": credit_limit(rng) if rng.random() > 0.03 else "",
        "updated_at": (signed + timedelta(days=rng.randrange(30))).isoformat(),
    }
    return row | home(rng, country)


def earlier(rng: random.Random, row: Row) -> Row:
    """The same customer as delivered before: another address, phone or credit limit, and an older ``updated_at``."""
    old = dict(row)
    country = next(country for country in COUNTRIES if country.code == row["country_code"])
    old["updated_at"] = row["signup_date"]
    change = rng.randrange(3)
    if change == 0:
        old |= home(rng, country)
    elif change == 1:
        old["phone"] = phone(rng, country)
    else:
        old["credit_limit"] = credit_limit(rng)
    return old


def renewed(row: Row, days: int) -> Row:
    """The same customer with ``updated_at`` set ``days`` after the signup."""
    return row | {"updated_at": (date.fromisoformat(row["signup_date"]) + timedelta(days=days)).isoformat()}


def home(rng: random.Random, country: Country) -> Row:
    """Street, postcode and city in one country; every fourth address has a comma in it."""
    city, pattern = rng.choice(country.cities)
    street = f"{rng.choice(STREETS)} {rng.randrange(1, 180)}"
    flat = f", Flat {rng.randrange(1, 30)}" if rng.random() < 0.25 else ""
    return {"address": street + flat, "postcode": filled(rng, pattern), "city": city}


def phone(rng: random.Random, country: Country) -> str:
    """An invented number: country code, 555 and six digits."""
    return f"+{country.dial} 555 {rng.randrange(1_000_000):06d}"


def credit_limit(rng: random.Random) -> str:
    """Euros with two decimals in steps of 50, log-normal around 3,000."""
    return f"{max(50, round(rng.lognormvariate(8.0, 0.6) / 50) * 50)}.00"


def filled(rng: random.Random, pattern: str) -> str:
    """``pattern`` with a digit for each ``#`` and a capital letter for each ``@``."""
    letters = {"#": "0123456789", "@": "ABCDEFGHJKLMNPRSTUVWXYZ"}
    return "".join(rng.choice(letters[mark]) if mark in letters else mark for mark in pattern)


def plain(name: str) -> str:
    """``name`` in small ASCII letters, as in a mail address."""
    folded = unicodedata.normalize("NFKD", name.translate(_PLAIN))
    return folded.encode("ascii", "ignore").decode("ascii").lower()
