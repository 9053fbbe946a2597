"""The wheel carries everything: installed elsewhere, its command line works and its pages are served."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `automic` of a virtual environment that holds only the wheel; other packages come from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    wheel = next(folder.glob("automic-*.whl"))
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=120)
    site = next((folder / "venv" / "lib").glob("python*/site-packages"))
    # Behind the wheel on the path, and without its .pth files, which would bring the checkout in.
    others = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "others.pth").write_text(f"{others}\n", encoding="utf-8")
    return folder / "venv" / "bin" / "automic"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AUTOMIC_", "PYTHON", "STREAMLIT_"))
    }
    return {**kept, "HOME": str(tmp_path)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_command_line_works_elsewhere(installed: Path, environment: dict[str, str], tmp_path: Path) -> None:
    code = "import automic_core; print(automic_core.__file__)"
    where = subprocess.run(
        [installed.with_name("python"), "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
        timeout=60,
    ).stdout
    assert str(ROOT) not in where
    for arguments in (["init"], ["demo", "--orders", "60"]):
        done = subprocess.run(
            [installed, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert "no row was lost" in done.stdout


def test_it_serves_its_pages(installed: Path, environment: dict[str, str], tmp_path: Path) -> None:
    subprocess.run([installed, "init"], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60)
    port = free_port()
    server = subprocess.Popen(
        [installed, "serve", "--port", str(port)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert answer(f"http://127.0.0.1:{port}/_stcore/health", server) == "ok"
        taken = subprocess.run(
            [installed, "serve", "--port", str(port)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert taken.returncode == 2
        assert f"Port {port} cannot be used" in taken.stderr
    finally:
        server.terminate()
        output, _ = server.communicate(timeout=30)
    assert f"Serving {tmp_path / 'lake'}" in output
    assert "Traceback" not in output


def test_its_home_page_runs(installed: Path, environment: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import sys\nfrom automic_core.cli.serving import app_file\nfrom streamlit.testing.v1 import AppTest\n"
        "app = app_file()\nsys.path.insert(0, str(app.parent))\n"
        "page = AppTest.from_file(str(app), default_timeout=60).run()\n"
        "assert not page.exception, page.exception\nprint(app, page.error[0].value)"
    )
    python = installed.with_name("python")
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "automic_core/_app/app.py There is no lake" in done.stdout


def answer(url: str, server: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return str(response.read().decode())
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.3)
    raise AssertionError(f"the server did not answer (exit code {server.poll()})")
