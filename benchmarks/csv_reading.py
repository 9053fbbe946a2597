"""How many delimited files are read exactly, next to other readers.

    python benchmarks/csv_reading.py DATA [--half tune|report] [--list]

DATA holds the folders ``pollock/polluted_files`` and ``pollock/survey_sample`` (each with ``csv``, ``clean``
and ``parameters``) and, if present, ``csv_spectrum``, ``frictionless`` and ``clevercsv_examples``; the last two
have no truth and are only read. Each reader gets the file's path and nothing else. A file is exact if all cells
of all data rows equal those of its clean table, after the same normalisation for every reader: cells are
stripped, null is "", empty cells at the end of a row and rows without any text are left out. In brackets: files
with at most two wrong rows. Column names are not compared, but a header taken for a row (or a row for the
header) is a wrong row.

Heuristics were chosen on every other file in name order ("tune"); judge by the rest ("report").
"""

from __future__ import annotations

import argparse
import csv
import functools
import io
import json
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

Rows = list[list[str]]
Files = list[tuple[int, Path, Rows]]


def main() -> None:
    """Print one line a reader and group."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=["tune", "report", "all"], default="all")
    parser.add_argument("--only", help="one reader")
    parser.add_argument("--list", action="store_true", help="name the files that are not read exactly")
    options = parser.parse_args()
    csv.field_size_limit(sys.maxsize)
    warnings.simplefilter("ignore")
    groups = {
        "polluted file": _pollock(options.data / "pollock/polluted_files", "file_"),
        "one bad row": _pollock(options.data / "pollock/polluted_files", "row_"),
        "real": _pollock(options.data / "pollock/survey_sample", ""),
        "csv_spectrum": _spectrum(options.data / "csv_spectrum"),
    }
    readers = {
        "automic": _automic,
        "duckdb auto": _duckdb,
        "polars": _polars,
        "pandas": _pandas,
        "clevercsv": _clevercsv,
    }
    print(f"half: {options.half}")
    print(f"{'':14}" + "".join(f"{name:>24}" for name in groups) + f"{'seconds':>10}")
    for name, reader in readers.items():
        if options.only not in (None, name):
            continue
        try:
            reader(__file__)
        except ImportError as exc:
            print(f"{name:14} not installed ({exc.name})")
            continue
        except Exception as exc:
            del exc  # This file is no table; only the import matters here.
        _line(name, reader, groups, options)
    _loads(options.data)


def _line(name: str, reader: Callable[[str], Rows], groups: dict, options: argparse.Namespace) -> None:
    cells, failed, start = "", [], time.perf_counter()
    for group, files in groups.items():
        chosen = [file for file in files if options.half in ("all", ("tune", "report")[file[0] % 2])]
        exact = near = 0
        for _, path, truth in chosen:
            try:
                got = _normal(reader(str(path)))
            except Exception as exc:
                got, note = None, f"{type(exc).__name__}: {exc}"[:90]
            if got == truth:
                exact += 1
            elif got is not None:
                note = f"{len(got)} rows x {max(map(len, got), default=0)}, truth {len(truth)} x "
                note += str(max(map(len, truth), default=0))
            near += got is not None and _apart(got, truth) <= 2
            if got != truth:
                failed.append(f"    {group}: {path.name}: {note}")
        total = max(len(chosen), 1)
        cells += f"{f'{exact}/{len(chosen)} = {exact / total:.2f} ({near / total:.2f})':>24}"
    print(f"{name:14}{cells}{time.perf_counter() - start:10.1f}")
    if options.list:
        print("\n".join(failed))


def _pollock(folder: Path, prefix: str) -> Files:
    files = []
    for number, path in enumerate(sorted((folder / "csv").iterdir())):
        if not path.name.startswith(prefix):
            continue
        parameters = json.loads((folder / "parameters" / f"{path.name}_parameters.json").read_text())
        with (folder / "clean" / path.name).open(newline="", encoding="utf-8", errors="surrogateescape") as stream:
            clean = list(csv.reader(stream))
        named = [name.strip() for name in parameters.get("column_names") or []]
        has_header = bool(clean) and (int(parameters["header_lines"]) > 0 or _is_names(clean[0], named))
        files.append((number, path, _normal(clean[1:] if has_header else clean)))
    return files


def _is_names(row: list[str], named: list[str]) -> bool:
    cells = [cell.strip() for cell in row]
    return cells == named or all(re.fullmatch(r"col_\d+", cell) for cell in cells)


def _spectrum(folder: Path) -> Files:
    files = []
    for number, path in enumerate(sorted((folder / "csvs").glob("*.csv"))):
        records = json.loads((folder / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        files.append((number, path, _normal([list(record.values()) for record in records])))
    return files


def _normal(rows: Rows) -> Rows:
    cells = [["" if cell is None else str(cell).replace("\r\n", "\n").strip() for cell in row] for row in rows]
    return [_untailed(row) for row in cells if any(row)]


def _untailed(row: list[str]) -> list[str]:
    while not row[-1]:
        row.pop()
    return row


def _apart(got: Rows, truth: Rows) -> int:
    """Rows that only one side has, the larger side counted."""
    mine, theirs = Counter(map(tuple, got)), Counter(map(tuple, truth))
    return max((mine - theirs).total(), (theirs - mine).total())


def _automic(path: str) -> Rows:
    return [list(row[:-1]) for row in _automic_rows(path)]


def _automic_rows(path: str) -> Rows:
    from automic_core.connectors.files import _delimited, _dialect

    with open(path, "rb") as stream:
        dialect = _dialect.sniff(stream.read(_dialect.SAMPLE_BYTES))
    reader = _delimited.read(functools.partial(open, path, "rb"), path, dialect)
    columns = ([column.to_pylist() for column in batch.columns] for batch in reader.batches())
    return [list(row) for batch in columns for row in zip(*batch, strict=True)]


def _loads(data: Path) -> None:
    """Files without a truth: they are read, and their rescued rows counted."""
    for folder in ("frictionless", "clevercsv_examples"):
        files = sorted(data.glob(f"{folder}/**/*.csv"))
        counts = [[row[-1] is not None for row in _automic_rows(str(path))] for path in files]
        rescued = sum(any(count) for count in counts)
        print(f"{folder}: {len(files)} files, {sum(map(len, counts))} rows, {rescued} files with rescued rows")


def _duckdb(path: str) -> Rows:
    import duckdb

    return [list(row) for row in duckdb.sql(f"from read_csv('{path}', all_varchar=true)").fetchall()]


def _polars(path: str) -> Rows:
    import polars

    frame = polars.read_csv(path, infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy")
    return [list(row) for row in frame.rows()]


def _pandas(path: str) -> Rows:
    import pandas

    frame = pandas.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False, on_bad_lines="skip")
    return [["" if cell != cell else cell for cell in row] for row in frame.itertuples(index=False)]


def _clevercsv(path: str) -> Rows:
    import clevercsv

    with open(path, newline="", encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    dialect = clevercsv.Sniffer().sniff(text)
    rows = list(clevercsv.reader(io.StringIO(text), dialect))
    return rows[1:] if clevercsv.Sniffer().has_header(text) else rows


if __name__ == "__main__":
    main()
