"""The command that watches: what is out of the ordinary, and what is called expected."""

from __future__ import annotations

from typing import Annotated

import typer

from automic_core import workbench
from automic_core.cli import FAILED, output
from automic_core.cli.app import Json, Lake, app

Shown = Annotated[str | None, typer.Argument(help="layer.table; without it all tables of bronze, silver and gold.")]


@app.command()
def monitor(
    table: Shown = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Exit with 1 if a value is outside its band or a run failed, for schedulers."),
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Things to print at most.")] = 20,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Show what is out of the ordinary, the worst first: failed rules, surprises, drift, stale tables.

    States that were not looked at yet are measured first. Exits with 0 whatever is found, unless --check is given.
    """
    with workbench.opened(lake) as opened, output.Progress(quiet=as_json) as progress:
        measured = workbench.measure(opened, table, on_event=progress)
        found = workbench.monitors(opened, table)
    if as_json:
        output.emit({"inbox": found, "measured": measured})
    else:
        rows = [
            {"kind": each.kind, "table": each.table, "score": each.score, "what": each.told}
            for each in found.alerts[:limit]
        ]
        if rows:
            output.table(rows, wrap=["what"])
        watched = f"{output.count(found.tables, 'table')} in {found.series:,} series"
        things = output.count(len(found.alerts), "thing")
        output.say(f"{things} out of the ordinary in {watched}." if found.alerts else f"All is well with {watched}.")
        output.notes(f"{name} cannot be read: {why}" for name, why in measured.unreadable.items())
    if check and (measured.unreadable or any(each.score > 1 for each in found.alerts)):
        raise typer.Exit(FAILED)
