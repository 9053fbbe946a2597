"""How the tables of a lake hang together: columns that hold keys of other tables."""

from __future__ import annotations

import polars as pl

from automic_core import frames
from automic_core.inference.foreign_keys import ForeignKey, foreign_keys
from automic_core.lake import Lakehouse
from automic_core.workbench.schema_rows import readable

__all__ = ["ForeignKey", "relations"]


def relations(lake: Lakehouse, layer: str | None = None) -> list[ForeignKey]:
    """Foreign keys between the tables of a lake, the most certain first: proposals, each measured on all rows.

    Args:
        lake: The lake.
        layer: Only tables of this layer; default: each table as far as it got, silver before bronze. Gold tables are
            made of others, so they are looked at only if asked for.
    """
    if layer is not None:
        return foreign_keys({name: _rows(lake, name) for name in lake.tables(layer)})
    furthest: dict[str, str] = {}
    for each in ("bronze", "silver"):
        furthest |= {name.partition(".")[2]: name for name in lake.tables(each)}
    return foreign_keys({name: _rows(lake, name) for name in furthest.values()})


def _rows(lake: Lakehouse, name: str) -> pl.LazyFrame:
    layer, _, table = name.partition(".")
    rows = readable(lake, table) if layer == "bronze" else lake.scan(name)
    return rows.select(frames.data_columns(rows))
