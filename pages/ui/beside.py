"""Input beside output: two grids that scroll together, changed cells marked, removed rows struck through."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from automic_core import workbench
from pages.ui import words

Which = Literal["all", "changed", "removed"]
CELL, HEIGHT = 160, 430
_HERE = Path(__file__).parent / "components"
_COMPONENT = st.components.v2.component(
    "automic.beside",
    html="<div class='beside'></div>",
    css=(_HERE / "beside.css").read_text(encoding="utf-8"),
    js=(_HERE / "beside.js").read_text(encoding="utf-8"),
)


def beside(preview: workbench.Preview, *, key: str, which: Which = "all", height: int = HEIGHT) -> None:
    """Draw a step's input and output on the same sample."""
    _COMPONENT(key=key, data=panes(preview, which, height))


def panes(preview: workbench.Preview, which: Which = "all", height: int = HEIGHT) -> dict[str, Any]:
    """What the two grids show, as plain JSON data."""
    changed = {each.row for each in preview.changes}
    found = {each.row: each for each in preview.findings}
    numbers = list(range(len(preview.before.rows)))
    if which != "all":
        numbers = [n for n in numbers if n in (changed if which == "changed" else found)]
    focus = preview.focus
    left = _columns(
        preview.before, focus, {**dict.fromkeys(preview.dropped, "dropped"), **dict.fromkeys(preview.renamed, "")}
    )
    for column in left:
        new = preview.renamed.get(column["name"])
        column["note"] = f"→ {new}" if new else "dropped" if column["mark"] == "dropped" else ""
    marks = {**dict.fromkeys(preview.added, "added"), **dict.fromkeys(preview.renamed.values(), "renamed")}
    right = _columns(preview.after, focus, marks)
    for column in right:
        column["note"] = "new" if column["mark"] == "added" else ""
    rows = [{"n": n + 1, "cells": _cells(preview.before.rows[n], left)} for n in numbers]
    aligned = preview.aligned
    after = numbers if aligned else list(range(len(preview.after.rows)))
    there = len(preview.before.rows)
    gone = sum(each.removed for each in preview.findings)
    output: dict[str, Any] = {
        "title": "Output",
        "sentence": _sentence(preview, there, gone),
        "columns": right,
        "fates": aligned and bool(found),
        "rows": [_after(preview, n, right, found if aligned else {}) for n in after],
        "empty": "No such rows in this sample." if preview.problem is None else "No output: the step cannot run.",
    }
    if aligned:
        _was(preview, output["rows"], right)
    came = {
        "title": "Input",
        "sentence": words.count(there, "row reaches this step", "rows reach this step"),
        "columns": left,
        "rows": rows,
    }
    empty = "No such rows in this sample." if there else "No row of the sample reaches this step."
    return {
        "about": f"{preview.table} {preview.entry} {which}",
        "height": height,
        "together": aligned,
        "sideways": [c["name"] for c in left] == [c["name"] for c in right],
        "panes": [{**came, "fates": False, "empty": empty}, output],
    }


def _sentence(preview: workbench.Preview, there: int, gone: int) -> str:
    if preview.problem is not None:
        return "the step cannot run"
    if not preview.aligned:
        return words.count(len(preview.after.rows), "row leaves it", "rows leave it")
    parts = [words.count(there - gone, "row leaves it", "rows leave it")]
    parts += [f"{gone:,} removed"] if gone else []
    other = len(preview.findings) - gone
    parts += [f"{other:,} pointed at"] if other else []
    parts += [f"{words.count(preview.changed, 'cell')} changed"] if preview.changed else []
    return ", ".join(parts)


def _columns(data: workbench.Rows, focus: list[str], marks: dict[str, str]) -> list[dict[str, Any]]:
    known = [name for name in data.columns if name != "_rid"]
    names = [*(name for name in focus if name in known), *(name for name in known if name not in focus)]
    of = len(data.rows)
    return [
        {
            "name": name,
            "type": words.kind(data.columns[name]),
            "right": data.columns[name].startswith(("Int", "UInt", "Float", "Decimal")),
            "mark": marks.get(name, ""),
            "filled": sum(row[name] is not None for row in data.rows),
            "of": of,
        }
        for name in names
    ]


def _cells(row: dict[str, Any], columns: list[dict[str, Any]]) -> list[str | None]:
    return [_text(row[column["name"]]) for column in columns]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = f"{value:.10g}" if isinstance(value, float) else str(workbench.plain(value))
    text = format(Decimal(text), "f") if isinstance(value, float) and "e+" in text else text
    return text if len(text) <= CELL else f"{text[:CELL]}… ({len(text):,} characters)"


def _after(
    preview: workbench.Preview, number: int, columns: list[dict[str, Any]], found: dict[int, workbench.Finding]
) -> dict[str, Any]:
    entry: dict[str, Any] = {"n": number + 1, "cells": _cells(preview.after.rows[number], columns)}
    finding = found.get(number)
    if finding is not None:
        places = [at for at, column in enumerate(columns) if column["name"] in finding.columns]
        entry |= {"fate": finding.fate, "why": finding.reason[:300], "gone": finding.removed, "at": places}
    return entry


def _was(preview: workbench.Preview, rows: list[dict[str, Any]], columns: list[dict[str, Any]]) -> None:
    """Write beside each changed cell what it was."""
    by_number = {row["n"] - 1: row for row in rows}
    places = {column["name"]: at for at, column in enumerate(columns)}
    for change in preview.changes:
        row, at = by_number.get(change.row), places.get(change.column)
        if row is not None and at is not None:
            row.setdefault("was", {})[at] = None if change.before is None else change.before[:CELL]
