"""Structured logs: silent unless asked for, then one JSON object a line on stderr."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from automic_core.errors import ConfigError

NAME = "automic"
VARIABLE = "AUTOMIC_LOG"
"""Environment variable with the level."""
LEVELS = ("off", "debug", "info", "warning", "error")

logging.getLogger(NAME).addHandler(logging.NullHandler())


def logger(**fields: Any) -> structlog.stdlib.BoundLogger:
    """The log of Automic, with fields that each line carries; it obeys the standard library's logger "automic"."""
    bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(NAME),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return bound.bind(**fields)


def configure(level: str) -> None:
    """Write logs of this level and above to stderr; "off" writes none.

    Raises:
        ConfigError: There is no such level.
    """
    if level not in LEVELS:
        raise ConfigError(f"There is no log level {level!r}.", f"Use one of {', '.join(LEVELS)}.")
    root = logging.getLogger(NAME)
    for handler in [h for h in root.handlers if isinstance(h, logging.StreamHandler)]:
        root.removeHandler(handler)
    if level == "off":
        root.setLevel(logging.CRITICAL + 1)
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    root.addHandler(handler)
    root.setLevel(level.upper())


def level() -> str:
    """The level that was set last; "off" before."""
    name = logging.getLevelName(logging.getLogger(NAME).level).lower()
    return name if name in LEVELS else "off"
