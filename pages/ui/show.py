"""What every page shows in the same way: its head, errors, tables, badges, empty states, dialogs."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from automic_core import workbench
from automic_core.errors import AutomicError
from pages.ui import calls, grid, state
from pages.ui.evidence import evidence
from pages.ui.ledger import ledger
from pages.ui.state import Workspace, workspace
from pages.ui.words import code, count, duration, exact, on_badge, plain, size, when

__all__ = [
    "attempt",
    "code",
    "confirm",
    "count",
    "duration",
    "error",
    "evidence",
    "exact",
    "go",
    "guarded",
    "layer",
    "ledger",
    "next_step",
    "note",
    "nothing",
    "on_badge",
    "opening",
    "plain",
    "rows",
    "size",
    "status",
    "table_picker",
    "unexpected",
    "when",
]

P = ParamSpec("P")
T = TypeVar("T")
Kind = Literal["good", "attention", "bad", "neutral"]

_LAYERS: dict[str, tuple[Any, str]] = {
    "bronze": ("orange", ":material/inventory_2:"),
    "silver": ("blue", ":material/verified:"),
    "gold": ("yellow", ":material/star:"),
    "quarantine": ("red", ":material/healing:"),
    "meta": ("gray", ":material/database:"),
}
_STATUS: dict[str, tuple[Any, str]] = {
    "good": ("green", ":material/check_circle:"),
    "attention": ("violet", ":material/error:"),
    "bad": ("red", ":material/cancel:"),
    "neutral": ("gray", ":material/remove:"),
}
_PICTURES = {"table": ":material/table:", "flow": ":material/account_tree:", "check": ":material/task_alt:"}


def attempt(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """The call's result; an error is shown in the core's words, and gives None."""
    try:
        return call(*args, **kwargs)
    except AutomicError as exc:
        error(exc)
        return None


def guarded(call: Callable[P, None]) -> Callable[P, None]:
    """The same call, behind the boundary that turns errors into words; fragments need one of their own.

    Streamlit shows an exception that leaves a fragment before anybody else can.
    """

    @functools.wraps(call)
    def within(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            call(*args, **kwargs)
        except AutomicError as exc:
            error(exc)
        except Exception as exc:
            unexpected(exc)

    return within


def error(exc: AutomicError) -> None:
    """What failed and what to do, as the core says it; text only, whatever the data holds."""
    with st.container(border=True):  # without a key: the same may be told twice on a page
        st.badge("That did not work", icon=":material/cancel:", color="red")
        st.text(exc.message)
        if exc.hint:
            st.text(exc.hint)


def unexpected(exc: Exception) -> None:
    """An error nobody foresaw: calm words here, the details in the server's log."""
    logging.getLogger("automic").exception("A page failed", exc_info=exc)
    with st.container(border=True):
        st.badge("Something went wrong that should not", icon=":material/cancel:", color="red")
        st.text(f"{type(exc).__name__}. Nothing was changed; the details are in the log of the server.")
        st.text("Reload the page. If it happens again, report it with the lines of the log.")


def opening(title: str, sentence: str) -> DeltaGenerator:
    """The head of a page: a small title, one sentence on where things stand, and a place for its one primary action."""
    left, right = st.container(key="opening").columns([4, 1.4])
    with left.container(gap=None):
        st.caption(title)
        st.markdown(f"### {sentence}")
    return right.container(horizontal=True, horizontal_alignment="right")


def note(text: str) -> None:
    """A quiet remark."""
    st.caption(text)


def remarks(warnings: Sequence[str], notes: Sequence[str]) -> None:
    """What a run warned of, loudly, and what it noted."""
    with st.container(gap="xsmall"):
        for warning in warnings:
            st.badge(on_badge(warning), icon=":material/error:", color="violet")
        for each in notes:
            note(plain(each))


def nothing(
    sentence: str,
    picture: str = "table",
    action: tuple[str, str] | None = ("Connect a source", "connect"),
    *,
    demo: bool = True,
) -> None:
    """An empty state: what will be here, one thing to do about it, and the demo."""
    with st.container(border=True, horizontal_alignment="center", gap="small", key=f"nothing-{picture}"):
        st.markdown(f"# {_PICTURES[picture]}", width="content")
        st.markdown(sentence, width="content")
        with st.container(horizontal=True, horizontal_alignment="center"):
            if action is not None and st.button(action[0], type="primary", key="nothing-action"):
                go(action[1])
            ws = workspace()
            if demo and st.button("Load demo", key="load-demo", disabled=ws.read_only, icon=":material/science:"):
                job = attempt(calls.change, ws, workbench.submit, "demo", None, {}, "Load demo")
                if job is not None:
                    go("home", job=job.id)


def rows(
    data: workbench.Rows,
    *,
    key: str,
    total: int | None = None,
    select: Literal["row", "cell", "rows"] | None = None,
    height: int | None = None,
    sample: str = "",
    thing: str = "row",
) -> Any:
    """A grid of rows that says how many of how many it shows; ``thing`` is what one of them is.

    Returns:
        What is selected: a row's index, (index, column), a list of indices; None if nothing is.
    """
    chosen = grid.draw(data, key=key, select=select, height=height)
    there = total if total is not None else data.total
    shown = len(data.rows)
    text = (
        f"showing {shown:,} of {count(there, thing)}"
        if there not in (None, shown)
        else f"showing {count(shown, thing)}"
    )
    st.caption(f"{text} · {sample}" if sample else text)
    return chosen


def layer(name: str) -> None:
    """A layer's badge, in its colour, with its icon and name."""
    colour, icon = _LAYERS.get(name, _LAYERS["meta"])
    st.badge(on_badge(name), icon=icon, color=colour)


def status(kind: Kind, text: str) -> None:
    """A status badge: the colour is never alone."""
    colour, icon = _STATUS[kind]
    st.badge(on_badge(text), icon=icon, color=colour)


def table_picker(
    ws: Workspace,
    layers: Sequence[str] = ("bronze",),
    *,
    key: str = "table",
    label: str = "Table",
    short: bool = False,
) -> str | None:
    """Choose a table of these layers; the choice is in the URL, and goes along to other pages.

    Args:
        ws: The visitor's session.
        layers: Whose tables can be chosen.
        key: Of the widget.
        label: Of the widget, for who cannot see it.
        short: Call tables by their own names, for a page that is about more than one layer.

    Returns:
        The full name; None if there is no table.
    """
    known = calls.read(ws, workbench.table_names)
    names = [name for name in known if name.partition(".")[0] in layers]
    if not names:
        return None
    link = st.query_params.get("table", "")
    wanted = link or ws.table
    own = wanted.rpartition(".")[2]
    start = next((i for i, n in enumerate(names) if n == wanted), None)
    if start is None:
        start = next((i for i, n in enumerate(names) if own and n.partition(".")[2] == own), 0)
    widget = f"{key}-{'-'.join(layers)}"
    linked = state.value(f"{widget}-link")  # a link to this page wins over what was chosen here before
    if link != linked or not state.drawn(widget):
        state.put(widget, names[start])
    named = (lambda name: name.partition(".")[2]) if short else str
    found = st.selectbox(label, names, key=widget, format_func=named, label_visibility="collapsed", width=280)
    ws.table = st.query_params["table"] = found
    state.put(f"{widget}-link", found)
    return found


def next_step(page: str, label: str) -> None:
    """Where to go from here, at the foot of a page."""
    st.space("small")
    table = st.query_params.get("table")
    query = {"table": table} if table else None
    st.page_link(f"pages/{page}.py", label=label, icon=":material/arrow_forward:", query_params=query)


def confirm(title: str, sentence: str, button: str, action: Callable[[], None]) -> None:
    """Ask before something destructive; the sentence names the table and the number of rows."""

    @st.dialog(title, icon=":material/warning:")
    def ask() -> None:
        st.markdown(sentence)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button("Keep as it is", key="confirm-no"):
                st.rerun()
            if st.button(button, key="confirm-yes", icon=":material/warning:"):
                try:
                    action()
                except AutomicError as exc:
                    error(exc)
                    return
                st.rerun()

    ask()


def go(page: str, **query: Any) -> None:
    """Open another page with a deep link's parameters."""
    st.switch_page(f"pages/{page}.py", query_params={name: str(value) for name, value in query.items()})
