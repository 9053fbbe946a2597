"""Domains of values: what a value can be by itself, such as a country code, a currency or an e-mail address.

A domain is a test of one value. Most tests are of codes or check digits and prove something; those marked as forms only
rule out, and say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from automic_core.inference.codes import COUNTRIES, CURRENCIES
from automic_core.inference.patterns import matches
from automic_core.inference.personal import PERSONAL
from automic_core.inference.personal_tests import TESTS

_FORM = "have its form, which others may have too"


@dataclass(frozen=True)
class Domain:
    """A domain.

    Attributes:
        fits: Whether each text is of it; null stays null.
        why: What the test says of the values that pass, in words.
    """

    name: str
    fits: Callable[[pl.Series], pl.Series]
    why: str


def _one_of(codes: frozenset[str], texts: pl.Series) -> pl.Series:
    return texts.is_in(list(codes))


def _formed(form: str, texts: pl.Series) -> pl.Series:
    return texts.str.contains(form)


def _pattern(name: str, texts: pl.Series) -> pl.Series:
    return texts.to_frame("0").select(matches(name, pl.col("0")))["0"]


def _any(tests: Sequence[Callable[[str], bool]], texts: pl.Series) -> pl.Series:
    return texts.map_elements(lambda text: any(test(text) for test in tests), pl.Boolean, skip_nulls=True)


def _personal(kind: str) -> Domain:
    tests = [test for test in TESTS if test.kind == kind]
    why = "pass the check of one of them" if len(tests) > 1 else tests[0].why
    return Domain(PERSONAL[kind], partial(_any, [test.named for test in tests]), why)


DOMAINS: dict[str, Domain] = {
    each.name: each
    for each in (
        *map(_personal, PERSONAL),
        Domain("country code", partial(_one_of, COUNTRIES), "are codes of ISO 3166"),
        Domain("currency", partial(_one_of, CURRENCIES), "are codes of ISO 4217"),
        Domain("web address", partial(_pattern, "url"), "have the form of RFC 3986"),
        Domain("UUID", partial(_pattern, "uuid"), "have the form of RFC 9562"),
        Domain("postcode", partial(_formed, r"^[A-Za-z0-9][A-Za-z0-9 -]{2,9}$"), _FORM),
        Domain("language", partial(_formed, r"^[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?$"), _FORM),
        Domain("year", partial(_formed, r"^[12][0-9]{3}$"), _FORM),
        Domain("latitude", partial(_formed, r"^-?(?:90|[0-8]?[0-9])(?:\.[0-9]+)?$"), "lie between -90 and 90"),
        Domain(
            "longitude",
            partial(_formed, r"^-?(?:180|1[0-7][0-9]|[0-9]{1,2})(?:\.[0-9]+)?$"),
            "lie between -180 and 180",
        ),
    )
}
"""All domains by their names in words."""
