"""What was measured of states of tables: a cache by snapshot, which never goes stale because snapshots never change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select

from automic_core.state import tables as t
from automic_core.state.engine import Database


class MeasureBook:
    """The measures of one lake. Get it as ``state.measures``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, table: str, version: int) -> dict[int, dict[str, Any]]:
        """Snapshot to its measures, of those measured in this form."""
        query = select(t.measures).filter_by(table_name=table, version=version)
        with self._db.read() as db:
            return {int(row.snapshot): dict(row.data) for row in db.execute(query)}

    def put(self, table: str, snapshot: int, version: int, data: Mapping[str, Any]) -> None:
        """Keep the measures of a snapshot (plain JSON values); the last ones stand."""
        key = {"table_name": table, "snapshot": snapshot}
        with self._db.write() as db:
            db.execute(delete(t.measures).filter_by(**key))
            db.execute(insert(t.measures).values(**key, version=version, data=dict(data)))

    def count(self) -> int:
        """How many there are; for caches."""
        with self._db.read() as db:
            return int(db.execute(select(func.count()).select_from(t.measures)).scalar() or 0)
