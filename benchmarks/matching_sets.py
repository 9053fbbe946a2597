"""Labelled sets for matching, found in a folder by their form.

- A folder with ``gt.csv`` and two other CSV files with an ``id``: two tables to link; ``gt.csv`` names pairs of ids.
- A CSV file with a column ``cluster`` or ``cluster_id``: one table to deduplicate.
- A CSV file whose ``rec_id`` is like ``rec-12-org`` and ``rec-12-dup-0``: one table; two of them called ``…a.csv`` and
  ``…b.csv`` in one folder are linked.

Separators are told by the first line. Columns that number rows or tell the truth are taken away.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

TRUTH = ("cluster", "cluster_id")
NUMBERS = {"id", "rec_id", "unique_id", "record_id"}
_ORIGIN = r"^rec-(\d+)-(?:org|dup-\d+)$"


@dataclass(frozen=True)
class Loaded:
    """A set in memory.

    Attributes:
        frame: The rows; of two tables, the left above the right.
        left: Rows of the left table; None for one table.
        truth: Cluster of each row, or pairs of row numbers for two tables.
        path: The file, where there is one.
    """

    frame: pl.DataFrame
    left: int | None
    truth: np.ndarray
    path: str = ""


Load = Callable[[], Loaded]


def find(folder: Path) -> dict[str, Load]:
    """Every set in a folder and those below it, by name."""
    found: dict[str, Load] = {}
    for place in sorted({folder, *(path for path in folder.rglob("*") if path.is_dir())}):
        files = sorted(place.glob("*.csv"))
        name = place.relative_to(folder).as_posix() if place != folder else place.name
        others = [path for path in files if path.name != "gt.csv"]
        if len(others) + 1 == len(files) == 3:
            found[name] = lambda pair=others: _linked(*pair)
            continue
        for path in files:
            header = _header(path)
            own = f"{name}/{path.stem}" if place != folder else path.stem
            if any(column in header for column in TRUTH):
                found[own] = lambda path=path: _clustered(path)
            elif "rec_id" in header and _origins(path):
                twin = path.with_name(path.name.removesuffix("a.csv") + "b.csv")
                if path.name.endswith("a.csv") and twin in files:
                    found[f"{own}+b"] = lambda one=path, other=twin: _twins(one, other)
                elif not (path.name.endswith("b.csv") and path.with_name(path.name[:-5] + "a.csv") in files):
                    found[own] = lambda path=path: _febrl(path)
    return found


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        first = lines.readline().strip("\ufeff\r\n")
    return [name.strip() for name in next(csv.reader([first], delimiter=_separator(first)), [])]


def _separator(line: str) -> str:
    return max(",|;%\t", key=line.count)


def _read(path: Path) -> pl.DataFrame:
    with path.open(encoding="utf-8", errors="replace") as lines:
        separator = _separator(lines.readline())
    return pl.read_csv(
        path, separator=separator, infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=True
    ).rename(str.strip)


def _origins(path: Path) -> bool:
    return _read(path)["rec_id"].str.contains(_ORIGIN).mean() == 1


def _clustered(path: Path) -> Loaded:
    frame = _read(path)
    truth = next(name for name in TRUTH if name in frame.columns)
    data = [name for name in frame.columns if name not in NUMBERS | {truth}]
    return Loaded(frame.select(data), None, frame[truth].rank("dense").to_numpy().astype(np.int64), str(path))


def _febrl(path: Path) -> Loaded:
    frame = _read(path)
    return Loaded(frame.drop("rec_id"), None, frame["rec_id"].str.extract(_ORIGIN).cast(pl.Int64).to_numpy())


def _twins(one: Path, other: Path) -> Loaded:
    left, right = _febrl(one), _febrl(other)
    place = {who: row for row, who in enumerate(left.truth.tolist())}
    size = left.frame.height
    truth = [[place[who], row + size] for row, who in enumerate(right.truth.tolist()) if who in place]
    return Loaded(pl.concat([left.frame, right.frame]), size, np.array(truth))


def _linked(one: Path, other: Path) -> Loaded:
    told = _read(one.with_name("gt.csv"))
    names = ["id_l", "id_r"] if "id_l" in told.columns else told.columns[:2]
    pairs = list(told.select(names).iter_rows())
    ways = [_way(_read(left), _read(right), pairs) for left, right in ((one, other), (other, one))]
    return max(ways, key=_alike)


def _way(left: pl.DataFrame, right: pl.DataFrame, pairs: list[tuple[str, str]]) -> Loaded:
    mine, theirs = ({name: row for row, name in enumerate(rows["id"])} for rows in (left, right))
    truth = [[mine[a], theirs[b] + left.height] for a, b in pairs if a in mine and b in theirs]
    left, right = left.drop("id"), right.drop("id")
    named = right.rename(dict(zip(right.columns, left.columns, strict=True)))
    return Loaded(pl.concat([left, named]), left.height, np.array(truth, np.int64).reshape(-1, 2))


def _alike(loaded: Loaded) -> float:
    """How alike the true pairs are: of two tables, which one the truth names first shows here."""
    texts = loaded.frame.select(pl.concat_str(pl.all().fill_null(""), separator=" ").str.to_lowercase()).to_series()
    sets = [[set(str(texts[row]).split()) for row in pair] for pair in loaded.truth[:300].tolist()]
    return sum(len(a & b) / max(1, len(a | b)) for a, b in sets) if sets else -1.0
