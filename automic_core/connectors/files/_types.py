"""Types of text columns: what survives a round trip gets a type, what does not fit later is kept as text."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

import polars as pl

from automic_core import frames
from automic_core.connectors.files import _names
from automic_core.records import Field, FieldType

NUMBERS = frozenset({FieldType.INTEGER, FieldType.FLOAT})
TIMES = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.TIME})
_BARE = (
    FieldType.BOOLEAN,
    FieldType.INTEGER,
    FieldType.FLOAT,
    FieldType.DATE,
    FieldType.DATETIME,
    FieldType.TIME,
)
_LONG_NUMBER = r"^-?[0.]*(?:[0-9]\.?){18,}"  # more digits than a double keeps
TYPED = NUMBERS | TIMES | {FieldType.BOOLEAN}


def column_names(raw: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names that every engine takes, and a note for each one that had to change (NUL ends a name in Arrow)."""
    return _names.safe(name.replace("\0", "") for name in raw)


def infer(
    head: pl.DataFrame,
    columns: Sequence[str],
    null_values: Sequence[str],
    allowed: Mapping[str, Collection[FieldType]],
) -> dict[str, Field]:
    """The columns that are more than text, by the rows read so far; malformed rows are no evidence.

    Args:
        head: Text columns, with ``_rescued``.
        columns: The columns to look at.
        null_values: Texts that mean "no value".
        allowed: Types a column may get; one that is not named may get any of ``TYPED``.
    """
    from automic_core.inference import infer_exact

    asked = [name for name in columns if allowed.get(name, TYPED)]
    if not asked:
        return {}
    texts = _texts(head.filter(head[frames.RESCUED].is_null()), asked, null_values)
    marked = [name in allowed and allowed[name] != TIMES for name in asked]
    found = {name: _bare(name, texts[str(i)], allowed[name]) for i, name in enumerate(asked) if marked[i]}
    if rest := [i for i in range(len(asked)) if not marked[i]]:
        fields = infer_exact(texts.select(map(str, rest)), null_tokens=("",)).fields
        found.update(zip((asked[i] for i in rest), fields, strict=True))
    return {
        name: field
        for name, field in found.items()
        if field is not None and field.type in allowed.get(name, TYPED) and field.type in TYPED
    }


def _bare(name: str, texts: pl.Series, allowed: Collection[FieldType]) -> Field | None:
    """The type of values that the format itself marks as numbers, booleans or dates; None if it would change some."""
    from automic_core.inference import cast_expr

    for kind in (kind for kind in _BARE if kind in allowed):
        field = Field(name, kind)
        fits = texts.to_frame("0").select(cast_expr(field, pl.col("0"))).to_series()
        if fits.null_count() == texts.null_count() and fits.count():
            exact = kind is not FieldType.FLOAT or not texts.str.contains(_LONG_NUMBER).any()
            return field if exact else None
    return None


def _texts(batch: pl.DataFrame, columns: Sequence[str], null_values: Sequence[str]) -> pl.DataFrame:
    """Columns called by their position, for a name may be a pattern to Polars; texts that mean "no value" are null."""
    placed = pl.DataFrame([batch[name].alias(str(place)) for place, name in enumerate(columns)])
    if not null_values or not columns:
        return placed
    return placed.select(pl.when(~pl.all().is_in(list(null_values))).then(pl.all()))


def cast(
    batch: pl.DataFrame, columns: Sequence[str], fields: Mapping[str, Field], null_values: Sequence[str]
) -> pl.DataFrame:
    """A batch of text as the fields' types; a value that does not fit is null and kept in ``_rescued``."""
    from automic_core.inference import cast_expr

    texts = _texts(batch, columns, null_values)
    typed = texts.with_columns(
        cast_expr(fields[name], pl.col(str(place))).alias(str(place))
        for place, name in enumerate(columns)
        if name in fields
    )
    misfits: dict[int, dict[str, str]] = {}
    for before, after, name in zip(texts.get_columns(), typed.get_columns(), columns, strict=True):
        if after.null_count() > before.null_count():
            for row in (after.is_null() & before.is_not_null()).arg_true().to_list():
                if before[row].strip():
                    misfits.setdefault(row, {})[name] = before[row]
    values = {name: column.alias(name) for name, column in zip(columns, typed.get_columns(), strict=True)}
    result = pl.DataFrame([values.get(name, batch[name]) for name in batch.columns])
    return _rescue(result, misfits) if misfits else result


def _rescue(batch: pl.DataFrame, misfits: Mapping[int, Mapping[str, str]]) -> pl.DataFrame:
    """``_rescued`` with the misfits; a malformed record already keeps its whole text there."""
    kept: list[str | None] = batch[frames.RESCUED].to_list()
    for row, values in misfits.items():
        kept[row] = rescued(kept[row], values)
    return batch.with_columns(pl.Series(frames.RESCUED, kept, dtype=pl.String))


def rescued(earlier: str | None, values: Mapping[str, str]) -> str:
    """``_rescued`` text with more single values in it."""
    known = json.loads(earlier) if earlier else {}
    if "reason" in known:
        return str(earlier)
    return json.dumps({"values": {**known.get("values", {}), **values}}, ensure_ascii=False)
