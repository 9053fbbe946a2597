"""One pair: a waterfall from "any two rows" to the verdict, field by field, and the same in words."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from automic_core import workbench
from pages.ui import calls, charts, show
from pages.ui.state import Workspace
from pages.ui.views.match_state import Desk, linked_pair

MOST_FIELDS = 10


def render(ws: Workspace, desk: Desk, cluster: workbench.ClusterDetail) -> None:
    """Choose a pair of the cluster and explain it; the chosen one is in the URL."""
    pairs = [(one, other) for one, other, _ in cluster.pairs]
    if not pairs:
        show.note("These rows are together because a person said so.")
        return
    rids = [int(row["_rid"]) for row in cluster.members.rows]
    chosen = pairs[0]
    if len(pairs) > 1:
        labels = {
            (one, other): f"row {_place(rids, one)} and row {_place(rids, other)}: {workbench.percent(probability)}"
            for one, other, probability in cluster.pairs
        }
        linked = linked_pair()
        start = next((n for n, pair in enumerate(pairs) if linked and set(pair) == set(linked)), 0)
        key = f"match-pair-{desk.table}-{cluster.survivor}"
        chosen = st.selectbox("Pair", pairs, index=start, format_func=labels.__getitem__, key=key, width=320)
        st.query_params["pair"] = f"{chosen[0]}-{chosen[1]}"
    found = show.attempt(
        calls.read, ws, workbench.match_pair, desk.table, desk.data, chosen[0], chosen[1], desk.changes
    )
    if found is not None:
        st.markdown(show.plain(found.sentence))
        charts.plot(
            _waterfall(found),
            key=f"match-waterfall-{chosen[0]}-{chosen[1]}",
            height=62 + 20 * (min(len(found.fields), MOST_FIELDS + 1) + 2),
            alt=found.sentence,
        )
        show.note("Log-odds of being the same: what goes right speaks for it, and each 1 makes it 2.7 times as likely.")


def _place(rids: list[int], rid: int) -> str:
    return str(rids.index(rid) + 1) if rid in rids else str(rid)


def _waterfall(found: workbench.PairView) -> go.Figure:
    """The strongest fields first; what little the others add is one bar."""
    colours = charts.colours()
    fields = sorted((each for each in found.fields if each["level"] != "missing"), key=lambda each: -abs(each["adds"]))
    missing = [each for each in found.fields if each["level"] == "missing"]
    shown, rest = fields[:MOST_FIELDS], [*fields[MOST_FIELDS:], *missing]
    steps = [("any two rows", found.start, "where every pair starts")]
    steps += [(each["field"], each["adds"], _told(each)) for each in shown]
    if rest:
        names = ", ".join(each["field"] for each in rest)
        steps.append((f"{len(rest)} more", sum(each["adds"] for each in rest), f"missing or of little weight: {names}"))
    figure = go.Figure(
        go.Waterfall(
            orientation="h",
            measure=["absolute", *["relative"] * (len(steps) - 1), "total"],
            y=[charts.safe(_short(name)) for name, _, _ in steps] + ["together"],
            x=[value for _, value, _ in steps] + [found.odds],
            customdata=[charts.safe(told) for _, _, told in steps] + [workbench.percent(found.probability)],
            text=[f"{value:+.1f}" for _, value, _ in steps] + [workbench.percent(found.probability)],
            textposition=["inside", *["outside"] * len(steps)],
            hovertemplate="%{y}: %{customdata}<extra></extra>",
            increasing={"marker": {"color": colours["good"]}},
            decreasing={"marker": {"color": colours["bad"]}},
            totals={"marker": {"color": colours["neutral"]}},
            connector={"line": {"color": colours["neutral"], "width": 1}},
            cliponaxis=False,
            constraintext="none",
            insidetextfont={"color": "#14191C" if charts.theme() == "dark" else "#FFFFFF"},
        )
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(zeroline=True)
    figure.update_layout(margin={"l": 4, "r": 52, "t": 6, "b": 4}, showlegend=False)
    return figure


def _told(field: dict[str, object]) -> str:
    left, right = (str(field[side])[:40] if field[side] is not None else "missing" for side in ("left", "right"))
    return f"{field['level']}: {left}" + ("" if left == right else f" | {right}")


def _short(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}…"
