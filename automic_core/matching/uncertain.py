"""Which pairs a person should look at: those whose answer teaches most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from automic_core.matching.engine import Matching


def uncertain_pairs(matching: Matching, count: int) -> pl.DataFrame:
    """Pairs near even odds that differ from each other: one a pattern of levels first, then the next of each.

    Args:
        matching: A fitted matching.
        count: Most pairs to give.

    Returns:
        ``left_id``, ``right_id``, ``probability``; pairs already decided are left out.
    """
    from automic_core.matching.engine import probability

    left, right = matching.pairs
    odds = np.abs(matching.ranking)
    if matching.labels is not None:
        odds = np.where(matching.labels.forced(left, right, matching.rows) != 0, np.inf, odds)
    near = np.argsort(odds, kind="stable")[: 50 * count]
    near = near[np.isfinite(odds[near])]
    pattern = np.unique(matching.evidence.levels[near], axis=0, return_inverse=True)[1].ravel()
    seen: dict[int, int] = {}
    turn = np.empty(len(near), np.int64)
    for place, number in enumerate(pattern.tolist()):
        turn[place] = seen[number] = seen.get(number, -1) + 1
    chosen = near[np.lexsort((odds[near], turn))][:count]
    return pl.DataFrame(
        {
            "left_id": [matching.ids[row] for row in left[chosen].tolist()],
            "right_id": [matching.ids[row] for row in right[chosen].tolist()],
            "probability": probability(matching.ranking[chosen]),
        }
    )


def threshold_curve(matching: Matching, thresholds: list[float]) -> pl.DataFrame:
    """What each threshold would do: ``threshold``, ``clusters`` (of two rows or more), ``merged`` (rows that would go
    into another), ``largest`` (rows of the largest cluster) and ``sizes`` (a list of size and number).
    """
    rows = []
    for threshold in thresholds:
        sizes = np.bincount(matching.clusters(threshold)) if matching.rows else np.empty(0, np.int64)
        many, counts = np.unique(sizes[sizes > 1], return_counts=True)
        rows.append(
            {
                "threshold": threshold,
                "clusters": int(counts.sum()),
                "merged": int(((many - 1) * counts).sum()),
                "largest": int(sizes.max()) if len(sizes) else 0,
                "sizes": [{"size": s, "clusters": c} for s, c in zip(many.tolist(), counts.tolist(), strict=True)],
            }
        )
    sizes_type = pl.List(pl.Struct({"size": pl.Int64, "clusters": pl.Int64}))
    return pl.DataFrame(rows, schema_overrides={"sizes": sizes_type})
