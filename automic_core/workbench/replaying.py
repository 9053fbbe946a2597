"""Try what was decided on the rows it is about, and replay: silver is made again from bronze, spec and decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.events import Listener
from automic_core.lake import Lakehouse
from automic_core.lakehouse.commits import head
from automic_core.medallion import quarantine
from automic_core.medallion.batches import RID_BITS, BronzeLayout, layout
from automic_core.medallion.context import REPORT, made_by
from automic_core.medallion.rechecking import Verdict, verdicts
from automic_core.medallion.row_history import RowEvent, row_history
from automic_core.medallion.silver import DEFINITION, SOURCES
from automic_core.pipeline import RULES
from automic_core.records import Field, FieldType, Schema
from automic_core.storage import AccessPolicy, ruling
from automic_core.transforms.columns import Cast
from automic_core.workbench import changing, lakes
from automic_core.workbench.deciding import Edits, bronze_rows, drafted, own_name, plain_rows
from automic_core.workbench.promotions import PromotionSpec, parse_promotion
from automic_core.workbench.reviews import published_spec

LATEST = "latest (a newer version of the key may be there)"


@dataclass(frozen=True)
class Replayed:
    """What a replay did.

    Attributes:
        replayed: Rows that were set aside, were decided about, and are not set aside any more.
        still: Rows set aside now.
    """

    table: str
    run_id: str
    snapshot: int
    replayed: int
    still: int


def replay(
    lake: Lakehouse, table: str, *, policy: AccessPolicy | None = None, on_event: Listener | None = None
) -> Replayed:
    """Promote again with the spec that made the table, so that what was decided since reaches silver.

    Raises:
        ConfigError: The table was promoted by steps or rules that nobody kept.
        GateError: A rule with action "fail" did not pass; nothing was published.
    """
    own = own_name(table)
    spec = spec_of(lake, own)
    before = quarantine.current(lake.context, own).filter(pl.col("state") != "open")["_rid"].drop_nulls()
    done = changing.promote(lake, own, spec, policy=policy, on_event=on_event)
    assert done.snapshot is not None
    after = quarantine.current(lake.context, own)["_rid"]
    freed = set(before) - set(after)
    return Replayed(f"silver.{own}", done.report.run_id, done.snapshot, len(freed), after.len())


def replay_task(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """Replay as a job. Arguments: ``table``."""
    done = replay(lake, arguments["table"], policy=lakes.policy(lake.context.root), on_event=on_event)
    return {
        "table": done.table,
        "run_id": done.run_id,
        "snapshot": done.snapshot,
        "replayed": done.replayed,
        "still": done.still,
    }


def spec_of(lake: Lakehouse, own: str) -> PromotionSpec:
    """The promotion that made the newest state of a silver table.

    Raises:
        ConfigError: It did more than type the columns, and its spec was not kept.
    """
    made = made_by(lake.context.need(f"silver.{own}"))
    if text := published_spec(lake, own):
        return parse_promotion(text, f"silver.{own}")
    lines = json.loads(made[REPORT]).get("steps", [])
    unknown = [line["id"] for line in lines if line["id"] not in ("extract", "latest", "cast")]
    if unknown:
        what = "rules" if unknown == [RULES] else f"steps ({', '.join(each for each in unknown if each != RULES)})"
        raise ConfigError(
            f"silver.{own} was promoted with {what} that were not kept with it, so it cannot be replayed.",
            "Promote it once with its rules file or from the Rules page; from then on it can.",
        )
    return PromotionSpec()


def recheck(
    lake: Lakehouse, table: str, rids: Sequence[int], edits: Edits | None = None, *, policy: AccessPolicy | None = None
) -> list[Verdict]:
    """What a replay would do with these rows, computed on them alone; nothing is stored.

    Args:
        lake: The lake.
        table: The table.
        rids: Rows of bronze, usually in quarantine.
        edits: Cells that nobody has saved yet.
        policy: What its steps may read; None = anything.

    Raises:
        ConfigError: A row is not there, an edit does not fit, or the promotion's steps were not kept.
    """
    own = own_name(table)
    spec = spec_of(lake, own)
    silver = lake.context.need(f"silver.{own}")
    made = made_by(silver)
    stored, keys = bronze_rows(lake, own, rids)
    rows = plain_rows(stored)
    tried = drafted(lake, own, rows, keys, {rid: each for rid, each in (edits or {}).items() if rid in set(rids)})
    decisions = [*lake.decisions.current(own), *tried]
    schema = applied_schema(made)
    with lake.context.resolving(), ruling(policy):
        found = verdicts(own, rows, decisions, keys, schema, spec.steps, spec.rules)
    bronze = lake.context.need(f"bronze.{own}")
    told = layout(bronze)
    moved = json.loads(made.get(SOURCES, "{}")).get(f"bronze.{own}") != head(bronze)
    broken = _broken(lake, own)
    final = []
    for verdict in (_superseded(each, told) for each in found):
        needs = [LATEST] if keys and (moved or verdict.rid in broken) else []
        changed = (edits or {}).get(verdict.rid, {})
        needs += _open_types(verdict, changed, schema, spec, verdict.rid in broken)
        final.append(replace(verdict, needs=(*needs, *verdict.needs)))
    return final


def unfit(lake: Lakehouse, table: str, texts: Mapping[str, str | None]) -> list[str]:
    """Which new texts of cells do not fit the types that the newest promotion gave their columns, in words."""
    silver = lake.context.table(f"silver.{own_name(table)}")
    if silver is None:
        return []
    fields = [field for field in applied_schema(made_by(silver)).fields if texts.get(field.name) is not None]
    cells = pl.LazyFrame({frames.RID: [0], **{field.name: [texts[field.name]] for field in fields}})
    failing = Cast(fields=fields).failures(cells)
    return failing.collect()["message"].to_list() if failing is not None else []


def applied_schema(made: Mapping[str, str]) -> Schema:
    """The schema that a promotion applied."""
    data = json.loads(made[DEFINITION])["schema"]
    fields = [Field(**{**each, "type": FieldType(each["type"])}) for each in data["fields"]]
    return Schema(**{**data, "fields": fields})


def _broken(lake: Lakehouse, own: str) -> set[int]:
    """Records that could not be read: neither was their key compared with the others', nor did they tell a type."""
    aside = quarantine.current(lake.context, own)
    broken = pl.col("reasons").list.eval(pl.element().struct.field("rule") == "malformed").list.any()
    return set(aside.filter(broken)["_rid"].drop_nulls())


def _superseded(verdict: Verdict, told: BronzeLayout) -> Verdict:
    """A row of an older batch of a source that delivers all its rows anew is not read any more."""
    if told.mode == "snapshot" and verdict.rid >> RID_BITS not in told.newest.values():
        return Verdict(verdict.rid, "leaves", [], (), "a newer batch of its source has replaced it")
    return verdict


def _open_types(
    verdict: Verdict, edits: Mapping[str, str | None], schema: Schema, spec: PromotionSpec, broken: bool
) -> list[str]:
    """Changed columns whose type nobody has accepted and that may turn out another with the new value."""
    failing = {reason["column"] for reason in verdict.reasons if reason["rule"] == "cast"}
    types = {each.name: each.type for each in schema.fields if each.name not in spec.columns}
    return [
        f"the type of {column}, which nobody has accepted"
        for column in edits
        if column in types and (column in failing or (types[column] is FieldType.STRING and not broken))
    ]


def history(lake: Lakehouse, table: str, rid: int) -> list[RowEvent]:
    """Everything known about a row, oldest first; the last event says where it is now."""
    return row_history(lake.context, own_name(table), rid)
