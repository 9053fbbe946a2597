"""Commands that change a lake: init, ingest, promote, build, run, export, demo."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from automic_core import workbench
from automic_core.cli import output, serving
from automic_core.cli.app import Allow, Json, Kind, Lake, Option, Source, app, listed, pairs
from automic_core.errors import ConfigError

Pipeline = Annotated[Path, typer.Argument(metavar="PIPELINE.yaml", help="The pipeline file.")]


@app.command()
def init(
    path: Annotated[Path | None, typer.Argument(help="Folder of the lake; default: --lake.")] = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Create a lake: a folder with a catalog, a warehouse and automic.yaml."""
    made = workbench.create(path or lake)
    if as_json:
        output.emit(made)
    elif made.created:
        output.say(f"Created the lake {made.path}.")
        here = "" if made.path == workbench.lake_path().absolute() else f" --lake {path or lake}"
        output.say(f"Next: automic ingest FILE --table NAME{here}")
    else:
        output.say(f"There is a lake at {made.path} already; nothing changed.")


@app.command()
def ingest(
    source: Source,
    table: Annotated[str, typer.Option("--table", help="Bronze table to add to.")],
    kind: Kind = None,
    option: Option = None,
    mode: Annotated[
        Literal["append", "snapshot"],
        typer.Option("--mode", help="append: silver reads all batches; snapshot: the newest of each source."),
    ] = "append",
    keys: Annotated[
        str | None, typer.Option("--keys", metavar="A,B", help="Columns that identify a row: its last version counts.")
    ] = None,
    contract: Annotated[
        Literal["evolve", "freeze", "discard_row", "discard_value"],
        typer.Option("--contract", help="What to do with columns the table does not have."),
    ] = "evolve",
    force: Annotated[bool, typer.Option("--force", help="Take a batch again although it is there.")] = False,
    cursor: Annotated[
        str | None, typer.Option("--cursor", metavar="COLUMN", help="Read only what is new by this column.")
    ] = None,
    lag: Annotated[
        str,
        typer.Option("--lag", help="For late rows, read so far behind the watermark: 90s, 15m, 1h, 2d, a number."),
    ] = "0",
    nulls: Annotated[
        Literal["take", "skip", "fail"], typer.Option("--nulls", help="What to do with rows without a cursor.")
    ] = "take",
    cursor_type: Annotated[
        Literal["integer", "float", "date", "datetime", "string"] | None,
        typer.Option("--cursor-type", help="What a cursor of text holds (files, SQLite)."),
    ] = None,
    backfill: Annotated[
        str | None,
        typer.Option("--backfill", metavar="FROM..TO", help="Read this range instead; TO is not included."),
    ] = None,
    allow: Allow = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Take the records of a source into bronze, each once, as it is; with --cursor only those that are new."""
    if cursor is None and (backfill is not None or cursor_type or lag != "0" or nulls != "take"):
        raise ConfigError("An option of incremental reading is given, and no cursor.", "Name its column: --cursor.")
    incremental: dict[str, Any] | None = None
    if cursor is not None:
        ends = workbench.backfill_range(backfill) if backfill is not None else None
        incremental = {"cursor": cursor, "lag": lag, "nulls": nulls, "type": cursor_type, "backfill": ends}
    reader = workbench.build_source(source, kind, pairs(option), workbench.policy(lake, allow or ()))
    with workbench.opened(lake) as opened, output.Progress(as_json) as progress:
        settings: dict[str, Any] = {"mode": mode, "keys": listed(keys), "force": force, "contract": contract}
        done = workbench.ingest(opened, reader, table, incremental=incremental, on_event=progress, **settings)
    if as_json:
        output.emit(
            {
                "table": done.table,
                "rows": done.rows,
                "batches": [r.to_dict() for r in done.reports],
                "unchanged": done.unchanged,
            }
        )
        return
    for report in done.reports:
        output.say(
            f"{done.table}: {output.count(report.rows_out, 'row')} from {report.source} in {report.seconds:.1f} s"
        )
        for line in [*report.notes, *report.warnings]:
            output.say(f"  {line}")
    for place in done.unchanged:
        output.say(f"{done.table}: {place} {'has nothing new' if cursor else 'is there already'}, nothing added")


@app.command()
def promote(
    table: Annotated[str, typer.Argument(help="The table, the same in bronze and silver.")],
    rules: Annotated[
        Path | None, typer.Option("--rules", metavar="FILE", help="YAML with rules, and perhaps steps and schema.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compute and show it; publish nothing.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Read all rows and learn from them anew, not only what bronze gained.")
    ] = False,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Build silver from bronze: typed, cleaned, validated; prints the ledger.

    Only rows that bronze gained are read where that gives the same silver; the ledger is that of all rows.
    """
    spec = workbench.load_promotion(rules) if rules else None
    with workbench.opened(lake) as opened, output.Progress(as_json) as progress:
        within = workbench.policy(lake)
        done = workbench.promote(opened, table, spec, dry_run=dry_run, full=full, policy=within, on_event=progress)
    if as_json:
        output.emit({**workbench.plain(done), "report": done.report.to_dict()})
        return
    output.say(str(done.report))
    output.counted("Quarantined because of:", done.quarantined)
    if done.sample is not None:
        output.answer(done.sample)
        output.say("Dry run: nothing was published.")


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="The gold table.")],
    sql: Annotated[str | None, typer.Option("--sql", help="One SELECT over lake tables.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Table to aggregate; default: silver's of that name.")
    ] = None,
    group_by: Annotated[
        str | None, typer.Option("--group-by", metavar="A,B", help="Columns that make a group.")
    ] = None,
    agg: Annotated[
        list[str] | None, typer.Option("--agg", metavar="NAME=FUNCTION:COLUMN", help="Such as revenue=sum:total.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read all rows, not only what the table gained.")] = False,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Build a gold table, by SQL or by groups."""
    if sql is not None and (source or group_by or agg):
        raise ConfigError("Both --sql and groups are given.", "Use either --sql, or --source, --group-by and --agg.")
    groups = listed(group_by) if sql is None and (group_by or agg) else None
    aggregations = dict(workbench.aggregation(text) for text in agg or ())
    with workbench.opened(lake) as opened, output.Progress(as_json) as progress:
        done = workbench.build(
            opened, name, sql, source=source, group_by=groups, aggregations=aggregations, full=full, on_event=progress
        )
    if as_json:
        output.emit({**workbench.plain(done), "report": done.report.to_dict()})
    else:
        output.say(str(done.report))


@app.command()
def run(pipeline: Pipeline, allow: Allow = None, lake: Lake = None, as_json: Json = False) -> None:
    """Run a pipeline file; prints the ledger, and fails if it does not add up."""
    policy = workbench.policy(lake, allow or ())
    with output.Progress(as_json) as progress:
        if lake is not None or workbench.is_lake(workbench.lake_path()):
            with workbench.opened(lake) as opened:
                report = workbench.run(pipeline, opened, policy, progress)
        else:
            report = workbench.run(pipeline, None, policy, progress)
    if as_json:
        output.emit(report.to_dict())
    else:
        output.say(str(report))
    if not report.balanced:
        raise typer.Exit(1)


@app.command()
def export(
    pipeline: Pipeline,
    python: Annotated[bool, typer.Option("--python", help="As a Python script (the only form so far).")] = False,
    as_json: Json = False,
) -> None:
    """Print a pipeline file as a Python script that does the same."""
    if not python:
        raise ConfigError("No form is chosen.", f"automic export {pipeline} --python")
    script = workbench.export(pipeline)
    if as_json:
        output.emit({"python": script})
    else:
        typer.echo(script, nl=False)


@app.command()
def demo(
    lake: Annotated[Path, typer.Option("--lake", help="Folder of the demo lake.")] = Path("demo-lake"),
    orders: Annotated[int, typer.Option("--orders", min=0, max=5_000_000, help="How many orders to invent.")] = 20_000,
    serve: Annotated[bool, typer.Option("--serve", help="Open the workbench on it afterwards.")] = False,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port of the workbench.")] = 8501,
    as_json: Json = False,
) -> None:
    """Build a lakehouse from messy files, prove where every row went, and measure what was found.

    With AUTOMIC_HEADLESS=1 or CI=true nothing is served, and it ends after the report.
    """
    from automic_core.demo.run import run_demo

    with output.Progress(as_json) as progress:
        done = run_demo(lake, orders=orders, on_event=progress)
    if as_json:
        output.emit(done.to_dict())
        return
    from automic_core.cli.story import tell

    tell(done)
    if serve and serving.wanted():
        serving.start(done.lake, port, open_browser=sys.stdout.isatty())
