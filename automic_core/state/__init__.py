"""What must outlive a process: batch numbers, runs, watermarks, drafts, leases, tuner samples.

The lake is the truth and this a cache of it: delete the file, and ``rebuild`` fills it again from snapshot properties.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, get_args

from sqlalchemy import Row, Table, delete, func, insert, select, update

from automic_core.errors import ConfigError, ConflictError, LoadError
from automic_core.state import tables as t
from automic_core.state.engine import Database
from automic_core.state.jobs import JobBook
from automic_core.state.measures import MeasureBook
from automic_core.state.models import ModelBook
from automic_core.state.values import RUN_STATES, Draft, Lease, Run, RunState, Watermark, decode, encode

__all__ = ["MAX_BATCH", "Draft", "Lease", "Run", "RunState", "State", "Watermark"]

MAX_BATCH = (1 << 27) - 1
"""The largest batch number that leaves 36 bits of a signed 64-bit row id for the record's ordinal."""

_BATCH_KEY = ("table_name", "source", "content_hash")


def _now() -> datetime:
    return datetime.now(UTC)


class State:
    """The state of one lake, safe to use from many threads and processes.

    Attributes:
        jobs: Work that outlives the page that began it.
        measures: What was measured of states of tables.
        models: What was asked of language models, answered and spent.

    Args:
        url_or_path: A SQLite file (created with its folder) or ``postgresql://…``.

    Raises:
        LoadError: It cannot be opened.
        MissingDriverError: PostgreSQL is asked for and psycopg is not installed.
    """

    def __init__(self, url_or_path: str | Path) -> None:
        self._db = Database(url_or_path)
        self.jobs = JobBook(self._db)
        self.measures = MeasureBook(self._db)
        self.models = ModelBook(self._db)

    def __enter__(self) -> State:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; no handle stays open."""
        self._db.close()

    # Batches

    def reserve_batch(self, table: str, source: str, content_hash: str, floor: int = 0) -> int:
        """The batch number of this content: the one it has, else the next of its table.

        Args:
            floor: The largest number the lake itself knows, in case this state is younger than the lake.

        Raises:
            LoadError: The table has used up its batch numbers.
        """
        key = dict(zip(_BATCH_KEY, (table, source, content_hash), strict=True))
        with self._db.write() as db:
            known = db.execute(select(t.batches.c.number).filter_by(**key)).scalar()
            if known is not None:
                return int(known)
            last = db.execute(select(func.max(t.batches.c.number)).filter_by(table_name=table)).scalar()
            number = max(last or 0, floor) + 1
            if number > MAX_BATCH:
                raise LoadError(f"{table} has used all {MAX_BATCH:,} batch numbers.", "Rewrite it into a new table.")
            db.execute(insert(t.batches).values(**key, number=number))
            return number

    def batches(self, table: str) -> dict[tuple[str, str], int]:
        """Reserved numbers of a table by (source, content hash)."""
        with self._db.read() as db:
            rows = db.execute(select(t.batches).filter_by(table_name=table).order_by(t.batches.c.number))
            return {(row.source, row.content_hash): row.number for row in rows}

    def rebuild(
        self, batches: Iterable[Mapping[str, Any]] = (), runs: Iterable[Mapping[str, Any]] = ()
    ) -> tuple[int, int]:
        """Take over what the lake knows; where they disagree the lake wins, other entries stay.

        Args:
            batches: Each with table, source, content_hash and batch.
            runs: Each with run_id, pipeline, started_at, and what is known of table, actor, state ("succeeded" when
                missing: only finished runs leave a snapshot), ended_at, report, error.

        Returns:
            How many batches and how many runs were written.
        """
        wanted = {(b["table"], b["source"], b["content_hash"]): int(b["batch"]) for b in batches}
        given = {str(run["run_id"]): run for run in runs}
        with self._db.write() as db:
            present = {(r.table_name, r.source, r.content_hash): r.number for r in db.execute(select(t.batches))}
            new = {key: number for key, number in wanted.items() if present.get(key) != number}
            taken = {(key[0], number) for key, number in new.items()}
            stale = [key for key, number in present.items() if key in new or (key[0], number) in taken]
            for key in stale:
                db.execute(delete(t.batches).filter_by(**dict(zip(_BATCH_KEY, key, strict=True))))
            if new:
                rows = [dict(zip(_BATCH_KEY, key, strict=True)) | {"number": n} for key, n in new.items()]
                db.execute(insert(t.batches), rows)
            finished = select(t.runs.c.run_id).where(t.runs.c.state != "running")
            missing = given.keys() - set(db.execute(finished).scalars())
            for run_id in missing:
                db.execute(delete(t.runs).filter_by(run_id=run_id))
                db.execute(insert(t.runs).values(**_run_values(given[run_id])))
        return len(new), len(missing)

    # Runs

    def start_run(self, run_id: str, pipeline: str, table: str | None = None, actor: str = "") -> None:
        """Record that a run has begun.

        Raises:
            ConflictError: The id is taken.
        """
        with self._db.write() as db:
            if db.execute(select(t.runs.c.run_id).filter_by(run_id=run_id)).first():
                raise ConflictError(f"The run {run_id!r} exists already.", "Start it under a new id.")
            values = {"run_id": run_id, "pipeline": pipeline, "table_name": table, "actor": actor}
            db.execute(insert(t.runs).values(**values, state="running", started_at=_now()))

    def finish_run(
        self, run_id: str, state: RunState, report: Mapping[str, Any] | None = None, error: str | None = None
    ) -> None:
        """Record how a run ended; the first ending stands.

        Args:
            report: The run report as plain JSON values.

        Raises:
            ConflictError: It is not running (unknown, or ended already).
        """
        if state not in RUN_STATES or state == "running":
            raise ConfigError(f"A run cannot end as {state!r}.", f"One of {', '.join(get_args(RunState)[1:])}.")
        ending = {"state": state, "ended_at": _now(), "report": dict(report) if report else None, "error": error}
        with self._db.write() as db:
            changed = db.execute(update(t.runs).filter_by(run_id=run_id, state="running").values(**ending)).rowcount
            if not changed:
                was = db.execute(select(t.runs.c.state).filter_by(run_id=run_id)).scalar()
                raise ConflictError(f"The run {run_id!r} is {was or 'unknown'}, not running.", "See `automic runs`.")

    def take_back(self, run_ids: Iterable[str], why: str) -> None:
        """Record that what runs had published is not there any more: they count as cancelled."""
        gone = update(t.runs).where(t.runs.c.run_id.in_(list(run_ids)))
        with self._db.write() as db:
            db.execute(gone.values(state="cancelled", error=why))

    def run(self, run_id: str) -> Run | None:
        """The run with this id, if there is one."""
        with self._db.read() as db:
            row = db.execute(select(t.runs).filter_by(run_id=run_id)).first()
        return _run(row) if row else None

    def runs(self, limit: int = 100, pipeline: str | None = None, state: RunState | None = None) -> list[Run]:
        """The newest runs first."""
        query = select(t.runs).order_by(t.runs.c.started_at.desc(), t.runs.c.run_id.desc()).limit(limit)
        chosen = {"pipeline": pipeline, "state": state}
        with self._db.read() as db:
            rows = db.execute(query.filter_by(**{k: v for k, v in chosen.items() if v is not None})).all()
        return [_run(row) for row in rows]

    def runs_version(self) -> str:
        """A text that is another one after every start and end of a run; for caches."""
        with self._db.read() as db:
            return str(db.execute(select(func.count(), func.max(t.runs.c.ended_at)).select_from(t.runs)).one())

    # Watermarks

    def watermark(self, name: str) -> Watermark | None:
        """The last value committed under ``name``, of the type it had."""
        with self._db.read() as db:
            row = db.execute(select(t.watermarks).filter_by(name=name)).first()
        return decode(row.type, row.value) if row else None

    def set_watermark(self, name: str, value: Watermark, run_id: str | None = None) -> None:
        """Remember how far ``name`` was read; call it only after the rows are committed.

        Raises:
            ConfigError: The value is not a number, text, date or time.
        """
        kind, text = encode(value)
        self._put(t.watermarks, name, type=kind, value=text, run_id=run_id, updated_at=_now())

    def mirror_watermarks(self, table: str, known: Iterable[tuple[str, str, Watermark, str | None]]) -> None:
        """Take over the watermarks that a table of the lake has, in place of those known of it so far.

        Args:
            known: Each as source, cursor, value and the run that brought it there.
        """
        of_table = t.watermarks.c.name.startswith(f"[{json.dumps(table)}, ", autoescape=True)
        rows = []
        for source, cursor, value, run_id in known:
            kind, text = encode(value)
            about = {"type": kind, "value": text, "run_id": run_id, "updated_at": _now()}
            rows.append({"name": json.dumps([table, source, cursor]), **about})
        with self._db.write() as db:
            db.execute(delete(t.watermarks).where(of_table))
            if rows:
                db.execute(insert(t.watermarks), rows)

    def watermarks(self) -> dict[tuple[str, str, str], Watermark]:
        """Watermarks of the lake by table, source and cursor, as last mirrored."""
        with self._db.read() as db:
            rows = db.execute(select(t.watermarks).where(t.watermarks.c.name.startswith("[")).order_by("name"))
            return {tuple(json.loads(row.name)): decode(row.type, row.value) for row in rows}

    # Drafts

    def draft(self, name: str) -> Draft | None:
        """The draft called ``name``, if there is one."""
        with self._db.read() as db:
            row = db.execute(select(t.drafts).filter_by(name=name)).first()
        return Draft(**row._mapping) if row else None

    def drafts(self) -> list[Draft]:
        """All drafts by name."""
        with self._db.read() as db:
            return [Draft(**row._mapping) for row in db.execute(select(t.drafts).order_by(t.drafts.c.name))]

    def save_draft(self, name: str, spec: str, expected_version: int, actor: str = "") -> int:
        """Save a draft over the version that was loaded.

        Args:
            expected_version: The version the edit began from; 0 for a new draft.

        Returns:
            The new version.

        Raises:
            ConflictError: Somebody saved another version meanwhile; nothing is overwritten.
        """
        with self._db.write() as db:
            now = db.execute(select(t.drafts.c.version).filter_by(name=name)).scalar() or 0
            if now != expected_version:
                raise ConflictError(
                    f"The draft {name!r} was changed elsewhere: it is at version {now}, the edit began at "
                    f"{expected_version}.",
                    "Load it again and repeat the edit.",
                )
            values = {"version": now + 1, "spec": spec, "actor": actor, "updated_at": _now()}
            new = insert(t.drafts).values(name=name, **values)
            db.execute(update(t.drafts).filter_by(name=name).values(**values) if now else new)
        return now + 1

    def delete_draft(self, name: str) -> None:
        """Forget a draft."""
        with self._db.write() as db:
            db.execute(delete(t.drafts).filter_by(name=name))

    # Leases

    def acquire(self, name: str, owner: str, seconds: float) -> Lease:
        """Take a lease that is free, expired, or already this owner's.

        Args:
            owner: A name unique to the process and task that asks.
            seconds: How long it holds without being renewed.

        Raises:
            ConflictError: Another owner holds it; the message says who and until when.
        """
        now = _now()
        with self._db.write() as db:
            held = db.execute(select(t.leases).filter_by(name=name)).first()
            if held and held.owner != owner and held.expires_at > now:
                until = held.expires_at.isoformat(timespec="seconds")
                raise ConflictError(f"{name!r} is held by {held.owner!r} until {until}.", "Wait for it to end.")
            lease = Lease(name, owner, now, now + timedelta(seconds=seconds))
            values = {"owner": owner, "heartbeat_at": now, "expires_at": lease.expires_at}
            new = insert(t.leases).values(name=name, **values)
            db.execute(update(t.leases).filter_by(name=name).values(**values) if held else new)
        return lease

    def renew(self, name: str, owner: str, seconds: float) -> Lease:
        """Extend a lease that is still held.

        Raises:
            ConflictError: It expired or belongs to another; the work must stop.
        """
        with self._db.read() as db:
            held = db.execute(select(t.leases).filter_by(name=name, owner=owner)).first()
        if held is None or held.expires_at <= _now():
            raise ConflictError(f"The lease {name!r} of {owner!r} is lost.", "Stop, and begin again with a new lease.")
        return self.acquire(name, owner, seconds)

    def release(self, name: str, owner: str) -> None:
        """Give a lease back; nothing happens if it is no longer this owner's."""
        with self._db.write() as db:
            db.execute(delete(t.leases).filter_by(name=name, owner=owner))

    def leases(self) -> list[Lease]:
        """Leases that are held now."""
        query = select(t.leases).where(t.leases.c.expires_at > _now()).order_by(t.leases.c.name)
        with self._db.read() as db:
            return [Lease(**row._mapping) for row in db.execute(query)]

    # Tuner samples

    def add_sample(self, kind: str, data: Mapping[str, Any]) -> None:
        """Remember one measurement (plain JSON values) for the tuner."""
        with self._db.write() as db:
            db.execute(insert(t.samples).values(kind=kind, data=dict(data), at=_now()))

    def samples(self, kind: str, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest measurements of a kind, oldest first."""
        query = select(t.samples.c.data).filter_by(kind=kind).order_by(t.samples.c.id.desc()).limit(limit)
        with self._db.read() as db:
            return list(db.execute(query).scalars())[::-1]

    def _put(self, table: Table, name: str, **values: Any) -> None:
        with self._db.write() as db:
            if not db.execute(update(table).filter_by(name=name).values(**values)).rowcount:
                db.execute(insert(table).values(name=name, **values))


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    return Run(table=values.pop("table_name"), **values)


def _run_values(run: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("run_id", "pipeline", "actor", "started_at", "ended_at", "report", "error")
    values = {key: run[key] for key in keys if run.get(key) is not None}
    return values | {"table_name": run.get("table"), "state": run.get("state", "succeeded")}
