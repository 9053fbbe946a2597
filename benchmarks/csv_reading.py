"""How many delimited files are read exactly, next to other readers.

    python benchmarks/csv_reading.py DATA [--half tune|report] [--only READER] [--list]

DATA holds ``pollock/polluted_files`` and ``pollock/survey_sample``, or folders of the same layout (``csv``, ``clean``
and ``parameters``) anywhere below it, and perhaps ``csv_spectrum``. Every reader gets a file's path and nothing else.

The measure: the table as read, its header and its rows as text, is compared with the clean table. Cells are stripped,
null is "", empty cells at the end of a row and rows without any text are left out; names that the reader made up
because it saw no header are no part of the table, and a name it had to fill in or to make unique stands for the one in
the file. A file is

    exact    if both are the same, row by row; in brackets: exact, and the header was told from the rows,
    within 2 if at most two rows are only in one of both,
    rescued  if it is within 2, and each row that is not as in the clean table was reported with its line and a reason;
             a file whose bad row was read right must still have reported it.

The halves are drawn by a hash of the file's name: heuristics were chosen on "tune" alone; judge by "report".
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reading_peers import READERS, Table

WIDTHS = (17, 18, 13, 14, 8, 9)
GROUPS = ("polluted file", "one bad row", "real file")
HALVES = {"tune": (0,), "report": (1,), "all": (0, 1)}


@dataclass(frozen=True)
class Truth:
    """A file and what should be read of it."""

    path: Path
    group: str
    header: list[str] | None
    rows: list[list[str]]

    @property
    def half(self) -> int:
        """0 = tune, 1 = report."""
        return hashlib.sha256(self.path.name.encode()).digest()[0] % 2


@dataclass(frozen=True)
class Score:
    """What became of one file."""

    exact: bool
    headed: bool
    near: bool
    rescued: bool
    note: str


def main() -> None:
    """Print one line a reader."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=HALVES, default="all")
    parser.add_argument("--only", help="one reader")
    parser.add_argument("--list", action="store_true", help="name the files that are not read exactly")
    options = parser.parse_args()
    csv.field_size_limit(sys.maxsize)
    warnings.simplefilter("ignore")
    truths = [truth for truth in _truths(options.data) if truth.half in HALVES[options.half]]
    sizes = Counter(truth.group for truth in truths)
    print(f"half: {options.half}; " + ", ".join(f"{group}: {sizes[group]}" for group in sizes))
    titles = ("polluted exact", "bad row within 2", "and rescued", "real exact", "other", "seconds")
    print(f"{'':12}" + "".join(f"{title:>{width}}" for title, width in zip(titles, WIDTHS, strict=True)))
    for name, reader in READERS.items():
        if options.only in (None, name):
            _line(name, reader, truths, options.list)


def _line(name: str, reader: Callable[[str], Table], truths: list[Truth], listed: bool) -> None:
    scores: dict[str, list[Score]] = {}
    start = time.perf_counter()
    lines = []
    for truth in truths:
        try:
            score = _score(reader(str(truth.path)), truth)
        except ImportError as exc:
            print(f"{name:12} not installed ({exc.name})")
            return
        except Exception as exc:
            score = Score(False, False, False, False, f"{type(exc).__name__}: {exc}"[:90])
        scores.setdefault(truth.group, []).append(score)
        fine = score.rescued if truth.group == GROUPS[1] else score.headed
        lines += [] if fine else [f"    {truth.group}: {truth.path.name}: {score.note}"]
    polluted, bad, real = (scores.get(group, []) for group in GROUPS)
    other = [score for group, found in scores.items() if group not in GROUPS for score in found]
    shares = [_share(polluted, "exact", "headed"), _share(bad, "near"), _share(bad, "rescued")]
    shares += [_share(real, "exact", "headed"), _share(other, "exact"), f"{time.perf_counter() - start:.1f}"]
    print(f"{name:12}" + "".join(f"{share:>{width}}" for share, width in zip(shares, WIDTHS, strict=True)))
    print("\n".join(lines) if listed else "", end="\n" if listed and lines else "")


def _share(scores: list[Score], *names: str) -> str:
    if not scores:
        return "-"
    first, *more = (sum(getattr(score, name) for score in scores) / len(scores) for name in names)
    return f"{first:.2f}" + "".join(f" ({share:.2f})" for share in more)


def _score(table: Table, truth: Truth) -> Score:
    rows = _normal(table.rows)
    header = None if table.header is None else _normal([table.header])
    wanted = [] if truth.header is None else _normal([truth.header])
    same_header = _named(header or [[]], wanted or [[]])
    headed = same_header and rows == truth.rows
    read = (wanted if header and same_header else header or []) + rows
    whole = wanted + truth.rows
    apart = _apart(read, whole)
    exact = headed or read == whole
    changed = (Counter(map(tuple, read)) - Counter(map(tuple, whole))).total()
    reported = table.rescued is not None and len(table.rescued) >= max(changed, 1)
    near = apart <= 2
    width = max(map(len, rows), default=0)
    note = f"{len(rows)} rows x {width}, truth {len(truth.rows)} x {max(map(len, truth.rows), default=0)}, "
    note += f"{apart} apart, header {'right' if same_header else 'other'}"
    return Score(exact, headed, near, near and reported, note)


def _named(read: list[list[str]], true: list[list[str]]) -> bool:
    """Whether names are those of the file; one that is empty or repeated there may have been changed."""
    given, seen = [cell.lower() for row in true for cell in row], Counter[str]()
    found = [cell.lower() for row in read for cell in row]
    while found and len(found) > len(given) and re.search(r"\d$", found[-1]):
        found.pop()
    for mine, theirs in zip(found, given, strict=False):
        changed = not theirs or seen[theirs] or theirs.startswith("_")
        if mine != theirs and not (changed and re.fullmatch(rf"(?:{re.escape(theirs)}|\D*)[\W_]*\w*", mine)):
            return False
        seen[theirs] += 1
    return len(found) == len(given)


def _truths(data: Path) -> Iterator[Truth]:
    for clean in sorted(path for path in data.glob("**/clean") if (path.parent / "csv").is_dir()):
        for path in sorted((clean.parent / "csv").iterdir()):
            if (clean / path.name).exists():
                yield _truth(path, clean / path.name)
    folder = data / "csv_spectrum"
    for path in sorted((folder / "csvs").glob("*.csv")):
        records = json.loads((folder / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        rows = _normal([list(record.values()) for record in records])
        yield Truth(path, "csv_spectrum", list(records[0]), rows)


def _truth(path: Path, clean: Path) -> Truth:
    parameters = json.loads((path.parents[1] / "parameters" / f"{path.name}_parameters.json").read_text())
    with clean.open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
        rows = list(csv.reader(stream))
    prefix = path.name.split("_")[0]
    group = {"file": GROUPS[0], "row": GROUPS[1]}.get(prefix, GROUPS[2])
    if "polluted" in path.parts[-3] and group == GROUPS[2]:
        group = "source"
    lines = int(parameters["header_lines"])
    if not lines and rows and all(re.fullmatch(r"col_\d+", cell.strip()) for cell in rows[0]):
        rows = rows[1:]
    if not lines:
        return Truth(path, group, None, _normal(rows))
    header = [" ".join(filter(None, map(str.strip, column))) for column in zip(*rows[:lines], strict=False)]
    return Truth(path, group, header, _normal(rows[lines:]))


def _normal(rows: list[list[str]]) -> list[list[str]]:
    cells = [["" if cell is None else str(cell).replace("\r\n", "\n").strip() for cell in row] for row in rows]
    return [_untailed(row) for row in cells if any(row)]


def _untailed(row: list[str]) -> list[str]:
    while not row[-1]:
        row.pop()
    return row


def _apart(got: list[list[str]], truth: list[list[str]]) -> int:
    """Rows that only one side has, the larger side counted."""
    mine, theirs = Counter(map(tuple, got)), Counter(map(tuple, truth))
    return max((mine - theirs).total(), (theirs - mine).total())


if __name__ == "__main__":
    main()
