"""A lake opened for looking only: nothing a use-case does changes it, whatever the page before it allowed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from automic_core import workbench
from automic_core.errors import SecurityError
from automic_core.jobs import supervision
from automic_core.lake import Lakehouse
from automic_core.state.jobs import Job
from automic_core.workbench import exporting, quarantining, query_history, schema_edits
from automic_core.workbench.timelines import rollback_to

PEOPLE = "id,name,age\n1,Ada,36\n2,Grace,85\n3,Alan,-5\n"
RULES = "rules:\n- {id: age_range, kind: range, columns: [age], min: 0, action: quarantine}\n"


def make(folder: Path) -> dict[str, Any]:
    """A lake with two states of silver, a review, a draft, a decision, a queued job and a statement."""
    root = workbench.create(folder / "lake").path
    file = folder / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    spec = workbench.parse_promotion(RULES)
    with workbench.opened(root, "ann") as lake:
        workbench.ingest(lake, workbench.build_source(str(file)), "people", keys=["id"])
        workbench.promote(lake, "people", spec)
        workbench.promote(lake, "people", spec)
        past = [state.id for state in workbench.timeline(lake, "silver.people")]
        (aside,) = workbench.quarantine(lake, "people").rows
        decision = workbench.waive(lake, "people", aside["_rid"], ["age_range"], "known")[0]
        draft = workbench.save_draft(lake, "people", {"rules": [{"kind": "not_null", "columns": ["id"]}]}, 0, "Add")
        statement = query_history.Ran("SELECT 1", aside_at(lake), 1)
        query_history.remember(query_history.history_file(root, "ann"), statement)
        return {
            "root": root,
            "file": str(file),
            "review": workbench.stage(lake, "people", spec),
            "run": workbench.runs(lake)[0].run_id,
            "past": past,
            "rid": aside["_rid"],
            "other": aside["_rid"] - 1,
            "decision": decision.id,
            "version": draft.version,
        }


def aside_at(lake: Lakehouse) -> Any:
    return lake.runs(1)[0].ended_at


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """For tests that change nothing."""
    return make(tmp_path_factory.mktemp("looking"))


@pytest.fixture
def own(tmp_path: Path) -> dict[str, Any]:
    """For a test that changes something."""
    return make(tmp_path)


@pytest.fixture
def looking(made: dict[str, Any]) -> Iterator[Lakehouse]:
    with workbench.opened(made["root"], "ann", read_only=True) as lake:
        yield lake


Action = Callable[[Lakehouse, dict[str, Any]], Any]
WRITES: dict[str, Action] = {
    "ingest": lambda lake, at: workbench.ingest(lake, workbench.build_source(at["file"]), "other"),
    "ingest what is there": lambda lake, at: workbench.ingest(lake, workbench.build_source(at["file"]), "people"),
    "promote": lambda lake, at: workbench.promote(lake, "people"),
    "build": lambda lake, at: workbench.build(lake, "g", "SELECT * FROM silver.people"),
    "stage": lambda lake, at: workbench.stage(lake, "people", workbench.parse_promotion(RULES)),
    "publish": lambda lake, at: workbench.publish(lake, at["review"]),
    "discard": lambda lake, at: workbench.discard(lake, at["review"]),
    "revert": lambda lake, at: workbench.revert(lake, "people", at["past"][0]),
    "rollback": lambda lake, at: workbench.rollback(lake, "silver.people", at["past"][1]),
    "roll back to": lambda lake, at: rollback_to(lake, "silver.people", at["past"][1], at["past"][0]),
    "save draft": lambda lake, at: workbench.save_draft(lake, "people", {}, at["version"], "x"),
    "save draft as YAML": lambda lake, at: workbench.save_draft_text(lake, "people", "", at["version"]),
    "undo": lambda lake, at: workbench.undo(lake, "people", at["version"]),
    "redo": lambda lake, at: workbench.redo(lake, "people", at["version"]),
    "drop fields": lambda lake, at: schema_edits.drop_fields(lake, "people", [], at["version"], "x"),
    "fix": lambda lake, at: workbench.fix(lake, "people", at["rid"], {"age": "5"}),
    "waive": lambda lake, at: workbench.waive(lake, "people", at["rid"], ["age_range"], "why"),
    "label": lambda lake, at: workbench.label(lake, "people", at["rid"], at["other"], "same"),
    "unmerge": lambda lake, at: workbench.unmerge(lake, "people", at["rid"], [at["other"]]),
    "fix many": lambda lake, at: quarantining.fix_many(lake, "people", {at["rid"]: {"age": "5"}}),
    "revoke": lambda lake, at: quarantining.revoke(lake, at["decision"]),
    "replay": lambda lake, at: quarantining.replay(lake, "people"),
    "submit": lambda lake, at: workbench.submit(lake, "replay", "people", {"table": "people"}),
    "cancel": lambda lake, at: workbench.cancel(lake, "whatever"),
    "run again": lambda lake, at: workbench.rerun(lake, "whatever"),
    "run a run again": lambda lake, at: exporting.rerun_run(lake, at["run"]),
    "upload": lambda lake, at: workbench.keep_upload(lake, "a.csv", BytesIO(b"a,b\n1,2\n")),
    "prune uploads": lambda lake, at: workbench.prune_uploads(lake, -1),
    "forget statements": lambda lake, at: query_history.forget_statements(lake),
}


def fingerprint(root: Path) -> dict[str, str]:
    """All files of a lake; of the state only what it says, for opening it may write to its log."""
    kept = [file for file in root.rglob("*") if file.is_file() and not file.name.startswith("state.db")]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in kept}


def told(lake: Lakehouse) -> Any:
    draft = workbench.draft(lake, "people")
    jobs = [(job.id, job.state) for job in lake.context.state.jobs.newest(100)]
    return draft.version, draft.text, jobs, [run.run_id for run in lake.runs(100)], workbench.versions(lake)


@pytest.mark.parametrize("what", list(WRITES))
def test_refuses(made: dict[str, Any], looking: Lakehouse, what: str) -> None:
    before, said = fingerprint(made["root"]), told(looking)
    with pytest.raises(SecurityError, match="reading only"):
        WRITES[what](looking, made)
    assert fingerprint(made["root"]) == before
    assert told(looking) == said


def test_a_statement_asked_while_looking_is_not_remembered(made: dict[str, Any], looking: Lakehouse) -> None:
    assert workbench.ask_sql(looking, "SELECT 41 + 1 AS a").answer().total == 1
    assert workbench.recent_statements(looking) == []
    with workbench.opened(made["root"], "ann") as lake:
        assert [ran.sql for ran in workbench.recent_statements(lake)] == ["SELECT 1"]


def test_looking_starts_no_worker(own: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started: list[Path] = []
    monkeypatch.setattr(supervision, "start_worker", started.append)
    with workbench.opened(own["root"], "ann") as lake:
        job = workbench.submit(lake, "replay", "people", {"table": "people"})
    assert started == [own["root"]]
    supervision._started.clear()
    with workbench.opened(own["root"], "ann", read_only=True) as lake:
        assert workbench.job(lake, job.id).state == "queued"
    assert started == [own["root"]]


def test_a_cancelled_job_whose_worker_died_is_undone_by_those_who_may_write(own: dict[str, Any]) -> None:
    with workbench.opened(own["root"], "ann") as lake:
        book = lake.context.state.jobs
        book.add(Job("j1", "replay", "silver.people", "t", {}, "ann", "queued", aside_at(lake)))
        assert book.claim("1:dead", 1, 1) is not None
        book.cancel("j1")
    with workbench.opened(own["root"], "ann", read_only=True) as lake:
        assert workbench.job(lake, "j1").cancelling
    with workbench.opened(own["root"], "ann") as lake:
        assert workbench.job(lake, "j1").state == "cancelled"
