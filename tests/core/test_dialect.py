"""Finding a file's encoding and dialect from a sample, and its header."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.connectors.files import _encoding
from automic_core.connectors.files._dialect import SAMPLE_BYTES, Dialect, sniff
from automic_core.errors import ConfigError
from tests.drawing import draws

ROWS = [
    ["id", "name", "joined", "amount", "note"],
    *(
        [str(n), f"Person {n}", f"2024-01-{n:02}", f"{n * 7 % 5}.25", "plain, with a comma; and more"]
        for n in range(1, 25)
    ),
]


def written(
    delimiter: str, quotechar: str = '"', rows: list[list[str]] = ROWS, end: str = "\n", **options: object
) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, quotechar=quotechar, lineterminator=end, **options).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ":", " ", "~", "^"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters(delimiter: str, end: str) -> None:
    found = sniff(written(delimiter, end=end))
    assert (found.delimiter, found.header, found.skip_lines) == (delimiter, True, 0)
    assert 0.3 < found.confidence <= 1


def test_a_single_quote_as_the_quote() -> None:
    found = sniff(written(",", "'"))
    assert (found.delimiter, found.quotechar) == (",", "'")


def test_single_quotes_around_cells_that_hold_one() -> None:
    rows = [*ROWS[:-1], [*ROWS[-1][:4], "van 't Hof"]]
    found = sniff(written(",", "'", rows=rows))
    assert (found.delimiter, found.quotechar) == (",", "'")
    phrase = [*ROWS[:-1], [*ROWS[-1][:4], "'so to say'"]]
    assert sniff(written(",", rows=phrase)).quotechar == '"'


def test_a_blank_between_fields_some_of_them_empty() -> None:
    rows = [["id", "town", "note", "n"], *([str(n), "" if n % 3 else "York", "", f"{n}.5"] for n in range(30))]
    found = sniff(written(" ", rows=rows))
    assert (found.delimiter, found.skip_blanks) == (" ", False)


def test_a_stray_quote_is_damage_and_many_are_a_way_of_writing() -> None:
    lines = [f"{n},item {n},{n}.5\n" for n in range(40)]
    assert sniff("".join(["id,name,n\n", *lines, '41,"item,1.5\n']).encode()).quotechar == '"'
    assert (
        sniff("".join(["id,name,n\n", *(line.replace("item", '"item') for line in lines)]).encode()).quotechar is None
    )


def test_backslash_escapes() -> None:
    rows = [[*row[:4], f'a "b", {row[0]}'] for row in ROWS]
    found = sniff(written(",", rows=rows, escapechar="\\", doublequote=False))
    assert (found.delimiter, found.escapechar) == (",", "\\")
    assert sniff(written(",", rows=rows)).escapechar is None


def test_a_windows_path_is_no_escape() -> None:
    data = b"path,size\n" + b"".join(b'"C:\\data\\%d\\",%d\n' % (n, n) for n in range(20))
    found = sniff(data)
    assert (found.delimiter, found.escapechar) == (",", None)


def test_quotes_only_around_cells_that_hold_quotes() -> None:
    image, script = '<img src=x onerror="go()">', "<script>go()</script>"
    rows = [["id", image, script], *([str(i), image if i % 3 else "", script if i % 2 else "a b"] for i in range(40))]
    found = sniff(written(",", rows=rows))
    assert (found.delimiter, found.quotechar) == (",", '"')


def test_quotes_that_the_sample_cuts() -> None:
    data = b'id,"a ""b"" c",big\n1,x,"' + b"y" * 1_000_000 + b'"\n2,x,y\n'
    found = sniff(data[:SAMPLE_BYTES])
    assert (found.delimiter, found.quotechar) == (",", '"')


def test_quotes_that_are_part_of_the_cells() -> None:
    titles = ['"Weird Al" Yankovic', '"Big"', "Plain", '12" vinyl', 'Say "yes"']
    data = "".join(f"{n}\t{titles[n % 5]}\t19{n:02}\n" for n in range(60))
    assert sniff(f"id\ttitle\tyear\n{data}".encode()).quotechar is None


def test_line_ends_inside_quotes() -> None:
    rows = [[*row[:4], "first line\n\nsecond; line\nthird"] for row in ROWS]
    found = sniff(written(",", rows=rows))
    assert (found.delimiter, found.quotechar) == (",", '"')
    assert "100%" in found.evidence


def test_decimal_commas_are_no_delimiters() -> None:
    body = "".join(f"{n},5;{n},25;{n % 3},0\n" for n in range(20))
    assert sniff(f"a;b;c\n{body}".encode()).delimiter == ";"


def test_times_and_dates_of_one_column_stay_whole() -> None:
    for cell in ("2024-01-{:02} 12:30:00", "10:{:02}:00", "user{}@example.com", "Person {}"):
        lines = "\n".join(cell.format(n) for n in range(10, 40))
        found = sniff(f"value\n{lines}\n".encode())
        assert found.header, cell
        cells = {len(line.split(found.delimiter)) for line in lines.splitlines()}
        assert cells == {1}, cell


def test_delimiters_with_a_blank() -> None:
    data = written(",").replace(b",", b", ")
    found = sniff(data)
    assert (found.delimiter, found.skip_blanks) == (",", True)


def test_columns_aligned_by_blanks() -> None:
    body = "".join(f"{n:>6} {n * 37 % 1000:>9} {n / 8:>10.3f}\n" for n in range(1, 30))
    found = sniff(f"{'a':>6} {'b':>9} {'c':>10}\n{body}".encode())
    assert (found.delimiter.strip(" "), found.skip_blanks, found.header) == ("", True, True)


@pytest.mark.parametrize(
    ("before", "lines"),
    [
        (b"Sales report\n\nas of 2024, final\n", 3),
        (b"# made by hand\n# do not edit\n", 2),
        (b"Report,,,,\n,,,,\n", 2),
        (b',,"a title\nof two lines",,\n', 2),
        (b"", 0),
    ],
)
def test_lines_before_the_table(before: bytes, lines: int) -> None:
    found = sniff(before + written(","))
    assert (found.delimiter, found.skip_lines, found.header) == (",", lines, True)


def test_a_second_table_does_not_hide_the_first() -> None:
    second = [[*row, "more"] for row in ROWS]
    found = sniff(written(",") + written(",", rows=second))
    assert (found.delimiter, found.skip_lines) == (",", 0)


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (b"1,2\n3,4\n5,6\n", False),
        (b"a,b\n1,2\n3,4\n", True),
        (b"2024-01-01,x,1\n2024-01-02,y,2\n", False),
        (b"city,country\nRome,Italy\nOslo,Norway\n", True),
        (b"Rome,Italy\nOslo,Norway\nMilan,Italy\nRome,Italy\n", False),
        (b"country,2001,2002,2003\nItaly,5,6,7\nNorway,8,9,10\n", True),
        (b"a,b,c\n", True),
        (b"1,2,3\n", False),
        (b"id,score\n1,n/a\n2,\n3,7.5\n", True),
    ],
)
def test_headers(data: bytes, header: bool) -> None:
    assert sniff(data).header is header


def test_what_is_given_is_taken() -> None:
    data = b"a;b,c\n1;2,3\n"
    found = sniff(data, delimiter=",", header=False, encoding="latin-1", quotechar="", skip_lines=1)
    expected = (",", False, "iso8859-1", None, 1, 1.0)
    assert (
        found.delimiter,
        found.header,
        found.encoding,
        found.quotechar,
        found.skip_lines,
        found.confidence,
    ) == expected


def test_an_encoding_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="'klingon'"):
        sniff(b"a,b\n", encoding="klingon")


def test_nothing_to_go_by() -> None:
    for data in (b"", b"\n", b"\xef\xbb\xbf"):
        assert sniff(data).delimiter == Dialect().delimiter


def test_a_sample_cut_in_the_middle_of_a_record() -> None:
    data = written(",")
    for cut in range(len(data) - 60, len(data)):
        assert sniff(data[:cut]).delimiter == ","


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("name,city\nJosé,München\nÅsa,Örebro\n", "cp1252"),
        ("id,price\n1,5€\n", "cp1252"),
        ("имя,цвет\nЛюба,Жлобин\nЖюли,Ижица\n", "cp1251"),  # noqa: RUF001
        ("名前,都市\n山田太郎,東京都\n鈴木一郎,大阪府\n日本語のテキストです,これは\n", "cp932"),
        ("a,b\nÄ,€\n", "utf-8"),
        ("a,b\n1,2\n", "utf-16-le"),
        ("a,b\n1,2\n", "utf-16-be"),
    ],
)
def test_encodings(text: str, encoding: str) -> None:
    assert _encoding.detect(text.encode(encoding)) == encoding


def test_byte_order_marks() -> None:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
        assert _encoding.detect("\ufeffa,b\n".encode(encoding)) == encoding


def test_utf8_with_some_legacy_lines_is_utf8() -> None:
    assert _encoding.detect("é,1\n".encode() * 5 + b"caf\xe9,2\n") == "utf-8"


def test_a_character_cut_at_the_sample_s_end() -> None:
    assert _encoding.detect("a,b\nxé".encode()[:-1]) == "utf-8"


_WORDS = st.text(st.sampled_from("abcdefgh ABC"), min_size=1, max_size=8).filter(lambda text: text.strip() == text)


@settings(max_examples=draws(100), deadline=None)
@given(
    body=st.lists(st.tuples(st.integers(0, 10**6), _WORDS, st.dates(), _WORDS), min_size=8, max_size=30),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
)
def test_ordinary_tables_are_recognised(body: list[tuple[object, ...]], delimiter: str, quoting: int) -> None:
    rows = [["id", "word", "day", "other"], *([str(cell) for cell in row] for row in body)]
    found = sniff(written(delimiter, rows=rows, quoting=quoting))
    assert (found.delimiter, found.header, found.skip_lines) == (delimiter, True, 0)
