"""What each step of a promotion costs: measured one by one on a sample, since a run computes all of them at once."""

from __future__ import annotations

import time
from dataclasses import dataclass

from automic_core import frames
from automic_core.errors import AutomicError
from automic_core.lake import Lakehouse
from automic_core.planning import plan_stage
from automic_core.workbench.exporting import spec_of_state
from automic_core.workbench.rundetail import snapshot_of
from automic_core.workbench.trials import Trial, base_of, conditions, parts_of, sentence


@dataclass(frozen=True)
class StepTime:
    """One step on the sample.

    Attributes:
        rows: Living rows that entered.
        seconds: To learn and to apply it, alone.
    """

    id: str
    kind: str
    rows: int
    seconds: float


@dataclass(frozen=True)
class StepTimes:
    """All steps on the sample.

    Attributes:
        sample: Which rows, in words.
        stopped: Why the steps after the last one were not measured; empty if all were.
    """

    sample: str
    steps: list[StepTime]
    stopped: str = ""


def step_times(lake: Lakehouse, table: str, run_id: str) -> StepTimes:
    """The steps of the promotion a run did, each measured on the first rows of bronze as it is now.

    Raises:
        ConfigError: What the run did was not kept.
    """
    own = table.rpartition(".")[2]
    spec = spec_of_state(table, snapshot_of(lake, table, run_id)[1])
    base = base_of(lake, own)
    found: list[StepTime] = []
    stopped = ""
    with conditions(lake, base):
        trial = Trial(own, base, parts_of(spec, base.inferred))
        rows = frames.track(base.rows).collect()
        for named in trial.steps:
            if named.step.segment:
                stopped = f"{named.id} makes new rows of others; what follows was not measured one by one."
                break
            began = time.perf_counter()
            try:
                after = plan_stage(rows.lazy(), [named]).frame.collect()
            except AutomicError as exc:
                stopped = exc.message
                break
            found.append(StepTime(named.id, named.label, rows.height, time.perf_counter() - began))
            rows = after.lazy().filter(frames.alive()).collect()
    return StepTimes(sentence(base, own), found, stopped)
