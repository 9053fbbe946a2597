"""What may stand in a SQL expression, decided on its text before anything compiles it.

Compiling is already dangerous: Polars opens the file of a ``read_csv`` in a subquery while it plans, and a chain of
tens of thousands of operators overflows the native stack. So the text is split by a strict lexer that refuses whatever
two SQL dialects could read differently (comments, dollar quotes, prefixed strings, a backslash before a quote), and
every call must be of a known row function.
"""

from __future__ import annotations

import difflib
import re

from automic_core.errors import TransformError

_ROW = """
    abs acos acosd array_contains array_get array_length array_lower array_mean array_reverse array_sum
    array_to_string array_unique array_upper asin asind atan atan2 atan2d atand bit_and bit_count bit_length
    bit_not bit_or bit_xor cast cbrt ceil ceiling char_length character_length coalesce concat concat_ws cos
    cosd cot cotd current_date current_time current_timestamp date date_part day dayofmonth dayofweek
    dayofyear degrees div ends_with exp extract floor greatest hour if ifnull initcap least left length ln log
    log10 log1p log2 lower lpad ltrim minute mod month normalize now nullif octet_length pi position pow power
    quarter radians regexp_like regexp_replace replace reverse right round rpad rtrim second sign sin sind
    split_part sqrt starts_with strftime string_to_array strpos strptime substr substring tan tand time
    timestamp trim trunc truncate try_cast upper week year
"""
ROW_FUNCTIONS = frozenset(_ROW.split())
"""Functions of one row."""

_TABLE = """
    approx_quantile array_agg avg corr count covar covar_pop covar_samp cume_dist dense_rank first first_value
    grouping lag last last_value lead listagg max mean median min nth_value ntile percent_rank percentile_cont
    quantile quantile_cont quantile_disc rank row_number std stddev stddev_pop stddev_samp stdev stdev_samp
    string_agg sum unnest var variance
"""
TABLE_FUNCTIONS = frozenset(_TABLE.split())
"""Functions of many rows, or of one row that give many."""

_SYNTAX = """
    and array between by case decimal dec else escape ilike in interval is like not numeric or rlike then
    varchar char when float datetime
"""
_BEFORE_PARENTHESIS = frozenset(_SYNTAX.split())
_FROM_INSIDE = frozenset({"extract", "trim", "substring"})
_OPERATORS_AT_MOST = 1_000
_CLOCK = frozenset({"now", "current_date", "current_time", "current_timestamp"})

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>'(?:[^']|'')*')
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
      | (?P<word>[^\W\d]\w*)
      | (?P<comment>--|/\*|\*/)
      | (?P<operator><=>|->>|->|\|\||::|<=|>=|<>|!=|==|!~\*|!~|~\*|//|[-+*/%=<>~&|])
      | (?P<mark>[(),.\[\]:])""",
    re.VERBOSE,
)


def check(sql: str) -> None:
    """Refuse text that is not one expression over the values of one row.

    Raises:
        TransformError: Names the expression, the position (from 1) and what stands there.
    """
    before, before_kind, touching = "", "", False
    calls: list[str] = []
    operators = position = 0
    while position < len(sql):
        found = _TOKEN.match(sql, position)
        if found is None or found.lastgroup is None:
            raise _refused(sql, position, f"{sql[position]!r} cannot be read", _character_hint(sql[position]))
        kind, text = found.lastgroup, found.group()
        word = text.lower()
        if kind == "comment":
            raise _refused(sql, position, "comments are not part of an expression", "Leave it out.")
        if kind in {"string", "quoted"}:
            if touching and before_kind == "word":
                raise _refused(sql, position - len(before), f"{before}{text[:1]} is no string", "Use plain 'quotes'.")
            if "\\'" in text or '\\"' in text:
                raise _refused(
                    sql, position, "a backslash before a quote", "Write a quote in a text as two quotes: ''."
                )
        if kind == "operator" or word in {"and", "or", "when", "like", "ilike", "not", "is"}:
            operators += 1
            if operators > _OPERATORS_AT_MOST:
                raise _refused(sql, position, f"more than {_OPERATORS_AT_MOST} operators", "Use several derive steps.")
        if word == "select":
            raise _refused(sql, position, "a subquery or statement", "Write one expression; bring tables in by join.")
        if word == "from" and not (calls and calls[-1] in _FROM_INSIDE):
            raise _refused(sql, position, "FROM reads a table", 'A column of this name is written "from".')
        if text == "(":
            _check_call(sql, position, before, before_kind)
            calls.append(before.lower() if before_kind == "word" else "")
        elif text == ")" and calls:
            calls.pop()
        touching = kind != "space"
        if touching:
            before, before_kind = text, kind
        position = found.end()


def clock(sql: str) -> str | None:
    """The first word of a checked expression that asks what time it is, or None."""
    words = [found for found in _TOKEN.finditer(sql) if found.lastgroup != "space"]
    for word, following in zip(words, [*words[1:], None], strict=True):
        text = word.group().lower()
        called = following is not None and following.group() == "("
        if text in _CLOCK and (text != "now" or called):
            return text
    return None


def _check_call(sql: str, position: int, before: str, kind: str) -> None:
    """Refuse a call of anything but a function of one row."""
    name = before.lower()
    if kind == "quoted":
        raise _refused(sql, position, f"{before} is called like a function", "Function names are not quoted.")
    if kind != "word" or name in ROW_FUNCTIONS or name in _BEFORE_PARENTHESIS:
        return
    at = position - len(before)
    if name in TABLE_FUNCTIONS or name in {"over", "filter", "within"}:
        hint = "An expression sees one row at a time; use the aggregate step."
        raise _refused(sql, at, f"{before.upper()} needs many rows", hint)
    if name in {"exists", "any", "all", "some"}:
        raise _refused(sql, at, f"{before.upper()} needs a subquery", "Bring the other table in by a join step.")
    near = difflib.get_close_matches(name, ROW_FUNCTIONS, 1)
    hint = f"Did you mean {near[0]}?" if near else "Functions: abs, coalesce, concat, lower, round, substr, year …"
    raise _refused(sql, at, f"there is no function {before!r}", hint)


def _character_hint(character: str) -> str:
    if character in "'\"":
        return "Close the quote; a quote in a text is written twice."
    if character == ";":
        return "Write one expression, no statement."
    return "Texts stand in 'single', names with odd characters in \"double\" quotes."


def _refused(sql: str, position: int, what: str, hint: str) -> TransformError:
    shown = sql if len(sql) <= 200 else f"{sql[:200]}…"
    return TransformError(f"SQL expression {shown!r}, position {position + 1}: {what}.", hint)
