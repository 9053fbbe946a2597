"""All bars, each measured beside a peer or a floor in the same run: `make bench`, or

    python benchmarks/run.py DATA [--runs 3] [--dlt PYTHON] [--splink PYTHON] [--only NAME]

DATA is a folder with gen_orders.py and gen_people.py, which make the tables of the main job and of matching, and with
the labelled sets that the scripts of judgement name in their own heads; a set that is missing is left out and said so.
``--dlt`` and ``--splink`` name the Python of environments that have dlt[pyiceberg] and splink; without them those rows
are left out. ``--only pages`` and ``--only asking-demo`` need no DATA. CPU is user + system seconds of a fresh process,
imports excluded; memory is its highest resident size, imports included. Pairs run in turn; the ratio is the median of
the pairs' ratios.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measure import child, median, paired

HERE = Path(__file__).parent
JUDGEMENT = {
    "kinds": ("column_kinds.py", "type_inference_sortinghat"),
    "reading": ("csv_reading.py", ""),
    "files": ("reading_files.py", ""),
    "foreign-keys": ("foreign_key_finding.py", ""),
    "errors": ("finding_errors.py", ""),
    "anomalies": ("anomalies.py", "adbench"),
    "series": ("series.py", "nab"),
    "asking": ("asking.py", "spider_dev"),
}
"""Name of a bar to its script and the folder of DATA that the script takes."""
PEOPLE = {"hard": (100_000, "0.2", (11, 12, 13)), "plain": (1_000_000, "0.2", (7,))}
"""People made for matching: households that share much, and a plain set for speed. Rows, share of duplicates, seeds."""


def line(name: str, value: str, bar: str, met: bool | None, detail: str = "") -> None:
    """One row of the table."""
    verdict = {True: "met", False: "MISSED", None: "not run"}[met]
    print(f"{name:<44} {value:>9}  {bar:<14} {verdict:<8} {detail}", flush=True)


class Bench:
    """The files and folders of one run."""

    def __init__(self, data: Path, folder: Path, runs: int, dlt: str | None, splink: str | None) -> None:
        self.data, self.folder, self.runs, self.dlt, self.splink = data, folder, runs, dlt, splink
        self._generator = data / "gen_orders.py"

    def orders(self, millions: int) -> str:
        """The orders file of that size, made once."""
        path = self.folder / f"orders_{millions}m.csv"
        if not path.exists():
            subprocess.run([sys.executable, str(self._generator), str(millions * 1_000_000), str(path)], check=True)
        return str(path)

    def work(self, kind: str, millions: int) -> tuple[str, ...]:
        """A command of lake_work.py in a folder of its own."""
        place = self.folder / kind
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return ("lake_work.py", kind, self.orders(millions), str(place))

    def ratio(self, kind: str, name: str, bar: float) -> None:
        """CPU of a kind of work against the floor, 1M rows."""
        mine, other, ratios = [], [], []
        for _ in range(self.runs):
            other.append(child(*self.work("floor", 1)))
            mine.append(child(*self.work(kind, 1)))
            ratios.append(mine[-1]["cpu"] / other[-1]["cpu"])
        middle = sorted(ratios)[len(ratios) // 2]
        ours, theirs = median(mine), median(other)
        detail = f"{ours['cpu']:.2f} s against {theirs['cpu']:.2f} s ({min(ratios):.2f}-{max(ratios):.2f})"
        line(name, f"{middle:.2f}x", f"<= {bar}x", middle <= bar, detail)

    def memory(self, kind: str, name: str, limit: int, factor: float | None) -> None:
        """Peak memory at 5M rows, and against 1M."""
        large = median([child(*self.work(kind, 5)) for _ in range(max(1, self.runs // 2))])["peak_mb"]
        line(name, f"{large:.0f} MB", f"<= {limit} MB", large <= limit)
        if factor is not None:
            small = median([child(*self.work(kind, 1)) for _ in range(self.runs)])["peak_mb"]
            met = large / small <= factor
            line(f"{name}, against 1M", f"{large / small:.2f}x", f"<= {factor}x", met, f"{small:.0f} MB at 1M")

    def against_dlt(self) -> None:
        """Bronze against dlt's Arrow path into Iceberg."""
        if self.dlt is None:
            line("CSV 1M -> bronze, against dlt", "-", "< 1x", None, "give --dlt PYTHON")
            return
        ours, theirs = [], []
        for _ in range(self.runs):
            theirs.append(child(*self.work("dlt", 1), python=self.dlt))
            ours.append(child(*self.work("bronze", 1)))
        ratio = sorted(a["cpu"] / b["cpu"] for a, b in zip(ours, theirs, strict=True))[len(ours) // 2]
        detail = f"{median(ours)['cpu']:.2f} s against {median(theirs)['cpu']:.2f} s"
        line("CSV 1M -> bronze, against dlt", f"{ratio:.2f}x", "< 1x", ratio < 1, detail)

    def records(self) -> None:
        """A record-level step against a bare loop, as a rate."""
        ours, loop, ratio = paired(
            self.runs, ("record_step.py", "automic", "500000"), ("record_step.py", "loop", "500000")
        )
        detail = f"{ours['cpu']:.2f} s against {loop['cpu']:.2f} s for 500k rows"
        line("record-level step, rate against a loop", f"{1 / ratio:.2f}x", ">= 0.6x", 1 / ratio >= 0.6, detail)

    def script(self, name: str) -> None:
        """A benchmark that prints its own table."""
        print(f"-- {name}", flush=True)
        subprocess.run([sys.executable, str(HERE / name), "--runs", str(self.runs)], check=True)

    def judged(self, name: str) -> None:
        """A benchmark of judgement on its folder of DATA; prints its own table and its own verdicts."""
        script, folder = JUDGEMENT[name]
        place = self.data / folder
        print(f"-- {script}", flush=True)
        if place.is_dir():
            subprocess.run([sys.executable, str(HERE / script), str(place)], check=False)
        else:
            line(name, "-", "", None, f"{place} is missing")

    def matching(self) -> None:
        """Matching on the labelled sets, and on people made here."""
        print("-- matching.py", flush=True)
        peer = ["--splink", self.splink] if self.splink else []
        subprocess.run([sys.executable, str(HERE / "matching.py"), str(self.data), *self._people(), *peer], check=False)

    def _people(self) -> list[str]:
        folder = self.folder / "people"
        folder.mkdir()
        for kind, (rows, share, seeds) in PEOPLE.items():
            for seed in seeds:
                made = [str(rows), str(folder / f"people_{kind}_{seed}.csv"), share, str(seed), kind]
                if subprocess.run([sys.executable, str(self.data / "gen_people.py"), *made], check=False).returncode:
                    line("people", "-", "", None, "gen_people.py needs faker: pip install faker")
                    return []
        return [str(folder)]

    def asking(self) -> None:
        """Questions to the demo lake, without a model; prints its own line."""
        print("-- asking_demo.py", flush=True)
        subprocess.run([sys.executable, str(HERE / "asking_demo.py")], check=False)

    def pages(self) -> None:
        """The workbench in a browser; prints its own table, of medians of 10."""
        print("-- workbench_pages.py", flush=True)
        subprocess.run([sys.executable, str(HERE / "workbench_pages.py")], check=False)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=Path())
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--dlt")
    parser.add_argument("--splink")
    parser.add_argument("--only")
    options = parser.parse_args()
    if options.only not in ("pages", "asking-demo") and not (options.data / "gen_orders.py").exists():
        raise SystemExit(f"{options.data} has no gen_orders.py. Give its folder: make bench DATA=folder")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # users have compiled modules; compiling is not the work
    with tempfile.TemporaryDirectory(prefix="automic-bench-") as folder:
        bench = Bench(options.data, Path(folder), options.runs, options.dlt, options.splink)
        bars: dict[str, Callable[[], None]] = {
            "bronze": lambda: bench.ratio("bronze", "CSV 1M x 12 -> bronze, CPU against pyarrow", 1.3),
            "dlt": bench.against_dlt,
            "bronze-memory": lambda: bench.memory("bronze", "CSV 5M -> bronze, peak memory", 500, 1.2),
            "whole": lambda: bench.ratio("whole", "CSV 1M -> bronze -> silver -> gold, CPU", 4.0),
            "whole-memory": lambda: bench.memory("whole", "the same, 5M, peak memory", 1500, None),
            "records": bench.records,
            "upsert": lambda: bench.script("lakehouse_upsert.py"),
            "duckdb": lambda: bench.script("lakehouse_duckdb.py"),
            "matching": bench.matching,
            **{name: partial(bench.judged, name) for name in JUDGEMENT},
            "asking-demo": bench.asking,
            "pages": bench.pages,
        }
        for name, run in bars.items():
            if options.only in (None, name):
                run()


if __name__ == "__main__":
    main()
