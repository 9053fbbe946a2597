"""Classes for free texts by the language model: proposed classes, and texts put into given ones."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from automic_core.assist.extracting import masked
from automic_core.llm.calls import Message
from automic_core.llm.context import DATA_RULE, as_data
from automic_core.llm.model import LanguageModel
from automic_core.transforms.extract import key_of

TEXTS, LONGEST = 20, 400
"""Texts that one question is about, and characters of each that are sent."""
_TASK = (
    "You put short texts into classes. For each text, by its number, answer the name of the one class that fits, as it "
    "is given; or 'none' where no class fits or several do. Never invent a class."
)


class ModelClass(BaseModel):
    """The class of one text."""

    number: int = Field(description="Number of the text")
    label: str = Field(description="Name of the class, or none")


class ModelClasses(BaseModel):
    """The classes of some texts."""

    texts: list[ModelClass]


def questions(texts: Sequence[str], classes: Mapping[str, str]) -> list[tuple[list[str], list[Message]]]:
    """What a model is asked, word for word, some texts at a time; of personal data in them only the form is told."""
    asked = []
    unique = list(dict.fromkeys(text for text in texts if text.strip()))
    for start in range(0, len(unique), TEXTS):
        part = unique[start : start + TEXTS]
        told = {str(number): masked(text)[:LONGEST] for number, text in enumerate(part, start=1)}
        said = f"Classes:\n{as_data(dict(classes))}\n\nTexts:\n{as_data(told)}"
        asked.append((part, [Message("system", f"{_TASK}\n{DATA_RULE}"), Message("user", said)]))
    return asked


def by_model(
    texts: Sequence[str],
    classes: Mapping[str, str],
    model: LanguageModel,
    cancel: threading.Event | None = None,
) -> dict[str, str]:
    """Key of a text to the class a model gives it, as the classify step takes it; texts it abstains from are left out.

    Raises:
        AutomicError: As ``LanguageModel.answer``.
    """
    known = {label.lower(): label for label in classes}
    found: dict[str, str] = {}
    for part, messages in questions(texts, classes):
        answer = model.answer(messages, ModelClasses, "classify texts", cancel)
        for each in answer.texts:
            label = known.get(each.label.strip().lower())
            if label is not None and 1 <= each.number <= len(part):
                found.setdefault(key_of(part[each.number - 1]), label)
    return found
