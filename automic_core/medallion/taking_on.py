"""What a promotion may take on: the newest state of silver, and the batches that bronze gained since it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Snapshot

from automic_core.events import RunReport
from automic_core.lakehouse.commits import head
from automic_core.lakehouse.history import line
from automic_core.lakehouse.schemas import CHANGE
from automic_core.lakehouse.tables import row_count
from automic_core.medallion.batches import BATCH, CHANGES, BronzeLayout
from automic_core.medallion.context import REPORT, RUN_ID, SOURCES, LakeContext
from automic_core.medallion.separable import MustBeWholeError
from automic_core.records import Field, FieldType, Schema

PLAN = "automic.plan"
"""Snapshot property: what a promotion did, as text to compare; see ``separable.plan``."""
DEFINITION = "automic.definition"
INCREMENTS = "automic.increments"
"""Snapshot property: how many promotions have added to the rows since all of them were made at once."""


_NOT_ADDED = {"snapshot": "a new batch takes the place of the one before it", CHANGES: "bronze is a change log"}


@dataclass(frozen=True)
class Base:
    """A state of silver to take on.

    Attributes:
        snapshot: Its id.
        made: What the run that made it noted.
        report: That run's ledger.
        bronze: The state of bronze that it was made of.
    """

    table: Table
    snapshot: int
    made: Mapping[str, str]
    bronze: int

    @property
    def report(self) -> RunReport:
        """The ledger of all rows of bronze that are in it or were removed."""
        return RunReport.from_dict(json.loads(self.made[REPORT]))

    @property
    def run_id(self) -> str:
        """The run that made it."""
        return self.made[RUN_ID]

    @property
    def definition(self) -> dict[str, Any]:
        """Schema, steps and what they learned."""
        found: dict[str, Any] = json.loads(self.made[DEFINITION])
        return found

    @property
    def schema(self) -> Schema:
        """The schema that was applied."""
        known = self.definition["schema"]
        fields = [Field(**{**each, "type": FieldType(each["type"])}) for each in known["fields"]]
        return Schema(**{**known, "fields": fields})


@dataclass(frozen=True)
class Gained:
    """What a bronze table gained.

    Attributes:
        batches: Numbers of the new batches.
        rows: Their rows.
        total: Rows of the table with them.
    """

    batches: list[int]
    rows: int
    total: int


def base(lake: LakeContext, table: str) -> Base:
    """The newest state of a silver table.

    Raises:
        MustBeWholeError: There is none, or it was not made by a promotion that says how.
    """
    silver = lake.table(f"silver.{table}")
    if silver is None:
        raise MustBeWholeError("")
    for snapshot in line(silver):
        said = _said(snapshot)
        if RUN_ID in said:
            read = json.loads(said.get(SOURCES, "{}")).get(f"bronze.{table}")
            if PLAN not in said or read is None:
                break
            now = head(silver)
            assert now is not None
            return Base(silver, now, said, int(read))
        if not _same_rows(snapshot):
            break
    raise MustBeWholeError(f"silver.{table} was last written by something else than a promotion that can be taken on")


def gained(bronze: Table, since: int, layout: BronzeLayout) -> Gained:
    """The batches that a bronze table took in after a state.

    Raises:
        MustBeWholeError: The state is not one of its past, or other things than taking in happened since.
    """
    if layout.mode != "append":
        raise MustBeWholeError(_NOT_ADDED.get(layout.mode, f"bronze is in mode {layout.mode}"))
    found: list[int] = []
    before: list[int] = []
    past = False
    for snapshot in line(bronze):
        said = _said(snapshot)
        past = past or snapshot.snapshot_id == since
        if past:
            before += [int(said[BATCH])] if BATCH in said else []
        elif BATCH in said and _operation(snapshot) is Operation.APPEND:
            found.append(int(said[BATCH]))
        elif not _same_rows(snapshot):
            raise MustBeWholeError("rows of bronze were changed in other ways than by taking in")
    if not past:
        raise MustBeWholeError("bronze was rolled back, or the state that was promoted last is forgotten")
    if layout.keys and found and before and min(found) < max(before):
        raise MustBeWholeError("an older batch was taken in after a newer one")
    now, then = row_count(bronze), row_count(bronze, since)
    if now is None or then is None:
        raise MustBeWholeError("a writer of bronze did not say how many rows there are")
    return Gained(sorted(found), now - then, now)


def _said(snapshot: Snapshot) -> dict[str, str]:
    return dict(snapshot.summary.additional_properties) if snapshot.summary is not None else {}


def _operation(snapshot: Snapshot) -> Operation | None:
    return snapshot.summary.operation if snapshot.summary is not None else None


def _same_rows(snapshot: Snapshot) -> bool:
    """Whether a state has the rows of the one before: files were merged, or something was noted."""
    said = _said(snapshot)
    merged = said.get(CHANGE, "").startswith("compact ")
    return merged or (_operation(snapshot) is Operation.APPEND and said.get("added-records", "0") == "0")
