"""Commands that look at a lake, and decisions about its rows."""

from __future__ import annotations

from typing import Annotated

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, app, pairs

Table = Annotated[str, typer.Argument(help="layer.table; a bare name means the most refined layer that has it.")]
Own = Annotated[str, typer.Argument(help="The table's name, without its layer.")]
Rid = Annotated[int, typer.Argument(metavar="RID", help="The row's _rid.")]


@app.command()
def tables(
    layer: Annotated[str | None, typer.Option("--layer", help="bronze, silver, gold, quarantine or meta.")] = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """List the tables of the lake."""
    with workbench.opened(lake) as opened:
        found = workbench.tables(opened, layer)
    if as_json:
        output.emit(found)
    elif found:
        names = ("rows", "columns", "snapshots", "at", "run_id")
        output.table([{"table": each.name, **{name: getattr(each, name) for name in names}} for each in found])
    else:
        output.say(f"{layer} has no tables." if layer else "No tables yet. Next: automic ingest FILE --table NAME")


@app.command()
def show(
    table: Table,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Rows at most.")] = 20,
    system: Annotated[bool, typer.Option("--all-columns", help="Also columns that begin with _.")] = False,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Show the first rows of a table."""
    with workbench.opened(lake) as opened:
        found = workbench.show(opened, table, limit, system=system)
    output.emit(found) if as_json else output.answer(found)


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over layer.table; DuckDB's SQL.")],
    as_of: Annotated[str | None, typer.Option("--as-of", help="A time (ISO 8601, UTC) or a snapshot id.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="Rows to print; default 20, with --json all.")
    ] = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Answer one SELECT over the tables of the lake, now or in the past."""
    most = limit if limit is not None or as_json else 20
    with workbench.opened(lake) as opened:
        found = workbench.query(opened, sql, as_of, most)
    output.emit(found) if as_json else output.answer(found)


@app.command()
def history(table: Table, lake: Lake = None, as_json: Json = False) -> None:
    """Show the states a table had, oldest first."""
    with workbench.opened(lake) as opened:
        found = workbench.history(opened, table)
    if as_json:
        output.emit(found)
        return
    rows = [
        {
            "snapshot": each.id,
            "at": each.at,
            "operation": each.operation,
            "rows": each.rows,
            "run_id": each.run_id,
            "now": "←" if each.current else "",
        }
        for each in found
    ]
    output.table(rows)


@app.command()
def rollback(
    table: Table,
    snapshot: Annotated[int, typer.Argument(metavar="SNAPSHOT", help="Its id; see `automic history`.")],
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Make an earlier state of a table current again, rows and schema."""
    with workbench.opened(lake) as opened:
        found = workbench.rollback(opened, table, snapshot)
    output.emit({"table": table, "snapshot": found}) if as_json else output.say(
        f"{table} is at snapshot {found} again."
    )


@app.command()
def trace(table: Table, rid: Rid, lake: Lake = None, as_json: Json = False) -> None:
    """Follow a row back to its bronze records, files and lines."""
    with workbench.opened(lake) as opened:
        found = workbench.trace(opened, table, rid)
    if as_json:
        output.emit(found)
        return
    output.say(f"{found.table} row {found.rid}")
    if found.silver:
        output.say(
            f"made of {output.count(len(found.silver), 'row')} of "
            + ", ".join(dict.fromkeys(name for name, _ in found.silver))
        )
    rows = [
        {
            "record of": each.table,
            "_rid": each.rid,
            "fate": each.fate,
            "record": str(each.record) + (f" (line {each.line})" if each.line else ""),
            "source": each.source,
        }
        for each in found.origins[:20]
    ]
    if rows:
        output.table(rows, wrap=["source"])
        output.say(
            output.count(len(found.origins), "bronze record") + (", showing 20" if len(found.origins) > 20 else "")
        )
    output.notes([found.note] if found.note else [])


@app.command()
def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 20,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """List the newest runs with their ledgers."""
    with workbench.opened(lake) as opened:
        found = workbench.runs(opened, limit)
    if as_json:
        output.emit(found)
        return
    rows = [
        {
            "run_id": each.run_id,
            "what": each.pipeline,
            "state": each.state,
            "rows in": each.rows_in,
            "rows out": each.rows_out,
            "adds up": each.balanced,
            "seconds": each.seconds,
            "started": each.started_at,
        }
        for each in found
    ]
    output.table(rows) if rows else output.say("No runs yet.")
    for each in found:
        if each.error:
            output.say(f"{each.run_id} {each.state}: {each.error}")


@app.command()
def quarantine(
    table: Own,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Rows at most.")] = 10,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Show the rows the newest promotion set aside, with every reason."""
    with workbench.opened(lake) as opened:
        found = workbench.quarantine(opened, table, None if as_json else limit)
    if as_json:
        output.emit(found)
        return
    output.say(f"In quarantine of {found.table}: {output.count(found.total, 'row')}.")
    output.counted("Because of:", found.reasons)
    rows = [
        {"_rid": row["_rid"], "state": row["state"], "reasons": "; ".join(row["reasons"]), "row": row["row"]}
        for row in found.rows
    ]
    if rows:
        output.table(rows, wrap=["reasons", "row"])
        output.say(
            f"Next: automic fix {found.table} RID column=value, or automic waive {found.table} RID RULE --reason …"
        )


@app.command()
def fix(
    table: Own,
    rid: Rid,
    changes: Annotated[list[str], typer.Argument(metavar="COLUMN=VALUE…", help="New texts; COLUMN= empties a cell.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Give cells of a row other values, now and at every later promotion."""
    wanted = {column: value or None for column, value in pairs(changes, "change").items()}
    with workbench.opened(lake) as opened:
        found = workbench.fix(opened, table, rid, wanted, reason)
        unfit = [] if as_json else workbench.unfit(opened, table, wanted)
    output.emit(found) if as_json else output.say(
        f"Fixed {output.count(len(found), 'cell')}; promote {table} to apply it."
    )
    for told in unfit:
        output.say(f"  But {told}: the promotion will set the row aside, unless the column becomes text.")


@app.command()
def waive(
    table: Own,
    rid: Rid,
    rules: Annotated[
        list[str] | None, typer.Argument(metavar="RULE…", help="Rule ids; cast and malformed count as rules.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why this row may break them; must be given.")] = "",
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Exempt a row from rules, now and at every later promotion."""
    with workbench.opened(lake) as opened:
        found = workbench.waive(opened, table, rid, rules or [], reason)
    output.emit(found) if as_json else output.say(
        f"Waived {output.count(len(found), 'rule')}; promote {table} to apply it."
    )
