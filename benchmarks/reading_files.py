"""What becomes of other people's files: read, rescued in part, refused with a message, or a traceback (must be 0).

    python benchmarks/reading_files.py DATA_FOLDER

DATA_FOLDER holds ``frictionless``, ``json_testsuite``, ``xlsx_readxl``, ``xml_feeds`` (copies of the test files of
frictionless-py, JSONTestSuite, readxl and feedparser). "noted" are files read as empty, with a note that says so.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from automic_core import frames, registry
from automic_core.errors import AutomicError

FOLDERS = ("frictionless", "json_testsuite", "xlsx_readxl", "xml_feeds")
OUTCOMES = ("read", "noted", "rescued", "refused", "traceback")
EXTRA_KINDS = {".ods": "excel", ".tsv": "csv"}


def kind_of(path: Path) -> str | None:
    """The source that reads a file; None for other files."""
    try:
        return registry.kind_for_path(str(path))
    except AutomicError:
        return EXTRA_KINDS.get(path.suffix.lower())


def outcome(path: Path, kind: str) -> tuple[str, str]:
    """What becomes of one file, and why."""
    try:
        source = registry.build("source", kind, {"path": str(path)})
        frame = source.scan().collect()
        notes = source.notes()
    except AutomicError as exc:
        return "refused", str(exc)
    except BaseException as exc:
        return "traceback", f"{type(exc).__name__}: {exc}"
    if frames.RESCUED in frame.columns and frame[frames.RESCUED].count():
        return "rescued", str(frame[frames.RESCUED].drop_nulls()[0])
    if not frame.height and notes:
        return "noted", notes[-1]
    return "read", f"{frame.height} x {frame.width}"


def main(folder: Path) -> int:
    """Print the table; 1 if a file gave a traceback."""
    print(f"{'folder':<18}{'files':>7}" + "".join(f"{name:>11}" for name in OUTCOMES) + f"{'seconds':>9}")
    tracebacks = []
    wrong: list[str] = []
    for name in FOLDERS:
        counts: Counter[str] = Counter()
        began = time.perf_counter()
        for path in sorted(p for p in (folder / name).rglob("*") if p.is_file()):
            kind = kind_of(path)
            if kind is None:
                continue
            result, why = outcome(path, kind)
            counts[result] += 1
            if result == "traceback":
                tracebacks.append(f"{path}: {why}")
            verdict = path.name[:2] if name == "json_testsuite" else ""
            accepted = result == "read" or (result == "rescued" and '"reason"' not in why)
            if (verdict == "y_" and not accepted) or (verdict == "n_" and result == "read"):
                wrong.append(f"{path.name}: {result}: {why}")
        seconds = time.perf_counter() - began
        print(f"{name:<18}{counts.total():>7}" + "".join(f"{counts[o]:>11}" for o in OUTCOMES) + f"{seconds:>9.1f}")
    print(f"JSONTestSuite verdicts missed: {len(wrong)}", *wrong[:20], sep="\n  ")
    print(*tracebacks[:20], sep="\n")
    return 1 if tracebacks else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
