"""What a run tells while it goes, as a person wants to see it; and the place where a run can be stopped."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

from automic_core.events import Event

_MOST_PHASES = 300
_MOST_RUNS = 1000
_DOING = {"started": "Reading", "progress": "Writing rows", "loaded": "Checking and publishing", "finished": "Ending"}
_DID = {"started": "prepare", "progress": "rows", "loaded": "rows", "finished": "publish"}


class Progress:
    """Listens to the events of one job.

    A job is stopped here and nowhere else: at an event no commit is under way, so whatever the run staged is undone by
    its own handlers.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = time.perf_counter()
        self._phase, self._rows = "Starting", 0
        self._total: int | None = None
        self._mark = (self._last, 0)
        self._eta: float | None = None
        self._phases: list[dict[str, Any]] = []
        self._changed = True
        self._said = ""  # what the run itself calls the time until its next event
        self.run_ids: list[str] = []
        self.cancelled = False

    def __call__(self, event: Event) -> None:
        """Take an event in.

        Raises:
            KeyboardInterrupt: The job is to stop.
        """
        now = time.perf_counter()
        with self._lock:
            if event.run_id and event.run_id not in self.run_ids:
                self.run_ids.append(event.run_id)
            did = self._said or _DID.get(event.kind) or f"measure {event.message}"
            self._lap(did, event.run_id, event.rows, now)
            self._said = event.message if event.kind in ("started", "progress") else ""
            phase = self._said or _DOING.get(event.kind) or f"Measured {event.message}"
            if phase != self._phase:
                self._mark = (now, event.rows)
            self._phase, self._rows, self._total = phase, event.rows, event.total
            self._eta = self._left(event, now)
            self._changed = True
        if self.cancelled and event.kind != "finished":
            raise KeyboardInterrupt

    def close(self) -> dict[str, Any]:
        """The last word: all phases, with the time after the last event."""
        with self._lock:
            self._lap(self._said or "end", self.run_ids[-1] if self.run_ids else "", self._rows, time.perf_counter())
            self._changed = True
        return self.values()

    def values(self) -> dict[str, Any]:
        """What changed since the last call, as the state stores it; empty if nothing did."""
        with self._lock:
            if not self._changed:
                return {}
            self._changed = False
            return {
                "phase": self._phase,
                "rows": self._rows,
                "total": self._total,
                "eta": self._eta,
                "phases": [dict(phase) for phase in self._phases],
                "run_ids": self.run_ids[-_MOST_RUNS:],
                "run_id": self.run_ids[-1] if self.run_ids else None,
            }

    def _lap(self, name: str, run_id: str, rows: int, now: float) -> None:
        """The time since the last event belongs to what has just been done."""
        spent, self._last = now - self._last, now
        last = self._phases[-1] if self._phases else None
        if last is not None and last["name"] == name and last["run_id"] == run_id:
            last["seconds"], last["rows"] = last["seconds"] + spent, rows
        elif len(self._phases) < _MOST_PHASES:
            self._phases.append({"name": name, "seconds": spent, "rows": rows, "run_id": run_id})

    def _left(self, event: Event, now: float) -> float | None:
        """Seconds until the rows of this phase are done, at the pace they had so far."""
        begun, rows = self._mark
        done, spent = event.rows - rows, now - begun
        if event.kind != "progress" or not event.total or done <= 0 or spent < 0.5:
            return None
        return max(0, event.total - event.rows) * spent / done
