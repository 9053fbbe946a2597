"""Cells that are wrong: precision, recall and F1 of find_errors beside simple rules in the same run.

    python benchmarks/finding_errors.py FOLDER [--labels 20]

FOLDER holds one folder a set (or is one) with dirty.csv and clean.csv of the same shape. A cell is wrong where the two
differ; an empty cell equals an empty cell. ``--labels`` adds a line with that many labelled rows, drawn at random; the
labelled rows do not count. The simple rules, each a vote: empty; a value that occurs once in a column where most
recur; a rare form; a number beyond three standard deviations; a disagreement with nine in ten of the rows that share
a value of another column. A cell is flagged by one vote, or by two.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import polars as pl

from automic_core import find_errors
from automic_core.cleaning.shapes import shape

Cell = tuple[int, str]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--labels", type=int, default=0, help="rows to label")
    options = parser.parse_args()
    print(f"{'set':<22} {'method':<20} {'cells':>9} {'wrong':>6} {'prec':>6} {'recall':>6} {'F1':>6} {'s':>6}")
    for path in sorted({found.parent for found in options.folder.rglob("dirty.csv")}):
        _set(path, options.labels)
    print(f"highest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _set(path: Path, labelled: int) -> None:
    dirty, clean = (pl.read_csv(path / f"{kind}.csv", infer_schema=False) for kind in ("dirty", "clean"))
    clean = clean.rename(dict(zip(clean.columns, dirty.columns, strict=True)))
    wrong = _differences(dirty, clean)
    cells = dirty.height * dirty.width

    began = time.perf_counter()
    found = find_errors(dirty)
    _line(path.name, "find_errors", cells, wrong, _cells(found), time.perf_counter() - began)
    if labelled:
        rows = random.Random(0).sample(range(dirty.height), min(labelled, dirty.height))
        labels = [(row, name, (row, name) in wrong) for row in rows for name in dirty.columns]
        began = time.perf_counter()
        told = _cells(find_errors(dirty, pl.DataFrame(labels, schema=["row", "column", "wrong"], orient="row")))
        rest = {cell for cell in told if cell[0] not in set(rows)}
        true = {cell for cell in wrong if cell[0] not in set(rows)}
        _line(path.name, f"with {len(rows)} rows", cells, true, rest, time.perf_counter() - began)
    began = time.perf_counter()
    votes = _simple(dirty)
    seconds = time.perf_counter() - began
    for least in (1, 2):
        flagged = {cell for cell, times in votes.items() if times >= least}
        _line(path.name, f"simple rules, {least} vote", cells, wrong, flagged, seconds)


def _differences(dirty: pl.DataFrame, clean: pl.DataFrame) -> set[Cell]:
    return {
        (row, name)
        for name in dirty.columns
        for row in (dirty[name].fill_null("") != clean[name].fill_null("")).arg_true().to_list()
    }


def _cells(found: pl.DataFrame) -> set[Cell]:
    return set(found.select("row", "column").iter_rows())


def _line(name: str, method: str, cells: int, wrong: set[Cell], found: set[Cell], seconds: float) -> None:
    right = len(wrong & found)
    precision, recall = right / max(len(found), 1), right / max(len(wrong), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-9)
    figures = f"{precision:>6.3f} {recall:>6.3f} {f1:>6.3f} {seconds:>6.1f}"
    print(f"{name:<22} {method:<20} {cells:>9,} {len(wrong):>6,} {figures}", flush=True)


def _simple(dirty: pl.DataFrame) -> Counter[Cell]:
    votes: Counter[Cell] = Counter()
    columns = {name: dirty[name].to_list() for name in dirty.columns}
    for name, values in columns.items():
        counts = Counter(values)
        forms = Counter(shape(value) for value in values if value)
        recur = sum(times for times in counts.values() if times > 1) > 0.8 * len(values)
        numbers = np.asarray([_number(value) for value in values])
        known = ~np.isnan(numbers)
        mean, spread = (numbers[known].mean(), numbers[known].std()) if known.sum() > 10 else (0.0, np.inf)
        for row, value in enumerate(values):
            votes[row, name] += not value
            votes[row, name] += bool(value) and recur and counts[value] == 1
            votes[row, name] += bool(value) and forms[shape(value)] < 0.01 * len(values)
            votes[row, name] += bool(known[row]) and abs(numbers[row] - mean) > 3 * spread
    for cell in _disagreements(columns):
        votes[cell] += 1
    return votes


def _number(value: str | None) -> float:
    try:
        return float(value) if value else float("nan")
    except ValueError:
        return float("nan")


def _disagreements(columns: dict[str, list[str | None]]) -> set[Cell]:
    found: set[Cell] = set()
    for key, keys in columns.items():
        if len(set(keys)) > 0.5 * len(keys):
            continue
        for name, values in columns.items():
            groups: dict[str | None, Counter[str | None]] = defaultdict(Counter)
            for left, right in zip(keys, values, strict=True):
                groups[left][right] += 1
            agree = sum(counts.most_common(1)[0][1] for counts in groups.values())
            if name == key or not 0.9 * len(values) <= agree < len(values):
                continue
            usual = {left: counts.most_common(1)[0][0] for left, counts in groups.items()}
            found |= {(r, name) for r, (a, b) in enumerate(zip(keys, values, strict=True)) if usual[a] != b}
    return found


if __name__ == "__main__":
    main()
