"""A record's ordinal leads to the physical line where it begins, in every kind of file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from automic_core.connectors.files import _delimited
from automic_core.connectors.files._dialect import Dialect
from automic_core.connectors.files.csv import CSVSource
from automic_core.connectors.files.excel import ExcelSource
from automic_core.connectors.files.json import JSONSource
from automic_core.connectors.files.parquet import ParquetSource
from automic_core.connectors.files.xml import XMLSource
from automic_core.contracts import SourceAdapter
from automic_core.errors import SourceError
from tests.drawing import draws

FAMILIES: list[tuple[type[SourceAdapter], dict[str, object], str]] = [
    (CSVSource, {"header": True}, "a,b\n1,2\n3,4\n"),
    (JSONSource, {"format": "lines"}, '{"a": 1}\n{"a": 2}\n'),
    (JSONSource, {"format": "array"}, '[{"a": 1},\n{"a": 2}]'),
    (XMLSource, {}, "<t>\n<r><a>1</a></r>\n<r><a>2</a></r>\n</t>"),
]


def stored(tmp_path: Path, content: str | bytes) -> str:
    path = tmp_path / "in.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def lines(source: SourceAdapter) -> list[int | None]:
    """The line of every record; malformed ones must be where ``_rescued`` says."""
    frame = source.scan().collect()
    found = [source.locate(record) for record in frame["_source_row"]]
    rescued = [json.loads(text or "{}").get("line") for text in frame["_rescued"]]
    assert [line for line, told in zip(found, rescued, strict=True) if told] == [told for told in rescued if told]
    return found


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("a,b\n1,2\n3,4\n", {"header": True}, [2, 3]),
        ("1,2\n3,4", {"header": False}, [1, 2]),
        ("\n\na,b\n\n1,2\n \n\n3,4\n", {"header": True, "skip_lines": 2}, [5, 8]),
        ("Report\nof May\na,b\n1,2\n3,4\n", {"header": True, "skip_lines": 2}, [4, 5]),
        ('a,b\n1,"x\n\ny"\n3,"4"\n', {"header": True}, [2, 5]),
        ('"a\nA",b\n1,2\n3,4\n', {"header": True}, [3, 4]),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", {"header": True}, [2, 4]),
        ("a,b\r1,2\r3,4\r", {"header": True}, [2, 3]),
        ("a;b\n1;'x\ny'\n3;4\n", {"header": True, "quotechar": "'", "delimiter": ";"}, [2, 4]),
        ("a||b\n1||2\n\n3||4\n", {"header": True, "delimiter": "||"}, [2, 4]),
        ("a,b\n1,x\\\ny\n3,4\n", {"header": True, "escapechar": "\\"}, [2, 4]),
    ],
)
def test_csv(tmp_path: Path, text: str, options: dict[str, object], expected: list[int]) -> None:
    assert lines(CSVSource(path=stored(tmp_path, text), **options)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_csv_encodings_and_archives(tmp_path: Path, encoding: str) -> None:
    data = 'id,city\n1,"Köln\nam Rhein"\n\n2,Málaga\n3\n4,Œuilly\n'.encode(encoding)
    plain = CSVSource(path=stored(tmp_path, data), header=True, encoding=encoding)
    packed = tmp_path / "in.csv.gz"
    packed.write_bytes(gzip.compress(data))
    assert lines(plain) == lines(CSVSource(path=str(packed), header=True, encoding=encoding)) == [2, 5, 6, 7]


def test_csv_malformed_records_are_where_rescued_says(tmp_path: Path) -> None:
    text = 'a,b\n1,2\n3\n\n4,5,6\n7,"open\n8,9\n10,"x\ny",z\n   \n11,12\0\n13,"14"tail\n'
    source = CSVSource(path=stored(tmp_path, text), header=True, quotechar='"', delimiter=",")
    assert lines(source) == [2, 3, 5, 6, 7, 8, 9, 11, 12]


_CELLS = st.text(st.sampled_from("ab1 ,;'\"\n\r\\é\t"), max_size=5)
_ROWS = st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(_CELLS, min_size=width, max_size=width), max_size=10))


@settings(max_examples=draws(250), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=_ROWS,
    blanks=st.lists(st.integers(0, 2), min_size=12, max_size=12),
    # Python quotes a lone CR only if it quotes all or CR ends the lines.
    style=st.sampled_from([(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_MINIMAL, "\r\n")]),
    encoding=st.sampled_from(["utf-8", "utf-16-le"]),
    block=st.integers(1, 300),
)
@example([["a", "b"], ["\n\n", "1"], ["2", "3"]], [1] * 12, (csv.QUOTE_MINIMAL, "\n"), "utf-8", 4)
def test_csv_line_is_that_of_csv_reader(
    rows: list[list[str]], blanks: list[int], style: tuple[int, str], encoding: str, block: int
) -> None:
    quoting, end = style
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    for row, blank in zip(rows, blanks, strict=False):
        writer.writerow(row)
        text.write(end * blank)
    expected, before = [], 0
    reader = csv.reader(io.StringIO(text.getvalue(), newline=""))
    for row in reader:
        if row:
            expected.append(before + 1)
        before = reader.line_num
    data = text.getvalue().encode(encoding)
    dialect = Dialect(encoding=encoding, header=False)
    source = _delimited.read(lambda: io.BytesIO(data), "in.csv", dialect, batch_bytes=block)
    assert [source.locate(record) for record in range(1, len(expected) + 1)] == expected
    with pytest.raises(SourceError, match="one record" if len(expected) == 1 else f"{len(expected)} records"):
        source.locate(len(expected) + 1)


@settings(max_examples=draws(250), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(st.sampled_from('a,"\n\r \té\0'), max_size=60), block=st.integers(1, 80))
@example('a,b\nc,d\n"a,b\nc,d\n   \ne,"f\n', 8)
def test_csv_of_any_text_agrees_with_rescued(text: str, block: int) -> None:
    data = text.encode()
    source = _delimited.read(lambda: io.BytesIO(data), "in.csv", Dialect(header=False), batch_bytes=block)
    rescued = [cell for batch in source.batches() for cell in batch.column("_rescued").to_pylist()]
    found = [source.locate(record) for record in range(1, len(rescued) + 1)]
    assert found == sorted(set(found))
    told = [json.loads(cell)["line"] if cell else line for cell, line in zip(rescued, found, strict=True)]
    assert found == told
    with pytest.raises(SourceError):
        source.locate(len(rescued) + 1)


def test_csv_of_a_million_rows_is_quick(tmp_path: Path) -> None:
    numbers = pl.DataFrame({"id": range(1_000_000), "name": "some name", "amount": 1.5})
    path = tmp_path / "big.csv"
    numbers.write_csv(path)
    source = CSVSource(path=str(path))
    source.notes()
    before = time.process_time()
    assert source.locate(900_000) == 900_001
    assert time.process_time() - before < 1


def test_json_lines(tmp_path: Path) -> None:
    text = '\ufeff{"a": 1}\n\n  {"a": 2}\r\n{"a": \n \t\n{"a": 4}'
    assert lines(JSONSource(path=stored(tmp_path, text), format="lines")) == [1, 3, 4, 6]
    assert lines(JSONSource(path=stored(tmp_path, text.encode("utf-16-le")), format="lines")) == [1, 3, 4, 6]


def test_json_lines_keep_count_over_the_pieces_read(tmp_path: Path) -> None:
    text = "".join(f'{{"a": {number}, "b": "{"x" * 90_000}"}}\n\n' for number in range(30))
    source = JSONSource(path=stored(tmp_path, text), format="lines")
    assert [source.locate(record) for record in (1, 12, 13, 30)] == [1, 23, 25, 59]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ('[{"a": 1}, {"a": 2},\n\n {\n"a": 3}\n]', None, [1, 1, 3]),
        ('\n{"a":\n 1}\n{"a": 2}', None, [2, 4]),
        ('{"n": 2,\n"d": {"i": [\n{"a": 1},\n\n{"a": [\n2]}, {"a": 3}\n]}}', "d.i", [3, 5, 6]),
        ('[{"a": 1},\n{"a": 2},\n{"a": }\n]', None, [1, 2, 3]),
    ],
)
def test_json_documents(tmp_path: Path, text: str, path: str | None, expected: list[int]) -> None:
    assert lines(JSONSource(path=stored(tmp_path, text), format="array", record_path=path)) == expected


def test_json_array_longer_than_one_piece(tmp_path: Path) -> None:
    records = [json.dumps({"a": number, "b": "x" * 50_000}, indent=1) for number in range(60)]
    source = JSONSource(path=stored(tmp_path, "[\n" + ",\n".join(records) + "\n]"), format="array")
    assert [source.locate(record) for record in (1, 2, 30, 60)] == [2, 6, 118, 238]


def test_xml(tmp_path: Path) -> None:
    text = "<?xml version='1.0'?>\n<t>\n<!-- c\n -->\n<r>\n<a>1</a>\n</r><r><a>\n2</a></r>\n\n<r><a>3</a></r>\n</t>"
    assert lines(XMLSource(path=stored(tmp_path, text))) == [5, 7, 10]
    assert lines(XMLSource(path=stored(tmp_path, text.replace("<a>3</a></r>", "<a>3</r>")))) == [5, 7, 10]


def test_xml_lines_beyond_sixteen_bits(tmp_path: Path) -> None:
    text = "<t>\n" + "<r\n n='1'>\n<a>1</a></r>\n" * 30_000 + "</t>"
    source = XMLSource(path=stored(tmp_path, text), infer_rows=10)
    assert [source.locate(record) for record in (1, 21_845, 21_846, 30_000)] == [2, 65_534, 65_537, 89_999]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252"])
def test_xml_names_and_encodings(tmp_path: Path, encoding: str) -> None:
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE x:t [
<!ENTITY ouml "ö">
]>
<x:t xmlns:x="u" xmlns="v"><r>no</r>
<x:r><a>K&ouml;ln</a></x:r> <s><x:r><a>no</a></x:r></s>

<x:r
 a="1"/><x:r><x:r>é</x:r></x:r>
</x:t>"""
    assert lines(XMLSource(path=stored(tmp_path, text.encode(encoding)), row_path="x_t/x_r")) == [6, 8, 9]


def test_xml_in_an_encoding_of_several_bytes_has_no_lines(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="gb18030"?><t>\n<r><a>中</a></r>\n<r><a>文</a></r>\n</t>'
    source = XMLSource(path=stored(tmp_path, text.encode("gb18030")))
    assert source.scan().collect()["a"].to_list() == ["中", "文"]
    assert lines(source) == [None, None]
    with pytest.raises(SourceError, match="has 2 records"):
        source.locate(3)


def test_excel(tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    sheets = {
        "One": {0: ["Report"], 2: ["id", "day", "name"], 3: [1, 20, "x"], 5: [2, 30, "y"], 7: ["Source: the office"]},
        "Other": {1: ["id", "day", "name"], 2: [3, 40, "z"]},
    }
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, cells in rows.items():
                sheet.write_row(number, 0, cells)
    assert lines(ExcelSource(path=str(path))) == [4, 6, 8]
    assert lines(ExcelSource(path=str(path), sheet="Other")) == [3]
    assert lines(ExcelSource(path=str(path), sheet="*")) == [4, 6, 8, 3]
    with pytest.raises(SourceError, match="has 3 records, so there is no record 4"):
        ExcelSource(path=str(path)).locate(4)


@pytest.mark.parametrize(("source", "options", "text"), FAMILIES)
@pytest.mark.parametrize("record", [0, -1, 3, 10**9])
def test_a_record_out_of_range_is_refused(
    tmp_path: Path, source: Callable[..., SourceAdapter], options: dict[str, object], text: str, record: int
) -> None:
    with pytest.raises(SourceError, match=f"has 2 records, so there is no record {record}"):
        source(path=stored(tmp_path, text), **options).locate(record)


def test_an_empty_file_has_no_record(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has 0 records, so there is no record 1"):
        CSVSource(path=stored(tmp_path, "")).locate(1)


def test_a_cut_archive_is_a_source_error(tmp_path: Path) -> None:
    path = tmp_path / "in.csv.gz"
    whole = gzip.compress("".join(f"{n * 7919 % 100_003},{n}\n" for n in range(200_000)).encode())
    path.write_bytes(whole[: len(whole) * 3 // 4])
    source = CSVSource(path=str(path), header=False, batch_bytes=1 << 16)
    assert source.locate(5) == 5
    with pytest.raises(SourceError, match="ends early"):
        source.locate(200_000)


def test_several_files_are_asked_one_by_one(tmp_path: Path) -> None:
    for name, text in (("a", "x,y\n1,2\n"), ("b", 'x,y\n1,"\n"\n3,4\n')):
        (tmp_path / f"{name}.csv").write_text(text)
    source = CSVSource(path=str(tmp_path / "*.csv"), header=True)
    assert source.locate(1) is None
    assert [part.locate(1) for part in source.parts()] == [2, 2]
    assert source.parts()[1].locate(2) == 4


def test_a_source_without_lines_tells_none(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(path := tmp_path / "in.parquet")
    assert ParquetSource(path=str(path)).locate(1) is None
