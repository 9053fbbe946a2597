"""Numbers written as text: formats, casts, and what a round trip keeps.

A number format is written as the number 1234.5 would be: "1,234.5", "1.234,5", "1 234,5", "1 234.5", "1'234.5" or
"1234,5"; None is the plain form "1234.5". Groups have three digits; a number without any group fits too.
"""

from __future__ import annotations

import polars as pl

from automic_core.errors import ConfigError

_BLANK = "[ \u00a0\u202f\u2009]"  # ISO 31-0 groups by a thin blank; exports use any of these
_SEPARATORS: dict[str, tuple[str, str]] = {
    "1234,5": ("", ","),
    "1,234.5": (",", r"\."),
    "1.234,5": (r"\.", ","),
    "1 234,5": (_BLANK, ","),
    "1 234.5": (_BLANK, r"\."),
    "1'234.5": ("['\u2019]", r"\."),
}

NUMBER_FORMATS: tuple[str, ...] = tuple(_SEPARATORS)
"""Names of the formats besides the plain one."""

DEFAULT_DECIMAL = (38, 9)
"""Precision and scale of a decimal that declares none."""

_NO_FLOAT = r"^[+-]?(?:0[0-9]|[iInN])"
_LEADING_ZERO = r"^[+-]?0[0-9]"


def plain(text: pl.Expr, number_format: str | None, *, grouped: bool = False) -> pl.Expr:
    """Text in ``number_format`` rewritten in the plain form; null where groups or marks are misplaced.

    Args:
        grouped: Numbers from 1000 must have their groups.

    Raises:
        ConfigError: The format is unknown.
    """
    if number_format is None:
        return text
    if number_format not in _SEPARATORS:
        known = ", ".join(repr(name) for name in NUMBER_FORMATS)
        raise ConfigError(f"There is no number format {number_format!r}.", f"Use none (1234.5) or one of: {known}.")
    group, mark = _SEPARATORS[number_format]
    whole = f"(?:[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]{{1,{3 if grouped else ''}}})" if group else "[0-9]+"
    bare = text.str.replace_all(group, "") if group else text
    if mark == ",":
        bare = bare.str.replace(",", ".", literal=True)
    return pl.when(text.str.contains(f"^[+-]?{whole}(?:{mark}[0-9]+)?$")).then(bare)


def has_leading_zeros(text: pl.Expr) -> pl.Expr:
    """Whether a plain number starts with a zero that a number would not keep ("00123", "-01.5")."""
    return text.str.contains(_LEADING_ZERO)


def integer(text: pl.Expr, number_format: str | None = None) -> pl.Expr:
    """Int64; null for anything else, leading zeros and values beyond 64 bits included."""
    bare = plain(text, number_format)
    return pl.when(~has_leading_zeros(bare)).then(bare).cast(pl.Int64, strict=False)


def floating(text: pl.Expr, number_format: str | None = None) -> pl.Expr:
    """Float64, exponents allowed; null for the rest: "nan" and "inf", leading zeros, overflow to infinity.

    Texts are sorted out before the cast, for a test on its result makes Polars cast twice; only overflow is told by
    the result. (``replace`` would do it in one cast, but in the streaming engine it holds the whole table.)
    """
    bare = plain(text, number_format)
    value = pl.when(~bare.str.contains(_NO_FLOAT)).then(bare).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value)


def decimal(text: pl.Expr, number_format: str | None, precision: int | None, scale: int | None) -> pl.Expr:
    """Decimal, no exponents; null where digits would be cut: more places than ``scale``, beyond ``precision``."""
    digits, places = precision or DEFAULT_DECIMAL[0], DEFAULT_DECIMAL[1] if scale is None else scale
    bare = plain(text, number_format)
    exact = bare.str.contains(rf"^[+-]?(?:0|[1-9][0-9]*)?(?:\.[0-9]{{0,{places}}}0*)?$")
    return pl.when(exact).then(bare.cast(pl.Decimal(digits, places), strict=False))


def integer_prints_back(text: pl.Expr, number_format: str | None = None) -> pl.Expr:
    """Whether the integer prints as exactly this text (its groups taken out): no plus sign, no "-0"."""
    bare = plain(text, number_format, grouped=True)
    return bare.cast(pl.Int64, strict=False).cast(pl.String) == bare


def float_prints_back(text: pl.Expr, number_format: str | None = None) -> pl.Expr:
    """Whether the float keeps every digit of this text, up to trailing zeros and a zero before the point.

    At most 15 significant digits always survive a double (DBL_DIG of IEEE 754 binary64); longer ones must print as they
    are. An exponent needs a sign or a point ("1e-05", "1.0E5"), as every program writes it; "1e5" may be an identifier.
    """
    bare = plain(text, number_format, grouped=True)
    form = bare.str.contains(
        r"^-?(?:(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][+-]?[0-9]+)?|(?:0|[1-9][0-9]*)(?:[eE][+-][0-9]+)?)$"
    )
    size = bare.str.len_bytes()
    short = (size <= 15) | ((size == 16) & bare.str.contains(".", literal=True))
    long = pl.when(~short).then(bare)  # null where short, so that what follows costs nothing there
    digits = long.str.replace(r"[eE].*$", "").str.replace(r"^-?[0.]*", "").str.replace(".", "", literal=True)
    same = long.cast(pl.Float64, strict=False).cast(pl.String) == long
    return form & (short | (digits.str.len_bytes() <= 15) | same)


def scale_facts(text: pl.Expr, number_format: str | None = None) -> dict[str, pl.Expr]:
    """Aggregates that tell whether the decimals of a column can be printed back; see `scales_agree`."""
    bare = plain(text, number_format, grouped=True)
    places = bare.str.len_bytes() - bare.str.find(".", literal=True) - 1
    return {
        "least": places.min(),
        "most": places.max(),
        "zeros": bare.str.contains(r"\.[0-9]+0$").sum(),
    }


def scales_agree(facts: dict[str, int | None]) -> bool:
    """Whether one rule prints all decimals back: no trailing zeros at all, or the same number of places throughout.

    "1.10" beside "1.9" (a version, a chapter) is neither; "150" beside "85.50" is accepted, 150 has no places.
    """
    return not facts["zeros"] or facts["least"] == facts["most"]
