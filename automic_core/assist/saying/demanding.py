"""Clauses that demand something of the data, as rules of the library."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import polars as pl

from automic_core.assist.saying.changing import TYPE_WORDS, TYPES
from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.conditions import condition
from automic_core.assist.saying.forms import FORMS, form_of
from automic_core.assist.saying.plausible import plausible
from automic_core.assist.saying.referring import refers
from automic_core.assist.saying.saying import Others, Unclear, Wish
from automic_core.assist.saying.terms import as_written, bare, listed, literal, number, quoted, span


def _not_null(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    names = columns.several(match["what"])
    return [Wish("rule", "not_null", {"columns": [name]}, f"{name} is never missing") for name in names]


def _every_has(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    """ "every order has a customer": a key of another table if there is one, else a value that must be there."""
    found = refers(match["what"], columns, others)
    return found or _not_null(match, columns, others)


def _refers(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    found = refers(match["what"], columns, others, match["table"])
    if not found:
        raise Unclear(f"No table that {match['table'].strip()!r} means has a key for it.", f"Tables: {_known(others)}.")
    return found


def _known(others: Others) -> str:
    return ", ".join(others.columns) or "this is the only one"


def _unique(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    names = columns.several(match["what"])
    return [Wish("rule", "unique", {"columns": names}, f"{' + '.join(names)} is unique")]


def _not_negative(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    names = _numeric(match["what"], columns)
    return [Wish("rule", "range", {"columns": names, "min": 0}, f"{', '.join(names)} is not negative")]


def _sign(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    sign, told = ("<", "below") if "negative" in match["word"].lower() else (">", "above")
    return [
        _sql(f"{quoted(name)} {sign} 0", [name], f"{name} is {told} 0") for name in _numeric(match["what"], columns)
    ]


def _numeric(what: str, columns: Columns) -> list[str]:
    names = columns.several(what)
    wrong = [name for name in names if not columns.rows.schema[name].is_numeric()]
    if wrong:
        raise Unclear(f"{wrong[0]} is no number.", f"Say first: cast {wrong[0]} to decimal.")
    return names


def _plausible(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    return [wish for name in columns.several(match["what"]) for wish in plausible(name, columns)]


def _sql(sql: str, names: list[str], title: str, why: str = "") -> Wish:
    return Wish("rule", "sql", {"sql": sql, "columns": names}, title, why)


def _between(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    names = columns.several(match["what"])
    if all(name in columns.dates for name in names):
        low, high = span(match["low"]), span(match["high"])
        if not low or not high:
            raise Unclear(f"{match['low']!r} or {match['high']!r} is no day.", "Write 2024-01-31, or a year.")
        bounds: dict[str, Any] = {"min": low.first.isoformat(), "max": high.last.isoformat()}
    else:
        bounds = {"min": number(match["low"]), "max": number(match["high"])}
    title = f"{', '.join(names)} lies between {bounds['min']} and {bounds['max']}"
    return [Wish("rule", "range", {"columns": names, **bounds}, title)]


_ENDS = {"at least": "min", "at most": "max", "not below": "min", "not above": "max", "no more than": "max",
         "no less than": "min", ">=": "min", "<=": "max", "not exceed": "max", "not be above": "max",
         "not be below": "min", "up to": "max", "not be less than": "min", "not be more than": "max"}  # fmt: skip
END_WORDS = "|".join(sorted(map(re.escape, _ENDS), key=len, reverse=True))


def _bound(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    names, end = columns.several(match["what"]), _ENDS[" ".join(match["word"].lower().split())]
    value: Any = number(match["value"])
    title = f"{', '.join(names)} is {'at least' if end == 'min' else 'at most'} {value}"
    return [Wish("rule", "range", {"columns": names, end: value}, title)]


def _compared(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    """Two columns ("start is before end"), or a column and a value."""
    said = f"{match['what']} {match['word']} {match['value']}"
    try:
        right = columns.one(match["value"])
    except Unclear:
        found = condition(said, columns)
        name = columns.one(match["what"]) if match["what"].strip() else columns.dates[0]
        return [_sql(found.sql, [name], found.said, found.why)]
    left, word = columns.one(match["what"]), match["word"].lower()
    sign = "<=" if re.match(r"before|below|under|less|earlier|not after|not above|smaller|<|at most", word) else ">="
    strict = re.match(r"strictly|less|more|above|below|larger|greater|smaller|>|<", word) and "=" not in word
    sign = sign[0] if strict else sign
    words = {"<=": "is not after", ">=": "is not before", "<": "is below", ">": "is above"}
    return [_sql(f"{quoted(left)} {sign} {quoted(right)}", [left, right], f"{left} {words[sign]} {right}",
                 "" if strict else "equal ones pass")]  # fmt: skip


def _future(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    names = columns.several(match["what"])
    if wrong := [name for name in names if name not in columns.dates]:
        raise Unclear(f"{wrong[0]} is no date.", f"Say first: cast {wrong[0]} to date.")
    past = "past" in match["word"].lower()
    day = {
        name: quoted(name) if columns.rows.schema[name] == pl.Date else f"CAST({quoted(name)} AS DATE)"
        for name in names
    }
    sign, told = (">=", "not in the past") if past and "not" in match["word"].lower() else ("<=", "not in the future")
    return [_sql(f"{day[name]} {sign} current_date", [name], f"{name} is {told}") for name in names]


def _among(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    name = columns.one(match["what"])
    said = listed(match["values"])
    values = as_written(said, columns.rows[name])
    if len(values) < 2 and not re.search(r"one of|in|only|always", match["word"], re.IGNORECASE):
        raise Unclear(f"{match.group()!r} names one value only.", f"Say: {name} is always {bare(match['values'])}.")
    options = {"columns": [name], "values": values}
    return [Wish("rule", "set", options, f"{name} is one of {', '.join(map(str, values))}")]


def _none_of(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    name = columns.one(match["what"])
    values = as_written(listed(match["values"]), columns.rows[name])
    sql = f"{quoted(name)} NOT IN ({', '.join(map(literal, values))})"
    return [_sql(sql, [name], f"{name} is none of {', '.join(map(str, values))}")]


def _type(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    kind = TYPES[" ".join(match["type"].lower().split())]
    names = columns.several(match["what"])
    return [Wish("rule", "type", {"columns": names, "type": kind}, f"{', '.join(names)} can be read as {kind}")]


def _length(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    name, count = columns.one(match["what"]), int(number(match["count"]))
    if re.match(r"digits?", match["unit"], re.IGNORECASE):
        form = {"": f"{{{count}}}", "at least": f"{{{count},}}", "at most": f"{{1,{count}}}"}[
            (match["end"] or "").lower()
        ]
        options: dict[str, Any] = {"columns": [name], "pattern": rf"\d{form}"}
        return [Wish("rule", "regex", options, f"{name} has {match['end'] or ''} {count} digits".replace("  ", " "))]
    ends = {"at least": {"min": count}, "at most": {"max": count}}.get((match["end"] or "").lower())
    options = {"columns": [name], **(ends or {"min": count, "max": count})}
    return [Wish("rule", "length", options, f"{name} has {match['end'] or 'exactly'} {count} characters")]


def _starts(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    name, text = columns.one(match["what"]), re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", bare(match["text"]))
    start = re.match(r"start|begin", match["word"], re.IGNORECASE)
    pattern = f"{text}.*" if start else f".*{text}"
    title = f"{name} {'starts' if start else 'ends'} with {bare(match['text'])}"
    return [Wish("rule", "regex", {"columns": [name], "pattern": f"(?s){pattern}"}, title)]


def _matches(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    name, pattern = columns.one(match["what"]), bare(match["pattern"])
    return [Wish("rule", "regex", {"columns": [name], "pattern": pattern}, f"{name} matches {pattern}")]


def _valid(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    """ "email must be valid", "phone is a valid phone number"."""
    found = []
    for name in columns.several(match["what"]):
        kind = form_of(match["kind"] or "", match["what"], name, columns)
        if kind is None:
            raise Unclear(
                f"I do not know what makes {name} valid.", f"Say it: one of …, between …, or: {', '.join(FORMS)}."
            )
        form = FORMS[kind]
        options = {"columns": [name], **form.options}
        found.append(Wish("rule", form.kind, options, f"{name} is {form.title}", form.why))
    return found


def _depends(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    left, right = columns.several(match["what"]), columns.one(match["settled"])
    options = {"columns": left, "settles": right, "action": "warn"}
    return [Wish("rule", "dependency", options, f"{' and '.join(left)} settle{'s' if len(left) == 1 else ''} {right}")]


def _count(match: re.Match[str], columns: Columns, others: Others) -> list[Wish]:
    count = int(number(match["count"]))
    least = match["end"].lower() in ("at least", "more than")
    options = {"min": count} if least else {"min": 0, "max": count}
    return [Wish("rule", "row_count", options, f"The table has {match['end'].lower()} {count:,} rows")]


_MUST = (
    r"(?:(?:must|should|has to|have to|needs? to|ought to|shall|can only|may only|will) (?:always "
    r")?be|is always|are always|is|are|be|:)"
)
_NOT = (
    r"(?:(?:must|should|may|can|shall) ?(?:not|never)(?: be)?|mustn't be|shouldn't be|can't be|"
    r"cannot be|cannot|is never|are never|is not|are not|isn't|aren't|never|not)"
)
_EVERY = r"(?:(?:the|each|every|all) )?"
_MISSING = r"(?:missing|empty|null|blank|unknown)"
_NOT_NEGATIVE = (
    r"(?:(?:must|should|can|may|shall) ?not|cannot|can't|mustn't|shouldn't|is not|are not|isn't|"
    r"aren't|(?:is|are|must|should|can)? ?never)(?: be)? negative|(?:must be |should be |is |are "
    r")?(?:non-negative|0 or more|zero or more)"
)
Reader = Callable[[re.Match[str], Columns, Others], list[Wish]]
READERS: tuple[tuple[str, Reader], ...] = (
    (rf"{_EVERY}(?P<what>.+?) {_NOT} (?:be )?{_MISSING}", _not_null),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:is|are|must be|should be) (?:required|mandatory|compulsory|obligatory|"
            r"filled(?: in)?|present|given|there|known|complete|not null)"
        ),
        _not_null,
    ),
    (r"(?:the |all )?\w+ (?:must|should|need to) have (?:an? |its |their )?(?P<what>(?!.*\d).+)", _every_has),
    (r"no (?:missing|empty|null|blank) (?P<what>.+)", _not_null),
    (
        (
            r"(?:every|each|all) (?:\w+) (?:must |should )?(?:has|have|needs?|have got) (?:to have )?(?:an? "
            r"|its |their )?(?P<what>.+)"
        ),
        _every_has,
    ),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:must |should )?(?:exists?|is|be|occurs?|is found|appears?|is there|"
            r"is known) in (?:the )?(?:table )?(?P<table>[\w.]+)(?: table)?(?<!\d)"
        ),
        _refers,
    ),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:must |should )?(?:refers?|points?|belongs?) to (?:an? |the )?(?:existing "
            r")?(?P<table>[\w.]+)"
        ),
        _refers,
    ),
    (rf"{_EVERY}(?P<what>.+?) {_MUST} (?:unique|distinct|different(?: in (?:each|every) row)?)", _unique),
    (
        (
            r"(?:there are )?no (?:duplicates?|repeated|two (?:rows|records) (?:with|have|share) the same) "
            r"(?:in |of |by )?(?P<what>.+)"
        ),
        _unique,
    ),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:must |should |may |can |cannot |{_MUST} )?(?:not )?(?:be )?(?:plausible|"
            r"reasonable|sensible|realistic)"
        ),
        _plausible,
    ),
    (rf"{_EVERY}(?P<what>.+?) (?:{_NOT_NEGATIVE})", _not_negative),
    (rf"{_EVERY}(?P<what>.+?) (?:{_MUST} )?(?P<word>negative|positive|greater than zero|above zero)", _sign),
    (r"no negative (?P<what>.+)", _not_negative),
    (rf"{_EVERY}(?P<what>.+?) (?:{_NOT} )(?:in )?(?:the )?(?P<word>future)", _future),
    (rf"{_EVERY}(?P<what>.+?) (?:{_MUST} )(?:in )?(?:the )?(?P<word>past)", _future),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:{_MUST} |must lie |lies? )(?:in the range |in |of )?(?:between|from) "
            r"(?P<low>.+?) (?:and|to) (?P<high>.+)"
        ),
        _between,
    ),
    (
        (
            r"(?:there (?:are|must be) |the table has )?(?P<end>at least|at most|more than) (?P<count>[\d,]+) "
            r"(?:rows|records)"
        ),
        _count,
    ),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:must |should )?(?:have|has|is|be|are)(?: (?P<end>at least|at most|"
            r"exactly))? (?P<count>\d+) (?P<unit>digits?|characters?|letters|signs?)(?: long)?"
        ),
        _length,
    ),
    (rf"{_EVERY}(?P<what>.+?) (?:must |should )?(?P<word>starts?|begins?|ends?) with (?P<text>.+)", _starts),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:must |should )?(?:match|matches|follow|follows|have the (?:form|"
            r"pattern)) (?:the )?(?:pattern |regex |regular expression |form )?(?P<pattern>.*[\\^$\[(].*)"
        ),
        _matches,
    ),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:{_MUST} |must look like |looks? like )(?:an? )?(?:valid|correct|"
            r"well[- ]formed|proper|real)(?: (?P<kind>[\w -]+))?"
        ),
        _valid,
    ),
    (r"(?:valid|correct|well[- ]formed) (?P<what>.+?)(?P<kind>)(?: only)?", _valid),
    (rf"{_EVERY}(?P<what>.+?) {_MUST} (?:an? )?(?P<type>{TYPE_WORDS})s?", _type),
    (
        (
            rf"{_EVERY}(?P<what>.+?) {_MUST} an? (?P<kind>e-?mail(?: address)?|url|web address|iban|uuid|"
            r"phone number|ip address|postcode|currency(?: code)?|country code)"
        ),
        _valid,
    ),
    (rf"{_EVERY}(?P<what>.+?) (?:{_MUST} |must |should |may )?(?P<word>{END_WORDS}) (?P<value>[\d,.\-]+\S*)", _bound),
    (rf"{_EVERY}(?P<what>.+?) (?:settles?|determines?|defines?|implies|decides) (?:the )?(?P<settled>.+)", _depends),
    (r"(?:rows|records) with the same (?P<what>.+?) have the same (?P<settled>.+)", _depends),
    (rf"{_EVERY}(?P<what>.+?) {_NOT} (?:be )?(?:one of|any of|in) (?P<values>.+)", _none_of),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?:{_MUST} |must come |comes? )?(?P<word>(?:strictly )?(?:not )?(?:before|"
            r"after|below|above|under|over|less than|more than|greater than|larger than|smaller than|earlier "
            r"than|later than|>=|<=|>|<)) (?P<value>.+)"
        ),
        _compared,
    ),
    (
        (
            r"(?:the )?only (?:allowed |possible |valid )?(?:values? (?:of|for|in) )?(?P<what>.+?) (?P<word>are|"
            r"is) (?P<values>.+)"
        ),
        _among,
    ),
    (
        (
            rf"{_EVERY}(?P<what>.+?) (?P<word>{_MUST}(?: (?:one of|any of|either|in|only))?|in|only|(?:must|"
            r"can|may) only be) (?P<values>.+)"
        ),
        _among,
    ),
)
