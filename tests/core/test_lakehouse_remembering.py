"""A catalog parses the metadata of a table once, and sees every change all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from pyiceberg.catalog import Catalog, sql

from automic_core.errors import CatalogError
from automic_core.lakehouse import tables
from automic_core.lakehouse.catalog import local_properties, open_catalog
from automic_core.lakehouse.commits import head, refresh


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Catalog, Catalog]]:
    """Two catalogs of one lake, as two processes have them."""
    with open_catalog("c", local_properties(tmp_path)) as one, open_catalog("c", local_properties(tmp_path)) as other:
        yield one, other


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files of metadata that were parsed."""
    found: list[str] = []
    parse = sql.FromInputFile.table_metadata

    def counted(file: sql.InputFile, *args: object) -> object:
        found.append(file.location)
        return parse(file, *args)

    monkeypatch.setattr(sql.FromInputFile, "table_metadata", counted)
    return found


def test_metadata_is_parsed_once_a_change(both: tuple[Catalog, Catalog], parsed: list[str]) -> None:
    one, other = both
    tables.create(one, "bronze.t", pl.Schema({"a": pl.Int64()}))
    mine = tables.load(one, "bronze.t")
    parsed.clear()
    assert head(tables.load(one, "bronze.t")) == head(refresh(mine))
    assert parsed == []
    added = tables.append(tables.load(other, "bronze.t"), [])
    parsed.clear()
    assert head(mine) != added, "what a caller holds stays"
    assert head(tables.load(one, "bronze.t")) == added
    assert head(refresh(mine)) == added
    assert len(parsed) == 1


def test_a_table_that_is_gone_or_another_one_is_not_remembered(both: tuple[Catalog, Catalog]) -> None:
    one, other = both
    tables.create(one, "bronze.t", pl.Schema({"a": pl.Int64()}))
    assert tables.load(one, "bronze.t").schema().column_names == ["a"]
    tables.rename(other, "bronze.t", "bronze.u")
    assert tables.find(one, "bronze.t") is None
    with pytest.raises(CatalogError, match=r"no table bronze\.t"):
        tables.load(one, "bronze.t")
    tables.create(other, "bronze.t", pl.Schema({"b": pl.Int64()}))
    assert tables.load(one, "bronze.t").schema().column_names == ["b"]
    assert tables.load(one, "bronze.u").schema().column_names == ["a"]


def test_metadata_that_is_lost_is_missed(both: tuple[Catalog, Catalog]) -> None:
    one, _ = both
    place = tables.create(one, "bronze.t", pl.Schema({"a": pl.Int64()})).metadata_location
    tables.load(one, "bronze.t")
    Path(place.removeprefix("file://")).unlink()
    with pytest.raises(CatalogError):
        tables.load(one, "bronze.t")
