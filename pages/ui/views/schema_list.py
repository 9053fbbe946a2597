"""The columns of a table as a grid in which names, types, formats and nullability can be changed."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from typing import Any

import streamlit as st

from automic_core import workbench
from automic_core.workbench import schema_costs, schemas
from automic_core.workbench.fields import TYPES, FieldChange
from pages.ui import calls, charts, show
from pages.ui.state import Workspace, clicked, put, value
from pages.ui.views.schema_state import COLUMN, Loaded, SchemaScreen, sources

LOOK, NAME, TYPE, FORMAT, NULLABLE = "look", "Column", "Type", "Format", "Nullable"
STATE, MEANING, FITS, BACK, QUALITY, VALUES, WHY = "State", "Meaning", "Fits", "Round trip", "Quality", "Values", "Why"
KIND, PERSONAL = "Kind", "Personal data"
ROW, MOST = 34, 15
_ORDER = [LOOK, NAME, TYPE, STATE, QUALITY, VALUES, MEANING, FITS, KIND, PERSONAL, FORMAT, NULLABLE, BACK, WHY]
_NARROW = [LOOK, NAME, TYPE, STATE, QUALITY, VALUES, FORMAT, NULLABLE, MEANING, FITS, KIND, PERSONAL, BACK, WHY]
_CHIPS = ["violet", "green", "gray"]  # attention, good, neutral
_COMMON = ("decimal(10, 2)", "decimal(18, 4)")
_LIKELY = 0.6
_WIDE, _TALL, _TOP, _BAR = 112, 28, 8, 12  # the picture has the shape of its cell
_HELP = {
    TYPE: "What the values become. Change it to see what that would cost.",
    STATE: "decide: a person must choose. proposed: the data proves it. accepted: somebody decided.",
    QUALITY: "Share of rows whose value fits, that have no value, and whose value does not fit.",
    VALUES: "Where the values lie: equal bins of numbers and dates, the most frequent texts.",
    KIND: "What the column is for, with how likely that is. Look at the column for what speaks for it.",
    PERSONAL: "What the values say about people, and how sure that is.",
    FITS: "Share of the values that can be read as the type.",
    BACK: "Share of the values that are written the same after they were read.",
    FORMAT: "How text is read: %d/%m/%Y, 1.234,5, yes/no. Empty is ISO or plain.",
    NULLABLE: "Whether a row may lack a value. If not, such rows go to quarantine.",
}


def being_edited(screen: SchemaScreen, loaded: Loaded) -> bool:
    """Whether somebody has typed into the grid and not yet accepted it."""
    typed = value(_key(screen, loaded)) or {}
    return bool(typed.get("edited_rows"))


def render(ws: Workspace, table: str, screen: SchemaScreen, loaded: Loaded, *, narrow: bool) -> dict[str, FieldChange]:
    """Draw the grid.

    Returns:
        The changes typed into it, by the column's name in bronze.
    """
    columns = loaded.view.columns
    shown = _cells(columns)
    edited = st.data_editor(
        shown,
        key=_key(screen, loaded),
        hide_index=True,
        disabled=True if ws.read_only else [LOOK, STATE, MEANING, FITS, KIND, PERSONAL, BACK, QUALITY, VALUES, WHY],
        column_order=_NARROW if narrow else _ORDER,
        column_config=_config(screen, loaded),
        row_height=ROW,
        height=min(len(columns) + 1, MOST + 1) * ROW + 6,
    )
    changes: dict[str, FieldChange] = {}
    for number, column in enumerate(columns):
        cells = {name: edited[name][number] for name in (NAME, TYPE, FORMAT, NULLABLE)}
        if any(cells[name] != shown[name][number] for name in cells):
            change = show.attempt(_change, ws, table, column, cells)
            if change is not None and change != column.field:
                changes[column.name] = change
    return changes


def _change(ws: Workspace, table: str, column: schemas.SchemaColumn, cells: dict[str, Any]) -> FieldChange:
    """The cells of a row as what the column shall be; a new type brings the format that fits it best."""
    now = replace(column.field, nullable=bool(cells[NULLABLE]), name=str(cells[NAME] or column.field.name))
    if cells[TYPE] != column.field.label:
        now = calls.read(ws, schema_costs.chosen, table, column.name, str(cells[TYPE]), now, tables=sources(table))
    if (cells[FORMAT] or "") != (column.field.format or ""):
        now = replace(now, format=str(cells[FORMAT]).strip() or None if cells[FORMAT] else None)
    return now


def _key(screen: SchemaScreen, loaded: Loaded) -> str:
    """New whenever other rows are shown, so that an edit never slips to another column."""
    names = "\n".join(column.name for column in loaded.view.columns)
    return f"schema-grid-{screen.edits}-{zlib.crc32(names.encode())}"


def _cells(columns: list[schemas.SchemaColumn]) -> dict[str, list[Any]]:
    fields = [column.field for column in columns]
    return {
        LOOK: [":material/chevron_right:"] * len(columns),
        NAME: [field.name for field in fields],
        TYPE: [field.label for field in fields],
        STATE: [[_state(column)] for column in columns],
        QUALITY: [_bar(column.quality) for column in columns],
        VALUES: [column.facts.bars for column in columns],
        MEANING: [_meaning(column) for column in columns],
        FITS: [column.fits for column in columns],
        KIND: [_claim(workbench.kind_claim(column.facts.kind)) for column in columns],
        PERSONAL: [_claim(workbench.personal_claim(column.facts.personal)) for column in columns],
        FORMAT: [field.format or "" for field in fields],
        NULLABLE: [field.nullable for field in fields],
        BACK: [column.round_trip for column in columns],
        WHY: [column.need or column.facts.reason for column in columns],
    }


def _state(column: schemas.SchemaColumn) -> str:
    return "decide" if column.need else "accepted" if column.accepted else "proposed"


def _meaning(column: schemas.SchemaColumn) -> str:
    found = column.facts.meaning
    whole = found.share is None or found.share > 0.9995
    return found.name if whole else f"{found.name} {found.share:.1%}"


def _claim(found: workbench.Claim | None) -> str:
    if found is None:
        return ""
    said = f"{found.text} {min(found.share, 0.99) if found.share < 1 else 1:.0%}"
    return said if found.share >= _LIKELY else f"unsure: {said}"


def _config(screen: SchemaScreen, loaded: Loaded) -> dict[str, Any]:
    columns = loaded.view.columns
    used = {column.field.label for column in columns}
    types = list(dict.fromkeys([*TYPES, *_COMMON, *sorted(used - set(TYPES))]))
    click = f"schema-look-{screen.edits}"
    names = [column.name for column in columns]
    kinds = st.column_config
    return {
        LOOK: kinds.ButtonColumn(
            "", type="tertiary", width=36, key=click, on_click=_look, args=(click, names), pinned=True
        ),
        NAME: kinds.TextColumn(NAME, required=True, width=130, max_chars=200),
        TYPE: kinds.SelectboxColumn(TYPE, options=types, required=True, help=_HELP[TYPE], width=112),
        STATE: kinds.MultiselectColumn(
            STATE, help=_HELP[STATE], width=88, options=["decide", "accepted", "proposed"], color=_CHIPS
        ),
        QUALITY: kinds.ImageColumn(QUALITY, help=_HELP[QUALITY], width=124),
        VALUES: kinds.BarChartColumn(VALUES, help=_HELP[VALUES], width=88, y_min=0, color="gray"),
        MEANING: kinds.TextColumn(MEANING, width=146),
        FITS: kinds.NumberColumn(FITS, format="percent", help=_HELP[FITS], width=72),
        KIND: kinds.TextColumn(KIND, help=_HELP[KIND], width=190),
        PERSONAL: kinds.TextColumn(PERSONAL, help=_HELP[PERSONAL], width=150),
        FORMAT: kinds.TextColumn(FORMAT, help=_HELP[FORMAT], width=96),
        NULLABLE: kinds.CheckboxColumn(NULLABLE, help=_HELP[NULLABLE], width=92),
        BACK: kinds.NumberColumn(BACK, format="percent", help=_HELP[BACK], width=88),
        WHY: kinds.TextColumn(WHY, width=460),
    }


def _look(click: str, names: list[str]) -> None:
    row = clicked(click)
    if row is not None:
        put(COLUMN, names[row])


def _bar(quality: tuple[float, float, float]) -> str:
    """The quality bar as a picture: fits, no value, does not fit; a part that is there is never too thin to see."""
    colours = charts.colours()
    parts, left = [], 0.0
    for share, colour in zip(quality, (colours["good"], colours["meta"] + "55", colours["bad"]), strict=True):
        width = max(share * _WIDE, 2.0 if share else 0.0)
        start = min(left, _WIDE - width)
        parts.append(f'<rect x="{start:.1f}" y="{_TOP}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>')
        left += width
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDE}" height="{_TALL}">{"".join(parts)}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
