"""Questions in plain language against gold SQL: python benchmarks/asking.py FOLDER [--leave-out NAME,NAME] [--most N]
[--only NAME,NAME] [--model URL]

FOLDER is in Spider's layout: database/NAME/NAME.sqlite, and dev.json with db_id, question and query. Each database is
loaded as a lake (bronze, then silver with the types that are inferred), each question asked with ``Lakehouse.ask``. An
answer is right if its rows are those of the gold query run in SQLite: with their order only where the gold query sorts
without a limit, columns in any order, numbers to four places, times and dates in words by what they say. A crash counts
as a wrong answer. Printed, per rung: the share answered and the share of those that is right, from the most trusted
answers on; the coverage at .95; and the same for the questions whose gold query finds rows at all. With the address of
the server of a model (OpenAI's protocol) it is asked where the grammar is not sure, and told sample values of all
tables, never such as look personal; then the curve of the whole ladder is printed too.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import asking_demo

from automic_core import Lakehouse
from automic_core.connectors.databases.sqlite import SQLiteSource
from automic_core.errors import AutomicError
from automic_core.llm.model import telling

MOST_COLUMNS = 6
_CLOCK = re.compile(r"\d{1,2}:\d\d(:\d\d)?")
_DATES = ("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y")
MODEL = {"mode": "local", "provider": "compatible", "model": "model", "timeout_seconds": 300, "daily_tokens": None}
SURE = 0.95
STEPS = 20
"""Points of a curve, were every question answered."""


@dataclass(frozen=True)
class Outcome:
    """One question: who answered it ("" = nobody), how far to trust it, whether it was right.

    Attributes:
        proven: Whether the gold query finds any row.
        signs: What the reading assumed.
    """

    database: str
    rung: str
    trust: float
    right: bool
    crashed: bool
    seconds: float
    proven: bool = True
    signs: Mapping[str, float] = field(default_factory=dict)


def loaded(file: Path, lake: Lakehouse) -> None:
    """All tables of a SQLite file, in bronze and in silver."""
    names, _ = SQLiteSource(str(file)).relations()
    for name in names:
        if lake.bronze.ingest(SQLiteSource(str(file), table=name), name).rows:
            lake.silver.promote(name)


def asked(file: Path, questions: list[dict[str, Any]], folder: Path, llm: dict[str, Any]) -> Iterator[Outcome]:
    """The outcomes of the questions to one database."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as gold, Lakehouse.open(folder, llm=llm) as lake:
        gold.text_factory = lambda text: text.decode("utf-8", "replace")
        loaded(file, lake)
        for name in lake.tables() if llm else ():
            lake.context.state.models.agree(telling(name), "benchmark")
        for question in questions:
            expected = _cells(gold.execute(question["query"]).fetchall())
            proven = bool(expected)
            began = time.perf_counter()
            try:
                answer = lake.ask(question["question"])
            except (AutomicError, ArithmeticError, LookupError, TypeError, ValueError, AssertionError):
                yield Outcome(question["db_id"], "crash", 1.0, False, True, time.perf_counter() - began, proven)
                continue
            seconds = time.perf_counter() - began
            if answer.sql is None or answer.frame is None:
                yield Outcome(question["db_id"], "", 0.0, False, False, seconds, proven)
                continue
            ordered = bool(re.search(r"order\s+by", question["query"], re.I)) and not re.search(
                r"limit", question["query"], re.I
            )
            right = same(_cells(answer.frame.rows()), expected, ordered=ordered)
            yield Outcome(
                question["db_id"], answer.rung or "", answer.trust, right, False, seconds, proven, answer.signs
            )


def same(rows: list[tuple[str, ...]], expected: list[tuple[str, ...]], *, ordered: bool) -> bool:
    """Whether two answers hold the same rows, with their columns in some order."""
    if len(rows) != len(expected):
        return False
    if not rows:
        return True
    width = len(rows[0])
    if width != len(expected[0]) or width > MOST_COLUMNS:
        return width == len(expected[0]) and (rows == expected if ordered else sorted(rows) == sorted(expected))
    wanted = expected if ordered else sorted(expected)
    for places in itertools.permutations(range(width)):
        turned = [tuple(row[place] for place in places) for row in rows]
        if (turned if ordered else sorted(turned)) == wanted:
            return True
    return False


def _cells(rows: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    return [tuple(_cell(value) for value in row) for row in rows]


def _cell(value: Any) -> str:
    try:
        return f"{float(value):.4f}"
    except (TypeError, ValueError):
        text = str(value).removesuffix(" 00:00:00")
    if _CLOCK.fullmatch(text):
        return f"{text:0>5}:00" if text.count(":") == 1 else f"{text:0>8}"
    for form in _DATES:
        with suppress(ValueError):
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007
    return text


def curve(outcomes: list[Outcome], rung: str, of: int) -> None:
    """Print the share answered and the share right from a trust on, and the coverage at ``SURE``."""
    found = sorted((each for each in outcomes if each.rung == rung or each.crashed), key=lambda each: -each.trust)
    sure, right = 0.0, 0
    for number, each in enumerate(found, 1):
        right += each.right
        sure = number / of if right / number >= SURE else sure
        if number == len(found) or (number * STEPS // of) < ((number + 1) * STEPS // of):
            print(f"  {rung}: trust {each.trust:.2f}  answered {number / of:.3f}  right {right / number:.3f}")
    print(f"  {rung}: coverage at {SURE:.2f}: {sure:.3f}")


def main() -> None:
    """Run the questions of a folder."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("folder", type=Path, nargs="?")
    reader.add_argument("--demo", action="store_true", help="how quickly the demo lake answers; needs no folder")
    reader.add_argument("--leave-out", default="", help="names of databases, separated by commas")
    reader.add_argument("--most", type=int, default=0, help="questions of each database at most; 0 = all")
    reader.add_argument("--only", default="", help="names of databases, separated by commas; the others are left out")
    reader.add_argument(
        "--model", default="", help="address of the server of a model, such as http://127.0.0.1:8080/v1"
    )
    chosen = reader.parse_args()
    if chosen.demo:
        asking_demo.main()
        return
    if chosen.folder is None:
        reader.error("give a folder in Spider's layout, or --demo")
    left = set(chosen.leave_out.split(","))
    only = set(filter(None, chosen.only.split(",")))
    llm = MODEL | {"api_base": chosen.model} if chosen.model else {}
    questions = json.loads((chosen.folder / "dev.json").read_text(encoding="utf-8"))
    outcomes: list[Outcome] = []
    for name in sorted({each["db_id"] for each in questions} - left):
        file = chosen.folder / "database" / name / f"{name}.sqlite"
        if not file.exists() or (only and name not in only):
            continue
        own = [each for each in questions if each["db_id"] == name]
        with tempfile.TemporaryDirectory(prefix="automic-asking-") as folder:
            found = list(asked(file, own[: chosen.most or None], Path(folder) / "lake", llm))
        outcomes += found
        answered = [each for each in found if each.rung]
        right = sum(each.right for each in answered)
        crashed = sum(each.crashed for each in found)
        print(f"{name}: {len(found)} questions, {len(answered)} answered, {right} right, {crashed} crashed")
    if not outcomes:
        raise SystemExit(f"No question in {chosen.folder} has its database.")
    print(f"{len(outcomes)} questions, median {statistics.median(each.seconds for each in outcomes) * 1000:.0f} ms")
    told(outcomes)
    proven = [each for each in outcomes if each.proven]
    if len(proven) < len(outcomes):
        print(f"Of them {len(proven)} whose gold query finds rows:")
        told(proven)


def told(outcomes: list[Outcome]) -> None:
    """Print the curve of each rung."""
    rungs = sorted({each.rung for each in outcomes} - {"", "crash"})
    for rung in rungs:
        curve(outcomes, rung, len(outcomes))
    if len(rungs) > 1:
        curve(
            [replace(each, rung="ladder") if each.rung in rungs else each for each in outcomes], "ladder", len(outcomes)
        )


if __name__ == "__main__":
    main()
