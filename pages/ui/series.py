"""A small chart of one series, light enough for the first paint of a page; larger ones are Plotly's (``charts``)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from pages.ui import charts

Kind = Literal["line", "steps", "bars", "across"]
LEVELS = 4
_HERE = Path(__file__).parent / "components"
_COMPONENT = st.components.v2.component(
    "automic.series",
    html="<div class='series'></div>",
    css=(_HERE / "series.css").read_text(encoding="utf-8"),
    js=(_HERE / "series.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Mark:
    """One point or bar.

    Attributes:
        label: Its name under the axis; for bars across, at their left.
        value: How high it stands.
        told: Lines of its hint.
        tone: What its colour means (``charts.colours``).
        text: What stands at its end.
        size: Pixels across.
        diamond: A diamond instead of a dot: what is outside.
        band: Low, expected, high.
    """

    label: str
    value: float
    told: Sequence[str]
    tone: str = "accent"
    text: str = ""
    size: int = 6
    diamond: bool = False
    band: tuple[float, float, float] | None = None


def series(
    marks: Sequence[Mark],
    *,
    key: str,
    height: int,
    alt: str,
    kind: Kind = "line",
    tone: str = "accent",
    pick: bool = False,
    span: tuple[float, float] | None = None,
    levels: Sequence[tuple[float, str]] | None = None,
    spell: Callable[[float], str] = "{:,.6g}".format,
    most_names: int = 8,
    room: int = 0,
) -> int | None:
    """Draw it.

    Args:
        marks: The points from left to right, or the bars from top to bottom.
        key: Of the component.
        height: Pixels.
        alt: The chart in words.
        kind: A line, a line of steps, bars upwards, or bars across.
        tone: What the colour of the line means.
        pick: Whether a point can be clicked.
        span: Lowest and highest value that fit; without it from zero to the highest.
        levels: Lines across with their names; without it about four round ones, none for an empty list.
        spell: Names a level.
        most_names: At most so many labels under the axis.
        room: Places along the axis if there are fewer points; the points stand at the right.

    Returns:
        The place of the point that was clicked just now, else None.
    """
    colours = charts.colours()
    low, high = span or (min(0.0, *(each.value for each in marks)), max(each.value for each in marks))
    if high <= low:
        high = low + 1
    if levels is None:
        levels = [(value, spell(value)) for value in round_levels(low, high)]
    named = [(at, each.label) for at, each in enumerate(marks) if each.label]
    step = max(1, -(-len(named) // most_names))
    data: dict[str, Any] = {
        "alt": alt,
        "height": height,
        "kind": kind,
        "pick": pick,
        "stroke": colours[tone],
        "shade": colours["accent"],
        "span": [low, high],
        "levels": [list(each) for each in levels],
        "places": [list(each) for each in named[::step]],
        "room": max(room, len(marks)),
        "points": [
            {
                "label": each.label,
                "value": each.value,
                "told": list(each.told),
                "colour": colours[each.tone],
                "text": each.text,
                "size": each.size,
                "mark": "diamond" if each.diamond else "dot",
                "band": each.band,
            }
            for each in marks
        ],
    }
    picked = getattr(_COMPONENT(key=key, data=data, on_picked_change=lambda: None), "picked", None)
    return int(picked) if pick and picked is not None else None


def round_levels(low: float, high: float, about: int = LEVELS) -> list[float]:
    """About so many round numbers from low to high: multiples of 1, 2, 2.5 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]
