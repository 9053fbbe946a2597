"""Weights for the kinds of columns, learned from SortingHat's labelled columns:

    python benchmarks/column_kinds_training.py FOLDER [--heat 1.3]

FOLDER has data_train.csv (Apache-2.0, github.com/pvn25/ML-Data-Prep-Zoo, MLFeatureTypeInference). The data stays where
it is; what is written is automic_core/inference/kinds/weights.json, which names its origin. ``--heat`` is the figure
that benchmarks/column_kinds.py finds on files the model has not seen.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

from automic_core.inference.kinds.facts import ColumnFacts
from automic_core.inference.kinds.features import features, terms
from automic_core.inference.kinds.model import VERSION, Forest

ORIGIN = "SortingHat training columns, github.com/pvn25/ML-Data-Prep-Zoo at 577af20, Apache-2.0"
WEIGHTS = Path(__file__).parent.parent / "automic_core/inference/kinds/weights.json"
UNIT = 10_000  # scores are kept in steps of 1 / UNIT
TERMS = {True: (10, 80), False: (6, 250)}  # of values, of names: files a term must be in, terms that are kept
ROUNDS, LEAVES = 80, 15


class Labelled(NamedTuple):
    """Labelled columns: facts, figures and terms of each, its label, and the file it came from."""

    facts: list[ColumnFacts]
    figures: list[dict[str, float]]
    terms: list[set[str]]
    labels: np.ndarray
    files: np.ndarray


def labelled(folder: Path, name: str = "data_train.csv") -> Labelled:
    """The labelled columns of a file."""
    data = pl.read_csv(folder / name, infer_schema_length=None)
    facts = [facts_of(row) for row in data.iter_rows(named=True)]
    return Labelled(
        facts,
        [features(each) for each in facts],
        [terms(each) for each in facts],
        data["y_act"].to_numpy(),
        data["Record_id"].to_numpy(),
    )


def facts_of(row: dict[str, Any]) -> ColumnFacts:
    """Facts from a row of base statistics. Text has 0 for each moment, and so has a column of zeros."""
    texts = [row[f"sample_{i}"] for i in range(1, 6)]
    samples = tuple(dict.fromkeys(text.strip() for text in texts if text is not None and text.strip()))
    moments = (row["mean"], row["std_dev"], row["min_val"], row["max_val"])
    numeric = any(moments) or (bool(samples) and all(_is_zero(text) for text in samples))
    known = moments if numeric else (None,) * 4
    return ColumnFacts(
        row["Attribute_name"] or "", row["total_vals"], row["num_nans"], row["num_of_dist_val"], *known, samples
    )


def _is_zero(text: str) -> bool:
    try:
        return float(text) == 0
    except ValueError:
        return False


def fit(data: Labelled, rows: Sequence[int], heat: float = 1.0) -> dict[str, Any]:
    """A forest learned from some of the columns, as the JSON that `Forest.read` takes."""
    inputs = [*data.figures[0], *_vocabulary(data, rows)]
    classes = sorted(set(data.labels))
    empty = Forest("", (), tuple(inputs), *(np.zeros(0),) * 1, 1.0, *(np.zeros(0, dtype=int),) * 6)
    matrix = empty.matrix([data.figures[i] for i in rows], [data.terms[i] for i in rows])
    learner = HistGradientBoostingClassifier(
        max_iter=ROUNDS, learning_rate=0.12, max_leaf_nodes=LEAVES, min_samples_leaf=4, l2_regularization=1.0,
        max_bins=127, max_features=0.4, early_stopping=False, random_state=0,
    )  # fmt: skip
    learner.fit(matrix, data.labels[rows])
    assert list(learner.classes_) == classes
    return _exported(learner, inputs, classes, heat)


def _vocabulary(data: Labelled, rows: Sequence[int]) -> list[str]:
    """Terms that occur in most files, so that one big file does not decide what is worth knowing."""
    where: dict[str, set[int]] = defaultdict(set)
    for i in rows:
        for term in data.terms[i]:
            where[term].add(data.files[i])
    kept: list[str] = []
    for of_values, (least, most) in TERMS.items():
        own = [term for term, files in where.items() if term.startswith("value ") == of_values and len(files) >= least]
        kept += sorted(own, key=lambda term: (-len(where[term]), term))[:most]
    return sorted(kept)


def _exported(learner: Any, inputs: list[str], classes: list[str], heat: float) -> dict[str, Any]:
    arrays: dict[str, list[Any]] = {name: [] for name in ("roots", "feature", "threshold", "blank", "right", "value")}
    for tree in (tree for trees in learner._predictors for tree in trees):
        arrays["roots"].append(len(arrays["feature"]))
        _walk(tree.nodes, 0, arrays)
    used = sorted({i for i in arrays["feature"] if i >= 0})
    place = {old: new for new, old in enumerate(used)} | {-1: -1}
    arrays["feature"] = [place[i] for i in arrays["feature"]]
    base = [round(float(score), 6) for score in learner._baseline_prediction.ravel()]
    return {
        "version": VERSION, "origin": ORIGIN, "classes": classes, "inputs": [inputs[i] for i in used], "base": base,
        "heat": heat, "unit": UNIT, **arrays,
    }  # fmt: skip


def _walk(nodes: np.ndarray, at: int, arrays: dict[str, list[Any]]) -> tuple[float, int]:
    """Write a node and all under it; gives the mean score of its leaves and the number of rows in them."""
    node, here = nodes[at], len(arrays["feature"])
    leaf = bool(node["is_leaf"])
    arrays["feature"].append(-1 if leaf else int(node["feature_idx"]))
    arrays["threshold"].append(0 if leaf else _short(float(node["num_threshold"])))
    arrays["blank"].append(0 if leaf else int(node["missing_go_to_left"]))
    arrays["right"].append(0)
    arrays["value"].append(0)
    if leaf:
        mean, rows = float(node["value"]), int(node["count"])
    else:
        left, some = _walk(nodes, int(node["left"]), arrays)
        arrays["right"][here] = len(arrays["feature"])
        right, others = _walk(nodes, int(node["right"]), arrays)
        rows = some + others
        mean = (left * some + right * others) / rows
    arrays["value"][here] = round(mean * UNIT)
    return mean, rows


def _short(number: float) -> float:
    """Six digits, rounded up: a value equal to the threshold must still go left."""
    if number == 0 or not math.isfinite(number):
        return number if math.isfinite(number) else 1e300
    step = 10.0 ** (math.floor(math.log10(abs(number))) - 5)
    short = float(f"{math.ceil(number / step) * step:.6g}")
    return int(short) if short == int(short) and abs(short) < 1e6 else short


def _pieces(data: dict[str, Any]) -> Iterator[str]:
    for name, value in data.items():
        yield f'"{name}":{json.dumps(value, separators=(",", ":"))}'


def main() -> None:
    """Learn from all columns and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--heat", type=float, default=1.0)
    arguments = parser.parse_args()
    data = labelled(arguments.folder)
    weights = fit(data, range(len(data.labels)), arguments.heat)
    text = "{" + ",\n".join(_pieces(weights)) + "}\n"
    WEIGHTS.write_text(text, encoding="utf-8")
    print(f"{WEIGHTS.name}: {len(text):,} bytes, {len(weights['roots']):,} trees, {len(weights['inputs'])} inputs")


if __name__ == "__main__":
    main()
