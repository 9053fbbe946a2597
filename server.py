"""The workbench's server: Streamlit around app.py, with the parts of its page held in memory.

A first visit asks for some ninety small files, and from disk each costs several turns of another thread. Run by
``automic serve``.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import file_util

PREFIX = "/static/"
SUFFIXES = (".js", ".css", ".woff2")
FOREVER = "public, immutable, max-age=31536000"  # as Streamlit says it: a changed file has another name


class Assets:
    """Answers for the files of Streamlit's own page from memory, and leaves everything else to Streamlit."""

    def __init__(self, app: ASGIApp, folder: Path | None = None) -> None:
        self._app = app
        self._folder = folder or Path(file_util.get_static_dir())
        self._kept: dict[str, Response] = {}
        self._known = {
            f"/{file.relative_to(self._folder).as_posix()}": file
            for file in (self._folder / PREFIX.strip("/")).rglob("*")
            if file.suffix in SUFFIXES
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "GET" or asked not in self._known or _part(scope):
            await self._app(scope, receive, send)
            return
        if asked not in self._kept:
            file = self._known[asked]
            kind = mimetypes.types_map.get(file.suffix, "font/woff2")
            self._kept[asked] = Response(file.read_bytes(), media_type=kind, headers={"Cache-Control": FOREVER})
        await self._kept[asked](scope, receive, send)


def _part(scope: Scope) -> bool:
    return any(name == b"range" for name, _ in scope["headers"])


app = st.App(Path(__file__).with_name("app.py"), middleware=[Middleware(Assets)])
