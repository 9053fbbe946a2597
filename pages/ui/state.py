"""What a visitor's session remembers; the only file that touches ``st.session_state``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from automic_core import workbench

_KEY = "workspace"
READ_ONLY = "AUTOMIC_READ_ONLY"

Screen = TypeVar("Screen")


@dataclass
class Workspace:
    """One visitor's session; nobody else sees it.

    Attributes:
        lake: Folder of the lake that is open.
        actor: Who is acting: the login, else the person who started the server.
        read_only: Whether this visitor may only look.
        message: Said once at the top of the next page: what was just done.
        table: The table looked at last, by its full name; a page that is opened without a link goes on with it.
    """

    lake: str
    actor: str
    read_only: bool = False
    message: str = ""
    table: str = ""
    screens: dict[type[Any], Any] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether the settings are not to be changed here: by who may only look, or where people log in."""
        return self.read_only or workbench.shared()

    def screen(self, kind: type[Screen]) -> Screen:
        """A screen's own state, made on first use and kept from page to page."""
        if kind not in self.screens:
            self.screens[kind] = kind()
        found: Screen = self.screens[kind]
        return found


def workspace() -> Workspace:
    """The session's workspace; made on first use."""
    _framed()
    if _KEY not in st.session_state:
        read_only = os.environ.get(READ_ONLY, "") not in ("", "0")
        st.session_state[_KEY] = Workspace(str(workbench.lake_path()), _actor(), read_only)
    found: Workspace = st.session_state[_KEY]
    return found


def _framed() -> None:
    """See that pages run inside app.py.

    Beside a folder called ``pages`` Streamlit runs a page by itself, without the frame, until the first call of
    ``st.navigation``: a deep link opened right after the server started would come before it.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def _actor() -> str:
    """The name the login gave, else that of the person who started the server."""
    if getattr(st.user, "is_logged_in", False):
        return str(st.user.get("email") or st.user.get("name") or st.user.get("sub") or "unknown")
    return workbench.login_name()


def forget(*keys: str) -> None:
    """Let widgets with these keys begin anew."""
    for key in keys:
        st.session_state.pop(key, None)


def put(key: str, value: Any) -> None:
    """Give the widget with this key a value before it is drawn."""
    st.session_state[key] = value


def clicked(key: str) -> int | None:
    """The row whose button was just clicked in the button column with this key; None if none was."""
    click = st.session_state.get(key)
    return None if click is None else int(click["row"])


def drawn(key: str) -> bool:
    """Whether the widget with this key was there when the page was drawn last; not so on coming from another page."""
    return key in st.session_state


def value(key: str) -> Any:
    """What the widget with this key holds now; None if it was not drawn yet."""
    return st.session_state.get(key)
