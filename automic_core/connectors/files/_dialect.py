"""Finds a file's dialect from its first bytes.

Every plausible dialect reads the sample; the one under which the records agree best in their number of fields, and the
cells look most like values, is taken. The idea of multiplying a pattern score by a type score is that of van den Burg,
Nazabal and Sutton, "Wrangling messy CSV files by detecting row and type patterns" (2019); the scores here are our own.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

from automic_core.connectors.files import _encoding
from automic_core.connectors.files._candidates import candidates
from automic_core.connectors.files._grammar import UNCLOSED, Dialect
from automic_core.connectors.files._header import has_header, header_size, table_start
from automic_core.connectors.files._trials import Trial, tried, usual_width

__all__ = ["SAMPLE_BYTES", "Dialect", "sniff", "usual_width"]

SAMPLE_BYTES = 1 << 18
# A few quotes that are never closed are damage to report; many are a way of writing.
_DAMAGED = 0.05


def sniff(
    sample: bytes,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    quotechar: str | None = None,
    escapechar: str | None = None,
    header: bool | None = None,
    skip_lines: int | None = None,
) -> Dialect:
    """The dialect of a file, from its first bytes; what is given is taken as it is.

    Args:
        sample: The first bytes of the decompressed file, 64 KB or more where there are as many. A last line without an
            end is left out if there are others.
        quotechar: "" = nothing is quoted.
        escapechar: "" = nothing is escaped.

    Raises:
        ConfigError: There is no such encoding.
    """
    encoding = _encoding.canonical(encoding, sample) if encoding else _encoding.detect(sample)
    data = b"".join(_encoding.transcode(BytesIO(sample), encoding, SAMPLE_BYTES))
    data = _whole_lines(_encoding.strip_mark(data))
    if skip_lines:
        data = b"".join(data.splitlines(keepends=True)[skip_lines:])
    given = Dialect(encoding=encoding, header=header is not False)
    trials = [
        trial for dialect in candidates(data, given, delimiter, quotechar, escapechar) for trial in tried(dialect, data)
    ]
    best = _parted(_reporting(max(trials, key=lambda trial: trial.score), trials), trials)
    rival = max((t.score for t in trials if t.dialect.delimiter != best.dialect.delimiter), default=0.0)
    start, headed, size = 0, True, 1
    if skip_lines is None:
        start = table_start(best.rows, best.width)
    if header is None:
        headed = has_header(best.rows[start:], best.width)
        size = header_size(best.rows[start:], best.width) if headed else 1
    before = data[: best.rows[start].start] if start < len(best.rows) else b""
    settled = delimiter is not None and header is not None
    return replace(
        best.dialect,
        header=headed if header is None else header,
        header_records=size,
        skip_lines=skip_lines if skip_lines is not None else len(before.splitlines()),
        confidence=1.0
        if settled
        else round(best.share * best.plain * (1 - 0.5 * rival / max(best.score, rival, 1e-9)), 3),
        evidence=f"{best.share:.0%} of {len(best.rows)} records have {best.width} fields; "
        f"cells are {best.plain:.0%} plain",
    )


def _reporting(best: Trial, trials: list[Trial]) -> Trial:
    """The same dialect with quotes, if without them just a few that are never closed would pass as text."""
    twins = (trial for trial in trials if trial.dialect == replace(best.dialect, quotechar='"'))
    for twin in twins if best.dialect.quotechar is None else ():
        problems = [row.problem for row in twin.rows if row.problem]
        if twin.width == best.width and set(problems) == {UNCLOSED} and len(problems) <= _DAMAGED * len(twin.rows):
            return twin
    return best


def _parted(best: Trial, trials: list[Trial]) -> Trial:
    """Instead of fixed places blanks as the delimiter, if they part the same fields: later values may be longer."""
    twins = [trial for trial in trials if trial.dialect.skip_blanks and not trial.dialect.loose]
    same = [each for each in twins if not each.dialect.delimiter.strip(" ") and each.width == best.width]
    better = (each for each in same if each.share >= best.share)
    return next(better, best) if best.dialect.extents else best


def _whole_lines(data: bytes) -> bytes:
    """At most ``SAMPLE_BYTES``, without a last line that may be cut, if enough is left."""
    end = max(data.rfind(b"\n", 0, SAMPLE_BYTES), data.rfind(b"\r", 0, SAMPLE_BYTES)) + 1
    return data[:end] if data[:end].strip() and (len(data) > SAMPLE_BYTES or data.count(b"\n", 0, end) > 10) else data
