"""Promotions under review: staged by one process, looked at by others, published or discarded by any, also later.

A review is a folder of the lake. It exists once its manifest does, which is written last and whole; it ends when the
manifest is deleted, which is done first. One process at a time may decide about it.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from pyiceberg.table import Table

from automic_core.errors import AutomicError, CatalogError, ConflictError, translate
from automic_core.events import RunReport
from automic_core.faults import commit_point
from automic_core.lakehouse import files, tables
from automic_core.lakehouse.comparing import Comparison
from automic_core.lakehouse.staging import remove_staged
from automic_core.medallion.context import RUN_ID, LakeContext, run_entry
from automic_core.medallion.gates import Gate
from automic_core.medallion.promotion import Promotion
from automic_core.medallion.staged import StagedTable
from automic_core.records import Field, FieldType, Schema
from automic_core.storage.locking import held
from automic_core.storage.writing import atomic_write, disk_errors

FOLDER, MANIFEST, LOCK = "reviews", "review.json", "lock"
YOUNG_SECONDS = 60
LONGEST_ID = 64
STAGED_BY = "automic.staged-by"
FRAMES = ("quarantined", "removed", "added_rows", "removed_rows", "cells", "types")


@dataclass(frozen=True)
class Review:
    """What a review remembers; its rows lie beside it as Parquet.

    Attributes:
        id: The id of the run that staged it.
        actor: Who staged it.
        spec: The promotion as YAML; empty if it has none.
        fork: Head of the silver table when it was staged.
        fields: Its columns with their ids, as the staged files carry them.
        files: The staged files.
        bronze: The snapshot of bronze that was read.
        bronze_rows: Rows bronze had then.
        before: Column to type of what is published; None = the table is new.
        after: Column to type as staged.
        renamed: A guess: column that goes to column that comes.
        aside_before: Rows that the published promotion set aside; None if nothing is published.
        rows: Counts of the comparison, see ``Comparison``.
    """

    id: str
    table: str
    actor: str
    at: datetime
    spec: str
    properties: dict[str, str]
    report: dict[str, Any]
    schema: dict[str, Any]
    fork: int | None
    fields: str
    files: list[str]
    bronze: int | None
    bronze_rows: int | None
    before: dict[str, str] | None
    after: dict[str, str]
    renamed: dict[str, str]
    gates: list[Gate]
    aside_before: int | None = None
    rows: dict[str, Any] = field(default_factory=dict)


def save(lake: LakeContext, review: Review, promotion: Promotion, compared: Comparison) -> None:
    """Put a staged promotion under review.

    Raises:
        LoadError: The disk is full; nothing is under review.
    """
    sweep(lake)
    folder = _folder(lake, review.id)
    folder.mkdir(parents=True)
    types = pl.DataFrame(schema=promotion.staged.shape)
    parts = {"quarantined": promotion.quarantined, "removed": promotion.removed, "types": types}
    parts |= {name: getattr(compared, name) for name in FRAMES if name not in parts}
    try:
        with held(folder / LOCK), disk_errors(folder):
            for name, frame in parts.items():
                frame.write_parquet(folder / f"{name}.parquet")
            commit_point("review.before")
            with atomic_write(folder / MANIFEST) as file:
                file.write(json.dumps(asdict(review), default=str, ensure_ascii=False).encode())
            commit_point("review.after")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def pending(lake: LakeContext) -> list[Review]:
    """All reviews nobody has decided yet, newest first."""
    manifests = (lake.root / FOLDER).glob(f"*/{MANIFEST}")
    found = [review for path in manifests if (review := _read(path)) is not None]
    return sorted(found, key=lambda review: (review.at, review.id), reverse=True)


def load(lake: LakeContext, review_id: str) -> Review:
    """One review.

    Raises:
        CatalogError: There is none of this id; says whether it was published.
    """
    found = _read(_folder(lake, review_id) / MANIFEST)
    if found is None:
        raise _unknown(lake, review_id)
    return found


def frame(lake: LakeContext, review_id: str, name: str) -> pl.DataFrame:
    """Rows of a review, one of ``FRAMES``.

    Raises:
        CatalogError: They are gone.
    """
    path = _folder(lake, review_id) / f"{name}.parquet"
    if not path.exists():
        raise _unknown(lake, review_id)
    with translate(CatalogError, f"reading {name} of the review {review_id}"):
        return pl.read_parquet(path)


def published(lake: LakeContext, review: Review) -> int | None:
    """The snapshot that a review became, if a process published it and died before it could clear it away."""
    if not tables.exists(lake.catalog, review.table):
        return None
    return _made(tables.load(lake.catalog, review.table), review.id)


def publish(lake: LakeContext, review_id: str) -> int:
    """Make what was reviewed the table, as ``Promotion.publish`` does; a publish that was killed is completed.

    Returns:
        The snapshot id.

    Raises:
        ConflictError: The table changed since it was staged, or another process decides about it right now.
        CatalogError: There is no such review; says whether it was published.
    """
    lake.writable()
    with _deciding(lake, review_id) as review:
        snapshot = published(lake, review)
        if snapshot is None:
            snapshot = _promotion(lake, review).publish()
        else:
            report = RunReport.from_dict(review.report)
            lake.state.rebuild(runs=[run_entry(report, review.table, lake.actor)])
        _clear(lake, review_id)
    return snapshot


def discard(lake: LakeContext, review_id: str) -> None:
    """Drop a review, its rows and its files; the table stays as it is.

    Raises:
        ConflictError: It is published already, or another process decides about it right now.
        CatalogError: There is no such review.
    """
    lake.writable()
    with _deciding(lake, review_id) as review:
        if published(lake, review) is not None:
            _clear(lake, review_id)
            raise ConflictError(f"{review.table} was published from this review already.", "Revert it instead.")
        if tables.exists(lake.catalog, review.table):
            remove_staged(tables.load(lake.catalog, review.table), review.files)
        else:
            for path in filter(None, map(files.local_path, review.files)):
                path.unlink(missing_ok=True)
        commit_point("review.discarded")
        _clear(lake, review_id)


def staged_files(lake: LakeContext) -> set[str]:
    """Files that reviews wait for: no snapshot refers to them, and still they must stay."""
    return {location for review in pending(lake) for location in review.files}


def sweep(lake: LakeContext) -> None:
    """Clear away what processes left that were killed while they wrote or cleared a review."""
    for folder in (lake.root / FOLDER).glob("*/"):
        with held(folder / LOCK) as mine:
            young = time.time() - folder.stat().st_mtime < YOUNG_SECONDS if mine else True
            if not young and not (folder / MANIFEST).exists():
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _deciding(lake: LakeContext, review_id: str) -> Iterator[Review]:
    """The review, held by this process alone."""
    folder = _folder(lake, review_id)
    if not folder.is_dir():
        raise _unknown(lake, review_id)
    with held(folder / LOCK) as mine:
        if not mine:
            raise ConflictError(
                f"Somebody is publishing or discarding the review {review_id} right now.", "Look again in a moment."
            )
        yield load(lake, review_id)


def _promotion(lake: LakeContext, review: Review) -> Promotion:
    """The staged promotion as the process that staged it had it.

    Raises:
        ConflictError: The table moved since.
    """
    shape = dict(frame(lake, review.id, "types").schema)
    try:
        staged = StagedTable.reopen(lake, review.table, shape, review.fork, review.fields, review.files)
    except ConflictError as exc:
        raise ConflictError(exc.message, "Prepare a new review on what is published now.") from exc
    fields = [Field(**{**each, "type": FieldType(each["type"])}) for each in review.schema["fields"]]
    properties = dict(review.properties)
    if review.actor != lake.actor:
        properties[STAGED_BY] = review.actor
    return Promotion(
        review.table,
        RunReport.from_dict(review.report),
        Schema(**{**review.schema, "fields": fields}),
        frame(lake, review.id, "quarantined"),
        frame(lake, review.id, "removed"),
        {},
        properties,
        staged,
        lake,
        gates=review.gates,
    )


def _clear(lake: LakeContext, review_id: str) -> None:
    commit_point("review.clear")
    folder = _folder(lake, review_id)
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _folder(lake: LakeContext, review_id: str) -> Path:
    if not review_id.isalnum() or len(review_id) > LONGEST_ID:
        raise CatalogError(f"{review_id[:LONGEST_ID]!r} is not the id of a review.", "Choose one from the list.")
    return lake.root / FOLDER / review_id


def _read(path: Path) -> Review | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise _unreadable(path) from exc
    try:
        gates = [Gate(**gate) for gate in data["gates"]]
        return Review(**{**data, "at": datetime.fromisoformat(data["at"]), "gates": gates})
    except (TypeError, KeyError, ValueError) as exc:
        raise _unreadable(path) from exc


def _unreadable(path: Path) -> CatalogError:
    return CatalogError(
        f"The review {path.parent.name} cannot be read; another version of Automic may have written it.",
        f"Decide about it with that version, or delete the folder {path.parent}.",
    )


def _made(table: Table, run_id: str) -> int | None:
    for snapshot in reversed(table.snapshots()):
        if snapshot.summary is not None and snapshot.summary.additional_properties.get(RUN_ID) == run_id:
            return snapshot.snapshot_id
    return None


def _unknown(lake: LakeContext, review_id: str) -> AutomicError:
    run = lake.state.run(review_id)
    if run is not None and run.state == "succeeded":
        who = f" by {run.actor}" if run.actor else ""
        return ConflictError(f"This review of {run.table} was published already{who}.", "See what is published now.")
    return CatalogError(f"There is no review {review_id}.", "It was discarded, or never was. Prepare a new one.")
