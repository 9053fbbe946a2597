"""What a run tells while it goes, and the row ledger that proves what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from automic_core.errors import LedgerError


@dataclass(frozen=True)
class Event:
    """One sign of life of a run.

    Attributes:
        kind: started, fit (a pass that learns), progress (a batch was loaded), loaded, finished, failed.
        rows: Rows read so far in this pass.
        total: Rows expected, if known.
        seconds: Since the run began.
    """

    kind: Literal["started", "fit", "progress", "loaded", "finished", "failed"]
    run_id: str
    rows: int = 0
    total: int | None = None
    seconds: float = 0.0
    message: str = ""


Listener = Callable[[Event], None]


@dataclass
class StepStats:
    """The ledger line of one step.

    Attributes:
        rows_in: Living rows that entered.
        removed: Reason ("merged", "filtered", "quarantined:r1") to number of rows.
        grouped: Rows absorbed into groups by an aggregate (rows in minus groups out).
        added: Rows that came to be: exploded parts, further matches of a join, the second input of a union.
        rows_out: Living rows that left.
        warned: Rule id to number of rows that failed a rule that only warns.
        broken: Rule id to number of rows that were set aside and failed it; one that failed several counts for each.
    """

    id: str
    kind: str
    rows_in: int = 0
    removed: dict[str, int] = field(default_factory=dict)
    grouped: int = 0
    added: int = 0
    rows_out: int = 0
    warned: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)

    @property
    def gap(self) -> int:
        """Rows unaccounted for; 0 when the line adds up."""
        return self.rows_in + self.added - self.grouped - sum(self.removed.values()) - self.rows_out


_CONDEMNED = {"quarantined": "quarantined", "dropped": "dropped", "filtered": "removed"}
_NEARLY_ALL = 0.9  # of the rows that came, for what judges rows; a filter is meant to leave few


@dataclass
class RunReport:
    """The row ledger of a run: rows in = rows out + rows removed, by step and reason.

    ``rows_in`` is counted at the source, ``rows_out`` by the loader, the lines between from the fates of the rows:
    three independent counts.
    """

    run_id: str
    name: str
    source: str = ""
    destination: str = ""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    rows_in: int = 0
    rows_out: int = 0
    steps: list[StepStats] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def removed(self) -> dict[str, int]:
        """Rows removed in the whole run by category (merged, filtered, quarantined, dropped)."""
        totals: dict[str, int] = {}
        for step in self.steps:
            for reason, rows in step.removed.items():
                category = reason.split(":")[0]
                totals[category] = totals.get(category, 0) + rows
        return totals

    def losses(self) -> list[str]:
        """Warnings of steps that left no row or next to none, though the ledger adds up."""
        return [
            f"{reason.partition(':')[2] or step.id} {_CONDEMNED[category]} {_share(rows, step.rows_in)}; "
            "check that this is meant, and read the reasons."
            for step in self.steps
            for reason, rows in step.removed.items()
            if (category := reason.partition(":")[0]) in _CONDEMNED and _is_loss(category, rows, step.rows_in)
        ]

    def check(self) -> None:
        """Prove the sum.

        Raises:
            LedgerError: Names the first step whose rows do not add up.
        """
        alive = self.rows_in
        for step in self.steps:
            if step.rows_in != alive:
                raise LedgerError(f"Step {step.id} got {step.rows_in:,} rows, but {alive:,} left the step before it.")
            if step.gap:
                gone = f"{step.grouped:,} grouped - {sum(step.removed.values()):,} removed"
                raise LedgerError(
                    f"Step {step.id} ({step.kind}): {step.rows_in:,} in + {step.added:,} added - {gone} is not "
                    f"{step.rows_out:,} out."
                )
            alive = step.rows_out
        if alive != self.rows_out:
            raise LedgerError(f"{alive:,} rows left the last step, but {self.rows_out:,} were loaded.")

    @property
    def balanced(self) -> bool:
        """Whether the ledger adds up."""
        try:
            self.check()
        except LedgerError:
            return False
        return True

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able data."""
        data = asdict(self)
        data["started_at"] = self.started_at.isoformat()
        return {**data, "balanced": self.balanced, "removed": self.removed()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RunReport:
        """The inverse of ``to_dict``."""
        known = {k: v for k, v in data.items() if k not in {"balanced", "removed", "steps", "started_at"}}
        return cls(
            **known,
            steps=[StepStats(**step) for step in data["steps"]],
            started_at=datetime.fromisoformat(data["started_at"]),
        )

    def __str__(self) -> str:
        """The ledger as text: a line a step, and the sum."""
        lines = [f"{self.name}: {_rows(self.rows_in)} in from {self.source}"]
        for step in self.steps:
            parts = [f"{rows:,} {reason}" for reason, rows in step.removed.items()]
            parts += [f"{step.grouped:,} grouped"] if step.grouped else []
            parts += [f"{step.added:,} added"] if step.added else []
            parts += [f"{rows:,} warned by {rule}" for rule, rows in step.warned.items()]
            word = "row " if step.rows_out == 1 else "rows"
            lines.append(f"  {step.id:<12} {step.kind:<12} {step.rows_out:>12,} {word}  {', '.join(parts)}".rstrip())
        lines.append(f"{_rows(self.rows_out)} out to {self.destination}; the ledger {self._verdict()}.")
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes), *(f"Warning: {w}" for w in self.warnings)])

    def _verdict(self) -> str:
        added, grouped = sum(s.added for s in self.steps), sum(s.grouped for s in self.steps)
        gone = sum(self.removed().values())
        total = f"{self.rows_in:,}" + (f" + {added:,}" if added else "") + f" = {self.rows_out:,} + {gone:,}"
        total += f" + {grouped:,} grouped" if grouped else ""
        return f"adds up ({total})" if self.balanced else f"DOES NOT ADD UP ({total})"


def _is_loss(category: str, rows: int, of: int) -> bool:
    return rows == of or (category != "filtered" and rows >= _NEARLY_ALL * of)


def _share(rows: int, of: int) -> str:
    if rows < of:
        return f"{rows:,} of {of:,} rows, nearly all"
    return f"all {of:,} rows" if of > 1 else "the only row"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
