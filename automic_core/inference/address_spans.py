"""Postal addresses inside a text: a number and a street, a flat, a postcode and a town."""

from __future__ import annotations

import re
from collections.abc import Iterator

from automic_core.inference.person_words import STREET_WORDS

_WORDS = "|".join(sorted(map(re.escape, STREET_WORDS), key=len, reverse=True))
_PART = r"[^\W\d_][\w'\u2019.-]*"
_NAME = rf"(?:{_PART}[ \t]+)"
_HOUSE = r"\d{1,5}[A-Za-z]?(?:[-/]\d{1,4})?"
_STREETS = (
    # 107 Rue Abdelaziz, 74 106 Kate Edger Place
    re.compile(rf"(?<![\w.,])(?:{_HOUSE}[ \t,]+){{1,2}}{_NAME}{{0,4}}(?:{_WORDS})\b\.?(?:[ \t]+{_PART}){{0,3}}", re.I),
    # Hauptstrasse 12, Korte Noordsstraat 307
    re.compile(
        r"(?:\b\d{1,3}[ \t]+)?(?:\b[A-Z\u00c0-\u017d][\w'.-]*[ \t]+){0,3}\b[\w-]*"
        r"(?:stra(?:ss|\u00df)e|str\.|straat|weg|gasse|gatan|v\u00e4gen|vej|veien|gade|laan|plein|platz|utja|"
        r"\u00fatja|utca|katu|ulica)\b"
        rf"[ \t]+{_HOUSE}\b\.?",
        re.I,
    ),
    re.compile(
        r"\b(?:via|viale|piazza|corso|calle|avenida|avda\.?|rua|rue|ulica|ul\.|ulitsa)\b"
        rf"[ \t]+{_NAME}{{0,4}}[\w'.-]+,?[ \t]+{_HOUSE}\b",
        re.I,
    ),
)  # fmt: skip
_FLAT = re.compile(
    r"\b(?:apt|apartment|flat|suite|unit|room|floor|p\.?o\.? box)\b\.?[ \t#]*(?:no\.?[ \t]*)?\d+\w?", re.I
)
_LIVES = re.compile(
    r"\b(?:lives?|living|resid\w+|located|address(?:es)?|moved|delivered|ship(?:ped)?|sent?|is)\b"
    r"[ \t:]*(?:it )?(?:at|to|in|is)[ \t:]+"
    rf"(?P<place>(?:{_HOUSE}[ \t,]+){{1,2}}[A-Z\u00c0-\u017d][^\n.;!?]*?)(?=[.;!?\n]|$)",
    re.I,
)
_TOWN = re.compile(r"^[ \t\W]*(?P<place>[A-Z\u00c0-\u017da-z][\w .'-]{2,30}?,?[ \t]+\d{4,5}(?:-\d{4})?)[ \t]*$", re.M)
_STREET_LINE = re.compile(rf"^[ \t\W]*(?P<place>(?:{_HOUSE}[ \t,]+){{1,2}}[A-Z\u00c0-\u017d\w][^\n]*)$", re.M)
_BLOCK = 3


def addresses(text: str) -> Iterator[tuple[int, int, str, float]]:
    """Start, end, why and how sure, of what is a postal address or a part of one; may overlap."""
    flats = [match.span() for match in _FLAT.finditer(text)]
    for pattern in _STREETS:
        for match in pattern.finditer(text):
            yield *match.span(), "has a number and a word for a street", 0.8
    for match in _LIVES.finditer(text):
        yield *match.span("place"), "is said to be where somebody lives or something is", 0.75
    for start, end in flats:
        yield start, end, "names a flat or a floor", 0.8
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) >= _BLOCK and (flats or any(_TOWN.match(line) for line in lines)):
        # lines below each other, one of them a flat or a town with its postcode: the block of an address
        for pattern, why in (
            (_STREET_LINE, "stands as a street in a block of lines"),
            (_TOWN, "a town and its postcode"),
        ):
            for match in pattern.finditer(text):
                yield *match.span("place"), why, 0.7
