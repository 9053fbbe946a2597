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
    evidence = head.filter(head[frames.RESCUED].is_null())
    texts = {name: nothing(evidence[name], null_values) for name in asked}
    found = {
        name: _bare(name, texts[name], allowed[name]) for name in asked if name in allowed and allowed[name] != TIMES
    }
    open_ones = [name for name in asked if name not in found]
    if open_ones:
        frame = pl.DataFrame([texts[name].alias(str(number)) for number, name in enumerate(open_ones)])
        fields = infer_exact(frame, null_tokens=("",)).fields
        found.update(zip(open_ones, fields, strict=True))
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


def nothing(values: pl.Series, null_values: Sequence[str]) -> pl.Series:
    """Texts with those that mean "no value" as null."""
    if not null_values:
        return values
    return values.to_frame("0").select(pl.when(~pl.col("0").is_in(list(null_values))).then("0")).to_series()


def cast(
    batch: pl.DataFrame, columns: Sequence[str], fields: Mapping[str, Field], null_values: Sequence[str]
) -> pl.DataFrame:
    """A batch of text as the fields' types; a value that does not fit is null and kept in ``_rescued``."""
    from automic_core.inference import cast_expr

    misfits: dict[int, dict[str, str]] = {}
    typed: dict[str, pl.Series] = {}
    for name in columns:
        texts = nothing(batch[name], null_values)
        values = texts
        if name in fields:
            values = texts.to_frame("0").select(cast_expr(fields[name], pl.col("0"))).to_series()
            for row in (values.is_null() & texts.is_not_null()).arg_true().to_list():
                if texts[row].strip():
                    misfits.setdefault(row, {})[name] = texts[row]
        typed[name] = values.alias(name)
    result = pl.DataFrame([typed.get(name, batch[name]) for name in batch.columns])
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
