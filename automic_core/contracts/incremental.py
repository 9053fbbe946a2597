"""How a source is read in parts: by a column that grows with every row that is new or was changed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import pydantic

from automic_core.contracts.options import configured

CursorValue = str | int | float | Decimal | date | datetime
CursorType = Literal["integer", "float", "date", "datetime", "string"]
Nulls = Literal["take", "skip", "fail"]

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LAG = re.compile(rf"\s*([0-9]+(?:\.[0-9]+)?)\s*({'|'.join(_UNITS)})?\s*")


def _number(lag: Any) -> Any:
    """A lag as a number: "90m" is 5400 seconds."""
    if isinstance(lag, timedelta):
        lag = lag.total_seconds()
    if isinstance(lag, str):
        found = _LAG.fullmatch(lag)
        if found is None:
            raise ValueError(f"write a number, or a time such as 90s, 15m, 1h, 2d; {', '.join(_UNITS)} are known")
        lag = float(found[1]) * _UNITS[found[2] or "s"]
    return int(lag) if isinstance(lag, float) and lag.is_integer() else lag


def _text(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value


End = Annotated[str | None, pydantic.BeforeValidator(_text)]


@dataclass(frozen=True)
class Bound:
    """Rows that are wanted, by the value they have in one column.

    Attributes:
        column: The column.
        since: The smallest value wanted; None = any. The start is closed: the value itself is wanted.
        until: The first value not wanted any more; None = none. The end is open.
        nulls: Whether rows without a value are wanted too.
        type: How the texts of a column of text are ordered; of other columns it says nothing.
    """

    column: str
    since: CursorValue | None = None
    until: CursorValue | None = None
    nulls: bool = True
    type: CursorType | None = None


@configured
class Incremental:
    """Read only what is new: rows whose cursor is not below the watermark, the largest value that was read so far.

    The start is closed, since several rows may share a value: those that are there already are removed again, each
    identical row as often as it is there. So nothing is lost and nothing doubled, as long as a row gets its cursor not
    later than ``lag`` after others became visible.

    A row without a cursor value is never known to be new. ``take`` reads all of them each time and keeps those that are
    not there, ``skip`` leaves them unread, ``fail`` stops. A text that is none of ``type`` counts as no value.
    """

    cursor: Annotated[str, pydantic.Field(min_length=1, description="Column that grows with each new or changed row.")]
    lag: Annotated[
        int | float,
        pydantic.BeforeValidator(_number),
        pydantic.Field(
            ge=0,
            allow_inf_nan=False,
            description="For late rows, read so far behind the watermark: seconds, 15m, 1h, 2d; of a number, units.",
        ),
    ] = 0
    nulls: Annotated[Nulls, pydantic.Field(description="Rows without a cursor value: take, skip or fail.")] = "take"
    type: Annotated[
        CursorType | None,
        pydantic.Field(description="What a cursor of text holds: integer, float, date, datetime, string."),
    ] = None
    backfill: Annotated[
        tuple[End, End] | None,
        pydantic.Field(description="Read this range instead, from (included) to (not included); the watermark stays."),
    ] = None


def behind(value: CursorValue, lag: float) -> CursorValue | None:
    """A value so far before another; None if there is none of its kind.

    Args:
        value: The value.
        lag: Seconds for times (whole days for dates), units for numbers; a text has no lag.
    """
    try:
        if isinstance(value, datetime):
            return value - timedelta(seconds=lag)
        if isinstance(value, date):
            return value - timedelta(days=math.ceil(lag / _UNITS["d"]))
    except OverflowError:
        return None
    if isinstance(value, str | date):
        return value
    if isinstance(value, Decimal):
        return value - Decimal(str(lag))
    return value - math.ceil(lag) if isinstance(value, int) else value - lag
