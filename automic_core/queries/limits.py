"""What a lake's settings let a statement take."""

from __future__ import annotations

from typing import Any

from automic_core.settings import SqlSection


def limits_of(section: SqlSection, *, kept: bool = False) -> dict[str, Any]:
    """Limits of a ``Question`` by a lake's settings.

    Args:
        section: ``Settings.sql``.
        kept: Whether somebody waits for the answer as a whole, not for its first rows.
    """
    return {
        "seconds": section.kept_seconds if kept else section.page_seconds,
        "memory": section.memory,
        "spill": section.spill,
        "hard_memory": 2 * section.memory_bytes,
    }
