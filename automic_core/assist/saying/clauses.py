"""A text as clauses, one wish each."""

from __future__ import annotations

import re

VERBS = (
    "add|aggregate|anonymi[sz]e|calculate|capitali[sz]e|cast|change|clean|collapse|combine|compute|concatenate|concat|"
    "convert|deduplicate|dedupe|delete|derive|discard|drop|exclude|express|extract|fill|filter|get|give|ignore|impute|"
    "join|keep|leave|limit|lowercase|lower|make|merge|multiply|normali[sz]e|only|order|parse|put|remove|rename|replace|"
    "round|select|sort|split|standardi[sz]e|strip|subtract|sum|take|throw|title-?case|transform|translate|trim|turn|"
    "uppercase|upper|classify|tag|categori[sz]e|label|pull"
)
_BARE = re.compile(
    r"(?:trim|strip|lower(?:case)?|upper(?:case)?|capitali[sz]e|title-?case|collapse|clean)(?: (?:and|,) .*)?$", re.I
)
_APART = re.compile(
    rf"\s*(?:[;\n]+|\.(?=\s|$)|,?\s*\b(?:and )?then\b|,?\s+and\s+(?=(?:{VERBS})\b)|,\s*(?=(?:{VERBS})\b))\s*", re.I
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_POLITE = re.compile(
    r"^(?:please|kindly|and|also|then|i want to|i'd like to|we need to|let's|can you|could you)\s+", re.I
)


def clauses(text: str) -> list[str]:
    """The clauses of a text; what stands in quotes is never cut, and "trim and lowercase x" is one."""
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x00"

    plain = text
    for quote, simple in (("\u2018", "'"), ("\u2019", "'"), ("\u201c", '"'), ("\u201d", '"')):
        plain = plain.replace(quote, simple)
    hidden = re.sub(r"(?<=\w)'(?=\w)", "\x01", plain)  # an apostrophe is no quote
    hidden = _QUOTED.sub(hide, hidden)
    parts = [part.strip(" ,") for part in _APART.split(hidden)]
    found: list[str] = []
    waiting = ""
    for part in parts:
        while _POLITE.match(part):
            part = _POLITE.sub("", part, count=1)
        if not part:
            continue
        whole = f"{waiting} and {part}" if waiting else part
        if _BARE.match(part):
            waiting = whole
            continue
        found.append(whole)
        waiting = ""
    if waiting:
        found.append(waiting)
    shown = [re.sub(r"\x00(\d+)\x00", lambda match: kept[int(match[1])], part) for part in found]
    return [part.replace("\x01", "'").rstrip(".!") for part in shown]
