"""How a delimited file is written: the marks it uses and where its table starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """The way one delimited file is written.

    Attributes:
        delimiter: What stands between two fields; may be longer than one character.
        quotechar: What surrounds a field that holds a delimiter or a line end; None = nothing does.
        escapechar: What takes the meaning from the next character; None = nothing does.
        doublequote: Whether a quote inside a quoted field is written twice.
        repeated: Whether the delimiter's last character may follow any number of times (columns aligned by blanks).
        header: Whether the first record holds the column names.
        skip_lines: Physical lines before the table: titles, comments, blank lines.
        confidence: How sure the choice is, 0 to 1; 1 = all of it was given.
        evidence: What the choice rests on, for a person.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quotechar: str | None = '"'
    escapechar: str | None = None
    doublequote: bool = True
    repeated: bool = False
    header: bool = True
    skip_lines: int = 0
    confidence: float = 1.0
    evidence: str = ""
