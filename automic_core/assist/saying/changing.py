"""Clauses that change columns, as steps."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.saying import Unclear, Wish
from automic_core.assist.saying.terms import bare, number, quoted
from automic_core.assist.saying.texting import TEXT, cleaned, split

Reader = Callable[[re.Match[str], Columns], list[Wish]]
TYPES = {
    "integer": "integer", "int": "integer", "whole number": "integer", "number": "decimal", "numeric": "decimal",
    "decimal": "decimal", "float": "float", "double": "float", "date": "date", "datetime": "datetime",
    "timestamp": "datetime", "time": "time", "boolean": "boolean", "bool": "boolean", "true/false": "boolean",
    "yes/no": "boolean", "text": "string", "string": "string", "json": "json",
}  # fmt: skip
TYPE_WORDS = "|".join(sorted(map(re.escape, TYPES), key=len, reverse=True))
_PARTS = {
    "year": "year", "month": "month", "day": "day", "quarter": "quarter", "hour": "hour", "minute": "minute",
    "week": "week", "weekday": "dayofweek", "day of the week": "dayofweek", "day of week": "dayofweek",
    "day of the year": "dayofyear", "day of year": "dayofyear",
}  # fmt: skip
_FILLS = {"mean": "mean", "average": "mean", "median": "median", "mode": "mode", "most frequent value": "mode"}


def _clean(match: re.Match[str], columns: Columns) -> list[Wish]:
    return cleaned(match["ops"], match["what"], columns)


def _split(match: re.Match[str], columns: Columns) -> list[Wish]:
    return split(match["what"], match["by"], match["into"], columns)


def _rename(match: re.Match[str], columns: Columns) -> list[Wish]:
    old, new = columns.one(match["old"]), _name(match["new"])
    return [Wish("step", "rename", {"columns": {old: new}}, f"Rename {old} to {new}")]


def _name(text: str) -> str:
    """A name for a column as it was written, words joined.

    Raises:
        Unclear: Nothing is left of it.
    """
    name = bare(text) if text.strip()[:1] in "'\"`" else re.sub(r"\W+", "_", bare(text)).strip("_")
    if not name:
        raise Unclear(f"{text!r} cannot name a column.")
    return name


def _drop_columns(match: re.Match[str], columns: Columns) -> list[Wish]:
    gone = columns.several(match["what"])
    return [Wish("step", "select", {"exclude": gone}, f"Leave out {', '.join(gone)}")]


def _keep_columns(match: re.Match[str], columns: Columns) -> list[Wish]:
    kept = columns.several(match["what"])
    return [Wish("step", "select", {"columns": kept}, f"Keep only the columns {', '.join(kept)}")]


def _cast(match: re.Match[str], columns: Columns) -> list[Wish]:
    wanted = TYPES[" ".join(match["type"].lower().split())]
    names = columns.several(match["what"])
    words = f"a value that is no {wanted} sends its row to quarantine"
    return [Wish("step", "cast", {"types": dict.fromkeys(names, wanted)}, f"Make {', '.join(names)} {wanted}", words)]


def _part(match: re.Match[str], columns: Columns) -> list[Wish]:
    part = _PARTS[" ".join(match["part"].lower().split())]
    name = columns.one(match["what"])
    if columns.rows.schema[name] not in (pl.Date, pl.Datetime):
        raise Unclear(f"{name} is no date.", f"Say first: cast {name} to date.")
    made = _name(match["name"]) if match["name"] else f"{name}_{part}"
    wish = Wish("step", "derive", {"column": made, "sql": f"{part}({quoted(name)})"}, f"{made}: {part} of {name}")
    return [wish]


def _piece(match: re.Match[str], columns: Columns) -> list[Wish]:
    """Domain or user of an e-mail address, first word, last characters."""
    name, piece = columns.one(match["what"]), match["piece"].lower()
    text = quoted(name)
    if columns.rows.schema[name] != pl.String:
        raise Unclear(f"{name} is no text.")
    if piece in ("domain", "host"):
        end, sql = "domain", f"split_part({text}, '@', 2)"
    elif piece in ("user", "local part", "user name"):
        end, sql = "user", f"split_part({text}, '@', 1)"
    elif piece == "first word":
        end, sql = "first", f"split_part({text}, ' ', 1)"
    else:
        count = int(number(match["count"]))
        side = "left" if piece.startswith("first") else "right"
        end, sql = f"{piece.split()[0]}_{count}", f"{side}({text}, {count})"
    made = _name(match["name"]) if match["name"] else f"{name}_{end}"
    return [Wish("step", "derive", {"column": made, "sql": f"nullif({sql}, '')"}, f"{made}: {piece} of {name}")]


def _combine(match: re.Match[str], columns: Columns) -> list[Wish]:
    names = columns.several(match["what"])
    if len(names) < 2:
        raise Unclear(f"{match['what'].strip()!r} means {', '.join(names)} only.", "Name two columns or more.")
    between = bare(match["by"]) if match["by"] else " "
    between = {"comma": ", ", "space": " ", "blank": " ", "dash": "-", "hyphen": "-", "": " "}.get(between, between)
    made = _name(match["name"]) if match["name"] else _together(names)
    texts = [quoted(n) if n in columns.texts else f"CAST({quoted(n)} AS VARCHAR)" for n in names]
    sql = f"nullif(concat_ws('{between}', {', '.join(texts)}), '')"
    why = f"joined by {between!r}; a missing part is left out"
    return [Wish("step", "derive", {"column": made, "sql": sql}, f"{made}: {' and '.join(names)} together", why)]


def _together(names: list[str]) -> str:
    """ "full_name" for first_name and last_name."""
    ends = {name.lower().rpartition("_")[2] for name in names}
    return f"full_{ends.pop()}" if len(ends) == 1 else "_".join(names)


def _fill(match: re.Match[str], columns: Columns) -> list[Wish]:
    names, by = columns.several(match["what"]), bare(match["by"]).lower().removeprefix("the ")
    options: dict[str, object] = {"strategy": "fill", "fields": names}
    if by in _FILLS:
        options["fill_method"] = _FILLS[by]
    else:
        numeric = all(columns.rows.schema[name].is_numeric() for name in names)
        options["fill_value"] = number(by) if numeric else bare(match["by"])
    return [Wish("step", "nulls", options, f"Fill what is missing in {', '.join(names)} with {by}")]


def _replace(match: re.Match[str], columns: Columns) -> list[Wish]:
    names = columns.several(match["what"]) if match["what"] else columns.texts
    old, new = bare(match["old"]), match["new"].strip().strip("'\"`")
    new = "" if new.lower() in ("nothing", "empty") else new
    options = {"columns": names, "replace": [{"find": old, "by": new}]}
    return [Wish("step", "text", options, f"Replace {old!r} by {new!r} in {', '.join(names)}")]


def _round(match: re.Match[str], columns: Columns) -> list[Wish]:
    places = int(number(match["places"])) if match["places"] else 0
    names = columns.several(match["what"])
    return [
        Wish(
            "step",
            "derive",
            {"column": name, "sql": f"round({quoted(name)}, {places})"},
            f"Round {name} to {places} decimals",
        )
        for name in names
    ]


def _formula(match: re.Match[str], columns: Columns) -> list[Wish]:
    """ "total = quantity * unit price"."""
    made = _name(match["name"])
    sql = re.sub(r"\btimes\b|\u00d7", "*", match["sql"])
    for word, sign in (("divided by", "/"), ("plus", "+"), ("minus", "-"), ("multiplied by", "*")):
        sql = re.sub(rf"\b{word}\b", sign, sql)
    parts = re.split(r"(\s*[-+*/()]\s*)", sql)
    written = [_operand(part, columns) if i % 2 == 0 and part.strip() else part for i, part in enumerate(parts)]
    return [Wish("step", "derive", {"column": made, "sql": "".join(written).strip()}, f"{made} = {sql.strip()}")]


def _operand(text: str, columns: Columns) -> str:
    return text.strip() if re.fullmatch(r"[\d.]+", text.strip()) else quoted(columns.one(text))


def _multiply(match: re.Match[str], columns: Columns) -> list[Wish]:
    one, other = columns.one(match["one"]), columns.one(match["other"])
    made = _name(match["name"]) if match["name"] else f"{one}_{other}"
    sign = {"multiply": "*", "add": "+", "subtract": "-", "divide": "/"}[match["verb"].lower()]
    if match["verb"].lower() == "subtract":  # "subtract a from b"
        one, other = other, one
    sql = f"{quoted(one)} {sign} {quoted(other)}"
    return [Wish("step", "derive", {"column": made, "sql": sql}, f"{made} = {one} {sign} {other}")]


_AS = (
    r"(?: (?:as|into|to|in|named|called)(?: a| the)?(?: new)?(?: column| field)?(?: (?:named|called))? "
    r"(?P<name>[\w'\"` ]+))?"
)
_PART_WORDS = "|".join(sorted(map(re.escape, _PARTS), key=len, reverse=True))
READERS: tuple[tuple[str, Reader], ...] = (
    (
        (
            rf"(?P<ops>{TEXT}(?:(?:,| and|, and) {TEXT})*)(?: blanks| spaces| whitespace)?(?: (?:around|"
            r"of|in|from))? (?P<what>.+)"
        ),
        _clean,
    ),
    (
        (
            r"(?:make|turn|change|convert|put|write) (?P<what>.+?) (?:to |into |in |all )?(?P<ops>lower "
            r"?case|upper ?case|title ?case|capitals|small letters)(?: letters)?"
        ),
        _clean,
    ),
    (r"split (?:up )?(?P<what>.+?)(?: (?:by|at|on) (?P<by>'[^']*'|\"[^\"]*\"|.+?))?(?: into (?P<into>.+))?", _split),
    (r"(?:rename|call) (?P<old>.+?) (?:to|as|into) (?P<new>.+)", _rename),
    (
        r"(?:drop|remove|delete|exclude|discard|leave out|ignore) (?:the )?(?:columns?|fields?) (?P<what>.+)",
        _drop_columns,
    ),
    (
        r"(?:drop|remove|delete|exclude|discard|leave out|ignore) (?:the )?(?P<what>.+) (?:columns?|fields?)",
        _drop_columns,
    ),
    (r"(?:keep|select|take)(?: only)? (?:the )?(?:columns?|fields?) (?P<what>.+)", _keep_columns),
    (
        (
            r"(?:cast|change|convert|turn|make|parse|read|treat) (?P<what>.+?) (?:to |into |as |be )?(?:an? "
            rf")?(?P<type>{TYPE_WORDS})s?"
        ),
        _cast,
    ),
    (
        (
            rf"(?:extract|get|take|add|derive|compute) (?:the )?(?P<part>{_PART_WORDS}) (?:of|from|out of) "
            rf"(?:the )?(?P<what>.+?){_AS}"
        ),
        _part,
    ),
    (
        (
            r"(?:extract|get|take|add|derive) (?:the )?(?P<piece>domain|host|user name|user|local part|"
            r"first word|first (?P<count>\d+) (?:characters|letters|digits|signs)|last (?:\d+) (?:characters|"
            rf"letters|digits|signs)) (?:of|from|out of) (?:the )?(?P<what>.+?){_AS}"
        ),
        _piece,
    ),
    (
        (
            r"(?:combine|concat(?:enate)?|join|merge|glue|put together) (?P<what>.+?)(?: (?:by|with|using|"
            rf"separated by) (?:an? )?(?P<by>'[^']*'|\"[^\"]*\"|comma|space|blank|dash|hyphen))?{_AS}"
        ),
        _combine,
    ),
    (
        (
            r"(?:fill|impute|replace|set)(?: in)? (?:the )?(?:missing|empty|null|blank)(?: values?)?(?: "
            r"(?:of|in|for))? (?P<what>.+?) (?:with|by|to) (?P<by>.+)"
        ),
        _fill,
    ),
    (r"(?:fill|impute)(?: in)? (?P<what>.+?) (?:with|by) (?P<by>.+)", _fill),
    (
        r"replace (?P<old>'[^']*'|\"[^\"]*\"|\S+) (?:with|by) (?P<new>'[^']*'|\"[^\"]*\"|\S+)(?: in (?P<what>.+))?",
        _replace,
    ),
    (r"round (?P<what>.+?)(?: (?:to|at) (?P<places>\w+)(?: decimals?| digits?| places?| decimal places)?)?", _round),
    (
        (
            r"(?:(?:add|compute|calculate|derive|set|let)(?: a| the)?(?: new)?(?: column| field)? )?(?P<name>[\w "
            r"]+?) (?:=|as|equals|is) (?P<sql>[^=<>]+[-+*/\u00d7][^=<>]+|.+ (?:times|plus|minus|divided "
            r"by|multiplied by) .+)"
        ),
        _formula,
    ),
    (rf"(?P<verb>multiply|add|subtract|divide) (?P<one>.+?) (?:by|with|and|to|from) (?P<other>.+?){_AS}", _multiply),
)
