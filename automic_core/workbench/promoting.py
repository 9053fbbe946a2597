"""Where a table stands between bronze, silver and gold: what is published, what waits, what is out of date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from automic_core.lake import Lakehouse
from automic_core.lakehouse import tables
from automic_core.medallion.context import REPORT
from automic_core.medallion.promotion import SPEC
from automic_core.medallion.reviewing import pending
from automic_core.medallion.silver import DEFINITION
from automic_core.workbench.drafts import DraftView, draft, numbered
from automic_core.workbench.listing import Opened, look, moved_on, opened_tables, sources_of
from automic_core.workbench.promotions import meaning, promotion_data
from automic_core.workbench.reviews import Revertible, revertible
from automic_core.workbench.values import Rows


@dataclass(frozen=True)
class Promotable:
    """A table before its next promotion.

    Attributes:
        table: Full name of the silver table.
        sentence: Where things stand, in one sentence.
        published: Whether silver has it.
        report: The ledger of the newest promotion, if it is known.
        bronze_rows: Rows in bronze.
        newer: Rows that came into bronze since the newest promotion.
        draft: What the next promotion does.
        edited: Whether that differs from what was published last.
        parts: Types, steps and rules of the draft, a line each.
        revertible: What Revert would take back.
    """

    table: str
    sentence: str
    published: bool
    rows: int | None
    actor: str
    at: datetime | None
    run_id: str | None
    report: dict[str, Any] | None
    bronze_rows: int | None
    newer: int
    draft: DraftView
    edited: bool
    parts: Rows
    revertible: Revertible | None


@dataclass(frozen=True)
class GoldTable:
    """A gold table and whether it still says what its sources say.

    Attributes:
        how: SQL, or the groups it is built by, in words; empty if its definition is not known.
        arguments: Of the job that builds it anew; empty if its definition is not known.
        sources: The tables it was made of.
        stale: Those of them that have other rows by now.
    """

    name: str
    rows: int | None
    actor: str
    at: datetime | None
    how: str
    arguments: dict[str, Any] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def promotable(lake: Lakehouse, table: str) -> Promotable:
    """Where a table stands; it must be in bronze.

    Raises:
        CatalogError: Bronze has no such table.
    """
    own = table.rpartition(".")[2]
    bronze = lake.context.need(f"bronze.{own}")
    there = tables.row_count(bronze)
    next_draft = draft(lake, own)
    stored = lake.context.table(f"silver.{own}")
    opened = look(f"silver.{own}", stored) if stored is not None else None
    published = opened is not None and opened.facts.run_id is not None
    read = sources_of(opened).get(f"bronze.{own}") if opened is not None else None
    seen = tables.row_count(bronze, read) if read is not None else 0
    newer = max(0, (there or 0) - (seen or 0)) if published else there or 0
    said = opened.properties if opened is not None else {}
    waiting = sum(each.table == f"silver.{own}" for each in pending(lake.context))
    done = numbered(promotion_data(said.get(SPEC, ""), f"silver.{own}"))
    edited = next_draft.data != done and meaning(next_draft.data) != meaning(done)
    facts = opened.facts if opened is not None else None
    return Promotable(
        f"silver.{own}",
        _sentence(own, published, newer, edited, waiting),
        published,
        facts.rows if facts is not None else None,
        facts.actor if facts is not None else "",
        facts.at if facts is not None else None,
        facts.run_id if facts is not None else None,
        json.loads(said[REPORT]) if REPORT in said else None,
        there,
        newer,
        next_draft,
        edited,
        _parts(next_draft.data),
        revertible(lake, own),
    )


def gold_tables(lake: Lakehouse) -> list[GoldTable]:
    """Every gold table, those it reads before it; which are older than their sources."""
    opened = opened_tables(lake)
    found = {name: _gold(name, each, opened) for name, each in opened.items() if each.facts.layer == "gold"}
    ordered: dict[str, GoldTable] = {}

    def place(name: str, above: tuple[str, ...]) -> None:
        for source in found[name].sources:
            if source in found and source not in above:
                place(source, (*above, name))
        ordered.setdefault(name, found[name])

    for name in found:
        place(name, (name,))
    return list(ordered.values())


def _gold(name: str, each: Opened, opened: Mapping[str, Opened]) -> GoldTable:
    sources = sources_of(each)
    stale = [source for source, state in sources.items() if source not in opened or moved_on(opened[source], state)]
    facts = each.facts
    try:
        defined = json.loads(each.properties.get(DEFINITION, "{}"))
    except ValueError:  # another writer's property of that name
        defined = {}
    keys = ("sql",) if "sql" in defined else ("source", "group_by", "aggregations")
    how = str(defined.get("sql", "")).strip()
    if "group_by" in defined:
        by = ", ".join(defined["group_by"]) or "nothing"
        how = f"{', '.join(defined.get('aggregations', {}))} by {by} of {defined.get('source')}"
    arguments = {"name": name.partition(".")[2], **{key: defined[key] for key in keys}} if how else {}
    return GoldTable(name, facts.rows, facts.actor, facts.at, how, arguments, list(sources), stale)


def _sentence(own: str, published: bool, newer: int, edited: bool, waiting: int) -> str:
    rows = f"{newer:,} {'row' if newer == 1 else 'rows'}"
    if waiting:
        told = "a review waits" if waiting == 1 else f"{waiting} reviews wait"
        return f"{own}: {told} for a decision"
    if not published:
        return f"{own} is not in silver yet: {rows} of bronze wait"
    waits = [f"{rows} of bronze wait"] if newer else []
    waits += ["the draft was edited"] if edited else []
    return f"{own}: {' and '.join(waits)}" if waits else f"{own} is published; nothing waits"


def _parts(data: Mapping[str, Any]) -> Rows:
    """The draft, a line for each thing that it does."""
    lines = []
    for column, kind in data.get("schema", {}).items():
        named = kind.get("type", "string") if isinstance(kind, Mapping) else kind
        lines.append({"what": "type", "id": "", "kind": str(named), "on": str(column), "then": "", "enabled": True})
    for what, key in (("step", "steps"), ("rule", "rules")):
        for part in data.get(key, []):
            on = part.get("columns") or part.get("fields") or part.get("match_fields") or part.get("column") or ""
            lines.append(
                {
                    "what": what,
                    "id": part["id"],
                    "kind": part["kind"],
                    "on": ", ".join(map(str, on)) if isinstance(on, list) else str(on),
                    "then": str(part.get("action", "quarantine" if what == "rule" else "")),
                    "enabled": bool(part.get("enabled", True)),
                }
            )
    kinds = dict.fromkeys(("what", "id", "kind", "on", "then"), "String") | {"enabled": "Boolean"}
    return Rows(kinds, lines, len(lines))
