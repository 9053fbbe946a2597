"""What people decided about pairs of rows (the same, different, a merge undone): obeyed at every promotion."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal

import polars as pl

from automic_core import frames
from automic_core.contracts import Pair
from automic_core.errors import ConfigError
from automic_core.matching.labels import read_labels
from automic_core.medallion.context import RUN_ID, LakeContext, now
from automic_core.medallion.decisions import (
    SCHEMA,
    TABLE,
    Decision,
    Decisions,
    append_rows,
    match_text,
    row_key,
    row_matches,
)

Verdict = Literal["same", "different", "unmerged"]
ABOUT_PAIRS: tuple[Verdict, ...] = ("same", "different", "unmerged")
_NUMBER, _WAS = "_number", "_was_"


class PairDecisions:
    """Remembers decisions about pairs of rows in the lake. Get it as ``lake.pairs``."""

    def __init__(self, context: LakeContext) -> None:
        self._lake = context
        self._all = Decisions(context)

    def decide(
        self,
        table: str,
        rows: pl.DataFrame,
        keys: Sequence[str],
        verdicts: Mapping[tuple[int, int], Verdict],
        reason: str = "",
    ) -> list[Decision]:
        """Say of pairs of rows what they are; all in one commit. What was said of the same pair before is taken back.

        Args:
            table: The table's own name.
            rows: The rows as bronze has them, with ``_rid``.
            keys: The declared key columns; empty = rows are known by their content.
            verdicts: ``_rid`` of two rows to what is said of them.
            reason: Why.

        Raises:
            ConfigError: Two rows cannot be told apart, or what is said contradicts what was said of other pairs.
        """
        self._lake.writable()
        known = dict(zip(rows[frames.RID], row_matches(rows, keys), strict=True))
        made: dict[tuple[str, str], Decision] = {}
        for (one, other), verdict in verdicts.items():
            decision = self._new(table, known[one], known[other], verdict, reason)
            if decision.key == decision.column:
                what = f"the same {', '.join(keys)}" if keys else "the same value in every column"
                raise ConfigError(
                    f"Rows {one} and {other} of {table} have {what}: nothing tells them apart.",
                    "Decide about rows that differ; or take the table in with a key that tells its rows apart.",
                )
            made[decision.key, decision.column] = decision
        standing = self.current(table)
        told = [each for each in standing if (each.key, each.column) not in made]
        check([*told, *made.values()])
        replaced = [replace(each, revoked_at=now(), actor=self._lake.actor) for each in standing if each not in told]
        self._add([*replaced, *made.values()])
        return list(made.values())

    def current(self, table: str, snapshot: int | None = None) -> list[Decision]:
        """Decisions about pairs in force, oldest first.

        Args:
            table: The table's own name.
            snapshot: In force in this state of the decisions; None = now.
        """
        return [each for each in self._all.current(table, snapshot) if each.kind in ABOUT_PAIRS]

    def _new(self, table: str, one: str, other: str, verdict: Verdict, reason: str) -> Decision:
        (key, match), (column, value) = sorted((row_key(each), each) for each in (one, other))
        return Decision(
            uuid.uuid4().hex[:12], verdict, table, key, match, column, value, reason, self._lake.actor, now()
        )

    def _add(self, decisions: list[Decision]) -> None:
        if decisions:
            frame = pl.DataFrame([asdict(each) for each in decisions], schema=SCHEMA)
            append_rows(self._lake, TABLE, frame, {RUN_ID: f"decision-{decisions[-1].id}"})


def check(decisions: Sequence[Decision]) -> None:
    """See that decisions about pairs can all hold.

    Raises:
        ConfigError: By some of them two rows are the same, by another they are different; names the rows.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for decision in decisions:
        for key, match in ((decision.key, decision.match), (decision.column, decision.value or "{}")):
            if key not in names:
                name = described(match)
                names[key] = name if name not in taken else f"{name} ({key[:6]})"
                taken.add(names[key])
    told = [(names[each.key], names[each.column], each.kind == "same") for each in decisions]
    read_labels(told, {name: number for number, name in enumerate(names.values())})


def described(match: str) -> str:
    """A row in a few words: its key, or the first values of its content."""
    known = {name: value for name, value in json.loads(match).items() if value is not None}
    return ", ".join(f"{name} {value}" for name, value in list(known.items())[:3])[:120] or "an empty row"


def about_row(decisions: Sequence[Decision], key: str) -> list[tuple[Decision, str]]:
    """Decisions about a row and another one, each in words: "told to be the same as id 7"."""
    words = {"same": "told to be the same as", "different": "told to differ from", "unmerged": "parted from"}
    return [
        (each, f"{words[each.kind]} {described(each.value or '{}' if each.key == key else each.match)}")
        for each in decisions
        if each.kind in ABOUT_PAIRS and key in (each.key, each.column)
    ]


def resolved(rows: pl.LazyFrame, decisions: Sequence[Decision]) -> list[Pair]:
    """Decisions by the rows they are about now: a row that was delivered again is known by every ``_rid`` it has.

    Args:
        rows: Bronze rows as they arrived, with ``_rid``.
        decisions: About pairs; those of which a row is gone give nothing.
    """
    found = _rids(rows, dict.fromkeys(match for each in decisions for match in (each.match, each.value or "{}")))
    return [
        (one, other, each.kind == "same")
        for each in decisions
        for one in found.get(each.match, ())
        for other in found.get(each.value or "{}", ())
        if one != other
    ]


def _rids(rows: pl.LazyFrame, matches: Iterable[str]) -> dict[str, list[int]]:
    """``_rid`` of the rows behind each match."""
    schema = rows.collect_schema()
    groups: dict[tuple[str, ...], list[tuple[str, dict[str, Any]]]] = {}
    for match in matches:
        known = {name: value for name, value in json.loads(match).items() if name in schema}
        if known:
            groups.setdefault(tuple(known), []).append((match, known))
    found: dict[str, list[int]] = {}
    for names, members in groups.items():
        on = [f"{_WAS}{name}" for name in names]
        types = {_NUMBER: pl.Int64, **dict.fromkeys(on, pl.String)}
        wanted = pl.DataFrame(
            [[number, *known.values()] for number, (_, known) in enumerate(members)], schema=types, orient="row"
        )
        texts = (match_text(name, schema).alias(f"{_WAS}{name}") for name in names)
        hits = rows.select(frames.RID, *texts).join(wanted.lazy(), on=on, how="inner", nulls_equal=True)
        for number, rid in hits.select(_NUMBER, frames.RID).sort(_NUMBER, frames.RID).collect().iter_rows():
            found.setdefault(members[number][0], []).append(rid)
    return found
