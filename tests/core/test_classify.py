"""Free texts into classes: by words, by a few examples, with the right to abstain."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core import frames
from automic_core.errors import ConfigError
from automic_core.inference.text_classes import Classes
from automic_core.transforms.classify import Classify
from automic_core.transforms.extract import key_of

CLASSES = {
    "billing": "invoice, payment, refund, charged, price",
    "delivery": "shipping, parcel, late, arrived, courier, package",
    "technical": "error, crash, login, password, bug",
}
TEXTS = {
    "I was charged twice, please refund the payment": "billing",
    "The parcel never arrived": "delivery",
    "Login crashes with an error": "technical",
    "Where is my invoice for the parcel?": None,
    "Hello there": None,
    "": None,
}


def frame(texts: list[str | None]) -> pl.LazyFrame:
    return frames.track(pl.LazyFrame({"text": texts}, schema={"text": pl.String}))


def test_the_nearest_class_or_none() -> None:
    step = Classify("text", CLASSES, into="topic", confidence="sure")
    rows = step.apply(frame([*TEXTS, None])).collect()
    assert rows["topic"].to_list() == [*TEXTS.values(), None]
    assert rows.columns[:4] == ["_rid", "text", "topic", "sure"]
    sure = dict(zip(rows["text"], rows["sure"], strict=True))
    assert sure["I was charged twice, please refund the payment"] > 0.5 > sure["Where is my invoice for the parcel?"]
    assert rows["_fate"].null_count() == rows.height, "a text without a class is no fault"


def test_examples_teach_and_answers_decide() -> None:
    text = "Where is my invoice for the parcel?"
    taught = Classify("text", CLASSES, examples={"where can I find an invoice": "billing"})
    assert taught.judge(text)["label"] == "billing"
    told = Classify("text", CLASSES, answers={key_of(text): "delivery"})
    assert told.judge(text) == {"label": "delivery", "confidence": 1.0}


def test_confidence_sets_the_bar() -> None:
    text = "The parcel of the neighbours was blue and rather heavy"
    assert Classify("text", CLASSES).judge(text)["label"] == "delivery"
    assert Classify("text", CLASSES, least=0.9).judge(text)["label"] is None


def test_the_words_that_decided() -> None:
    assert Classes(CLASSES).verdict("a late courier").words == ("couri", "late")


def test_wrong_use() -> None:
    with pytest.raises(ConfigError, match="has the class 'x', which is none"):
        Classify("text", CLASSES, examples={"a": "x"})
    with pytest.raises(ConfigError, match="two columns 'text'"):
        Classify("text", CLASSES, into="text").apply(frame(["a"]))


@given(st.text(max_size=80))
def test_any_text_has_a_class_or_none(text: str) -> None:
    verdict = Classes(CLASSES).verdict(text)
    assert verdict.label in (*CLASSES, None)
    assert 0 <= verdict.confidence <= 1
