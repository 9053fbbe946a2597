"""Commands about questions in plain language: ask one, say what is right, the words of the lake, the golden set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, app

Question = Annotated[str, typer.Argument(help="A question in plain English, in quotes.")]
After = Annotated[
    list[str] | None, typer.Option("--after", metavar="QUESTION", help="A question before it; may be given again.")
]

verified = typer.Typer(help="Questions that people approved, and answers they found wrong.")
semantic = typer.Typer(help="The semantic layer: what the lake's tables, columns and measures are called.")
golden = typer.Typer(help="The golden set: questions whose rows are known, to see what a change breaks.")
app.add_typer(verified, name="questions")
app.add_typer(semantic, name="semantic")
app.add_typer(golden, name="golden")


@app.command()
def ask(
    question: Question,
    after: After = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="Rows to print; default 20, with --json all.")
    ] = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Answer a question in plain English, with the SQL that answers it.

    Exit code 1: it abstains, and says which words it did not understand.
    """
    most = limit if limit is not None or as_json else 20
    with workbench.opened(lake) as opened:
        found = workbench.ask_question(opened, question, most, after or ())
    if as_json:
        output.emit({name: value for name, value in vars(found).items() if name != "payload"})
    elif found.rows is None:
        output.paragraph(f"I do not know. {found.explanation}")
        for each in found.suggestions:
            output.say(f"  Can be asked: {each}")
        output.notes(found.notes)
    else:
        output.answer(found.rows)
        output.paragraph(f"Read {'with the question before ' if found.follows else ''}as: {found.explanation}")
        output.paragraph(f"SQL: {found.sql}")
        states = ", ".join(f"{name} at {snapshot}" for name, snapshot in found.snapshots.items())
        output.paragraph(f"By {found.rung}, trust {found.trust:.2f}; read from {states or 'no table'}.")
        output.notes([*workbench.quality_words(found.quality), *found.notes])
    if found.sql is None:
        raise typer.Exit(1)


@verified.command("list")
def list_questions(lake: Lake = None, as_json: Json = False) -> None:
    """List what people said of answers, the newest first."""
    with workbench.opened(lake, read_only=True) as opened:
        found = workbench.questions(opened)
    if as_json:
        output.emit(found)
        return
    rows = [
        {"id": each.id, "answer": each.verdict, "by": each.actor, "at": each.at, "question": each.question}
        for each in found
    ]
    output.table(rows, wrap=["question"]) if rows else output.say("Nobody has said anything of an answer yet.")


@verified.command("approve")
def approve(
    question: Question,
    sql: Annotated[
        str | None, typer.Option("--sql", help="The statement that answers it; default: the answer it has now.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Keep a question with its statement: it is answered so from now on, also with other values in it."""
    with workbench.opened(lake) as opened:
        found = workbench.approve_question(opened, question, sql, reason)
    output.emit(found) if as_json else output.say(f"Verified as {found.id}: {found.question}")


@verified.command("revoke")
def revoke(
    verdict: Annotated[str, typer.Argument(metavar="ID", help="See `automic questions list`.")],
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Take back what was said of an answer."""
    with workbench.opened(lake) as opened:
        found = workbench.revoke_question(opened, verdict)
    output.emit(found) if as_json else output.say(f"Taken back: {found.question}")


@semantic.command("propose")
def propose_semantic(
    write: Annotated[bool, typer.Option("--write", help="Keep it as semantic.yaml; refused if there is one.")] = False,
    lake: Lake = None,
) -> None:
    """Propose a semantic layer from the data: dimensions, measures and joins, each with its evidence."""
    with workbench.opened(lake, read_only=not write) as opened:
        text = workbench.proposed_semantics(opened)
        if write:
            output.say(f"Written to {workbench.begin_semantics(opened, text)}")
            return
    output.say(text.rstrip())


@semantic.command("show")
def show_semantic(lake: Lake = None, as_json: Json = False) -> None:
    """Show the semantic layer, and what each part of it gives at present."""
    with workbench.opened(lake, read_only=True) as opened:
        found = workbench.check_semantics(opened)
    if as_json:
        output.emit(found)
    elif found.parts:
        output.table(
            [{"what": each.what, "name": each.name, "gives": each.told} for each in found.parts], wrap=["gives"]
        )
    else:
        output.say("There is no semantic layer yet. Next: automic semantic propose --write")


@semantic.command("check")
def check_semantic(
    file: Annotated[Path | None, typer.Argument(help="A file; default: the semantic.yaml of the lake.")] = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Check a semantic layer against the tables of the lake.

    Exit code 1: something in it is wrong; each problem is named with its line.
    """
    with workbench.opened(lake, read_only=True) as opened:
        found = workbench.check_semantics(opened, workbench.read_semantics(file) if file is not None else None)
    if as_json:
        output.emit(found)
    name = file or "semantic.yaml"
    for each in () if as_json else found.problems:
        output.complain(f"{name}, line {each.line}: {each.message}", each.hint)
    if found.problems:
        raise typer.Exit(1)
    if not as_json:
        for change in found.changes:
            output.say(f"{change.sign} {change.text}")
        output.say(f"{name} is good: {output.count(len(found.parts), 'part')}.")


@golden.command("add")
def add_golden(question: Question, after: After = None, lake: Lake = None, as_json: Json = False) -> None:
    """Keep a question with the rows it has now as what it must have from now on."""
    with workbench.opened(lake) as opened:
        found = workbench.add_golden(opened, question, after or ())
    output.emit(found) if as_json else output.say(f"Kept: {found.question} ({output.count(found.total, 'row')})")


@golden.command("list")
def list_golden(lake: Lake = None, as_json: Json = False) -> None:
    """List the questions of the golden set."""
    with workbench.opened(lake, read_only=True) as opened:
        found = workbench.golden_set(opened)
    if as_json:
        output.emit(found)
        return
    rows = [{"question": each.question, "rows": each.total, "by": each.actor, "at": each.at} for each in found]
    output.table(rows, wrap=["question"]) if rows else output.say("The golden set is empty. Next: automic golden add")


@golden.command("run")
def run_golden(lake: Lake = None, as_json: Json = False) -> None:
    """Ask every question of the golden set again.

    Exit code 1: an answer is another one than was kept, or there is none any more.
    """
    with workbench.opened(lake, read_only=True) as opened:
        found = workbench.run_golden(opened)
    if as_json:
        output.emit(found)
    else:
        _say_golden(found)
    if not found.passed:
        raise typer.Exit(1)


def _say_golden(found: workbench.GoldenRun) -> None:
    for each in found.outcomes:
        output.say(f"{each.state:<8} {each.question}")
        for line in each.difference:
            output.say(f"         {line}")
    right = sum(each.state == "right" for each in found.outcomes)
    output.say(f"{right:,} of {output.count(len(found.outcomes), 'question')} answered as before.")
