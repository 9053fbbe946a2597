"""The golden set of a lake: questions with the rows they must have, kept in ``golden.yaml`` beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl

from automic_core import yamltext
from automic_core.errors import CatalogError, ConfigError
from automic_core.medallion.context import LakeContext, now
from automic_core.storage.writing import atomic_write

FILE = "golden.yaml"
KEPT = 20
"""Rows that are kept to be shown; of all rows there is the hash."""
_KEYS = ("question", "after", "sql", "ordered", "columns", "total", "hash", "rows", "snapshots", "actor", "at")
_DIGITS = 9
Row = tuple[str, ...]


@dataclass(frozen=True)
class Golden:
    """A question with the rows it must have.

    Attributes:
        after: The questions before it in the same conversation.
        sql: The statement that gave them, to be looked at; another one with the same rows is as good.
        ordered: Whether the rows must come in this order.
        total: How many rows there are.
        hash: Of all rows, as ``digest`` makes it.
        rows: The first of them, as texts.
        snapshots: The states of the tables, at which it is asked again.
    """

    question: str
    after: tuple[str, ...]
    sql: str
    ordered: bool
    columns: tuple[str, ...]
    total: int
    hash: str
    rows: tuple[Row, ...]
    snapshots: Mapping[str, int] = field(default_factory=dict)
    actor: str = ""
    at: str = ""


def golden_of(
    question: str,
    after: Sequence[str],
    sql: str,
    frame: pl.DataFrame,
    snapshots: Mapping[str, int],
    actor: str,
) -> Golden:
    """A question with the rows it has now."""
    rows, ordered = texts(frame), "ORDER BY" in sql.upper()
    kept = tuple(rows if ordered else sorted(rows))[:KEPT]
    told = (tuple(frame.columns), frame.height, digest(rows, ordered=ordered), kept)
    return Golden(question, tuple(after), sql, ordered, *told, dict(snapshots), actor, now().isoformat())


def texts(frame: pl.DataFrame) -> list[Row]:
    """Rows as texts that are equal where the values are: numbers of any type to nine digits, times as ISO 8601."""
    return [tuple(_text(value) for value in row) for row in frame.iter_rows()]


def digest(rows: Sequence[Row], *, ordered: bool) -> str:
    """SHA-256 of rows; of rows without an order the same for every order."""
    whole = json.dumps(list(rows) if ordered else sorted(rows), ensure_ascii=False)
    return hashlib.sha256(whole.encode()).hexdigest()


def difference(kept: Golden, frame: pl.DataFrame, most: int = 3) -> tuple[str, ...]:
    """What is other than it must be, in words: how many rows, and the first that are missing or too many."""
    rows = texts(frame)
    if digest(rows, ordered=kept.ordered) == kept.hash:
        return ()
    told = []
    if len(kept.columns) != frame.width:
        told.append(f"expected {len(kept.columns)} columns ({', '.join(kept.columns)}), got {frame.width}")
    if kept.total != len(rows):
        told.append(f"expected {kept.total:,} rows, got {len(rows):,}")
    shown = rows if kept.ordered else sorted(rows)
    there, known = set(rows), set(kept.rows)
    told += [f"missing: {', '.join(row)}" for row in kept.rows if row not in there][:most]
    if kept.total <= KEPT:
        told += [f"new: {', '.join(row)}" for row in shown if row not in known][:most]
    if not told:
        told.append("the same rows in another order" if kept.ordered else "rows beyond the first 20 differ")
    return tuple(told)


def load(context: LakeContext) -> list[Golden]:
    """The golden set, in its order.

    Raises:
        ConfigError: The file is wrong; names the entry.
    """
    file = context.root / FILE
    if not file.is_file():
        return []
    try:
        data = yamltext.load(file.read_text(encoding="utf-8"), FILE) or {}
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"Cannot read {file}: {exc}.", "It must be a text file in UTF-8.") from exc
    entries = data.get("questions") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise ConfigError(f"{FILE} has no list of questions.", "See `automic golden add`.")
    return [_golden(number, each) for number, each in enumerate(entries, 1)]


def keep(context: LakeContext, made: Golden) -> None:
    """Add a question; an earlier entry of the same words is replaced.

    Raises:
        SecurityError: The lake is open for reading only.
    """
    others = [each for each in load(context) if _key(each) != _key(made)]
    _save(context, [*others, made])


def drop(context: LakeContext, question: str, after: Sequence[str] = ()) -> None:
    """Take a question out of the set.

    Raises:
        CatalogError: It is not in it.
        SecurityError: The lake is open for reading only.
    """
    there = load(context)
    kept = [each for each in there if _key(each) != (question, tuple(after))]
    if len(kept) == len(there):
        raise CatalogError(f"The golden set has no question {question!r}.", "See `automic golden list`.")
    _save(context, kept)


def _key(each: Golden) -> tuple[str, tuple[str, ...]]:
    return each.question, each.after


def _save(context: LakeContext, entries: Sequence[Golden]) -> None:
    context.writable()
    data = {"version": 1, "questions": [_plain(each) for each in entries]}
    with atomic_write(context.root / FILE) as file:
        file.write(yamltext.dump(data).encode())


def _plain(each: Golden) -> dict[str, Any]:
    data = asdict(each)
    lists = {"after": list(each.after), "columns": list(each.columns), "rows": [list(row) for row in each.rows]}
    return {**data, **lists, "snapshots": dict(each.snapshots)}


def _golden(number: int, said: Any) -> Golden:
    where = f"{FILE}, question {number}"
    if not isinstance(said, dict) or not isinstance(said.get("question"), str) or "hash" not in said:
        raise ConfigError(f"{where} has no question or no hash.", "See `automic golden add`.")
    if unknown := [key for key in said if key not in _KEYS]:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}.", f"Keys: {', '.join(_KEYS)}.")
    rows = tuple(tuple(map(str, row)) for row in said.get("rows") or ())
    return Golden(
        said["question"],
        tuple(map(str, said.get("after") or ())),
        str(said.get("sql") or ""),
        bool(said.get("ordered")),
        tuple(map(str, said.get("columns") or ())),
        int(said.get("total") or 0),
        str(said["hash"]),
        rows,
        {str(name): int(state) for name, state in (said.get("snapshots") or {}).items()},
        str(said.get("actor") or ""),
        str(said.get("at") or ""),
    )


def _text(value: Any) -> str:
    if value is None:
        return "∅"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return f"{float(value):.{_DIGITS}g}"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
