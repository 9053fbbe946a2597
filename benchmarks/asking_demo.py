"""How quickly a question is answered without a model, on the demo lake: python benchmarks/asking_demo.py [--orders N]

The demo is built, its words are read once, then each question is asked ``ROUNDS`` times with ``Lakehouse.ask``: read,
written, run, charted, with the quality of its tables. Printed: the median of all answers in wall and CPU time, the
slowest question, and how many abstain; the bar is 300 ms.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from automic_core import Lakehouse
from automic_core.demo.run import run_demo

BAR = 0.3
ROUNDS = 5
QUESTIONS: tuple[tuple[str, ...], ...] = (
    ("How many orders are there?", "by month instead", "only for Germany"),
    ("How many orders are there for each status?", "top 3"),
    ("What is the total revenue for each region?", "and in 2024?"),
    ("Which region has the highest turnover?", "what about the lowest?"),
    ("How many customers are there in Germany?", "and in France?", "for each segment"),
    ("What is the average price of products for each category?", "and the highest?"),
    ("Which brand has the most products?",),
    ("How many products have a price above 100?",),
    ("What are the names of products with a stock of more than 400?",),
    ("How many unicorns are there?",),
)


def main(orders: int = 2_000) -> float:
    """Ask, print, and return the median in seconds of wall time."""
    wall: list[float] = []
    cpu: list[float] = []
    slowest, abstained = ("", 0.0), 0
    with tempfile.TemporaryDirectory(prefix="automic-asking-") as folder:
        found = run_demo(Path(folder) / "lake", orders=orders).lake
        with Lakehouse.open(found, read_only=True) as lake:
            began = time.perf_counter()
            lake.ask("")
            print(f"reading the words of the tables: {time.perf_counter() - began:.2f} s, once a state of the lake")
            for conversation in QUESTIONS:
                for place, question in enumerate(conversation):
                    times = []
                    for _ in range(ROUNDS):
                        start, busy = time.perf_counter(), time.process_time()
                        answer = lake.ask(question, conversation[:place])
                        times.append(time.perf_counter() - start)
                        cpu.append(time.process_time() - busy)
                    wall += times
                    abstained += answer.sql is None
                    slowest = max(slowest, (question, statistics.median(times)), key=lambda each: each[1])
    asked = sum(map(len, QUESTIONS))
    median = statistics.median(wall)
    print(
        f"asking the demo of {orders:,} orders, no model: median {median * 1000:.0f} ms wall, "
        f"{statistics.median(cpu) * 1000:.0f} ms CPU, bar {BAR * 1000:.0f} ms; "
        f"slowest {slowest[1] * 1000:.0f} ms ({slowest[0]}); {abstained} of {asked} abstain"
    )
    return median


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--orders", type=int, default=2_000)
    main(reader.parse_args().orders)
