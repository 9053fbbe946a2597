"""Of rows that share their declared key, the one that was delivered last."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from automic_core import frames
from automic_core.contracts import Fitted, Transformer
from automic_core.inference import DEFAULT_NULL_TOKENS
from automic_core.inference.casting import is_null_token

MERGED_VERSION = f"{frames.MERGED}:version"


class _Newest(Fitted):
    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        if self.keys is None or not self.keys.height:
            return frame
        joined = frame.join(self.keys.lazy(), on=frames.RID, how="left", maintain_order="left")
        return frames.condemn(joined, pl.col("_into").is_not_null(), MERGED_VERSION, pl.col("_into")).drop("_into")


class LatestVersion(Transformer):
    """Keeps the last delivered version of each key; rows that lack a part of it stay for the rules to judge."""

    kind = "latest"

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = list(keys)

    def digest(self, schema: pl.Schema) -> list[pl.Expr]:
        missing = [
            is_null_token(pl.col(k), DEFAULT_NULL_TOKENS) if schema[k] == pl.String else pl.lit(False)
            for k in self.keys
        ]
        whole = pl.all_horizontal(pl.col(k).is_not_null() & ~none for k, none in zip(self.keys, missing, strict=True))
        key = pl.struct(self.keys)
        return [pl.when(whole).then(key.hash(seed)).alias(f"h{seed}") for seed in (1, 99991)]

    def learn(self, digest: pl.DataFrame) -> Fitted:
        rows = digest.filter(pl.col("h1").is_not_null()).select(frames.RID, "h1", "h99991")
        rows = rows.filter(pl.col("h1").is_duplicated())
        newest = pl.col(frames.RID).max().over("h1", "h99991")
        keys = rows.select(frames.RID, newest.alias("_into")).filter(pl.col(frames.RID) != pl.col("_into"))
        return _Newest({"superseded": keys.height}, keys)
