"""The command about watermarks: how far sources were read."""

from __future__ import annotations

from typing import Annotated

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, app
from automic_core.errors import ConfigError


@app.command()
def watermark(
    table: Annotated[str | None, typer.Argument(help="The bronze table; default: all tables.")] = None,
    value: Annotated[
        str | None, typer.Option("--set", metavar="VALUE", help="The next run reads from here on.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="The next run reads from the beginning.")] = False,
    source: Annotated[str | None, typer.Option("--source", help="Which source, if there are several.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="Which cursor, if there are several.")] = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Show how far sources were read by a cursor; set or clear it. Rows that are there are never doubled."""
    if clear and value is not None:
        raise ConfigError("Both --set and --clear are given.", "Give one of them.")
    if (clear or value is not None) and table is None:
        raise ConfigError("No table is named.", "automic watermark TABLE --set VALUE")
    with workbench.opened(lake) as opened:
        if table is not None and (clear or value is not None):
            found = [workbench.put_watermark(opened, table, value, source, cursor)]
        else:
            known = workbench.watermarks(opened, table)
            found = [w for w in known if source in (None, w.source) and cursor in (None, w.cursor)]
    if as_json:
        output.emit(found)
        return
    rows = [
        {
            "table": each.table,
            "cursor": each.cursor,
            "watermark": each.value or "none",
            "at": each.at,
            "by": f"{each.actor}, by hand" if each.by_hand else each.actor,
            "source": each.source,
        }
        for each in found
    ]
    if rows:
        output.table(rows, wrap=["source"])
    else:
        output.say("No watermarks yet. Next: automic ingest SOURCE --table NAME --cursor COLUMN")
