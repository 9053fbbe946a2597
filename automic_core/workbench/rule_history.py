"""What each rule found, run by run: back-filled from the ledgers and the quarantine of the runs that were published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from automic_core import registry
from automic_core.contracts import Rule
from automic_core.lake import Lakehouse
from automic_core.lakehouse.history import history
from automic_core.medallion.promotion import SPEC
from automic_core.pipeline import RULES
from automic_core.workbench.promotions import entries, promotion_data
from automic_core.workbench.trials import CAST

MOST = 1_000
"""Runs that are looked through; the newest of them."""


@dataclass(frozen=True)
class RulePoint:
    """What a rule found in one published run.

    Attributes:
        run_id: The run.
        at: When it began (UTC).
        failing: Rows that broke the rule; for a rule on the table 1 or 0.
        judged: Rows that it looked at; for a rule on the table 1.
        said: Of a rule on the table, what it said.
    """

    run_id: str
    at: datetime
    failing: int
    judged: int
    said: str = ""

    @property
    def share(self) -> float:
        """Share of the rows that broke it, 0 to 1."""
        return self.failing / self.judged if self.judged else 0.0


def rule_history(lake: Lakehouse, table: str) -> dict[str, list[RulePoint]]:
    """Rule id to what it found in each published run of a table that had it, oldest first; "cast" for the types.

    A rule that found nothing is known only from the promotion that the run published; of a run without one, those
    rules are left out.

    Args:
        lake: The lake.
        table: The table's name, with or without its layer.
    """
    own = table.rpartition(".")[2]
    stored = lake.context.table(f"silver.{own}")
    if stored is None:
        return {}
    specs = {info.run_id: info.summary.get(SPEC, "") for info in history(stored) if info.run_id}
    runs = [each for each in lake.context.state.runs(MOST, state="succeeded") if each.table == f"silver.{own}"]
    found: dict[str, list[RulePoint]] = {}
    for run in sorted((each for each in runs if each.report), key=lambda each: each.started_at):
        report: Mapping[str, Any] = run.report or {}
        lines = {line["id"]: line for line in report.get("steps", [])}
        known = _rules(specs.get(run.run_id, ""))
        for rule, failing, judged, said in _points(lines, known, report):
            found.setdefault(rule, []).append(RulePoint(run.run_id, run.started_at, failing, judged, said))
    return found


def _rules(spec: str) -> dict[str, Mapping[str, Any]]:
    """The rules of a published promotion that were switched on."""
    listed = promotion_data(spec).get("rules")
    return {entry: item for entry, item in entries("rule", listed) if item.get("enabled", True)}


def _points(
    lines: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    report: Mapping[str, Any],
) -> list[tuple[str, int, int, str]]:
    """Rule, failing and judged rows, and what was said, of one run."""
    found = []
    if cast := lines.get(CAST):
        found.append((CAST, int(cast["removed"].get("quarantined:cast", 0)), int(cast["rows_in"]), ""))
    line = lines.get(RULES)
    if line is None:
        return found
    broken: Mapping[str, int] = line.get("broken", {})
    dropped = {reason.partition(":")[2]: n for reason, n in line["removed"].items() if reason.startswith("dropped:")}
    told = {w.split(": ", 1)[0].removeprefix("rule "): w.split(": ", 1)[1] for w in report["warnings"] if ": " in w}
    for rule in dict.fromkeys((*known, *broken, *dropped, *line["warned"], *told)):
        if rule in broken or rule in dropped:
            found.append((rule, broken.get(rule, 0) + dropped.get(rule, 0), line["rows_in"], ""))
        elif rule in line["warned"]:
            found.append((rule, line["warned"][rule], line["rows_out"], ""))
        elif rule in told:
            found.append((rule, 1, 1, told[rule]))
        else:
            whole = registry.load("rule", str(known[rule]["kind"])).fails is Rule.fails
            removes = known[rule].get("action", "quarantine") in ("quarantine", "drop")
            if removes and "broken" not in line:  # written before it was counted
                continue
            found.append((rule, 0, 1 if whole else line["rows_in"] if removes else line["rows_out"], ""))
    return found
