"""The files of the page, from memory: the same as Streamlit's own answers, and nothing else."""

from __future__ import annotations

import asyncio
import functools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from streamlit import file_util
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_handler

import server

STATIC = Path(file_util.get_static_dir())
ORDINARY = create_streamlit_static_handler(directory=str(STATIC), base_url="")


def ask(app: Any, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One request to an ASGI application: status, headers, body."""
    told: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    about = {
        "asgi": {"spec_version": "2.4"},
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "http_version": "1.1",
        "scheme": "http",
    }
    asked = functools.partial(
        app, {"type": "http", "method": method, "path": path, "headers": lines, **about}, receive, send
    )
    with ThreadPoolExecutor(1) as other:  # a browser's tests may have left a loop in this thread
        other.submit(lambda: asyncio.run(asked())).result()
    start = told[0]
    body = b"".join(each.get("body", b"") for each in told[1:])
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, body


async def _elsewhere(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("suffix", server.SUFFIXES)
def test_a_file_is_answered_as_streamlit_answers_it(suffix: str) -> None:
    file = min((STATIC / "static").rglob(f"*{suffix}"))
    path = f"/{file.relative_to(STATIC).as_posix()}"
    app = server.Assets(_elsewhere)
    for _ in range(2):  # the second time from memory
        status, headers, body = ask(app, path)
        usual, meant, whole = ask(ORDINARY, path)
        assert (status, body) == (usual, whole)
        assert headers["cache-control"] == meant["cache-control"]
        assert (
            headers["content-type"].partition(";")[0].split("/")[1]
            == meant["content-type"].split("/")[1].partition(";")[0]
        )


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/index.html",
        "/rules",
        "/static/",
        "/static/js/none.js",
        "/static/../index.html",
        "/static/js/../../index.html",
    ],
)
def test_everything_else_is_left_to_streamlit(path: str) -> None:
    assert ask(server.Assets(_elsewhere), path)[0] == 418


def test_a_part_or_another_method_is_left_to_streamlit() -> None:
    file = min((STATIC / "static").rglob("*.js"))
    path = f"/{file.relative_to(STATIC).as_posix()}"
    assert ask(server.Assets(_elsewhere), path, range="bytes=0-9")[0] == 418
    assert ask(server.Assets(_elsewhere), path, method="POST")[0] == 418
