"""serve: where it listens, who may come in, and what it says when it cannot."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from automic_core import cli, workbench
from automic_core.cli import serving

AUTH = '[auth]\nredirect_uri = "http://localhost:8501/oauth2callback"\ncookie_secret = "c"\nclient_id = "i"\n'


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOMIC_LAKE", raising=False)
    return workbench.create(tmp_path / "lake").path


def test_a_port_already_taken_is_said(lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert cli.run(["serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "Choose another --port" in capsys.readouterr().err


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.4", "::"])
def test_beyond_this_machine_people_must_log_in(lake: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["serve", "--address", address]) == 2
    assert "--login" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "Cannot read"), ("[auth", "Cannot read"), ("[other]\n", "redirect_uri"), (AUTH, "server_metadata_url")],
)
def test_a_login_file_that_cannot_do(
    lake: Path, text: str | None, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        Path("login.toml").write_text(text)
    assert cli.run(["serve", "--address", "0.0.0.0", "--login", "login.toml"]) == 2
    assert message in capsys.readouterr().err


def test_who_is_there_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    for ci, headless, there in (("", "", True), ("true", "", False), ("", "1", False), ("false", "0", True)):
        monkeypatch.setenv("CI", ci)
        monkeypatch.setenv("AUTOMIC_HEADLESS", headless)
        assert serving.wanted() is there


def test_it_listens_on_this_machine_only_and_ends_with_the_signal(lake: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("automic")), "serve", "--lake", str(lake), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ})
    try:
        url = f"http://127.0.0.1:{port}/_stcore/health"
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    assert answer.read() == b"ok"
                break
            except OSError:
                assert server.poll() is None, "the server ended"
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        server.terminate()
        server.wait(20)
