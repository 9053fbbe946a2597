"""JSON schema → widgets → values: the form of any source, step or rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui import fields
from pages.ui.fields import Field
from pages.ui.options import resolved
from pages.ui.words import plain

SHOWN = 6
"""So many options stand open; what nobody must fill in follows under "More options"."""

Check = Callable[[dict[str, Any]], Mapping[str, str]]


@dataclass
class _Slot:
    """Where an option's complaint goes."""

    place: Any
    complaint: str


def fill(
    schema: dict[str, Any],
    values: Mapping[str, Any],
    *,
    key: str,
    columns: Sequence[str] = (),
    only: Collection[str] | None = None,
    skip: Collection[str] = (),
    disabled: bool = False,
    check: Check | None = None,
) -> dict[str, Any]:
    """Draw a form and read it.

    Args:
        schema: JSON schema of the options (``workbench.options_schema``).
        values: What is filled in to begin with. Change ``key`` to begin anew with other values.
        key: Unique on the page; a prefix of every widget's key, which ends in the option's name.
        columns: Columns to choose from where an option names some.
        only: Show only these options.
        skip: Do not show these.
        disabled: Only look.
        check: Complaints about the values, by option name ("" = about all); shown beside the option.

    Returns:
        Options that differ from their default; those not shown are as they were in ``values``.
    """
    known: dict[str, Any] = schema.get("properties", {})
    strange = {name: {"title": f"{name} (unknown option)"} for name in values if name not in known}
    shown = [n for n in (*known, *strange) if (only is None or n in only) and n not in skip]
    result = {name: value for name, value in values.items() if name not in shown}
    made = {name: _field(schema, name, (known | strange)[name], values, columns) for name in shown}
    first = sorted(shown, key=lambda name: not made[name].required)
    open_ones = [n for n in first if made[n].required or n in values] if len(first) > SHOWN else first
    open_ones = [n for n in first if n in open_ones or n in first[: SHOWN - 1]]
    rest = [n for n in first if n not in open_ones]
    slots: dict[str, _Slot] = {}
    _draw(open_ones, made, key, disabled, result, slots)
    if rest:
        with st.expander("More options", key=f"{key}-more"):
            _draw(rest, made, key, disabled, result, slots)
    _complain(dict(check(result)) if check else {}, slots)
    return result


def _field(
    schema: dict[str, Any], name: str, spec: dict[str, Any], values: Mapping[str, Any], columns: Sequence[str]
) -> Field:
    definitions = schema.get("$defs", {})
    own, nullable = resolved(spec, definitions, values.get(name))
    default = spec.get("default", own.get("default"))
    required = name in schema.get("required", ())
    value = values.get(name, default)
    return Field(name, own, definitions, value, default, required, nullable or "default" not in spec, tuple(columns))


def _draw(
    names: Sequence[str],
    made: Mapping[str, Field],
    key: str,
    disabled: bool,
    result: dict[str, Any],
    slots: dict[str, _Slot],
) -> None:
    for name in names:
        field = made[name]
        if "const" in field.spec:
            continue
        value, complaint = fields.draw(field, key=f"{key}-{name}", disabled=disabled)
        slots[name] = _Slot(st.container(), complaint)
        if not _is_default(value, field):
            result[name] = value


def _is_default(value: Any, field: Field) -> bool:
    """Whether a value says no more than leaving it out; a needed one is kept as far as it is filled in."""
    nothing: tuple[Any, ...] = (None, "", [], {})
    if value in nothing and field.default in nothing:
        return value is None or (not field.required and field.optional)
    return bool(value == field.default) and type(value) is type(field.default)


def _complain(found: dict[str, str], slots: Mapping[str, _Slot]) -> None:
    for name, slot in slots.items():
        if words := slot.complaint or found.pop(name, ""):
            slot.place.caption(f":red[:material/error: {plain(words)}]")
        found.pop(name, None)
    for words in found.values():
        st.caption(f":red[:material/error: {plain(words)}]")
