"""Columns named by people: checked against the frame before anything runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from automic_core import frames
from automic_core.errors import TransformError


def require(wanted: Iterable[str], schema: Mapping[str, Any], what: str) -> list[str]:
    """The wanted columns as a list, all of them in ``schema``.

    Args:
        wanted: Column names.
        schema: What there is.
        what: Who asks, as the start of the message ("Rule r1").

    Raises:
        TransformError: A column is not there; names the nearest one that is.
    """
    names = list(wanted)
    for name in names:
        if name not in schema:
            near = difflib.get_close_matches(name, list(schema), 1)
            known = ", ".join(data_names(schema)[:20])
            raise TransformError(
                f"{what}: there is no column {name!r}.", f"Did you mean {near[0]!r}?" if near else f"Columns: {known}."
            )
    return names


def data_names(schema: Mapping[str, Any]) -> list[str]:
    """Names of the data columns, in order."""
    return [name for name in schema if not frames.is_hidden(name)]
