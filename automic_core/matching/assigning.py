"""New rows find their clusters by weights learned before: only pairs with a new row are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from automic_core.errors import ConfigError
from automic_core.matching.clustering import CLIP
from automic_core.matching.engine import Matching, logit, probability

CLUSTER, CHANCE = "_cluster_id", "_match_probability"


def assign(
    existing: pl.DataFrame, new: pl.DataFrame, learned: Mapping[str, Any], threshold: float, names: Sequence[str]
) -> pl.DataFrame:
    """The new rows with ``_cluster_id`` and ``_match_probability``; existing clusters stay as they are.

    A new row joins the cluster whose rows it matches best on average, if that is above the threshold; rows that fit
    none are clustered among themselves and get numbers above all that exist.

    Args:
        existing: Rows with their ``_cluster_id``.
        new: Rows to place.
        learned: ``Matching.state`` of the run that made the clusters.
        threshold: Probability from which two are the same.
        names: Columns to compare.

    Raises:
        ConfigError: The existing rows have no ``_cluster_id``.
    """
    if CLUSTER not in existing.columns:
        raise ConfigError("The existing rows have no _cluster_id.", "Cluster them first: Deduplicator.cluster(frame).")
    both = pl.concat([existing.select(names), new.select(names)], how="vertical_relaxed")
    matching = Matching(both, names, learned=learned)
    old = existing.height
    clusters = np.concatenate([existing[CLUSTER].to_numpy(), np.full(new.height, -1, np.int64)])
    best = _best_clusters(matching, clusters, old, logit(threshold))
    chance = np.full(new.height, np.nan)
    for row, (cluster, odds) in best.items():
        clusters[row], chance[row - old] = cluster, probability(np.array([odds]))[0]
    alone = np.flatnonzero(clusters < 0)
    if len(alone):
        rest = Matching(both[alone.tolist()], names, learned=learned)
        clusters[alone] = rest.clusters(threshold) + int(clusters.max(initial=-1)) + 1
        chance[alone - old] = own_chances(rest, rest.clusters(threshold))
    made = [pl.Series(CLUSTER, clusters[old:]), pl.Series(CHANCE, chance).fill_nan(None)]
    return new.drop(CLUSTER, CHANCE, strict=False).with_columns(made)


def _best_clusters(matching: Matching, clusters: Any, old: int, cut: float) -> dict[int, tuple[int, float]]:
    """For each new row that fits a cluster: which, and its mean log-odds with the rows there."""
    left, right = matching.pairs
    across = np.flatnonzero((left < old) & (right >= old))
    likely = across[matching.score(left[across], right[across]) > min(cut, 0) - 2]
    wanted = np.unique(np.stack([right[likely].astype(np.int64), clusters[left[likely]]], 1), axis=0)
    order = np.argsort(clusters[:old], kind="stable")
    starts = np.searchsorted(clusters[:old][order], wanted[:, 1], "left")
    ends = np.searchsorted(clusters[:old][order], wanted[:, 1], "right")
    sizes = ends - starts
    number = np.repeat(np.arange(len(wanted)), sizes)
    member = order[np.arange(len(number)) - np.repeat(np.cumsum(sizes) - sizes, sizes) + np.repeat(starts, sizes)]
    rows = wanted[number, 0]
    odds = np.clip(matching.score(member.astype(np.int32), rows.astype(np.int32)), -CLIP, CLIP)
    mean = np.bincount(number, odds, len(wanted)) / np.maximum(sizes, 1)
    found: dict[int, tuple[int, float]] = {}
    for place in np.argsort(mean, kind="stable").tolist():  # The best comes last and stays.
        if mean[place] > cut:
            found[int(wanted[place, 0])] = (int(wanted[place, 1]), float(mean[place]))
    return found


def own_chances(matching: Matching, clusters: Any) -> Any:
    """For each row the highest probability of a pair it has in its cluster; not a number for a row alone."""
    made = np.full(matching.rows, np.nan)
    if matching.rows < 2:
        return made
    graph = matching.graph
    inside = np.flatnonzero(clusters[graph.left] == clusters[graph.right])
    odds = np.full(matching.rows, -np.inf)
    for side in (graph.left, graph.right):
        np.maximum.at(odds, side[inside], graph.odds[inside])
    known = np.isfinite(odds)
    made[known] = probability(odds[known])
    return made
