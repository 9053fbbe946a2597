"""Gates: what each check of a promotion found, in numbers, for the person who decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from automic_core.contracts import Rule
from automic_core.events import RunReport, StepStats
from automic_core.pipeline import RULES
from automic_core.running import EXTRACT

Outcome = Literal["passed", "warned", "quarantined", "dropped", "tolerated"]
_OUTCOME: dict[str, Outcome] = {
    "quarantine": "quarantined",
    "drop": "dropped",
    "warn": "warned",
    "fail": "tolerated",
}


@dataclass(frozen=True)
class Gate:
    """One check and its outcome. A check with action "fail" that does not pass stops the promotion before this.

    Attributes:
        id: The rule's id; "malformed" and "cast" are checks that every promotion makes.
        says: What it found fault with, in words.
        action: What happens to rows that break it; None = nothing can.
        units: Rows that were judged.
        failed: Rows that broke it; for a rule about the whole table 1 or 0.
    """

    id: str
    kind: str
    columns: list[str]
    says: str
    action: str
    units: int
    failed: int
    outcome: Outcome

    @property
    def share(self) -> float:
        """Share of the rows that passed, 0 to 1."""
        return 1 - self.failed / self.units if self.units else 1.0


def judged(rules: Sequence[tuple[str, Rule]], report: RunReport, schema: Mapping[str, Any]) -> list[Gate]:
    """The gates of a finished run.

    Args:
        rules: Id and rule, in order.
        report: The ledger.
        schema: Types of the columns that the rules looked at.
    """
    lines = {line.id: line for line in report.steps}
    read = lines.get(EXTRACT)
    malformed = read.removed.get("quarantined:malformed", 0) if read is not None else 0
    found = [_gate("malformed", "read", [], "the record could not be read", "quarantine", report.rows_in, malformed)]
    if (typed := lines.get("cast")) is not None:
        misfits = typed.removed.get("quarantined:cast", 0)
        says = "a value does not fit its column's type"
        found.append(_gate("cast", "cast", [], says, "quarantine", typed.rows_in, misfits))
    last = lines.get(RULES)
    for rule_id, rule in rules if last is not None else ():
        assert last is not None
        found.append(_of_rule(rule_id, rule, last, report.warnings, schema))
    return found


def _of_rule(rule_id: str, rule: Rule, line: StepStats, warnings: Sequence[str], schema: Mapping[str, Any]) -> Gate:
    says = rule.says(schema)
    if rule.action in ("quarantine", "drop"):
        failed = line.broken.get(rule_id, 0) + line.removed.get(f"dropped:{rule_id}", 0)
        return _gate(rule_id, rule.kind, rule.columns, says, rule.action, line.rows_in, failed)
    if rule.is_row_rule:
        return _gate(rule_id, rule.kind, rule.columns, says, rule.action, line.rows_out, line.warned.get(rule_id, 0))
    start = f"rule {rule_id}: "
    sentence = next((warning.removeprefix(start) for warning in warnings if warning.startswith(start)), "")
    return _gate(rule_id, rule.kind, rule.columns, sentence or says, rule.action, 1, int(bool(sentence)))


def _gate(gate_id: str, kind: str, columns: list[str], says: str, action: str, units: int, failed: int) -> Gate:
    outcome: Outcome = _OUTCOME[action] if failed else "passed"
    return Gate(gate_id, kind, list(columns), says, action, units, failed, outcome)
