"""Commands about sources: connectors, preview, infer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automic_core import workbench
from automic_core.cli import output
from automic_core.cli.app import Allow, Json, Kind, Lake, Option, Source, app, pairs

if TYPE_CHECKING:
    from automic_core.workbench.sources import Guess


@app.command()
def connectors(as_json: Json = False) -> None:
    """List what can be read and written, and what is missing for it."""
    found = workbench.connectors()
    if as_json:
        output.emit(found)
        return
    rows = [
        {
            "kind": each.kind,
            "what": each.label,
            "reads": each.reads,
            "writes": each.writes,
            "suffixes": " ".join(each.suffixes),
            "options": each.missing or ", ".join(each.options),
        }
        for each in found
    ]
    output.table(rows, wrap=["options"])


@app.command()
def preview(
    source: Source,
    kind: Kind = None,
    option: Option = None,
    rows: Annotated[int, typer.Option("--rows", min=1, max=10_000, help="How many rows.")] = 10,
    allow: Allow = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Show the first rows of a source, as a run would read them."""
    reader = workbench.build_source(source, kind, pairs(option), workbench.policy(lake, allow or ()))
    found = workbench.preview(reader, rows)
    if as_json:
        output.emit(found)
        return
    output.answer(found.sample)
    if found.broken:
        output.say(f"{found.broken:,} of them could not be read properly:")
        from automic_core.frames import RESCUED

        reasons = [row[RESCUED] for row in found.sample.rows if row[RESCUED]]
        for reason in reasons[:5]:
            output.say(f"  {_why(reason)}")
        if found.broken > 5:
            output.say(f"  … and {found.broken - 5:,} more (--json shows all)")
    output.notes(found.notes)


@app.command()
def infer(
    source: Source,
    kind: Kind = None,
    option: Option = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Look at so many rows; 0 = all.")] = 100_000,
    allow: Allow = None,
    lake: Lake = None,
    as_json: Json = False,
) -> None:
    """Infer the schema of a source, with the evidence for each column."""
    reader = workbench.build_source(source, kind, pairs(option), workbench.policy(lake, allow or ()))
    found = workbench.infer(reader, rows or None)
    if as_json:
        output.emit(found)
        return
    lines = [
        {
            "column": each.column,
            "type": each.type,
            "fits": f"{each.confidence:.1%}",
            "pattern": each.pattern or "",
            "empty": f"{each.nulls / each.rows:.1%}" if each.rows else "",
            "why": each.reason,
            "against": _against(each),
        }
        for each in found.columns
    ]
    output.table(lines, wrap=["why", "against"])
    key = f"; the key seems to be {', '.join(found.primary_key)}" if found.primary_key else ""
    output.say(f"{len(found.columns):,} columns from {found.rows:,} rows{key}.")
    output.notes(found.notes)


def _against(guess: Guess) -> str:
    """Counter-examples, after the type they are none of when it is not the one proposed."""
    values = ", ".join(f"{value!r} ×{count:,}" for value, count in guess.counter_examples[:3])  # noqa: RUF001
    other = guess.against.partition(" ")[0] != guess.type
    return f"no {guess.against}: {values}" if values and other else values


def _why(rescued: str) -> str:
    """What ``_rescued`` says of a record: its line and the reason, or the values that found no place."""
    said: dict[str, Any] = json.loads(rescued)
    line = f"line {said['line']}: " if "line" in said else ""
    kept = {name: value for name, value in said.items() if name not in ("line", "byte", "text", "reason")}
    return output.cell(f"{line}{said.get('reason') or json.dumps(kept, ensure_ascii=False)}")
