"""Columns that hold personal data: which kind, how many values say so, and why."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from automic_core.inference.casting import DEFAULT_NULL_TOKENS
from automic_core.inference.columns import stripped
from automic_core.inference.evidence import PersonalData
from automic_core.inference.names import snake
from automic_core.inference.personal_tests import TESTS, Test

PERSONAL: dict[str, str] = {
    "name": "name of a person",
    "email": "e-mail address",
    "phone": "phone number",
    "address": "postal address",
    "birth_date": "date of birth",
    "iban": "bank account (IBAN)",
    "credit_card": "payment card number",
    "national_id": "national identity number",
    "ip": "IP address",
}
"""Kinds of personal data in words."""

_LOOKED = 20_000
_VALUES = 300  # different values that are tested
_FIRST = 10  # of them are tried first: where none fits, the rest would not either
_CLEAR, _NAMED, _FEW = 0.8, 0.5, 3


def personal_data(
    frame: pl.LazyFrame | pl.DataFrame, null_tokens: Sequence[str] = DEFAULT_NULL_TOKENS
) -> list[PersonalData]:
    """Columns that hold personal data, in the order of the table; the most certain kind for each.

    Values are tested in the first rows: checks of cards, accounts and national numbers, forms of mail, IP and phone,
    known given names, words for streets. Dates are birth dates only if the column is called so.

    Args:
        frame: Text or typed columns.
        null_tokens: Texts that mean "no value", compared without blanks and case.
    """
    lazy = frame.lazy()
    names, kinds = zip(*lazy.collect_schema().items(), strict=True) if lazy.collect_schema() else ((), ())
    wanted = [i for i, kind in enumerate(kinds) if kind == pl.String or kind.is_integer() or kind.is_temporal()]
    if not wanted:
        return []
    rows = lazy.rename({name: str(i) for i, name in enumerate(names)}).head(_LOOKED)
    texts = rows.select(_text(str(i), kinds[i], null_tokens).alias(str(i)) for i in wanted).collect()
    found = []
    for i in wanted:
        values = texts[str(i)].drop_nulls().unique(maintain_order=True).head(_VALUES)
        if (best := _best(names[i], values.to_list())) is not None:
            found.append(best)
    return found


def _text(key: str, kind: pl.DataType, tokens: Sequence[str]) -> pl.Expr:
    return stripped(key, tokens) if kind == pl.String else pl.col(key).cast(pl.String)


def _best(column: str, values: list[str]) -> PersonalData | None:
    parts = snake(column).split("_")
    words = {*parts, "".join(parts), *map("".join, pairwise(parts))}
    told = [each for test in TESTS if (each := _tested(column, words, values, test)) is not None]
    return max(told, key=lambda each: each.confidence, default=None)


def _tested(column: str, words: set[str], values: list[str], test: Test) -> PersonalData | None:
    hinted = bool(words & test.hints) and not words & test.against
    if not values or (not hinted and len(values) < max(_FEW, test.few)):
        return None
    fits = test.named if hinted else test.alone
    fit = sum(map(fits, values)) if fits and any(map(fits, values[:_FIRST])) else 0
    share = fit / len(values)
    if share < (_NAMED if hinted else test.least or _CLEAR):
        return None
    evidence = [f"{fit:,} of {len(values):,} different values {test.why if hinted else test.why_alone or test.why}"]
    if hinted:
        evidence.append(f"the name {column!r} says so")
    sure = share if hinted else min(share / (test.least or 1.0), 1.0) * test.sure
    return PersonalData(column, test.kind, share, fit, len(values), round(sure, 3), tuple(evidence))
