"""The row ledger of a run as parts of one whole, for a bar or a flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from automic_core.events import RunReport

ORDER = ("kept", "merged", "aggregated", "filtered", "quarantined", "dropped")


@dataclass(frozen=True)
class LedgerPart:
    """So many rows that went the same way."""

    name: str
    rows: int


@dataclass(frozen=True)
class LedgerParts:
    """Where the rows of a run went.

    Attributes:
        total: Rows that came in, and those steps added: the sum of all parts.
        sentence: The sum in words.
    """

    total: int
    parts: list[LedgerPart]
    balanced: bool
    sentence: str


@dataclass(frozen=True)
class Flow:
    """Rows that went from one place of a run to another; ``kind`` is a part's name."""

    source: str
    target: str
    rows: int
    kind: str


def ledger_parts(report: Mapping[str, Any]) -> LedgerParts:
    """The parts of ``RunReport.to_dict()``; they add up to ``total`` when the ledger does."""
    found = RunReport.from_dict(dict(report))
    counts = {"kept": found.rows_out, "aggregated": sum(step.grouped for step in found.steps), **found.removed()}
    added = sum(step.added for step in found.steps)
    named = [*ORDER, *(name for name in counts if name not in ORDER)]
    parts = [LedgerPart(name, counts[name]) for name in named if counts.get(name)]
    gone = "".join(f" + {part.rows:,} {part.name}" for part in parts if part.name != "kept")
    came = f"{found.rows_in:,} in" + (f" + {added:,} added" if added else "")
    return LedgerParts(found.rows_in + added, parts, found.balanced, f"{came} = {found.rows_out:,} kept{gone}")


def ledger_flows(report: Mapping[str, Any], *, brief: bool = False) -> list[Flow]:
    """The same step by step: from each step to the next, and to where removed rows went.

    Args:
        report: ``RunReport.to_dict()``.
        brief: Leave out the steps that every row passed.
    """
    found = RunReport.from_dict(dict(report))
    flows = []
    before = found.source or "source"
    for step in found.steps:
        if brief and not (step.removed or step.added or step.grouped):
            continue
        here = f"{step.id} ({step.kind})" if step.kind and step.kind != step.id else step.id
        if step.rows_in:
            flows.append(Flow(before, here, step.rows_in, "kept"))
        if step.added:
            flows.append(Flow("added", here, step.added, "added"))
        if step.grouped:
            flows.append(Flow(here, "aggregated", step.grouped, "aggregated"))
        for reason, rows in step.removed.items():
            kind, _, detail = reason.partition(":")
            flows.append(Flow(here, f"{kind} {detail}".strip(), rows, kind))
        before = here
    if found.rows_out:
        flows.append(Flow(before, found.destination or "kept", found.rows_out, "kept"))
    return flows
