"""Fit the weights of trust anew: python benchmarks/calibrating.py FOLDER [--leave-out NAME,NAME] [--model URL]

FOLDER is in Spider's layout, as for benchmarks/asking.py; name the databases that results are reported on with
--leave-out. A third of the databases (by a hash of their name) is held back: on it the curve and the calibration of
weights fitted on the others are printed, and then these weights, so that what is held back stays fit to report on:
those of the grammar or, with the address of the server of a model, those of the model's rung, from the questions that
it was asked. Logistic
regression with an L2 penalty, by Newton's method (Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning",
2nd ed., 4.4.1).
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from asking import MODEL, Outcome, asked, curve

from automic_core.assist.asking import grammar, model_rung, model_trust, trusting

PENALTY = 3.0
BINS = (0.0, 0.7, 0.8, 0.9, 0.95, 1.0)


def fitted(signs: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Weights; the first is that of the constant and not penalised."""
    weights = np.zeros(signs.shape[1])
    penalty = np.diag([1e-3, *[PENALTY] * (len(weights) - 1)])
    for _ in range(100):
        likely = 1 / (1 + np.exp(-signs @ weights))
        slope = signs.T @ (likely - right) + penalty @ weights
        bend = (signs.T * (likely * (1 - likely))) @ signs + penalty
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def held_back(database: str) -> bool:
    """Whether a database is kept for judging the weights."""
    return int(hashlib.md5(database.encode()).hexdigest(), 16) % 3 == 0


def outcomes(folder: Path, left: set[str], most: int | None, llm: dict[str, Any]) -> list[Outcome]:
    """All questions, answered however little an answer is trusted."""
    questions = json.loads((folder / "dev.json").read_text(encoding="utf-8"))
    found: list[Outcome] = []
    for name in sorted({each["db_id"] for each in questions} - left):
        file = folder / "database" / name / f"{name}.sqlite"
        if file.exists():
            own = [each for each in questions if each["db_id"] == name][:most]
            with tempfile.TemporaryDirectory(prefix="automic-asking-") as lake:
                found += asked(file, own, Path(lake) / "lake", llm)
            print(f"{name}: {len(own)} questions", flush=True)
    return [each for each in found if each.proven]


def main() -> None:
    """Answer, fit, judge, print."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("folder", type=Path)
    reader.add_argument("--leave-out", default="", help="names of databases, separated by commas")
    reader.add_argument("--most", type=int, default=None, help="questions of each database at most")
    reader.add_argument("--model", default="", help="address of the server of a model")
    chosen = reader.parse_args()
    if chosen.model:
        rung, known, llm = "model", model_trust.WEIGHTS, MODEL | {"api_base": chosen.model}
        model_rung.LEAST_TRUST = 0.0
    else:
        rung, known, llm = "grammar", trusting.WEIGHTS, {}
        grammar.LEAST_TRUST = 0.0
    found = outcomes(chosen.folder, set(chosen.leave_out.split(",")), chosen.most, llm)
    names = sorted(set(known) - {"always"})
    answered = [each for each in found if each.rung == rung]
    signs = np.array([[1.0, *(each.signs[name] for name in names)] for each in answered])
    right = np.array([float(each.right) for each in answered])
    held = np.array([held_back(each.database) for each in answered])
    weights = fitted(signs[~held], right[~held])
    likely = 1 / (1 + np.exp(-signs @ weights))
    judged = [
        Outcome(each.database, each.rung, float(trust), each.right, each.crashed, each.seconds)
        for each, trust, back in zip(answered, likely, held, strict=True)
        if back
    ]
    curve(judged, rung, sum(held_back(each.database) for each in found))
    for low, high in itertools.pairwise(BINS):
        own = [each.right for each in judged if low <= each.trust < high]
        print(f"  trusted {low:.2f} to {high:.2f}: {len(own)} answers, {sum(own) / max(len(own), 1):.3f} right")
    for name, weight in zip(["always", *names], weights, strict=True):
        print(f'    "{name}": {weight:.2f},')


if __name__ == "__main__":
    main()
