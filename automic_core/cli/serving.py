"""Commands about the installation: doctor, serve."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

import automic_core
from automic_core import logs, workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, app
from automic_core.errors import ConfigError, MissingDriverError

ADDRESS, PORT = "127.0.0.1", 8501
LOGIN_SETTINGS = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


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
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = PORT,
    lake: Lake = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="For an audience: nothing can be changed.")] = False,
    address: Annotated[str, typer.Option("--address", help="Address to listen on; beyond this machine: --login.")] = (
        ADDRESS
    ),
    login: Annotated[
        Path | None, typer.Option("--login", help="TOML file whose [auth] names an OpenID Connect provider.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = sys.stdout.isatty(),
    as_json: Json = False,
) -> None:
    """Serve the workbench to the browser of this machine."""
    root = workbench.lake_path(lake)
    if not workbench.is_lake(root):
        raise ConfigError(f"There is no lake at {root}.", "automic init, or give --lake.")
    start(root, port, read_only=read_only, address=address, login=login, open_browser=open_browser, as_json=as_json)


def start(
    root: Path,
    port: int = PORT,
    *,
    read_only: bool = False,
    address: str = ADDRESS,
    login: Path | None = None,
    open_browser: bool = False,
    as_json: bool = False,
) -> None:
    """Turn this process into the workbench's server.

    Raises:
        ConfigError: The port is taken, or the address is beyond this machine and nobody would have to log in.
        MissingDriverError: Streamlit, or what a login needs, is not installed.
    """
    if find_spec("streamlit") is None:
        raise MissingDriverError("streamlit", "all")
    if login is not None:
        check_login(login)
    elif not _loopback(address):
        raise ConfigError(
            f"{address} can be reached from other machines, and nobody would have to log in.",
            f"Give --login FILE with the settings of an OpenID Connect provider, or stay on {ADDRESS}.",
        )
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as exc:
            raise ConfigError(f"Port {port} cannot be used: {exc.strerror}.", "Choose another --port.") from exc
    url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
    output.emit({"url": url, "lake": root}) if as_json else output.say(f"Serving {root} at {url} (Ctrl-C ends it)")
    sys.stdout.flush()
    page = app_file().with_name("server.py")
    options = {
        "server.address": address,
        "server.port": str(port),
        "server.headless": str(not open_browser).lower(),
        "server.showEmailPrompt": "false",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "runner.magicEnabled": "false",
    }
    environment = {**os.environ, workbench.VARIABLE: str(root), "AUTOMIC_READ_ONLY": str(int(read_only))}
    # Errors of pages are told in calm words there; who runs the server needs the details.
    environment[logs.VARIABLE] = "error" if logs.level() == "off" else logs.level()
    if login is not None:
        options["secrets.files"] = str(login.absolute())
        environment[workbench.LOGIN] = str(login.absolute())
    flags = [f"--{key}={value}" for key, value in options.items()]
    # The server takes this process over, so that a signal reaches it and nothing is left behind.
    os.execve(sys.executable, [sys.executable, "-m", "streamlit", "run", str(page), *flags], environment)  # noqa: S606


def wanted() -> bool:
    """Whether somebody may be there to look: not in CI, and not with ``AUTOMIC_HEADLESS=1``."""
    return os.environ.get("AUTOMIC_HEADLESS", "") in ("", "0") and os.environ.get("CI", "").lower() not in ("1", "true")


def check_login(file: Path) -> None:
    """Check that a file can make people log in; its values are read by the server only.

    Raises:
        ConfigError: It cannot be read, or a setting is missing.
        MissingDriverError: Authlib is not installed.
    """
    try:
        with file.open("rb") as stream:
            auth = tomllib.load(stream).get("auth", {})
    except (OSError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError(f"Cannot read {file}: {exc}.", "Write a TOML file with a section [auth].") from exc
    missing = [name for name in LOGIN_SETTINGS if not auth.get(name)]
    if missing:
        raise ConfigError(f"{file}: [auth] lacks {', '.join(missing)}.", f"It needs {', '.join(LOGIN_SETTINGS)}.")
    if find_spec("authlib") is None:
        raise MissingDriverError("authlib", "login")


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


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
