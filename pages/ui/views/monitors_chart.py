"""One series of a table through its states: values, what was expected, and the band."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from automic_core.workbench import alerts
from pages.ui import calls, show, state
from pages.ui.series import Mark, series
from pages.ui.state import Workspace

SHOWN, TICKS, FINE = 60, 4, 0.05
NONE = "not yet"
PICKER = "monitors-series"


def render(ws: Workspace, table: str, chosen: workbench.Alert | None, version: str) -> None:
    """The chart of the alert that is looked at, or of the series in the URL, with a picker for the others."""
    asked, about = st.query_params.get("series", ""), st.query_params.get("about", "")
    named = chosen.table if chosen is not None else about or table
    if not named:
        return
    found = show.attempt(calls.read, ws, workbench.monitored, named, as_of=version)
    if not found:
        return
    known = {each.key: each for each in found}
    wanted = asked if asked in known else chosen.keys[0] if chosen is not None and chosen.keys else next(iter(known))
    with st.container(border=True, key="monitors-chart"):
        line = known[_pick(named, list(known), wanted, {key: each.title for key, each in known.items()})]
        _chart(line)
        _words(line)


def _pick(table: str, keys: list[str], wanted: str, titles: dict[str, str]) -> str:
    widget = f"{PICKER}-{table}"
    if wanted != state.value(f"{widget}-link") or not state.drawn(widget):
        state.put(widget, wanted)
    st.markdown(show.code(table))
    found = st.selectbox("Series", keys, key=widget, format_func=titles.__getitem__, label_visibility="collapsed")
    if found != wanted:
        st.query_params["series"], st.query_params["about"] = found, table
    state.put(f"{widget}-link", found)
    return str(found)


def _chart(line: alerts.Series) -> None:
    places = list(range(len(line.points)))[-SHOWN:]
    judged = [place for place in places if line.expectations[place].judged]
    named = _ticks(line, places)
    low, high = _range(line, places, judged)
    share = "{:.0%}" if high - low > FINE else "{:.1%}"
    series(
        [_mark(line, place, named.get(place, "")) for place in places],
        key="monitors-figure",
        height=260,
        alt=f"{line.title} of {line.table}, with its band",
        tone="neutral",
        span=(low, high),
        spell=share.format if line.unit == "share" else "{:,.6g}".format,
    )


def _mark(line: alerts.Series, place: int, name: str) -> Mark:
    found = line.expectations[place]
    return Mark(
        name,
        line.points[place].value,
        _hover(line, place),
        tone="bad" if found.outside else "neutral",
        size=10 if found.outside else 7,
        diamond=found.outside,
        band=(found.low, found.expected, found.high) if found.judged else None,
    )


def _ticks(line: alerts.Series, places: Sequence[int]) -> dict[int, str]:
    """A few places, each with how long ago it was; what would be told twice is told at the first."""
    step = max(1, -(-len(places) // TICKS))
    found: dict[str, int] = {}
    for place in places[::-step]:
        found[show.when(line.points[place].at)] = place
    return {place: told for told, place in found.items()}


def _range(line: alerts.Series, places: Sequence[int], judged: Sequence[int]) -> tuple[float, float]:
    """From the lowest to the highest value and the bands of the newest states; a wide early band squashes nothing."""
    values = [line.points[p].value for p in places]
    bands = [
        end
        for p in judged[-max(3, len(judged) // 2) :]
        for end in (line.expectations[p].low, line.expectations[p].high)
    ]
    low, high = min([*values, *bands]), max([*values, *bands])
    room = 0.06 * (high - low) or abs(high) * 0.1 or 0.05
    return max(low - room, -0.02 * high) if low >= 0 else low - room, high + room


def _hover(line: alerts.Series, place: int) -> list[str]:
    point, expectation = line.points[place], line.expectations[place]
    told = [alerts.words(line, point.value), show.exact(point.at)]
    told += [f"expected {alerts.between(line, expectation)}"] if expectation.judged else ["too early to judge"]
    return [*told, point.detail] if point.detail else told


def _words(line: alerts.Series) -> None:
    point, expectation = line.points[-1], line.expectations[-1]
    told = {"Newest": alerts.words(line, point.value)}
    told["Expected"] = alerts.words(line, expectation.expected) if expectation.judged else NONE
    told["Band"] = alerts.between(line, expectation) if expectation.judged else NONE
    for column, (name, value) in zip(st.columns([2, 2, 3]), told.items(), strict=True):
        with column.container(gap=None):
            st.caption(name)
            st.markdown(f"**{show.plain(value)}**")
    show.note(show.plain(alerts.basis(line, expectation)))
