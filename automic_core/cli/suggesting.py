"""Commands that propose steps and rules."""

from __future__ import annotations

from typing import Annotated

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, ShowRequest, UseModel, app


@app.command()
def suggest(
    table: Annotated[str, typer.Argument(help="The table's name, without its layer.")],
    said: Annotated[
        str | None, typer.Option("--say", metavar="TEXT", help="What shall be done or must hold, in plain English.")
    ] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Put what was understood into the draft.")] = False,
    use_model: UseModel = False,
    show_request: ShowRequest = False,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Propose steps and rules for a table's draft, from its data or from what you say; each was run on the rows.

    Exit code 1: nothing of what was said could be understood.
    """
    if said is None and (accept or use_model or show_request):
        raise typer.BadParameter("needs --say TEXT", param_hint="--accept, --model, --show-request")
    with workbench.opened(lake) as opened:
        draft = workbench.draft(opened, table)
        if said is None:
            _proposals(workbench.suggestions(opened, table, draft.data), as_json=as_json)
            return
        if show_request:
            output.emit(workbench.say_plan(opened, table, draft.data, said))
            return
        found = workbench.say(opened, table, draft.data, said, model=use_model)
        if accept and found.staged:
            edit = workbench.staged_edit(draft.data, found.staged, said)
            workbench.save_draft(opened, table, edit.data, draft.version, edit.label)
    output.emit(found) if as_json else _say(found, accepted=accept)
    if not found.staged:
        raise typer.Exit(1)


def _proposals(found: list[workbench.Proposal], *, as_json: bool) -> None:
    if as_json:
        output.emit(found)
        return
    for each in found:
        output.paragraph(f"{each.title}: {each.why}; {output.count(each.affected, 'row')} of {each.of:,} are affected")
    if not found:
        output.say("Nothing: it takes at least 20 rows, and what the draft already does is not repeated.")


def _say(found: workbench.Reading, *, accepted: bool) -> None:
    for each in found.staged:
        output.paragraph(
            f"{each.title} ({each.group} {each.kind}): {each.effect}" + (f". {each.why}" if each.why else "")
        )
        for line in each.examples[:3]:
            output.say(f"    {line}")
        if each.counter:
            what = "break it" if each.group == "rule" else "it cannot serve"
            output.say(f"  {output.count(each.of - each.agree, 'row')} {what}: {'; '.join(each.counter[:3])}")
    for unclear in found.unknown:
        output.paragraph(f"Not done: {unclear.said}. {unclear.why} {unclear.ask}".rstrip())
    if found.staged:
        output.say("Accepted into the draft." if accepted else "Nothing is changed; --accept puts it into the draft.")
