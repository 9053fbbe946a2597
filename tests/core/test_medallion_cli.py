"""Faults of the layers that the command line brought to light."""

from __future__ import annotations

from pathlib import Path

import pytest

from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import ConfigError, SecurityError
from automic_core.lake import Lakehouse
from automic_core.storage import AccessPolicy


def test_ingest_obeys_the_policy_of_its_source(tmp_path: Path) -> None:
    """Bronze asks text sources for text; that copy may read no more than the source it was given."""
    (tmp_path / "secret.csv").write_text("a\n1\n")
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    source = CSVSource(str(tmp_path / "secret.csv")).within(AccessPolicy(allowed_roots=(allowed,)))
    with Lakehouse.open(tmp_path / "lake") as lake:
        with pytest.raises(SecurityError):
            lake.bronze.ingest(source, "t")
        assert lake.tables() == []


def test_a_wrong_aggregation_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(tmp_path / "a.csv")), "t")
        lake.silver.promote("t")
        with pytest.raises(ConfigError, match="aggregat"):
            lake.gold.build("t", group_by=["a"], aggregations={"n": {"function": "count"}})
        assert lake.tables("gold") == []
