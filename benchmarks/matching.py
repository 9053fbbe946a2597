"""Matching without labels next to its peers, on labelled sets.

    python benchmarks/matching.py FOLDER [FOLDER …] [--only WORD] [--labels 200] [--splink PYTHON]

Runs every set that is found in the folders (``matching_sets`` says what a set looks like), each in a process of its own
with default options, and prints one table. F1 counts pairs of rows in one cluster (or linked pairs), B3 averages over
rows (B-cubed), block is the share of the true pairs that were compared. Each set has a minute and 1 GB.

Peers: for links, TF-IDF of letter groups over all columns as one text, mutual best partners, cut at the threshold that
suits the truth best (an oracle that no user has). For made-up people of 500,000 rows or more, Splink in the same run;
PYTHON is that of an environment with ``splink`` and ``polars``. Without it their row is left out. ``--labels`` gives
that many answers from the truth to the most uncertain pairs, 50 at a time.
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
from matching_sets import Loaded, find

HERE = Path(__file__).resolve()
Keys = np.ndarray
SECONDS, MB = 60, 1024
MANY = 500_000
"""Rows from which a set is measured against Splink, and not against the clock."""
BARS = {"febrl": 0.998, "fake_1000": 0.95, "household": 0.75, "hard": 0.75}
"""F1 of sets with these words in their name."""
LABELLED = {"household": 0.8, "hard": 0.8}
"""The same with labels."""


def main() -> None:
    """Print one line a set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", default="", help="only sets with this in their name")
    parser.add_argument("--labels", type=int, default=0, help="answers to the most uncertain pairs, from the truth")
    parser.add_argument("--splink", help="Python of an environment with splink and polars")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sets = {name: load for folder in options.folders for name, load in find(folder.resolve()).items()}
    if options.one:
        print(json.dumps(_measure(sets[options.one](), options.labels)))
        return
    print(
        f"{'set':28}{'rows':>9}{'F1':>8}{'B3':>8}{'block':>8}{'pairs/row':>10}{'seconds':>9}{'CPU s':>8}{'MB':>7}"
        f"  {'bar':30}result"
    )
    means: dict[str, list[tuple[float, float]]] = {}
    for name in sets:
        if options.only in name:
            found = _in_process([sys.executable, str(HERE), *map(str, options.folders), "--one", name], options)
            if "failed" in found:
                print(f"{name:28} failed: {found['failed']}", flush=True)
                continue
            if found["oracle"] is not None:
                means.setdefault(name.rpartition("/")[0], []).append((found["f1"], found["oracle"]))
            _show(name, found, options)
    for group, values in means.items():
        if group and len(values) > 2:
            mine, theirs = np.mean(values, axis=0)
            bar = f"TF-IDF oracle, mean {theirs:.4f}"
            print(f"{group + ', mean':37}{mine:8.4f}{'':42}  {bar:30}{'met' if mine > theirs else 'MISSED'}")


def _in_process(command: list[str], options: argparse.Namespace) -> dict[str, Any]:
    done = subprocess.run([*command, "--labels", str(options.labels)], capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no message"])[-1]}
    made: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return made


def _show(name: str, found: dict[str, Any], options: argparse.Namespace) -> None:
    if found["rows"] >= MANY:
        bar, met = _against_splink(found, options)
    else:
        bar, met = _bar(name, found, options.labels)
        # Of a busy machine the time spent waiting for others does not count.
        if min(found["seconds"], found["cpu"]) > SECONDS or found["mb"] > MB:
            bar, met = f"{bar}, {SECONDS} s, {MB} MB", False
    result = "" if met is None else "met" if met else "MISSED"
    print(
        f"{name:28}{found['rows']:9}{found['f1']:8.4f}{found['b3']:8.4f}{found['block']:8.4f}{found['per_row']:10.1f}"
        f"{found['seconds']:9.1f}{found['cpu']:8.1f}{found['mb']:7.0f}  {bar:30}{result}",
        flush=True,
    )


def _bar(name: str, found: dict[str, Any], labels: int) -> tuple[str, bool | None]:
    bars = BARS | LABELLED if labels else BARS
    for word, least in bars.items():
        if word in name:
            return f"{least}", found["f1"] >= least
    if found["oracle"] is None:
        return "none", None
    # One task of many is not a bar of its own: their mean is.
    return f"TF-IDF oracle {found['oracle']:.4f}", None if "autofj" in name else found["f1"] > found["oracle"]


def _against_splink(found: dict[str, Any], options: argparse.Namespace) -> tuple[str, bool | None]:
    if not options.splink:
        return "Splink: left out, no --splink", None
    peer = _in_process([options.splink, str(HERE.with_name("matching_splink.py")), found["path"]], options)
    if "failed" in peer:
        return f"Splink failed: {peer['failed']}", None
    ratio, work = found["seconds"] / peer["seconds"], found["cpu"] / peer["cpu"]
    print(
        f"{'  Splink on the same':28}{found['rows']:9}{peer['f1']:8.4f}{'':26}{peer['seconds']:9.1f}{peer['cpu']:8.1f}"
        f"{peer['mb']:7.0f}  time ratio {ratio:.2f}, CPU ratio {work:.2f}",
        flush=True,
    )
    return f"1.0 x time, F1 {peer['f1']:.4f}", ratio <= 1 and found["f1"] >= peer["f1"]


def _measure(loaded: Loaded, labels: int) -> dict[str, Any]:
    """Figures of one set, in this process."""
    warnings.simplefilter("ignore")
    from automic_core.matching.engine import Matching
    from automic_core.matching.uncertain import uncertain_pairs

    frame, linking = loaded.frame, loaded.left is not None
    rows = frame.height
    side = (np.arange(rows) >= loaded.left).astype(np.int8) if linking else None
    true_pairs = _keys(loaded.truth[:, 0], loaded.truth[:, 1], rows) if linking else _inside(loaded.truth)
    start, work = time.perf_counter(), time.process_time()
    matching = Matching(frame, frame.columns, side)
    told: list[tuple[int, int, bool]] = []
    while len(told) < labels:
        queue = uncertain_pairs(matching, min(50, labels - len(told)))
        if not queue.height:
            break
        keys = _keys(queue["left_id"].to_numpy(), queue["right_id"].to_numpy(), rows)
        told += list(zip(queue["left_id"], queue["right_id"], np.isin(keys, true_pairs).tolist(), strict=True))
        matching = Matching(frame, frame.columns, side, labels=told)
    if linking:
        a, b, _ = matching.links(0.5)
        found, b3 = _keys(a, b, rows), float("nan")
    else:
        clusters = matching.clusters(0.5)
        found, b3 = _inside(clusters), _b_cubed(clusters, loaded.truth)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    candidates = _keys(*matching.pairs, rows)
    return {
        "rows": rows,
        "f1": _f1(found, true_pairs),
        "b3": b3,
        "block": float(np.isin(true_pairs, candidates).mean()),
        "per_row": len(candidates) / rows,
        "seconds": seconds,
        "cpu": work,
        "mb": memory,
        "oracle": _tfidf(loaded, true_pairs) if linking else None,
        "path": loaded.path,
    }


def _keys(left: Any, right: Any, rows: int) -> Keys:
    return np.minimum(left, right).astype(np.int64) * rows + np.maximum(left, right)


def _inside(clusters: np.ndarray) -> Keys:
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


def _f1(found: Keys, truth: Keys) -> float:
    return float(2 * np.isin(found, truth).sum() / max(1, len(found) + len(truth)))


def _b_cubed(clusters: np.ndarray, truth: np.ndarray) -> float:
    def size(keys: np.ndarray) -> np.ndarray:
        _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
        return counts[inverse]

    both = size(clusters.astype(np.int64) * (truth.max() + 1) + truth)
    precision, recall = (both / size(clusters)).mean(), (both / size(truth)).mean()
    return float(2 * precision * recall / (precision + recall))


def _tfidf(loaded: Loaded, truth: Keys) -> float:
    """F1 of mutual best partners by letter groups, at the best threshold."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    left, rows = loaded.left, loaded.frame.height
    texts = loaded.frame.select(pl.concat_str(pl.all().fill_null(""), separator=" ")).to_series().to_list()
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32).fit_transform(texts)
    product = np.asarray((vectors[:left] @ vectors[left:].T).todense())
    best = product.argmax(0)
    mutual = np.flatnonzero(product.argmax(1)[best] == np.arange(len(best)))
    score = product[best[mutual], mutual]
    hit = np.isin(_keys(best[mutual], mutual + left, rows), truth)[np.argsort(-score)]
    return float((2 * np.cumsum(hit) / (np.arange(1, len(hit) + 1) + len(truth))).max())


if __name__ == "__main__":
    main()
