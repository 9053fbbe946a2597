"""What the state hands out, and watermark values as text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from automic_core.contracts import CursorValue
from automic_core.errors import ConfigError

RunState = Literal["running", "succeeded", "failed", "cancelled"]
RUN_STATES: tuple[str, ...] = get_args(RunState)
Watermark = CursorValue


@dataclass(frozen=True, slots=True)
class Run:
    """One run; times in UTC, ``report`` as the run wrote it."""

    run_id: str
    pipeline: str
    table: str | None
    actor: str
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    report: dict[str, Any] | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A pipeline being edited; ``version`` grows by one with each save."""

    name: str
    version: int
    spec: str
    actor: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one owner to do something until ``expires_at`` (UTC)."""

    name: str
    owner: str
    heartbeat_at: datetime
    expires_at: datetime


def encode(value: Watermark) -> tuple[str, str]:
    """Type name and text of a watermark value.

    Raises:
        ConfigError: The value has no order worth remembering.
    """
    if isinstance(value, datetime):
        aware = value if value.tzinfo is None else value.astimezone(UTC)
        return "datetime", aware.isoformat()
    if isinstance(value, date):
        return "date", value.isoformat()
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal) or value != value:
        raise ConfigError(
            f"{value!r} ({type(value).__name__}) cannot be a watermark.", "Use a number, a text, a date or a time."
        )
    return type(value).__name__, str(value) if not isinstance(value, float) else repr(value)


def decode(kind: str, text: str) -> Watermark:
    """The value that ``encode`` took, equal and of the same type."""
    readers: dict[str, Any] = {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "str": str,
        "int": int,
        "float": float,
        "Decimal": Decimal,
    }
    value: Watermark = readers[kind](text)
    return value
