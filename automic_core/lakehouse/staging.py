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
        self._replace = True

    def replace(self, files: Sequence[DataFile]) -> None:
        """Stage the landed files as the table's whole content."""
        self._files, self._replace = list(files), True

    def append(self, files: Sequence[DataFile]) -> None:
        """Stage the landed files beside the rows that are there."""
        self._files, self._replace = list(files), False

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
        # An interrupt may come between a commit and the news of it: what main refers to must not go.
        live = {task.file.file_path for task in refresh(self._target).scan().plan_files()}
        landing.remove(self.table, [file.file_path for file in self._files if file.file_path not in live])
        self._files = []

    def _transaction(self, fresh: Table) -> Transaction:
        transaction = fresh.transaction()
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
        with update.overwrite() if self._replace else update.merge_append() as producer:
            if self._replace:
                for task in fresh.scan(snapshot_id=self.fork).plan_files():
                    producer.delete_data_file(task.file)
            for file in self._files:
                producer.append_data_file(file)


def open_staging(table: Table, change: Change | None = None) -> Staging:
    """Begin to stage a change.

    Args:
        table: The table to change in the end.
        change: Called with an `UpdateSchema`, possibly several times: see `schemas.grow`; None = the schema stays.

    Raises:
        SchemaError: The change is not allowed.
    """
    return Staging(table, change)
