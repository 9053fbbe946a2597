"""The proof that a pipeline's YAML and its script are one: both are run, their rows compared, nothing is published."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from automic_core import yamltext
from automic_core.errors import ConfigError, TransformError
from automic_core.events import Event, Listener
from automic_core.jobs import supervision
from automic_core.jobs.processes import environment
from automic_core.lake import Lakehouse
from automic_core.lakehouse.commits import head
from automic_core.lakehouse.rowhash import RowHash, row_hash
from automic_core.medallion.gold import StagedBuild
from automic_core.medallion.promotion import Promotion
from automic_core.medallion.quarantine import DECIDED
from automic_core.medallion.silver import SOURCES
from automic_core.state.jobs import Job
from automic_core.storage import ruling
from automic_core.workbench import lakes
from automic_core.workbench.exporting import export_run
from automic_core.workbench.promotions import parse_promotion
from automic_core.workbench.rundetail import snapshot_of

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Proof:
    """What two ways to the same rows gave.

    Attributes:
        run: The run that was proved.
        yaml, script: Rows and hash of each way.
        published: Of the state that the run made.
        equal: Whether YAML and script gave the same rows.
        moved: What has changed since the run, so that today's rows need not be those it published; empty if nothing.
        reproduced: Whether they are those it published; None if something has moved on.
    """

    run: str
    table: str
    yaml: RowHash
    script: RowHash
    published: RowHash
    equal: bool
    moved: list[str]
    reproduced: bool | None


def prove(lake: Lakehouse, run_id: str, on_event: Listener | None = None) -> Proof:
    """Run the YAML and the script of a run on the lake as it is now, and compare the rows.

    Raises:
        ConfigError: The run cannot be exported, or only by writing again.
        TransformError: The script failed; says with which words.
    """
    exported = export_run(lake, run_id)
    if not exported.provable:
        raise ConfigError(f"An {exported.kind} cannot be proved without taking it in again.", "Run it again.")
    tell = _Telling(on_event)
    tell("Running the YAML")
    by_yaml = _by_yaml(lake, exported.kind, exported.table, exported.yaml)
    tell("Running the script")
    by_script = _by_script(lake, exported.script, tell)
    tell("Reading what was published")
    published = row_hash(lake.scan(exported.table, exported.snapshot))
    moved = _moved(lake, exported.table, run_id)
    reproduced = None if moved else by_yaml == published
    return Proof(run_id, exported.table, by_yaml, by_script, published, by_yaml == by_script, moved, reproduced)


def prove_task(lake: Lakehouse, arguments: Mapping[str, Any], on_event: Listener) -> dict[str, Any]:
    """The proof as a job. Arguments: ``run``."""
    return asdict(prove(lake, arguments["run"], on_event))


class _Telling:
    """Says what is going on; a job that is cancelled ends here."""

    def __init__(self, on_event: Listener | None) -> None:
        self._listener, self._said = on_event, ""

    def __call__(self, what: str = "") -> None:
        self._said = what or self._said
        if self._listener is not None:
            self._listener(Event("started", "", message=self._said))


def _by_yaml(lake: Lakehouse, kind: str, table: str, text: str) -> RowHash:
    """What the YAML makes of the lake now."""
    own = table.rpartition(".")[2]
    staged: Promotion | StagedBuild
    with ruling(lakes.policy(lake.context.root)):
        if kind == "promotion":
            spec = parse_promotion(text, f"the promotion of {table}")
            staged = lake.silver.stage(own, spec if spec.columns else None, spec.steps, spec.rules, spec_text=spec.text)
        else:
            definition = {key: value for key, value in yamltext.load(text, table).items() if key != "table"}
            staged = lake.gold.stage(own, **definition)
    try:
        return row_hash(staged.rows())
    finally:
        staged.discard()


def _by_script(lake: Lakehouse, script: str, tell: _Telling) -> RowHash:
    """What the script makes of it, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="automic-proof-") as folder:
        file = Path(folder) / "pipeline.py"
        file.write_text(script, encoding="utf-8")
        with _process([sys.executable, str(file), str(lake.context.root), "--dry-run"], folder) as process:
            while process.poll() is None:
                tell()
                try:
                    process.wait(_LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        said = (Path(folder) / "out").read_text(encoding="utf-8", errors="replace").splitlines()
    line = next((each for each in reversed(said) if each.startswith("hash: ")), "")
    if process.returncode or not line:
        raise TransformError(f"The script failed: {said[-1] if said else 'it said nothing'}.", "Run it by hand.")
    rows, _, digest = line.removeprefix("hash: ").split()
    return RowHash(int(rows), digest)


@contextmanager
def _process(command: list[str], folder: str) -> Iterator[subprocess.Popen[bytes]]:
    """A child that ends with the block."""
    with (Path(folder) / "out").open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, our own script
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**environment(), "TMPDIR": folder},
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _moved(lake: Lakehouse, table: str, run_id: str) -> list[str]:
    """What is another one now than when the run read it."""
    _, properties, _ = snapshot_of(lake, table, run_id)
    found = []
    for name, snapshot in json.loads(properties.get(SOURCES, "{}")).items():
        stored = lake.context.table(name)
        if stored is None or head(stored) != snapshot:
            found.append(f"{name} has changed since")
    decided = properties.get(DECIDED)
    if decided is not None and decided != str(lake.decisions.snapshot() or ""):
        found.append("decisions were made since")
    return found


def proof_job(lake: Lakehouse, run_id: str) -> Job | None:
    """The newest job that proved, proves or tried to prove a run; None if nobody has asked."""
    asked = supervision.jobs(lake, supervision.KEEP)
    return next((job for job in asked if job.kind == "prove" and job.arguments.get("run") == run_id), None)
