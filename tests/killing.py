"""Jobs in processes of their own, which die at a named commit point where a test wants it (``automic_core.faults``)."""

from __future__ import annotations

import atexit
import os
import resource
import signal
import sys
import tempfile
import warnings
from pathlib import Path
from types import ModuleType

from automic_core import faults
from tests.warm import Process

_SECONDS = 240


class Job:
    """A job that goes on, and the folder for what it prints."""

    def __init__(self, job: str | Path, arguments: tuple[object, ...], largest: int | None, **variables: str) -> None:
        self._said = tempfile.TemporaryDirectory(prefix="automic-job-")
        text = job.read_text(encoding="utf-8") if isinstance(job, Path) else job
        given = (self._said.name, text, ["job.py", *map(str, arguments)], largest)
        self._process = Process(_run, *given, variables={**os.environ, **variables})

    def ended(self) -> tuple[int | None, str, str]:
        """How it ended (None = it did not, and was killed), what it printed, and what it said on standard error."""
        code = self._process.wait(_SECONDS)
        self._process.kill()
        self._process.wait()
        with self._said as folder:
            output, errors = ((Path(folder) / name).read_text(encoding="utf-8") for name in ("output", "errors"))
        return code, output, errors


def _run(folder: str, text: str, arguments: list[str], largest: int | None) -> None:
    """The whole of a job: as ``python -W error -c TEXT`` would."""
    for number, name in ((1, "output"), (2, "errors")):
        os.dup2(os.open(Path(folder) / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    if largest is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    warnings.simplefilter("error")
    sys.argv = arguments
    sys.modules["__main__"] = module = ModuleType("__main__")
    try:
        exec(compile(text, "job.py", "exec"), module.__dict__)
    finally:
        atexit._run_exitfuncs()  # a process of multiprocessing leaves without


def start(job: str | Path, *arguments: object, fault: str = "", largest: int | None = None, **variables: str) -> Job:
    """Begin a job; every warning in it is an error.

    Args:
        job: A script, or the text of one.
        arguments: What it is given.
        fault: What becomes of it, as ``faults.VARIABLE`` takes it.
        largest: Bytes that a file which it writes may have.
        variables: More of its environment.
    """
    return Job(job, arguments, largest, **{faults.VARIABLE: fault, **variables})


def finish(*jobs: Job) -> list[str]:
    """What jobs print that go well."""
    ended = [job.ended() for job in jobs]
    assert [code for code, _, _ in ended] == [0] * len(jobs), [errors for _, _, errors in ended]
    return [output for _, output, _ in ended]


def fails(job: str | Path, *arguments: object, largest: int | None = None, **variables: str) -> str:
    """What a job says that ends with an error."""
    return _ended(start(job, *arguments, largest=largest, **variables), 1, "")


def dies(job: str | Path, *arguments: object, at: str) -> None:
    """Run a job that is killed at a point: its name, or ``name:nth`` for the nth time it is reached.

    Its temporary files, which it cannot delete, go to a folder that is deleted here.
    """
    with tempfile.TemporaryDirectory(prefix="automic-killed-") as aside:
        _ended(start(job, *arguments, fault=f"kill:{at}", TMPDIR=aside), -signal.SIGKILL, at)


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


def _ended(job: Job, code: int, where: str) -> str:
    """What a job says on standard error, which ends as it should."""
    found, _, errors = job.ended()
    assert found == code, f"{where}: {errors}"
    return errors
