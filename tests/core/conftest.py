"""Lakes that several files of tests begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.asked import small_lake
from tests.kept import Kept


@pytest.fixture(scope="session")
def kept_asked(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("asked")
    small_lake(folder)
    return Kept(folder)


@pytest.fixture
def asked_lake(kept_asked: Kept) -> Path:
    """A lake to ask questions about: silver.houses and silver.stays."""
    return kept_asked.again() / "lake"
