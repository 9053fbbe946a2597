"""A person at the workbench: opens pages, reads, clicks, types, and waits until the page stands still."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
STILL = "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
NOTHING_STALE = "!document.querySelector('[data-stale=true]')"
BEGUN = """() => new Promise(done => {
  const app = document.querySelector('[data-testid=stApp]')
  if (!app || app.dataset.testScriptState !== 'notRunning') return done()
  new MutationObserver(() => done()).observe(app, {attributes: true, attributeFilter: ['data-test-script-state']})
  setTimeout(done, 200)
})"""
"""What an action sets off begins within a fifth of a second, or not at all."""
WAIT_MS, LOOK_MS = 45_000, 50
GRID_HEAD, GRID_ROW = 34, 32


class Person:
    """One visitor with a browser of their own."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._watch)

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.url, self.url.replace("http", "ws"), "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, name: str = "", **query: str) -> None:
        """Open a page by its deep link."""
        self.page.goto(f"{self.url}/{name}{'?' + urlencode(query) if query else ''}")
        self.page.wait_for_selector(f"{STILL} [data-testid=stMainBlockContainer] [data-testid=stMarkdown]")
        self.settle()

    def settle(self) -> None:
        """Wait until the script has run and nothing is drawn any more."""
        self.page.evaluate(BEGUN)
        self._until(NOTHING_STALE, STILL)
        self.page.wait_for_timeout(80)
        self._until(NOTHING_STALE, STILL)

    def _until(self, condition: str, selector: str = "", **about: Any) -> None:
        if selector:
            self.page.wait_for_selector(selector, state="attached")
        self.page.wait_for_function(condition, polling=LOOK_MS, **about)

    def still(self) -> None:
        """Wait until the script that an action began has run; the least that can be waited for."""
        self.page.wait_for_timeout(30)  # the action must reach the server before "not running" means anything
        self._until(NOTHING_STALE, STILL)

    def text(self) -> str:
        """What stands on the page."""
        return str(self.page.locator("[data-testid=stMainBlockContainer]").inner_text())

    def see(self, *words: str) -> None:
        """Wait until each of these words stands on the page."""
        for each in words:
            self._until(
                "word => document.querySelector('[data-testid=stMainBlockContainer]').innerText.includes(word)"
                " || [...document.querySelectorAll('[role=dialog]')].some(box => box.innerText.includes(word))",
                arg=each,
            )

    def click(self, label: str, *, nth: int = 0) -> None:
        """Press the button with this label; its icon does not count."""
        name = re.compile(rf"(^|\s){re.escape(label)}$")
        self.page.get_by_role("button", name=name).nth(nth).click()
        self.settle()

    def tap(self, key: str) -> None:
        """Press the button that the page calls so."""
        self.page.locator(f".st-key-{key} button").first.click()
        self.settle()

    def ask(self, question: str) -> None:
        """Ask a question in the field at the bottom."""
        field = self.page.locator("[data-testid=stChatInputTextArea]")
        field.fill(question)
        field.press("Enter")
        self.page.wait_for_function(
            "said => [...document.querySelectorAll('[data-testid=stChatMessage]')]"
            ".some(each => each.innerText.includes(said))",
            arg=question,
        )
        self.settle()

    def cell(self, key: str, row: int, left: int) -> None:
        """Click into a grid ("" = the first one): a row from 0, and so many pixels from its left edge."""
        grid = self.page.locator(f"{f'.st-key-{key} ' if key else ''}[data-testid=stDataFrame]").first
        grid.scroll_into_view_if_needed()
        box = grid.bounding_box()
        x, y = box["x"] + left, box["y"] + GRID_HEAD + GRID_ROW * (row + 0.5)
        self.page.mouse.move(x, y)  # the grid takes a click only where it has seen the mouse
        self.page.mouse.click(x, y)
        self.settle()

    def choose(self, label: str, option: str) -> None:
        """Choose an option of a select box."""
        box = self.page.get_by_role("combobox", name=re.compile(re.escape(label)))
        box.first.click()
        box.first.fill(option)
        self.page.get_by_role("option", name=option, exact=True).first.click()
        self.settle()

    def fill(self, label: str, text: str) -> None:
        """Type into the field with this label, and leave it."""
        field = self.page.get_by_label(label, exact=True).first
        field.fill(text)
        field.press("Tab")
        self.settle()

    def value(self, label: str) -> str:
        """What the field with this label holds; a field is drawn empty a moment before it gets its value."""
        field = self.page.get_by_label(label, exact=True).first
        deadline = time.monotonic() + WAIT_MS / 1000
        while not (found := field.input_value()) and time.monotonic() < deadline:
            self.page.wait_for_timeout(20)
        return str(found)

    def upload(self, file: Path) -> None:
        """Drop a file on the upload field."""
        self.page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(str(file))
        self.settle()

    def hand_over(self, name: str, content: bytes) -> None:
        """Drop bytes on the upload field under any name."""
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        self.page.locator("[data-testid=stFileUploaderDropzoneInput]").first.set_input_files(file)
        self.settle()

    def tab(self) -> Person:
        """Another tab of the same browser."""
        return Person(self.page.context.new_page(), self.url)

    def go(self, name: str) -> None:
        """Open a page by the sidebar."""
        self.page.locator("[data-testid=stSidebarNav]").get_by_role("link", name=name, exact=True).click()
        self.page.wait_for_timeout(300)
        self.settle()

    def shoot(self, file: Path) -> None:
        """A picture of what is seen."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.mouse.move(0, 0)  # no toolbar of a grid stands in the picture
        self.page.wait_for_timeout(500)
        self.page.screenshot(path=str(file))


@contextmanager
def serving(lake: Path, *arguments: str, log: Path, script: Path | None = None, port: int = 0) -> Iterator[str]:
    """The workbench on a lake, or another Streamlit script; gives its URL, and ends it by its own process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("automic")), "serve", "--lake", str(lake), "--port", str(port)]
    command += ["--no-open", *arguments]
    if script is not None:
        flags = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
        command = [sys.executable, "-m", "streamlit", "run", str(script), *flags, "--browser.gatherUsageStats=false"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTOMIC_")}
    with log.open("w", encoding="utf-8") as out:
        server = subprocess.Popen(command, stdout=out, stderr=out, env=kept, cwd=lake.parent)
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _await(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            assert server.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.1)
    raise AssertionError(f"The server does not answer:\n{log.read_text(encoding='utf-8')}")
