"""Commands about the installation: doctor, serve."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

import automic_core
from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, app
from automic_core.errors import ConfigError, MissingDriverError

ADDRESS = "127.0.0.1"


@app.command()
def doctor(lake: Lake = None, as_json: Json = False) -> None:
    """Check versions, drivers, the lake, its catalog and its state; fails if something is wrong."""
    found = workbench.doctor(lake)
    if as_json:
        output.emit(found)
    else:
        rows = [
            {"": each.area, "what": each.name, "state": each.state, "found": each.detail, "do": each.hint}
            for each in found
        ]
        output.table(rows, wrap=["found", "do"])
    if any(each.state == "error" for each in found):
        raise typer.Exit(1)


@app.command()
def serve(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on this machine.")] = 8501,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Serve the workbench to the browser of this machine."""
    root = workbench.lake_path(lake)
    if not workbench.is_lake(root):
        raise ConfigError(f"There is no lake at {root}.", "automic init, or give --lake.")
    if find_spec("streamlit") is None:
        raise MissingDriverError("streamlit", "all")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as exc:
            raise ConfigError(f"Port {port} cannot be used: {exc.strerror}.", "Choose another --port.") from exc
    url = f"http://{ADDRESS}:{port}"
    output.emit({"url": url, "lake": root}) if as_json else output.say(f"Serving {root} at {url} (Ctrl-C ends it)")
    sys.stdout.flush()
    page = app_file()
    options = {
        "server.address": ADDRESS,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "runner.magicEnabled": "false",
    }
    flags = [f"--{key}={value}" for key, value in options.items()]
    environment = {**os.environ, workbench.VARIABLE: str(root)}
    # The server takes this process over, so that a signal reaches it and nothing is left behind.
    os.execve(sys.executable, [sys.executable, "-m", "streamlit", "run", str(page), *flags], environment)  # noqa: S606


def app_file() -> Path:
    """The workbench's entry page: in the checkout, else inside the installed package.

    Raises:
        ConfigError: It is in neither.
    """
    package = Path(automic_core.__file__).parent
    for place in (package / "_app" / "app.py", package.parent / "app.py"):
        if place.is_file() and (place.parent / "pages" / "home.py").is_file():
            return place
    raise ConfigError("The pages of the workbench are not installed.", "pip install --force-reinstall automic")
