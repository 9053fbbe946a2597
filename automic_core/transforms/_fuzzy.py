"""The fuzzy half of the deduplicator: from its options and a frame to a matching, and back to rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from automic_core import frames
from automic_core.contracts import Fitted
from automic_core.errors import ConfigError
from automic_core.matching.assigning import CHANCE, CLUSTER, assign, own_chances
from automic_core.matching.engine import Matching, probability
from automic_core.matching.joining import columns_of
from automic_core.transforms import _obeying
from automic_core.transforms._keylike import key_candidates
from automic_core.transforms._names import data_names, require

if TYPE_CHECKING:
    from automic_core.transforms.dedup import Deduplicator

Frame = pl.LazyFrame | pl.DataFrame
_FIELD = "field:"


def digest(columns: list[str]) -> list[pl.Expr]:
    """The compared columns, marked."""
    return [pl.col(name).alias(_FIELD + name) for name in columns]


def learn(step: Deduplicator, rows: pl.DataFrame) -> Fitted:
    """Clusters of the living rows, and which row of each survives."""
    living = rows if rows[frames.FATE].null_count() == rows.height else rows.filter(frames.alive())
    columns = [name for name in living.columns if name.startswith(_FIELD)]
    values = living.select(pl.col(name).alias(name.removeprefix(_FIELD)) for name in columns)
    names, left_out = compared(step, values)
    labels = _obeying.told(step.labels, living)
    matching = _matching(step, values, names, living[frames.RID].to_list(), labels)
    alike = living.drop(columns).with_columns(pl.Series(CLUSTER, matching.clusters(step.similarity_threshold)))
    learned = None if matching.rows < 2 or step.comparison == "embedding" else matching.state()
    return step.deduplicated(alike, [CLUSTER], living, names, left_out, learned)


def matching_of(step: Deduplicator, frame: Frame) -> Matching:
    """The matching of one frame."""
    rows = frame.lazy().collect()
    names, _ = compared(step, rows)
    ids = rows[frames.RID].to_list() if frames.RID in rows.columns else None
    return _matching(step, rows, names, ids, _obeying.told(step.labels, rows) if ids is not None else step.labels)


def compared(step: Deduplicator, rows: pl.DataFrame) -> tuple[list[str], list[str]]:
    """Columns to compare, and inferred keys that are not."""
    if step.match_fields:
        return require(step.match_fields, rows.schema, "Deduplicator"), []
    key = _key(rows)
    names = data_names(rows.schema)
    return [name for name in names if name != key], [key] if key and len(names) > 1 else []


def _key(rows: pl.DataFrame) -> str | None:
    """The column that numbers the rows, by name and values."""
    for name in key_candidates(rows.schema):
        if rows.height and rows[name].null_count() == 0 and rows[name].n_unique() == rows.height:
            return name
    return None


def _matching(
    step: Deduplicator, rows: pl.DataFrame, names: list[str], ids: list[Any] | None, labels: list[tuple[Any, Any, bool]]
) -> Matching:
    if step.match_mode != "fuzzy":
        raise ConfigError(
            'This Deduplicator compares exactly; clusters and links need match_mode="fuzzy".',
            'Write Deduplicator(match_mode="fuzzy").',
        )
    return Matching(rows, names, labels=labels, ids=ids, embedding=_model(step))


def _model(step: Deduplicator) -> str | None:
    return step.embedding_model if step.comparison == "embedding" else None


def cluster(step: Deduplicator, frame: Frame) -> pl.LazyFrame:
    """All rows with their cluster."""
    rows = frame.lazy().collect()
    matching = matching_of(step, rows)
    clusters = matching.clusters(step.similarity_threshold)
    chance = pl.Series(CHANCE, own_chances(matching, clusters)).fill_nan(None)
    return rows.lazy().with_columns(pl.Series(CLUSTER, clusters.astype(np.int64)), chance)


def link(step: Deduplicator, left: Frame, right: Frame, one_to_one: bool) -> pl.LazyFrame:
    """Pairs across two tables."""
    one, other = left.lazy().collect(), right.lazy().collect()
    ids, names, parts = [], [], []
    for rows in (one, other):
        key = _key(rows)
        if key is not None and step.match_fields is None:
            ids.append(rows[key])
        else:
            ids.append(
                rows[frames.RID] if frames.RID in rows.columns else pl.Series(range(rows.height), dtype=pl.Int64)
            )
        names.append(compared(step, rows)[0])
        parts.append(rows)
    mine, theirs = _common(*names)
    texts = [
        rows.select(pl.col(name).cast(pl.String).alias(as_name) for name, as_name in zip(wanted, mine, strict=True))
        if any(one.schema[a] != other.schema[b] for a, b in zip(mine, theirs, strict=True))
        else rows.select(pl.col(name).alias(as_name) for name, as_name in zip(wanted, mine, strict=True))
        for rows, wanted in ((one, mine), (other, theirs))
    ]
    labels = [(("left", a), ("right", b), same) for a, b, same in step.labels]
    side = np.repeat([0, 1], [one.height, other.height]).astype(np.int8)
    named = [("left", value) for value in ids[0]] + [("right", value) for value in ids[1]]
    matching = Matching(pl.concat(texts), mine, side, labels, named, embedding=_model(step))
    a, b, odds = matching.links(step.similarity_threshold, one_to_one)
    found = {"left_id": ids[0][a.tolist()], "right_id": ids[1][(b - one.height).tolist()]}
    return pl.DataFrame({**found, CHANCE: probability(odds)}).lazy()


def _common(left: list[str], right: list[str]) -> tuple[list[str], list[str]]:
    """Columns of both tables that are compared with each other.

    Raises:
        ConfigError: No names in common, and not the same number of columns.
    """
    shared = [name for name in left if name in right]
    if shared:
        return shared, shared
    if len(left) != len(right):
        raise ConfigError(
            f"The tables have no column name in common: {', '.join(left)} and {', '.join(right)}.",
            "Rename the columns of one table as they are called in the other.",
        )
    return left, right


def assign_rows(step: Deduplicator, existing: Frame, new: Frame, learned: Mapping[str, Any]) -> pl.LazyFrame:
    """New rows with their clusters."""
    names = columns_of(learned)
    old, rows = existing.lazy().collect(), new.lazy().collect()
    for frame in (old, rows):
        require(names, frame.schema, "Deduplicator, assigning new rows")
    return assign(old, rows, learned, step.similarity_threshold, names).lazy()
