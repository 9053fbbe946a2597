"""Parts of a Parquet file that cannot hold a wanted row stay unread: here they are garbage, as a reader would find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from automic_core.contracts import Bound
from automic_core.extraction.bounded import within
from automic_core.extraction.cursors import cursor

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
ROWS = 100


def half_broken(path: Path, rows: pl.DataFrame) -> pl.LazyFrame:
    """The rows as a file of two parts, the first of which cannot be read."""
    rows.write_parquet(path, row_group_size=len(rows) // 2, use_pyarrow=True)
    footer = pq.read_metadata(path)
    begin = min(first_page(footer.row_group(0).column(i)) for i in range(footer.num_columns))
    end = min(first_page(footer.row_group(1).column(i)) for i in range(footer.num_columns))
    content = bytearray(path.read_bytes())
    content[begin:end] = bytes(end - begin)
    path.write_bytes(content)
    return pl.scan_parquet(path)


def first_page(chunk: Any) -> int:
    return int(chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset)


CURSORS = {
    "zoned": pl.Series([NOON + timedelta(hours=i) for i in range(ROWS)], dtype=pl.Datetime("us", "UTC")),
    "time": pl.Series([NOON.replace(tzinfo=None) + timedelta(hours=i) for i in range(ROWS)], dtype=pl.Datetime("us")),
    "integer": pl.Series(range(ROWS)),
    "date": pl.Series([NOON.date() + timedelta(days=i) for i in range(ROWS)]),
}


@pytest.mark.parametrize("nulls", [True, False])
@pytest.mark.parametrize("kind", CURSORS)
def test_a_bound_leaves_out_what_lies_before_it(tmp_path: Path, kind: str, nulls: bool) -> None:
    values = CURSORS[kind]
    frame = half_broken(tmp_path / "rows.parquet", pl.DataFrame({"c": values, "n": range(ROWS)}))
    with pytest.raises(pl.exceptions.ComputeError):
        frame.collect()
    wanted = within(cursor(frame.collect_schema(), "c", None, "here"), Bound("c", values[90], None, nulls=nulls))
    assert frame.filter(wanted).collect()["n"].to_list() == list(range(90, ROWS))
