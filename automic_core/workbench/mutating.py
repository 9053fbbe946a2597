"""Mutation testing of a draft's rules on the rows that leave its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from automic_core import frames
from automic_core.assist import mutation_testing
from automic_core.assist.mutation_testing import MutationTest
from automic_core.assist.remedies import Remedy
from automic_core.inference import infer, infer_primary_key
from automic_core.lake import Lakehouse
from automic_core.workbench.edits import Edit, add_entry
from automic_core.workbench.promotions import PromotionSpec
from automic_core.workbench.trials import RULES, Trial, base_of, conditions, parts_of

__all__ = ["MutationTest", "Remedy", "accept_remedies", "mutation_test"]

ROWS = 20_000
"""Faults are planted in so many rows at most; a person waits for the answer."""


def mutation_test(
    lake: Lakehouse, table: str, data: Mapping[str, Any] | PromotionSpec, *, rows: int = ROWS, seed: int = 0
) -> MutationTest:
    """Plant typed faults in a copy of the rows that leave a draft's steps, and see which of its rules notice.

    Args:
        lake: The lake.
        table: The table's name.
        data: The draft, or a promotion.
        rows: Rows of bronze to look at, the first ones.
        seed: Chooses the rows that are struck.

    Raises:
        AutomicError: A step or a rule cannot run.
    """
    base = base_of(lake, table, rows)
    name = table.rpartition(".")[2]
    with conditions(lake, base):
        trial = Trial(name, base, parts_of(data, base.inferred))
        steps = [each for each in trial.steps if each.id != RULES]
        clean = trial.entering(len(steps))
        data_names = frames.data_names(clean.columns)
        keys = base.keys or infer_primary_key(infer(clean.select(data_names))) or []
        keys = keys if set(keys) <= set(data_names) else []
        return mutation_testing.mutation_test(clean, trial.parts.rules, keys=keys, seed=seed)


def accept_remedies(data: Mapping[str, Any], remedies: Sequence[Remedy]) -> Edit:
    """The draft with these rules taken over: one edit."""
    edit = Edit(dict(data), "", "")
    for each in remedies:
        edit = add_entry(edit.data, each.proposal.group, each.proposal.kind, each.proposal.options)
    titles = [each.proposal.title for each in remedies]
    label = titles[0] if len(titles) == 1 else f"{len(titles)} rules against faults that none noticed"
    return Edit(edit.data, edit.entry, f"Accept: {label}")
