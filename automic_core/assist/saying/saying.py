"""The result of reading a text: entries that could be added, each measured, and what was not understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

By = Literal["rules", "model"]


class Unclear(Exception):  # noqa: N818  (a question to the person, not a fault)
    """A clause that cannot be read as it stands.

    Args:
        why: What is missing or could mean several things.
        ask: What to say instead; empty if nothing would help.
    """

    def __init__(self, why: str, ask: str = "") -> None:
        super().__init__(why)
        self.why, self.ask = why, ask


@dataclass(frozen=True)
class Wish:
    """A step or rule that a clause asks for, before it is tried.

    Attributes:
        options: Of the kind, as in YAML.
        title: What it would do or demand, in words.
        why: What was taken for granted: the column meant, the separator found, where bounds come from.
        made: Columns it makes whose gaps are rows it cannot serve.
    """

    group: Literal["step", "rule"]
    kind: str
    options: dict[str, Any]
    title: str
    why: str = ""
    made: tuple[str, ...] = ()


@dataclass(frozen=True)
class Staged:
    """A wish that was run on the rows.

    Attributes:
        said: The clause it comes from.
        agree: Rows that obey the rule, or that the step can serve.
        of: Rows it was run on.
        counter: First rows that do not, each with its number in the file.
        changed, removed: Rows that a step gives other values, or takes out.
        examples: First cells as they were and as they would be.
        dropped: Columns that are gone afterwards.
    """

    said: str
    group: Literal["step", "rule"]
    kind: str
    options: dict[str, Any]
    title: str
    why: str
    by: By
    agree: int
    of: int
    counter: list[str] = field(default_factory=list)
    changed: int = 0
    removed: int = 0
    examples: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    @property
    def effect(self) -> str:
        """What it does to the rows, in words."""
        if self.group == "rule":
            return f"{self.of - self.agree:,} of {self.of:,} rows break it"
        parts = [f"{self.changed:,} rows change"] if self.changed else []
        parts += [f"{self.removed:,} rows go"] if self.removed else []
        parts += [f"without {', '.join(self.dropped)}"] if self.dropped and self.kind == "select" else []
        return ", ".join(parts) or "no row changes"


@dataclass(frozen=True)
class Unknown:
    """A clause that gave nothing.

    Attributes:
        said: The clause.
        why: Why not.
        ask: What to say instead.
    """

    said: str
    why: str
    ask: str = ""


@dataclass(frozen=True)
class Reading:
    """What a text was read as.

    Attributes:
        staged: In the order in which they would run.
        unknown: What was not understood, or what must be known first.
    """

    text: str
    staged: list[Staged]
    unknown: list[Unknown]


@dataclass(frozen=True)
class Others:
    """Other tables of the lake: full name to its columns, and which of them identify a row."""

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
