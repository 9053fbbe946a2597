"""A run as text that does the same again: as YAML and as a Python script; and as a job."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from automic_core import yamltext
from automic_core.errors import ConfigError
from automic_core.lake import Lakehouse
from automic_core.medallion.batches import INCREMENTAL, KEYS, MODE, READ_AS
from automic_core.medallion.context import REPORT
from automic_core.medallion.promotion import SPEC
from automic_core.medallion.silver import DEFINITION
from automic_core.state.jobs import Job
from automic_core.workbench.promotions import PromotionSpec, parse_promotion
from automic_core.workbench.rundetail import snapshot_of
from automic_core.workbench.running import rerun, submit
from automic_core.workbench.scripts import build_script, ingest_script, promotion_script
from automic_core.workbench.sources import place_of, source_form

_ALWAYS = ("extract", "latest", "cast")


@dataclass(frozen=True)
class Exported:
    """What a run did, to be done again elsewhere.

    Attributes:
        kind: ingest, promotion or build.
        command: The command line that takes the YAML; empty if none does.
        provable: Whether YAML and script can be proved to give the same rows without publishing anything.
    """

    kind: str
    table: str
    snapshot: int
    yaml: str
    script: str
    command: str
    provable: bool


def export_run(lake: Lakehouse, run_id: str) -> Exported:
    """What a run did, as YAML and as a script.

    Raises:
        ConfigError: It left no state, or did not keep what it did.
    """
    table, snapshot, properties = _state(lake, run_id)
    layer, _, own = table.partition(".")
    if layer == "silver":
        spec = spec_of_state(table, properties)
        text = spec.text or "# Types as the values prove them; no steps, no rules.\n"
        command = f"automic promote {own} --rules {own}.yaml --lake {shlex.quote(str(lake.context.root))}"
        return Exported("promotion", table, snapshot, text, promotion_script(own, spec), command, True)
    if layer == "bronze":
        data = ingest_of(table, properties)
        return Exported("ingest", table, snapshot, yamltext.dump(data), ingest_script(data), _ingest(data), False)
    definition = json.loads(properties.get(DEFINITION, "{}"))
    data = {"table": table, **definition}
    return Exported("build", table, snapshot, yamltext.dump(data), build_script(own, definition), "", True)


def rerun_run(lake: Lakehouse, run_id: str) -> Job:
    """A run again, as a job: an ingest and a build as they were; a promotion is staged for review.

    Raises:
        ConfigError: It did not keep what it did.
    """
    lake.context.writable()
    job = lake.context.state.jobs.of_run(run_id)
    if job is not None and len(job.run_ids) < 2:
        return rerun(lake, job.id)
    table, _, properties = _state(lake, run_id)
    layer, _, own = table.partition(".")
    if layer == "silver":
        return submit(lake, "review", own, {"table": own, "spec": spec_of_state(table, properties).text})
    if layer == "bronze":
        return submit(lake, "ingest", own, _arguments(ingest_of(table, properties)))
    return submit(lake, "build", own, {"name": own, **json.loads(properties.get(DEFINITION, "{}"))})


def spec_of_state(table: str, properties: dict[str, str]) -> PromotionSpec:
    """The promotion that made a state.

    Raises:
        ConfigError: It did more than type the columns, and its YAML was not kept.
    """
    if text := properties.get(SPEC, ""):
        return parse_promotion(text, f"the promotion of {table}")
    did = [line["id"] for line in json.loads(properties.get(REPORT, "{}")).get("steps", [])]
    if unknown := [each for each in did if each not in _ALWAYS]:
        raise ConfigError(
            f"{table} was promoted with {', '.join(unknown)}, made in Python in a way that YAML cannot say.",
            "Keep the script that made it.",
        )
    return PromotionSpec()


def ingest_of(table: str, properties: dict[str, str]) -> dict[str, Any]:
    """How a batch was taken in.

    Raises:
        ConfigError: Its source is of no known kind.
    """
    if READ_AS not in properties:
        raise ConfigError(f"How this batch of {table} was read is not on record.", "Take it in again from its source.")
    source = json.loads(properties[READ_AS])
    how = {"mode": properties.get(MODE, "append"), "keys": json.loads(properties.get(KEYS, "[]"))}
    part = {"incremental": json.loads(properties[INCREMENTAL])} if INCREMENTAL in properties else {}
    return {"table": table, **how, **part, "source": source}


def _state(lake: Lakehouse, run_id: str) -> tuple[str, int, dict[str, str]]:
    run = lake.context.state.run(run_id)
    if run is None or not run.table:
        raise ConfigError(f"The run {run_id!r} is about no table of this lake.", "Look at the runs of a table.")
    snapshot, properties, _ = snapshot_of(lake, run.table, run_id)
    if snapshot is None:
        raise ConfigError(
            f"The run {run_id} left no state of {run.table}.", "It published nothing, or its state has expired."
        )
    return run.table, snapshot, properties


def _arguments(data: dict[str, Any]) -> dict[str, Any]:
    """Arguments of an ingest job."""
    options = {name: value for name, value in data["source"].items() if name not in ("kind", "path")}
    place = data["source"].get("path", "")
    how: dict[str, Any] = {key: data[key] for key in ("table", "mode", "keys", "incremental") if key in data}
    return {"place": place, "kind": data["source"]["kind"], "options": options, **how}


def _ingest(data: dict[str, Any]) -> str:
    """The command that takes the same in."""
    source, place = dict(data["source"]), data["source"].get("path", "")
    options: dict[str, Any] = {}
    kind = source.pop("kind")
    if not place:
        place, options = place_of(source_form(kind), source)
    parts = ["automic", "ingest", json.dumps(place), "--table", data["table"]]
    parts += [part for name, value in options.items() for part in ("-o", json.dumps(f"{name}={value}"))]
    parts += ["--keys", ",".join(data["keys"])] if data["keys"] else []
    parts += ["--mode", data["mode"]] if data["mode"] != "append" else []
    part: dict[str, Any] = dict(data.get("incremental", {}))
    if ends := part.pop("backfill", None):
        part["backfill"] = "..".join(end or "" for end in ends)
    names = {"type": "cursor-type"}
    parts += [each for name, value in part.items() for each in (f"--{names.get(name, name)}", json.dumps(str(value)))]
    return " ".join(parts)
