"""Jobs in processes of their own, which die at a named commit point where a test wants it (``automic_core.faults``)."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from automic_core import faults

_SECONDS = 240


def start(
    job: str | Path, *arguments: object, fault: str = "", largest: int | None = None, **variables: str
) -> subprocess.Popen[str]:
    """Begin a job; every warning in it is an error.

    Args:
        job: A script, or the text of one.
        arguments: What it is given.
        fault: What becomes of it, as ``faults.VARIABLE`` takes it.
        largest: Bytes that a file which it writes may have.
        variables: More of its environment.
    """

    def bounded() -> None:
        if largest is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.Popen(
        [sys.executable, "-W", "error", *([str(job)] if isinstance(job, Path) else ["-c", job]), *map(str, arguments)],
        env={**os.environ, faults.VARIABLE: fault, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=bounded if largest is not None else None,
    )


def finish(*processes: subprocess.Popen[str]) -> list[str]:
    """What jobs print that go well."""
    try:
        said = [process.communicate(timeout=_SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0] * len(processes), [errors for _, errors in said]
    return [output for output, _ in said]


def fails(job: str | Path, *arguments: object, largest: int | None = None, **variables: str) -> str:
    """What a job says that ends with an error."""
    return _ended(start(job, *arguments, largest=largest, **variables), 1, "")


def dies(job: str | Path, *arguments: object, at: str) -> None:
    """Run a job that is killed at a point: its name, or ``name:nth`` for the nth time it is reached.

    Its temporary files, which it cannot delete, go to a folder that is deleted here.
    """
    with tempfile.TemporaryDirectory(prefix="automic-killed-") as aside:
        process = start(job, *arguments, fault=f"kill:{at}", TMPDIR=aside)
        _ended(process, -signal.SIGKILL, at)


def points(job: str | Path, *arguments: object, log: Path, **variables: str) -> list[str]:
    """Run a job, and ``name:nth`` of every point that it reaches, in order.

    Args:
        job: A script, or the text of one.
        arguments: What it is given.
        log: A file for the names.
        variables: More of its environment.
    """
    errors = _ended(start(job, *arguments, fault=f"record:{log}", **variables), 0, str(log))
    assert errors == ""
    names = log.read_text(encoding="utf-8").split()
    return [f"{name}:{names[: place + 1].count(name)}" for place, name in enumerate(names)]


def _ended(process: subprocess.Popen[str], code: int, where: str) -> str:
    """What a job says on standard error, which ends as it should."""
    try:
        _, errors = process.communicate(timeout=_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code, f"{where}: {errors}"
    return errors
