"""Commands about rows that are the same thing: look at the matching, judge pairs, undo a merge."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, app
from automic_core.cli.looking import Own, Rid

Reason = Annotated[str, typer.Option("--reason", help="Why.")]


@app.command()
def match(
    table: Own,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0.001, max=0.999, help="Probability from which rows are merged.")
    ] = None,
    clusters: Annotated[int, typer.Option("--clusters", min=0, help="Clusters to list, the largest first.")] = 10,
    whole: Annotated[bool, typer.Option("--all", help="Match all rows, however long it takes.")] = False,
    new: Annotated[
        bool, typer.Option("--new", help="Only link rows that came since to the clusters of silver.")
    ] = False,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Show which rows of a table are the same thing, by its draft or a proposed step; changes nothing."""
    if new:
        _new(table, lake, as_json)
        return
    changes = {} if threshold is None else {"similarity_threshold": threshold}
    with workbench.opened(lake) as opened:
        data = workbench.draft(opened, table).data
        found = workbench.match_view(opened, table, data, changes, whole=whole)
        lines, total = workbench.match_clusters(opened, table, data, changes, whole=whole)
    if as_json:
        output.emit({**workbench.plain(found), "clusters": lines[:clusters], "clusters_total": total})
        return
    _told(found)
    if lines and clusters:
        shown = [
            {"_rid": each.rid, "rows": each.size, "lowest": each.lowest, "survivor": each.name}
            for each in lines[:clusters]
        ]
        output.table(shown, wrap=["survivor"])
        output.say(f"showing {len(shown):,} of {output.count(total, 'cluster')}")
    output.say(
        f"Next: automic label {found.table} RID RID same|different, or set the step on the Rules page and promote."
    )


def _told(found: workbench.MatchView) -> None:
    """Estimate, curve and cost."""
    here = found.here
    output.say(
        f"{found.table}: {here.merged:,} of {output.count(found.rows, 'row')} would be merged into "
        f"{output.count(here.clusters, 'other')} at {here.threshold:g} ({found.sample})"
    )
    output.paragraph("Compared: " + ", ".join(f"{name} ({kind})" for name, kind in found.compared.items()))
    share = found.candidates / found.all_pairs if found.all_pairs else 0.0
    output.say(f"{output.count(found.candidates, 'pair')} of {found.all_pairs:,} compared ({share:.1%}); most by:")
    for name, pairs in found.estimate[:5]:
        output.say(f"  {pairs:>9,}  {name}")
    steps = [point for place, point in enumerate(found.curve) if place % 3 == 0 or point == here]
    output.table(
        [
            {"threshold": f"{p.threshold:g}", "merged": p.merged, "clusters": p.clusters, "largest": p.largest}
            for p in steps
        ]
    )
    if found.pairs:
        output.say(f"{output.count(found.pairs, 'decision')} about pairs obeyed.")


def _new(table: str, lake: Any, as_json: bool) -> None:
    with workbench.opened(lake) as opened:
        found = workbench.match_new(opened, table)
    if as_json:
        output.emit(found)
        return
    output.say(
        f"{output.count(found.new, 'row')} came since {found.table} was made: {found.joined:,} belong to rows of it, "
        f"{found.grouped:,} to each other, {found.new - found.joined - found.grouped:,} to nothing."
    )
    shown = [
        {"_rid": each.rid, "into": each.into, "in silver": each.known, "probability": each.probability}
        for each in found.rows[:20]
        if each.into is not None
    ]
    if shown:
        output.table(shown)
        output.say(f"showing {len(shown):,} of {output.count(found.joined + found.grouped, 'row')}")


@app.command()
def label(
    table: Own,
    one: Annotated[int, typer.Argument(metavar="RID", help="_rid of one row.")],
    other: Annotated[int, typer.Argument(metavar="RID", help="_rid of the other.")],
    verdict: Annotated[Literal["same", "different"], typer.Argument(metavar="same|different", help="What they are.")],
    reason: Reason = "",
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Say that two rows are the same thing, or different ones; every later promotion obeys."""
    with workbench.opened(lake) as opened:
        found = workbench.label(opened, table, one, other, verdict, reason)
    output.emit(found) if as_json else output.say(
        f"Rows {one} and {other} are {'the same' if verdict == 'same' else 'different'}; promote {table} to apply it."
    )


@app.command()
def unmerge(table: Own, rid: Rid, reason: Reason = "", lake: Lake = None, as_json: Json = False) -> None:
    """Take a row out of the cluster the last promotion merged it in, now and at every later promotion."""
    with workbench.opened(lake) as opened:
        found = workbench.unmerge(opened, table, rid, None, reason)
    output.emit(found) if as_json else output.say(
        f"Row {rid} is parted from {output.count(len(found), 'other row')}; promote {table} to apply it."
    )


@app.command()
def decisions(table: Own, lake: Lake = None, as_json: Json = False) -> None:
    """List what people decided about rows and pairs of rows, as far as it is in force."""
    with workbench.opened(lake) as opened:
        found = workbench.decided(opened, table)
    if as_json:
        output.emit(found)
        return
    names = ("id", "kind", "row", "about", "actor", "at")
    rows = [{name: getattr(each, name) for name in names} for each in found]
    output.table(rows, wrap=["row", "about"]) if rows else output.say(f"Nobody has decided anything about {table}.")


@app.command()
def revoke(
    decision: Annotated[str, typer.Argument(metavar="ID", help="Its id; see `automic decisions`.")],
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Take a decision back; the next promotion no longer applies it."""
    with workbench.opened(lake) as opened:
        found = opened.decisions.revoke(decision)
    output.emit(found) if as_json else output.say(
        f"Taken back: {found.kind} {found.id}; promote {found.table} to apply that."
    )
