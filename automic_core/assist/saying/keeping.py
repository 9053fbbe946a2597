"""Clauses that choose rows, as steps."""

from __future__ import annotations

import re
from typing import Any

from automic_core.assist.saying.changing import Reader
from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.conditions import condition
from automic_core.assist.saying.saying import Unclear, Wish
from automic_core.assist.saying.terms import number

_ROWS = r"(?:rows?|records?|lines?|entries|entry|ones)"


def _without(match: re.Match[str], columns: Columns) -> list[Wish]:
    """ "drop rows without id"."""
    names = columns.several(match["what"])
    strategy = "drop_all" if re.search(r"\ball\b", match["what"]) and len(names) > 1 else "drop"
    options = {"strategy": strategy, "fields": names}
    return [
        Wish("step", "nulls", options, f"Drop rows without {', '.join(names)}", "blank texts and N/A count as none")
    ]


def _filter(match: re.Match[str], columns: Columns) -> list[Wish]:
    """ "keep only orders after 2023", "drop rows where amount is 0"."""
    found = condition(match["what"], columns)
    drops = re.match(r"drop|remove|delete|exclude|discard|ignore|throw|filter out|leave out", match["verb"], re.I)
    sql = f"NOT coalesce({found.sql}, FALSE)" if drops else found.sql
    title = f"{'Drop' if drops else 'Keep only'} rows where {found.said}"
    return [Wish("step", "filter", {"sql": sql}, title, found.why)]


def _duplicates(match: re.Match[str], columns: Columns) -> list[Wish]:
    options: dict[str, Any] = {}
    if match["what"]:
        options = {"match_fields": columns.several(match["what"])}
        if set(options["match_fields"]) & set(columns.texts):
            options |= {"ignore_case": True, "ignore_blanks": True}
    if match["keep"]:
        last = re.search(r"last|newest|latest", match["keep"], re.IGNORECASE)
        options["merge_strategy"] = "keep_last" if last else "keep_first"
    about = f"the same {' and '.join(options['match_fields'])}" if match["what"] else "the same values"
    why = "case and blanks do not count" if "ignore_case" in options else ""
    return [Wish("step", "dedup", options, f"Merge rows with {about}", why)]


def _sort(match: re.Match[str], columns: Columns) -> list[Wish]:
    by = columns.several(match["what"])
    options: dict[str, Any] = {"by": by}
    down = bool(match["down"] and re.match(r"desc|down|largest|newest|high|z", match["down"].strip(" ,("), re.I))
    if down:
        options["descending"] = True
    return [Wish("step", "sort", options, f"Sort by {', '.join(by)}{', largest first' if down else ''}")]


def _limit(match: re.Match[str], columns: Columns) -> list[Wish]:
    count = int(number(match["count"]))
    if count < 0:
        raise Unclear(f"{count} is no number of rows.")
    return [Wish("step", "limit", {"rows": count}, f"Keep the first {count:,} rows")]


_GO = r"(?P<verb>drop|remove|delete|exclude|discard|ignore|throw away|filter out|leave out)"
_STAY = r"(?P<verb>keep only|only keep|keep|filter(?: for| to)?|only|restrict to|limit to|select|take only)"
READERS: tuple[tuple[str, Reader], ...] = (
    (
        (
            r"(?:(?:remove|drop|merge|delete|eliminate) (?:all )?(?:the )?duplicates?(?: rows?| records?)?|"
            r"de-?dup(?:licate|e)?(?: (?:rows|records|it|the table))?)"
            r"(?: (?:by|on|with the same|of the same|based on|with equal|in) (?P<what>.+?))?"
            r"(?:,? (?:and )?keep(?:ing)? (?:the )?(?P<keep>first|last|newest|latest|oldest).*)?"
        ),
        _duplicates,
    ),
    (
        (
            rf"{_GO} (?:all )?(?:the )?{_ROWS} (?:without|with no|lacking|that have no|which have no|with(?: "
            r"an?)? (?:missing|empty|null|blank)) (?P<what>.+)"
        ),
        _without,
    ),
    (
        (
            rf"{_GO} (?:all )?(?:the )?{_ROWS} (?:where|whose|if|when) (?:the )?(?P<what>.+?) (?:is|are) "
            r"(?:missing|empty|null|blank|not there)"
        ),
        _without,
    ),
    (
        (
            rf"(?:keep only|only keep|keep) (?:the )?{_ROWS} (?:with|that have|having|which have) (?:an? "
            r")?(?P<what>(?!.*(?:\d|[<>=])|.* (?:is|are|above|below|over|under|in|of) ).+)"
        ),
        _without,
    ),
    (r"(?:keep|take|limit(?: to)?|only)(?: only)? (?:the )?(?:first|top) (?P<count>[\d,]+)(?: rows| records)?", _limit),
    (r"limit (?:it )?to (?P<count>[\d,]+)(?: rows| records)?", _limit),
    (
        (
            r"(?:sort|order)(?: (?:it|them|rows|the rows|the table))? by (?P<what>.+?)"
            r"(?P<down>[ ,(]+(?:desc(?:ending)?|down|largest first|newest first|highest first|z to a|"
            r"asc(?:ending)?|"
            r"smallest first|oldest first)\)?)?"
        ),
        _sort,
    ),
    (rf"{_GO} (?P<what>.+)", _filter),
    (rf"{_STAY} (?P<what>.+)", _filter),
)
