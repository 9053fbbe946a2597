"""Is everything in place: versions, drivers, the lake, its catalog, its state."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from automic_core import _version
from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from automic_core.lakehouse.history import history
from automic_core.medallion.batches import BATCH, SOURCE, content_key
from automic_core.medallion.reviewing import staged_files
from automic_core.workbench.lakes import is_lake, lake_path, opened

PACKAGES = ("polars", "pyarrow", "duckdb", "pyiceberg", "sqlalchemy", "pydantic", "streamlit", "typer")
EXTRAS = {
    "excel": ("python_calamine", "xlsxwriter"),
    "xml": ("lxml",),
    "s3": ("s3fs",),
    "gcs": ("gcsfs",),
    "azure": ("adlfs",),
    "postgresql": ("psycopg", "adbc_driver_postgresql"),
    "mongodb": ("pymongo",),
    "mysql": ("pymysql", "pymysqlreplication"),
    "login": ("authlib",),
    "llm": ("litellm",),
    "embeddings": ("sentence_transformers",),
}
YOUNG_SECONDS = 3600
State = Literal["ok", "missing", "warning", "error"]


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        state: missing: an optional driver is not installed, which is fine until it is needed.
        hint: What to do about it.
    """

    area: str
    name: str
    state: State
    detail: str
    hint: str = ""


def doctor(path: str | Path | None = None) -> list[Check]:
    """All findings; an error in one check does not stop the others."""
    root = lake_path(path)
    found = [*_versions(), *_drivers()]
    if not is_lake(root):
        return [*found, Check("lake", "folder", "warning", f"There is no lake at {root}.", "automic init")]
    found.append(_folder(root))
    try:
        with opened(root) as lake:
            found.append(Check("lake", "catalog", "ok", f"{len(lake.tables())} published tables"))
            for name, look in (("tables", _readable), ("state", _state), ("files", _orphans)):
                found.append(_guarded(name, look, lake))
    except AutomicError as exc:
        found.append(Check("lake", "catalog", "error", exc.message, exc.hint))
    return found


def _guarded(name: str, look: Callable[[Lakehouse], Check], lake: Lakehouse) -> Check:
    try:
        return look(lake)
    except AutomicError as exc:
        return Check("lake", name, "error", exc.message, exc.hint)


def _versions() -> list[Check]:
    found = [
        Check("versions", "automic", "ok", _version.__version__),
        Check("versions", "python", "ok", f"{platform.python_version()} on {sys.platform}"),
    ]
    for package in PACKAGES:
        try:
            found.append(Check("versions", package, "ok", version(package)))
        except PackageNotFoundError:
            found.append(Check("versions", package, "error", "not installed", f"pip install {package}"))
    return found


def _drivers() -> list[Check]:
    found = []
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if find_spec(module) is None]
        if missing:
            line = f"pip install 'automic[{extra}]'"
            found.append(Check("drivers", extra, "missing", f"{', '.join(missing)} not installed", line))
        else:
            found.append(Check("drivers", extra, "ok", ", ".join(modules)))
    return found


def _folder(root: Path) -> Check:
    if os.access(root, os.R_OK | os.W_OK | os.X_OK):
        return Check("lake", "folder", "ok", f"{root} can be read and written")
    return Check("lake", "folder", "error", f"{root} cannot be read and written.", f"Check its owner: ls -ld {root}")


def _readable(lake: Lakehouse) -> Check:
    """Every file that a current state needs is there."""
    files, lost = 0, []
    for name in lake.tables():
        for task in lake.context.need(name).scan().plan_files():
            files += 1
            place = _local(task.file.file_path)
            if place is not None and not place.is_file():
                lost.append(f"{name}: {place.name}")
    if lost:
        return Check("lake", "tables", "error", f"{len(lost)} data files are gone: {lost[0]}.", "Roll the table back.")
    return Check("lake", "tables", "ok", f"{files:,} data files are in place")


def _state(lake: Lakehouse) -> Check:
    """The state knows every batch and every run that the lake has."""
    astray = 0
    runs = {run.run_id for run in lake.runs(1_000_000)}
    for name in lake.tables():
        known = lake.context.state.batches(name)
        held: dict[tuple[str, str], int] = {}  # of content that was taken again the newest number counts
        for info in history(lake.context.need(name)):
            summary = info.summary
            if BATCH in summary:
                held[summary[SOURCE], content_key(summary)] = int(summary[BATCH])
            if "automic.report" in summary:
                astray += info.run_id not in runs
        astray += sum(known.get(content) != number for content, number in held.items())
    if astray:
        hint = "Delete state.db in the lake: it is rebuilt when the lake is opened."
        what = "1 batch or run of the lake is" if astray == 1 else f"{astray:,} batches or runs of the lake are"
        return Check("lake", "state", "error", f"{what} not in the state.", hint)
    return Check("lake", "state", "ok", f"agrees with the lake ({len(runs):,} runs)")


def _orphans(lake: Lakehouse) -> Check:
    """Data files no snapshot refers to: left by work that was stopped, they cost space only."""
    orphans, size = 0, 0
    before = time.time() - YOUNG_SECONDS
    waiting = {Path(unquote(urlsplit(path).path)) for path in staged_files(lake.context)}
    for name in lake.tables():
        table = lake.context.need(name)
        folder = _local(table.location())
        if folder is None:
            return Check("lake", "files", "ok", "not looked at: the warehouse is not on this machine")
        used = {Path(unquote(urlsplit(path).path)) for path in table.inspect.all_files()["file_path"].to_pylist()}
        used |= waiting
        for file in folder.rglob("*.parquet"):
            status = file.stat()
            if file not in used and status.st_mtime < before:
                orphans, size = orphans + 1, size + status.st_size
    if orphans:
        return Check("lake", "files", "warning", f"{orphans:,} files ({size / 1e6:,.1f} MB) belong to no snapshot.")
    return Check("lake", "files", "ok", "no file older than an hour is left over")


def _local(url: str) -> Path | None:
    """The path of a local file's URL; None for other places."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None
