"""Properties of the delimited-text reader: what was written is read back, and nothing is lost in silence."""

from __future__ import annotations

import csv
import io
import json
from unittest import mock

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from automic_core.connectors.files import _parse
from automic_core.connectors.files._delimited import DelimitedReader, read
from automic_core.connectors.files._dialect import Dialect, sniff
from tests.drawing import draws


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


_CELLS = st.text(st.sampled_from("ab1 ,;|'\"\n\r\\é\t-"), max_size=6)


@st.composite
def _tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 5))
    return draw(st.lists(st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=12))


@settings(max_examples=draws(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    table=_tables(),
    delimiter=st.sampled_from(",;|\t"),
    quotechar=st.sampled_from("\"'"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    escaped=st.booleans(),
    terminator=st.sampled_from(["\n", "\r\n"]),
    batch_bytes=st.sampled_from([1, 7, 64, 1 << 16]),
)
def test_what_a_writer_wrote_is_read_back(
    table: list[list[str]],
    delimiter: str,
    quotechar: str,
    quoting: int,
    escaped: bool,
    terminator: str,
    batch_bytes: int,
) -> None:
    # A record of one field is a blank line if it is empty or blank and not quoted: nothing a reader could know.
    assume(quoting == csv.QUOTE_ALL or all(any(cell.strip(" \t") for cell in row) for row in table))
    # The csv module leaves a CR bare when lines end in LF.
    assume(quoting == csv.QUOTE_ALL or not any("\r" in cell for row in table for cell in row))
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=delimiter,
        quotechar=quotechar,
        quoting=quoting,
        doublequote=not escaped,
        escapechar="\\" if escaped else None,
        lineterminator=terminator,
    )
    writer.writerow([f"c{n}" for n in range(len(table[0]))])
    writer.writerows(table)
    source = reader(
        text.getvalue().encode(),
        batch_bytes=batch_bytes,
        delimiter=delimiter,
        quotechar=quotechar,
        escapechar="\\" if escaped else None,
        doublequote=not escaped,
    )
    assert good(source) == table


_BYTES = st.lists(
    st.sampled_from(
        [b"a", b"1", b",", b'"', b"\n", b"\r\n", b"\r", b" ", b"\0", b"\xe9", b"\xc3\xa9", b"\\", b";", b"'"]
    ),
    max_size=60,
).map(b"".join)


@settings(max_examples=draws(400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=_BYTES, width=st.integers(1, 3), escape=st.sampled_from([None, "\\"]))
@example(data=b'\\,"\n"', width=2, escape="\\")
@example(data=b'\\,"\na,"', width=2, escape="\\")
def test_no_text_is_lost_whatever_the_file_holds(data: bytes, width: int, escape: str | None) -> None:
    data = b",".join([b"h"] * width) + b"\n" + data
    dialect = Dialect(escapechar=escape)
    small, large = (rows(read(lambda: io.BytesIO(data), "in.csv", dialect, batch_bytes=size)) for size in (3, 1 << 16))
    with mock.patch.multiple(_parse, _WINDOW=8, _RUN=1):
        assert rows(read(lambda: io.BytesIO(data), "in.csv", dialect)) == large
    assert small == large
    kept = "".join(str(rescued(row)["text"]) if row[-1] else "".join(cell or "" for cell in row[:-1]) for row in large)
    for mark in "a1;'é":
        expected = data.decode("utf-8", "replace").count(mark) + (data.count(b"\xe9") if mark == "é" else 0)
        assert kept.count(mark) == expected


@settings(max_examples=draws(200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.one_of(_BYTES, st.binary(max_size=200)))
def test_sniffing_and_reading_any_bytes_raises_nothing(data: bytes) -> None:
    source = read(lambda: io.BytesIO(data), "in.csv", sniff(data))
    assert all(len(row) == len(source.columns) + 1 for row in rows(source))
