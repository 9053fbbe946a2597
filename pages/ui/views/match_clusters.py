"""Clusters one by one: their rows, why each pair is the same, the row that will stand for them, a merge undone."""

from __future__ import annotations

from functools import partial

import streamlit as st

from automic_core import workbench
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import match_pair
from pages.ui.views.job_panel import LOOK_ONLY
from pages.ui.views.match_state import Desk, linked_pair, number

ORDERS = {"size": "Largest first", "doubt": "Least certain first"}
RULES = {
    "survivor": "its own values",
    "most_complete": "gaps filled from the others",
    "most_frequent": "what most rows hold",
    "newest": "values of the newest row",
}


def render(ws: Workspace, desk: Desk, found: workbench.MatchView) -> None:
    """Draw the list and the chosen cluster."""
    if not found.here.clusters:
        show.note("No two rows are the same at this threshold, so there is no cluster to look at. Lower it first.")
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        chosen = _list(ws, desk)
    with right:
        if chosen is not None:
            _cluster(ws, desk, chosen)


def _list(ws: Workspace, desk: Desk) -> int | None:
    """The clusters; the chosen one is in the URL."""
    order = st.segmented_control(
        "Order",
        list(ORDERS),
        default="doubt",
        required=True,
        format_func=ORDERS.__getitem__,
        key=f"match-order-{desk.table}",
        label_visibility="collapsed",
    )
    lines, total = calls.read(ws, workbench.match_clusters, desk.table, desk.data, desk.changes, str(order))
    data = workbench.Rows(
        {"rows": "Int64", "lowest": "String", "survivor": "String"},
        [{"rows": line.size, "lowest": workbench.percent(line.lowest), "survivor": line.name} for line in lines],
        total,
    )
    sample = "lowest: its least certain pair"
    picked = show.rows(data, key=f"match-list-{desk.table}-{order}", select="row", sample=sample, thing="cluster")
    if picked is not None and picked < len(lines):
        if number("cluster") != lines[picked].rid:
            st.query_params.pop("pair", None)
        st.query_params["cluster"] = str(lines[picked].rid)
        return int(lines[picked].rid)
    linked = linked_pair()
    return number("cluster") or (linked[0] if linked else int(lines[0].rid))


def _cluster(ws: Workspace, desk: Desk, rid: int) -> None:
    found = show.attempt(calls.read, ws, workbench.match_cluster, desk.table, desk.data, rid, desk.changes)
    if found is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{show.count(found.size, 'row')} are one**", width="stretch")
        _undo(ws, desk, found)
    columns = {"": "String", **{name: kind for name, kind in found.members.columns.items() if name != "_rid"}}
    lines = [{"": "merged" if place else "stays", **row} for place, row in enumerate(found.members.rows)]
    show.rows(workbench.Rows(columns, lines, found.size), key=f"match-members-{desk.table}-{rid}")
    why, golden = st.tabs(["Why they are the same", "Golden record"])
    with why:
        match_pair.render(ws, desk, found)
    with golden:
        _golden(ws, desk, found)


def _golden(ws: Workspace, desk: Desk, found: workbench.ClusterDetail) -> None:
    """The survivor as it would be, each value with its row; by which rule is set here."""
    now = str(desk.step.options.get("golden", "survivor"))
    rule = st.selectbox(
        "The row that stays gets",
        list(RULES),
        index=list(RULES).index(now),
        format_func=RULES.__getitem__,
        key=f"match-golden-{desk.table}-{now}",
        width=320,
    )
    if rule != now:
        desk.changes["golden"] = rule
        st.rerun()
    kinds = {"column": "String", "value": "String", "from": "String", "other values": "Int64"}
    lines = [
        {
            "column": each.column,
            "value": None if each.value is None else str(each.value),
            "from": "itself" if each.own else f"row {each.rid}",
            "other values": each.others,
        }
        for each in found.golden
    ]
    show.rows(
        workbench.Rows(kinds, lines, len(lines)),
        key=f"match-golden-rows-{desk.table}-{found.survivor}-{now}",
        thing="value",
    )


def _undo(ws: Workspace, desk: Desk, found: workbench.ClusterDetail) -> None:
    """Take one row out of the cluster, after a question that names it."""
    rids = [int(row["_rid"]) for row in found.members.rows]
    chosen = rids[-1]
    if len(rids) > 2:
        names = {rid: f"{'stays' if not place else 'merged'}: row {place + 1}" for place, rid in enumerate(rids)}
        key = f"match-undo-row-{desk.table}-{found.survivor}"
        chosen = st.selectbox(
            "Row to take out",
            rids,
            index=1,
            format_func=names.__getitem__,
            key=key,
            label_visibility="collapsed",
            width=170,
        )
    if st.button(
        "Undo this merge" if len(rids) == 2 else "Take it out",
        icon=":material/call_split:",
        key="match-undo",
        disabled=ws.read_only,
        help=LOOK_ONLY if ws.read_only else "The row stays a row of its own, now and at every later promotion.",
    ):
        place = rids.index(chosen) + 1
        sentence = (
            f"Row {place} of {show.count(found.size, 'row')} becomes a row of its own in {show.plain(desk.own)}, from "
            "the next promotion on. It can be taken back under Label pairs."
        )
        others = [rid for rid in rids if rid != chosen]
        show.confirm("Undo this merge", sentence, "Undo the merge", partial(_part, ws, desk, chosen, others))


def _part(ws: Workspace, desk: Desk, rid: int, others: list[int]) -> None:
    calls.change(ws, workbench.unmerge, desk.own, rid, others)
    st.query_params.pop("cluster", None)
    st.query_params.pop("pair", None)
    ws.message = f"Merge undone; promote {desk.own} to bring the row back"
