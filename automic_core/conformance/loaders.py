"""What every loader promises."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from automic_core import frames, registry
from automic_core.contracts import DestinationAdapter
from automic_core.errors import LoadError
from automic_core.records import Schema

TABLE = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "name": ['Ana, "A"', "Zoë\n漢字 🙂", None],
        "amount": [1.5, None, 1000.125],
        "day": [date(2024, 2, 29), None, date(1999, 12, 31)],
        "ok": [True, False, None],
    }
)
MORE = TABLE.with_columns(pl.col("id") + 10)


def make(case: Any, folder: Path) -> DestinationAdapter:
    loader: DestinationAdapter = registry.build("loader", case.kind, case.at(folder))
    return loader


def back(case: Any, folder: Path) -> pl.DataFrame:
    frame: pl.DataFrame = registry.build("source", case.kind, case.place(folder)).scan().collect()
    return frame.select(name for name in frame.columns if not frames.is_hidden(name))


def failing(frame: pl.DataFrame) -> frames.BatchStream:
    def batches() -> Iterator[pl.DataFrame]:
        yield frame
        raise RuntimeError("the source broke")

    return frames.BatchStream(frame.schema, batches())


def test_types_nulls_and_unicode_round_trip(loader_case: Any, tmp_path: Path) -> None:
    assert make(loader_case, tmp_path).load(TABLE.lazy(), "overwrite") == 3
    assert_frame_equal(back(loader_case, tmp_path), loader_case.arrives(TABLE))


def test_odd_values_are_kept(loader_case: Any, tmp_path: Path) -> None:
    odd = pl.DataFrame(
        {
            "price": [Decimal("1.10"), None],
            "at": [datetime(2024, 1, 1, 12, 30, 0, 500), None],  # noqa: DTZ001 - timestamps without a zone exist
            "ratio": [float("nan"), None],
            "tags": [["a", "ü"], None],
            "place": [{"x": 1, "y": "z"}, None],
            "raw": [b"\x00\xff", None],
            "n": [1, 2],
        }
    )
    make(loader_case, tmp_path).load(odd, "overwrite")
    read = back(loader_case, tmp_path)
    assert read.columns == odd.columns
    assert read.null_count().row(0) == odd.null_count().row(0)
    assert float(read["price"][0]) == 1.1
    assert str(read["at"][0]).replace("T", " ").rstrip("0") == "2024-01-01 12:30:00.0005"
    assert str(read["ratio"][0]).lower() == "nan"
    assert "ü" in str(read["tags"].to_list()[0])


def test_append_and_overwrite(loader_case: Any, tmp_path: Path) -> None:
    loader = make(loader_case, tmp_path)
    loader.load(TABLE, "append")
    loader.load(MORE, "append")
    assert_frame_equal(back(loader_case, tmp_path), loader_case.arrives(pl.concat([TABLE, MORE])))
    loader.load(MORE, "overwrite")
    assert_frame_equal(back(loader_case, tmp_path), loader_case.arrives(MORE))


def test_order_of_the_run_loop(loader_case: Any, tmp_path: Path) -> None:
    loader = make(loader_case, tmp_path).bind("orders")
    loader.connect()
    loader.begin_transaction()
    loader.create_schema(Schema("orders"))
    assert loader.load(TABLE.lazy(), "append") == 3
    loader.commit()
    loader.close()
    loader.close()
    assert_frame_equal(back(loader_case, tmp_path), loader_case.arrives(TABLE))


def test_several_loads_in_one_transaction(loader_case: Any, tmp_path: Path) -> None:
    loader = make(loader_case, tmp_path)
    loader.begin_transaction()
    loader.load(TABLE, "append")
    loader.load(MORE, "append")
    loader.commit()
    loader.close()
    assert_frame_equal(back(loader_case, tmp_path), loader_case.arrives(pl.concat([TABLE, MORE])))


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_rollback_leaves_it_untouched(loader_case: Any, tmp_path: Path, mode: Any) -> None:
    loader = make(loader_case, tmp_path)
    loader.load(TABLE, "overwrite")
    before = loader_case.content(tmp_path)
    loader.connect()
    loader.begin_transaction()
    loader.load(MORE, mode)
    loader.rollback()
    loader.close()
    assert loader_case.content(tmp_path) == before


def test_rollback_leaves_nothing_new(loader_case: Any, tmp_path: Path) -> None:
    loader = make(loader_case, tmp_path)
    loader.connect()
    loader.begin_transaction()
    loader.load(TABLE, "append")
    loader.rollback()
    loader.close()
    assert loader_case.content(tmp_path) == {}


def test_a_source_that_breaks_changes_nothing(loader_case: Any, tmp_path: Path) -> None:
    loader = make(loader_case, tmp_path)
    loader.load(TABLE, "overwrite")
    before = loader_case.content(tmp_path)
    with pytest.raises(RuntimeError, match="broke"):
        loader.load(failing(MORE), "append")
    assert loader_case.content(tmp_path) == before


def test_a_full_disk_changes_nothing(file_loader_case: Any, tmp_path: Path) -> None:
    loader = make(file_loader_case, tmp_path)
    loader.load(TABLE, "overwrite")
    before = file_loader_case.content(tmp_path)
    noise = pl.DataFrame({"id": range(30_000)}).select("id", name=pl.col("id").hash(1).cast(pl.String))
    big = noise.select("id", "name", *(pl.lit(None, dtype=TABLE.schema[c]).alias(c) for c in ("amount", "day", "ok")))
    resource = pytest.importorskip("resource", reason="a file's size can be limited on POSIX alone")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, limits[1]))
    try:
        with pytest.raises(LoadError, match="out"):
            loader.load(big, "append")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert file_loader_case.content(tmp_path) == before


def test_unwritable_folder(file_loader_case: Any, tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    loader = registry.build(
        "loader",
        file_loader_case.kind,
        {"path": str(tmp_path / "folder" / f"x{file_loader_case.suffix}"), **file_loader_case.options},
    )
    with pytest.raises(LoadError, match="folder"):
        loader.load(TABLE, "overwrite")


def test_nothing(loader_case: Any, tmp_path: Path) -> None:
    assert make(loader_case, tmp_path).load(TABLE.clear(), "overwrite") == 0
    read = back(loader_case, tmp_path)
    assert read.columns == TABLE.columns
    assert read.height == 0


def test_a_thousand_columns(loader_case: Any, tmp_path: Path) -> None:
    wide = pl.DataFrame({f"c{i}": [i, i + 1] for i in range(1000)})
    make(loader_case, tmp_path).load(wide, "overwrite")
    assert_frame_equal(back(loader_case, tmp_path), wide)


def test_upsert_or_refusal(loader_case: Any, tmp_path: Path) -> None:
    loader = make(loader_case, tmp_path)
    loader.load(TABLE, "overwrite")
    changes = pl.DataFrame({"id": [2, 9, 9], "name": ["new", "first", "last"]})
    if "upsert" not in loader.capabilities:
        with pytest.raises(LoadError, match="upsert"):
            loader.load(changes, "upsert", ["id"])
        return
    loader.load(changes, "upsert", ["id"])
    names = dict(back(loader_case, tmp_path).select("id", "name").iter_rows())
    assert names == {1: TABLE["name"][0], 2: "new", 3: None, 9: "last"}


def test_options_survive_yaml(loader_case: Any, tmp_path: Path) -> None:
    loader = make(loader_case, tmp_path)
    options = yaml.safe_load(yaml.safe_dump(registry.options(loader)))
    assert registry.build("loader", loader_case.kind, options) == loader


def test_what_is_remembered_is_so_with_the_rows_or_not_at_all(loader_case: Any, tmp_path: Path) -> None:
    if "watermark" not in registry.load("loader", loader_case.kind).capabilities:
        with pytest.raises(NotImplementedError, match="watermark"):
            make(loader_case, tmp_path).recall("a")
        return

    def run(rows: pl.DataFrame, text: str | None, commit: bool = True) -> str | None:
        loader = make(loader_case, tmp_path)
        loader.connect()
        loader.begin_transaction()
        before = loader.recall('p: it\'s "at"')
        loader.load(rows, "append")
        if text is not None:
            loader.remember('p: it\'s "at"', text)
            loader.remember("other", "x")
        loader.commit() if commit else loader.rollback()
        loader.close()
        return before

    assert run(TABLE, '{"mark": "é \'1\'"}') is None
    assert run(MORE, "lost", commit=False) == '{"mark": "é \'1\'"}'
    assert run(MORE, "second") == '{"mark": "é \'1\'"}'
    assert run(TABLE, None) == "second"
    assert back(loader_case, tmp_path).height == 9
