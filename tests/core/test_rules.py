"""Rules one by one, as a set, and as a file."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import frames, registry
from automic_core.contracts import Rule
from automic_core.errors import ConfigError, TransformError
from automic_core.transforms.rules import (
    InSet,
    Length,
    NotNull,
    Range,
    Regex,
    RuleSet,
    SQLRule,
    Unique,
    dump_rules,
    load_rules,
)
from automic_core.transforms.type_rule import OfType
from tests.drawing import draws


def broken(rule: Rule, values: list[Any], dtype: Any = None) -> list[bool]:
    """Which values break the rule on column x."""
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    return frame.select(rule.fails("x", frame.schema).fill_null(False).alias("x"))["x"].to_list()


TS = dt.datetime(2024, 1, 1, 10)  # noqa: DTZ001 - a column without zone


@pytest.mark.parametrize(
    ("rule", "values", "dtype", "expected"),
    [
        (NotNull(["x"]), ["a", "", "  ", None], None, [False, True, True, True]),
        (NotNull(["x"], allow_blank=True), ["a", "", None], None, [False, False, True]),
        (NotNull(["x"]), [1.0, math.nan, None], None, [False, True, True]),
        (Range(["x"], min=0, max=10), [-1, 0, 10, 11, None], None, [True, False, False, True, False]),
        (Range(["x"], min=0), [math.nan, math.inf, -0.1], None, [True, False, True]),
        (Range(["x"], max=0.1), [Decimal("0.10"), Decimal("0.11")], pl.Decimal(9, 2), [False, True]),
        (Range(["x"], min=-1, max=300), [0, 255], pl.UInt8, [False, False]),
        (Range(["x"], min=0, max=20), [" 5", "abc", "50", "", None], None, [False, True, True, False, False]),
        (Range(["x"], min="2024-01-02"), [dt.date(2024, 1, 1), dt.date(2024, 1, 2)], None, [True, False]),
        (Range(["x"], max="2024-01-01 09:59:59"), [TS], None, [True]),
        (Range(["x"], min="2024-01-01T10:00:00Z"), [TS], pl.Datetime("us", "UTC"), [False]),
        (Range(["x"], min="2024-01-02"), ["2024-01-01", "2024-02-30", "2024-01-02"], None, [True, True, False]),
        (Range(["x"], min=0, format="1.234,5"), ["1.718,50", "-5,00", "1.5"], None, [False, True, True]),
        (Range(["x"], min="2024-01-02", format="%d.%m.%Y"), ["01.01.2024", "02.01.2024"], None, [True, False]),
        (Regex(["x"], pattern="a|b+"), ["a", "bb", "ab", "xa", None], None, [False, False, True, True, False]),
        (Regex(["x"], pattern="[0-9]", match="partial"), ["a1", "b"], None, [False, True]),
        (Regex(["x"], pattern="[0-9]{2}"), [12, 345], None, [False, True]),
        (InSet(["x"], values=["a", "B"]), ["a", "b", None], None, [False, True, False]),
        (InSet(["x"], values=["a", "B"], case_sensitive=False), ["A", "b", "c"], None, [False, False, True]),
        (InSet(["x"], values=[1, 2.0]), [1, 2, 3], None, [False, False, True]),
        (InSet(["x"], values=[1, 2.5]), [1.0, 2.5, 3.0], None, [False, False, True]),
        (InSet(["x"], values=["2024-01-01"]), [dt.date(2024, 1, 1), dt.date(2024, 1, 2)], None, [False, True]),
        (Length(["x"], min=2, max=3), ["é", "éé", "abcd", None], None, [True, False, True, False]),
        (Length(["x"], max=1), [[1], [1, 2]], None, [False, True]),
        (
            OfType(["x"], type="integer"),
            ["7", " 8 ", "7.5", "abc", "", "n/a", None],
            None,
            [False, False, True, True, False, False, False],
        ),
        (OfType(["x"], type="integer"), [1.0, 2.5, math.nan], None, [False, True, True]),
        (
            OfType(["x"], type="date", format="%d.%m.%Y"),
            ["31.01.2024", "30.02.2024", "2024-01-31"],
            None,
            [False, True, True],
        ),
        (OfType(["x"], type="boolean", format="J/N"), ["J", "n", "yes"], None, [False, False, True]),
        (OfType(["x"], type="decimal", precision=4, scale=2), ["12.34", "123.45"], None, [False, True]),
        (OfType(["x"], type="date"), [dt.date(2024, 1, 1)], None, [False]),
        (SQLRule("x * 2 < 10"), [4, 5, None], None, [False, True, False]),
    ],
    ids=str,
)
def test_row_rules(rule: Rule, values: list[Any], dtype: Any, expected: list[bool]) -> None:
    assert broken(rule, values, dtype) == expected


def unique(rows: dict[str, list[Any]], **options: Any) -> str | None:
    frame = pl.DataFrame(rows)
    found = frame.select(Unique(list(rows), **options).aggregate(frame.schema))
    return found.item()


def test_unique_compares_all_its_columns_together() -> None:
    assert unique({"a": [1, 1, 2], "b": [1, 2, 1]}) is None
    assert unique({"a": [1, 1, 2, 1], "b": ["x", "x", "x", "x"]}) == "2 rows repeat a + b: 1, x"
    assert unique({"a": [1, None, None]}) is None
    assert unique({"a": ["p", "q", "p", "q", "r"]}) == "2 rows repeat a: p; q"
    assert unique({"a": [1, 1, 2, 3]}, max_fail=0.25) is None


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=20))
@settings(max_examples=draws(40), deadline=None)
def test_unique_counts_repeats(values: list[int | None]) -> None:
    repeats = sum(n - 1 for n in Counter(v for v in values if v is not None).values())
    found = pl.DataFrame({"a": values}, schema={"a": pl.Int64})
    text = found.select(Unique(["a"]).aggregate(found.schema)).item()
    assert (
        text is None
        if not repeats
        else text.startswith(f"{repeats} {'row repeats' if repeats == 1 else 'rows repeat'} a: ")
    )


TABLE = {"id": [1, 2, 3, 4], "email": ["a@b.org", None, "x", "y@z.org"], "n": [5, 50, 500, 5]}


def table() -> pl.LazyFrame:
    return frames.track(pl.LazyFrame(TABLE))


RULES: list[tuple[str, Rule]] = [
    ("r1", NotNull(["email"])),
    ("r2", Range(["n"], max=10, action="drop")),
    ("r3", Regex(["email"], pattern=".+@.+", action="warn")),
    ("r4", Range(["n"], min=6, action="fail", max_fail=0.5)),
    ("r5", Unique(["n"], action="warn")),
]


def test_first_broken_rule_names_the_fate_and_failures_lists_all() -> None:
    rules = RuleSet(RULES)
    fates = rules.apply(table()).collect()[frames.FATE].to_list()
    assert [fate and fate["reason"] for fate in fates] == [None, "quarantined:r1", "dropped:r2", None]
    found = rules.failures(table())
    assert found is not None
    assert sorted(found.collect().rows()) == [
        (1, "r1", "email", None, "email is missing"),
        (1, "r2", "n", "50", "n is above 10"),
        (2, "r2", "n", "500", "n is above 10"),
    ]


def test_an_earlier_fate_stays() -> None:
    dead = frames.condemn(table(), pl.col("id") == 2, frames.FILTERED)
    fates = RuleSet(RULES).apply(dead).collect()[frames.FATE].to_list()
    assert fates[1]["reason"] == "filtered"


def test_verdicts_judge_the_rows_that_stay() -> None:
    rules = RuleSet(RULES)
    verdict = rules.verdicts(frames.survivors(rules.apply(table())))
    assert verdict.warned == {"r4": 2}
    assert verdict.messages == ["rule r5: 1 row repeats n: 5"]
    assert verdict.failed == ["rule r4: 2 of 2 rows (n is below 6); at most 50.00% may"]
    verdict = rules.verdicts(frames.survivors(table()))
    assert verdict.warned == {"r3": 1, "r4": 2}
    assert verdict.failed == []


def test_counts_and_table_checks_are_aggregates() -> None:
    schema = table().collect_schema()
    rules = RuleSet(RULES)
    exprs = {**rules.counts(schema), **rules.table_checks(schema)}
    assert table().select(**exprs).collect().row(0, named=True) == {"r3": 1, "r4": 2, "r5": "1 row repeats n: 5"}


def test_sql_rule_shows_what_it_reads() -> None:
    found = RuleSet([("r1", SQLRule("n < id * 10"))]).failures(table())
    assert found is not None
    assert found.collect().rows() == [
        (1, "r1", "n, id", "n = 50, id = 2", "not true: n < id * 10"),
        (2, "r1", "n, id", "n = 500, id = 3", "not true: n < id * 10"),
    ]


def test_a_range_says_what_it_could_not_read() -> None:
    texts = frames.track(pl.LazyFrame({"amount": ["1.718,50", "-5", "7"], "day": ["05.01.2024", "2024-01-05", None]}))
    rules = [("r1", Range(["amount"], min=0)), ("r2", Range(["day"], min="2024-02-01", action="warn"))]
    found = pl.concat([rule.failures(texts) for _, rule in rules]).collect()
    assert found["message"].to_list() == [
        "amount is not a number",
        "amount is below 0",
        "day is not a date",
        "day is below 2024-02-01",
    ]
    said = RuleSet(rules).verdicts(texts).messages
    assert said == ["rule r2: 2 of 3 rows (day is below 2024-02-01 or not a date)"]
    with pytest.raises(ConfigError, match="no number format '1_000'"):
        Range(["amount"], min=0, format="1_000")


def test_a_wrong_type_names_the_value() -> None:
    found = RuleSet([("r1", OfType(["email"], type="integer"))]).failures(table())
    assert found is not None
    assert found.collect()["message"].to_list() == [
        "email is not an integer: 'a@b.org'",
        "email is not an integer: 'x'",
        "email is not an integer: 'y@z.org'",
    ]
    with pytest.raises(ConfigError, match="not a date or time format"):
        OfType(["d"], type="date", format="yyyy")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (NotNull(["emial"]), r"Rule r1: there is no column 'emial'.*Did you mean 'email'"),
        (Range(["n"], min="abc"), r"bound 'abc' cannot be compared with column 'n' \(Int64\)"),
        (InSet(["n"], values=["x"]), r"value 'x' cannot be in column 'n'"),
        (Unique(["idd"]), r"no column 'idd'"),
        (SQLRule("nn > 1"), r"nn"),
    ],
)
def test_a_rule_that_cannot_run_says_so_before_anything_runs(rule: Rule, message: str) -> None:
    with pytest.raises(TransformError, match=message):
        RuleSet([("r1", rule)]).apply(table())


FILE = """
rules:
- {id: must, kind: not_null, columns: [email]}
- {kind: range, columns: [n], min: 0, max: 20.5, action: drop}
- {kind: range, columns: [d], min: 2020-01-02, action: warn}
- {kind: regex, columns: [email], pattern: '.+@.+', action: fail, max_fail: 0.1}
- {kind: set, columns: [country], values: [DE, "NO"], case_sensitive: false}
- {kind: length, columns: [email], max: 40}
- {kind: unique, columns: [id, n], action: warn}
- {kind: sql, sql: "n > 0"}
- {id: off, kind: sql, sql: "n > 0", enabled: false}
"""


def test_rule_file_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(FILE, encoding="utf-8")
    rules = load_rules(path)
    assert rules == load_rules(str(path)) == load_rules(FILE)
    assert [rule_id for rule_id, _ in rules] == ["must", "r2", "r3", "r4", "r5", "r6", "r7", "r8"]
    assert rules[2][1] == Range(["d"], min="2020-01-02", action="warn")
    text = dump_rules(rules)
    assert load_rules(text) == rules
    assert dump_rules(load_rules(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {kind: rang, columns: [a]}", r"rule 1 \(r1\).*'rang'.*Did you mean 'range'"),
        ("- {id: q, kind: not_null, columns: [a], colums: 2}", r"rule 1 \(q\).*colums"),
        ("- {kind: set, columns: [a], values: [true]}", "True is a truth value"),
        ("- {kind: regex, columns: [a], pattern: '('}", "not a regular expression.*unclosed group"),
        ("- {kind: range, columns: [a]}", "give min, max or both"),
        ("- {kind: unique, columns: [a], action: drop}", "action.*'warn' or 'fail'"),
        ("- {kind: range, columns: [], min: 1}", "columns"),
        ("- {id: a, kind: sql, sql: x}\n- {id: a, kind: sql, sql: x}", "rule 2: the id 'a' is taken"),
        ("rules: 3\n", "no list of rules"),
        ("ruels: []\n", "unknown key 'ruels'"),
        ("- [\n", "line"),
        ("- just a word\n", "rule 1: a rule is a mapping"),
        ("no/such/file.yaml", "Cannot read the rule file no/such/file.yaml"),
    ],
)
def test_wrong_rule_files(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_rules(text)


@pytest.mark.parametrize("kind", list(registry.REGISTRY["rule"]))
def test_every_rule_documents_its_options(kind: str) -> None:
    schema = registry.options_schema(registry.load("rule", kind))
    assert {"columns", "action", "max_fail"} <= set(schema["properties"])
    assert all("description" in option for option in schema["properties"].values())
