"""One option as widgets, chosen by its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages.ui.options import parse, resolved, written

_ONE = ("column", "order_by", "on", "field")
_SEVERAL = ("columns", "fields", "match_fields", "group_by", "keys", "numeric_fields", "index", "exclude")
LISTS_OF_COLUMNS = frozenset((*_SEVERAL, "left_on", "on", "by", "values"))
COLUMNS = frozenset(_ONE)
KEYED_BY_COLUMN = frozenset(("columns", "types", "patterns", "golden_columns"))


@dataclass(frozen=True)
class Field:
    """One option.

    Attributes:
        spec: Its JSON schema, references resolved, "or null" taken out.
        definitions: ``$defs`` of the whole schema.
        value: What is filled in.
        optional: Whether it may be left out.
        columns: Columns to choose from.
    """

    name: str
    spec: Mapping[str, Any]
    definitions: Mapping[str, Any]
    value: Any
    default: Any
    required: bool
    optional: bool
    columns: tuple[str, ...]

    @property
    def label(self) -> str:
        """The name as words."""
        title = str(self.spec.get("title", ""))
        return title if "(" in title else self.name.replace("_", " ").capitalize()

    @property
    def help(self) -> str | None:
        """What it means."""
        return str(self.spec.get("description", "")).replace("``", "`") or None

    @property
    def about(self) -> dict[str, Any]:
        """What every widget is told."""
        return {"label": self.label, "help": self.help}

    @property
    def names_new(self) -> bool:
        """Whether it names something that the step makes."""
        return str(self.spec.get("description", "")).lower().startswith("name")


def draw(field: Field, *, key: str, disabled: bool) -> tuple[Any, str]:
    """Draw one option.

    Returns:
        Its value (None = left out), and what is wrong with what was typed.
    """
    spec, kind = field.spec, field.spec.get("type")
    if "enum" in spec:
        return _choice(field, list(spec["enum"]), key, disabled), ""
    if kind == "boolean":
        return _truth(field, key, disabled), ""
    if kind in ("integer", "number"):
        return _number(field, key, disabled)
    if kind == "array":
        items, _ = resolved(spec.get("items", {}), field.definitions, None)
        if items.get("type") == "object":
            return _objects(field, items, key, disabled), ""
        return _list(field, items, key, disabled), ""
    if kind == "object" and ("properties" in spec or "propertyNames" in spec):
        return _object(field, key, disabled), ""
    if kind == "object" and spec.get("additionalProperties") not in (True, None, False):
        return _mapping(field, key, disabled), ""
    if kind == "string":
        return _text(field, key, disabled), ""
    return _literal(field, key, disabled)


def _choice(field: Field, options: list[Any], key: str, disabled: bool) -> Any:
    """One of a few; a value that is none of them stays, so that its complaint can be seen."""
    if field.value is not None and field.value not in options:
        options = [field.value, *options]
    index = options.index(field.value) if field.value is not None else None
    plain = index is not None and not field.optional
    hint = None if plain else "not set"
    return st.selectbox(options=options, index=index, key=key, disabled=disabled, placeholder=hint, **field.about)


def _truth(field: Field, key: str, disabled: bool) -> Any:
    if field.default is None and field.optional and not field.required:
        words = {True: "yes", False: "no"}
        index = [True, False].index(field.value) if isinstance(field.value, bool) else None
        return st.selectbox(
            options=[True, False],
            index=index,
            format_func=words.__getitem__,
            key=key,
            disabled=disabled,
            placeholder="decided by the data",
            **field.about,
        )
    return st.checkbox(value=bool(field.value), key=key, disabled=disabled, **field.about)


def _number(field: Field, key: str, disabled: bool) -> tuple[Any, str]:
    whole, spec, value = field.spec["type"] == "integer", field.spec, field.value
    wrong = value is not None and (isinstance(value, bool) or not isinstance(value, int | float))
    low, high = spec.get("minimum"), spec.get("maximum")
    outside = not wrong and value is not None and not (low is None or low <= value) & (high is None or value <= high)
    if wrong or outside or (whole and low is None):  # a large id is exact as text only
        return _literal(field, key, disabled)
    as_kind = int if whole else float
    limits = {n: as_kind(v) for n, v in (("min_value", low), ("max_value", high)) if v is not None}
    step: Any = 1 if whole else 0.05 if high == 1 else 0.5
    draw_number: Any = st.number_input  # its overloads tell whole numbers from others
    found = draw_number(
        value=None if value is None else as_kind(value),
        step=step,
        format="%d" if whole else "%g",
        key=key,
        disabled=disabled,
        placeholder="not set",
        **limits,
        **field.about,
    )
    same = found is not None and value is not None and float(found) == float(value)
    return value if same else found, ""


def _text(field: Field, key: str, disabled: bool) -> Any:
    if field.columns and field.name in COLUMNS:
        return _column(field, key, disabled)
    value = field.value if isinstance(field.value, str | None) else json.dumps(field.value)
    if field.name in ("sql", "query"):
        found = st.text_area(value=value, key=key, disabled=disabled, height=96, **field.about)
    elif field.spec.get("format") == "secret":
        found = st.text_input(
            value=value,
            key=key,
            disabled=disabled,
            placeholder="secret:NAME",
            icon=":material/key:",
            **field.about,
        )
    else:
        hint = "" if field.required else "not set"
        found = st.text_input(value=value, key=key, disabled=disabled, placeholder=hint, **field.about)
    if found == "" and field.value != "":
        return None
    return found


def _column(field: Field, key: str, disabled: bool) -> Any:
    options = [*field.columns]
    if field.value is not None and field.value not in options:
        options.insert(0, field.value)
    if field.name == "field":
        options = [*dict.fromkeys(("*", *options))]
    return st.selectbox(
        options=options,
        index=options.index(field.value) if field.value is not None else None,
        format_func=str if field.names_new else _marking(field.columns),
        key=key,
        disabled=disabled,
        accept_new_options=True,
        placeholder="Choose a column",
        **field.about,
    )


def _marking(columns: tuple[str, ...]) -> Any:
    """Shows a column that is not there as such."""
    return lambda name: name if name in columns or name == "*" else f"{name} (not there)"


def _list(field: Field, items: Mapping[str, Any], key: str, disabled: bool) -> Any:
    value = list(field.value) if isinstance(field.value, list | tuple) else [field.value] if field.value else []
    value = [each if isinstance(each, str | int | float) else json.dumps(each) for each in value]
    of_columns = bool(field.columns) and field.name in LISTS_OF_COLUMNS and items.get("type") == "string"
    options = list(dict.fromkeys([*(field.columns if of_columns else ()), *items.get("enum", ()), *value]))
    show = _marking(field.columns) if of_columns else lambda each: "(blank)" if each == "" else str(each)
    found = st.multiselect(
        options=options,
        default=list(dict.fromkeys(value)),
        format_func=show,
        key=key,
        disabled=disabled,
        accept_new_options=True,
        placeholder="Choose columns" if of_columns else "Type, then Enter",
        **field.about,
    )
    if items.get("type") != "string" and not any(isinstance(each, str) for each in value):
        found = [parse(each) if isinstance(each, str) else each for each in found]
    if isinstance(field.value, str) and found == [field.value]:
        return field.value
    return found or ([] if field.required or field.default else None)


def _object(field: Field, key: str, disabled: bool) -> Any:
    """A few named values: those of the schema, or one a known key."""
    value = field.value if isinstance(field.value, Mapping) else {}
    names = field.spec.get("propertyNames", {}).get("enum")
    parts = field.spec.get("properties") or dict.fromkeys(names or (), field.spec.get("additionalProperties", {}))
    st.caption(field.label, help=field.help)
    return _parts(field, parts, value, key, disabled) or None


def _parts(field: Field, parts: Mapping[str, Any], value: Mapping[str, Any], key: str, disabled: bool) -> Any:
    """Named values side by side, the needed ones first, the others behind a button."""
    needed = [name for name in parts if name in field.spec.get("required", parts)]
    found: dict[str, Any] = {}
    for name in needed:
        _part(field, name, parts[name], value, found, key, disabled)
    if rest := [name for name in parts if name not in needed]:
        with st.popover("More", icon=":material/tune:", type="tertiary", key=f"{key}-more"):
            for name in rest:
                _part(field, name, parts[name], value, found, key, disabled)
    return found


def _part(
    field: Field,
    name: str,
    spec: Mapping[str, Any],
    value: Mapping[str, Any],
    found: dict[str, Any],
    key: str,
    off: bool,
) -> None:
    own, nullable = resolved(spec, field.definitions, value.get(name))
    default, required = own.get("default"), name in field.spec.get("required", ())
    part = Field(
        name,
        own,
        field.definitions,
        value.get(name, default),
        default,
        required,
        nullable or not required,
        field.columns,
    )
    got, _ = draw(part, key=f"{key}-{name}", disabled=off)
    if got is not None and got != default:
        found[name] = got


def _objects(field: Field, items: Mapping[str, Any], key: str, disabled: bool) -> Any:
    """A list of objects: those there, and an empty one to fill in."""
    value = field.value if isinstance(field.value, list | tuple) else []
    st.caption(field.label, help=field.help)
    found = []
    number = 0
    while True:
        here = value[number] if number < len(value) else {}
        part = replace(field, spec=items)
        with st.container(border=True, gap="xsmall"):
            got = _parts(part, items["properties"], here, f"{key}-{number}", disabled)
        if got:
            found.append(got)
        number += 1
        if (not got and number > len(value)) or (disabled and number >= len(value)):
            return found or None


def _mapping(field: Field, key: str, disabled: bool) -> Any:
    """Key and value, one a row; an empty row stands at the end, a row without a key is left out."""
    value = list(field.value.items()) if isinstance(field.value, Mapping) else []
    st.caption(field.label, help=field.help)
    found: dict[str, Any] = {}
    number = 0
    while True:
        name, held = value[number] if number < len(value) else ("", None)
        own, _ = resolved(field.spec["additionalProperties"], field.definitions, held)
        with st.container(border=own.get("type") == "object", gap="xsmall"):
            left, right = st.columns(2)
            with left:
                chosen = _key_of(field, name, f"{key}-{number}-key", disabled)
            with right if own.get("type") != "object" else st.container():
                got = _value_of(field, own, held, f"{key}-{number}", disabled)
        if chosen and got is not None:
            found[chosen] = got
        number += 1
        if (not chosen and number > len(value)) or (disabled and number >= len(value)):
            return found or None


def _key_of(field: Field, name: str, key: str, disabled: bool) -> str:
    if field.columns and field.name in KEYED_BY_COLUMN:
        part = replace(field, name="column", spec={}, value=name or None)
        return str(_column(part, key, disabled) or "")
    return st.text_input("Name", value=name, key=key, disabled=disabled).strip()


def _value_of(field: Field, own: dict[str, Any], held: Any, key: str, disabled: bool) -> Any:
    if own.get("type") != "object":
        part = Field("to", own, field.definitions, held, None, False, True, field.columns)
        got, _ = draw(part, key=key, disabled=disabled)
        return got
    needed = own.get("required", [])
    given = held if isinstance(held, Mapping) else {} if held is None else {needed[0]: held}
    got = _parts(replace(field, spec=own), own["properties"], given, key, disabled)
    short = len(needed) == 1 and isinstance(field.spec["additionalProperties"].get("anyOf"), list)
    return (got[needed[0]] if short and list(got) == needed else got) or None


def _literal(field: Field, key: str, disabled: bool) -> tuple[Any, str]:
    """A number, a text or something in brackets, as typed."""
    typed = st.text_input(
        value=None if field.value is None else written(field.value),
        key=key,
        disabled=disabled,
        placeholder="not set",
        **field.about,
    )
    if typed is None or typed == "":
        return None, ""
    try:
        return parse(typed), ""
    except ValueError:
        return typed, "The brackets or quotes do not close: write it as JSON."
