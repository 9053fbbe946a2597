"""A real model, where one is at hand: AUTOMIC_TEST_MODEL_URL is the address of a server that speaks OpenAI's protocol.

AUTOMIC_TEST_MODEL is the name of its model ("model" unless set). Nothing here judges how good the model is.
"""

from __future__ import annotations

import os
import time
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from automic_core.assist.describing import by_model
from automic_core.inference import infer
from automic_core.llm.calls import Message
from automic_core.llm.model import LanguageModel
from automic_core.settings import Settings
from automic_core.state import State

URL = os.environ.get("AUTOMIC_TEST_MODEL_URL", "")
pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not URL, reason="AUTOMIC_TEST_MODEL_URL names no server of a model"),
    pytest.mark.skipif(find_spec("litellm") is None, reason="LiteLLM is not installed: automic[llm]"),
    # LiteLLM's own
    pytest.mark.filterwarnings("ignore:.*Pydantic will not protect:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]


def test_a_real_model_describes_and_streams(tmp_path: Path) -> None:
    section = {
        "mode": "local",
        "provider": "compatible",
        "api_base": URL,
        "timeout_seconds": 240,
        "model": os.environ.get("AUTOMIC_TEST_MODEL", "model"),
    }
    rows = pl.DataFrame({"cust_no": [f"C{n:04}" for n in range(40)], "city": ["Rome", "Oslo"] * 20, "amt": range(40)})
    with State(tmp_path / "state.db") as state:
        model = LanguageModel(Settings.load(llm=section), state.models, "ann")
        found = by_model("orders", infer(rows), model)
        assert [each.column for each in found.columns] == ["cust_no", "city", "amt"]
        assert any(each.by == "model" for each in found.columns)
        asked = [Message("user", "Count from one to ten in words, one word a line.")]
        came = [(text, time.monotonic()) for text in model.stream(asked, "count")]
        assert len(came) > 3, "it arrives word by word"
        assert came[0][1] < came[-1][1]
        calls = state.models.calls()
        assert all(call.tokens_in > 0 and call.tokens_out > 0 for call in calls)
        assert {call.outcome for call in calls} <= {"answered", "invalid"}
        assert [each.name for each in by_model("orders", infer(rows), model).columns] == [
            each.name for each in found.columns
        ]
        assert state.models.calls(1)[0].outcome == "cached"
