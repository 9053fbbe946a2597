"""Kinds of columns against labels, cross-validated: python benchmarks/column_kinds.py FOLDER

FOLDER has SortingHat's data_train.csv (see column_kinds_training.py). Printed are accuracy, F1 a class, calibration:

- plain: five folds of columns, as in V. Shah et al., SIGMOD 2021 (a file's columns may be on both sides);
- by file: five folds of whole files, so that each column comes from a file the model has not seen;
- rules: the meanings Automic infers without a model, mapped to the nine classes.

What is measured is what ships: weights as JSON, read and evaluated by the package. ``--shipped`` scores the shipped
weights on another file of labelled columns instead, without any learning: --shipped data_test.csv
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
from column_kinds_training import Labelled, fit, labelled
from scipy.optimize import minimize_scalar
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from automic_core.inference import infer
from automic_core.inference.kinds.model import Forest, forest
from automic_core.inference.meaning import Meaning, meaning

FOLDS, BAR = 5, 0.93
CLASS_OF = {
    "numeric": "amount of money, count or quantity, measured number, number, latitude, longitude",
    "categorical": "category, yes or no, country code, currency, language, postcode, place",
    "datetime": "date, point in time, time of day, year",
    "sentence": "free text",
    "url": "web address",
    "list": "nested data",
    "not-generalizable": "identifier, constant, empty, UUID",
}


def by_rules(data: Labelled) -> np.ndarray:
    """What the meanings inferred without a model say; a name stands once in a table, so there are several tables."""
    tables: dict[int, list[int]] = defaultdict(list)
    seen: dict[str, int] = defaultdict(int)
    for i, facts in enumerate(data.facts):
        tables[seen[facts.name]].append(i)
        seen[facts.name] += 1
    told = np.empty(len(data.facts), dtype=object)
    for rows in tables.values():
        texts = {data.facts[i].name: [*data.facts[i].samples, *[None] * 5][:5] for i in rows}
        found = infer(pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)), detect_kinds=False)
        for i, evidence, field in zip(rows, found.columns, found.schema.fields, strict=True):
            facts = data.facts[i]
            evidence.rows, evidence.nulls, evidence.distinct = facts.rows, facts.nulls, facts.distinct
            values = pl.Series(facts.samples, dtype=pl.String)
            told[i] = _class(meaning(evidence, field, values), f"{evidence.reason} {evidence.format or ''}")
    return told


def _class(found: Meaning, why: str) -> str:
    if "percent sign" in why or "1234,5" in why or ("234" in why and found.name != "identifier"):
        return "embedded-number"
    return next((name for name, words in CLASS_OF.items() if found.name in words.split(", ")), "context-specific")


def cross_validated(data: Labelled, *, by_file: bool) -> np.ndarray:
    """Scores of each column by a forest that has not seen it (by file: nor any column of its file)."""
    folds = (StratifiedGroupKFold if by_file else StratifiedKFold)(FOLDS, shuffle=True, random_state=0)
    scores = np.zeros((len(data.labels), len(set(data.labels))))
    for seen, unseen in folds.split(data.labels, data.labels, data.files if by_file else None):
        learned = Forest.read(fit(data, seen))
        scores[unseen] = learned.scores(_matrix(learned, data, unseen))
    return scores


def _matrix(learned: Forest, data: Labelled, rows: np.ndarray) -> np.ndarray:
    return learned.matrix([data.figures[i] for i in rows], [data.terms[i] for i in rows])


def probabilities(scores: np.ndarray, heat: float) -> np.ndarray:
    """Softmax of cooled scores."""
    raised = np.exp((scores - scores.max(axis=1, keepdims=True)) / heat)
    return raised / raised.sum(axis=1, keepdims=True)


def best_heat(scores: np.ndarray, truth: np.ndarray) -> float:
    """The heat that makes the labels most likely (temperature scaling, C. Guo et al., ICML 2017)."""

    def loss(heat: float) -> float:
        own = probabilities(scores, heat)[np.arange(len(truth)), truth]
        return float(-np.log(own + 1e-12).mean())

    return float(minimize_scalar(loss, bounds=(0.3, 6), method="bounded").x)


def off_by(told: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error: mean gap between confidence and share of right ones, over ten bins."""
    bins = np.minimum((told * 10).astype(int), 9)
    return sum(abs(told[bins == i].mean() - right[bins == i].mean()) * (bins == i).mean() for i in set(bins))


def show(name: str, data: Labelled, told: np.ndarray, note: str = "") -> None:
    """Accuracy over columns, and over files of equal weight (one survey has a ninth of all columns); F1 a class."""
    labels = data.labels
    classes = sorted(set(labels))
    files = np.unique(data.files, return_inverse=True)[1]
    a_file = np.mean(np.bincount(files, labels == told) / np.bincount(files))
    scores = f1_score(labels, told, labels=classes, average=None, zero_division=0)
    print(f"\n{name}: accuracy {np.mean(labels == told):.4f}, a file {a_file:.4f}, macro F1 {scores.mean():.4f} {note}")
    print("  " + "  ".join(f"{label} {score:.3f}" for label, score in zip(classes, scores, strict=True)), flush=True)


def main() -> None:
    """Print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shipped", metavar="FILE", help="score the shipped weights on this file of the folder")
    arguments = parser.parse_args()
    began = time.process_time()
    data = labelled(arguments.folder, arguments.shipped or "data_train.csv")
    print(
        f"{len(data.labels):,} columns of {len(set(data.files)):,} files; {time.process_time() - began:.1f} s to read"
    )
    classes = np.array(sorted(set(data.labels)))
    show("rules", data, by_rules(data))
    if arguments.shipped:
        learned = forest()
        scores = learned.scores(_matrix(learned, data, np.arange(len(data.labels))))
        show("shipped weights", data, np.array(learned.classes)[scores.argmax(axis=1)])
        return
    truth = np.searchsorted(classes, data.labels)
    for name, by_file in (("by file", True), ("plain", False)):
        scores = cross_validated(data, by_file=by_file)
        told, heat = scores.argmax(axis=1), best_heat(scores, truth)
        notes = [f"heat {heat:.2f}"]
        for each in (1.0, heat):
            sure = probabilities(scores, each).max(axis=1)
            notes.append(f"calibration error at {each:.2f}: {off_by(sure, told == truth):.3f}")
        show(name, data, classes[told], "; ".join(notes))
    verdict = "met" if np.mean(told == truth) >= BAR else "MISSED"
    print(f"\nbar {BAR}, plain: {verdict}; {time.process_time() - began:.0f} s CPU")


if __name__ == "__main__":
    main()
