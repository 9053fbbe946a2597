"""The statements a person ran on a lake, newest first; kept beside the lake, one file a person."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from automic_core.lake import Lakehouse
from automic_core.storage.writing import atomic_write
from automic_core.workbench.lakes import STATEMENTS as FOLDER

KEEP = 200
_SLACK = 100
_writing = threading.Lock()


@dataclass(frozen=True)
class Ran:
    """One statement that was run.

    Attributes:
        at: When.
        as_of: The past it was asked about, in words; empty = the present.
        ms: How long it took.
        rows: How many rows it had; None if it failed.
        error: Why it failed; empty if it did not.
    """

    sql: str
    at: datetime
    ms: int
    rows: int | None = None
    error: str = ""
    as_of: str = ""


def history_file(root: Path, actor: str) -> Path:
    """Where the statements of a person are; names need not be fit for file names."""
    return root / FOLDER / f"{hashlib.sha256(actor.encode()).hexdigest()[:16]}.jsonl"


def remember(file: Path, ran: Ran) -> None:
    """Add a statement; the oldest go once there are too many."""
    line = json.dumps({**asdict(ran), "at": ran.at.isoformat()}, ensure_ascii=False) + "\n"
    with _writing:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as opened:
            opened.write(line)
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        if len(lines) > KEEP + _SLACK:
            with atomic_write(file) as shorter:
                shorter.write("".join(lines[-KEEP:]).encode())


def recent_statements(lake: Lakehouse, limit: int = 50, words: str = "") -> list[Ran]:
    """Statements the acting person ran, newest first, each once.

    Args:
        lake: The lake.
        limit: Most there are.
        words: Only those that contain this, in any case.

    Returns:
        Nothing for who may only look: an audience acts under the name of the person who started the workbench.
    """
    if lake.context.read_only:
        return []
    file = history_file(lake.context.root, lake.context.actor)
    found: dict[str, Ran] = {}
    for ran in _read(file):
        if words.lower() in ran.sql.lower() and ran.sql not in found:
            found[ran.sql] = ran
        if len(found) == limit:
            break
    return list(found.values())


def forget_statements(lake: Lakehouse) -> None:
    """Let the statements of the acting person go."""
    lake.context.writable()
    with _writing:
        history_file(lake.context.root, lake.context.actor).unlink(missing_ok=True)


def _read(file: Path) -> Iterator[Ran]:
    if not file.exists():
        return
    for line in reversed(file.read_text(encoding="utf-8").splitlines()):
        try:
            entry = json.loads(line)
            yield Ran(**{**entry, "at": datetime.fromisoformat(entry["at"]).astimezone(UTC)})
        except (ValueError, TypeError, KeyError):  # a line cut by a full disk loses itself, not the others
            continue
