"""What every test finds, and leaves, as it was."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from automic_core import logs
from tests import leaving
from tests.drawing import draws

if TYPE_CHECKING:
    from automic_core.lake import Lakehouse

settings.register_profile("same every time", derandomize=True, database=None, deadline=None, max_examples=draws(100))
settings.load_profile("same every time")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests wait for a browser begin one by one among those that compute, and none of them late.

    Workers take files in this order; the many small ones of the core come last, so that all workers end together.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting = [path for path in files if path.parent.name == "browser"]
    computing = sorted(files.keys() - {*waiting}, key=lambda path: (path.parent.name == "core", path))
    size = len(computing) * 2 // 3 // len(waiting) if waiting else 0
    for place, path in enumerate(waiting):
        computing.insert(place * (size + 1), path)
    items[:] = [item for path in computing for item in files[path]]


def pytest_collection_finish() -> None:
    """Whatever was imported and collected stays until the end; the garbage collector need not look through it again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    leaving.end()


def pytest_unconfigure() -> None:
    gc.unfreeze()


@pytest.fixture(scope="session")
def demo_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with 2,000 orders; tests only look at it."""
    from automic_core.demo.run import run_demo

    return run_demo(tmp_path_factory.mktemp("demo") / "lake", orders=2_000).lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    """An empty lake of the test's own."""
    from automic_core.lake import Lakehouse

    with Lakehouse.open(tmp_path / "lake") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """The log of Automic as before: a command that ran in this process has switched it on or off."""
    log = logging.getLogger(logs.NAME)
    handlers, level = list(log.handlers), log.level
    yield
    log.handlers[:] = handlers
    log.setLevel(level)
