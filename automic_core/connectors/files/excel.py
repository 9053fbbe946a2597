"""Spreadsheets: xlsx, xls, ods."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Annotated, Any, BinaryIO, ClassVar

import pyarrow as pa
from pydantic import Field as Option

from automic_core import frames, storage
from automic_core.connectors.files import _cellerrors, _ordinals, _sheet, _types
from automic_core.connectors.files._text import Reader, TextSource
from automic_core.contracts import configured
from automic_core.errors import AutomicError, MissingDriverError, SourceError
from automic_core.records import FieldType
from automic_core.storage import Location

_BATCH_ROWS = 10_000
_SHEET_COLUMN = "sheet"
_ALLOWED: list[tuple[set[type], frozenset[FieldType]]] = [
    ({float, int}, _types.NUMBERS),
    ({bool}, frozenset({FieldType.BOOLEAN})),
    ({date}, frozenset({FieldType.DATE})),
    ({date, datetime}, frozenset({FieldType.DATETIME})),
    ({time}, frozenset({FieldType.TIME})),
]


@configured
class ExcelSource(TextSource):
    """Reads a sheet of a workbook. Titles above the table, blank rows and empty columns are left out; the names of
    merged header cells are joined. Formulas give the value they last had. Error cells and notes below the table go to
    ``_rescued``.
    """

    kind: ClassVar[str] = "excel"

    sheet: Annotated[
        str | None,
        Option(description='Name; "*" = all visible ones, with a column "sheet"; default: the first with data.'),
    ] = None
    header: Annotated[bool | None, Option(description="Whether the table begins with names; default: found out.")] = (
        None
    )
    skip_rows: Annotated[int | None, Option(ge=0, description="Rows before the table; default: found out.")] = None

    def open_file(self, location: Location) -> Reader:
        """Read the workbook and find the table in each sheet."""
        with _workbook(location) as (book, file):
            return _Workbook(book, file, str(location), self)

    def sheets(self) -> list[str]:
        """Names of the visible sheets.

        Raises:
            SourceError: It is no workbook that can be read.
        """
        with _workbook(self.locations[0]) as (book, _):
            return [name for _, name, visible in _worksheets(book) if visible]


@contextmanager
def _workbook(location: Location) -> Iterator[tuple[Any, BinaryIO]]:
    """The workbook and its bytes; whatever goes wrong with them is said as a SourceError."""
    try:
        import python_calamine
    except ModuleNotFoundError as exc:
        raise MissingDriverError("python_calamine", "excel") from exc
    try:
        with closing(storage.open_binary(location)) as stored:
            file = BytesIO(stored.read())
        _check_size(file, location)
        file.seek(0)
        yield python_calamine.CalamineWorkbook.from_filelike(file), file
    except AutomicError:
        raise
    except BaseException as exc:
        # A panic of the reader is no Exception, but it is no reason to stop the program either.
        if isinstance(exc, Exception) or type(exc).__name__ == "PanicException":
            detail = " ".join(str(exc).split()) or type(exc).__name__
            hint = "Remove its password." if "password" in detail.lower() else "Is it an xlsx, xls or ods file?"
            raise SourceError(f"{location} is not a workbook that can be read: {detail[:300]}", hint) from exc
        raise


def _worksheets(book: Any) -> list[tuple[int, str, bool]]:
    """Number and name of each sheet with cells, and whether it is visible."""
    return [
        (number, sheet.name, str(sheet.visible).endswith(".Visible"))
        for number, sheet in enumerate(book.sheets_metadata)
        if str(sheet.typ).endswith(".WorkSheet")
    ]


def _check_size(file: BinaryIO, location: Location) -> None:
    """Refuse a workbook that unpacks beyond the policy's limits, before it is unpacked."""
    if not zipfile.is_zipfile(file):
        return
    size = sum(member.file_size for member in zipfile.ZipFile(file).infolist())
    stored, policy = file.seek(0, 2), location.policy
    if size > policy.max_decompressed_bytes or (size > 100_000_000 and size > policy.max_ratio * stored):
        raise SourceError(
            f"{location} unpacks to {size:,} bytes, more than the limits allow.",
            "Raise security.max_decompressed_bytes or security.max_ratio if the file is what it should be.",
        )


class _Workbook:
    """The tables of the chosen sheets as text."""

    def __init__(self, book: Any, file: BinaryIO, path: str, options: ExcelSource) -> None:
        self.notes: list[str] = []
        self._path = path
        self._tables: list[tuple[str, list[list[Any]], _sheet.Table, list[str], dict[tuple[int, int], str]]] = []
        self._kinds: dict[str, set[type]] = {}
        for number, name, rows in self._chosen(book, options):
            merged = book.get_sheet_by_index(number).merged_cell_ranges or []
            table = _sheet.find(rows, merged, options.header, options.skip_rows)
            names, renamed = _types.column_names(table.names)
            self.notes += [f"Sheet {name!r} is read.", *self._left_out(rows, table), *renamed]
            self._tables.append((name, rows, table, names, _cellerrors.of_sheet(file, number)))
        self._with_sheet = options.sheet == "*"
        self.facts = {
            "sheet": [name for name, *_ in self._tables],
            "header": any(table.header for _, _, table, *_ in self._tables),
            "skip_rows": sum(len(table.above) for _, _, table, *_ in self._tables),
        }
        found = dict.fromkeys(name for *_, names, _ in self._tables for name in names)
        self.columns = [*found, *([_SHEET_COLUMN] if self._with_sheet else [])]

    def allowed(self) -> Mapping[str, Collection[FieldType]]:
        """Cells that are numbers, booleans or dates keep their type; texts stay texts; a mixture is text."""
        return {
            name: next((types for kinds, types in _ALLOWED if self._kinds.get(name, {str}) <= kinds), frozenset())
            for name in self.columns
        }

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of all chosen sheets, one after the other."""
        schema = pa.schema([(name, pa.string()) for name in [*columns, frames.RESCUED]])
        for sheet, rows, table, names, errors in self._tables:
            place = dict(zip(names, table.places, strict=True))
            lines = [*table.body, *table.below]
            notes = set(table.below)
            for start in range(0, len(lines), _BATCH_ROWS):
                some = lines[start : start + _BATCH_ROWS]
                arrays = []
                for name in columns:
                    if name == _SHEET_COLUMN and self._with_sheet:
                        arrays.append(pa.array([sheet] * len(some), pa.string()))
                        continue
                    cells = [rows[line][place[name]] if name in place and line not in notes else "" for line in some]
                    self._kinds.setdefault(name, set()).update(type(cell) for cell in cells if cell != "")
                    arrays.append(pa.array([_text(cell) for cell in cells], pa.string()))
                rescued: list[str | None] = [
                    self._note(sheet, line, rows[line]) if line in notes else None for line in some
                ]
                for name, column in place.items() if errors else ():
                    for number, line in enumerate(some):
                        if line not in notes and (line, column) in errors:
                            rescued[number] = _types.rescued(rescued[number], {name: errors[line, column]})
                yield pa.RecordBatch.from_arrays([*arrays, pa.array(rescued, pa.string())], schema=schema)

    def locate(self, record: int) -> int:
        """The row of its sheet in which a record stands."""
        lines = (line + 1 for _, _, table, *_ in self._tables for line in (*table.body, *table.below))
        return _ordinals.pick(lines, record, self._path)

    def _chosen(self, book: Any, options: ExcelSource) -> list[tuple[int, str, list[list[Any]]]]:
        """Number, name and cells of the sheets to read."""
        sheets = _worksheets(book)
        if options.sheet not in (None, "*"):
            asked = [(n, name) for n, name, _ in sheets if name == options.sheet]
            if not asked:
                known = ", ".join(repr(name) for _, name, _ in sheets)
                raise SourceError(f"{self._path} has no sheet {options.sheet!r}.", f"Its sheets: {known}.")
            return [(n, name, book.get_sheet_by_index(n).to_python(skip_empty_area=False)) for n, name in asked]
        found = []
        for number, name, visible in sheets:
            if visible and (rows := book.get_sheet_by_index(number).to_python(skip_empty_area=False)):
                found.append((number, name, rows))
                if options.sheet is None:
                    break
        if not found:
            self.notes.append(f"{self._path} has no visible sheet with data.")
        elif options.sheet is None and len(sheets) > 1:
            others = ", ".join(repr(name) for _, name, _ in sheets if name != found[0][1])
            self.notes.append(f"Other sheets: {others}.")
        return found

    def _left_out(self, rows: Sequence[Sequence[Any]], table: _sheet.Table) -> list[str]:
        if not table.above:
            return []
        texts = [" ".join(_text(cell) or "" for cell in rows[line] if cell != "") for line in table.above]
        shown = json.dumps(" / ".join(texts)[:200], ensure_ascii=False)
        return [f"Rows above the table were left out ({len(texts)}): {shown}"]

    def _note(self, sheet: str, line: int, row: Sequence[Any]) -> str:
        text = "\t".join(_text(cell) or "" for cell in row).strip("\t")
        place = {"line": line + 1, "sheet": sheet, "reason": "a note below the table", "text": text}
        return json.dumps(place, ensure_ascii=False)


def _text(cell: Any) -> str | None:
    """A cell as text: whole numbers without a point, dates and times in ISO 8601, durations as h:mm:ss."""
    match cell:
        case "":
            return None
        case str():
            return cell.encode("utf-8", "replace").decode()
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
        case datetime():
            return cell.isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            seconds = cell.total_seconds()
            whole = int(abs(seconds))
            return f"{'-' if seconds < 0 else ''}{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
        case _:
            return str(cell)
