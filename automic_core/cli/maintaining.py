"""The command that keeps tables small."""

from __future__ import annotations

from typing import Annotated

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, app


@app.command()
def maintain(
    table: Annotated[
        str | None, typer.Argument(help="layer.table; a bare name means that of every layer; default: all tables.")
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", metavar="DAYS", help="Forget older states; default: retention_days, if set."),
    ] = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Merge small files, forget old states, delete files nothing refers to; rows, tags and branches stay."""
    with workbench.opened(lake) as opened:
        found = workbench.maintain(opened, table, older_than)
    if as_json:
        output.emit(found)
        return
    for each in found:
        output.say(f"{each.table}: {workbench.tidied(each)}")
    output.notes(dict.fromkeys(why for each in found for why in each.stays))
    if not found:
        output.say("No tables yet. Next: automic ingest FILE --table NAME")
