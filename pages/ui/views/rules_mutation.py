"""What the rules would notice: faults planted in a copy, a matrix of faults by rules, and rules for the rest."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, charts, show
from pages.ui.state import Workspace
from pages.ui.views import rules_draft
from pages.ui.views.rules_draft import Held

_MOST_MISSED = 6


def render(ws: Workspace, held: Held) -> None:
    """Draw the panel; the faults are planted when it is open."""
    panel = st.expander(
        "What the rules would notice",
        icon=":material/bug_report:",
        key=f"rules-mutation-{held.table}",
        on_change="rerun",
    )
    with panel:
        if not panel.open:
            return
        try:
            found = calls.read(ws, workbench.mutation_test, held.table, held.data)
        except AutomicError as exc:
            show.note(f"{show.plain(exc.message)} Faults are planted once every step and rule can run.")
            return
        if not found.faults:
            show.note("There is no row to plant a fault in.")
            return
        _score(found)
        if found.rules:
            _matrix(held, found)
        _remedies(ws, held, found)
        _missed(found)


def _score(found: workbench.MutationTest) -> None:
    kind = "good" if found.score >= 0.8 else "attention"
    with st.container(horizontal=True, vertical_alignment="center", key="rules-mutation-score"):
        show.status(kind, f"{found.score:.0%} noticed")  # type: ignore[arg-type]
        better = f", with the rules proposed below {found.reachable:.0%}" if found.remedies else ""
        faults, rows = show.count(len(found.faults), "fault"), show.count(found.rows, "row")
        st.markdown(
            f"Of {faults} planted in a copy of {rows} the rules notice **{found.score:.0%}**{better}.", width="stretch"
        )


def _matrix(held: Held, found: workbench.MutationTest) -> None:
    """Kinds of fault by rules; the last column is what any rule notices."""
    lines = found.matrix()
    rules = [*found.rules, ""]
    shares = [[*(line.caught[rule] for rule in found.rules), line.share] for line in lines]
    names = [*(charts.safe(_short(rule)) for rule in found.rules), "<b>any rule</b>"]
    colours = charts.colours()
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(range(len(rules))),
            y=[line.label for line in lines],
            text=[[f"{share:.0%}" if share else "·" for share in row] for row in shares],
            texttemplate="%{text}",
            customdata=[[charts.safe(rule or "any rule") for rule in rules] for _ in lines],
            hovertemplate="%{y}: %{customdata} notices %{z:.0%} of the rows<extra></extra>",
            textfont={"color": charts.template().layout.font.color},
            colorscale=[[0, "rgba(128,128,128,0.08)"], [1, colours["accent"]]],
            opacity=0.6,  # the figures stay legible on the fullest cell
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_xaxes(tickvals=list(range(len(rules))), ticktext=names, side="top", tickangle=-30)
    figure.update_xaxes(showgrid=False, zeroline=False, ticks="")
    figure.update_yaxes(autorange="reversed", showgrid=False, zeroline=False, ticks="")
    figure.update_layout(margin={"l": 4, "r": 44, "t": 8, "b": 4})  # the last name leans over the edge
    told = "; ".join(f"{line.label} {line.share:.0%}" for line in lines)
    charts.plot(figure, key=f"rules-mutation-matrix-{held.table}", height=90 + 30 * len(lines), alt=f"Noticed: {told}")


def _short(rule: str) -> str:
    return rule if len(rule) <= 16 else f"{rule[:15]}…"


def _remedies(ws: Workspace, held: Held, found: workbench.MutationTest) -> None:
    off = ws.read_only or held.stale
    if len(found.remedies) > 1:
        st.button(
            f"Accept all {len(found.remedies)}",
            key="rules-remedy-all",
            icon=":material/done_all:",
            disabled=off,
            on_click=_accept,
            args=(ws, held, found.remedies),
        )
    for number, each in enumerate(found.remedies):
        text, chip, button = st.columns([5, 2.1, 1.1], vertical_alignment="center")
        proposal = each.proposal
        text.markdown(f"**{show.plain(proposal.title)}**  \n:gray[{show.plain(proposal.why)}]")
        with chip:
            key = f"rules-remedy-evidence-{number}"
            show.evidence(proposal.agree, proposal.of, proposal.examples, key=key, label="agree")
        button.button("Accept", key=f"rules-remedy-{number}", disabled=off, on_click=_accept, args=(ws, held, [each]))


def _accept(ws: Workspace, held: Held, remedies: list[workbench.Remedy]) -> None:
    rules_draft.edit(ws, held, workbench.accept_remedies(held.data, remedies))


def _missed(found: workbench.MutationTest) -> None:
    """Faults for which there is no rule that holds on the data."""
    known = {(each.fault, each.columns) for remedy in found.remedies for each in remedy.catches}
    labels = {line.fault: line.label for line in found.matrix()}
    left = [each for each in found.missed if (each.fault, each.columns) not in known]
    if left:
        told = [f"{labels[each.fault]} in {' and '.join(each.columns) or 'a row'}" for each in left[:_MOST_MISSED]]
        more = f" and {len(left) - _MOST_MISSED} more" if len(left) > _MOST_MISSED else ""
        show.note(f"No rule that holds on this data would notice: {show.plain('; '.join(told))}{more}.")
