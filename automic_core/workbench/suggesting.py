"""Suggested steps and rules for a draft, each measured on the rows that leave its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from automic_core.assist.proposals import Proposal
from automic_core.assist.rules import rules_for
from automic_core.assist.steps import steps_for
from automic_core.inference import infer, infer_primary_key
from automic_core.lake import Lakehouse
from automic_core.workbench.edits import Edit, add_entry
from automic_core.workbench.trials import RULES, Trial, base_of, conditions, parts_of

__all__ = ["Proposal", "accepted", "suggestions"]

ROWS = 100_000
MOST = 20
MOST_ALIKE, MOST_SATISFIED = 5, 2
"""Proposals of one kind; fewer of what every row obeys already."""


def suggestions(lake: Lakehouse, table: str, data: Mapping[str, Any]) -> list[Proposal]:
    """What the data suggests beyond what the draft already has, the most useful first.

    Args:
        lake: The lake.
        table: The table's name.
        data: The draft.

    Raises:
        AutomicError: A step of the draft cannot run.
    """
    base = base_of(lake, table, ROWS)
    name = table.rpartition(".")[2]
    with conditions(lake, base):
        parts = parts_of(data, base.inferred)
        trial = Trial(name, base, parts)
        steps = [each for each in trial.steps if each.id != RULES]
        rows = trial.entering(len(steps))
        keys = base.keys or infer_primary_key(infer(rows.select(base_columns(rows.columns)))) or []
        found = [*steps_for(rows, keys), *rules_for(rows, keys)]
    known = _known(data)
    fresh = sorted((each for each in found if not _covered(each, known)), key=lambda each: (-each.rank, each.title))
    chosen: list[Proposal] = []
    count: Counter[tuple[str, bool]] = Counter()
    for each in fresh:
        alike = each.kind, each.affected > 0
        count[alike] += 1
        if count[alike] <= (MOST_ALIKE if each.affected else MOST_SATISFIED):
            chosen.append(each)
    return chosen[:MOST]


def accepted(data: Mapping[str, Any], proposal: Proposal) -> Edit:
    """The draft with a proposal taken over: one edit."""
    edit = add_entry(data, proposal.group, proposal.kind, proposal.options)
    return replace(edit, label=f"Accept: {proposal.title}")


def base_columns(names: list[str]) -> list[str]:
    """Data columns only."""
    return [name for name in names if not name.startswith("_")]


def _known(data: Mapping[str, Any]) -> list[tuple[str, frozenset[str]]]:
    """Kind and columns of each entry; kinds that do different things (case, blanks) with their operation."""
    found = []
    for key in ("steps", "rules"):
        for item in data.get(key) or []:
            named: set[str] = set()
            for option in ("columns", "fields", "match_fields"):
                value = item.get(option)
                named |= {str(each) for each in value} if isinstance(value, list) else set()
            found.append((_what(str(item["kind"]), item), frozenset(named)))
    return found


def _what(kind: str, options: Mapping[str, Any]) -> str:
    """What an entry does: a text step that trims says nothing about one that lowers, nor what
    settles the town about what settles the state."""
    rest = {
        name: value
        for name, value in options.items()
        if name not in ("id", "kind", "enabled", "columns", "fields", "match_fields", "action", "max_fail")
    }
    if kind == "dependency":
        return f"{kind} {options.get('settles')}"
    return f"{kind} {sorted(rest)}" if kind == "text" else kind


def _covered(proposal: Proposal, known: list[tuple[str, frozenset[str]]]) -> bool:
    """Whether the draft says something of this kind about these columns already."""
    same = [columns for kind, columns in known if kind == _what(proposal.kind, proposal.options)]
    if proposal.kind == "dedup":
        return bool(same)
    together = frozenset[str]().union(*same) if same else frozenset[str]()
    return bool(proposal.columns) and proposal.columns <= together
