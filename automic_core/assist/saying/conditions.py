"""Conditions on rows in plain words, as SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from automic_core.assist.asking.words import name_words, stem
from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.saying import Unclear
from automic_core.assist.saying.terms import as_written, bare, listed, literal, number, quoted, span
from automic_core.errors import AutomicError
from automic_core.transforms.expressions import compile_sql, result_type

_LEAD = re.compile(
    r"^(?:all |the |those |any )?(?:(?:rows?|records?|lines?|entries|ones|[a-z]+s)\s+)?"
    r"(?:where|whose|with|that have|which have|having|that are|which are|that were|if|when|that|which)\s+",
    re.IGNORECASE,
)
_NOUN = re.compile(
    r"^(?:all |the |those )?(?:rows?|records?|lines?|entries|[a-z]+s)\s+"
    r"(?=(?:placed |made |created |dated |sold )?"
    r"(?:after|before|since|until|from|in|between|of|over|above|below|under|during|on)\b)",
    re.IGNORECASE,
)
_ROWS = frozenset(["all", "the", "those", "rows", "row", "records", "record", "lines", "line", "entries"])
_MOST_VALUES = 5_000


@dataclass(frozen=True)
class Condition:
    """A condition on a row.

    Attributes:
        said: How it was read.
        why: What was taken for granted.
    """

    sql: str
    said: str
    why: str = ""


def condition(text: str, columns: Columns) -> Condition:
    """The condition that a text means.

    Raises:
        Unclear: It means none, or several.
    """
    plain = text.strip()
    if written := _sql(plain, columns):
        return written
    plain = _LEAD.sub("", plain)
    noun = _NOUN.match(plain)
    if noun is not None:  # "orders after 2023": of several dates the one of the order
        plain = plain[noun.end() :]
        about = next((stem(word) for word in reversed(noun.group().split()) if word.lower() not in _ROWS), "")
        called = [name for name in columns.dates if about and about in name_words(name)]
        if len(called) == 1 and len(columns.dates) > 1:
            dated = condition(f"{called[0]} {plain}", columns)
            return Condition(dated.sql, dated.said, f"{called[0]} is the date of the {about}")
    plain = re.sub(r"^(?:placed|made|created|dated|sold)\s+", "", plain)
    for word in (" or ", " and "):
        parts = _apart(plain, word)
        if len(parts) > 1:
            try:
                found = [condition(part, columns) for part in parts]
            except Unclear:
                continue
            sql = f"{word.upper()}".join(f"({each.sql})" for each in found)
            return Condition(sql, word.join(each.said for each in found), "; ".join(e.why for e in found if e.why))
    return _single(plain, columns)


def _apart(text: str, word: str) -> list[str]:
    """Split at a word, but not inside "between a and b"."""
    if word == " and ":
        text = re.sub(r"(between .+?) and ", "\\1\x00", text, flags=re.IGNORECASE)
    return [part.replace("\x00", " and ") for part in re.split(word, text, flags=re.IGNORECASE)]


def _sql(text: str, columns: Columns) -> Condition | None:
    """A condition that is SQL already: "where amount > 10 AND city = 'Oslo'"."""
    plain = re.sub(r"^(?:rows? |records? )?(?:where|if|when)\s+", "", text, flags=re.IGNORECASE)
    schema = {name: columns.rows.schema[name] for name in columns.names}
    try:
        kind = result_type(plain, compile_sql(plain, schema), schema)
    except AutomicError:
        return None
    return Condition(plain, plain) if kind == pl.Boolean and re.search(r"[=<>]|\bis\b|\bin\b|like", plain) else None


def _single(text: str, columns: Columns) -> Condition:
    """The first form that fits and whose columns are there."""
    why: Unclear | None = None
    for pattern, reader in _FORMS:
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if match is None:
            continue
        try:
            return reader(match, columns)
        except Unclear as exc:
            why = why or exc
    try:
        return _value(text, columns)
    except Unclear as exc:
        raise why or exc from exc


def _time(match: re.Match[str], columns: Columns) -> Condition:
    """ "after 2023", "order date before May 2024": a word for days beside a column of dates."""
    when = span(match["when"])
    if when is None:
        raise Unclear(f"{match['when'].strip()!r} is no day.", "Write it as 2024-01-31, or a year.")
    name, why = _dated(match["what"], columns)
    word = match["word"].lower()
    first, last = literal(when.first), literal(when.last)
    sides = {
        "after": (f"> {last}", f"after {when.last}"), "later than": (f"> {last}", f"after {when.last}"),
        "before": (f"< {first}", f"before {when.first}"), "earlier than": (f"< {first}", f"before {when.first}"),
        "since": (f">= {first}", f"from {when.first} on"), "from": (f">= {first}", f"from {when.first} on"),
        "until": (f"<= {last}", f"up to {when.last}"), "up to": (f"<= {last}", f"up to {when.last}"),
    }  # fmt: skip
    if word in sides:
        operator, told = sides[word]
        return Condition(f"{_as_day(name, columns)} {operator}", f"{name} is {told}", why)
    sql = f"{_as_day(name, columns)} BETWEEN {first} AND {last}"
    said = f"{name} is {when.first}" if when.first == when.last else f"{name} lies in {when.first} to {when.last}"
    return Condition(sql, said, why)


def _as_day(name: str, columns: Columns) -> str:
    return quoted(name) if columns.rows.schema[name] == pl.Date else f"CAST({quoted(name)} AS DATE)"


def _dated(what: str | None, columns: Columns) -> tuple[str, str]:
    """The column of dates that is meant, and whether that had to be guessed."""
    if what and what.strip():
        name = columns.one(what)
        if name not in columns.dates:
            raise Unclear(f"{name} is no date.", f"Say first: cast {name} to date.")
        return name, ""
    if len(columns.dates) == 1:
        return columns.dates[0], f"{columns.dates[0]} is the only date"
    if not columns.dates:
        raise Unclear("No column holds dates.", "Say first: cast the column to date.")
    raise Unclear(f"Several columns hold dates: {', '.join(columns.dates)}.", "Name the one that is meant.")


_SIGNS = {
    "above": ">", "over": ">", "more than": ">", "greater than": ">", "larger than": ">", "higher than": ">",
    "after": ">", "exceeding": ">", "exceeds": ">", ">": ">", "below": "<", "under": "<", "less than": "<",
    "smaller than": "<", "lower than": "<", "fewer than": "<", "before": "<", "<": "<", "at least": ">=", "from": ">=",
    "since": ">=", ">=": ">=", "at most": "<=", "up to": "<=", "until": "<=", "<=": "<=", "in": "=", "on": "=",
    "during": "=", "of": "=", "not above": "<=", "not over": "<=", "no more than": "<=", "not below": ">=",
    "no less than": ">=", "not less than": ">=", "later than": ">", "earlier than": "<",
}  # fmt: skip
SIGN_WORDS = "|".join(sorted(map(re.escape, _SIGNS), key=len, reverse=True))


def _number(match: re.Match[str], columns: Columns) -> Condition:
    if not match["what"]:
        return _value(match.string, columns)
    name, sign = columns.one(match["what"]), _SIGNS[" ".join(match["word"].lower().split())]
    if name in columns.dates:
        raise Unclear(f"{match['when'].strip()!r} is no day.", "Write it as 2024-01-31, or a year.")
    if sign == "=" and not columns.rows.schema[name].is_numeric():
        return _among(name, match["when"], columns)
    if name not in columns.names or not columns.rows.schema[name].is_numeric():
        raise Unclear(f"{name} is no number.", f"Say first: cast {name} to decimal.")
    bound = number(match["when"])
    return Condition(f"{quoted(name)} {sign} {bound!r}", f"{name} {sign} {bound:,}")


def _between(match: re.Match[str], columns: Columns) -> Condition:
    low, high = span(match["low"]), span(match["high"])
    if low and high and (not match["what"] or columns.one(match["what"]) in columns.dates):
        name, why = _dated(match["what"], columns)
        sql = f"{_as_day(name, columns)} BETWEEN {literal(low.first)} AND {literal(high.last)}"
        return Condition(sql, f"{name} lies in {low.first} to {high.last}", why)
    name = columns.one(match["what"] or "")
    ends = number(match["low"]), number(match["high"])
    return Condition(f"{quoted(name)} BETWEEN {ends[0]!r} AND {ends[1]!r}", f"{name} lies in {ends[0]} to {ends[1]}")


def _signed(match: re.Match[str], columns: Columns) -> Condition:
    word = match["word"].lower()
    name = columns.one(match["what"] or match["after"])
    sign = {"negative": "< 0", "positive": "> 0", "zero": "= 0", "not negative": ">= 0", "not zero": "<> 0"}[word]
    return Condition(f"{quoted(name)} {sign}", f"{name} is {word}")


def _missing(match: re.Match[str], columns: Columns) -> Condition:
    name = columns.one(match["what"])
    there = "not" in match["word"].lower() or match["word"].lower() in ("there", "known", "filled")
    blank = f" AND trim({quoted(name)}) <> ''" if name in columns.texts else ""
    sql = f"{quoted(name)} IS NOT NULL{blank}"
    return Condition(sql if there else f"NOT coalesce({sql}, FALSE)", f"{name} is {'there' if there else 'missing'}")


def _equals(match: re.Match[str], columns: Columns) -> Condition:
    return _among(columns.one(match["what"]), match["values"], columns, negated=bool(match["no"]))


def _among(name: str, said: str, columns: Columns, *, negated: bool = False) -> Condition:
    column = columns.rows[name]
    if name in columns.dates:
        raise Unclear(f"{said.strip()!r} is no day.", "Write it as 2024-01-31.")
    values: list[Any] = as_written(listed(said), column)
    if not values:
        raise Unclear(f"No value is given for {name}.")
    known = column.drop_nulls().unique().to_list() if column.dtype == pl.String else None
    strange = [value for value in values if known is not None and value not in known]
    inside = f"{quoted(name)} IN ({', '.join(map(literal, values))})"
    shown = ", ".join(map(str, values))
    word = "is none of" if negated else "is one of"
    said = f"{name} {word} {shown}" if len(values) > 1 else f"{name} is {'not ' if negated else ''}{shown}"
    why = f"no row has {', '.join(map(repr, strange))}" if strange else ""
    return Condition(f"NOT coalesce({inside}, FALSE)" if negated else inside, said, why)


def _like(match: re.Match[str], columns: Columns) -> Condition:
    name, word = columns.one(match["what"]), match["word"].lower()
    if name not in columns.texts:
        raise Unclear(f"{name} is no text.")
    text = literal(bare(match["text"]).lower())
    place = f"lower({quoted(name)})"
    if "start" in word or "begin" in word:
        sql = f"starts_with({place}, {text})"
    elif "end" in word:
        sql = f"ends_with({place}, {text})"
    else:
        sql = f"strpos({place}, {text}) > 0"
    sql = f"NOT coalesce({sql}, FALSE)" if "not" in word or "n't" in word else sql
    return Condition(sql, f"{name} {word} {text}", "case does not count")


def _value(text: str, columns: Columns) -> Condition:
    """ "from Germany", "cancelled ones": a value that stands for itself."""
    plain = re.sub(r"^(?:from|in|of|by|with|for)\s+|\s+(?:ones?|rows?|records?|[a-z]+s)$", "", text.strip(), flags=re.I)
    wanted = [word.lower() for word in listed(plain)]
    found: dict[str, list[str]] = {}
    for name in columns.texts:
        different = columns.rows[name].drop_nulls().unique().sort()
        if different.len() > _MOST_VALUES:
            continue
        known = {value.strip().lower(): value for value in different.to_list()}
        if wanted and all(word in known for word in wanted):
            found[name] = [known[word] for word in wanted]
    if len(found) == 1:
        [(name, values)] = found.items()
        sql = f"{quoted(name)} IN ({', '.join(map(literal, values))})"
        return Condition(sql, f"{name} is {' or '.join(values)}", f"only {name} has this value")
    if found:
        raise Unclear(f"{plain!r} is a value of {', '.join(found)}.", f"Say: where {next(iter(found))} is {plain}.")
    raise Unclear(f"I do not know which rows {text.strip()!r} means.", "Say: where COLUMN is VALUE, or above NUMBER.")


Form = tuple[str, Callable[[re.Match[str], Columns], Condition]]
_WHEN = r"after|later than|before|earlier than|since|from|until|up to|in|on|during|of|is"
_FORMS: tuple[Form, ...] = (
    (r"(?P<what>.*?)\s*(?:is |are |lies? )?(?:between|from) (?P<low>.+?) (?:and|to|until) (?P<high>.+)", _between),
    (r"(?P<what>.+?) (?:is |are )?(?P<word>not negative|not zero|negative|positive|zero)(?P<after>)", _signed),
    (r"(?P<word>not negative|negative|positive|zero) (?P<after>.+)(?P<what>)", _signed),
    (
        r"(?P<what>.+?) (?:is|are) (?P<word>(?:not )?(?:missing|empty|null|blank)|there|known|filled)",
        _missing,
    ),
    (
        (
            r"(?P<what>.+?) (?P<word>(?:do(?:es)? ?n[o']t )?(?:contains?|includes?|starts? with|begins? "
            r"with|ends? (?:with|in)))s? (?P<text>.+)"
        ),
        _like,
    ),
    (
        (
            rf"(?P<what>.*?)\s*(?:is |are |was |were )?(?P<word>{_WHEN}) (?P<when>(?:the )?(?:year )?(?:\d{{4}}.*|"
            rf"[a-z]{{3,9}}\.? .*\d{{4}}|\d{{1,2}}\..*\d{{4}}|q[1-4].*))"
        ),
        _time,
    ),
    (r"(?P<what>)(?P<word>)(?P<when>\d{4}(?:-\d\d?){0,2}|[a-z]+ \d{4})", _time),
    (rf"(?P<what>.+?) (?:is |are )?(?P<word>{SIGN_WORDS}) (?P<when>.+)", _number),
    (r"(?P<what>.+?)\s*(?P<word>>=|<=|>|<)\s*(?P<when>.+)", _number),
    (
        (
            r"(?P<what>.+?) (?:is|are|=|equals|in)(?P<no> not| no| neither|n't)?(?: one of| in| any of|"
            r" equal to)? (?P<values>.+)"
        ),
        _equals,
    ),
    (r"(?P<what>.+?)\s*(?P<no>!=|<>)\s*(?P<values>.+)", _equals),
    (r"(?P<what>.+?)\s*=(?P<no>)\s*(?P<values>.+)", _equals),
)
