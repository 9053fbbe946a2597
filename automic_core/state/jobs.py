"""Jobs on disk: queued, claimed by one worker, seen by all, ended once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, String, cast, delete, func, insert, or_, select, update

from automic_core.state import tables as t
from automic_core.state.engine import Database

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
LEASE_SECONDS = 60.0
_OPEN = ("queued", "running")
_JOB = t.jobs


@dataclass(frozen=True)
class Job:
    """One piece of work and how far it is; times in UTC.

    Attributes:
        table: Full name of the table it changes, which no other job may change meanwhile; empty = none.
        phase: What it is doing, in words.
        rows: Rows done in this phase; ``total`` how many there are, if known.
        seconds: Since it began, until now or its end.
        eta: Seconds the phase will still take, if that can be said.
        result: What its task returned.
        cancelling: Somebody asked it to stop.
        phases: Each with name, seconds, rows and run_id, in order.
        run_ids: Runs it made.
        pid: Of the process that works on it, or did.
        worker: Names the process for good; process ids come back.
        folder: Current folder of the person who submitted it.
        base: Table to its snapshot when the job began, which a stop goes back to; None = to none.
    """

    id: str
    kind: str
    table: str
    title: str
    arguments: dict[str, Any]
    actor: str
    state: JobState
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    phase: str = ""
    rows: int = 0
    total: int | None = None
    seconds: float = 0.0
    eta: float | None = None
    result: dict[str, Any] | None = None
    error: str | None = None
    hint: str | None = None
    run_id: str | None = None
    cancelling: bool = False
    phases: list[dict[str, Any]] = field(default_factory=list)
    run_ids: list[str] = field(default_factory=list)
    pid: int | None = None
    worker: str | None = None
    folder: str = ""
    base: dict[str, int | None] | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in _OPEN

    @property
    def lease(self) -> str | None:
        """The lease it holds while it runs; None if it changes no single table."""
        return self.table or None

    @property
    def owner(self) -> str:
        """Its name as a holder of leases."""
        return f"job {self.id}"


class JobBook:
    """The jobs of one lake. Get it as ``state.jobs``."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, job: Job) -> None:
        """Queue a job."""
        names = ("id", "kind", "title", "arguments", "actor", "folder", "state", "created_at")
        values = {name: getattr(job, name) for name in names}
        with self._db.write() as db:
            db.execute(insert(_JOB).values(**values, table_name=job.table))

    def get(self, job_id: str) -> Job | None:
        """The job with this id, if there is one."""
        with self._db.read() as db:
            row = db.execute(select(_JOB).filter_by(id=job_id)).first()
        return _job(row) if row else None

    def of_run(self, run_id: str) -> Job | None:
        """The job that made a run, if one did."""
        made = or_(_JOB.c.run_id == run_id, cast(_JOB.c.run_ids, String).like(f'%"{run_id}"%'))
        with self._db.read() as db:
            row = db.execute(select(_JOB).where(made).order_by(_JOB.c.number.desc()).limit(1)).first()
        return _job(row) if row else None

    def newest(
        self, limit: int, offset: int = 0, tables: Collection[str] = (), states: Collection[str] = ()
    ) -> list[Job]:
        """The newest jobs first, of these tables and in these states; empty = any."""
        query = select(_JOB).order_by(_JOB.c.number.desc()).limit(limit).offset(offset)
        query = query.where(_JOB.c.table_name.in_(tables)) if tables else query
        query = query.where(_JOB.c.state.in_(states)) if states else query
        with self._db.read() as db:
            return [_job(row) for row in db.execute(query)]

    def claimable(self, workers: int) -> bool:
        """Whether a worker that asked now would get a job."""
        with self._db.read() as db:
            return self._next(db, workers) is not None

    def claim(self, worker: str, pid: int, workers: int) -> Job | None:
        """Take the oldest queued job whose table is free, with the table's lease, unless enough jobs are running.

        Args:
            worker: The process that asks.
            pid: Its process id.
            workers: How many jobs may run at once.
        """
        now = _now()
        with self._db.write() as db:
            row = self._next(db, workers)
            if row is None:
                return None
            values = {"state": "running", "worker": worker, "pid": pid, "started_at": now, "heartbeat_at": now}
            db.execute(update(_JOB).filter_by(id=row.id).values(**values))
            job = _job(db.execute(select(_JOB).filter_by(id=row.id)).one())
            if job.lease is not None:
                _take(db, job.lease, job.owner, now)
        return job

    def beat(self, job: Job, progress: Mapping[str, Any]) -> bool | None:
        """A sign of life of the worker: renews the lease and stores progress.

        Returns:
            Whether somebody asked the job to stop; None if the job or its lease is no longer this worker's.
        """
        now = _now()
        with self._db.write() as db:
            mine = {"id": job.id, "worker": job.worker, "state": "running"}
            beaten = update(_JOB).filter_by(**mine).values(heartbeat_at=now, **progress)
            if not db.execute(beaten).rowcount:
                return None
            if job.lease is not None and not _take(db, job.lease, job.owner, now):
                return None
            return bool(db.execute(select(_JOB.c.cancelling).filter_by(id=job.id)).scalar())

    def end(self, job: Job, state: JobState, **values: Any) -> bool:
        """Record how a job ended and give its lease back; the first ending stands.

        Returns:
            Whether this was the first.
        """
        with self._db.write() as db:
            mine = {"id": job.id, "worker": job.worker, "state": job.state}
            ended = update(_JOB).filter_by(**mine).values(**{**values, "state": state, "ended_at": _now(), "eta": None})
            first = bool(db.execute(ended).rowcount)
            if first and job.lease is not None:
                db.execute(delete(t.leases).filter_by(name=job.lease, owner=job.owner))
        return first

    def cancel(self, job_id: str) -> None:
        """Stop a queued job; ask a running one to stop."""
        with self._db.write() as db:
            queued = update(_JOB).filter_by(id=job_id, state="queued")
            if not db.execute(queued.values(state="cancelled", ended_at=_now())).rowcount:
                db.execute(update(_JOB).filter_by(id=job_id, state="running").values(cancelling=True))

    def prune(self, keep: int) -> list[str]:
        """Forget all ended jobs but the newest; returns the ids of those forgotten."""
        ended = select(_JOB.c.id).where(_JOB.c.state.not_in(_OPEN))
        with self._db.write() as db:
            old = list(db.execute(ended.order_by(_JOB.c.number.desc()).offset(keep).limit(1000)).scalars())
            if old:
                db.execute(delete(_JOB).where(_JOB.c.id.in_(old)))
        return old

    def _next(self, db: Connection, workers: int) -> Row[Any] | None:
        running = db.execute(select(func.count()).select_from(_JOB).filter_by(state="running")).scalar_one()
        if running >= workers:
            return None
        held = select(t.leases.c.name).where(t.leases.c.expires_at > _now())
        free = or_(_JOB.c.table_name == "", _JOB.c.table_name.not_in(held))
        waiting = select(_JOB).filter_by(state="queued").where(free)
        return db.execute(waiting.order_by(_JOB.c.number).limit(1)).first()


def _now() -> datetime:
    return datetime.now(UTC)


def _take(db: Connection, lease: str, owner: str, now: datetime) -> bool:
    """Take or renew a lease; False if another holds it."""
    held = db.execute(select(t.leases).filter_by(name=lease)).first()
    if held and held.owner != owner and held.expires_at > now:
        return False
    values = {"owner": owner, "heartbeat_at": now, "expires_at": now + timedelta(seconds=LEASE_SECONDS)}
    new = insert(t.leases).values(name=lease, **values)
    db.execute(update(t.leases).filter_by(name=lease).values(**values) if held else new)
    return True


def _job(row: Row[Any]) -> Job:
    values = dict(row._mapping)
    values.pop("number")
    beat: datetime | None = values.pop("heartbeat_at")
    now, started = _now(), values["started_at"]
    if started is not None:
        values["seconds"] = ((values["ended_at"] or now) - started).total_seconds()
    if values["eta"] is not None and beat is not None:
        values["eta"] = max(0.0, values["eta"] - (now - beat).total_seconds())
    lists: Sequence[str] = ("phases", "run_ids")
    return Job(table=values.pop("table_name"), **values | {name: values[name] or [] for name in lists})
