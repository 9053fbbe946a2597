"""Tables as people and other programs write them: drawn, padded, with marks in values, notes and further tables."""

from __future__ import annotations

import io
import json

import pytest

from automic_core.connectors.files._delimited import DelimitedReader, read
from automic_core.connectors.files._dialect import sniff

HEADER = ["id", "day", "town", "amount"]
TOWNS = ["York", "New York", "Bath", "St Ives on Sea", "Rye"]
ROWS = [[str(n), f"2024-01-{n:02}", TOWNS[n % 5], f"{n * 7 % 50}.5"] for n in range(1, 25)]
WIDTHS = [max(map(len, column)) for column in zip(HEADER, *ROWS, strict=True)]


def opened(text: str, encoding: str = "utf-8") -> DelimitedReader:
    raw = text.encode(encoding)
    return read(lambda: io.BytesIO(raw), "in.csv", sniff(raw), batch_bytes=200)


def parted(source: DelimitedReader) -> tuple[list[list[str]], list[tuple[int, str]]]:
    """The records without a problem; line and reason of those with one."""
    rows = [list(row) for b in source.batches() for row in zip(*(c.to_pylist() for c in b.columns), strict=True)]
    kept = [json.loads(row[-1]) for row in rows if row[-1]]
    return [row[:-1] for row in rows if not row[-1]], [(place["line"], place["reason"]) for place in kept]


def padded(mark: str) -> list[str]:
    return [mark.join(map(str.ljust, row, WIDTHS)).rstrip() for row in [HEADER, *ROWS]]


def drawn(edge: str, cross: str) -> list[str]:
    rule = edge + cross.join("-" * (width + 2) for width in WIDTHS) + edge
    first, *rest = (f"{edge} {' | '.join(map(str.ljust, row, WIDTHS))} {edge}".strip() for row in [HEADER, *ROWS])
    return [first, rule, *rest]


@pytest.mark.parametrize(
    "lines",
    [
        padded("  "),
        padded(" "),
        [padded("  ")[0], "  ".join("-" * width for width in WIDTHS), *padded("  ")[1:]],
        padded(" | "),
        drawn("", "+"),
        drawn("|", "|"),
        [drawn("|", "+")[1], *drawn("|", "+"), drawn("|", "+")[1]],
        ["\t\t".join(row) for row in [HEADER, *ROWS]],
        ["||".join(row) for row in [HEADER, *ROWS]],
        ["sep=;", *(";".join(row) for row in [HEADER, *ROWS])],
    ],
)
def test_padded_drawn_and_doubled(lines: list[str]) -> None:
    source = opened("\n".join(lines) + "\n")
    rows, problems = parted(source)
    assert (source.columns, problems) == (HEADER, [])
    assert [[cell.strip() for cell in row] for row in rows] == ROWS


def test_text_across_the_gap_of_two_columns_is_rescued() -> None:
    rows, problems = parted(opened("\n".join([*padded(" "), "(24 rows, all of them shown)"])))
    assert rows == ROWS
    assert [line for line, _ in problems] == [26]


def test_the_footer_of_a_database_shell_is_rescued() -> None:
    rows, problems = parted(opened("\n".join([*drawn("", "+"), "(24 rows)", ""])))
    assert rows == ROWS
    assert [line for line, _ in problems] == [27]


@pytest.mark.parametrize("mark", [" ", ","])
@pytest.mark.parametrize("place", [2, 3])
def test_a_column_that_holds_the_delimiter_unquoted(mark: str, place: int) -> None:
    order = [0, 1, 3, 2] if place == 3 else [0, 1, 2, 3]
    table = [[row[at].replace(" ", mark) for at in order] for row in [HEADER, *ROWS]]
    source = opened("\n".join(map(mark.join, table)))
    assert (source.columns, parted(source)) == (table[0], (table[1:], []))
    assert "'town'" in " ".join(source.notes)


def test_prose_is_no_table() -> None:
    lines = [
        "Came late, and one of the boxes was open",
        "Good",
        "As ordered; thank you, I shall buy here again",
        "The colour is not that of the picture",
        "Too small for me, too big for my son, so we sent it back",
        "Would like to have it in green",
        "No answer to three letters: is anybody there?",
        "Works",
    ]
    source = opened("\n".join(["remark", *lines]))
    assert (source.columns, parted(source)) == (["remark"], ([[line] for line in lines], []))


@pytest.mark.parametrize(
    "line", ["# checked, up to here", "// by hand", "Source: the office of towns, 2024 edition", "Notes: a, b"]
)
def test_lines_of_text_that_hold_the_delimiter(line: str) -> None:
    lines = [",".join(row) for row in [HEADER, *ROWS]]
    rows, problems = parted(opened("\n".join([*lines[:10], line, *lines[10:]])))
    assert rows == ROWS
    assert [at for at, _ in problems] == [11]
    assert "a line of text" in problems[0][1]


def test_names_of_a_table_of_words_that_come_again() -> None:
    words = [[f"name {n}", TOWNS[n % 5], "lead" if n % 2 else "guest"] for n in range(30)]
    lines = [",".join(row) for row in [["who", "where", "2024"], *words[:15], ["who", "where", "2024"], *words[15:]]]
    source = opened("\n".join(lines))
    assert (source.columns, parted(source)) == (["who", "where", "2024"], (words, [(17, "the header again")]))
