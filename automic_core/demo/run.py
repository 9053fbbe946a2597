"""The demo: messy files in, a trusted lakehouse out, and an honest look at what was found."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from automic_core import workbench
from automic_core.demo import gold
from automic_core.demo.generate import DemoFiles, generate
from automic_core.demo.measure import Measured, measure
from automic_core.demo.truth import read_truth
from automic_core.errors import ConfigError
from automic_core.events import Listener
from automic_core.lake import Lakehouse
from automic_core.medallion.bronze import Ingestion
from automic_core.medallion.semantic import FILE
from automic_core.workbench import Built, Promoted, Rows

TABLES = ("countries", "products", "customers", "orders")  # orders look up countries
SEED = 7
_KEYS = {"customers": ["customer_id"], "orders": ["order_id"]}
_ORDERS_A_CUSTOMER = 10


@dataclass(frozen=True)
class DemoRun:
    """What the demo did; each number it prints comes from here.

    Attributes:
        rules: Folder with a copy of the promotion files.
        seconds: How long the parts took: files, bronze, silver, gold, score, monitors.
    """

    lake: Path
    files: DemoFiles
    rules: Path
    ingestions: list[Ingestion]
    promotions: list[Promoted]
    builds: list[Built]
    scores: list[Measured]
    question: str
    answer: Rows
    seconds: dict[str, float]

    @property
    def balanced(self) -> bool:
        """Whether every ledger adds up."""
        batches = [report for ingestion in self.ingestions for report in ingestion.reports]
        return all(
            each.balanced for each in [*batches, *(p.report for p in self.promotions), *(b.report for b in self.builds)]
        )

    @property
    def added(self) -> int:
        """Rows added to bronze."""
        return sum(ingestion.rows for ingestion in self.ingestions)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        plain: dict[str, Any] = workbench.plain(self)
        return {**plain, "balanced": self.balanced, "added": self.added}


def run_demo(
    lake: str | Path = "demo-lake", *, orders: int = 20_000, on_event: Listener | None = None, actor: str | None = None
) -> DemoRun:
    """Write messy files, build bronze, silver and gold from them, and score the outcome.

    Args:
        lake: Folder of the lake; created. The files are in its folder ``demo``.
        orders: Number of different orders; customers are a tenth of it.
        on_event: Called with signs of life.
        actor: Who is acting, for the records; default the login name.

    Raises:
        ConfigError: The lake holds a demo of another size, or no demo.
        AutomicError: Whatever stopped the run.
    """
    clock = _Clock()
    root = workbench.create(lake).path
    _claim(root, orders)
    made = generate(root / "demo", customers=max(50, orders // _ORDERS_A_CUSTOMER), orders=orders, seed=SEED)
    rules = _copy_rules(root / "rules")
    _copy_words(root)
    specs = {table: workbench.load_promotion(rules / f"{table}.yaml") for table in TABLES}
    clock.lap("files")
    with workbench.opened(root, actor) as opened:
        ingestions = [_ingest(opened, made, table, on_event) for table in TABLES]
        clock.lap("bronze")
        promotions = [workbench.promote(opened, table, specs[table], on_event=on_event) for table in TABLES]
        clock.lap("silver")
        builds = [workbench.build(opened, name, sql.strip(), on_event=on_event) for name, sql in gold.BY_SQL.items()]
        builds += [workbench.build(opened, name, **how, on_event=on_event) for name, how in gold.BY_GROUPS.items()]
        answer = workbench.query(opened, gold.ANSWER, limit=None)
        clock.lap("gold")
        runs = {p.table.partition(".")[2]: p.report.run_id for p in promotions}
        scores = measure(opened, read_truth(made.truth), specs, runs)
        clock.lap("score")
        workbench.measure(opened)
        clock.lap("monitors")
    return DemoRun(root, made, rules, ingestions, promotions, builds, scores, gold.QUESTION, answer, clock.laps)


def _ingest(lake: Lakehouse, made: DemoFiles, table: str, on_event: Listener | None) -> Ingestion:
    places = {
        "customers": str(made.folder / "in" / "customers_*.csv"),
        "orders": str(made.orders),
        "products": str(made.products),
        "countries": str(made.countries),
    }
    policy = workbench.policy(lake.context.root)
    source = workbench.build_source(places[table], policy=policy)
    return workbench.ingest(lake, source, table, keys=_KEYS.get(table, ()), on_event=on_event)


def _claim(root: Path, orders: int) -> None:
    """One lake holds one demo: files of another size would mix with its rows."""
    mark = root / "demo.json"
    wanted = {"orders": orders, "seed": SEED}
    if not mark.exists():
        if (root / "warehouse" / "bronze").exists():
            raise ConfigError(f"The lake {root} holds other tables.", "Give the demo a lake of its own: --lake FOLDER.")
        mark.write_text(json.dumps(wanted), encoding="utf-8")
        return
    found = json.loads(mark.read_text(encoding="utf-8"))
    if found != wanted:
        raise ConfigError(
            f"The demo in {root} has {found['orders']:,} orders, not {orders:,}.",
            f"Run `automic demo --orders {found['orders']}`, or give another --lake.",
        )


def _copy_rules(folder: Path) -> Path:
    """The promotion files where a person can read and change them; changed ones are kept."""
    folder.mkdir(exist_ok=True)
    with as_file(files("automic_core.demo") / "rules") as packaged:
        for file in sorted(packaged.glob("*.yaml")):
            _copy(file, folder / file.name)
    return folder


def _copy_words(lake: Path) -> None:
    """The semantic layer, beside the lake; a changed one is kept."""
    with as_file(files("automic_core.demo") / FILE) as packaged:
        _copy(packaged, lake / FILE)


def _copy(file: Path, target: Path) -> None:
    if not target.exists():
        target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")


class _Clock:
    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now
