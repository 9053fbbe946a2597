"""Column names a lakehouse and every engine over it can take."""

from __future__ import annotations

from collections.abc import Iterable

# Automic's own columns, and those that Iceberg engines keep for themselves.
# fmt: off
RESERVED = frozenset((
    "_rid", "_batch_id", "_source", "_source_row", "_ingested_at", "_rescued", "_fate", "_key",
    "_merged_rids", "_cluster_id", "_match_probability", "_quality_score", "_quality_reasons",
    "_anomaly_score", "_is_anomaly", "_anomaly_reasons", "_row_id", "_file", "_pos", "_deleted", "_spec_id",
    "_partition", "_last_updated_sequence_number",
))
# fmt: on


def safe(raw: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names that are filled, unlike each other (case apart, as SQL sees them) and not reserved.

    Returns:
        The names, and a note for each one that had to change by more than surrounding blanks.
    """
    wanted = [name.replace("\ufeff", "").strip() for name in raw]
    taken = {name.lower() for name in wanted} | RESERVED
    names: list[str] = []
    notes: list[str] = []
    used: set[str] = set()
    for number, want in enumerate(wanted, 1):
        name = want
        if not want:
            name, why = _free(f"column_{number}", taken), "has no name"
        elif want.lower() in RESERVED:
            name, why = _free(want.lstrip("_"), taken), f"has the reserved name {want!r}"
        elif want.lower() in used:
            name, why = _free(want, taken, 2), f"has the name {want!r} of an earlier one"
        if name != want:
            notes.append(f"Column {number} {why}; it is called {name!r}.")
        used.add(name.lower())
        taken.add(name.lower())
        names.append(name)
    return names, notes


def _free(stem: str, taken: set[str], number: int = 1) -> str:
    name = stem if number == 1 else f"{stem}_{number}"
    while name.lower() in taken:
        number += 1
        name = f"{stem}_{number}"
    return name
