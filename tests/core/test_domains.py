"""Domains of columns: each value is tested, and what most values deny is refused, whoever proposed it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core.assist.describing import ColumnDomain, Description, Descriptions
from automic_core.assist.domains import measured, proven
from automic_core.inference.codes import COUNTRIES
from automic_core.inference.domains import DOMAINS
from automic_core.inference.personal import PERSONAL

GOOD = {
    "country code": ["DE", "FR"],
    "currency": ["EUR", "USD"],
    "e-mail address": ["a@example.org"],
    "bank account (IBAN)": ["DE89370400440532013000"],
    "payment card number": ["4111111111111111"],
    "phone number": ["+49 30 901820", "(020) 7946 0000"],
    "IP address": ["127.0.0.1", "::1"],
    "web address": ["https://example.org/x"],
    "UUID": ["123e4567-e89b-12d3-a456-426614174000"],
    "year": ["1999"],
    "latitude": ["-33.9"],
    "longitude": ["151.2"],
    "postcode": ["10115", "SW1A 1AA"],
    "language": ["de", "pt-BR"],
    "date of birth": ["1970-01-31"],
    "postal address": ["10 Downing Street"],
    "name of a person": ["Ada Lovelace"],
    "national identity number": ["123-45-6789"],
}
BAD = ["", "?", "no such thing at all, 999"]


def test_every_domain_knows_its_own_and_not_what_is_none() -> None:
    assert set(GOOD) == set(DOMAINS)
    assert set(PERSONAL.values()) <= set(DOMAINS)
    for name, values in GOOD.items():
        fits = DOMAINS[name].fits(pl.Series([*values, *BAD, None]))
        assert fits.to_list()[: len(values)] == [True] * len(values), name
        assert not fits.fill_null(False).to_list()[len(values)], name
        assert fits.to_list()[-1] is None, name


def said(column: str, domain: str) -> Descriptions:
    return Descriptions("t", [Description(column, column, "", "model", domain=ColumnDomain(domain))], ["as before"])


def test_the_values_have_the_last_word() -> None:
    rows = pl.DataFrame({"land": ["DE"] * 7 + ["FR", " AT ", "XX", None, "n/a"], "age": range(12)})
    found = proven(said("land", "country code"), rows)
    (column,) = found.columns
    assert column.domain is not None
    assert (column.domain.agree, column.domain.of, column.domain.why) == (9, 10, "are codes of ISO 3166")
    assert [(each.value, each.count) for each in column.domain.counter_examples] == [("XX", 1)]
    assert found.refused == ["as before"]
    denied = proven(said("age", "currency"), rows)
    assert denied.columns[0].domain is None
    assert denied.refused[1] == "age: only 0 of 12 values can be a currency; not '0', '1', '10'"


@pytest.mark.parametrize("values", [[], [None, None], ["", "n/a"]])
def test_of_nothing_nothing_is_said(values: list[str | None]) -> None:
    rows = pl.DataFrame({"land": values}, schema={"land": pl.String})
    found = proven(said("land", "country code"), rows)
    assert (found.columns[0].domain, found.refused) == (None, ["as before"])


def test_columns_with_odd_names_and_nested_ones() -> None:
    rows = pl.DataFrame({"^.*$": ["DE", "FR"], "deep": [["DE"], ["FR"]]})
    found = proven(said("^.*$", "country code"), rows)
    assert found.columns[0].domain is not None
    assert proven(said("deep", "country code"), rows).columns[0].domain is None


@given(st.lists(st.sampled_from([*sorted(COUNTRIES)[:5], "XX", "de", "1"]), min_size=1, max_size=40))
def test_counts_are_those_of_the_rows(values: list[str]) -> None:
    found = measured("country code", pl.Series(values))
    assert found is not None
    assert found.of == len(values)
    assert found.agree == sum(value in COUNTRIES for value in values)
    assert sum(each.count for each in found.counter_examples) == found.of - found.agree
