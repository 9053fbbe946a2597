"""Rules that would notice what the present ones miss, each proven: what it costs, and what it now catches.

A rule fits the data it was made from; that proves nothing of the rows to come. So each kind of rule is first made from
one half of the rows, chosen by chance, and kept only if hardly a row of the other half breaks it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from automic_core import frames, registry
from automic_core.assist.candidates import Candidate, candidates
from automic_core.assist.mutations import LABELS, Mutant
from automic_core.assist.proposals import Proposal, rule_proposal
from automic_core.contracts import Rule

_FEWEST_ROWS = 40
_MOST_BROKEN = 0.01
_LEAST_CAUGHT = 0.5
Notices = Callable[[Sequence[tuple[str, Rule]]], list[dict[str, npt.NDArray[np.bool_]]]]


@dataclass(frozen=True)
class Caught:
    """A fault that nothing noticed, and a proposed rule does.

    Attributes:
        fault, columns: Which fault.
        share: Share of the struck rows that the rule notices.
    """

    fault: str
    columns: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class Remedy:
    """A rule to add: what it costs on the data, and what it catches."""

    proposal: Proposal
    catches: list[Caught]

    @property
    def rule(self) -> Rule:
        """The rule itself."""
        built: Rule = registry.build("rule", self.proposal.kind, self.proposal.options)
        return built


def remedies_for(clean: pl.DataFrame, missed: Sequence[Mutant], keys: Sequence[str], notices: Notices) -> list[Remedy]:
    """Rules for faults that nothing notices: of those that hold, the one that catches most of each.

    Args:
        clean: The data.
        missed: The faults.
        keys: Columns that identify a row, if known.
        notices: What given rules notice of each of these faults.
    """
    if not missed or clean.height < _FEWEST_ROWS:
        return []
    holding = _holding(clean, missed, keys)
    if not holding:
        return []
    rules = [(str(number), _built(each)) for number, each in enumerate(holding)]
    seen = notices(rules)
    chosen: dict[int, list[Caught]] = defaultdict(list)
    for mutant, found in zip(missed, seen, strict=True):
        shares = [
            (float(caught.mean()), -int(number))
            for number, caught in found.items()
            # the other faults make values repeat here and there, which says little of the rest
            if holding[int(number)].kind != "unique" or mutant.fault == "duplicate"
        ]
        share, number = max(shares, default=(0.0, 0))
        if share >= _LEAST_CAUGHT:
            chosen[-number].append(Caught(mutant.fault, mutant.columns, share))
    merged = _together([(holding[number], proof) for number, proof in chosen.items()])
    proposed = (_proposed(clean, candidate, proof) for candidate, proof in merged)
    return sorted((each for each in proposed if each is not None), key=lambda each: -each.proposal.rank)


Chosen = tuple[Candidate, list[Caught]]


def _together(chosen: Sequence[Chosen]) -> list[Chosen]:
    """The same list with all that must not be missing in one rule."""
    filled = [each for each in chosen if each[0].kind == "not_null"]
    if len(filled) < 2:
        return list(chosen)
    columns = [name for candidate, _ in filled for name in candidate.options["columns"]]
    title = f"{', '.join(columns[:4])}{' …' if len(columns) > 4 else ''} are never missing"
    one = Candidate(("not_null", *columns), "not_null", {"columns": columns}, title)
    others = [each for each in chosen if each[0].kind != "not_null"]
    return [*others, (one, [each for _, proof in filled for each in proof])]


def _holding(clean: pl.DataFrame, missed: Sequence[Mutant], keys: Sequence[str]) -> list[Candidate]:
    """Candidates made of all rows, of those kinds that hold on rows they were not made from."""
    names = [name for name in frames.data_names(clean.columns) if any(name in mutant.columns for mutant in missed)]
    twice = any(mutant.fault == "duplicate" for mutant in missed)
    chance = np.random.default_rng(0).permutation(clean.height)
    one, other = clean[np.sort(chance[::2]).tolist()], clean[np.sort(chance[1::2]).tolist()]
    good = {each.about for each in candidates(one, names, keys if twice else None) if _holds(each, other)}
    made = [each for each in candidates(clean, names, keys if twice else None) if each.about in good]
    return [each for each in made if _holds(each, clean)]


def _holds(candidate: Candidate, rows: pl.DataFrame) -> bool:
    rule = _built(candidate)
    if not rule.is_row_rule:
        return rows.select(rule.aggregate(rows.schema)).item() is None
    broken = pl.any_horizontal(rule.fails(column, rows.schema).fill_null(False) for column in rule.judged)
    return int(rows.select(broken.sum()).item()) <= max(2, _MOST_BROKEN * rows.height)


def _built(candidate: Candidate) -> Rule:
    rule: Rule = registry.build("rule", candidate.kind, candidate.options)
    return rule


def _proposed(clean: pl.DataFrame, candidate: Candidate, proof: list[Caught]) -> Remedy | None:
    why = f"would notice {_told(proof)}"
    rank = sum(each.share for each in proof)
    rule = _built(candidate)
    if rule.is_row_rule:
        found = rule_proposal(candidate.kind, candidate.options, clean, candidate.title, why, rank)
    else:
        size = clean.height
        found = Proposal("rule", candidate.kind, dict(candidate.options), candidate.title, why, size, size, [], rank)
    return Remedy(found, proof) if found is not None else None


def _told(proof: Sequence[Caught]) -> str:
    """The faults by kind, with their columns and the share of the struck rows."""
    places: dict[str, list[str]] = defaultdict(list)
    shares: dict[str, list[float]] = defaultdict(list)
    for each in proof:
        places[each.fault].append(" and ".join(each.columns))
        shares[each.fault].append(each.share)
    return "; ".join(
        f"{LABELS[fault]}{' in ' + ', '.join(names) if any(names) else ''} ({np.mean(shares[fault]):.0%} of the rows)"
        for fault, names in places.items()
    )
