"""Run a piece of work in a fresh process and report its CPU seconds and peak memory."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def cpu() -> float:
    """User and system CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_mb() -> float:
    """Highest resident memory of this process so far, imports included, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def report(work: Callable[[], Any]) -> None:
    """Time ``work`` (imports done before) and print the figures as one JSON line."""
    began, clock = cpu(), time.perf_counter()
    extra = work()
    figures = {"cpu": cpu() - began, "wall": time.perf_counter() - clock, "peak_mb": peak_mb(), "extra": extra}
    print(json.dumps(figures))


def child(script: str, *arguments: str, python: str = sys.executable) -> dict[str, Any]:
    """Figures of one run of a script of this folder."""
    path = Path(__file__).parent / script
    done = subprocess.run([python, str(path), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script} {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def paired(runs: int, ours: tuple[str, ...], theirs: tuple[str, ...], **kwargs: Any) -> tuple[dict, dict, float]:
    """Median figures of two commands run in turn, and the median of the CPU ratios of the pairs."""
    mine, other = [], []
    for _ in range(runs):
        other.append(child(*theirs))
        mine.append(child(*ours, **kwargs))
    ratio = statistics.median(a["cpu"] / b["cpu"] for a, b in zip(mine, other, strict=True))
    return median(mine), median(other), ratio


def median(figures: list[dict[str, Any]]) -> dict[str, float]:
    """Median of each figure."""
    keys = [key for key in figures[0] if key != "extra"]
    return {key: statistics.median(f[key] for f in figures) for key in keys}
