"""CSV: odd inputs come out right, rescued or refused; what is written can be read elsewhere."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from automic_core.connectors.files.csv import CSVLoader, CSVSource
from automic_core.errors import LoadError, SecurityError, SourceError
from automic_core.storage import AccessPolicy


def read(path: Path, content: bytes | str, **options: object) -> pl.DataFrame:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return CSVSource(path=str(path), **options).scan().collect()  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.csv"


def test_empty_file_is_noted(path: Path) -> None:
    assert read(path, "").height == 0
    assert "empty" in CSVSource(path=str(path)).notes()[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings(path: Path, encoding: str) -> None:
    frame = read(path, "id,city\n1,Köln\n2,Málaga\n".encode(encoding))
    assert frame["city"].to_list() == ["Köln", "Málaga"]
    assert frame.columns[0] == "id"


def test_ragged_and_unclosed_records_are_rescued_with_their_line(path: Path) -> None:
    frame = read(path, 'a,b\n1,2\n3\n4,5,6\n7,"open\n8,9\n', quotechar='"')
    assert frame["_source_row"].to_list() == [1, 2, 3, 4, 5]
    found = [json.loads(text) if text else None for text in frame["_rescued"]]
    assert [item and item["line"] for item in found] == [None, 3, 4, 5, None]
    assert all(item["reason"] and item["text"] for item in found if item)
    assert frame["a"].to_list() == [1, 3, 4, 7, 8]


def test_nul_bytes_also_in_names(path: Path) -> None:
    frame = read(path, b"a\x00,b\n1,x\x00y\n")
    assert frame.columns[:2] == ["a", "b"]
    assert "NUL" in json.loads(frame["_rescued"][0])["reason"]


def test_repeated_and_empty_names_are_noted(path: Path) -> None:
    frame = read(path, "x,x,,_rid\n1,2,3,4\n")
    assert frame.columns[:4] == ["x", "x_2", "column_3", "rid"]
    assert len(CSVSource(path=str(path)).notes()) == 4


def test_ten_thousand_columns(path: Path) -> None:
    frame = read(path, ",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join(["7"] * 10_000) + "\n", types="text")
    assert frame.width == 10_002
    assert frame["c9999"][0] == "7"


def test_a_cell_of_ten_megabytes(path: Path) -> None:
    frame = read(path, 'id,text\n1,"' + "ab\n" * 3_500_000 + '"\n2,x\n')
    assert [len(text) for text in frame["text"]] == [10_500_000, 1]
    assert frame["_rescued"].null_count() == 2


def test_only_what_survives_a_round_trip_gets_a_type(path: Path) -> None:
    frame = read(path, "zip,n,when,mixed,day\n00123,1 234,01/02/2024,1,2024-01-31\n04567,12,13/02/2024,x,2024-02-29\n")
    assert [frame[name].dtype for name in ("zip", "mixed", "day")] == [pl.String, pl.String, pl.Date]
    assert frame["zip"][0] == "00123"


def test_a_value_that_does_not_fit_later_is_rescued(path: Path) -> None:
    rows = "\n".join(f"{i},2024-01-01" for i in range(50))
    frame = read(path, f"n,day\n{rows}\noops,2024-13-01\n51,\n", infer_rows=20)
    assert frame.schema["n"] == pl.Int64
    assert frame["n"][50] is None
    assert json.loads(frame["_rescued"][50]) == {"values": {"n": "oops", "day": "2024-13-01"}}
    assert frame["_rescued"].count() == 1
    assert frame["n"][51] == 51


def test_null_values(path: Path) -> None:
    frame = read(path, "n,s\n1,NA\nNA,x\n", null_values=("", "NA"))
    assert frame["n"].to_list() == [1, None]
    assert frame["s"].to_list() == [None, "x"]
    assert read(path, "n,s\n1,NA\nNA,x\n")["n"].to_list() == ["1", "NA"]


def test_text_keeps_everything(path: Path) -> None:
    assert read(path, "a,b\n,1.50\n x ,\n", types="text").select("a", "b").rows() == [("", "1.50"), (" x ", "")]


def test_names_that_polars_takes_for_patterns(path: Path) -> None:
    assert read(path, "*,^a.*$,ab\n1,2,x\n").rows()[0][:3] == (1, 2, "x")


def test_gzip_that_ends_early(path: Path) -> None:
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (i, i * 7919) for i in range(20_000)))
    with pytest.raises(SourceError, match=r"in\.csv"):
        read(path, whole[: len(whole) // 2])


def test_zip_bomb(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.csv.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.csv", b"a,b\n" + b"0,0\n" * 2_000_000)
    source = CSVSource(path=str(bomb)).within(AccessPolicy(max_decompressed_bytes=1_000_000))
    with pytest.raises(SourceError, match="max_decompressed_bytes"):
        source.scan().collect()


def test_symlink_out_of_the_allowed_folders(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    policy = AccessPolicy(allowed_roots=(inside,))
    for path in ("link.csv", "*.csv"):
        with pytest.raises(SecurityError, match=r"secret\.csv"):
            CSVSource(path=str(inside / path)).within(policy).scan().collect()


def test_parts_keep_policy_and_options(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("x;y\n1,5;2\n")
    source = CSVSource(path=str(tmp_path / "*.csv"), delimiter=";").within(AccessPolicy(allowed_roots=(tmp_path,)))
    parts = source.parts()
    assert [part.delimiter for part in parts] == [";", ";"]
    assert parts[1].scan().collect()["x"].to_list() == [1.5]
    assert parts[0].content_hash() == parts[1].content_hash()
    (tmp_path / "b.csv").write_text("x;y\n2,5;2\n")
    source.connect()
    assert source.content_hash() != parts[0].content_hash()


def test_a_bracket_in_the_name_and_a_member(tmp_path: Path) -> None:
    (tmp_path / "[x].csv").write_text("a\n1\n")
    assert CSVSource(path=str(tmp_path / "[x].csv")).scan().collect()["a"].to_list() == [1]
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("one.csv", "a\n1\n")
        archive.writestr("two.csv", "a\n2\n")
    source = CSVSource(path=str(tmp_path / "two.zip!*.csv"))
    assert [part.scan().collect()["a"][0] for part in source.parts()] == [1, 2]


def test_memory_file_system() -> None:
    import fsspec

    with fsspec.open("memory://box/in.csv", "wb") as file:
        file.write(b"a,b\n1,x\n")
    source = CSVSource(path="memory://box/in.csv")
    assert source.scan().collect().rows()[0][:2] == (1, "x")
    assert source.name == "in"


def test_what_is_written_is_what_the_csv_module_reads(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a,b": ['say "hi"', "two\nlines", None], "day": [date(2024, 1, 2), None, None]})
    CSVLoader(path=str(tmp_path / "out.csv")).load(frame)
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["a,b", "day"], ['say "hi"', "2024-01-02"], ["two\nlines", ""], ["", ""]]


def test_a_null_in_a_single_column_stays_a_row(tmp_path: Path) -> None:
    path = str(tmp_path / "one.csv")
    CSVLoader(path=path).load(pl.DataFrame({"n": [1, None, 3]}))
    assert CSVSource(path=path).scan().collect()["n"].to_list() == [1, None, 3]


def test_append_fits_the_header(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("b,a\n1,2", encoding="utf-8")
    loader = CSVLoader(path=str(path))
    loader.load(pl.DataFrame({"a": [4], "b": [3]}), "append")
    assert path.read_text().splitlines() == ["b,a", "1,2", "3,4"]
    with pytest.raises(LoadError, match="'c'"):
        loader.load(pl.DataFrame({"a": [4], "c": [3]}), "append")
    assert path.read_text().splitlines() == ["b,a", "1,2", "3,4"]


def test_formulas_are_neutralised_when_asked(tmp_path: Path) -> None:
    frame = pl.DataFrame({"=x": ["=1+1", "-2", "+3", "@a", "ok"], "n": [-1, 2, 3, 4, 5]})
    CSVLoader(path=str(tmp_path / "out.csv"), neutralise_formulas=True).load(frame)
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines == ["'=x,n", "'=1+1,-1", "'-2,2", "'+3,3", "'@a,4", "ok,5"]
