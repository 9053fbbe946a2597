"""The step list: types first, then steps, then rules; add, undo, redo."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from automic_core import workbench
from pages.ui import show
from pages.ui.state import Workspace, drawn, put
from pages.ui.views import rules_draft, rules_editor
from pages.ui.views.rules_draft import ANCHOR, CAST, Drafts, Held
from pages.ui.views.rules_preview import Shown

ADD, FAMILY = "rules-add", "rules-family"
FAMILIES = ("Trust", "Columns", "Rows", "Tables", "Rules")
_ICONS = {
    "Trust": ":material/verified:",
    "Columns": ":material/view_column:",
    "Rows": ":material/table_rows:",
    "Tables": ":material/join:",
    "Rules": ":material/gavel:",
}


def toolbar(ws: Workspace, held: Held) -> None:
    """Undo and redo, named by what they would do, and the menu of what can be added."""
    view, off = held.view, ws.read_only or held.stale
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key="rules-toolbar"):
        with st.popover("Add", icon=":material/add:", disabled=off, key=ADD, on_change="rerun"):
            _menu(ws, held)
        st.button(
            "",
            icon=":material/undo:",
            key=ANCHOR,
            help=show.plain(f"Undo: {view.undo_label}") if view.can_undo else "Nothing to undo",
            disabled=off or not view.can_undo,
            on_click=rules_draft.undo,
            args=(ws, held),
            shortcut="Alt+Z",
        )
        st.button(
            "",
            icon=":material/redo:",
            key="rules-redo",
            help=show.plain(f"Redo: {view.redo_label}") if view.can_redo else "Nothing to redo",
            disabled=off or not view.can_redo,
            on_click=rules_draft.redo,
            args=(ws, held),
            shortcut="Alt+Y",
        )
    if view.updated_at is not None:
        last = f"{view.undo_label} · " if view.undo_label else ""
        st.caption(show.plain(f"{last}{view.actor}, {show.when(view.updated_at)}"))


def _menu(ws: Workspace, held: Held) -> None:
    """Every kind by family, with what it does."""
    known = [("step", each) for each in workbench.kinds("step")] + [("rule", each) for each in workbench.kinds("rule")]
    drafts = ws.screen(Drafts)
    if not drawn(FAMILY):  # the menu was closed, or the page left: it opens where it was
        put(FAMILY, drafts.family or FAMILIES[0])
    family = st.segmented_control("Family", FAMILIES, key=FAMILY, label_visibility="collapsed", required=True)
    drafts.family = family or FAMILIES[0]
    for group, kind in known:
        if kind.family != drafts.family:
            continue
        sentence = kind.description.partition(". ")[0].partition("\n")[0].rstrip(".")
        st.button(
            f"**{show.plain(kind.label)}** — {show.plain(sentence)}",
            key=f"rules-add-{group}-{kind.kind}",
            help=kind.missing or kind.description,
            disabled=bool(kind.missing),
            width="stretch",
            type="tertiary",
            on_click=_add,
            args=(ws, held, group, kind.kind),
        )


def _add(ws: Workspace, held: Held, group: str, kind: str) -> None:
    put(ADD, False)  # the menu closes, so that what was added is in view
    rules_draft.edit(ws, held, workbench.add_entry(held.data, group, kind))


def render(
    ws: Workspace, held: Held, shown: Shown, problems: Sequence[workbench.Problem], columns: dict[str, dict[str, str]]
) -> None:
    """The list; a click opens an entry, with its settings under it."""
    broken = {each.entry for each in problems}
    effects = shown.preview.effects if shown.preview is not None else {}
    with st.container(key="rules-list"):
        st.caption("Types")
        named = len(held.data["schema"])
        title = _title("Schema", f"{named} accepted" if named else "as inferred", effects.get(CAST, ""))
        _line(held, CAST, title, CAST in broken, ":material/view_column:")
        _opened(ws, held, CAST, problems, columns)
        for group, heading in (("step", "Steps, in order"), ("rule", "Rules, after all steps")):
            entries = [each for each in held.entries if each.group == group]
            if entries:
                st.caption(heading)
            for each in entries:
                icon = _ICONS["Rules"] if group == "rule" else ":material/arrow_right:"
                title = _title(each.label, each.detail, effects.get(each.id, "") if each.id not in broken else "")
                if each.enabled:
                    _line(held, each.id, title, each.id in broken, icon)
                else:
                    _line(held, each.id, f"~~{title}~~ off", False, ":material/visibility_off:")
                _opened(ws, held, each.id, problems, columns)


def _title(label: str, detail: str, effect: str) -> str:
    colour = "red" if effect.startswith("\N{MINUS SIGN}") else "gray"
    parts = [f"**{show.plain(label)}**", f":{colour}[**{effect}**]" if effect else ""]
    parts += [f":gray[{show.plain(detail)}]"] if detail else []
    return "  ".join(part for part in parts if part)


def _line(held: Held, entry: str, text: str, broken: bool, icon: str) -> None:
    st.button(
        text,
        key=f"rules-entry-{entry}",
        icon=":material/error:" if broken else icon,
        type="secondary" if held.entry == entry else "tertiary",
        width="stretch",
        help=f"{show.code(entry)} cannot run" if broken else None,
        on_click=rules_draft.select,
        args=(held, entry),
    )


def _opened(
    ws: Workspace,
    held: Held,
    entry: str,
    problems: Sequence[workbench.Problem],
    columns: dict[str, dict[str, str]],
) -> None:
    if held.entry == entry:
        with st.container(border=True, key="rules-open"):
            rules_editor.render(ws, held, problems, columns)
