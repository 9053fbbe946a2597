"""Values of a text read by the language model: words as they stand in it, which the step then looks up and reads."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping

from pydantic import BaseModel, Field

from automic_core.inference.personal_spans import PersonalSpan, personal_spans
from automic_core.inference.text_values import Kind
from automic_core.llm.calls import Message
from automic_core.llm.context import DATA_RULE, as_data
from automic_core.llm.masking import form_of
from automic_core.llm.model import LanguageModel
from automic_core.transforms.extract import Wanted

LONGEST = 6_000
"""Characters of a text that are sent."""
PERSONAL_KINDS: frozenset[Kind] = frozenset(("email", "phone", "iban"))
"""Kinds that a model is never asked for: it is not told them."""
_TASK = (
    "You read fields out of a text. For each field answer the words exactly as they stand in the text, nothing added "
    "and nothing changed; leave a field out where the text does not say it. Never compute, translate or guess a value."
)


class ModelField(BaseModel):
    """One field that a model read."""

    field: str = Field(description="Name of the field, as it was asked for")
    quote: str = Field(description="The value, exactly as it stands in the text")


class ModelFields(BaseModel):
    """The fields that a model found in a text."""

    fields: list[ModelField]


def question(text: str, fields: Mapping[str, Kind | Wanted]) -> list[Message]:
    """What a model is asked about a text, word for word; of personal data in it only the form is told."""
    asked = {name: _told(each) for name, each in fields.items() if _kind(each) not in PERSONAL_KINDS}
    said = f"Fields:\n{as_data(asked)}\n\nThe text:\n{as_data(_squeezed(masked(text)))}"
    return [Message("system", f"{_TASK}\n{DATA_RULE}"), Message("user", said)]


def by_model(
    text: str,
    fields: Mapping[str, Kind | Wanted],
    model: LanguageModel,
    cancel: threading.Event | None = None,
) -> dict[str, str]:
    """Field to the words of the text that a model names for it; the extract step takes them as ``answers``.

    Words that only the masked text holds are put back as they stood; whether they are there at all is for the step to
    judge.

    Raises:
        AutomicError: As ``LanguageModel.answer``.
    """
    answer = model.answer(question(text, fields), ModelFields, "extract values of a text", cancel)
    found: dict[str, str] = {}
    for each in answer.fields:
        quote = each.quote.strip()
        if (
            each.field in fields
            and quote
            and each.field not in found
            and _kind(fields[each.field]) not in PERSONAL_KINDS
        ):
            found[each.field] = _restored(text, quote)
    return found


def masked(text: str) -> str:
    """A text in which personal data shows its form only; as long as it was, so that places stay."""
    made = text
    for span in _hidden(text):
        made = made[: span.start] + _form(span.text) + made[span.end :]
    return made


def _hidden(text: str) -> list[PersonalSpan]:
    return personal_spans(text)


def _form(text: str) -> str:
    """The form of every sign, and no sign more or less."""
    return "".join(form_of(sign) for sign in text)


def _squeezed(text: str) -> str:
    """The text without the blanks of its layout that say nothing more than a gap."""
    lines = [re.sub(r" {3,}", "   ", line.rstrip()) for line in text[: 3 * LONGEST].splitlines()]
    return "\n".join(line for line in lines if line.strip())[:LONGEST]


def _restored(text: str, quote: str) -> str:
    """A quote as it stands in the text: with its own blanks, and without the mask."""
    words = quote.split()
    pattern = re.compile(r"\s+".join(map(re.escape, words)))
    for shown in (text, masked(text)):
        match = pattern.search(shown)
        if match is not None:
            return text[match.start() : match.end()]
    return quote


def _kind(wanted: Kind | Wanted) -> Kind:
    return wanted.kind if isinstance(wanted, Wanted) else wanted


def _told(wanted: Kind | Wanted) -> dict[str, object]:
    labels = wanted.labels[:6] if isinstance(wanted, Wanted) else []
    return {"kind": _kind(wanted)} | ({"labels": labels} if labels else {})
