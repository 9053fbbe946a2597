"""What the tables page is about: table, state, filter and cell, all of them in the URL."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import streamlit as st

from pages.ui.words import whole

OF_TABLE = ("snapshot", "filter", "rid", "column")


@dataclass
class Screen:
    """What the page remembers besides the URL.

    Attributes:
        table: The table shown last.
        view: The view shown last.
        round: Counts up to let the grids begin anew, with nothing selected.
        any_size: The cell whose file may be read whatever its size.
    """

    table: str = ""
    view: str = ""
    round: int = 0
    any_size: tuple[str, int] = ("", 0)


def forget_table() -> None:
    """Drop what was about another table."""
    for name in OF_TABLE:
        st.query_params.pop(name, None)


def snapshot() -> int | None:
    """The state to look at; None = the present one."""
    return whole(st.query_params.get("snapshot", ""))


def cell() -> tuple[int, str] | None:
    """The cell to follow: ``_rid`` and column."""
    rid, column = whole(st.query_params.get("rid", "")), st.query_params.get("column", "")
    return (rid, column) if rid is not None and column else None


def follow(rid: int, column: str) -> None:
    """Put a cell into the URL."""
    st.query_params["rid"], st.query_params["column"] = str(rid), column


def close(screen: Screen) -> None:
    """Let go of the cell."""
    screen.round += 1
    for name in ("rid", "column"):
        st.query_params.pop(name, None)


def mark(*parts: object) -> str:
    """A short key for a widget that begins anew when one of these changes."""
    return f"{zlib.crc32(repr(parts).encode()):08x}"


def layers(names: list[str]) -> tuple[str, ...]:
    """The layers there are, as the picker of this page names them."""
    return tuple(dict.fromkeys(name.partition(".")[0] for name in names))
