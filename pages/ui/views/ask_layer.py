"""The words of the lake: the semantic layer as YAML, checked against the tables, each change with what it does."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, show
from pages.ui.state import Workspace
from pages.ui.views import ask_golden
from pages.ui.views.ask_state import Ask

_SIGNS = {"+": ":green-badge[new]", "-": ":red-badge[gone]", "~": ":violet-badge[changed]"}
_MEANS = (
    "What tables and columns are also called (synonyms), what is measured and how (measures), what sorts rows "
    "(dimensions), and how tables join. Questions are read by it."
)


def render(ws: Workspace, screen: Ask) -> None:
    """Draw the editor and what came of the last check."""
    kept = calls.fresh(ws, workbench.semantics_text)
    if screen.layer is None and not kept:
        _begin(ws, screen)
        return
    show.note(_MEANS)
    shown = kept if screen.layer is None else screen.layer
    left, right = st.columns([3, 2])
    with left:
        height = 21 * min(max(shown.count("\n") + 3, 16), 30)
        key = f"ask-layer-{hash(kept) & 0xFFFF}-{screen.layer is None}"
        text = st.text_area(
            "semantic.yaml", shown, height=height, key=key, disabled=ws.read_only, label_visibility="collapsed"
        )
        _buttons(ws, screen, kept, text)
    with right:
        if screen.checked is not None and screen.checked.text == text:
            _checked(screen.checked)
            _broken(screen)
        else:
            show.note("Check shows what each part gives on the rows as they are, and what a change does.")


def _begin(ws: Workspace, screen: Ask) -> None:
    with st.container(border=True, horizontal_alignment="center", key="ask-layer-none"):
        st.markdown("# :material/menu_book:", width="content")
        st.markdown("The lake has no semantic layer yet: questions are read by the names of tables and columns alone.")
        if st.button("Propose one from the data", type="primary", key="ask-layer-propose", disabled=ws.read_only):
            screen.layer = calls.fresh(ws, workbench.proposed_semantics)
            st.rerun()


def _buttons(ws: Workspace, screen: Ask, kept: str, text: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Check", key="ask-layer-check", icon=":material/task_alt:"):
            _check(ws, screen, text)
        checked = screen.checked
        good = checked is not None and checked.text == text and not checked.problems and text != kept
        if st.button("Save", type="primary", key="ask-layer-save", disabled=ws.read_only or not good):
            _save(ws, screen, text)
        if screen.layer is not None and st.button("Discard", key="ask-layer-discard", icon=":material/undo:"):
            screen.layer, screen.checked = None, None
            st.rerun()
        st.download_button(
            "Download",
            text or "{}\n",
            "semantic.yaml",
            "application/yaml",
            key="ask-layer-download",
            icon=":material/download:",
        )


def _check(ws: Workspace, screen: Ask, text: str) -> None:
    screen.layer = text
    try:
        screen.checked = calls.fresh(ws, workbench.check_semantics, text)
    except AutomicError as exc:
        screen.checked = None
        show.error(exc)
        return
    kept = calls.fresh(ws, workbench.golden_set)
    screen.outcomes = ask_golden.run(ws, kept, text) if kept and not screen.checked.problems else None
    st.rerun()


def _save(ws: Workspace, screen: Ask, text: str) -> None:
    try:
        calls.change(ws, workbench.save_semantics, text)
    except AutomicError as exc:
        show.error(exc)
        return
    screen.layer, screen.checked, screen.ideas = None, None, None
    calls.apart()
    ws.message = f"Questions to {Path(ws.lake).name} are read by the new words."
    st.rerun()


def _broken(screen: Ask) -> None:
    """What the golden set says of the text that was checked."""
    if screen.outcomes is None:
        return
    wrong = [each for each in screen.outcomes if each.state != "right"]
    if not wrong:
        show.status("good", f"golden set: all {len(screen.outcomes):,} as kept")
        return
    show.status("bad", f"golden set: {len(wrong):,} of {len(screen.outcomes):,} would change")
    ask_golden.regressions(wrong, "ask-layer-golden")


def _checked(view: workbench.SemanticView) -> None:
    if view.problems:
        show.status("bad", f"{show.count(len(view.problems), 'problem')}")
        for each in view.problems[:30]:
            st.markdown(f"**Line {each.line}** {show.plain(each.message)}")
            if each.hint:
                show.note(show.plain(each.hint))
        return
    show.status("good", f"{show.count(len(view.parts), 'part')}, all of them good")
    if view.changes:
        st.caption("What this changes")
        for change in view.changes[:40]:
            st.markdown(f"{_SIGNS[change.sign]} {show.plain(change.text)}")
        return
    for part in (each for each in view.parts if each.told):
        st.markdown(f"{show.code(part.name)} {show.plain(part.told)}")
