"""Where jobs keep their files."""

from __future__ import annotations

import tempfile
from pathlib import Path


def folder(root: Path) -> Path:
    """The folder of a lake's jobs; created."""
    path = root / "jobs"
    path.mkdir(exist_ok=True)
    return path


def log_file(root: Path, job_id: str) -> Path:
    """The log of a job."""
    return folder(root) / f"{job_id}.log"


def worker_log(root: Path) -> Path:
    """What workers say between jobs, such as why they could not begin."""
    return folder(root) / "worker.log"


def scratch(job_id: str) -> Path:
    """Where a job keeps its temporary files; deleted when it has ended, however it did."""
    return Path(tempfile.gettempdir()) / f"automic-job-{job_id}"
