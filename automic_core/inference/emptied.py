"""Words that mean "no value" and that a type cannot keep: counted and named, for they go without a quarantined row."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from automic_core.inference.casting import none_words
from automic_core.inference.evidence import Inference
from automic_core.records import FieldType, Schema

_SHOWN = 3


def count_words(word: pl.Expr) -> list[pl.Expr]:
    """Aggregates ``emptied``, how many words there are, and ``words``, some of them in order."""
    some = word.drop_nulls().unique().sort().head(_SHOWN + 1).implode()
    return [word.count().alias("emptied"), some.alias("words")]


def emptied_sentence(number: int, words: Sequence[str]) -> str:
    """How many become empty, and which: 3 values that mean none ('n/a', '-') become empty."""
    named = list(dict.fromkeys(words))
    shown = ", ".join(map(repr, named[:_SHOWN])) + (" …" if len(named) > _SHOWN else "")
    values, become = ("value that means", "becomes") if number == 1 else ("values that mean", "become")
    return f"{number:,} {values} none ({shown}) {become} empty"


def emptied_notes(rows: pl.LazyFrame, schema: Schema, found: Inference) -> list[str]:
    """A sentence for each column that is typed and held such words.

    Args:
        rows: What is going to be typed.
        schema: The types.
        found: Evidence for the columns; one that has a value in every row is not looked at again.
    """
    texts, empty = rows.collect_schema(), {each.name for each in found.columns if each.nulls}
    fields = [
        field
        for field in schema.fields
        if field.name in empty and texts[field.name] == pl.String and field.type is not FieldType.STRING
    ]
    if not fields:
        return []
    # by position: a name may be a pattern to Polars
    named = rows.select(pl.nth(texts.names().index(field.name)).alias(str(i)) for i, field in enumerate(fields))
    words = named.select(none_words(field, pl.col(str(i))).alias(str(i)) for i, field in enumerate(fields))
    counted = words.select(pl.struct(count_words(pl.col(str(i)))).alias(str(i)) for i in range(len(fields)))
    told = zip(fields, counted.collect().row(0), strict=True)
    return [f"{field.name}: {emptied_sentence(one['emptied'], one['words'])}." for field, one in told if one["emptied"]]
