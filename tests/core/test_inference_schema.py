"""Types inferred from whole columns, the evidence for them, and the exact mode."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.inference import cast_expr, infer, infer_exact, infer_schema
from automic_core.records import Field, FieldType
from tests.drawing import draws


def column(values: list[str | None], name: str = "x", rows: int = 40) -> pl.DataFrame:
    repeated = (values * (rows // len(values) + 1))[:rows]
    return pl.DataFrame({name: pl.Series(repeated, dtype=pl.String)})


def proposed(values: list[str | None], name: str = "x") -> tuple[str, str | None]:
    field = infer_schema(column(values, name)).fields[0]
    return field.type.value, field.format


def exact(values: list[str | None], name: str = "x") -> tuple[str, str | None]:
    field = infer_exact(column(values, name)).fields[0]
    return field.type.value, field.format


TEXT = ("string", None)


@pytest.mark.parametrize(
    ("values", "loose", "strict"),
    [
        (["1", "2", None], ("integer", None), ("integer", None)),
        (["00123", "12345"], TEXT, TEXT),
        (["1", "2", "abc"], TEXT, TEXT),
        ([*"123456789", "x"], ("integer", None), TEXT),
        (["NA", "5", "-"], ("integer", None), TEXT),
        (["+1", "+2"], ("integer", None), TEXT),
        (["150", "85.50", "42.10"], ("float", None), ("float", None)),
        (["0.1", "5.0", "1e-05"], ("float", None), ("float", None)),
        ([".5", "-.25"], ("float", None), ("float", None)),
        (["1.9", "1.10", "1.11"], ("float", None), TEXT),
        (["1e5", "2e6", "3e7"], TEXT, TEXT),
        (["12345678901234567890", "12345678901234567891"], TEXT, TEXT),
        (["1234567890123456.78", "1234567890123457.99"], ("decimal", None), ("decimal", None)),
        (["1,234.50", "950.00", "12,345.00"], ("float", "1,234.5"), ("float", "1,234.5")),
        (["1,234,567", "123", "1,000"], ("integer", "1,234.5"), ("integer", "1,234.5")),
        (["1.234,50", "999,00"], ("float", "1.234,5"), ("float", "1.234,5")),
        (["1,5", "2,25", "1234,75"], ("float", "1234,5"), ("float", "1234,5")),
        (["1,234", "5,678"], TEXT, TEXT),
        (["$5.00", "$6.10"], TEXT, TEXT),
        (["5%", "10 %"], TEXT, TEXT),
        (["2024-01-05", "2024-02-29"], ("date", "%Y-%m-%d"), ("date", "%Y-%m-%d")),
        (["01/02/2024", "03/04/2024"], TEXT, TEXT),
        (["01/02/2024", "13/04/2024"], ("date", "%d/%m/%Y"), ("date", "%d/%m/%Y")),
        (["01/02/2024", "03/14/2024"], ("date", "%m/%d/%Y"), ("date", "%m/%d/%Y")),
        (["13/02/2024", "03/14/2024"], TEXT, TEXT),
        (["2024-01-05", "05 Jan 2024", "13/02/2024"], ("date", "%Y-%m-%d|%d/%m/%Y|%d %B %Y"), TEXT),
        (["13/02/24", "14/02/24"], ("date", "%d/%m/%y"), TEXT),
        (["5 May 2024", "06 June 2024"], ("date", "%d %B %Y"), ("date", "%d %B %Y")),
        (["20240101", "20240131"], ("integer", None), ("integer", None)),
        (["2024-01-05 10:00:00", "2024-01-05 10:00:01.5"], *[("datetime", "%Y-%m-%d %H:%M:%S%.f")] * 2),
        (["2024-01-05T10:00:00.123456789"], ("datetime", "%Y-%m-%dT%H:%M:%S%.f"), TEXT),
        (["10:00", "23:59"], ("time", "%H:%M"), ("time", "%H:%M")),
        (["true", "false"], ("boolean", None), ("boolean", None)),
        (["Y", "N"], ("boolean", "Y/N"), ("boolean", "Y/N")),
        (["yes", "true", "no"], ("boolean", None), TEXT),
        (["y"], TEXT, TEXT),
        (["1", "0"], ("integer", None), ("integer", None)),
        (['{"a":1}', "[1]"], ("json", None), ("json", None)),
        (['["a"]', '["b","c"]'], ("array", None), ("json", None)),
        (["nan", "inf"], TEXT, TEXT),
        ([None, ""], TEXT, TEXT),
    ],
)
def test_types(values: list[str | None], loose: tuple[str, str | None], strict: tuple[str, str | None]) -> None:
    assert (proposed(values), exact(values)) == (loose, strict)


def test_the_name_decides_what_digits_alone_cannot() -> None:
    assert proposed(["20240101", "20240131"], "order_date") == ("date", "%Y%m%d")
    assert proposed(["1", "0"], "is_active") == ("boolean", "1/0")
    assert proposed(["5551234567", "5551234568"], "amount") == ("integer", None)
    assert proposed(["5551234567", "5551234568"], "phone") == TEXT
    assert proposed(["4111111111111111", "378282246310005"], "number") == TEXT


def test_a_zone_makes_utc() -> None:
    frame = column(["2024-01-05T10:00:00Z", "2024-01-05T10:00:00+02:00"])
    field = infer_exact(frame).fields[0]
    values = frame.select(cast_expr(field, pl.col("x"))).to_series()
    assert values.dtype == pl.Datetime("us", "UTC")
    assert values.min() == datetime(2024, 1, 5, 8, tzinfo=UTC)


def test_the_first_example_of_the_seed() -> None:
    frame = pl.DataFrame(
        {
            "id": ["1", "2", "3", "4", "5"],
            "name": ["John Smith", "John Smith", "Jane Doe", "Bob Jones", "Alice Lee"],
            "email": ["john@email.com", "john@email.com", None, "invalid-email", "alice@email.com"],
            "age": ["35", "35", "28", "42", "25"],
            "purchase_amount": ["150.00", "150.00", "85.00", "9999.99", "120.00"],
        }
    )
    inference = infer(frame, name="customers")
    schema = inference.schema
    assert [field.type.value for field in schema.fields] == ["integer", "string", "string", "integer", "float"]
    assert schema.primary_key == ["id"]
    assert schema.inferred
    email, age = schema.field_named("email"), schema.field_named("age")
    assert email is not None
    assert (email.pattern, email.nullable, email.description) == ("email", True, "Email address field")
    assert age is not None
    assert (age.min_value, age.max_value, age.nullable) == (25, 42, False)
    evidence = inference.column("email")
    assert evidence is not None
    assert [(one.value, one.count, one.row) for one in evidence.counter_examples] == [("invalid-email", 1, 3)]
    assert evidence.patterns["email"] == 0.75


def test_evidence_says_why() -> None:
    zips = infer(column(["00123", "12345", "94107"], "zip")).columns[0]
    assert zips.reason == "stays text: 14 values have leading zeros, e.g. '00123'"
    assert [(one.value, one.count, one.row) for one in zips.counter_examples] == [("00123", 14, 0)]
    days = infer(column(["01/02/2024", "03/04/2024"])).columns[0]
    assert "%d/%m/%Y" in days.reason
    assert "%m/%d/%Y" in days.reason
    mixed = infer(column([*"123456789", "x"], rows=100)).columns[0]
    assert (mixed.confidence, mixed.misfits, mixed.values, mixed.distinct) == (0.9, 10, 100, 10)
    assert [(one.value, one.count, one.row) for one in mixed.counter_examples] == [("x", 10, 9)]
    assert (mixed.quantiles[0], mixed.quantiles[10], mixed.quantiles[-1], len(mixed.quantiles)) == (1, 5, 9, 21)
    assert mixed.candidates[0].type.value == "integer"


def test_threshold_decides() -> None:
    frame = column([*"1234567", "x", "y", "z"], rows=100)
    assert infer_schema(frame, confidence_threshold=0.7).fields[0].type is FieldType.INTEGER
    assert infer_schema(frame, confidence_threshold=0.71).fields[0].type is FieldType.STRING


def test_enums_and_options() -> None:
    frame = column(["Engineering", "Sales", "Sales", "Marketing", None], "department", rows=15)
    field = infer_schema(frame).fields[0]
    assert (field.enum_values, field.nullable) == (["Sales", "Engineering", "Marketing"], True)
    assert infer_schema(frame, suggest_enums=False).fields[0].enum_values is None
    numbers = infer_schema(column(["1", "2"]), infer_constraints=False).fields[0]
    assert (numbers.min_value, numbers.max_value) == (None, None)
    assert infer_schema(column(["a@b.com"]), detect_patterns=False).fields[0].pattern is None


def test_values_that_only_come_late_count() -> None:
    late: list[str | None] = [None] * 6000 + ["1.5"] * 10
    assert infer_exact(pl.DataFrame({"x": late}).lazy()).fields[0].type is FieldType.FLOAT
    turns = pl.DataFrame({"x": [str(i) for i in range(7000)] + ["0.5"]})
    assert infer_exact(turns.lazy()).fields[0].type is FieldType.FLOAT
    breaks = pl.DataFrame({"x": [str(i) for i in range(7000)] + ["007"]})
    assert infer_exact(breaks.lazy()).fields[0].type is FieldType.STRING
    assert infer_schema(breaks, sample_rows=100).fields[0].type is FieldType.INTEGER


def test_names_that_mean_something_to_polars() -> None:
    frame = pl.DataFrame(
        {"^x$": ["1", "2"], "*": ["a", "b"], "": ["1.5", "2.5"], "0": ["x", "y"], "1": ["2024-01-05"] * 2}
    )
    types = [field.type.value for field in infer_schema(frame).fields]
    assert types == ["integer", "string", "float", "string", "date"]
    assert infer_schema(frame).names == ["^x$", "*", "", "0", "1"]


def test_typed_columns_keep_their_type() -> None:
    frame = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "f": [1.5, None, float("nan")],
            "d": [date(2024, 1, 1), date(2024, 1, 2), None],
            "t": [datetime(2024, 1, 1, tzinfo=UTC)] * 3,
            "l": [["a"], None, []],
            "s": [{"a": 1}] * 3,
            "n": [None] * 3,
        }
    )
    schema = infer_schema(frame)
    assert [f.type.value for f in schema.fields] == ["integer", "float", "date", "datetime", "array", "json", "string"]
    assert [f.nullable for f in schema.fields] == [False, True, True, False, True, False, True]
    assert (schema.fields[1].min_value, schema.fields[2].max_value) == (1.5, date(2024, 1, 2))
    assert schema.primary_key == ["id"]


def test_nothing_to_look_at() -> None:
    assert infer_schema(pl.DataFrame()).fields == []
    empty = infer_schema(pl.DataFrame(schema={"a": pl.String, "b": pl.Int64}).lazy())
    assert [(f.type.value, f.nullable) for f in empty.fields] == [("string", True), ("integer", True)]
    assert empty.primary_key is None


def test_wide_frames() -> None:
    frame = pl.DataFrame({f"c{i}": [str(i), "x" if i % 2 else "7", ""] for i in range(600)})
    types = [field.type.value for field in infer_exact(frame).fields]
    assert types == ["integer", "string"] * 300


CELLS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.from_regex(r"0?[0-9]{1,3}([.,][0-9]{1,3}){0,2}", fullmatch=True),
    st.from_regex(r"[+-]?[0-9]{1,4}(e[0-9])?", fullmatch=True),
    st.dates().map(str),
    st.dates(min_value=date(1000, 1, 1)).map(lambda day: day.strftime("%d/%m/%Y")),
    st.sampled_from(["true", "false", "TRUE", "yes", "no", "1", "0", "x", "", "NA", "-"]),
)


@settings(max_examples=draws(150), deadline=None)
@given(st.one_of(*(st.lists(kind, min_size=1, max_size=12) for kind in [CELLS, *CELLS.original_strategies])))
def test_what_is_exact_prints_back(texts: list[str]) -> None:
    frame = pl.DataFrame({"x": texts})
    field = infer_exact(frame).fields[0]
    values = frame.select(cast_expr(field, pl.col("x"))).to_series().to_list()
    for text, value in zip(texts, values, strict=True):
        if field.type is FieldType.STRING:
            assert value == text
        elif text == "":
            assert value is None
        else:
            assert printed(field, value, text) == text


def printed(field: Field, value: object, text: str) -> str:
    """How the value would be written in the column's form; only the number of places is taken from the text."""
    match field.type:
        case FieldType.DATE:
            assert isinstance(value, date)
            return value.strftime(field.format or "%Y-%m-%d").rjust(len(text), "0")
        case FieldType.BOOLEAN:
            return (field.format or "true/false").split("/")[0 if value else 1]
        case FieldType.INTEGER | FieldType.FLOAT | FieldType.DECIMAL:
            comma = field.format is not None and field.format.endswith(",5")
            point = "," if comma else "."
            places = len(text.partition(point)[2])
            grouped = field.format is not None and not field.format.startswith("1234")
            digits = "" if field.type is FieldType.INTEGER else f".{places}f"  # "f" would make an integer a float
            plain = f"{value:{',' if grouped else ''}{digits}}"
            if "e" in text:
                plain = repr(value)
            return plain.translate(str.maketrans(",.", ".,")) if comma else plain
    return str(value)


@settings(max_examples=draws(100), deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=30))
def test_confidence_is_the_share_that_casts(texts: list[str]) -> None:
    frame = pl.DataFrame({"x": texts})
    inference = infer(frame, confidence_threshold=0.5, null_tokens=("",))
    field, evidence = inference.schema.fields[0], inference.columns[0]
    cast = frame.select(cast_expr(field, pl.col("x"))).to_series()
    filled = frame["x"].str.strip_chars() != ""
    assert evidence.values == filled.sum()
    if field.type is not FieldType.STRING:
        assert evidence.misfits == (filled & cast.is_null()).sum()
        assert field.confidence == pytest.approx(1 - evidence.misfits / evidence.values)
        assert field.confidence >= 0.5
