"""SQL expressions: what compiles, what is refused and how, and that nothing outside the row is reached."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from automic_core import frames
from automic_core.errors import TransformError
from automic_core.transforms import _sql_guard
from automic_core.transforms.expressions import compile_sql, derive

ROWS = pl.DataFrame(
    {
        "a": [1, 2, None],
        "price": [1.5, 2.0, 4.0],
        "name": ["Ann", "bo", None],
        "odd name": [1, 2, 3],
        "day": ["2024-02-29"] * 3,
    }
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a * price", [1.5, 4.0, None]),
        ('"odd name" + 1', [2, 3, 4]),
        ("CASE WHEN a > 1 THEN 'big' ELSE 'small' END", ["small", "big", "small"]),
        ("coalesce(upper(name), 'none')", ["ANN", "BO", "none"]),
        ("name LIKE 'A%' OR (a IN (2, 3) AND NOT price BETWEEN 3 AND 4)", [True, True, None]),
        ("name || '-' || a", ["Ann-1", "bo-2", None]),
        ("TRY_CAST(name AS INT) IS NULL", [True, True, True]),
        ("extract(year FROM date(day))", [2024] * 3),
        ("trim(BOTH 'A' FROM name)", ["nn", "bo", None]),
        ("name = 'it''s select (from x)'", [False, False, None]),
        (r"regexp_like(name, '^\w\w$')", [False, True, None]),
        ("CAST(price AS DECIMAL(10,2)) > 1.75", [False, True, True]),
        ("date '2024-01-31' + interval '1 month' > strptime(day, '%Y-%m-%d')", [False] * 3),
    ],
)
def test_compiles(sql: str, expected: list[object]) -> None:
    assert ROWS.with_columns(compile_sql(sql, ROWS.schema).alias("out"))["out"].to_list() == expected


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT 1", "position 1: a subquery or statement"),
        ("a IN (SELECT a FROM t)", "position 7: a subquery"),
        ("a; DROP TABLE t", "position 2: ';' cannot be read"),
        ("a, price", "unexpected token ','"),
        ("a price", "nothing between them"),
        ("a AS b", "nothing between them"),
        ("", "''"),
        ("a +", "unable to parse"),
        ("((a)", "unable to parse"),
        ("'open", "Close the quote"),
        ("a -- all", "comments are not part"),
        ("a /* x */", "comments are not part"),
        ("sum(a)", "SUM needs many rows. Hint: An expression sees one row at a time; use the aggregate step."),
        ("count(*)", "COUNT needs many rows"),
        ("row_number() OVER (ORDER BY a)", "ROW_NUMBER needs many rows"),
        ("lag(a) OVER (ORDER BY a)", "LAG needs many rows"),
        ("a > max(a)", "position 5: MAX"),
        ("EXISTS (FROM t)", "EXISTS needs a subquery"),
        ("a = ANY(array[1])", "ANY needs a subquery"),
        ("lowr(name)", "there is no function 'lowr'. Hint: Did you mean lower?"),
        ("pirce + 1", "there is no column 'pirce'. Hint: Did you mean 'price'?"),
        ("A + 1", "there is no column 'A'"),
        ("columns(*)", "there is no function 'columns'"),
        ('"*"', "needs more than one row"),
        ('"^.*$"', "needs more than one row"),
        ("unnest(a)", "UNNEST needs many rows"),
        ("name = 1", "cannot compare string with numeric"),
        ("name LIKE 'a' AND a", "SQL expression"),
        ("pow(a)", "SQL expression"),
        ("CAST(day AS DATE)", "CAST does not read dates or times from text. Hint: date(day)"),
        ("$$a$$", "'$' cannot be read"),
        ("E'x'", "is no string"),
        (r"'\' || a || '", "a backslash before a quote"),
        ("`a`", "'`' cannot be read"),
        ("name = \u2019x\u2019", "cannot be read"),
        ("(" * 200 + "a" + ")" * 200, "unable to parse"),
        ("+".join(["a"] * 30_000), "more than 1000 operators"),
        ("lpad(name, 2000000000, 'x')", "pad to a number up to 10,000"),
        ("upper(rpad(name, a * 2, 'x'))", "pad to a number up to 10,000"),
    ],
)
def test_refuses(sql: str, says: str) -> None:
    with pytest.raises(TransformError) as caught:
        compile_sql(sql, ROWS.schema)
    assert says in str(caught.value)
    assert "SQL expression" in str(caught.value)


@pytest.mark.parametrize(
    "attempt",
    [
        "read_csv('{path}')",
        "READ_CSV ('{path}')",
        "\"read_csv\"('{path}')",
        "read_parquet('{path}')",
        "a IN (SELECT x FROM read_csv('{path}'))",
        "a IN (FROM read_csv('{path}'))",
        "a IN (FROM '{path}')",
        "EXISTS (WITH t AS (SELECT * FROM read_csv('{path}')) TABLE t)",
        "trim(BOTH 'x' FROM (SELECT x FROM read_csv('{path}')))",
        "extract(year FROM (FROM read_csv('{path}')))",
        r"'\'' IN (SELECT x FROM read_csv('{path}')) OR '' = ''",
        "a /* ' */ IN (SELECT x FROM read_csv('{path}')) -- '",
        "a IN (/**/select x from read_ndjson('{path}'))",
        "getenv('{path}')",
        "current_setting('{path}')",
    ],
)
def test_no_file_is_opened(attempt: str, tmp_path: Path) -> None:
    """A named pipe nobody writes to: whoever opened it would hang, a plain file would give its header away."""
    secret = tmp_path / "secret.csv"
    secret.write_text("header-of-the-secret\n1\n")
    with pytest.raises(TransformError) as caught:
        compile_sql(attempt.format(path=secret), ROWS.schema)
    assert "header-of-the-secret" not in str(caught.value)
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    with pytest.raises(TransformError):
        compile_sql(attempt.format(path=pipe), ROWS.schema)


def test_polars_would_open_the_file(tmp_path: Path) -> None:
    """Why the guard stands before the compiler."""
    secret = tmp_path / "secret.csv"
    secret.write_text("header-of-the-secret\n1\n")
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="header-of-the-secret"):
        pl.sql_expr(f"a IN (SELECT x FROM read_csv('{secret}'))")


def test_every_listed_function_exists() -> None:
    unknown = []
    for name in sorted(_sql_guard.ROW_FUNCTIONS - {"cast", "try_cast", "extract", "position"}):
        try:
            pl.sql_expr(f"{name}(a)")
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as exc:
            if "unsupported function" in str(exc):
                unknown.append(name)
    assert unknown == []


def test_names_without_types() -> None:
    compiled = compile_sql("a + b", ["a", "b"])
    assert pl.DataFrame({"a": [1], "b": [2]}).select(compiled).item() == 3


def test_removed_rows_are_not_evaluated() -> None:
    tracked = frames.track(pl.LazyFrame({"a": ["1", "x", "3"], "b": [1, 2, 3]}))
    tracked = frames.condemn(tracked, pl.col("a") == "x", "quarantined")
    out = derive(tracked, "a", "CAST(a AS BIGINT) + b").collect()
    assert out["a"].to_list() == [2, None, 6]
    assert out["b"].to_list() == [1, 2, 3]
    same = derive(tracked, "b", "b * 10").collect()
    assert same["b"].to_list() == [10, 2, 30]
    constant = derive(tracked, "c", "'k'").collect()
    assert constant["c"].to_list() == ["k", None, "k"]
    assert set(constant.columns) == {"a", "b", "_rid", "_fate", "c"}


@pytest.mark.parametrize("sql", ["now()", "CAST(current_date AS VARCHAR)", "CASE WHEN a > 1 THEN now() END", "NOW ( )"])
def test_a_derived_value_does_not_depend_on_the_clock(sql: str) -> None:
    frame = frames.track(pl.LazyFrame({"a": [1]}))
    with pytest.raises(TransformError, match="another value at every rebuild"):
        derive(frame, "t", sql)


def test_words_that_only_look_like_the_clock_are_columns() -> None:
    frame = frames.track(pl.LazyFrame({"now": [1], "a": ["now()"]}))
    assert derive(frame, "t", "now + 1").collect()["t"].to_list() == [2]
    assert derive(frame, "t", "a || 'current_date'").collect()["t"].to_list() == ["now()current_date"]
