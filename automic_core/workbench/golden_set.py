"""The golden set: keep questions with their rows, ask them again, see what a change breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from automic_core.errors import AutomicError, ConfigError
from automic_core.lake import Lakehouse
from automic_core.medallion import golden
from automic_core.medallion.golden import Golden
from automic_core.workbench.asking_words import ask_in_words, ask_question

__all__ = [
    "Golden",
    "GoldenOutcome",
    "GoldenRun",
    "add_golden",
    "drop_golden",
    "golden_set",
    "run_golden",
    "try_golden",
]

State = Literal["right", "wrong", "unknown", "failed"]


@dataclass(frozen=True)
class GoldenOutcome:
    """A question of the golden set, asked again.

    Attributes:
        state: right: the rows it must have; wrong: others; unknown: no answer; failed: an error.
        difference: What is other than it must be, in words.
        sql: The statement now; None without an answer.
        before: The statement that gave the rows it must have.
        expected: The first rows it must have, as texts.
        got: The first rows it has, as texts.
    """

    question: str
    after: tuple[str, ...]
    state: State
    difference: tuple[str, ...] = ()
    rung: str | None = None
    sql: str | None = None
    before: str = ""
    columns: tuple[str, ...] = ()
    expected: tuple[tuple[str, ...], ...] = ()
    got: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class GoldenRun:
    """The whole set, asked again."""

    outcomes: tuple[GoldenOutcome, ...]

    @property
    def passed(self) -> bool:
        """Whether each question has the rows it must have."""
        return all(each.state == "right" for each in self.outcomes)


def golden_set(lake: Lakehouse) -> list[Golden]:
    """The questions, in the order they were added.

    Raises:
        ConfigError: The file is wrong.
    """
    return golden.load(lake.context)


def add_golden(lake: Lakehouse, question: str, after: Sequence[str] = ()) -> Golden:
    """Keep a question with the rows it has now.

    Raises:
        ConfigError: It has no answer.
        SecurityError: The lake is open for reading only.
    """
    lake.context.writable()
    found = ask_question(lake, question, after=after)
    if found.sql is None:
        raise ConfigError(f"There is no answer to keep: {found.explanation}", "Ask it in other words, or approve it.")
    made = golden.golden_of(question, after, found.sql, found.frame(), found.snapshots, lake.context.actor)
    golden.keep(lake.context, made)
    return made


def drop_golden(lake: Lakehouse, question: str, after: Sequence[str] = ()) -> None:
    """Take a question out of the set.

    Raises:
        CatalogError: It is not in it.
        SecurityError: The lake is open for reading only.
    """
    golden.drop(lake.context, question, after)


def run_golden(lake: Lakehouse, layer: str | None = None) -> GoldenRun:
    """Ask every question again, at the states of the tables its rows are from.

    Args:
        lake: The lake.
        layer: The text of a semantic layer to read them by, instead of the one that is kept.

    Raises:
        ConfigError: The file is wrong.
    """
    return GoldenRun(tuple(try_golden(lake, each, layer) for each in golden_set(lake)))


def try_golden(lake: Lakehouse, kept: Golden, layer: str | None = None) -> GoldenOutcome:
    """Ask one question again; arguments as for ``run_golden``."""
    about = (kept.question, kept.after)
    known = {"before": kept.sql, "columns": kept.columns, "expected": kept.rows}
    try:
        found = ask_in_words(
            lake, kept.question, kept.after, heard=False, pins=dict(kept.snapshots), layer=layer
        ).answer()
    except AutomicError as exc:
        return GoldenOutcome(*about, "failed", (exc.message,), **known)  # type: ignore[arg-type]
    if found.sql is None:
        return GoldenOutcome(*about, "unknown", (found.explanation,), **known)  # type: ignore[arg-type]
    told = golden.difference(kept, found.frame())
    got = tuple(golden.texts(found.frame().head(golden.KEPT)))
    return GoldenOutcome(
        *about,
        "wrong" if told else "right",
        told,
        found.rung,
        found.sql,
        got=got,
        **known,  # type: ignore[arg-type]
    )
