"""The connectors of Automic go through its own suite."""

from __future__ import annotations

from automic_core.conformance import Suite
from tests.conformance.cases import LOADERS, SOURCES

SUITE = Suite(SOURCES, LOADERS)
pytest_generate_tests, its_schema = SUITE.generate, SUITE.schema()
