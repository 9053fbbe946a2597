"""Names of people inside a text: known given names, titles, words that introduce a person, how a name is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from automic_core.inference.person_words import GIVEN_NAMES, STREET_WORDS

_WORD = re.compile(r"[^\W\d_]+(?:[.'\u2019-](?=[^\W\d_])[^\W\d_]+)*")
_TITLE_WORDS = """
    mr mrs ms miss dr prof professor sir madam lord lady herr frau mme senor
    """
_TITLES = frozenset(_TITLE_WORDS.split())
_INTRODUCES = re.compile(
    r"\b(?:(?:my|his|her|their|the|partner'?s|customer'?s|wife'?s|husband'?s|last|first|full|maiden) name"
    r"(?:'s| is|:)?(?: is)?|name(?: is|:)|i am|i'm|this is|call(?:s|ed)? me|"
    r"(?:people|everyone|they) call (?:me|him|her)|"
    r"named|called|"
    r"dear|hi|hello|hey|signed|sincerely|regards|yours|attn:?|contact:?|speak (?:to|with)|talk to|ask for|meet|"
    r"directed by|written by|starring|by|kid|son|daughter|brother|sister|wife|husband|friend|colleague|boss|"
    r"follow up with|shouted at|tell|told|says|said)[,:]?\s+$",
    re.IGNORECASE,
)
_ACTS = re.compile(
    r"^,?\s+(?:said|says|told|shouted|asked|asks|lives?|lived|spent|wrote|writes|called|works?|worked|and i|who|"
    r"married|died|moved|likes?|wants?|thinks?|thought|smiled|laughed|born|phoned|emailed|lost|paid|owes)\b",
    re.IGNORECASE,
)
_CALLED_UPON = re.compile(r"^,\s+(?:can|could|would|will|please|do|are|thank|i|you|let)\b", re.IGNORECASE)
_PLACED = re.compile(
    r"\b(?:in|at|from|to|near|of|via|for|into|visit(?:ed)?|toward|towards)\s+(?:the\s+)?$", re.IGNORECASE
)
_COMPANY_WORDS = """
    inc ltd llc gmbh ag corp corporation company co group bank university institute software systems consulting
    technologies services partners holdings school college union association club living watchers airport hotel
    restaurant museum court day article treaty
    """
_COMPANY = frozenset(_COMPANY_WORDS.split())
_ORDINARY_WORDS = """
    a about above after again all also am an and another any anyone apt are article as ask at be because been
    before being below best between both but by call can cancel card celebrating could credit customer day dear
    did do does doing don don't dont down each every excuse few follow for from further get give go good had has
    have having he hello help her here here's hers hey hi him his how i i'd i'll i'm i've if in inject into is
    isn't it it's its just kindly know last let like look lost mission more most my name need never new next no
    nor not now of off ok on once one only or order other our out over own please post posted question same see
    select send she should since so some sometimes song statement still such sure take tell thank thanks that
    that's the their them then there there's these they they're this those through to today tomorrow too under
    until up us use users very want was way we we're were what what's when where where's which while who who's why
    will with would written yes yesterday yet you you're your yours monday tuesday wednesday thursday friday
    saturday sunday january february march april may june july august september october november december american
    english french german italian spanish british european
    """
_ORDINARY = frozenset(_ORDINARY_WORDS.split())
_PLACE_WORDS = """
    africa america asia australia austria belgium brazil britain bulgaria canada chile china colombia croatia cuba
    cyprus czechia denmark egypt england estonia europe finland france georgia germany ghana greece hungary
    iceland india indonesia iran iraq ireland israel italy japan kenya korea kosovo latvia lebanon libya lithuania
    luxembourg malaysia malta mexico morocco netherlands nigeria norway pakistan panama peru philippines poland
    portugal romania russia scotland serbia singapore slovakia slovenia spain sweden switzerland taiwan texas
    thailand tunisia turkey uganda ukraine uruguay venezuela vietnam wales york london paris berlin
    """
_PLACES = frozenset(_PLACE_WORDS.split())
_LONGEST = 4


def names(text: str) -> Iterator[tuple[int, int, str, float]]:
    """Start, end, why and how sure, of what reads like the name of a person; may overlap."""
    words = list(_WORD.finditer(text))
    place = 0
    while place < len(words):
        size, why, sure = _name(text, words, place)
        if size:
            yield words[place].start(), _end(text, words[place + size - 1]), why, sure
        place += max(size, 1)


def _end(text: str, last: re.Match[str]) -> int:
    """Where a name ends: before a possessive ending."""
    return last.end() - 2 if last.group()[-2:] in ("'s", "\u2019s") else last.end()


def _name(text: str, words: list[re.Match[str]], place: int) -> tuple[int, str, float]:
    """How many words from here are a name (0 = none), why, and how sure."""
    first = words[place].group()
    titled = place > 0 and words[place - 1].group().lower() in _TITLES and _near(text, words[place - 1], words[place])
    size = _run(text, words, place)
    shout = text.isupper()
    if titled and size:
        return size, "stands behind a title", 0.9
    before = text[: words[place].start()]
    if not size or shout:
        small = text == text.lower() and first in GIVEN_NAMES and first not in _ORDINARY
        follows = place + 1 < len(words) and "\n" in text and _near(text, words[place], words[place + 1])
        return (2 if small and follows else 1, "is a frequent given name", 0.6) if small else (0, "", 0.0)
    run = [word.group() for word in words[place : place + size]]
    behind = text[words[place + size - 1].end() :]
    if any(word.lower() in _COMPANY or word.lower() in STREET_WORDS for word in run):
        return 0, "", 0.0
    known = _plain(run[0]) in GIVEN_NAMES
    introduced = _INTRODUCES.search(before[-40:]) is not None
    placed = _PLACED.search(before[-15:]) is not None
    if known and not (placed and size == 1 and not introduced):
        return size, "begins with a frequent given name", 0.85 if size > 1 else 0.7
    if introduced and not placed:
        return size, "stands behind words that introduce a person", 0.75
    if placed or _organisation(behind):
        return 0, "", 0.0
    if any(word.lower() in _PLACES for word in run):
        return 0, "", 0.0
    if _ACTS.match(behind) and size <= 2:
        return size, "does what people do", 0.6
    if _CALLED_UPON.match(behind) and _opens(before) and size <= 2:
        return size, "is called upon", 0.6
    if (re.match(r"'s\b|\u2019s\b", behind) or run[-1][-2:] in ("'s", "\u2019s")) and not _opens(before):
        return size, "owns something", 0.5
    if size in (2, 3) and _alone(before, behind) and not before.strip(" ?*-\n"):
        return size, "is written like a full name, on a first line of its own", 0.6
    if size in (2, 3) and not _opens(before) and _prose(before):
        return size, "is written like a full name", 0.5
    if size <= 2 and re.search(r"\bname[^?]{0,12}\?\s*$", before, re.IGNORECASE):
        return size, "answers a question for a name", 0.7
    return 0, "", 0.0


def _run(text: str, words: list[re.Match[str]], place: int) -> int:
    """Capitalised words in a row that are no ordinary ones."""
    size = 0
    while place + size < len(words) and size < _LONGEST:
        word = words[place + size]
        said = word.group()
        if not said[0].isupper() or (len(said) > 3 and said.isupper()) or said.lower() in _ORDINARY | _TITLES:
            break
        if size and not _near(text, words[place + size - 1], word):
            break
        size += 1
        if said[-2:] in ("'s", "\u2019s"):
            break
    return size


def _near(text: str, left: re.Match[str], right: re.Match[str]) -> bool:
    """Whether only a blank, or an initial's dot, stands between two words."""
    between = text[left.end() : right.start()]
    return between.strip(" \t") in ("", ".") and "\n" not in between and len(between) <= 2


def _plain(word: str) -> str:
    return re.sub(r"['\u2019]s$", "", word.lower())


def _organisation(behind: str) -> bool:
    following = _WORD.match(behind.lstrip(" ,&"))
    return following is not None and following.group().lower() in _COMPANY


def _opens(before: str) -> bool:
    """Whether a sentence begins here, where every word is written with a capital."""
    return not before.strip() or before.rstrip()[-1:] in '.!?:\n"\u201c'


def _prose(before: str) -> bool:
    """Whether the words before it are written small: not the middle of a heading or of a longer name."""
    words = _WORD.findall(before.rpartition("\n")[2])[-2:]
    return bool(words) and all(word.islower() for word in words)


def _alone(before: str, behind: str) -> bool:
    """Whether a line holds nothing else."""
    above, below = before.rpartition("\n")[2], behind.partition("\n")[0]
    return not above.strip(" ?*-") and not below.strip(" ,") and ("\n" in before or "\n" in behind)
