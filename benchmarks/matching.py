"""Matching without labels next to its peers, on labelled sets.

    python benchmarks/matching.py DATA [--only WORD] [--people FOLDER] [--labels 200]

DATA holds the folders ``febrl``, ``splink_fake_1000``, ``er_abt_buy``, ``er_dblp_acm``, ``er_restaurants_oaei`` and
``er_autofj``; those that are missing are left out. ``--people`` is a folder of CSV files with ``rec_id`` and
``cluster_id`` (made-up people), each a set to deduplicate. Every set runs in a process of its own with default options;
the columns that number rows or tell the truth are taken away before. F1 counts pairs of rows in one cluster (or linked
pairs), B-cubed averages over rows.

Peer, for links: TF-IDF of letter groups over all columns as one text, mutual best partners, cut at the threshold that
suits the truth best (an oracle that no user has).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

HERE = Path(__file__).resolve()
Truth = np.ndarray


def main() -> None:
    """Print one line a set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--people", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument(
        "--labels", type=int, default=0, help="labels given to the most uncertain pairs, from the truth"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sets = _sets(options.data, options.people)
    if options.one:
        print(json.dumps(_measure(sets[options.one], options.labels)))
        return
    print(f"{'set':24}{'rows':>9}{'F1':>8}{'B3':>8}{'block':>8}{'pairs/row':>10}{'seconds':>9}{'MB':>7}  peer")
    means: dict[str, list[tuple[float, float]]] = {}
    for name in sets:
        if options.only not in name:
            continue
        command = [sys.executable, str(HERE), str(options.data), "--one", name, "--labels", str(options.labels)]
        command += ["--people", str(options.people)] if options.people else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name:24} failed: {done.stderr.strip().splitlines()[-1]}", flush=True)
            continue
        found = json.loads(done.stdout)
        if found["oracle"] is not None:
            means.setdefault(name.split("/")[0], []).append((found["f1"], found["oracle"]))
        print(
            f"{name:24}{found['rows']:9}{found['f1']:8.4f}{found['b3']:8.4f}{found['block']:8.4f}"
            f"{found['per_row']:10.1f}{found['seconds']:9.1f}{found['mb']:7.0f}  {found['peer']}",
            flush=True,
        )
    for group, values in means.items():
        if len(values) > 1:
            mine, theirs = np.mean(values, axis=0)
            print(f"{group + ', mean':33}{mine:8.4f}  TF-IDF oracle {theirs:.4f}")


def _people(folder: Path | None) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.csv"))} if folder else {}


def _sets(data: Path, people: Path | None) -> dict[str, tuple[Any, ...]]:
    sets: dict[str, tuple[Any, ...]] = {}
    for number in (1, 2, 3):
        sets[f"febrl{number}"] = (_febrl, data / f"febrl/dataset{number}.csv")
    sets["febrl4a+4b"] = (_febrl_link, data / "febrl")
    sets["fake_1000"] = (_fake, data / "splink_fake_1000/fake_1000.csv")
    sets["abt-buy"] = (_link, data / "er_abt_buy", "abt.csv", "buy.csv", "|")
    sets["dblp-acm"] = (_link, data / "er_dblp_acm", "dblp.csv", "acm.csv", "%")
    sets["restaurants"] = (_link, data / "er_restaurants_oaei", "rest1.csv", "rest2.csv", "|")
    for folder in sorted((data / "er_autofj").glob("*")):
        sets[f"autofj/{folder.name}"] = (_link, folder, "left.csv", "right.csv", ",")
    sets = {name: made for name, made in sets.items() if made[1].exists()}
    return sets | {name: (_made_up, path) for name, path in _people(people).items()}


def _read(path: Path, separator: str = ",") -> pl.DataFrame:
    return pl.read_csv(
        path, separator=separator, infer_schema=False, encoding="utf8-lossy", truncate_ragged_lines=True
    ).rename(str.strip)


def _febrl(path: Path) -> tuple[Any, ...]:
    frame = _read(path)
    return frame.drop("rec_id"), frame["rec_id"].str.extract(r"rec-(\d+)").cast(pl.Int64).to_numpy()


def _fake(path: Path) -> tuple[Any, ...]:
    frame = _read(path)
    return frame.drop("unique_id", "cluster"), frame["cluster"].cast(pl.Int64).to_numpy()


def _made_up(path: Path) -> tuple[Any, ...]:
    frame = _read(path)
    return frame.drop("rec_id", "cluster_id"), frame["cluster_id"].cast(pl.Int64).to_numpy()


def _febrl_link(folder: Path) -> tuple[Any, ...]:
    left, right = _febrl(folder / "dataset4a.csv"), _febrl(folder / "dataset4b.csv")
    place = {who: row for row, who in enumerate(left[1].tolist())}
    truth = np.array([[place[who], row] for row, who in enumerate(right[1].tolist()) if who in place])
    return left[0], right[0], truth


def _link(folder: Path, one: str, other: str, separator: str) -> tuple[Any, ...]:
    left, right, told = (
        _read(folder / one, separator),
        _read(folder / other, separator),
        _read(folder / "gt.csv", separator),
    )
    mine, theirs = ({name: row for row, name in enumerate(rows["id"])} for rows in (left, right))
    a, b = ("id_l", "id_r") if "id_l" in told.columns else told.columns[:2]
    truth = np.array([[mine[x], theirs[y]] for x, y in told.select(a, b).iter_rows() if x in mine and y in theirs])
    return left.drop("id"), right.drop("id").rename(dict(zip(right.columns[1:], left.columns[1:], strict=True))), truth


def _measure(made: tuple[Any, ...], labels: int) -> dict[str, Any]:
    """Figures of one set, in this process."""
    warnings.simplefilter("ignore")
    loaded = made[0](*made[1:])
    linking = len(loaded) == 3
    from automic_core.matching.engine import Matching
    from automic_core.matching.uncertain import uncertain_pairs

    start = time.perf_counter()
    frame = pl.concat(loaded[:2]) if linking else loaded[0]
    side = np.repeat([0, 1], [loaded[0].height, loaded[1].height]).astype(np.int8) if linking else None
    rows = frame.height
    truth = loaded[2] + [0, loaded[0].height] if linking else None
    true_pairs = _keys(truth[:, 0], truth[:, 1], rows) if linking else _inside(loaded[1])
    matching = Matching(frame, frame.columns, side)
    told: list[tuple[int, int, bool]] = []
    while len(told) < labels:
        queue = uncertain_pairs(matching, min(50, labels - len(told)))
        keys = _keys(queue["left_id"].to_numpy(), queue["right_id"].to_numpy(), rows)
        told += list(zip(queue["left_id"], queue["right_id"], np.isin(keys, true_pairs).tolist(), strict=True))
        matching = Matching(frame, frame.columns, side, labels=told)
    if linking:
        a, b, _ = matching.links(0.5)
        found, b3 = _keys(a, b, rows), float("nan")
    else:
        clusters = matching.clusters(0.5)
        found, b3 = _inside(clusters), _b_cubed(clusters, loaded[1])
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    candidates = _keys(*matching.pairs, rows)
    oracle = _tfidf(loaded, true_pairs) if linking else None
    return {
        "rows": rows,
        "f1": _f1(found, true_pairs),
        "b3": b3,
        "block": float(np.isin(true_pairs, candidates).mean()),
        "per_row": len(candidates) / rows,
        "seconds": seconds,
        "mb": memory,
        "oracle": oracle,
        "peer": f"TF-IDF oracle {oracle:.4f}" if oracle is not None else "",
    }


def _keys(left: Any, right: Any, rows: int) -> Truth:
    return np.minimum(left, right).astype(np.int64) * rows + np.maximum(left, right)


def _inside(clusters: np.ndarray) -> Truth:
    """Every pair of rows in one cluster."""
    order = np.argsort(clusters, kind="stable")
    sorted_clusters, made, step = clusters[order], [], 1
    while step < len(order):
        same = np.flatnonzero(sorted_clusters[step:] == sorted_clusters[:-step])
        if not len(same):
            break
        made.append(_keys(order[same], order[same + step], len(order)))
        step += 1
    return np.concatenate(made) if made else np.empty(0, np.int64)


def _f1(found: Truth, truth: Truth) -> float:
    return float(2 * np.isin(found, truth).sum() / max(1, len(found) + len(truth)))


def _b_cubed(clusters: np.ndarray, truth: np.ndarray) -> float:
    def size(keys: np.ndarray) -> np.ndarray:
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return counts[inverse]

    both = size(clusters.astype(np.int64) * (truth.max() + 1) + truth)
    precision, recall = (both / size(clusters)).mean(), (both / size(truth)).mean()
    return float(2 * precision * recall / (precision + recall))


def _tfidf(loaded: tuple[Any, ...], truth: Truth) -> float:
    """F1 of mutual best partners by letter groups, at the best threshold."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    rows = loaded[0].height + loaded[1].height
    texts = [
        part.select(pl.concat_str(pl.all().fill_null(""), separator=" ")).to_series().to_list() for part in loaded[:2]
    ]
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32).fit_transform(
        texts[0] + texts[1]
    )
    product = np.asarray((vectors[: len(texts[0])] @ vectors[len(texts[0]) :].T).todense())
    best = product.argmax(0)
    mutual = np.flatnonzero(product.argmax(1)[best] == np.arange(len(best)))
    score = product[best[mutual], mutual]
    hit = np.isin(_keys(best[mutual], mutual + len(texts[0]), rows), truth)[np.argsort(-score)]
    return float((2 * np.cumsum(hit) / (np.arange(1, len(hit) + 1) + len(truth))).max())


if __name__ == "__main__":
    main()
