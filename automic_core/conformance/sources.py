"""What every source promises."""

from __future__ import annotations

import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from automic_core import frames, registry
from automic_core.contracts import Bound, ReadRequest, SourceAdapter
from automic_core.errors import AutomicError, MissingDriverError, SourceError
from automic_core.extraction import bounded

TABLE = pl.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "code": ["007", "08", "9", None],
        "name": ['Ana, "A"', "Zoë 漢字 🙂", "O'Neil", "x"],
        "amount": [1.5, -2.25, None, 1000.125],
        "day": [date(2024, 2, 29), None, date(1999, 12, 31), date(2024, 1, 1)],
        "ok": [True, False, None, True],
    }
)


def make(case: Any, folder: Path, frame: pl.DataFrame = TABLE, **more: Any) -> SourceAdapter:
    case.write(folder / f"data{case.suffix}", frame)
    source: SourceAdapter = registry.build("source", case.kind, {**case.at(folder), **more})
    return source


def data(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(name for name in frame.columns if not frames.is_hidden(name))


def test_types_nulls_and_unicode_round_trip(source_case: Any, tmp_path: Path) -> None:
    assert_frame_equal(data(make(source_case, tmp_path).scan().collect()), source_case.arrives(TABLE))


def test_nothing_is_rescued_from_good_data(source_case: Any, tmp_path: Path) -> None:
    frame = make(source_case, tmp_path).scan().collect()
    assert frames.RESCUED not in frame.columns or frame[frames.RESCUED].null_count() == 4


def test_rows_are_numbered_from_one(source_case: Any, tmp_path: Path) -> None:
    assert make(source_case, tmp_path).scan().collect()["_source_row"].to_list() == [1, 2, 3, 4]


def test_schema_equals_data(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path)
    assert source.scan().collect_schema() == source.scan().collect().schema
    assert source.get_schema().names == TABLE.columns


def test_header_only(source_case: Any, tmp_path: Path) -> None:
    frame = make(source_case, tmp_path, TABLE.clear()).scan().collect()
    assert data(frame).columns == TABLE.columns
    assert frame.height == 0


def test_no_rows_is_no_error(source_case: Any, tmp_path: Path) -> None:
    assert make(source_case, tmp_path, TABLE.clear()).scan().collect().height == 0


def test_a_thousand_columns(source_case: Any, tmp_path: Path) -> None:
    wide = pl.DataFrame({f"c{i}": [i, i + 1] for i in range(1000)})
    assert_frame_equal(data(make(source_case, tmp_path, wide).scan().collect()), wide)


def test_limit(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path)
    assert_frame_equal(data(source.scan(ReadRequest(limit=2)).collect()), source_case.arrives(TABLE.head(2)))
    assert sum(len(batch) for batch in source.batches(ReadRequest(limit=3))) == 3


def test_columns(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path)
    some = source_case.arrives(TABLE.select("day", "id"))
    assert_frame_equal(source.scan(ReadRequest(columns=("day", "id"))).collect(), some)


def test_unknown_column_is_named(source_case: Any, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nope"):
        make(source_case, tmp_path).scan(ReadRequest(columns=("nope",))).collect()


def test_scan_twice(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path)
    lazy = source.scan()
    first = lazy.collect()
    assert_frame_equal(lazy.collect(), first)
    assert_frame_equal(source.scan().collect(), first)


def test_records(source_case: Any, tmp_path: Path) -> None:
    records = list(make(source_case, tmp_path).read())
    assert [record.data["id"] for record in records] == [1, 2, 3, 4]
    assert records[0].metadata.source_type == source_case.kind


def test_missing_file_or_table_is_named(source_case: Any, tmp_path: Path) -> None:
    source = registry.build("source", source_case.kind, source_case.at(tmp_path, "absent"))
    with pytest.raises(SourceError, match="absent"):
        source.scan().collect()


def test_file_that_vanishes_is_named(file_case: Any, tmp_path: Path) -> None:
    source = make(file_case, tmp_path)
    lazy = source.scan()
    first = lazy.collect()
    (tmp_path / f"data{file_case.suffix}").unlink()
    again = error = None
    try:
        again = lazy.collect()
    except SourceError as exc:
        error = str(exc)
    if again is None:
        assert "data" in str(error)
    else:  # a workbook is read whole, once
        assert_frame_equal(again, first)
    source.connect()
    with pytest.raises(SourceError, match="data"):
        source.scan().collect()


@pytest.mark.parametrize("content", [b"\x00\x01\x02\xff\xfe" * 50, b"PK\x03\x04 no archive", b"\x1f\x8b\x08 no gzip"])
def test_garbage_is_ours(file_case: Any, tmp_path: Path, content: bytes) -> None:
    source = make(file_case, tmp_path)
    path = tmp_path / f"data{file_case.suffix}"
    path.write_bytes(content)
    frame = error = None
    try:
        frame = source.scan().collect()
    except AutomicError as exc:
        error = str(exc)
    if frame is None:
        assert path.name in str(error)
    else:
        assert frame.is_empty() or frame[frames.RESCUED].count()


def test_missing_driver_prints_pip_line(source_case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not source_case.driver:
        pytest.skip("needs no driver")
    source = make(source_case, tmp_path)
    monkeypatch.setitem(sys.modules, source_case.driver, None)
    with pytest.raises(MissingDriverError, match=r"pip install 'automic\["):
        source.scan().collect()


def test_close_is_idempotent(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path)
    source.connect()
    source.check()
    source.close()
    source.close()


def test_options_survive_yaml(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path)
    options = yaml.safe_load(yaml.safe_dump(registry.options(source)))
    again = registry.build("source", source_case.kind, options)
    assert again == source
    assert_frame_equal(again.scan().collect(), source.scan().collect())
    where = registry.options_schema(type(source))["properties"]
    assert all(where[name].get("description") for name in source_case.at(tmp_path))


def test_name_is_the_stem(source_case: Any, tmp_path: Path) -> None:
    assert make(source_case, tmp_path).name == "data"


def test_several_files_are_aligned(file_case: Any, tmp_path: Path) -> None:
    file_case.write(tmp_path / f"a{file_case.suffix}", TABLE.select("id", "name"))
    file_case.write(tmp_path / f"b{file_case.suffix}", TABLE.select("day", "id"))
    path = str(tmp_path / f"*{file_case.suffix}")
    source = registry.build("source", file_case.kind, {"path": path, **file_case.options})
    frame = source.scan().collect()
    expected = pl.concat([TABLE.select("id", "name"), TABLE.select("day", "id")], how="diagonal")
    assert_frame_equal(data(frame), expected)
    assert frame["_source_row"].to_list() == [1, 2, 3, 4] * 2
    parts = source.parts()
    assert [part.name for part in parts] == ["a", "b"]
    assert len({part.content_hash() for part in parts}) == 2
    assert [part.scan().collect().height for part in parts] == [4, 4]
    assert parts[0].location == str(tmp_path / f"a{file_case.suffix}")


def test_text_is_text(source_case: Any, tmp_path: Path) -> None:
    if "types" not in registry.option_names(registry.load("source", source_case.kind)):
        pytest.skip("its types are its own")
    frame = make(source_case, tmp_path, types="text").scan().collect()
    assert set(data(frame).dtypes) == {pl.String}
    assert frame["code"].to_list()[:3] == ["007", "08", "9"]
    assert frame["amount"][0] == "1.5"
    assert frame["ok"][1] == "false"


BOUNDED = pl.DataFrame(
    {
        "id": [1, 2, 3, 4, None, 6, 7],
        "code": ["b", "a", "Z", None, "é", "𝄞", "\uffee"],
        "amount": [1.5, -2.25, None, 1000.125, 0.0, 1.5, 7.0],
        "day": [
            date(2024, 2, 29),
            None,
            date(1999, 12, 31),
            date(2024, 1, 1),
            date(2024, 3, 1),
            *[date(2024, 2, 29)] * 2,
        ],
    }
)
BOUNDS = [
    Bound("id", 3),
    Bound("id", 2, 6),
    Bound("id", None, 3, nulls=False),
    Bound("id", 2, 6, nulls=False),
    Bound("id", None, None, nulls=False),
    Bound("id", 2.5),
    Bound("amount", 1.5),
    Bound("amount", 0, 7, nulls=False),
    Bound("day", date(2024, 2, 29)),
    Bound("day", date(2024, 1, 1), date(2024, 3, 1), nulls=False),
    Bound("code", "b", type="string"),
    Bound("code", "Z", "é", nulls=False, type="string"),
    Bound("code", "\uffee", type="string"),
]


BEYOND = [Bound("id", Decimal("3.0"), 10**30)]


def expected(bound: Bound) -> list[int]:
    """Rows of BOUNDED within a bound, by plain Python."""

    def wanted(value: Any) -> bool:
        if value is None:
            return bound.nulls
        return (bound.since is None or value >= bound.since) and (bound.until is None or value < bound.until)

    return [row for row, value in enumerate(BOUNDED[bound.column].to_list()) if wanted(value)]


def test_every_source_is_read_within_a_bound(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path, BOUNDED)
    for bound in (*BOUNDS, *BEYOND):
        rows = source_case.arrives(BOUNDED[expected(bound)])
        bound = source_case.bound(bound)
        request = ReadRequest(bound=bound)
        assert_frame_equal(data(bounded.scan(source, request).collect()), rows)
        batches = list(bounded.batches(source, request))
        assert batches[0].schema.names[:4] == BOUNDED.columns
        assert_frame_equal(data(pl.DataFrame(pl.concat([frames.from_arrow(each) for each in batches]))), rows)
        some = bounded.scan(source, ReadRequest(columns=("amount",), limit=2, bound=bound)).collect()
        assert_frame_equal(some, rows.select("amount").head(2))


def test_what_is_out_of_a_bound_stays_unread_where_it_can(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path, BOUNDED)
    for bound in BOUNDS:
        read = sum(batch.num_rows for batch in source.batches(ReadRequest(bound=source_case.bound(bound))))
        assert read == len(expected(bound)) if source.bounding else read == BOUNDED.height


def test_a_bound_of_another_kind_is_said(source_case: Any, tmp_path: Path) -> None:
    source = make(source_case, tmp_path, BOUNDED)
    for bound, words in (
        (Bound("id", date(2024, 1, 1)), "of dates"),
        (Bound("day", 5), "of whole numbers"),
        (Bound("code", 5, type="string"), "of whole numbers"),
        (Bound("nope", 5), "no column 'nope'"),
        (Bound("code", "a"), "column of text"),
    ):
        with pytest.raises(AutomicError, match=words):
            list(bounded.batches(source, ReadRequest(bound=bound)))
        with pytest.raises(AutomicError, match=words):
            bounded.scan(source, ReadRequest(bound=bound)).collect()
