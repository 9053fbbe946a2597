"""What every test finds, and leaves, as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

from automic_core import logs

settings.register_profile("same every time", derandomize=True, database=None, deadline=None)
settings.load_profile("same every time")


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """The log of Automic as before: a command that ran in this process has switched it on or off."""
    log = logging.getLogger(logs.NAME)
    handlers, level = list(log.handlers), log.level
    yield
    log.handlers[:] = handlers
    log.setLevel(level)
