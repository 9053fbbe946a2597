"""The nine value patterns of the workbench as Polars boolean expressions.

Sources, by pattern:
    email: dot-atom local part of RFC 5322 3.4.1 with the letters of any script (RFC 6531 3.3), host labels of RFC 1123
        2.1.
    url: RFC 3986 3.1 to 3.5 with the schemes http, https and ftp.
    phone_us: area codes of the North American Numbering Plan (first digit 2 to 9); the exchange may start with any
        digit, as fictitious numbers do.
    ipv4: dotted quad without leading zeros (RFC 3986 3.2.2).
    date_iso, datetime_iso: ISO 8601 extended format as narrowed by RFC 3339 5.6; a blank for "T" and no zone are fine.
    uuid: RFC 9562 4.
    credit_card: ISO/IEC 7812-1, 13 to 19 digits, the last one a Luhn check digit (annex B).
    ssn: numbers the US Social Security Administration can assign (area not 000, 666 or 9xx, group not 00, serial not
        0000).
"""

from __future__ import annotations

import polars as pl

from automic_core.errors import ConfigError

_ATOM = r"[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_DATE = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"

_REGEX: dict[str, str] = {
    "email": rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{1,59}})$",
    "url": r"^(?i:https?|ftp)://(?:[^\s/?#@]+@)?(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?::[0-9]{1,5})?(?:[/?#]\S*)?$",
    "phone_us": r"^(?:\+?1[ .-]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-]?)[0-9]{3}[ .-]?[0-9]{4}$",
    "ipv4": rf"^(?:{_OCTET}\.){{3}}{_OCTET}$",
    "date_iso": rf"^{_DATE}$",
    "datetime_iso": rf"^{_DATE}[T ]{_CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?$",
    "uuid": r"^[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$",
    "credit_card": r"^[2-6](?:[ -]?[0-9]){12,18}$",
    "ssn": (
        r"^(?:00[1-9]|0[1-9][0-9]|[1-578][0-9]{2}|6[0-57-9][0-9]|66[0-57-9])-(?:0[1-9]|[1-9][0-9])"
        r"-(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)$"
    ),
}

PATTERNS: tuple[str, ...] = tuple(_REGEX)
"""Names of the patterns, in the order in which ties are decided."""

DESCRIPTIONS: dict[str, str] = {
    "email": "Email address field",
    "url": "Web address field",
    "phone_us": "US phone number field",
    "ipv4": "IPv4 address field",
    "date_iso": "ISO 8601 date field",
    "datetime_iso": "ISO 8601 timestamp field",
    "uuid": "UUID field",
    "credit_card": "Payment card number field",
    "ssn": "US social security number field",
}
"""What a column whose values follow the pattern is, in words."""

_LONGEST_CARD = 19


def matches(pattern: str, column: pl.Expr) -> pl.Expr:
    """Whether each text follows a pattern; null stays null.

    Values are taken as they are written: strip them first if blanks around them do not matter.

    Args:
        pattern: One of `PATTERNS`.
        column: A text expression.

    Raises:
        ConfigError: No pattern has that name.
    """
    regex = _REGEX.get(pattern)
    if regex is None:
        raise ConfigError(f"There is no pattern named {pattern!r}.", f"Use one of: {', '.join(PATTERNS)}.")
    shape = column.str.contains(regex)
    if pattern in ("date_iso", "datetime_iso"):  # the regex lets 30 February pass
        exists = column.str.head(10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
        return pl.when(column.is_not_null()).then(shape & exists)
    if pattern == "credit_card":
        return pl.when(column.is_not_null()).then(_luhn(pl.when(shape).then(column)).fill_null(False))
    return shape


def _luhn(card: pl.Expr) -> pl.Expr:
    """Luhn check: from the right every second digit doubled, the digits of the products summed."""
    number = card.str.replace_all(r"[ -]", "").cast(pl.UInt64, strict=False)
    digits = [number // 10**place % 10 for place in range(_LONGEST_CARD)]
    doubled = [digit * 2 - pl.when(digit > 4).then(9).otherwise(0) for digit in digits[1::2]]
    return pl.sum_horizontal(*digits[0::2], *doubled, ignore_nulls=False) % 10 == 0
