"""Clauses about money and units: a rate is what was said, never invented; units are converted by definition."""

from __future__ import annotations

import re
from decimal import Decimal

from automic_core.assist.asking.words import name_words
from automic_core.assist.saying.changing import Reader
from automic_core.assist.saying.columns import Columns
from automic_core.assist.saying.saying import Unclear, Wish
from automic_core.assist.saying.terms import quoted
from automic_core.inference.codes import CURRENCIES

_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "euro": "EUR", "euros": "EUR", "dollar": "USD",
          "dollars": "USD", "pound": "GBP", "pounds": "GBP", "yen": "JPY", "francs": "CHF"}  # fmt: skip
_CODE = r"[A-Za-z]{3}\b|[€$£¥]|euros?|dollars?|pounds?|yen|francs"
_RATE = re.compile(rf"(?:1\s*)?({_CODE})\s*(?:=|is|at|per|:)\s*([\d.]+)\s*({_CODE})?", re.IGNORECASE)
_LENGTH = {"mm": "0.001", "cm": "0.01", "m": "1", "km": "1000", "in": "0.0254", "inch": "0.0254", "ft": "0.3048",
           "foot": "0.3048", "yd": "0.9144", "yard": "0.9144", "mi": "1609.344", "mile": "1609.344",
           "meter": "1", "metre": "1", "kilometer": "1000", "kilometre": "1000"}  # fmt: skip
_MASS = {"mg": "0.001", "g": "1", "kg": "1000", "t": "1000000", "oz": "28.349523125", "ounce": "28.349523125",
         "lb": "453.59237", "pound": "453.59237", "gram": "1", "kilogram": "1000", "ton": "1000000"}  # fmt: skip
_VOLUME = {"ml": "0.001", "cl": "0.01", "l": "1", "liter": "1", "litre": "1"}
_TIME = {"ms": "0.001", "s": "1", "sec": "1", "second": "1", "min": "60", "minute": "60", "h": "3600", "hour": "3600",
         "day": "86400", "d": "86400"}  # fmt: skip
_UNITS = (_LENGTH, _MASS, _VOLUME, _TIME)
"""Units by definition, each table relative to one of its units (NIST SP 811, appendix B)."""
_UNIT = "|".join(sorted({unit for table in _UNITS for unit in table}, key=len, reverse=True))


def _currency(match: re.Match[str], columns: Columns) -> list[Wish]:
    target = _code(match["to"])
    rates = {_code(one): Decimal(rate) for one, rate, into in _RATE.findall(match["rates"] or "")
             if not into or _code(into) == target}  # fmt: skip
    amounts = columns.several(match["what"])
    unread = [name for name in amounts if not columns.rows.schema[name].is_numeric()]
    if unread:
        raise Unclear(f"{unread[0]} is no number.", f"Say first: cast {unread[0]} to decimal.")
    if len(columns.currencies) > 1:
        raise Unclear(f"Several columns hold currencies: {', '.join(columns.currencies)}.", "Derive the amount by SQL.")
    if not columns.currencies:
        return [_alone(name, target, match, rates) for name in amounts]
    held = columns.currencies[0]
    codes = columns.rows[held].drop_nulls().str.strip_chars().str.to_uppercase().unique().sort().to_list()
    missing = [code for code in codes if code != target and code not in rates and code in CURRENCIES]
    if missing:
        raise _ask(match["what"], target, missing)
    code = f"upper(trim({quoted(held)}))"
    made = []
    for name in amounts:
        cases = [f"WHEN {code} = '{target}' THEN {quoted(name)}"]
        cases += [f"WHEN {code} = '{c}' THEN round({quoted(name)} * {rates[c]}, 2)" for c in codes if c in rates]
        column = f"{name}_{target.lower()}"
        said = ", ".join(f"1 {c} = {rates[c]} {target}" for c in codes if c in rates)
        why = f"by {held}, {said}; {name} stays; a row without a known currency gets none"
        options = {"column": column, "sql": f"CASE {' '.join(cases)} END"}
        made.append(Wish("step", "derive", options, f"{column}: {name} in {target}", why, (column,)))
    return made


def _ask(what: str, target: str, missing: list[str]) -> Unclear:
    shown = ", ".join(f"1 {code} = … {target}" for code in missing)
    words = "rate is" if len(missing) == 1 else "rates are"
    return Unclear(f"The {words} not known: {shown}.", f"Say: put {what.strip()} in {target}, {shown}")


def _alone(name: str, target: str, match: re.Match[str], rates: dict[str, Decimal]) -> Wish:
    """Without a column of currencies: all amounts are in the one that is said."""
    said = _code(match["from"]) if match["from"] else next(iter(rates), "")
    ends = [word.upper() for word in name_words(name) if word.upper() in CURRENCIES]
    source = said or (ends[0] if ends else "")
    if not source:
        raise Unclear("No column says which currency the amounts are in.", f"Say: 1 USD = … {target}, if all are USD.")
    if source not in rates:
        raise _ask(match["what"], target, [source])
    column = f"{name}_{target.lower()}"
    options = {"column": column, "sql": f"round({quoted(name)} * {rates[source]}, 2)"}
    why = (
        f"no column tells a currency, so all are taken as {source}, as you said; 1 {source} = {rates[source]} {target}"
    )
    return Wish("step", "derive", options, f"{column}: {name} in {target}", why, (column,))


def _code(text: str) -> str:
    plain = text.strip().lower()
    code = _SIGNS.get(plain, plain.upper())
    if code not in CURRENCIES:
        raise Unclear(f"{text.strip()!r} is no currency.", "Write its code: EUR, USD, GBP.")
    return code


def _unit(match: re.Match[str], columns: Columns) -> list[Wish]:
    target = _known(match["to"])
    made = []
    for name in columns.several(match["what"]):
        if not columns.rows.schema[name].is_numeric():
            raise Unclear(f"{name} is no number.", f"Say first: cast {name} to decimal.")
        own = [word for word in name_words(name) if any(word in table for table in _UNITS)]
        source = _known(match["from"]) if match["from"] else (own[-1] if own else "")
        if not source:
            raise Unclear(f"Nothing says in which unit {name} is.", f"Say: convert {name} from … to {target}.")
        table = next((each for each in _UNITS if source in each and target in each), None)
        if table is None:
            raise Unclear(f"{source} cannot become {target}.", f"How many {target} is 1 {source}? Derive it by SQL.")
        factor = (Decimal(table[source]) / Decimal(table[target])).normalize()
        stem = re.sub(rf"_{source}s?$", "", name, flags=re.IGNORECASE)
        column = f"{stem}_{target}"
        sql = f"CAST({quoted(name)} AS DOUBLE) * {factor:f}"
        why = f"1 {source} = {factor:f} {target}" + ("" if match["from"] else f", {source} by the name of {name}")
        wish = Wish("step", "derive", {"column": column, "sql": sql}, f"{column}: {name} in {target}", why, (column,))
        made.append(wish)
    return made


def _factor(match: re.Match[str], columns: Columns) -> list[Wish]:
    """Into a unit that is not known by definition: by the factor that was said."""
    target = match["to"].strip().lower()
    names = [name for name in columns.several(match["what"]) if columns.rows.schema[name].is_numeric()]
    if not names:
        raise Unclear(f"{match['what'].strip()!r} is no number.")
    if match["factor"] is None:
        raise Unclear(f"How much {target} is 1 of {names[0]}, is not known.",
                      f"Say: convert {match['what'].strip()} to {target}, 1 = … {target}")  # fmt: skip
    made = []
    for name in names:
        column = f"{name}_{target}"
        why = f"1 of {name} is {match['factor']} {target}, as you said"
        sql = f"CAST({quoted(name)} AS DOUBLE) * {match['factor']}"
        made.append(
            Wish("step", "derive", {"column": column, "sql": sql}, f"{column}: {name} in {target}", why, (column,))
        )
    return made


def _known(text: str) -> str:
    plain = text.strip().lower()
    return next(
        each for each in (plain, plain.removesuffix("s"), plain.removesuffix("es")) if any(each in t for t in _UNITS)
    )


_PUT = r"(?:put|convert|express|show|turn|change|give|translate|make|bring)"
READERS: tuple[tuple[str, Reader], ...] = (
    (
        (
            rf"{_PUT} (?P<what>.+?)(?: from (?P<from>{_UNIT}|{_UNIT}s|inches|feet))? (?:in|to|into) "
            rf"(?P<to>(?:{_UNIT})(?:e?s)?)"
        ),
        _unit,
    ),
    (
        (
            rf"{_PUT} (?P<what>.+?)(?: from (?P<from>{_CODE}))? (?:in|to|into) (?P<to>{_CODE})"
            r"(?P<rates>,?\s*(?:with|at|using|by|where|if|:)?(?: a rate of| rates?)?\s*.*)?"
        ),
        _currency,
    ),
    (
        (
            r"(?:put|convert|express) (?P<what>.+?) (?:in|to|into) (?P<to>[A-Za-z]{2,})(?:,? (?:with "
            r"|at |using )?1 ?\w* = (?P<factor>[\d.]+)(?: ?\w+)?)?"
        ),
        _factor,
    ),
)
