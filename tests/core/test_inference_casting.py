"""Text to typed values: what fits, what does not, and that nothing is lost in silence."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.errors import ConfigError
from automic_core.inference import cast_expr, is_null_token, polars_type
from automic_core.records import Field, FieldType
from tests.drawing import draws


def cast(kind: str, values: list[str | None], **options: Any) -> list[Any]:
    field = Field("x", FieldType(kind), **options)
    series = pl.DataFrame({"x": pl.Series(values, dtype=pl.String)}).select(cast_expr(field, pl.col("x"))).to_series()
    assert series.dtype == polars_type(field)
    return series.to_list()


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("integer", {}, {"1": 1, " 2 ": 2, "+3": 3, "-4": -4, "0": 0, "007": None, "1.0": None, "1e5": None, "1_0": None}),
    ("integer", {}, {"9223372036854775807": 2**63 - 1, "9223372036854775808": None, "٣": None, "0x1f": None, "": None}),
    (
        "integer",
        {"format": "1,234.5"},
        {"1,234": 1234, "12,34": None, "1,234,567": 1234567, "123": 123, "1,234.5": None},
    ),
    ("float", {}, {"1.5": 1.5, "1e5": 1e5, "-2E-3": -0.002, ".5": 0.5, "5.": 5.0, "01.5": None, "0.5": 0.5}),
    ("float", {}, {"nan": None, "inf": None, "-Infinity": None, "1e400": None, "1,5": None, "-": None}),
    (
        "float",
        {"format": "1.234,5"},
        {"1.234,5": 1234.5, "1234,5": 1234.5, "1.234": 1234.0, "12.34": None, "1,2,3": None},
    ),
    ("float", {"format": "1 234,5"}, {"1 234,5": 1234.5, "1\u202f234,5": 1234.5, "1\u00a0234": 1234.0, "1.5": None}),
    ("float", {"format": "1'234.5"}, {"1'234.5": 1234.5, "1\u2019234.5": 1234.5, "1'23": None}),
    ("float", {"format": "1234,5"}, {"1234,5": 1234.5, "1.234,5": None, "007,5": None}),
    (
        "decimal",
        {"precision": 20, "scale": 2},
        {"1.5": Decimal("1.50"), "1.005": None, "1.500": Decimal("1.50"), "1e2": None},
    ),
    ("decimal", {"precision": 5, "scale": 2}, {"999.99": Decimal("999.99"), "1000.00": None, "01.00": None}),
    ("boolean", {}, {"true": True, "NO": False, "y": True, "F": False, "1": None, "maybe": None}),
    ("boolean", {"format": "1/0"}, {"1": True, "0": False, "2": None, "true": None}),
    ("date", {}, {"2024-01-05": date(2024, 1, 5), "2024-1-5": date(2024, 1, 5), "24-01-05": None, "2024-02-30": None}),
    ("date", {}, {"0000-01-01": None, "2024-01-05T00:00": None, "12024-01-05": None}),
    ("date", {"format": "%d/%m/%Y"}, {"13/01/2024": date(2024, 1, 13), "5/1/24": None, "01/13/2024": None}),
    ("date", {"format": "%Y-%m-%d|%d.%m.%Y"}, {"2024-01-07": date(2024, 1, 7), "13.01.2024": date(2024, 1, 13)}),
    (
        "date",
        {"format": "%d %B %Y"},
        {"5 Jan 2024": date(2024, 1, 5), "05 january 2024": date(2024, 1, 5), "5 Foo 2024": None},
    ),
    ("date", {"format": "%Y%m%d"}, {"20240105": date(2024, 1, 5), "20241305": None}),
    ("date", {"format": "%d/%m/%y"}, {"05/01/24": date(2024, 1, 5), "05/01/2024": None}),
    ("datetime", {}, {"2024-01-05 10:00:00": datetime(2024, 1, 5, 10), "2024-01-05T10:00": datetime(2024, 1, 5, 10)}),  # noqa: DTZ001
    ("datetime", {}, {"2024-01-05T10:00:00+02:00": datetime(2024, 1, 5, 8), "2024-01-05": datetime(2024, 1, 5)}),  # noqa: DTZ001
    ("datetime", {}, {"2024-01-05T10:00:60": None, "2024-01-05T25:00:00": None, "10:00": None}),
    ("datetime", {"format": "%Y-%m-%dT%H:%M:%S%#z"}, {"2024-01-05T10:00:00+0200": datetime(2024, 1, 5, 8, tzinfo=UTC)}),
    ("time", {}, {"10:00": time(10), "10:00:01.5": time(10, 0, 1, 500_000), "25:00": None, "10:00:60": None}),
    ("json", {}, {'{"a":1}': '{"a":1}', "{a}": None, '{"a":1}x': None, "null": "null", "[1,]": None}),
    ("array", {}, {'["a{","b"]': ["a{", "b"], "[]": [], '[{"a":1}]': None, '{"a":1}': None, "[1": None}),
    ("string", {}, {" as it is ": " as it is ", "": ""}),
]


@pytest.mark.parametrize(("kind", "options", "expected"), CASES)
def test_casts(kind: str, options: dict[str, Any], expected: dict[str, Any]) -> None:
    values: list[str | None] = list(expected)
    assert dict(zip(values, cast(kind, values, **options), strict=True)) == expected


@pytest.mark.parametrize("kind", [kind.value for kind in FieldType])
def test_null_and_blank(kind: str) -> None:
    text = {"string": "  ", "binary": b"  "}
    assert cast(kind, [None, "  "]) == [None, text.get(kind)]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [("float", "1.2.3"), ("date", "dd/mm/yyyy"), ("time", "hh:mm"), ("boolean", "yes"), ("boolean", "x/X")],
)
def test_unknown_format_is_refused_with_its_value(kind: str, wrong: str) -> None:
    with pytest.raises(ConfigError, match=wrong.replace("/", "/")):
        cast_expr(Field("x", FieldType(kind), format=wrong), pl.col("x"))


def test_null_tokens_ignore_blanks_and_case() -> None:
    frame = pl.DataFrame({"x": [None, "", "  ", "N/A", " null", "-", "0", "none of them"]})
    assert frame.select(is_null_token(pl.col("x"))).to_series().to_list() == [True] * 6 + [False] * 2
    assert frame.select(is_null_token(pl.col("x"), ("",))).to_series().to_list() == [True] * 3 + [False] * 5


PRINTED = {
    "integer": st.integers(-(2**63), 2**63 - 1).map(str),
    "float": st.floats(allow_nan=False, allow_infinity=False).map(repr),
    "date": st.dates(min_value=date(1000, 1, 1)).map(str),
    "datetime": st.datetimes(min_value=datetime(1000, 1, 1)).map(str),  # noqa: DTZ001
    "time": st.times().map(str),
    "boolean": st.sampled_from(["true", "false", "Yes", "no", "T", "f"]),
}


@settings(max_examples=draws(60), deadline=None)
@given(st.data(), st.sampled_from(sorted(PRINTED)))
def test_what_python_prints_is_read_back(data: st.DataObject, kind: str) -> None:
    texts = data.draw(st.lists(PRINTED[kind], min_size=1, max_size=8))
    values = cast(kind, list(texts))
    assert None not in values
    if kind != "boolean":
        reader = {"integer": int, "float": float, "date": date.fromisoformat, "time": time.fromisoformat}
        assert values == [reader.get(kind, datetime.fromisoformat)(text) for text in texts]


@settings(max_examples=draws(60), deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=8), st.sampled_from(list(FieldType)))
def test_any_text_is_a_value_or_null_never_an_exception(texts: list[str], kind: FieldType) -> None:
    assert len(cast(kind.value, list(texts))) == len(texts)
