"""Personal data inside a text: where it stands, of which kind, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from automic_core.inference.address_spans import addresses
from automic_core.inference.check_digits import NATIONAL, is_card, is_iban
from automic_core.inference.name_spans import names
from automic_core.inference.personal_tests import TESTS

SPAN_KINDS = (
    "name", "email", "phone", "address", "birth_date", "iban", "credit_card", "national_id", "ip", "url",
)  # fmt: skip
"""Kinds that are looked for: those of columns, and web addresses."""

_ALONE: dict[str, Callable[[str], bool]] = {test.kind: test.alone for test in TESTS if test.alone}
_NAMED: dict[str, Callable[[str], bool]] = {test.kind: test.named for test in TESTS}
_MAIL = re.compile(r"[\w.%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_LINK = re.compile(r"(?:https?|ftp)://[^\s<>\"']+|\bwww\.[^\s<>\"']+", re.IGNORECASE)
_HOST = re.compile(
    r"(?<![@\w.-])(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|io|dev|app|eu|uk|us|de|fr|it|es|nl|se|ch|at|pl|ca|au)\b"
    r"(?:/[^\s<>\"']*)?",
    re.IGNORECASE,
)
_IP4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\d)")
_IP6 = re.compile(r"(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b")
_CARD = re.compile(r"(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-]*\d)")
_NUMBER = re.compile(r"\b[A-Z0-9](?:[ .-]?[A-Z0-9]){7,17}\b")
_PHONE = re.compile(
    r"(?<![\w.:/-])\+?\(?\d[\d \t()./-]{5,22}\d(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?![\w-]*\d)", re.IGNORECASE
)
_EXTENSION = re.compile(r"\s?(?:x|ext\.?)\s?\d+$", re.IGNORECASE)
_DIALS = re.compile(
    r"\b(?:call|phone|tel(?:ephone)?|mobile|cell|fax|dial|reach|ring|text|sms|whatsapp|contact|office|home)\b|\u260e",
    re.I,
)
_DAY = re.compile(
    r"\b(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|"
    r"\d{1,2}(?:st|nd|rd|th)? (?:of )?[A-Z][a-z]{2,8},? \d{4}|"
    r"[A-Z][a-z]{2,8} \d{1,2}(?:st|nd|rd|th)?,? \d{4})\b"
)
_BORN = re.compile(r"\b(?:born|birth|birthday|birthdate|dob|d\.o\.b\.?)\b", re.IGNORECASE)
_PAPERS = re.compile(
    r"\b(?:passport|driv(?:er|ing)(?:'?s)? licen[cs]e|licen[cs]e|social security|ssn|national insurance|national id|"
    r"identity card|id card|tax (?:id|number)|insurance)\b[^\d\n]{0,25}?(?P<number>[A-Z]{0,3}\d[A-Z0-9-]{4,})",
    re.IGNORECASE,
)
_AROUND = 30


@dataclass(frozen=True)
class PersonalSpan:
    """A piece of personal data in a text.

    Attributes:
        kind: As in ``PERSONAL``, or "url".
        start, end: Characters of the text, from 0; ``end`` is the first behind it.
        why: What told it.
        confidence: 0 to 1.
    """

    kind: str
    start: int
    end: int
    text: str
    why: str
    confidence: float


def personal_spans(text: str, kinds: Iterable[str] = SPAN_KINDS) -> list[PersonalSpan]:
    """Personal data in a text, in order; spans do not overlap, the most certain one stays.

    Args:
        text: Free text.
        kinds: What to look for.
    """
    wanted = set(kinds)
    found = sorted(_all(text), key=lambda each: (-each.confidence, -(each.end - each.start), each.start))
    kept: list[PersonalSpan] = []
    for span in found:  # a kind that is not wanted still keeps its digits from being taken for another one
        if not any(span.start < other.end and other.start < span.end for other in kept):
            kept.append(span)
    return sorted((each for each in kept if each.kind in wanted), key=lambda each: each.start)


def _all(text: str) -> Iterator[PersonalSpan]:
    yield from _matching(text, _MAIL, "email", "has the form of an e-mail address", 1.0)
    for pattern, why in ((_LINK, "is a web address"), (_HOST, "ends like the name of a web host")):
        yield from _matching(text, pattern, "url", why, 0.95 if pattern is _LINK else 0.6, cut=".,;:!?)]}\u201d")
    for pattern in (_IP4, _IP6):
        yield from _matching(text, pattern, "ip", "is an IP address", 0.98, _ALONE["ip"])
    yield from _matching(text, _IBAN, "iban", "passes the check of an IBAN", 1.0, is_iban)
    yield from _matching(text, _CARD, "credit_card", "passes the Luhn check of payment cards", 0.97, is_card)
    yield from _national(text)
    yield from _phones(text)
    yield from _birth_dates(text)
    yield from (PersonalSpan("address", s, e, text[s:e], why, sure) for s, e, why, sure in addresses(text))
    yield from (PersonalSpan("name", s, e, text[s:e], why, sure) for s, e, why, sure in names(text))


def _matching(
    text: str, pattern: re.Pattern[str], kind: str, why: str, sure: float,
    fits: Callable[[str], bool] | None = None, cut: str = "",
) -> Iterator[PersonalSpan]:  # fmt: skip
    for match in pattern.finditer(text):
        said = match.group().rstrip(cut) if cut else match.group()
        if fits is None or fits(said):
            yield PersonalSpan(kind, match.start(), match.start() + len(said), said, why, sure)


def _national(text: str) -> Iterator[PersonalSpan]:
    """Numbers whose check hardly passes by chance; others only where words say what they are."""
    for match in _NUMBER.finditer(text):
        for name, (test, clear) in NATIONAL.items():
            if clear and test(match.group()):
                yield PersonalSpan("national_id", *match.span(), match.group(), f"passes the check of a {name}", 0.96)
    for match in _PAPERS.finditer(text):
        start, end = match.span("number")
        yield PersonalSpan(
            "national_id", start, end, text[start:end], "stands behind words for an identity paper", 0.94
        )


def _phones(text: str) -> Iterator[PersonalSpan]:
    for match in _PHONE.finditer(text):
        said = match.group()
        number = _EXTENSION.sub("", said)
        around = text[max(match.start() - _AROUND, 0) : match.start()] + " " + text[match.end() : match.end() + 12]
        if _ALONE["phone"](number):
            yield PersonalSpan("phone", *match.span(), said, "is written like a phone number", 0.85)
        elif _NAMED["phone"](number) and _DIALS.search(around) and not _DAY.fullmatch(said):
            yield PersonalSpan("phone", *match.span(), said, "stands beside a word for phoning", 0.8)


def _birth_dates(text: str) -> Iterator[PersonalSpan]:
    for match in _DAY.finditer(text):
        if _BORN.search(text[max(match.start() - _AROUND, 0) : match.start()]):
            yield PersonalSpan("birth_date", *match.span(), match.group(), "stands behind a word for birth", 0.95)
