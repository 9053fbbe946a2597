"""Commands that judge rules: what they would notice, and what they found over time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Json, Lake, app

Own = Annotated[str, typer.Argument(help="The table's name, without its layer.")]
Rules = Annotated[
    Path | None, typer.Option("--rules", metavar="FILE", help="YAML with rules and steps; default: the table's draft.")
]


@app.command("test-rules")
def judge_rules(
    table: Own,
    rules: Rules = None,
    seed: Annotated[int, typer.Option("--seed", help="Chooses the rows that are struck.")] = 0,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Plant faults in a copy of the data and see which rules notice; propose rules for the rest."""
    spec = workbench.load_promotion(rules) if rules else None
    with workbench.opened(lake, read_only=True) as opened:
        wanted = spec if spec is not None else workbench.draft(opened, table).data
        found = workbench.mutation_test(opened, table, wanted, seed=seed)
    if as_json:
        output.emit(found)
        return
    told = [
        {"fault": line.label, "any rule": _share(line.share), **{n: _share(each) for n, each in line.caught.items()}}
        for line in found.matrix()
    ]
    output.table(told)
    faults = output.count(len(found.faults), "fault")
    output.say(f"Score {found.score:.0%} of {faults}, with the proposals {found.reachable:.0%}.")
    if found.remedies:
        output.say("Proposed:")
    for each in found.remedies:
        output.paragraph(
            f"  {each.proposal.title}: {each.proposal.why}; {output.count(each.proposal.affected, 'row')} break it now"
        )


@app.command("rule-history")
def rule_history(table: Own, lake: Lake = None, as_json: Json = False) -> None:
    """Show what each rule found in each published run, oldest first."""
    with workbench.opened(lake, read_only=True) as opened:
        found = workbench.rule_history(opened, table)
    if as_json:
        output.emit(found)
    elif found:
        lines = [(rule, point) for rule, points in found.items() for point in points]
        output.table(
            [
                {"rule": rule, "at": each.at, "failing": each.failing, "of": each.judged, "run_id": each.run_id}
                for rule, each in lines
            ]
        )
    else:
        output.say(f"No run of {table} was published yet.")


def _share(value: float) -> str:
    return f"{value:.0%}" if value else ""
