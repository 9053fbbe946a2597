"""A staged change of a silver table: look, then publish or discard."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from automic_core.contracts import Fitted
from automic_core.events import RunReport
from automic_core.lakehouse import tables
from automic_core.medallion import removals
from automic_core.medallion.context import LakeContext, run_entry
from automic_core.medallion.gates import Gate
from automic_core.medallion.retention import retain
from automic_core.medallion.staged import StagedTable
from automic_core.medallion.taking_on import INCREMENTS
from automic_core.medallion.tidying import settle
from automic_core.records import Schema

SPEC = "automic.spec"
"""Snapshot property: the YAML text of the promotion that made the rows."""


@dataclass
class Promotion:
    """A staged change of a silver table under review: look, then publish or discard.

    Attributes:
        report: The row ledger.
        schema: The schema that was applied; ``schema.inferred`` says whether a person accepted it.
        quarantined: The rows it set aside, with every reason; of one that read only new rows, those among them.
        removed: The rows it removed by the ``_rid`` they have in bronze: stage, step, reason, into.
        properties: What the snapshot will say of it, beside the run.
        keys: The declared keys of the bronze table.
        gates: What each check found.
    """

    table: str
    report: RunReport
    schema: Schema
    quarantined: pl.DataFrame
    removed: pl.DataFrame
    fitted: dict[str, Fitted]
    properties: dict[str, str]
    staged: StagedTable = field(repr=False)
    _lake: LakeContext = field(repr=False)
    keys: list[str] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    snapshot: int | None = None

    def rows(self) -> pl.LazyFrame:
        """The table as it will be, or as it was published."""
        if self.snapshot is not None:
            return tables.scan(self._lake.need(self.table), self.snapshot)
        return self.staged.staging.scan()

    def publish(self) -> int:
        """Make it the table: quarantine, then silver by compare-and-set; what can wait; then the state.

        Returns:
            The new snapshot id.

        Raises:
            ConflictError: The table changed since the promotion began; promote again.
        """
        self._lake.writable()
        own = self.table.partition(".")[2]
        removals.store(self._lake, own, self.report.run_id, self.quarantined, self.removed)
        self.snapshot = self.staged.publish({**self._lake.summary(self.report), **self.properties})
        if INCREMENTS in self.properties:
            for name in (self.table, f"quarantine.{own}", removals.REMOVED_TABLE):
                settle(self._lake, name, self.report.warnings)
        retain(self._lake, self.table, self.report.warnings)
        self._lake.state.rebuild(runs=[run_entry(self.report, self.table, self._lake.actor)])
        return self.snapshot

    def discard(self) -> None:
        """Drop it; schema and rows of the table stay as they are."""
        self.staged.rollback()
