"""Surprises that a person called expected: decisions about a value of a series, kept and taken back like all others.

Such a decision names the table in full, since a series belongs to a layer; decisions about rows name it without.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

import polars as pl

from automic_core.errors import ConfigError
from automic_core.medallion.context import RUN_ID, LakeContext, now
from automic_core.medallion.decisions import SCHEMA, TABLE, Decision, append_rows, row_key

KIND: Final = "expected"


@dataclass(frozen=True)
class Mark:
    """A value that a person called expected.

    Attributes:
        id: Of the decision; what takes it back.
        table: Full name.
        series: Key of the series.
        snapshot: The state that had the value.
        at: When that state came to be.
        value: The value.
        expected: What had been expected.
    """

    id: str
    table: str
    series: str
    snapshot: int
    at: datetime
    value: float
    expected: float
    reason: str
    actor: str
    decided_at: datetime


@dataclass(frozen=True)
class Surprise:
    """A value that was not expected: its series, the state that had it, and what had been expected."""

    series: str
    snapshot: int
    at: datetime
    value: float
    expected: float


def mark(lake: LakeContext, table: str, surprises: Sequence[Surprise], reason: str = "") -> list[Decision]:
    """Call values expected, in one commit; the bounds of their series move from there on.

    Args:
        lake: The lake.
        table: Full name of the table.
        surprises: The values.
        reason: Why, if the person says.

    Raises:
        ConfigError: The table's name lacks its layer.
        SecurityError: The lake is open for reading only.
    """
    if "." not in table:
        raise ConfigError(f"{table!r} is not a full table name.", "Write it with its layer, such as silver.orders.")
    at, made = now(), []
    for each in surprises:
        match = json.dumps({**asdict(each), "at": each.at.isoformat()}, sort_keys=True)
        told = (match, each.series, f"{each.value:.6g}", reason)
        made.append(Decision(uuid.uuid4().hex[:12], KIND, table, row_key(match), *told, lake.actor, at))
    if made:
        rows = pl.DataFrame([asdict(each) for each in made], schema=SCHEMA)
        append_rows(lake, TABLE, rows, {RUN_ID: f"decision-{made[0].id}"})
    return made


def marks(decisions: Iterable[Decision]) -> list[Mark]:
    """Those of the decisions that call a value expected, oldest first."""
    return [_read(each) for each in decisions if each.kind == KIND]


def _read(made: Decision) -> Mark:
    said = json.loads(made.match)
    return Mark(
        made.id,
        made.table,
        str(said["series"]),
        int(said["snapshot"]),
        datetime.fromisoformat(said["at"]),
        float(said["value"]),
        float(said["expected"]),
        made.reason,
        made.actor,
        made.at,
    )
