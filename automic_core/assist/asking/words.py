"""The words of a question: tokens, word stems, and set phrases as one token each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from automic_core.assist.asking.phrases import IRREGULAR, NUMBERS, PARTICIPLES, PHRASES, PLAIN, RELATIVE, SILENT, VERBS

_TOKEN = re.compile(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?|(?<!\w)'[^']*'(?!\w)|\"[^\"]*\""
    r"|(?<![\w)-])-?\d+(?:[.,]\d+)*%?|\d+(?:[.,]\d+)*%?|[^\W\d_]+(?:[-'][^\W\d_]+)*|[,.?!;:()<>=]|\S"
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d.*")
_SEPARATORS = {*".?!;:()'"}
_DROPPED = {*_SEPARATORS, ",", '"'}
_NUMBERED = {"phone", "telephone", "mobile", "fax", "account", "card", "room", "flight", "invoice", "tracking"}
"""What has a number of its own: "the phone number of" counts nothing."""
_BRITISH = re.compile(r"(?<=\w{3})is(?=ations?$)")
_FIRST_LAST = re.compile(r"\bfirst (?:and|,|&) last names?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """A word, number, quoted text, mark, or a set phrase.

    Attributes:
        text: As it was written; of a quoted text what stands inside.
        stem: Lower case, without the ending of a plural.
        mark: What a set phrase means ("COUNT"); "TEXT" for quoted text, "NUMBER" for numbers; else "".
        number: The value of a number.
    """

    text: str
    stem: str
    mark: str = ""
    number: float | None = None


def stem(word: str) -> str:
    """A noun without the ending of its plural, in lower case."""
    word = _BRITISH.sub("iz", word.lower()).replace("colour", "color")
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith("'s"):
        word = word[:-2]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def bases(verb: str) -> list[str]:
    """What a regular verb may be a form of: "used" of use, "playing" of play."""
    return [
        found
        for end, more in (("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"))
        if verb.endswith(end) and len(found := verb.removesuffix(end) + more) > 2
    ]


def tokens(question: str) -> list[Token]:
    """The tokens of a question, set phrases replaced by their marks."""
    plain = question.replace("``", '"').replace("''", '"')  # as TeX and some corpora quote
    for quote in "\u2018\u2019`\u00b4":
        plain = plain.replace(quote, "'")
    for quote in "\u201c\u201d":
        plain = plain.replace(quote, '"')
    plain = re.sub(r"[$€£] ?(?=\d)", "", plain)
    plain = _FIRST_LAST.sub("first name and last name", plain)
    raw = [_token(text) for text in _TOKEN.findall(plain)]
    made: list[Token] = []
    place = 0
    while place < len(raw):
        numbered = place > 0 and raw[place - 1].stem in _NUMBERED and raw[place].stem == "number"
        for phrase, marks in () if numbered else PHRASES:
            part = raw[place : place + len(phrase)]
            if [each.text.lower() for each in part] == phrase and not any(each.mark for each in part):
                made += [Token(" ".join(phrase), "", mark) for mark in marks]
                place += len(phrase)
                break
        else:
            made.append(raw[place])
            place += 1
    return [each for each in made if each.text not in _SEPARATORS]


def folded(text: str) -> str:
    """A value as the stems a question has for it."""
    return " ".join(stem(part) for part in _TOKEN.findall(text.replace("'", " ")) if part not in _DROPPED)


def _token(text: str) -> Token:
    if _MOMENT.fullmatch(text):
        return Token(text, text, "TEXT")
    if text[0] in "'\"" and len(text) > 1:
        return Token(text[1:-1].strip(), text[1:-1].strip().lower(), "TEXT")
    if text[0].isdigit() or (text[0] == "-" and text[1:2].isdigit()):
        return Token(text, text, "NUMBER", float(text.rstrip("%").replace(",", "")) if _numeric(text) else None)
    if text.lower() in NUMBERS:
        return Token(text, text.lower(), "NUMBER", float(NUMBERS[text.lower()]))
    return Token(text, stem(text))


def _numeric(text: str) -> bool:
    return re.fullmatch(r"-?(\d{1,3}(,\d{3})+(\.\d+)?%?|\d+(\.\d+)?%?)", text) is not None


def name_words(name: str) -> tuple[str, ...]:
    """The words in the name of a column or table, as stems: ``Song_release_year``, ``fName`` → first, name."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    found = [stem(part) for part in re.split(r"[^0-9A-Za-z]+", spaced) if part]
    full = tuple(word for part in found for word in _ABBREVIATED.get(part, (part,)))
    return (_INITIALS[full[0]], *full[1:]) if full[1:] == ("name",) and full[0] in _INITIALS else full


_INITIALS = {"f": "first", "l": "last", "m": "middle"}


_ABBREVIATED = {
    "fname": ("first", "name"),
    "lname": ("last", "name"),
    "mname": ("middle", "name"),
    "firstname": ("first", "name"),
    "lastname": ("last", "name"),
    "dob": ("birth", "date"),
    "qty": ("quantity",),
    "num": ("number",),
    "no": ("number",),
    "nr": ("number",),
    "amt": ("amount",),
    "addr": ("address",),
    "tel": ("phone",),
    "dept": ("department",),
    "avg": ("average",),
    "mean": ("average",),
    "min": ("minimum",),
    "max": ("maximum",),
    "desc": ("description",),
}


def participle(text: str) -> bool:
    """Whether a word may say what was done to something, or what it does: "cancelled", "paid", "pending"."""
    word = text.lower()
    return (len(word) > 4 and word.endswith(("ed", "ing"))) or word in PARTICIPLES


def ordinary(text: str) -> bool:
    """Whether a word is more likely one of the language than a value somewhere: "is" is also the code of a country."""
    word = text.lower()
    if (
        word in SILENT
        or word in RELATIVE
        or (word in PLAIN and not text.isupper())
        or word in VERBS
        or stem(word) in VERBS
        or (len(word) < 3 and not text.isupper())
    ):
        return True
    return word == text and len(word) > 4 and word.endswith(("ed", "ing"))
