"""Stage a change of schema and rows together, look at the result, then publish both in one step or drop both.

Iceberg schemas belong to tables, not to branches, so a promotion that changes columns cannot live on a branch. Here it
lives in a transaction that is not committed: files are landed with the field ids the table will have, gates read the
outcome, and nobody else sees anything until `publish`. A process that dies leaves only files nobody refers to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.refs import MAIN_BRANCH

from automic_core.errors import ConflictError, SchemaError, translate
from automic_core.lakehouse import files as landing
from automic_core.lakehouse import transactions
from automic_core.lakehouse.commits import commit, frozen, full_name, head, imagined, refresh, working_copy
from automic_core.lakehouse.mapping import Change, apply_change


class Staging:
    """A change of a table in the making; `open_staging` makes one.

    Attributes:
        table: The table as it will be: land files into it.
        fork: Main's head when staging began.
    """

    def __init__(self, table: Table, change: Change | None = None) -> None:
        self._target = table
        self._change = change
        transaction = self._transaction(working_copy(table))
        self.fork = head(table)
        self._schema = transaction.table_metadata.schema()
        self.table = imagined(table, transaction.table_metadata)
        self._files: list[DataFile] = []
        self._gone: list[DataFile] | None = None
        """Files that go; None = all of them."""

    @property
    def fields(self) -> str:
        """The columns with their ids as the files carry them, as JSON."""
        return self._schema.as_struct().model_dump_json()

    @property
    def locations(self) -> list[str]:
        """Where the staged files are."""
        return [file.file_path for file in self._files]

    def replace(self, files: Sequence[DataFile]) -> None:
        """Stage the landed files as the table's whole content."""
        self._files, self._gone = list(files), None

    def append(self, files: Sequence[DataFile]) -> None:
        """Stage the landed files beside the rows that are there."""
        self._files, self._gone = list(files), []

    def exchange(self, gone: Sequence[DataFile], files: Sequence[DataFile]) -> None:
        """Stage the landed files in the place of some that are there."""
        self._files, self._gone = list(files), list(gone)

    def scan(self) -> pl.LazyFrame:
        """Read the table as it will be after `publish`."""
        fresh = working_copy(self._target)
        self._check(fresh)
        transaction = self._transaction(fresh)
        self._build(transaction, fresh, {})
        return pl.scan_iceberg(imagined(fresh, transaction.table_metadata))

    def publish(self, properties: Mapping[str, str] | None = None) -> int:
        """Make schema and rows those of main, in one snapshot.

        Returns:
            Id of main's new head.

        Raises:
            ConflictError: Main or the schema moved since staging began; nothing is published.
        """

        def build(transaction: Transaction, fresh: Table, summary: Mapping[str, str]) -> None:
            self._check(fresh)
            self._stage_schema(transaction)
            self._build(transaction, fresh, summary)

        snapshot = commit(self._target, "publish", build, expected=self.fork, properties=properties)
        self._files = []
        return snapshot

    def discard(self) -> None:
        """Drop the change and delete its files; the table stays as it is, and so does what was published."""
        if not self._files:
            return
        remove_staged(self._target, self.locations)
        self._files = []

    def _transaction(self, fresh: Table) -> Transaction:
        transaction = transactions.change(fresh)
        self._stage_schema(transaction)
        return transaction

    def _stage_schema(self, transaction: Transaction) -> None:
        if self._change is None:
            return
        with translate(SchemaError, f"changing the schema of {full_name(self._target)}"):
            apply_change(transaction, self._change)

    def _check(self, fresh: Table) -> None:
        """The files carry the field ids of the schema as staged; another schema now would give them other columns."""
        if self._transaction(frozen(fresh)).table_metadata.schema().as_struct() != self._schema.as_struct():
            raise ConflictError(f"The schema of {full_name(fresh)} changed meanwhile.", "Run again on the new schema.")

    def _build(self, transaction: Transaction, fresh: Table, summary: Mapping[str, str]) -> None:
        update = transaction.update_snapshot(snapshot_properties=dict(summary), branch=MAIN_BRANCH)
        gone = self._gone
        if gone is None:
            gone = [task.file for task in fresh.scan(snapshot_id=self.fork).plan_files()]
        with update.merge_append() if self._gone == [] else update.overwrite() as producer:
            for file in gone:
                producer.delete_data_file(file)
            for file in self._files:
                producer.append_data_file(file)


def reopen_staging(
    table: Table, change: Change | None, fork: int | None, fields: str, locations: Sequence[str]
) -> Staging:
    """Take up a change that another process staged as the table's whole content.

    Args:
        table: The table to change.
        change: The same change of the schema, made from the table as it is now.
        fork: Main's head when it was staged.
        fields: ``Staging.fields`` as it was staged.
        locations: ``Staging.locations`` as it was staged.

    Raises:
        ConflictError: Main or the schema moved since; nothing is published.
        LoadError: A staged file is gone.
    """
    if head(refresh(table)) != fork:
        raise ConflictError(
            f"{full_name(table)} moved from snapshot {fork} to {head(table)} since this was staged.",
            "Discard it and run again on the new state.",
        )
    staging = Staging(table, change)
    if staging.fork != fork or staging.fields != fields:
        raise ConflictError(
            f"The schema of {full_name(table)} changed since this was staged.", "Discard it and run again."
        )
    staging.replace([landing.describe(staging.table, location) for location in locations])
    return staging


def remove_staged(table: Table, locations: Sequence[str]) -> None:
    """Delete staged files that will not be published; what main refers to stays."""
    # An interrupt may come between a commit and the news of it: what main refers to must not go.
    live = {task.file.file_path for task in refresh(table).scan().plan_files()}
    landing.remove(table, [location for location in locations if location not in live])


def open_staging(table: Table, change: Change | None = None) -> Staging:
    """Begin to stage a change.

    Args:
        table: The table to change in the end.
        change: Called with an `UpdateSchema`, possibly several times: see `schemas.grow`; None = the schema stays.

    Raises:
        SchemaError: The change is not allowed.
    """
    return Staging(table, change)
