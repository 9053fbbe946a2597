"""What goes wrong in the demo, how often, and how a value is made wrong."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

NA_TOKENS = ("NA", "N/A", "-", "null", "")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Below this many records a fault may be too rare to occur; from here on every kind occurs at least once.
FLOOR_FROM = 100


def stream(seed: int, name: str) -> random.Random:
    """A stream of random numbers of its own for each table, so that one table's size never changes another's rows."""
    return random.Random(f"{seed}:{name}")  # noqa: S311 - demo data, no secret


@dataclass(frozen=True)
class FaultRates:
    """All rates of the demo, as shares of the clean records of a table (0..1).

    ``*_rows`` give a record at most one fault (a wrong cell or a malformed line); ``*_copies`` deliver it twice,
    independently of that, so that a duplicate may carry a fault too.
    """

    na_tokens: float = 0.5  # of the cells that are truly empty
    blank_lines: float = 0.004
    customer_rows: Mapping[str, float] = field(
        default_factory=lambda: {
            "missing": 0.02,
            "case": 0.02,
            "blanks": 0.02,
            "bad_email": 0.015,
            "impossible_date": 0.01,
            "date_format": 0.03,
            "number_format": 0.015,
            "lost_zeros": 0.03,
            "encoding": 0.03,
            "outlier": 0.01,
            "too_many_fields": 0.005,
            "too_few_fields": 0.004,
            "unclosed_quote": 0.003,
        }
    )
    customer_copies: Mapping[str, float] = field(
        default_factory=lambda: {"exact": 0.025, "version": 0.03, "near": 0.02}
    )
    order_rows: Mapping[str, float] = field(
        default_factory=lambda: {
            "missing_key": 0.015,
            "number_as_text": 0.015,
            "case": 0.01,
            "date_format": 0.01,
            "unknown_customer": 0.01,
            "negative_quantity": 0.01,
            "total_mismatch": 0.01,
            "outlier": 0.01,
            "json_truncated": 0.001,
            "json_single_quotes": 0.001,
            "json_missing_comma": 0.001,
        }
    )
    order_copies: Mapping[str, float] = field(default_factory=lambda: {"exact": 0.015, "version": 0.01})
    product_rows: Mapping[str, float] = field(
        default_factory=lambda: {"number_format": 0.05, "missing": 0.02, "blanks": 0.02, "outlier": 0.02}
    )
    product_copies: Mapping[str, float] = field(default_factory=lambda: {"exact": 0.02, "version": 0.01})
    product_merges: float = 0.03
    country_rows: Mapping[str, float] = field(default_factory=lambda: {"missing": 0.04})
    country_copies: Mapping[str, float] = field(default_factory=lambda: {"exact": 0.04})


DEFAULT_RATES = FaultRates()


def allot(rng: random.Random, total: int, rates: Mapping[str, float], floor_from: int = FLOOR_FROM) -> dict[int, str]:
    """Choose which of ``total`` records get which fault; the memory it takes grows with the faults, not the records.

    Args:
        rng: Where the choice comes from.
        total: Number of records.
        rates: Share of the records for each kind (0..1).
        floor_from: From this many records on, each kind with a rate above zero occurs at least once.

    Returns:
        Kind by record index (0-based).
    """
    floor = 1 if total >= floor_from else 0
    kinds = [kind for kind, rate in rates.items() for _ in range(max(floor, round(rate * total)) if rate > 0 else 0)]
    return dict(zip(rng.sample(range(total), min(total, len(kinds))), kinds, strict=False))


def typo(rng: random.Random, text: str) -> str:
    """Make one slip of the keyboard: two letters swapped, one lost, doubled or replaced. Never returns ``text``."""
    at = rng.randrange(len(text))
    slips = [
        text[:at] + text[at] + text[at:],
        text[:at] + rng.choice("aeinrst") + text[at + 1 :],
        text[:at] + text[at + 1 :],
        text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :],
    ]
    return rng.choice([slip for slip in slips if slip and slip != text])


def other_case(rng: random.Random, text: str) -> str:
    """``text`` in capitals, small letters or swapped case, whichever differs from it."""
    return rng.choice([made for made in (text.upper(), text.lower(), text.swapcase()) if made != text])


def blanks(rng: random.Random, text: str) -> str:
    """``text`` with a blank before, after or around it."""
    return rng.choice((f" {text}", f"{text}  ", f" {text} "))


def bad_email(rng: random.Random, text: str) -> str:
    """An address that no mail server takes."""
    name, _, domain = text.partition("@")
    return rng.choice((f"{name}{domain}", f"{name}@@{domain}", f"{name}@", f"{name} @{domain}", f"@{domain}"))


def impossible_date(rng: random.Random, text: str) -> str:
    """An ISO date that is in no calendar, in the year of ``text``."""
    return text[:4] + rng.choice(("-02-30", "-04-31", "-13-07", "-06-00"))


def date_format(rng: random.Random, text: str) -> str:
    """The ISO date ``text`` as other programs write it."""
    year, month, day = text.split("-")
    named = f"{MONTHS[int(month) - 1]} {int(day)}, {year}"
    return rng.choice((f"{day}/{month}/{year}", f"{day}.{month}.{year}", named, f"{year}{month}{day}"))


def number_format(rng: random.Random, value: float) -> str:
    """``value`` with two decimals as text: decimal comma, with or without thousands separators."""
    plain = f"{value:,.2f}"
    continental = plain.translate(str.maketrans(",.", ".,"))
    return rng.choice((continental, f"{value:.2f}".replace(".", ","), f"€ {plain}"))
