"""A text read by the language model: the same entries through the same gate, and no number that nobody said."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel, Field

from automic_core import frames, registry
from automic_core.assist.saying.reading import LONGEST
from automic_core.assist.saying.saying import Reading, Staged, Unclear, Unknown, Wish
from automic_core.assist.saying.trying import tried
from automic_core.inference.evidence import Inference
from automic_core.llm.calls import Message
from automic_core.llm.context import DATA_RULE, TableContext, table_context
from automic_core.llm.model import LanguageModel

_STEPS = (
    "select",
    "rename",
    "cast",
    "derive",
    "text",
    "split",
    "extract",
    "classify",
    "filter",
    "sort",
    "limit",
    "nulls",
    "dedup",
)
_RULES = ("not_null", "unique", "range", "regex", "set", "length", "type", "sql", "dependency", "row_count")
_MOST, _LONGEST_TITLE = 12, 160
_HARMLESS = {"0", "1", "2", "10", "100", "1000"}
_TASK = (
    "A person says how the rows of a table shall be changed (steps) or what must hold of them (rules). Answer with the "
    "entries that do it, in order, using only these kinds and options, and only columns of the table. sql is one "
    "expression over the columns of one row; columns stand in double quotes, texts in single quotes. Never invent a "
    "number, a rate or a column: what you cannot do, or what is not said, goes to unclear, as a question to the person."
)


class ModelEntry(BaseModel):
    """A step or rule that a model proposes."""

    group: Literal["step", "rule"]
    kind: str
    options: dict[str, Any] = Field(description="Options of the kind, as listed")
    title: str = Field(description="What it does or demands, in a few words")


class ModelReading(BaseModel):
    """What a model makes of a text."""

    entries: list[ModelEntry]
    unclear: list[str] = Field(default_factory=list, description="What is not understood, or must be known first")


def question(
    text: str, table: str, inference: Inference, *, values: bool = False
) -> tuple[TableContext, list[Message]]:
    """What a model is asked, word for word.

    Args:
        text: What the person says; it is their own word, and is sent.
        table: Its name.
        inference: Of the rows as they reach the new entries.
        values: Whether a person allowed values of this table to be told.
    """
    context = table_context(table, inference, values=values)
    asked = f"The table:\n{context.text}\n\nWhat the person says: {text[:LONGEST]}"
    return context, [Message("system", f"{_TASK}\n{_kinds()}\n{DATA_RULE}"), Message("user", asked)]


@cache
def _kinds() -> str:
    """Kinds with their options, a line each."""
    lines = []
    for group, kinds in (("step", _STEPS), ("rule", _RULES)):
        for kind in kinds:
            cls = registry.load(group, kind)  # type: ignore[arg-type]
            told = registry.options_schema(cls)["properties"]
            options = "; ".join(f"{name} ({_type(each)}): {each.get('description', '')}" for name, each in told.items())
            lines.append(f"{group} {kind}: {(cls.__doc__ or '').partition(chr(10))[0]} Options: {options}")
    return "\n".join(lines)


def _type(told: dict[str, Any]) -> str:
    if "enum" in told:
        return " | ".join(map(str, told["enum"]))
    return str(told.get("type", "any"))


def by_model(
    text: str,
    rows: pl.DataFrame,
    table: str,
    inference: Inference,
    model: LanguageModel,
    *,
    values: bool = False,
    cancel: threading.Event | None = None,
) -> Reading:
    """Steps and rules that a model reads out of a text; each is run on the rows, and refused where it cannot be.

    Raises:
        AutomicError: As ``LanguageModel.answer``.
    """
    context, messages = question(text, table, inference, values=values)
    answer = model.answer(messages, ModelReading, f"read what was said of {table}", cancel)
    staged: list[Staged] = []
    unknown = [Unknown(text, _line(each)) for each in answer.unclear if each.strip()]
    for entry in answer.entries[:_MOST]:
        title = _line(entry.title) or entry.kind
        try:
            made, rows = tried(text, _wish(entry, title, context, text, rows), rows, "model")
        except Unclear as exc:
            unknown.append(Unknown(title, exc.why, exc.ask))
            continue
        staged.append(made)
    if not staged and not unknown:
        unknown.append(Unknown(text, "The model had nothing to propose."))
    return Reading(text, staged, unknown)


def _wish(entry: ModelEntry, title: str, context: TableContext, text: str, rows: pl.DataFrame) -> Wish:
    """An entry with the columns' real names.

    Raises:
        Unclear: Its kind is none of those offered, or it holds a number that nobody said.
    """
    if entry.kind not in (_STEPS if entry.group == "step" else _RULES):
        raise Unclear(f"The model proposed {entry.group} {entry.kind!r}, which was not offered.")
    told = {str(each.said["name"]): each.column for each in context.columns}
    options = _named(entry.options, told)
    made: tuple[str, ...] = ()
    if entry.kind == "derive":
        sql = str(options.get("sql", ""))
        plain = re.sub(r"\"[^\"]*\"|'[^']*'", " ", sql)
        for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", plain):
            if number not in _HARMLESS and number not in re.findall(r"\d+(?:\.\d+)?", text):
                raise Unclear(
                    f"The model took {number} for {title!r}, which nobody said.", "Say the number or the rate."
                )
        column = str(options.get("column", ""))
        if column in frames.data_names(rows.columns):
            column = ""
        made = (column,) if column else ()
    return Wish(entry.group, entry.kind, options, title, "proposed by the model, run on these rows", made)


def _named(value: Any, told: dict[str, str]) -> Any:
    """Names as they were told replaced by the columns' own, wherever they stand."""
    if isinstance(value, dict):
        return {told.get(str(name), name): _named(each, told) for name, each in value.items()}
    if isinstance(value, list):
        return [_named(each, told) for each in value]
    if isinstance(value, str):
        for name, column in told.items():
            if name != column:
                value = column if value == name else value.replace(f'"{name}"', '"' + column.replace('"', '""') + '"')
    return value


def _line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST_TITLE]
