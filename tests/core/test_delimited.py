"""The delimited-text reader: exact where the file is right, accounted for where it is not."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pytest

from automic_core.connectors.files._delimited import DelimitedReader, read
from automic_core.connectors.files._dialect import Dialect
from automic_core.errors import SourceError


def reader(
    data: bytes, *, batch_bytes: int = 1 << 20, columns: list[str] | None = None, **dialect: object
) -> DelimitedReader:
    return read(lambda: io.BytesIO(data), "in.csv", Dialect(**dialect), batch_bytes=batch_bytes, columns=columns)


def rows(source: DelimitedReader) -> list[list[str | None]]:
    """All cells, ``_rescued`` last."""
    batches = list(source.batches())
    for batch in batches:
        batch.validate(full=True)
        assert batch.schema == source.schema
    return [list(row) for batch in batches for row in zip(*(c.to_pylist() for c in batch.columns), strict=True)]


def good(source: DelimitedReader) -> list[list[str | None]]:
    """All cells of a file in which nothing is wrong."""
    found = rows(source)
    assert [row[-1] for row in found] == [None] * len(found)
    return [row[:-1] for row in found]


def rescued(row: list[str | None]) -> dict[str, object]:
    return json.loads(row[-1] or "null")


def test_text_is_given_as_it_is() -> None:
    source = reader(b'id,name,note\n007, a ,""\n1.50,NULL,"say ""hi"", ok"\n')
    assert source.columns == ["id", "name", "note"]
    assert good(source) == [["007", " a ", ""], ["1.50", "NULL", 'say "hi", ok']]
    assert all(field.type == pa.string() for field in source.schema)


@pytest.mark.parametrize("data", [b"", b"\n\n", "\ufeff".encode()])
def test_an_empty_file_has_no_columns_and_says_so(data: bytes) -> None:
    source = reader(data)
    assert source.columns == []
    assert rows(source) == []
    assert "empty" in source.notes[0]


@pytest.mark.parametrize("data", [b"a,b", b"a,b\n", b"a,b\r\n\r\n"])
def test_a_header_alone_gives_columns(data: bytes) -> None:
    source = reader(data)
    assert source.columns == ["a", "b"]
    assert rows(source) == []
    assert "no rows" in source.notes[0]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", "\ufeff"), ("utf-16-le", "\ufeff"), ("utf-16-be", "\ufeff"), ("utf-16-le", ""), ("utf-8-sig", "\ufeff")],
)
def test_a_byte_order_mark_is_no_part_of_the_first_name(encoding: str, mark: str) -> None:
    data = (mark + "näme;b\nÄ;1\nB;2;3\n").encode(encoding.removesuffix("-sig"))
    source = reader(data, encoding=encoding, delimiter=";")
    assert source.columns == ["näme", "b"]
    first, second = rows(source)
    assert first == ["Ä", "1", None]
    assert rescued(second)["byte"] == data.index("B;2".encode(encoding.removesuffix("-sig")))


@pytest.mark.parametrize("batch_bytes", [1, 5, 1000])
def test_latin1_is_transcoded(batch_bytes: int) -> None:
    data = "a,b\nJosé,Zürich\n".encode("latin-1")
    assert good(reader(data, encoding="latin-1", batch_bytes=batch_bytes)) == [["José", "Zürich"]]


def test_a_character_undefined_in_the_encoding_is_kept_as_a_control() -> None:
    assert good(reader(b"a,b\nx\x81,2\n", encoding="cp1252")) == [["x\x81", "2"]]


def test_a_broken_utf16_character_is_reported() -> None:
    data = "a,b\nx,1\n".encode("utf-16-le") + b"\x00\xd8" + ",2\n".encode("utf-16-le")
    fine, broken = rows(reader(data, encoding="utf-16-le"))
    assert fine == ["x", "1", None]
    assert broken[:2] == ["\ufffd", "2"]
    assert rescued(broken) == {
        "line": 3,
        "byte": 16,
        "reason": "bytes that are not valid in the file's encoding",
        "text": "\ufffd,2",
    }


@pytest.mark.parametrize("batch_bytes", [1, 11, 1000])
def test_mixed_encodings_are_read_field_by_field(batch_bytes: int) -> None:
    data = "a,b\nÄ,1\n".encode() + "Ö".encode() + b",caf\xe9\n" + "ü,3\n".encode()
    found = rows(reader(data, batch_bytes=batch_bytes))
    assert [row[:2] for row in found] == [["Ä", "1"], ["Ö", "café"], ["ü", "3"]]
    assert [bool(row[2]) for row in found] == [False, True, False]
    assert rescued(found[1])["line"] == 3
    assert rescued(found[1])["byte"] == data.index("Ö".encode())
    assert "Windows-1252" in str(rescued(found[1])["reason"])


def test_nul_bytes_are_kept_and_reported() -> None:
    found = rows(reader(b"a,b\n1,2\nx\0y,3\n"))
    assert found[0] == ["1", "2", None]
    assert found[1][:2] == ["x\0y", "3"]
    assert rescued(found[1]) == {"line": 3, "byte": 8, "reason": "a NUL byte", "text": "x\0y,3"}


@pytest.mark.parametrize("batch_bytes", [1, 8, 1000])
def test_ragged_lines_are_rows_in_their_place(batch_bytes: int) -> None:
    data = b'a,b,c\n1,2,3\n4,5\n"x\ny",6,7\n8,9,10,11\n\n12,13,14'
    found = rows(reader(data, batch_bytes=batch_bytes))
    assert [row[:3] for row in found] == [
        ["1", "2", "3"],
        ["4", "5", None],
        ["x\ny", "6", "7"],
        ["8", "9", "10"],
        ["12", "13", "14"],
    ]
    assert rescued(found[1]) == {"line": 3, "byte": 12, "reason": "2 fields, expected 3", "text": "4,5"}
    assert rescued(found[3]) == {"line": 6, "byte": 26, "reason": "4 fields, expected 3", "text": "8,9,10,11"}
    assert [row[3] for row in (found[0], found[2], found[4])] == [None] * 3


def test_ragged_fields_go_where_they_look_at_home() -> None:
    body = "".join(f"2024-01-{day:02},{day}.5,word\n" for day in range(1, 29))
    found = rows(reader(f"day,amount,note\n{body},2024-02-01,7.5,extra\n2024-02-02,note\n".encode()))
    assert found[28][:3] == ["2024-02-01", "7.5", "extra"]
    assert found[29][:3] == ["2024-02-02", None, "note"]
    assert all(row[3] for row in found[28:])


def test_a_line_with_another_delimiter_is_read_by_it_and_reported() -> None:
    body = "".join(f"2024-01-{day:02},{day}.5,A-{day},word\n" for day in range(1, 20))
    found = rows(reader(f"day,amount,code,note\n{body}2024-02-01;7.5;B-1;x\n".encode()))
    assert found[-1][:4] == ["2024-02-01", "7.5", "B-1", "x"]
    assert rescued(found[-1])["reason"] == "1 fields, expected 4; read with ';' as the delimiter"


@pytest.mark.parametrize("batch_bytes", [1, 9, 1000])
@pytest.mark.parametrize("tail", ["", '5,"fine, too"\r\n'])
def test_an_unclosed_quote_costs_one_line(batch_bytes: int, tail: str) -> None:
    data = f'a,b\r\n1,"open\r\n2,two\r\n3,"three"\r\n4,"x\r\ny"\r\n{tail}'.encode()
    found = rows(reader(data, batch_bytes=batch_bytes))
    assert [row[:2] for row in found][:4] == [["1", '"open'], ["2", "two"], ["3", "three"], ["4", "x\r\ny"]]
    assert [bool(row[2]) for row in found] == [True] + [False] * (len(found) - 1)
    assert rescued(found[0]) == {
        "line": 2,
        "byte": 5,
        "reason": "a quote is opened and never closed",
        "text": '1,"open',
    }


def test_an_unclosed_quote_that_another_one_seems_to_close() -> None:
    data = b'a,b\n1,"open\n2,two\n3,three\n",x",4\n5,6\n'
    found = rows(reader(data))
    assert [row[:2] for row in found[:3]] == [["1", '"open'], ["2", "two"], ["3", "three"]]
    assert found[-1] == ["5", "6", None]


def test_quotes_inside_text_are_text() -> None:
    assert good(reader(b'a,b\n5" pipe,6" hose\nx,"y"\n')) == [['5" pipe', '6" hose'], ["x", "y"]]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (b'"a "b" c",2', ['a "b" c', "2"]),
        (b'"q"x,2', ['"q"x', "2"]),
        (b'"one" "two",2', ['one" "two', "2"]),
    ],
)
def test_bad_quoting_is_reported_and_read_as_meant(line: bytes, fields: list[str]) -> None:
    first, bad, last = rows(reader(b'a,b\n"1",2\n' + line + b'\n"3",4\n'))
    assert (first, last) == (["1", "2", None], ["3", "4", None])
    assert bad[:2] == fields
    assert rescued(bad)["text"] == line.decode()


def test_names_are_filled_told_apart_and_freed_from_reserved_ones() -> None:
    source = reader(b" id ,,id,ID,_rid,_rescued,column_2\n1,2,3,4,5,6,7\n")
    assert source.columns == ["id", "column_2_2", "id_2", "ID_3", "rid", "rescued", "column_2"]
    assert len(source.notes) == 5
    assert good(source) == [list("1234567")]


def test_a_short_header_does_not_condemn_the_rows() -> None:
    source = reader(b"a,b\n1,2,3\n4,5,6\n")
    assert source.columns == ["a", "b", "column_3"]
    assert good(source) == [["1", "2", "3"], ["4", "5", "6"]]


def test_a_delimiter_at_the_header_s_end_is_no_column() -> None:
    assert reader(b"a,b,\n1,2\n3,4\n").columns == ["a", "b"]


def test_no_header() -> None:
    source = reader(b"1,2\n3,4\n", header=False)
    assert source.columns == ["column_1", "column_2"]
    assert good(source) == [["1", "2"], ["3", "4"]]


def test_lines_before_the_table_are_told() -> None:
    source = reader(b"Report\r\n2024\r\na,b\r\n1,2\r\n3\r\n", skip_lines=2)
    assert source.columns == ["a", "b"]
    assert "Report" in source.notes[0]
    assert rescued(rows(source)[1])["line"] == 5


@pytest.mark.parametrize("batch_bytes", [3, 9, 1 << 16])
def test_lines_before_the_table_may_be_longer_than_a_block(batch_bytes: int) -> None:
    source = reader(b"A report\r\nof May 2024\r\na,b\r\n1,2\r\n", batch_bytes=batch_bytes, skip_lines=2)
    assert rows(source) == [["1", "2", None]]
    assert source.locate(1) == 4


def test_ten_thousand_columns() -> None:
    names = ",".join(f"c{n}" for n in range(10_000))
    line = ",".join(str(n) for n in range(10_000))
    source = reader(f"{names}\n{line}\n{line},x\n{line}\n".encode(), batch_bytes=1 << 16)
    assert len(source.columns) == 10_000
    found = rows(source)
    assert [row[9_999] for row in found] == ["9999"] * 3
    assert [bool(row[-1]) for row in found] == [False, True, False]


def test_a_cell_of_ten_megabytes() -> None:
    cell = "long, text\n" * (10 << 20 >> 3)
    assert good(reader(f'a,b\n1,"{cell}"\n2,x\n'.encode())) == [["1", cell], ["2", "x"]]


def test_a_plain_line_of_ten_megabytes() -> None:
    cell = "x" * (10 << 20)
    assert good(reader(f"a,b\n1,{cell}\n2,x\n".encode(), batch_bytes=4096)) == [["1", cell], ["2", "x"]]


def test_gzip_that_ends_early_names_the_place(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    lines = "".join(f"{n},{n * 7919 % 100_003}\n" for n in range(100_000))
    whole = gzip.compress(b"a,b\n" + lines.encode())
    path.write_bytes(whole[: len(whole) // 2])
    source = read(lambda: gzip.GzipFile(path), str(path), Dialect(), batch_bytes=1 << 14)
    batches = source.batches()
    count = sum(len(next(batches)) for _ in range(3))
    with pytest.raises(SourceError, match=r"cut\.csv\.gz could be read up to byte \d+ only \(line \d+\)") as caught:
        list(batches)
    assert count > 1000
    assert "whole" in caught.value.hint


def test_a_file_that_is_not_there() -> None:
    def missing() -> BinaryIO:
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(SourceError, match=r"gone\.csv cannot be opened"):
        read(missing, "gone.csv", Dialect())


@pytest.mark.parametrize("batch_bytes", [1, 3, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str, batch_bytes: int) -> None:
    data = end.join(["a,b", "1,2", '"x,y",3', "4", "5,6", ""]).encode()
    found = rows(reader(data, batch_bytes=batch_bytes))
    assert [row[:2] for row in found] == [["1", "2"], ["x,y", "3"], ["4", None], ["5", "6"]]
    assert rescued(found[2])["line"] == 4


@pytest.mark.parametrize(
    ("data", "dialect"),
    [
        (b'a||b\n1||"x||y"\n|||2\n', {"delimiter": "||"}),
        ('a§b\n1§"x§y"\n|§2\n'.encode(), {"delimiter": "§"}),
    ],
)
def test_delimiters_the_fast_parser_cannot_take(data: bytes, dialect: dict[str, str]) -> None:
    found = rows(reader(data, **dialect))
    assert found[0] == ["1", f"x{dialect['delimiter']}y", None]
    assert len(found) == 2


def test_columns_aligned_by_blanks() -> None:
    assert good(reader(b"  a    b\n  1   20 \n 30    4\n", delimiter=" ", skip_blanks=True)) == [
        ["1", "20"],
        ["30", "4"],
    ]


def test_blanks_after_delimiters() -> None:
    data = b'a, b\n1,  x\n"2", "y, z"\n'
    assert good(reader(data, skip_blanks=True)) == [["1", "x"], ["2", "y, z"]]


def test_escapes_count_before_marks_only() -> None:
    data = b'a,b\n"say \\"hi\\"","C:\\\\x"\nC:\\new,\\,\n'
    assert good(reader(data, escapechar="\\")) == [['say "hi"', "C:\\x"], ["C:\\new", ","]]


def test_chosen_columns() -> None:
    data = b"a,b,c\n1,2,3\n4\n5,6,7\n"
    source = reader(data, columns=["c", "a"])
    assert source.columns == ["a", "c"]
    assert [row[:2] for row in rows(source)] == [["1", "3"], ["4", None], ["5", "7"]]
    assert [len(row) for row in rows(reader(data, columns=[]))] == [1, 1, 1]
    with pytest.raises(SourceError, match="no column 'z'"):
        reader(data, columns=["z"])


def test_reading_twice_gives_the_same() -> None:
    source = reader(b"a,b\n1,2\n3\n")
    assert rows(source) == rows(source)


def test_malformed_records_among_many_keep_their_ordinals() -> None:
    lines, bad = [b"a,b,c"], []
    for number in range(20_000):
        if number % 997 == 0:
            bad.append(number)
            lines.append(b'%d,"open' % number if number % 2 else b"%d" % number)
        else:
            lines.append(b'%d,"x, ""y""",z' % number)
    data = b"\n".join(lines) + b"\n"
    found = rows(reader(data, batch_bytes=1 << 16))
    assert [row[0] for row in found] == [str(number) for number in range(20_000)]
    assert [number for number, row in enumerate(found) if row[-1]] == bad
    for number in bad:
        place = rescued(found[number])
        assert place["line"] == number + 2
        assert data[int(str(place["byte"])) :].startswith(str(place["text"]).encode() + b"\n")


def test_a_long_run_of_malformed_records_stays_readable() -> None:
    data = b"a,b\n" + b'1,"x"y\n' * 3000
    found = rows(reader(data, batch_bytes=64))
    assert len(found) == 3000
    assert rescued(found[-1])["line"] == 3001


@pytest.mark.parametrize("make", [lambda data: io.BytesIO(data), lambda data: _Trickle(data)])
def test_streams_that_give_a_few_bytes_at_a_time(make: Callable[[bytes], BinaryIO]) -> None:
    data = b'a,b\n1,"x\ny"\n2,3\n'
    source = read(lambda: make(data), "in.csv", Dialect())
    assert good(source) == [["1", "x\ny"], ["2", "3"]]


class _Trickle(io.BytesIO):
    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size or 1, 3) if size != -1 else 3)
