"""Answers of a given form: asked for as JSON, checked, and asked for once more if they do not fit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from automic_core.llm.calls import Message

Answer = TypeVar("Answer", bound=BaseModel)
_SHOWN = 5


def with_form(messages: Sequence[Message], form: type[BaseModel]) -> list[Message]:
    """The messages with the form of the answer said in words; not every server makes a model keep to it."""
    schema = json.dumps(form.model_json_schema(), sort_keys=True)
    words = f"Answer with one JSON object and nothing else. It follows this JSON schema:\n{schema}"
    first, *rest = messages
    if first.role == "system":
        return [Message("system", f"{first.content}\n\n{words}"), *rest]
    return [Message("system", words), *messages]


def parsed(form: type[Answer], text: str) -> tuple[Answer | None, str]:
    """The answer in its form; or None, and what is wrong with it."""
    start = text.find("{")
    if start < 0:
        return None, "there is no JSON object in it"
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])  # models put words and fences around it
    except (json.JSONDecodeError, RecursionError) as exc:
        return None, f"it is not JSON: {exc}" if isinstance(exc, json.JSONDecodeError) else "it is nested too deeply"
    try:
        return form.model_validate(value), ""
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)
        told = [f"{'.'.join(map(str, each['loc'])) or 'the object'}: {each['msg']}" for each in errors[:_SHOWN]]
        return None, "; ".join(told)


def repairing(text: str, problem: str) -> list[Message]:
    """What to say to a model whose answer does not fit."""
    words = (
        f"This does not fit: {problem}. Answer again, with one JSON object that follows the schema and nothing else."
    )
    return [Message("assistant", text), Message("user", words)]
