"""What people said of answers: a right one is kept as a verified question, a wrong one is not given again."""

from __future__ import annotations

import json
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

import polars as pl

from automic_core.assist.asking.verified import Approved, Slot, slots_of, spoken
from automic_core.errors import CatalogError, ConfigError
from automic_core.lakehouse import tables
from automic_core.lakehouse.catalog import metadata_locations
from automic_core.medallion.context import RUN_ID, LakeContext, now
from automic_core.medallion.decisions import append_rows

TABLE = "meta.questions"
SCHEMA: dict[str, Any] = {
    "id": pl.String,
    "verdict": pl.String,
    "question": pl.String,
    "sql": pl.String,
    "slots": pl.String,
    "snapshots": pl.String,
    "reason": pl.String,
    "actor": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "revoked_at": pl.Datetime("us", "UTC"),
}
_KEPT = 8


@dataclass(frozen=True)
class Judgement:
    """What a person said of an answer.

    Attributes:
        verdict: right: the same question is answered so again; wrong: it is not.
        slots: Places of the question that other values may take, as JSON.
        snapshots: The state of each table when it was said, as JSON.
        reason: Why, if the person says.
    """

    id: str
    verdict: Literal["right", "wrong"]
    question: str
    sql: str
    slots: str
    snapshots: str
    reason: str
    actor: str
    at: datetime
    revoked_at: datetime | None = None

    def approved(self) -> Approved:
        """As the rung of verified questions reads it."""
        slots = [Slot(**{**each, "places": tuple(map(tuple, each["places"]))}) for each in json.loads(self.slots)]
        return Approved(self.id, self.question, self.sql, tuple(slots), self.actor)


_read: OrderedDict[str, tuple[Judgement, ...]] = OrderedDict()


class Questions:
    """Remembers what people said of answers, in the lake. Get it as ``lake.questions``."""

    def __init__(self, context: LakeContext) -> None:
        self._lake = context

    def approve(
        self, question: str, sql: str, snapshots: Mapping[str, int] | None = None, reason: str = ""
    ) -> Judgement:
        """Keep a question with the statement that answers it; an earlier one of the same words is replaced.

        Args:
            question: As a person asks it.
            sql: One SELECT over tables of the lake.
            snapshots: The states at which it was looked at.
            reason: Why.

        Raises:
            ConfigError: There is no question.
            AutomicError: The statement may not run, or a table is missing.
        """
        from automic_core.medallion.asking import known  # which reads these questions itself

        if not spoken(question):
            raise ConfigError("There is no question to approve.", "Write it as you would ask it.")
        slots = slots_of(question, sql, known(self._lake).lexicon)
        return self._say("right", question, sql, slots, snapshots or {}, reason)

    def reject(
        self, question: str, sql: str, snapshots: Mapping[str, int] | None = None, reason: str = ""
    ) -> Judgement:
        """Say that a statement does not answer a question, so that it is not given again for it."""
        return self._say("wrong", question, sql, (), snapshots or {}, reason)

    def revoke(self, verdict_id: str) -> Judgement:
        """Take back what was said.

        Raises:
            CatalogError: Nothing in force has this id.
        """
        for each in self.current():
            if each.id == verdict_id:
                revoked = replace(each, revoked_at=now(), actor=self._lake.actor)
                self._add([revoked])
                return revoked
        raise CatalogError(f"There is no verified question {verdict_id}.", "See `automic questions list`.")

    def current(self) -> tuple[Judgement, ...]:
        """What is in force, oldest first."""
        latest = {each.id: each for each in self.all()}
        return tuple(each for each in latest.values() if each.revoked_at is None)

    def all(self) -> tuple[Judgement, ...]:
        """Everything that was said, oldest first; what was taken back is there twice."""
        location = metadata_locations(self._lake.catalog).get(TABLE)
        if location is None:
            return ()
        if location not in _read:
            rows = tables.scan(self._lake.need(TABLE)).sort("at", "revoked_at", nulls_last=False).collect()
            _read[location] = tuple(Judgement(**row) for row in rows.iter_rows(named=True))
            while len(_read) > _KEPT:
                _read.popitem(last=False)
        return _read[location]

    def _say(
        self,
        verdict: Literal["right", "wrong"],
        question: str,
        sql: str,
        slots: Sequence[Slot],
        snapshots: Mapping[str, int],
        reason: str,
    ) -> Judgement:
        self._lake.writable()
        at, words = now(), spoken(question)
        before = [replace(each, revoked_at=at, actor=self._lake.actor) for each in self.current() if same(each, words)]
        told = (question.strip(), sql, json.dumps([asdict(each) for each in slots], ensure_ascii=False))
        made = Judgement(
            uuid.uuid4().hex[:12], verdict, *told, json.dumps(dict(snapshots)), reason, self._lake.actor, at
        )
        self._add([*before, made])
        return made

    def _add(self, verdicts: list[Judgement]) -> None:
        rows = pl.DataFrame([asdict(each) for each in verdicts], schema=SCHEMA)
        append_rows(self._lake, TABLE, rows, {RUN_ID: f"question-{verdicts[-1].id}"})


def same(verdict: Judgement, words: Sequence[str]) -> bool:
    """Whether something was said of a question of these words."""
    return spoken(verdict.question) == list(words)
