"""Cleaning steps that the values of a table suggest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from automic_core import frames
from automic_core.assist.proposals import Proposal, step_proposal
from automic_core.contracts import Fitted
from automic_core.inference.casting import DEFAULT_NULL_TOKENS, is_null_token
from automic_core.transforms._keylike import is_identifier
from automic_core.transforms.dedup import Deduplicator

FEWEST_ROWS = 20
MOST_MERGED = 0.1
_CASES = ("lower", "upper", "title")
_CONTENT = 60  # longer texts on average are content, and tell rows apart only by accident


def steps_for(rows: pl.DataFrame, keys: Sequence[str]) -> Iterator[Proposal]:
    """Proposals for a typed, tracked frame, in no order."""
    if rows.height < FEWEST_ROWS:
        return
    names = frames.data_names(rows.columns)
    texts = [name for name in names if rows[name].dtype == pl.String]
    yield from _blanks(rows, texts)
    yield from _spelling(rows, texts)
    yield from _no_values(rows, texts)
    yield from _empty(rows, [name for name in names if name not in keys])
    yield from _duplicates(rows, names, keys)


def _blanks(rows: pl.DataFrame, texts: list[str]) -> Iterator[Proposal]:
    spaced = rows.select(((pl.col(name) != pl.col(name).str.strip_chars()).fill_null(False)) for name in texts)
    hit = [name for name in texts if spaced[name].any()]
    if not hit:
        return
    any_hit = spaced.select(pl.any_horizontal(hit)).to_series()
    what = hit[0] if len(hit) == 1 else f"{len(hit)} columns"
    found = step_proposal(
        "text", {"columns": hit, "trim": True}, rows, any_hit, hit[:2], f"Trim {what}", "blanks around values", 76
    )
    if found is not None:
        yield found


def _spelling(rows: pl.DataFrame, texts: list[str]) -> Iterator[Proposal]:
    """The same word in several cases: fewer distinct values once written alike."""
    for name in texts:
        text = rows[name].str.strip_chars()
        present = text.drop_nulls()
        folded = present.str.to_lowercase()
        before, after = present.n_unique(), folded.n_unique()
        if present.is_empty() or after == before:
            continue
        few = after <= 30 and present.len() >= 20 * after
        if not few and _share(present.str.contains("@", literal=True)) <= 0.9:
            continue
        case = next((each for each in _CASES if _share(present == _cased(present, each)) >= 0.5), "lower")
        changes = (text != _cased(text, case)).fill_null(False)
        why = f"{before} spellings of {after} values"
        options = {"columns": [name], "case": case, "trim": True}
        title = f"Write {name} in {case} case"
        if found := step_proposal("text", options, rows, changes, [name], title, why, 74):
            yield found


def _cased(text: pl.Series, case: str) -> pl.Series:
    return {"lower": text.str.to_lowercase, "upper": text.str.to_uppercase, "title": text.str.to_titlecase}[case]()


def _share(true: pl.Series) -> float:
    """Share of what is true; 0 of nothing."""
    return int(true.sum()) / true.len() if true.len() else 0.0


def _no_values(rows: pl.DataFrame, texts: list[str]) -> Iterator[Proposal]:
    """Texts that mean "no value", such as N/A, in columns that stay text."""
    tokens = [token for token in DEFAULT_NULL_TOKENS if token]
    told = rows.select((is_null_token(pl.col(name), tokens) & pl.col(name).is_not_null()).alias(name) for name in texts)
    hit = [name for name in texts if 0 < int(told[name].sum()) < 0.5 * rows.height]
    if not hit:
        return
    any_hit = told.select(pl.any_horizontal(hit)).to_series()
    what = hit[0] if len(hit) == 1 else f"{len(hit)} columns"
    options = {"strategy": "remove_fields", "fields": hit}
    found = step_proposal(
        "nulls", options, rows, any_hit, hit[:2], f"Make 'no value' texts of {what} real nulls", "N/A, -, null …", 62
    )
    if found is not None:
        yield found


def _empty(rows: pl.DataFrame, names: list[str]) -> Iterator[Proposal]:
    """Rows without any value beside their key."""
    if len(names) < 3:
        return
    bare = rows.select(pl.all_horizontal(pl.col(name).is_null() for name in names)).to_series()
    options = {"strategy": "drop_all", "fields": names}
    found = step_proposal(
        "nulls", options, rows, bare, names[:2], "Drop rows without any value", "nothing but a key is in them", 73
    )
    if found is not None:
        yield found


def _duplicates(rows: pl.DataFrame, names: list[str], keys: Sequence[str]) -> Iterator[Proposal]:
    """Equal rows; and rows that agree in two columns which nearly tell rows apart."""
    whole = _merged(rows, None)
    if whole is not None:
        what = "Merge rows that are equal but for their key" if keys else "Merge rows that are equal"
        if found := step_proposal("dedup", {}, rows, whole, names[:2], what, "the same row several times", 80):
            yield found
    shares = {
        name: rows[name].drop_nulls().n_unique() / rows[name].count() for name in names if _tells(rows, name, keys)
    }
    telling = sorted((name for name in shares if shares[name] > 0.8), key=lambda name: -shares[name])[:2]
    if len(telling) < 2:
        return
    telling = [name for name in names if name in telling]
    options = {"match_fields": telling, "ignore_case": True}
    hit = _merged(rows, telling)
    if hit is None or (whole is not None and int(hit.sum()) <= int(whole.sum())):
        return
    title = f"Merge rows with the same {' and '.join(telling)}"
    if found := step_proposal("dedup", options, rows, hit, telling, title, "both nearly tell rows apart", 78):
        yield found


def _tells(rows: pl.DataFrame, name: str, keys: Sequence[str]) -> bool:
    """Whether a column may help to tell rows apart: a short text or a date that is mostly there, and no key."""
    column = rows[name]
    if name in keys or is_identifier(name, column.dtype) or column.count() < 0.8 * rows.height:
        return False
    if column.dtype != pl.String:
        return column.dtype == pl.Date and column.count() > 0
    return column.count() > 0 and int(column.str.len_chars().sum()) <= _CONTENT * column.count()


def _merged(rows: pl.DataFrame, fields: list[str] | None) -> pl.Series | None:
    """Rows that dedup would merge into another; None if there are none, or too many to be mistakes."""
    step = Deduplicator(match_fields=fields, ignore_case=fields is not None)
    fitted: Fitted = step.fit(rows.lazy())
    gone = fitted.keys[frames.RID] if fitted.keys is not None else pl.Series([], dtype=pl.Int64)
    if not 0 < gone.len() <= MOST_MERGED * rows.height:
        return None
    return rows[frames.RID].is_in(gone.implode())
