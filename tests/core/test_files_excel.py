"""Where the table of a sheet is, and what its cells become."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from automic_core.connectors.files.excel import ExcelSource
from automic_core.errors import SourceError
from automic_core.storage import AccessPolicy

Fill = Callable[[Any, Any], None]


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., str]:
    """Writes a workbook; each sheet is filled by a function of sheet and book."""

    def make(**sheets: Fill) -> str:
        path = tmp_path / "book.xlsx"
        workbook = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"})
        for name, fill in sheets.items():
            fill(workbook.add_worksheet(name), workbook)
        workbook.close()
        return str(path)

    return make


def rows(*lines: list[Any], at: int = 0) -> Fill:
    def fill(sheet: Any, _book: Any) -> None:
        for number, line in enumerate(lines, at):
            for column, value in enumerate(line):
                if value is not None:
                    sheet.write(number, column, value)

    return fill


def test_title_blank_rows_and_notes(book: Callable[..., str]) -> None:
    path = book(
        s=rows(
            ["Sales 2024"],
            [],
            ["sku", "name", "price", "since"],
            ["0012", "Pen", 1.5, date(2024, 1, 2)],
            [],
            ["0013", "Ink", 20, None],
            [],
            ["Source: the shop"],
        )
    )
    source = ExcelSource(path=path)
    frame = source.scan().collect()
    assert frame.columns == ["sku", "name", "price", "since", "_source_row", "_rescued"]
    assert frame.select("sku", "price", "since").rows()[:2] == [("0012", 1.5, date(2024, 1, 2)), ("0013", 20.0, None)]
    note = json.loads(frame["_rescued"][2])
    assert (note["line"], note["reason"], note["text"]) == (8, "a note below the table", "Source: the shop")
    assert any("Sales 2024" in text for text in source.notes())


def test_merged_header_cells(book: Callable[..., str]) -> None:
    def fill(sheet: Any, _book: Any) -> None:
        sheet.merge_range(0, 0, 1, 0, "id")
        sheet.merge_range(0, 1, 0, 2, "2023")
        sheet.merge_range(0, 3, 0, 4, "2024")
        sheet.write_row(1, 1, ["Q1", "Q2", "Q1", "Q2"])
        sheet.write_row(2, 0, [7, 1, 2, 3, 4])
        sheet.write_row(3, 0, [8, 1, 2, 3, 4])

    frame = ExcelSource(path=book(s=fill)).scan().collect()
    assert frame.columns[:5] == ["id", "2023_Q1", "2023_Q2", "2024_Q1", "2024_Q2"]
    assert frame.rows()[0][:5] == (7, 1, 2, 3, 4)


def test_a_merged_title_is_no_header(book: Callable[..., str]) -> None:
    def fill(sheet: Any, _book: Any) -> None:
        sheet.merge_range(0, 0, 0, 2, "Report")
        sheet.write_row(1, 0, ["a", "b", "c"])
        sheet.write_row(2, 0, [1, 2, 3])

    assert ExcelSource(path=book(s=fill)).scan().collect().columns[:3] == ["a", "b", "c"]


def test_cells_keep_their_type(book: Callable[..., str]) -> None:
    def fill(sheet: Any, workbook: Any) -> None:
        sheet.write_row(0, 0, ["n", "text", "at", "ok", "mixed"])
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for line, mixed in ((1, 5), (2, "x")):
            sheet.write(line, 0, line)
            sheet.write_string(line, 1, "10")
            sheet.write_datetime(line, 2, datetime(2024, 1, line, 6), moment)  # noqa: DTZ001 - timestamps without a zone exist
            sheet.write_boolean(line, 3, line == 1)
            sheet.write(line, 4, mixed)

    frame = ExcelSource(path=book(s=fill)).scan().collect()
    assert frame.dtypes[:5] == [pl.Int64, pl.String, pl.Datetime("us"), pl.Boolean, pl.String]
    assert frame["mixed"].to_list() == ["5", "x"]
    text = ExcelSource(path=book(s=fill), types="text").scan().collect()
    assert text.rows()[0][:5] == ("1", "10", "2024-01-01 06:00:00", "true", "5")


def test_formulas_and_error_cells(book: Callable[..., str]) -> None:
    def fill(sheet: Any, _book: Any) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_formula(1, 0, "=1+1", None, 2)
        sheet.write_formula(2, 0, "=1/0", None, "#DIV/0!")
        sheet.write_column(1, 1, [1, 2])

    frame = ExcelSource(path=book(s=fill)).scan().collect()
    assert frame["a"].to_list() == [2, None]
    assert json.loads(frame["_rescued"][1]) == {"values": {"a": "#DIV/0!"}}


def test_sheets(book: Callable[..., str]) -> None:
    def hidden(sheet: Any, _book: Any) -> None:
        sheet.write_row(0, 0, ["secret"])
        sheet.hide()

    path = book(empty=rows(), one=rows(["a"], [1]), other=rows(["a", "b"], [2, "x"]), no=hidden)
    assert ExcelSource(path=path).scan().collect()["a"].to_list() == [1]
    assert ExcelSource(path=path, sheet="other").scan().collect()["b"].to_list() == ["x"]
    every = ExcelSource(path=path, sheet="*").scan().collect()
    assert every.select("a", "b", "sheet", "_source_row").rows() == [(1, None, "one", 1), (2, "x", "other", 2)]
    with pytest.raises(SourceError, match=r"'nope'.*'one', 'other'"):
        ExcelSource(path=path, sheet="nope").scan()


def test_header_and_skip_rows_as_given(book: Callable[..., str]) -> None:
    path = book(s=rows(["x", "y"], ["a", "b"], ["c", "d"]))
    assert ExcelSource(path=path, header=False).scan().collect().rows()[0][:2] == ("x", "y")
    assert ExcelSource(path=path, skip_rows=1).scan().collect().columns[:2] == ["a", "b"]


def test_header_only_and_nothing(book: Callable[..., str]) -> None:
    assert ExcelSource(path=book(s=rows(["a", "b"]))).scan().collect().columns[:2] == ["a", "b"]
    source = ExcelSource(path=book(s=rows()))
    assert source.scan().collect().height == 0
    assert "no visible sheet" in source.notes()[0]


def test_a_workbook_that_unpacks_too_far(book: Callable[..., str]) -> None:
    source = ExcelSource(path=book(s=rows(["a"], [1]))).within(AccessPolicy(max_decompressed_bytes=1000))
    with pytest.raises(SourceError, match="max_decompressed_bytes"):
        source.scan()
