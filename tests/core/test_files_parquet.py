"""Parquet: types as they are."""

from __future__ import annotations

import gzip
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from automic_core.connectors.files.parquet import ParquetLoader, ParquetSource
from automic_core.contracts import ReadRequest
from automic_core.errors import LoadError, SourceError

ODD = pl.DataFrame(
    {
        "p": [Decimal("1.10"), None],
        "at": [datetime(2024, 1, 1), None],  # noqa: DTZ001 - timestamps without a zone exist
        "l": [[1, 2], None],
        "o": [{"a": "x"}, None],
        "raw": [b"\x00", None],
    }
)


def test_everything_round_trips(tmp_path: Path) -> None:
    path = str(tmp_path / "odd.parquet")
    ParquetLoader(path=path).load(ODD)
    ParquetLoader(path=path).load(ODD, "append")
    assert_frame_equal(ParquetSource(path=path).scan().collect().drop("_source_row"), pl.concat([ODD, ODD]))


def test_border_types(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    frame = pl.DataFrame({"t": pl.Series([1]).cast(pl.Datetime("ns")), "c": pl.Series(["x"], dtype=pl.Categorical)})
    frame.write_parquet(path)
    assert ParquetSource(path=str(path)).scan().collect().dtypes[:2] == [pl.Datetime("us"), pl.String]


def test_compressed_whole_and_reserved_names(tmp_path: Path) -> None:
    plain = tmp_path / "a.parquet"
    pl.DataFrame({"_rid": [1, 2], "x": [3, 4]}).write_parquet(plain)
    packed = tmp_path / "a.parquet.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        source = ParquetSource(path=str(path))
        assert source.scan(ReadRequest(columns=("x", "rid"), limit=1)).collect().rows() == [(3, 1)]
        assert "'rid'" in source.notes()[0]


def test_filters_reach_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"x": range(1000), "y": range(1000)}).write_parquet(path)
    plan = ParquetSource(path=str(path)).scan().select("x").explain()
    assert "PROJECT 1/2 COLUMNS" in plan


def test_append_must_fit(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    ParquetLoader(path=str(path)).load(pl.DataFrame({"a": [1], "b": ["x"]}))
    before = path.read_bytes()
    for frame, what in ((pl.DataFrame({"a": [1]}), "'b'"), (pl.DataFrame({"a": ["1"], "b": ["x"]}), "Int64")):
        with pytest.raises(LoadError, match=what):
            ParquetLoader(path=str(path)).load(frame, "append")
    assert path.read_bytes() == before
    ParquetLoader(path=str(path)).load(pl.DataFrame({"b": ["y"], "a": [2]}), "append")
    assert ParquetSource(path=str(path)).scan().collect()["a"].to_list() == [1, 2]


def test_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(SourceError, match=r"a\.parquet"):
        ParquetSource(path=str(path)).scan()
