"""Commands that follow a table of a source: every change of it, once or until stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Allow, Json, Kind, Lake, Option, Source, app, listed, pairs
from automic_core.errors import ConfigError

if TYPE_CHECKING:
    from automic_core.medallion.following import Following

Table = Annotated[str, typer.Option("--table", help="Its change log in bronze, and its table in silver.")]


@app.command()
def follow(
    source: Source,
    table: Table,
    kind: Kind = None,
    option: Option = None,
    keys: Annotated[
        str | None,
        typer.Option("--keys", metavar="A,B", help="Columns that identify a row; default: the key that a log tells."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End when the present is reached.")] = False,
    history: Annotated[
        bool, typer.Option("--history", help="Silver holds every version of a row, with valid_from and valid_to.")
    ] = False,
    log_only: Annotated[bool, typer.Option("--log-only", help="Leave silver alone.")] = False,
    compare: Annotated[bool, typer.Option("--compare", help="Compare hashes of all rows, without a log.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="After a log was lost: compare a new snapshot, then go on from it.")
    ] = False,
    contract: Annotated[
        Literal["evolve", "freeze", "discard_value"],
        typer.Option("--contract", help="What to do with columns the table does not have."),
    ] = "evolve",
    every: Annotated[
        float | None, typer.Option("--every", min=0.1, help="Seconds between commits (1), or comparisons (60).")
    ] = None,
    allow: Allow = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Follow a table: every insert, update and delete into a change log, and from there into silver.

    The first time all rows are read. Without --once it goes on until Ctrl-C; it goes on where it ended.
    """
    if history and log_only:
        raise ConfigError("Both --history and --log-only are given.", "Choose one.")
    reader = workbench.build_source(source, kind, pairs(option), workbench.policy(lake, allow or ()))
    with (
        _stopping() as stop,
        workbench.opened(lake) as opened,
        output.Progress(as_json) as progress,
    ):
        done = workbench.follow(
            opened,
            reader,
            table,
            keys=listed(keys) or None,
            silver="none" if log_only else "history" if history else "same",
            until_now=once,
            compare=compare,
            fresh=fresh,
            contract=contract,
            every=every or (60.0 if compare else 1.0),
            stop=stop.is_set,
            on_event=progress,
        )
    if as_json:
        output.emit(_plain(done))
        return
    output.say(f"{done.table}: {workbench.changes_told(done.ops)}{f', up to {done.position}' if done.position else ''}")
    if done.applied:
        written, gone = output.count(done.applied["rows"], "row"), done.applied["deleted"]
        output.say(f"silver{done.table.removeprefix('bronze')}: {written} written, {gone:,} deleted")
    output.notes([*done.report.notes, *done.report.warnings])


@app.command()
def unfollow(
    source: Source,
    table: Table,
    kind: Kind = None,
    option: Option = None,
    allow: Allow = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Give up the log that the source keeps for a table; what is in the lake stays."""
    reader = workbench.build_source(source, kind, pairs(option), workbench.policy(lake, allow or ()))
    with workbench.opened(lake) as opened:
        workbench.unfollow(opened, reader, table)
    if as_json:
        output.emit({"table": table})
    else:
        output.say(f"The source keeps no log for {table} any more.")


def _plain(done: Following) -> dict[str, object]:
    told = {"table": done.table, "position": done.position, "began": done.began}
    return {**told, "changes": dict(done.ops), "silver": dict(done.applied), "report": done.report.to_dict()}


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Set at the first Ctrl-C, so that what has arrived is committed; a second one interrupts."""
    stop = threading.Event()

    def ask(number: int, frame: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
