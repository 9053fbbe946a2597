"""What a delimited file holds beside the records of its table is rescued, and spoils none of them."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automic_core.connectors.files._arrow import ArrowParser
from automic_core.connectors.files._delimited import DelimitedReader, read
from automic_core.connectors.files._dialect import sniff
from automic_core.connectors.files._evidence import interrupted
from automic_core.connectors.files._grammar import Dialect, Grammar
from automic_core.connectors.files._structure import Structure
from automic_core.connectors.files._suspects import Suspects
from tests.drawing import draws

HEADER = ["id", "day", "town", "amount"]
ROWS = [[str(n), f"2024-01-{n:02}", f"Town {n % 4}", f"{n * 7 % 50}.5"] for n in range(1, 25)]


def text(rows: list[list[str]], mark: str = ",", end: str = "\n") -> str:
    return "".join(mark.join(row) + end for row in rows)


TABLE = text([HEADER, *ROWS])


def opened(data: str, batch_bytes: int = 1 << 20) -> DelimitedReader:
    raw = data.encode()
    return read(lambda: io.BytesIO(raw), "in.csv", sniff(raw), batch_bytes=batch_bytes)


def parted(source: DelimitedReader) -> tuple[list[list[str]], list[tuple[int, str, str]]]:
    """The records with a value, and line, reason and text of what was rescued; those have no values."""
    rows = [row for batch in source.batches() for row in zip(*(c.to_pylist() for c in batch.columns), strict=True)]
    kept = [json.loads(row[-1]) for row in rows if row[-1]]
    assert all(not any(row[:-1]) for row in rows if row[-1])
    return [list(row[:-1]) for row in rows if not row[-1]], [(k["line"], k["reason"], k["text"]) for k in kept]


@pytest.mark.parametrize("batch_bytes", [16, 100, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("after", "lines", "reason"),
    [
        ("\nSource: the office of towns\n* rounded, see above\n", [27, 28], "between or after"),
        ("Source: the office of towns\n", [26], "a line of text"),
        ("Source: the office of towns,,,\n", [26], "between or after"),
        (",,,\nSource: the office,,,\n* rounded,,,\n", [27, 28], "between or after"),
        (
            "\nSecond\nmonth,total,share\nMay,1,0.5\nJune,2,0.25\nJuly,3,0.1\n",
            [27, 28, 29, 30, 31],
            "outside the table",
        ),
        ("id,day,town\n1,2024-02-01,x\n2,2024-02-02,y\n", [26, 27, 28], "another table"),
        ("id,day,town,amount,more\n1,2024-02-01,x,1,2\n2,2024-02-02,y,1,2\n", [26, 27, 28], "another table"),
        ("month,total\nMay,1\nJune,2\nJuly,3\n", [26, 27, 28, 29], "another table"),
        (",,,\nmonth,total,share,\nMay,one,0.5,\nJune,two,0.25,\nJuly,three,0.1,\n", [27, 28, 29, 30], "another table"),
    ],
)
def test_what_follows_the_table_is_rescued(
    after: str, lines: list[int], reason: str, end: str, batch_bytes: int
) -> None:
    rows, rescued = parted(opened((TABLE + after).replace("\n", end), batch_bytes))
    rows = [row for row in rows if any(row)]
    assert rows == ROWS
    found = [place for place in rescued if place[2] != ",,,"]
    assert [line for line, _, _ in found] == lines
    assert reason in found[-1][1]


def test_a_repeated_header_is_no_row_and_its_rows_are() -> None:
    rows, rescued = parted(opened(TABLE + "\nPart two\n" + text([HEADER, *ROWS[:3]])))
    assert rows == [*ROWS, *ROWS[:3]]
    assert [(line, kept) for line, _, kept in rescued] == [(27, "Part two"), (28, "id,day,town,amount")]


def test_another_table_ends_where_the_first_header_comes_again() -> None:
    data = TABLE + "\nmonth,total\nMay,1\nJune,2\n\n" + text([HEADER, *ROWS[:3]])
    rows, rescued = parted(opened(data))
    assert rows == [*ROWS, *ROWS[:3]]
    assert len(rescued) == 4


@pytest.mark.parametrize("batch_bytes", [16, 100, 1 << 20])
def test_some_ragged_records_are_no_table(batch_bytes: int) -> None:
    ragged = ["North,of,it", "3,2024-01-03,x", "4,2024-01-04,x", *(",".join(row) for row in ROWS[5:])]
    source = opened(TABLE + "\n".join(ragged), batch_bytes)
    assert [row["id"] for batch in source.batches() for row in batch.to_pylist()][-3:] == ["22", "23", "24"]


@pytest.mark.parametrize(
    "within",
    [
        "North,,,\n",  # a group's heading, or a sparse record
        "\n\n",
        ",,,\n",
        '9,2024-01-01,"one\n\ntwo\n,,,\nid,day,town",1.5\n',
    ],
)
def test_gaps_and_sparse_records_are_no_end_of_the_table(within: str) -> None:
    data = text([HEADER, *ROWS[:12]]) + within + text(ROWS[12:])
    rows, rescued = parted(opened(data))
    assert not rescued
    assert [row for row in rows if row in ROWS] == ROWS


def test_the_last_record_cut_short_is_a_record() -> None:
    rows = [
        list(r) for b in opened(TABLE + "25").batches() for r in zip(*(c.to_pylist() for c in b.columns), strict=True)
    ]
    assert rows[-1][0] == "25"
    assert "1 fields, expected 4" in rows[-1][-1]


def test_files_of_sparse_records_and_blank_lines_stay_whole() -> None:
    body = [[str(n), "", "", ""] if n % 3 else [str(n), "2024-01-01", "x", "1.5"] for n in range(500)]
    assert parted(opened(text([HEADER, *body], end="\n\n"))) == (body, [])


@pytest.mark.parametrize(
    ("above", "names"),
    [
        ("", HEADER),
        ("Report of towns,,,\nOffice:,of towns,,\n,,,\n", HEADER),
        ("# made today, by hand\n# second line\n", HEADER),
        ("Sales,,Places,\n", ["Sales id", "Sales day", "Places town", "Places amount"]),
    ],
)
def test_what_stands_above_the_names(above: str, names: list[str]) -> None:
    source = opened(above + TABLE)
    assert (source.columns, parted(source)) == (names, (ROWS, []))


def test_units_below_the_names_are_joined_to_them() -> None:
    source = opened(text([HEADER, ["(no)", "(date)", "", "(EUR)"], *ROWS]))
    assert source.columns == ["id (no)", "day (date)", "town", "amount (EUR)"]
    assert parted(source) == (ROWS, [])
    assert "2 lines" in " ".join(source.notes)


_LINES = st.lists(
    st.sampled_from(
        ["1,2,3", "a,b,c", "a,b", "x,,", ",,", "", '"a",b,1', '"p\n\nq",2,3', '1,"a,b,c",""', "1", "é,b,c"]
    ),
    max_size=12,
)


@settings(max_examples=draws(150), deadline=None)
@given(lines=_LINES, end=st.sampled_from(["\n", "\r\n", "\r"]), openings=st.booleans())
def test_whatever_the_bytes_show_arrow_s_result_shows_too(lines: list[str], end: str, openings: bool) -> None:
    data = end.join([*lines, "7,8,9"]).replace("\n", end).encode()
    grammar = Grammar(Dialect())
    quotes = Structure(grammar, data).quotes
    places = Suspects(grammar, ["a", "b", "c"], 3).in_bytes(data, 0, len(data), quotes, openings_only=openings)
    parsed = ArrowParser(grammar, 3, [0, 1, 2]).parse(data)
    assert interrupted(parsed, ["a", "b", "c"], openings_only=openings) or not places


_CELL = st.text(st.sampled_from("abcde fgh"), min_size=1, max_size=8).map(str.strip).filter(str.isalpha)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    words=st.lists(_CELL, min_size=12, max_size=30),
    mark=st.sampled_from([",", ";", "\t", "|"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    above=st.sampled_from(["", "Report of the year\n", "Title of it\nsecond line of it\n\n"]),
    below=st.sampled_from(["", "\nSource: the office of towns\n", "\nmonth{0}total\nMay{0}1\nJune{0}2\n"]),
    batch_bytes=st.sampled_from([7, 64, 1 << 16]),
)
def test_a_table_is_read_back_from_what_surrounds_it(
    words: list[str], mark: str, end: str, above: str, below: str, batch_bytes: int
) -> None:
    rows = [[str(n), f"2024-03-{n % 28 + 1:02}", word, f"{n * 3 % 40}.25"] for n, word in enumerate(words)]
    data = (above + text([HEADER, *rows], mark) + below.format(mark)).replace("\n", end)
    source = opened(data, batch_bytes)
    found, rescued = parted(source)
    assert (source.columns, found) == (HEADER, rows)
    assert len(rescued) == below.strip().count("\n") + bool(below)
