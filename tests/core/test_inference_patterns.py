"""The nine patterns: what they accept, what they refuse, and null."""

from __future__ import annotations

import polars as pl
import pytest

from automic_core.errors import ConfigError
from automic_core.inference.patterns import DESCRIPTIONS, PATTERNS, matches

GOOD = {
    "email": ["alice@example.com", "a.b+c@x.co.uk", "x@xn--80ak6aa92e.com", "o'neil@a-b.org", "zoë.k@example.de"],
    "url": [
        "https://example.com",
        "http://u:p@host:80/p?q=1#f",
        "ftp://files",
        "HTTP://[::1]/",
        "https://münchen.de/ö",
    ],
    "phone_us": ["(555) 123-4567", "555-123-4567", "+1 555 123 4567", "5551234567", "1.555.123.4567"],
    "ipv4": ["192.168.1.1", "0.0.0.0", "255.255.255.255"],
    "date_iso": ["2024-01-15", "2024-02-29"],
    "datetime_iso": ["2024-01-15T10:30:00", "2024-01-15 10:30Z", "2024-01-15T10:30:00.123+02:00"],
    "uuid": ["e3f8a9b2-1c4d-4e5f-8a9b-2c3d4e5f6a7b", "00000000-0000-0000-0000-000000000000"],
    "credit_card": [
        "4111-1111-1111-1111",
        "4111111111111111",
        "378282246310005",
        "6011 1111 1111 1117",
        "6304000000000000000",
    ],
    "ssn": ["123-45-6789", "001-01-0001", "665-99-9999", "899-10-1000"],
}
BAD = {
    "email": ["a@b", "a..b@x.com", "@x.com", "a b@x.com", "a@x.c", "a@-x.com", " a@x.com"],
    "url": ["example.com", "http://", "https:///path", "javascript://x", "http://a b.com"],
    "phone_us": ["155-123-4567", "123", "555-1234", "2024-01-15", "555-123-45678"],
    "ipv4": ["256.1.1.1", "01.2.3.4", "1.2.3", "1.2.3.4.5"],
    "date_iso": ["2024-02-30", "2023-02-29", "2024-1-5", "20240115", "2024-01-15T10:00"],
    "datetime_iso": ["2024-02-30T10:00:00", "2024-01-15T25:00:00", "2024-01-15", "2024-01-15T10"],
    "uuid": ["e3f8a9b21c4d4e5f8a9b2c3d4e5f6a7b", "g3f8a9b2-1c4d-4e5f-8a9b-2c3d4e5f6a7b"],
    "credit_card": ["4111111111111112", "0000000000000000", "123456789012", "4111-1111-1111-1111-1111-1111"],
    "ssn": ["000-45-6789", "666-45-6789", "900-45-6789", "123-00-6789", "123-45-0000", "123456789"],
}


def found(pattern: str, values: list[str | None]) -> list[bool | None]:
    return (
        pl.DataFrame({"x": pl.Series(values, dtype=pl.String)})
        .select(matches(pattern, pl.col("x")))
        .to_series()
        .to_list()
    )


@pytest.mark.parametrize("pattern", PATTERNS)
def test_accepts_and_refuses(pattern: str) -> None:
    assert dict(zip(GOOD[pattern], found(pattern, GOOD[pattern]), strict=True)) == dict.fromkeys(GOOD[pattern], True)
    assert dict(zip(BAD[pattern], found(pattern, BAD[pattern]), strict=True)) == dict.fromkeys(BAD[pattern], False)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_null_stays_null_and_every_pattern_is_described(pattern: str) -> None:
    assert found(pattern, [None, ""]) == [None, False]
    assert DESCRIPTIONS[pattern].endswith(" field")


def test_luhn_agrees_with_the_textbook() -> None:
    numbers = [str(4_000_000_000_000_000 + step * 12_345_678_901) for step in range(300)]

    def luhn(number: str) -> bool:
        digits = [int(digit) for digit in reversed(number)]
        return (sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0

    expected = [luhn(number) for number in numbers]
    assert found("credit_card", list(numbers)) == expected
    assert 10 < sum(expected) < 60


def test_unknown_pattern_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="phone_us"):
        matches("phone", pl.col("x"))
