"""What waits for a person, in sentences: read from metadata, the runs on record and the decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from automic_core.lake import Lakehouse
from automic_core.medallion.batches import BATCH
from automic_core.medallion.decisions import TABLE as DECISIONS
from automic_core.medallion.quarantine import DECIDED
from automic_core.medallion.silver import DEFINITION
from automic_core.workbench.listing import Health, Opened, moved_on, past_of, properties_of, sources_of
from automic_core.workbench.reviews import reviews

RUNS = 200


@dataclass(frozen=True)
class Attention:
    """One thing that waits for a person.

    Attributes:
        kind: unreadable, failed, review, gone, behind, decided, quarantine, types or new, as a badge can show it.
        table: The table it is about.
        sentence: What is the matter.
        page: Where to settle it.
        query: Query parameters of that page.
    """

    kind: str
    level: Health
    table: str
    sentence: str
    page: str
    query: dict[str, str] = field(default_factory=dict)


def concerns(lake: Lakehouse, opened: Mapping[str, Opened], open_rows: Mapping[str, int]) -> list[Attention]:
    """Everything that waits, the worst first, then by table.

    Args:
        lake: The lake.
        opened: Its tables.
        open_rows: Silver table to its rows in quarantine that nobody has settled.
    """
    found = [*_unreadable(opened), *failed_runs(lake), *_reviews(lake), *behind(opened)]
    found += _undecided(lake, opened)
    found += [
        _to(
            "quarantine",
            name,
            f"{_rows(rows)} of {name} {'waits' if rows == 1 else 'wait'} in quarantine.",
            "quarantine",
        )
        for name, rows in open_rows.items()
        if rows
    ]
    for name, each in opened.items():
        found += _schema(name, each, opened)
    return sorted(found, key=lambda item: item.level != "bad")


def _to(kind: str, table: str, sentence: str, page: str, level: Health = "attention", **query: str) -> Attention:
    return Attention(kind, level, table, sentence, page, query or {"table": table})


def _unreadable(opened: Mapping[str, Opened]) -> Iterator[Attention]:
    for name, each in opened.items():
        if each.facts.error:
            yield _to("unreadable", name, f"{name} cannot be read: {each.facts.error}", "tables", "bad")


def _reviews(lake: Lakehouse) -> Iterator[Attention]:
    """Promotions that are staged and wait to be published or discarded."""
    for each in reviews(lake):
        why = f" ({each.moved})" if each.moved else ""
        yield _to(
            "review", each.table, f"{each.actor} staged {each.table}: {each.sentence}{why}", "promote", review=each.id
        )


def failed_runs(lake: Lakehouse) -> Iterator[Attention]:
    """Tables whose newest run failed."""
    seen: set[str] = set()
    for run in lake.runs(RUNS):
        if run.table is None or run.table in seen:
            continue
        seen.add(run.table)
        if run.state == "failed":
            what = f" of {run.table}" if run.table not in run.pipeline else ""
            sentence = f"The last run{what} ({run.pipeline}) failed: {(run.error or 'nobody knows why')[:200]}"
            yield _to("failed", run.table, sentence, "runs", "bad", run=run.run_id)


def behind(opened: Mapping[str, Opened]) -> Iterator[Attention]:
    """Tables whose sources have moved on since, or are gone."""
    for name, each in opened.items():
        yield from _sources(name, each, opened)


def _sources(name: str, each: Opened, opened: Mapping[str, Opened]) -> Iterator[Attention]:
    """Sources that have moved on since a table was made of them, or are gone."""
    for source, snapshot in sources_of(each).items():
        there = opened.get(source)
        if there is None:
            yield _to("gone", name, f"{name} was made from {source}, which is no longer there.", "promote")
        elif moved_on(there, snapshot):
            yield _to("behind", name, _behind(name, source, there, snapshot), "promote")


def _behind(name: str, source: str, there: Opened, snapshot: int) -> str:
    past = past_of(there)
    place = next((place for place, each in enumerate(past) if each.snapshot_id == snapshot), None)
    if place is None:
        return f"{source} is in another state than the one {name} was made from."
    since = [properties_of(state) for state in past[:place]]
    batches = sum(BATCH in said for said in since)
    if batches:
        rows = sum(int(said.get("added-records", 0)) for said in since if BATCH in said)
        return f"{name} is behind: {source} has {_rows(rows)} more."
    return f"{name} is older than {source}, which was made anew since."


def _undecided(lake: Lakehouse, opened: Mapping[str, Opened]) -> Iterator[Attention]:
    """Silver tables that do not hold the decisions made since their promotion."""
    if lake.context.table(DECISIONS) is None:
        return
    now = lake.decisions.snapshot()
    made = lake.decisions.all()
    for name, each in opened.items():
        applied = each.properties.get(DECIDED)
        if applied is None or applied == str(now):
            continue
        own = name.partition(".")[2]
        mine = [decision for decision in made if decision.table == own]
        known = set(lake.decisions.all(own, int(applied))) if applied and mine else set()
        new = sum(decision not in known for decision in mine)
        if new:
            text = "1 decision waits" if new == 1 else f"{new:,} decisions wait"
            yield _to("decided", name, f"{text} to be applied to {name}.", "promote")


def _schema(name: str, each: Opened, opened: Mapping[str, Opened]) -> Iterator[Attention]:
    layer, _, own = name.partition(".")
    if layer == "bronze" and f"silver.{own}" not in opened:
        yield _to("new", name, f"{name} is not in silver yet.", "schema")
    if layer == "silver" and _inferred(each):
        yield _to("types", name, f"Types of {name} are inferred and not all accepted yet.", "schema")


def _inferred(each: Opened) -> bool:
    try:
        definition = json.loads(each.properties.get(DEFINITION, "{}"))
    except ValueError:  # another writer's property of that name
        return False
    return bool((definition.get("schema") or {}).get("inferred"))


def _rows(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
