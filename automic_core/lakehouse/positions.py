"""What DuckDB says is wrong with a statement, in words and with the place in the text as the person typed it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from automic_core import frames
from automic_core.errors import AutomicError, TransformError

MOST_NAMED = 8


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a byte of the statement."""
    before = text.encode()[: max(0, offset)].decode(errors="ignore")
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def at(position: tuple[int, int] | None) -> str:
    """The place as part of a message; empty if nobody knows it."""
    return f" at line {position[0]}, column {position[1]}" if position else ""


def offset_of(answer: Any) -> int | None:
    """The byte offset in a JSON error of DuckDB."""
    found = str(answer.get("position", ""))
    return int(found) if found.isdigit() else None


def explained(exc: Exception, text: str, run_as: str, shift: int = 0, columns: Sequence[str] = ()) -> AutomicError:
    """DuckDB's message without its decoration, candidates turned into a suggestion, the place where it is known.

    Args:
        exc: What DuckDB raised; its text holds JSON if ``errors_as_json`` is set.
        text: The statement as typed.
        run_as: The statement as run, which may have been rewritten.
        shift: Bytes that stood before it.
        columns: Columns of the tables it names.
    """
    raw = str(exc)
    details = _details(raw)
    message = str(details["exception_message"]) if details else raw
    position = None
    if details and (offset := offset_of(details)) is not None:
        position = _typed(text, run_as, offset - shift, _length(details))
    lines = [line for line in message.split("\n") if line.strip()]
    words = " ".join(line for line in lines if not re.match(r"LINE \d+:|\s*\^|Candidate", line))
    words = re.split(r"\s*Candidate (?:bindings|functions|tables)?:?|Did you mean", words)[0].strip()
    words = re.sub(r"!$", ".", words)
    error = TransformError(f"The query fails{at(position)}: {words}", _suggestion(message, words, columns, text))
    error.position = position
    return error


def _details(raw: str) -> dict[str, Any] | None:
    try:
        found = json.loads(raw[raw.index("{") :])
    except ValueError:
        return None
    return found if isinstance(found, dict) and "exception_message" in found else None


def _length(details: dict[str, Any]) -> int:
    found = re.fullmatch(r"\[\d+,\s*(\d+)\]", str(details.get("location", "")))
    return int(found[1]) if found else 0


def _typed(text: str, run_as: str, offset: int, length: int) -> tuple[int, int] | None:
    if text == run_as:
        return place(text, offset)
    # A rewritten statement: the same words stand once in what was typed, or the place is not known.
    words = run_as.encode()[offset : offset + length].decode(errors="ignore")
    if not words or text.count(words) != 1:
        return None
    return place(text, len(text[: text.index(words)].encode()))


def _suggestion(message: str, words: str, columns: Sequence[str], text: str) -> str:
    """Names like the one that is not there; Automic's own columns only for one that looks like them."""
    named = re.findall(r'"([^"]+)"', message.partition("Candidate bindings")[2])
    wanted = re.search(r'[Cc]olumn "([^"]+)"', words)
    if wanted and (named or columns):
        if name := _unquoted(wanted[1], columns, text):
            return f'Write "{name}" in double quotes: its name is more than letters, digits and _.'
        own = wanted[1].startswith("_")
        known = [name for name in dict.fromkeys([*named, *columns]) if own or not frames.is_hidden(name)]
        close = get_close_matches(wanted[1], known, n=3, cutoff=0.4)
        if close:
            return f"Did you mean {' or '.join(close)}?"
        return f"There is {', '.join(known[:MOST_NAMED])}{' and more' if known[MOST_NAMED:] else ''}." if known else ""
    if found := re.search(r'Did you mean "([^"]+)"', message):
        return f"Did you mean {found[1]}?"
    return ""


def _unquoted(wanted: str, columns: Sequence[str], text: str) -> str:
    """The column that was meant by a name that stands in the statement without its quotes, and fell to pieces."""
    typed = text.lower()
    for name in columns:
        low = name.lower()
        parts = re.split(r"\W+", low)
        if len(parts) > 1 and wanted.lower() in parts and low in typed and f'"{low}"' not in typed:
            return name
    return ""
