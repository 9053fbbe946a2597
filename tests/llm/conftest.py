"""A model's server, and a language model that asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automic_core.llm.model import LanguageModel
from automic_core.settings import Settings
from automic_core.state import State
from automic_core.state.models import ModelBook
from tests.llm.server import Server, running

KEY = "sk-hunter2-0123456789"
Ask = Callable[..., LanguageModel]


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def book(tmp_path: Path) -> Iterator[ModelBook]:
    with State(tmp_path / "state.db") as state:
        yield state.models


@pytest.fixture
def local(server: Server, book: ModelBook) -> Ask:
    """A model on this machine; ``local(retries=0)`` sets more."""

    def made(**llm: Any) -> LanguageModel:
        section = {"mode": "local", "provider": "compatible", "model": "small", "api_base": server.url, **llm}
        return LanguageModel(Settings.load(llm=section), book, "ann")

    return made


@pytest.fixture
def remote(server: Server, book: ModelBook, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A model of a provider, whose server happens to be on this machine; nobody has agreed to it."""
    monkeypatch.setenv("AUTOMIC_TEST_MODEL_KEY", KEY)

    def made(*, hosts: tuple[str, ...] = ("127.0.0.1",), **llm: Any) -> LanguageModel:
        section = {"mode": "remote", "provider": "openai", "model": "gpt-4o-mini", "api_base": server.url, **llm}
        secrets = {"key": {"env": "AUTOMIC_TEST_MODEL_KEY", "hosts": list(hosts)}}
        return LanguageModel(Settings.load(llm={"api_key": "secret:key", **section}, secrets=secrets), book, "ann")

    return made
