"""Words and set phrases of English as the grammar knows them."""

from __future__ import annotations

import re


def listed(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Words that change nothing of what is asked.
SILENT = listed("""
    , a across database overall respectively all along also among an any are as at be been but by came can
    come compute could did display do
    does either entries entry ever exist existing find for from get give happen happened her his how i in is it
    its list me much occur occurred of on our out per place please provide record report retrieve return row s see
    select show some take tell the their them there these they this those to together took us was we well were what
    will within would yet you
""")
# Verbs that say that two tables belong together, or that a row is what it is; which tables, their names tell.
VERBS = listed("""
    arrive assign associate associated attend became become began begin belong bought build built buy called
    choose chose chosen contain correspond corresponding depart drive driven drove enroll enter filed flew flown
    fly gave give given go got grow held hold host involve join joined knew know known lead leave led left
    listed live lived living located lose lost made make named offer paid participate pay perform play provide
    publish put ran receive received recorded register registered reside ride run sang sell send sent sing sold
    speak spend spent spoke spoken stay stored study studying submit sung take taken taught teach titled use
    placed released described detailed affect affected hire hired ordered shipped rented borrow borrowed deliver
    visit wear went win won work write written wrote advise serve open produce purchase appear prescribe nominate
    award belong conduct earn interact operate originate pass sponsor supervise manage treat
""")
# What was done to something, beside the regular forms.
PARTICIPLES = listed("""
    bought broken built drawn driven found given held kept known left lost made paid sent sold stolen sung taken won
    written
""")
# Words behind which a participle says how something is.
STATES = listed("""
    , and are be been being currently is not or state status still was were
""")
NEGATIONS = listed("""
    not never didn't don't doesn't haven't hasn't isn't aren't wasn't weren't cannot can't
""")
# Words behind which conditions stand.
RELATIVE = listed("""
    had has have having own owned that when where which who whom whose with
""")
NAMED = ("named", "called", "titled", "name", "title")
FREQUENT = ("common", "frequent", "frequently", "often", "popular")
SORTING = listed("""
    listed order ordered result results sort sorted them
""")
# Words that begin a sentence about what to show.
SHOWING = listed("""
    Display Find Give List Provide Report Return Show Tell
""")
# What is said of a column without a value; some only behind "not".
MISSING = ("missing", "unknown", "empty", "null", "blank")
GIVEN = ("known", "given", "available", "recorded", "specified", "set", "filled")
LINKING = listed("""
    are as be both either equal is of to was were
""")
MORE = listed("""
    bigger fewer greater higher larger less lower more smaller
""")
# What is left off a name: a generic end, a unit.
GENERIC = listed("""
    code data detail info list name record ref text value
""")
UNITS = listed("""
    billion c celsius chf cm day dollar eur euro f fahrenheit foot g gbp hour inch kg km lb m mile million minute mm mph
    pct percent pound second sqft thousand ton usd
""")
# Names that many tables use for different things.
COMMON_NAMES = listed("""
    amount code date description id location name number place status time title type year
""")
IRREGULAR = dict(
    pair.split("=")
    for pair in [
        "people=person",
        "children=child",
        "men=man",
        "women=woman",
        "feet=foot",
        "mice=mouse",
        "cities=city",
        "movies=movie",
        "series=series",
        "species=species",
        "media=medium",
        "indices=index",
        "data=data",
        "bus=bus",
        "ids=id",
        "e-mail=email",
        "e-mails=email",
        "lives=life",
        "wives=wife",
        "leaves=leaf",
    ]
)
NUMBERS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "once": 1,
    "twice": 2,
    "single": 1,
}
# Words of the language that are codes somewhere, but meant as such only in capitals.
PLAIN = listed("""
    all and any best but each first full last least most new not now off old one only open or other own same ten top
    two use
""")
# What a set phrase means to the grammar: "MARK: phrase, phrase"; a second mark is a token of its own.
_PHRASES = """
    COUNT DISTINCT: how many different, how many distinct
    COUNT: how many, the total number of, total number of, the number of, number of, the numbers of, numbers of,
        the count of, count of, count, the amount of
    GE: larger than or equal to, higher than or equal to,
        greater than or equal to, more than or equal to, no less than, not less than, no fewer than, at least
    LE: smaller than or equal to, lower than or equal to, less than or equal to, no more than, not more than, at most
    ORMORE: or more, or after, or later, or above
    ORLESS: or less, or fewer, or before, or earlier
    OR GT: or more than, or greater than, or higher than, or larger than, or later than
    OR LT: or less than, or fewer than, or lower than, or smaller than, or earlier than
    GT: more than, greater than, higher than, larger than, bigger than, above, over, exceeding, exceeds, exceed,
        after, later than
    LT: less than, fewer than, lower than, smaller than, below, under, before, earlier than
    EQ: exactly
    BETWEEN: between
    AVG: the average of, on average, average, mean
    MIN: minimum, min
    MAX: maximum, max
    SUM: the sum of, sum of, combined, total
    EACH: for each of the, in each of the, of each of the, for each, in each, of each, from each, by each,
        grouped by, each, for every, in every, of every,
        per
    ORDER: sort the results by, sorted the results by, order the results by, ordered the results by,
        sort the result by, sort them by, order them by,
        ordered by, order by, sorted by, sort by, ranked by, in order of, in the order of,
        ordered alphabetically by, sorted
        alphabetically by, in alphabetical order by, ordering by
    ORDER ASC: ordered ascending by, ascending by, in ascending order of, in increasing order of, in ascending
        order by, in alphabetical order of,
        in ascending alphabetical order of, in the ascending order of, in an ascending order of, by ascending
        order of, sorted in ascending order of, sorted in ascending order by, ordered in ascending order of,
        listed in ascending order of
    ORDER DESC: in the decreasing order of, in a decreasing order of,
        ordered descending by, descending by, by descending, in descending order of,
        in decreasing order of, in descending order by, in descending
        alphabetical order of, in the descending order of, in a descending order of, by descending order of,
        sorted in descending order of, sorted in descending order by, ordered in descending order of, listed in
        descending order of
    ALPHABETICAL DESC: in descending lexicographical order,
        in descending alphabetical order, in reverse alphabetical order
    ALPHABETICAL: ordered by alphabetical order, ordered in alphabetical order, ordered in an alphabetical order,
        sorted in an alphabetical order, sorted by alphabetical order, by alphabetical order, in an alphabetical order,
        in lexicographical order, in ascending lexicographical order, in alphabetic order, in the alphabetical order,
        in ascending alphabetical order, ordered alphabetically, sorted
        alphabetically, sorted in
        alphabetical order, in alphabetical order, alphabetically
    DESC: in a descending order, from most to least, in the descending order,
        in descending order, in decreasing order, descending
    ASC: in an ascending order, in the increasing order, in the ascending order,
        in ascending order, in increasing order, ascending
    DISTINCT: different, distinct, unique
    WITHOUT: do not have any, does not have any, do not have, does not have, did not have, don't have, doesn't
        have, do not own, does not own, has no, have no, had no, have had no, has had no, with no, without any,
        without, but no, and no, other than,
        except for
    MOST: the most, most
    LEAST: the fewest, fewest, the least, least
    LATEST: the most recently, most recently, the most recent, most recent
    TOP: highest, largest, greatest, biggest
    BOTTOM: lowest, smallest
    STARTS: starts with, start with, starting with, begins with, begin with, beginning with, starts from,
        start from
    ENDS: ends with, end with, ending with
    CONTAINS: contains, contain, containing, includes, include, has the letter, have the letter, has letter,
        has the substring, have the substring, has substring, have substring, has the word, have the word,
        with the letter, with letter,
        with the substring, with substring
"""


def _phrases() -> list[tuple[list[str], list[str]]]:
    """Each phrase as words, and its marks; longer ones first."""
    found: list[tuple[list[str], list[str]]] = []
    for paragraph in re.split(r"\n(?=    \S)", _PHRASES.strip("\n")):
        marks, _, phrases = paragraph.partition(":")
        found += [(phrase.split(), marks.split()) for phrase in phrases.split(",")]
    return sorted(found, key=lambda each: -len(each[0]))


PHRASES = _phrases()
# What comes first or last in time, and whether it is the last.
ORDINALS = {"first": False, "earliest": False, "oldest": False, "last": True, "latest": True, "newest": True}
# Comparatives and superlatives, the columns they speak of, and whether more of the column is meant.
DEGREES: dict[str, tuple[tuple[str, ...], bool]] = {
    word: (columns, more)
    for words, columns, more in (
        ("older oldest elder eldest", ("age",), True),
        ("younger youngest", ("age",), False),
        ("heavier heaviest", ("weight",), True),
        ("lighter lightest", ("weight",), False),
        ("taller tallest", ("height",), True),
        ("shorter shortest", ("height", "length", "duration"), False),
        ("longer longest", ("length", "duration"), True),
        ("larger bigger", ("area", "size", "population", "capacity"), True),
        ("smaller", ("area", "size", "population", "capacity"), False),
        ("costlier expensive costliest", ("price", "cost"), True),
        ("cheaper cheapest", ("price", "cost"), False),
        ("newest latest", ("date", "year", "time"), True),
        ("earliest", ("date", "year", "time"), False),
        ("richer richest", ("salary", "income", "wealth"), True),
        ("faster fastest", ("speed", "horsepower"), True),
        ("slower slowest", ("speed", "horsepower"), False),
    )
    for word in words.split()
}
