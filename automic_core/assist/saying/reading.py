"""A text read by rules: clause by clause, each tried on the rows that the ones before it leave."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import polars as pl

from automic_core.assist.saying import changing, demanding, keeping, money, texts
from automic_core.assist.saying.clauses import VERBS, clauses
from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.saying import Others, Reading, Staged, Unclear, Unknown, Wish
from automic_core.assist.saying.trying import tried

_STEPS = (*money.READERS, *changing.READERS, *keeping.READERS, *texts.READERS)
_ORDER = re.compile(rf"(?:{VERBS}|call|set|let|parse|read|treat|write|round|bring|show|split up|glue)\b", re.IGNORECASE)
_IDEAS = (
    "trim and lowercase the emails", "split the name", "drop rows without id", "keep only orders after 2023",
    "amount must not be negative", "country is one of DE, FR",
)  # fmt: skip
LONGEST = 2_000


def by_rules(text: str, rows: pl.DataFrame, keys: Sequence[str] = (), others: Others | None = None) -> Reading:
    """Steps and rules that a text asks for, without a model; what is not understood is said, not guessed.

    Args:
        text: Plain English, a wish a clause.
        rows: Living, tracked rows with their types.
        keys: Columns that identify a row, if known.
        others: Other tables that rows may refer to.
    """
    staged: list[Staged] = []
    unknown: list[Unknown] = []
    for said in clauses(text[:LONGEST]):
        columns = Columns(rows, keys)
        try:
            wishes = _wishes(said, columns, others or Others())
            made, after = [], rows
            for wish in wishes:
                each, after = tried(said, wish, after, "rules")
                made.append(each)
        except Unclear as exc:
            unknown.append(Unknown(said, exc.why, exc.ask))
            continue
        staged += made
        rows = after
    return Reading(text, staged, unknown)


def _wishes(said: str, columns: Columns, others: Others) -> list[Wish]:
    """What a clause asks for: the first reader that fits and whose columns are there.

    Raises:
        Unclear: None does; the first that fitted says why.
    """
    why: Unclear | None = None
    for read in _fitting(said, columns, others):
        try:
            if wishes := read():
                return wishes
        except Unclear as exc:
            why = why or exc
    raise why or Unclear("I do not know what this means.", f"For example: {'; '.join(_IDEAS)}.")


def _fitting(said: str, columns: Columns, others: Others) -> Iterator[Callable[[], list[Wish]]]:
    """Readers whose form a clause has; what begins like an order is a step first."""
    steps = [(pattern, reader, (columns,)) for pattern, reader in _STEPS]
    rules = [(pattern, reader, (columns, others)) for pattern, reader in demanding.READERS]
    known: list[tuple[str, Callable[..., list[Wish]], tuple[object, ...]]] = (
        [*steps, *rules] if _ORDER.match(said) else [*rules, *steps]
    )
    for pattern, reader, about in known:
        match = re.fullmatch(pattern, said.strip(), re.IGNORECASE)
        if match is not None:
            yield partial(reader, match, *about)
