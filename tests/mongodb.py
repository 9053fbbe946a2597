"""An emulator of MongoDB for tests: a process of the suite's own, or none, which is said by name.

It is looked for as ``secantusd-py`` in the path and in ``servers/bin`` beside this Python, where ``make test`` puts it.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.leaving import at_end
from tests.leaving import folder as made_folder

PROGRAM = "secantusd-py"
_NUMBERS = "automic_numbers"


@dataclass(frozen=True)
class Server:
    """Where it listens; nobody logs in."""

    port: int
    host: str = "127.0.0.1"

    def options(self, database: str) -> dict[str, Any]:
        """As options of a source or loader."""
        return {"host": self.host, "port": self.port, "database": database}

    @functools.cached_property
    def client(self) -> Any:
        """A client of the test's own."""
        import pymongo

        found: Any = pymongo.MongoClient(self.host, self.port, directConnection=True)
        at_end(found.close)
        return found

    def fail(self, *commands: str, times: int = 1, **how: Any) -> None:
        """Let the next commands of Automic fail, by default by a connection that breaks."""
        data = {"failCommands": list(commands), "appName": "automic", **(how or {"closeConnection": True})}
        self.client.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})


def _program() -> str | None:
    return shutil.which(PROGRAM) or shutil.which(str(Path(sys.prefix) / "servers" / "bin" / PROGRAM))


@functools.cache
def started(*options: str, folder: str = ":memory:") -> Server | str:
    """A server gone with this process; or why there is none."""
    try:
        import pymongo  # noqa: F401
    except ImportError:
        return "pymongo is not installed"
    program = _program()
    if program is None:
        return f"there is no {PROGRAM} to start (PyPI secantusdb)"
    return _run(program, options, folder)[0]


def _run(program: str, options: tuple[str, ...], folder: str) -> tuple[Server | str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [program, "--host", "127.0.0.1", "--port", str(port), "--storage-path", folder, *options]
    place = made_folder("automic-mongo-")
    at_end(shutil.rmtree, place, ignore_errors=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=place)
    at_end(_stop, process)
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return Server(port), process
    return f"{PROGRAM} did not start", process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def server(*options: str) -> Server:
    """The server that tests use; the test is skipped by name without one."""
    found = started("--enable-test-commands", *options)
    if isinstance(found, str):
        pytest.skip(f"MongoDB: {found}")
    return found


@functools.cache
def _guarded() -> Server | str:
    program = _program()
    if program is None:
        return f"there is no {PROGRAM} to start (PyPI secantusdb)"
    folder = made_folder("automic-mongo-")
    at_end(shutil.rmtree, folder, ignore_errors=True)
    first, process = _run(program, (), str(folder / "data"))
    if isinstance(first, str):
        return first
    first.client.admin.command("createUser", "ann", pwd="right", roles=["root"])
    first.client["shop"]["t"].insert_one({"a": 1})
    first.client.close()
    _stop(process)
    return _run(program, ("--auth",), str(folder / "data"))[0]


def guarded() -> dict[str, Any]:
    """Options of a server that asks for the password "right"."""
    found = _guarded()
    if isinstance(found, str):
        pytest.skip(f"MongoDB with a password: {found}")
    return {**found.options("shop"), "user": "ann"}


def encrypted(folder: Path) -> tuple[Server, Path]:
    """A server that encrypts, with the certificate that it shows."""
    if shutil.which("openssl") is None:
        pytest.skip("MongoDB with TLS: there is no openssl")
    key, certificate = folder / "key", folder / "certificate"
    servers.certify(key, certificate)
    found = started("--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    if isinstance(found, str):
        pytest.skip(f"MongoDB with TLS: {found}")
    return found, certificate


@contextmanager
def database(name: str) -> Iterator[str]:
    """A fresh database, dropped afterwards."""
    client = server().client
    client.drop_database(name)
    try:
        yield name
    finally:
        client.drop_database(name)


@functools.cache
def _thousand(name: str) -> None:
    server().client[name][_NUMBERS].insert_many([{"_id": number} for number in range(1_000)])


def many(name: str, rows: int, mark: str) -> dict[str, Any]:
    """Options that read about so many rows out of a thousand; the emulator holds them all, so no more than 60,000."""
    _thousand(name)
    stages = [
        {"$project": {"k": {"$range": [0, min(rows, 60_000) // 1_000]}}},
        {"$unwind": "$k"},
        {"$addFields": {"half": {"$multiply": ["$k", 0.5]}}},
        {"$project": {"_id": 0, "k": 1, "half": 1, "text": {"$literal": hashlib.sha256(mark.encode()).hexdigest()}}},
    ]
    return {"table": _NUMBERS, "pipeline": json.dumps(stages)}


@contextmanager
def large(name: str) -> Iterator[tuple[dict[str, Any], int, int]]:
    """Options that read 156 MB, which are dropped afterwards; how many documents these are, and MB to read them in.

    Large documents, for the emulator takes about 17,000 in a second of its CPU and gives 31,000. Several answers of
    10,000 documents are under way at once: reading 40,000 of these took 131 MB, 120,000 took 157 MB.
    """
    rows, text = 120_000, "text" * 325
    documents = server().client[name]["large"]
    for first in range(0, rows, 2_000):  # while it takes some it answers nobody, and the driver gives up on it
        documents.insert_many([{"_id": key, "text": text} for key in range(first, first + 2_000)])
    try:
        yield {"table": "large"}, rows, 220
    finally:
        documents.drop()


def reads() -> int:
    """How many reads have begun and not ended; the server is the suite's own, so they are the test's."""
    return int(server().client.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"])
