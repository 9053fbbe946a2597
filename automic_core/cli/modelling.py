"""Commands about the language model."""

from __future__ import annotations

from typing import Annotated

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, ShowRequest, UseModel, app


@app.command()
def model(
    agree: Annotated[bool, typer.Option("--agree", help="Agree that questions go to the remote server.")] = False,
    allow: Annotated[
        str | None, typer.Option("--allow-values", metavar="TABLE", help="Let it be told values of a table.")
    ] = None,
    withdraw: Annotated[
        str | None, typer.Option("--withdraw", metavar="SUBJECT", help="Take back what somebody agreed to.")
    ] = None,
    calls: Annotated[int, typer.Option("--calls", min=0, help="How many of the last calls.")] = 5,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Show the language model: mode, server, budget of the day, what people agreed to, the last calls."""
    with workbench.opened(lake) as opened:
        if agree:
            workbench.agree_to_model(opened)
        if allow is not None:
            workbench.allow_values(opened, allow)
        if withdraw is not None:
            workbench.withdraw_consent(opened, withdraw)
        found = workbench.model_status(opened, calls)
    output.emit(found) if as_json else _say(found)


@app.command()
def describe(
    table: Annotated[str, typer.Argument(help="Full name: bronze.customers.")],
    use_model: UseModel = False,
    show_request: ShowRequest = False,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Propose a description and a better name for each column; nothing is changed."""
    with workbench.opened(lake) as opened:
        if show_request:
            output.emit(workbench.describe_plan(opened, table))
            return
        found = workbench.describe(opened, table, model=use_model)
    if as_json:
        output.emit(found)
        return
    rows = [
        {
            "column": each.column,
            "name": "" if each.name == each.column else each.name,
            "by": each.by,
            "domain": f"{each.domain.name} ({each.domain.agree:,} of {each.domain.of:,})" if each.domain else "",
            "what": each.text,
        }
        for each in found.columns
    ]
    output.table(rows, wrap=["what"])
    output.notes(f"The model proposed what cannot be. {each}" for each in found.refused)


@app.command()
def relations(
    layer: Annotated[str | None, typer.Option("--layer", help="Only tables of this layer.")] = None,
    use_model: UseModel = False,
    show_request: ShowRequest = False,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Propose which columns hold keys of other tables, each measured on all rows; nothing is changed."""
    with workbench.opened(lake) as opened:
        if show_request:
            output.emit(workbench.relate_plan(opened, layer))
            return
        named = workbench.relate(opened, layer) if use_model else None
        found = workbench.relations(opened, layer) if named is None else named.keys
    if as_json:
        output.emit(found if named is None else named)
        return
    rows = [
        {
            "column": f"{key.table}.{key.column}",
            "holds keys of": f"{key.parent_table}.{key.parent_column}",
            "agree": key.rows - key.orphans,
            "of": key.rows,
            "not there": ", ".join(repr(each.value) for each in key.counter_examples[:3]),
        }
        for key in found
    ]
    output.table(rows, wrap=["not there"]) if rows else output.say("No column holds keys of another table.")
    output.notes(f"The model proposed what cannot be. {each}" for each in (named.refused if named else ()))


@app.command()
def why(
    table: Annotated[str, typer.Argument(help="The table's name, without its layer.")],
    rid: Annotated[int, typer.Argument(metavar="RID", help="The row's _rid.")],
    use_model: Annotated[bool, typer.Option("--model", help="Let the language model put it into words.")] = False,
    show_request: ShowRequest = False,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Say in words why a row was set aside, merged or flagged."""
    with workbench.opened(lake) as opened:
        if show_request:
            output.emit(workbench.explain_plan(opened, table, rid))
            return
        found = workbench.explain_row(opened, table, rid, model=use_model)
    if as_json:
        output.emit(found)
        return
    for sentence in found.sentences:
        output.paragraph(sentence)
    if not found.sentences:
        output.say("Nothing was found wrong with it.")


def _say(found: workbench.ModelStatus) -> None:
    if found.mode == "off":
        output.say("AI off: no language model is set up, nothing is sent anywhere.")
    elif not found.model:
        output.say(f"AI {found.mode}, not set up completely.")
    else:
        reach = {True: "reachable", False: "not reachable", None: "not tried"}[found.reachable]
        output.say(f"AI {found.mode}: {found.model} at {found.host} ({reach})")
    if found.problem:
        output.say(f"  {found.problem} {found.hint}".rstrip())
    most_tokens = "" if found.most_tokens is None else f" of {found.most_tokens:,}"
    most_cost = "" if found.most_cost is None else f" of ${found.most_cost:,.2f}"
    output.say(f"Spent today: {found.tokens:,}{most_tokens} tokens, ${found.cost:,.4f}{most_cost}")
    if found.mode == "remote" and found.model and found.consent is None:
        output.say("Nobody has agreed yet that it is asked; see `automic describe TABLE --show-request`, then --agree.")
    for each in found.consents:
        output.say(f"Agreed: {each.subject} ({each.actor}, {output.cell(each.at)})")
    rows = [
        {
            "at": each.at,
            "what for": each.purpose,
            "outcome": each.outcome,
            "tokens": each.tokens_in + each.tokens_out,
            "$": each.cost,
            "seconds": each.seconds,
        }
        for each in found.calls
    ]
    if rows:
        output.table(rows)
