"""Columns of words that describe one thing together, compared as one text.

A title, its authors and a description of a product repeat each other: two different things that agree in one often
agree in the next. Weighed one by one such evidence is counted several times; as one text it is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from automic_core.matching.fields import Field, make_fields
from automic_core.matching.texts import rule

WORDS = frozenset({"text", "category"})


def fields_of(frame: pl.DataFrame, names: Sequence[str], linked: bool, embedding: str | None) -> list[Field]:
    """The fields of a table; columns of words as one where texts carry the decision.

    Args:
        frame: The rows.
        names: Columns to compare.
        linked: Whether these are two tables: there texts are ranked, not joined.
        embedding: Name of the language model that compares texts.
    """
    made = make_fields(frame, names, None, embedding)
    wordy = [field.name for field in made if field.kind in WORDS]
    if linked or embedding is not None or len(wordy) < 2 or not rule(made):
        return made
    return [_joined(frame, wordy), *(field for field in made if field.name not in wordy)]


def _joined(frame: pl.DataFrame, columns: Sequence[str]) -> Field:
    name = ", ".join(columns)
    texts = [pl.col(column).cast(pl.String) for column in columns]
    joined = frame.select(pl.concat_str(texts, separator=" ", ignore_nulls=True).alias(name))
    made = make_fields(joined, [name], {name: "text"})[0]
    made.columns = tuple(columns)
    return made


def fields_again(frame: pl.DataFrame, learned: Mapping[str, Any], embedding: str | None) -> list[Field]:
    """The fields of an earlier matching, of new rows."""
    made = []
    for part in learned["fields"]:
        columns = part.get("columns")
        if columns:
            made.append(_joined(frame, columns))
        else:
            made += make_fields(frame, [part["name"]], {part["name"]: part["kind"]}, embedding)
    return made


def columns_of(learned: Mapping[str, Any]) -> list[str]:
    """Columns that an earlier matching compared."""
    return [column for part in learned["fields"] for column in part.get("columns") or [part["name"]]]
