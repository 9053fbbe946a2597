"""The words of a question: tokens, word stems, and set phrases as one token each."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|\d+(?:[.,]\d+)*%?|[^\W\d_]+(?:[-'][^\W\d_]+)*|[,.?!;:()<>=]|\S")
_FIRST_LAST = re.compile(r"\bfirst (?:and|,|&) last names?\b", re.IGNORECASE)
_NUMBERS = dict(
    zip("zero one two three four five six seven eight nine ten eleven twelve".split(), range(13), strict=True)
) | {"once": 1, "twice": 2, "single": 1}
_IRREGULAR = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "feet": "foot",
    "mice": "mouse",
    "cities": "city",
    "movies": "movie",
    "series": "series",
    "species": "species",
    "media": "medium",
    "indices": "index",
    "data": "data",
    "bus": "bus",
    "ids": "id",
    "lives": "life",
    "wives": "wife",
    "leaves": "leaf",
}
SILENT = frozenset(
    "the a an all of is are was were be been do does did there what show list find give return tell me please in on at "
    "to as well also their its his her our it they them we i you can could would us some any this these those , along "
    "together display get see report provide for from by per entry record row entries "
    "select compute exist ever existing either out much how but come came occur occurred happen happened take took place will s across among within any".split()
)
# Verbs that say that two tables belong together, or that a row is what it is; which tables, their names tell.
VERBS = frozenset(
    "teach taught take taken attend belong play perform enroll participate write wrote written publish use make made work "
    "stay register hold held submit contain offer provide visit assign involve correspond corresponding live lived living "
    "associate associated go went got win won receive received run ran join joined study studying named called titled "
    "listed stored filed registered recorded speak spoke spoken lose lost give gave given build built buy bought sell "
    "sold lead led leave left send sent drive drove driven fly flew flown depart arrive become became begin began choose "
    "chose chosen grow know knew known pay paid put ride sing sang sung spend spent wear host located reside enter".split()
)
RELATIVE = frozenset("with whose that which who whom where having have has had when own owned".split())
# What a phrase means to the grammar. Longer phrases stand first; "_" is any of "the a an".
_PHRASES: list[tuple[str, str]] = [
    ("how many different", "COUNT DISTINCT"),
    ("how many distinct", "COUNT DISTINCT"),
    ("how many", "COUNT"),
    ("the total number of", "COUNT"),
    ("total number of", "COUNT"),
    ("the number of", "COUNT"),
    ("number of", "COUNT"),
    ("the numbers of", "COUNT"),
    ("numbers of", "COUNT"),
    ("the count of", "COUNT"),
    ("count of", "COUNT"),
    ("count", "COUNT"),
    ("the amount of", "COUNT"),
    ("greater than or equal to", "GE"),
    ("more than or equal to", "GE"),
    ("less than or equal to", "LE"),
    ("no less than", "GE"),
    ("not less than", "GE"),
    ("no more than", "LE"),
    ("not more than", "LE"),
    ("no fewer than", "GE"),
    ("at least", "GE"),
    ("at most", "LE"),
    ("or more", "ORMORE"),
    ("or after", "ORMORE"),
    ("or later", "ORMORE"),
    ("or above", "ORMORE"),
    ("or less", "ORLESS"),
    ("or fewer", "ORLESS"),
    ("or before", "ORLESS"),
    ("or earlier", "ORLESS"),
    ("more than", "GT"),
    ("greater than", "GT"),
    ("higher than", "GT"),
    ("larger than", "GT"),
    ("bigger than", "GT"),
    ("above", "GT"),
    ("over", "GT"),
    ("exceeding", "GT"),
    ("exceeds", "GT"),
    ("exceed", "GT"),
    ("after", "GT"),
    ("later than", "GT"),
    ("less than", "LT"),
    ("fewer than", "LT"),
    ("lower than", "LT"),
    ("smaller than", "LT"),
    ("below", "LT"),
    ("under", "LT"),
    ("before", "LT"),
    ("earlier than", "LT"),
    ("between", "BETWEEN"),
    ("the average of", "AVG"),
    ("on average", "AVG"),
    ("average", "AVG"),
    ("mean", "AVG"),
    ("minimum", "MIN"),
    ("min", "MIN"),
    ("maximum", "MAX"),
    ("max", "MAX"),
    ("the sum of", "SUM"),
    ("sum of", "SUM"),
    ("combined", "SUM"),
    ("total", "SUM"),
    ("for each of the", "EACH"),
    ("for each", "EACH"),
    ("in each", "EACH"),
    ("of each", "EACH"),
    ("from each", "EACH"),
    ("by each", "EACH"),
    ("each", "EACH"),
    ("for every", "EACH"),
    ("in every", "EACH"),
    ("of every", "EACH"),
    ("per", "EACH"),
    ("ordered by", "ORDER"),
    ("order by", "ORDER"),
    ("sorted by", "ORDER"),
    ("sort by", "ORDER"),
    ("ranked by", "ORDER"),
    ("in order of", "ORDER"),
    ("in ascending order of", "ORDER ASC"),
    ("in descending order of", "ORDER DESC"),
    ("in increasing order of", "ORDER ASC"),
    ("in decreasing order of", "ORDER DESC"),
    ("in ascending order by", "ORDER ASC"),
    ("in descending order by", "ORDER DESC"),
    ("in alphabetical order of", "ORDER ASC"),
    ("in ascending alphabetical order of", "ORDER ASC"),
    ("in descending alphabetical order of", "ORDER DESC"),
    ("in ascending alphabetical order", "ALPHABETICAL"),
    ("in the ascending order of", "ORDER ASC"),
    ("in the descending order of", "ORDER DESC"),
    ("in a descending order of", "ORDER DESC"),
    ("in an ascending order of", "ORDER ASC"),
    ("by ascending order of", "ORDER ASC"),
    ("by descending order of", "ORDER DESC"),
    ("sorted in ascending order of", "ORDER ASC"),
    ("sorted in descending order of", "ORDER DESC"),
    ("sorted in ascending order by", "ORDER ASC"),
    ("sorted in descending order by", "ORDER DESC"),
    ("ordered alphabetically by", "ORDER"),
    ("sorted alphabetically by", "ORDER"),
    ("in alphabetical order by", "ORDER"),
    ("ordered alphabetically", "ALPHABETICAL"),
    ("sorted alphabetically", "ALPHABETICAL"),
    ("sorted in alphabetical order", "ALPHABETICAL"),
    ("ordering by", "ORDER"),
    ("ordered in ascending order of", "ORDER ASC"),
    ("ordered in descending order of", "ORDER DESC"),
    ("listed in ascending order of", "ORDER ASC"),
    ("listed in descending order of", "ORDER DESC"),
    ("from most to least", "DESC"),
    ("in the ascending order", "ASC"),
    ("in the descending order", "DESC"),
    ("in ascending order", "ASC"),
    ("in descending order", "DESC"),
    ("in increasing order", "ASC"),
    ("in decreasing order", "DESC"),
    ("in alphabetical order", "ALPHABETICAL"),
    ("alphabetically", "ALPHABETICAL"),
    ("ascending", "ASC"),
    ("descending", "DESC"),
    ("different", "DISTINCT"),
    ("distinct", "DISTINCT"),
    ("unique", "DISTINCT"),
    ("do not have any", "WITHOUT"),
    ("does not have any", "WITHOUT"),
    ("do not have", "WITHOUT"),
    ("does not have", "WITHOUT"),
    ("did not have", "WITHOUT"),
    ("don't have", "WITHOUT"),
    ("doesn't have", "WITHOUT"),
    ("do not own", "WITHOUT"),
    ("does not own", "WITHOUT"),
    ("has no", "WITHOUT"),
    ("have no", "WITHOUT"),
    ("with no", "WITHOUT"),
    ("without any", "WITHOUT"),
    ("without", "WITHOUT"),
    ("except for", "WITHOUT"),
    ("the most", "MOST"),
    ("most", "MOST"),
    ("the fewest", "LEAST"),
    ("fewest", "LEAST"),
    ("the least", "LEAST"),
    ("least", "LEAST"),
    ("highest", "TOP"),
    ("largest", "TOP"),
    ("greatest", "TOP"),
    ("biggest", "TOP"),
    ("lowest", "BOTTOM"),
    ("smallest", "BOTTOM"),
    ("starts with", "STARTS"),
    ("start with", "STARTS"),
    ("starting with", "STARTS"),
    ("begins with", "STARTS"),
    ("ends with", "ENDS"),
    ("end with", "ENDS"),
    ("contains", "CONTAINS"),
    ("contain", "CONTAINS"),
    ("containing", "CONTAINS"),
    ("includes", "CONTAINS"),
]
_SPLIT = sorted(((phrase.split(), mark.split()) for phrase, mark in _PHRASES), key=lambda each: -len(each[0]))


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
    word = word.lower()
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("'s"):
        word = word[:-2]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def tokens(question: str) -> list[Token]:
    """The tokens of a question, set phrases replaced by their marks."""
    plain = question
    for quote in "\u2018\u2019`\u00b4":
        plain = plain.replace(quote, "'")
    for quote in "\u201c\u201d":
        plain = plain.replace(quote, '"')
    plain = _FIRST_LAST.sub("first name and last name", plain)
    raw = [_token(text) for text in _TOKEN.findall(plain)]
    made: list[Token] = []
    place = 0
    while place < len(raw):
        for phrase, marks in _SPLIT:
            part = raw[place : place + len(phrase)]
            if [each.text.lower() for each in part] == phrase and not any(each.mark for each in part):
                made += [Token(" ".join(phrase), "", mark) for mark in marks]
                place += len(phrase)
                break
        else:
            made.append(raw[place])
            place += 1
    return [each for each in made if each.text not in (".", "?", "!", ";", ":", "(", ")", "'")]


def _token(text: str) -> Token:
    if text[0] in "'\"" and len(text) > 1:
        return Token(text[1:-1].strip(), text[1:-1].strip().lower(), "TEXT")
    if text[0].isdigit():
        return Token(text, text, "NUMBER", float(text.rstrip("%").replace(",", "")) if _numeric(text) else None)
    if text.lower() in _NUMBERS:
        return Token(text, text.lower(), "NUMBER", float(_NUMBERS[text.lower()]))
    return Token(text, stem(text))


def _numeric(text: str) -> bool:
    return re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?%?|\d+(\.\d+)?%?", text) is not None


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
    "desc": ("description",),
}


def ordinary(text: str) -> bool:
    """Whether a word is more likely one of the language than a value somewhere: "is" is also the code of a country."""
    word = text.lower()
    if word in SILENT or word in RELATIVE or word in VERBS or stem(word) in VERBS or len(word) < 3 and not text.isupper():
        return True
    return word == text and word.endswith(("ed", "ing"))
