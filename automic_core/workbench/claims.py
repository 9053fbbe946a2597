"""What is proposed about a column beside its type, with evidence: its kind, personal data, keys of other tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automic_core.inference.evidence import ColumnKind, PersonalData
from automic_core.inference.foreign_keys import ForeignKey
from automic_core.inference.kinds import KINDS
from automic_core.inference.personal import PERSONAL

__all__ = ["Claim", "key_claim", "keys_of", "kind_claim", "personal_claim"]


@dataclass(frozen=True)
class Claim:
    """A proposal that decides nothing.

    Attributes:
        text: What is proposed, in words.
        share: How sure that is, 0 to 1.
        counted: What the share counts ("297 of 300 different values"); empty if it is a probability.
        support: What speaks for it, strongest first.
        against: What speaks against it, or what else it may be.
    """

    text: str
    share: float
    counted: str = ""
    support: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


def kind_claim(kind: ColumnKind | None) -> Claim | None:
    """What a column is for; None if nothing is known."""
    if kind is None:
        return None
    rival = (f"or {KINDS[kind.rival]}: {kind.rival_confidence:.1%} likely",) if kind.rival else ()
    return Claim(KINDS[kind.name], kind.confidence, "", kind.evidence, rival)


def personal_claim(found: PersonalData | None) -> Claim | None:
    """What a column says about people; None if nothing is known to."""
    if found is None:
        return None
    others = found.looked - found.fitting
    said = "1 different value does" if others == 1 else f"{others:,} different values do"
    against = (f"{said} not have that form",) if others else ()
    counted = f"{found.fitting:,} of {found.looked:,} different values"
    return Claim(PERSONAL[found.kind], found.confidence, counted, found.evidence, against)


def key_claim(key: ForeignKey, table: str) -> Claim:
    """A reference as seen from one of its two tables; the share counts rows whose value is a key there.

    Args:
        table: With or without its layer.
    """
    here, there = f"{key.table}.{key.column}", f"{key.parent_table}.{key.parent_column}"
    text = f"{key.column} refers to {there}" if _bare(key.table) == _bare(table) else f"{here} points here"
    against = [
        f"{each.value!r} in {'1 row' if each.count == 1 else f'{each.count:,} rows'} is no key there"
        for each in key.counter_examples
    ]
    kept = key.rows - key.orphans
    return Claim(
        text, kept / key.rows if key.rows else 1.0, f"{kept:,} of {key.rows:,} values", key.evidence, tuple(against)
    )


def keys_of(keys: Sequence[ForeignKey], table: str, columns: Sequence[str] | None = None) -> list[ForeignKey]:
    """The references of a table: those from it, then those to it.

    Args:
        table: With or without its layer: references are between the furthest layer of each table.
        columns: Only those that its columns of these names take part in.
    """
    name = _bare(table)
    own = [key for key in keys if _bare(key.table) == name and (columns is None or key.column in columns)]
    others = [key for key in keys if _bare(key.parent_table) == name and key not in own]
    return own + [key for key in others if columns is None or key.parent_column in columns]


def _bare(table: str) -> str:
    return table.rpartition(".")[2]
