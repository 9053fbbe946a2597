"""Rows that refer to a second table: what is missing there, by one column or by several, in a lake and elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import CSVSource, Lakehouse, References, frames, registry, workbench
from automic_core.errors import CatalogError, ConfigError, TransformError
from automic_core.transforms.rules import RuleSet, dump_rules, load_rules
from tests.drawing import draws

keys = st.one_of(st.none(), st.integers(0, 3))
pairs = st.lists(st.tuples(keys, st.one_of(st.none(), st.sampled_from(["a", "b", " "]))), max_size=12)


@given(rows=pairs, others=pairs)
@settings(max_examples=draws(60), deadline=None)
def test_a_row_fails_if_its_whole_key_is_nowhere(rows: Any, others: Any) -> None:
    schema = {"n": pl.Int64, "t": pl.String}
    second = pl.DataFrame(others, schema={"m": pl.Int32, "u": pl.String}, orient="row")
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    rule = References(["n", "t"], right=second, right_on=["m", "u"])
    found = frame.select(rule.fails("", frame.schema).fill_null(False).alias("x"))["x"].to_list() if rows else []
    assert found == [n is not None and t is not None and t != " " and (n, t) not in others for n, t in rows]


def test_every_failing_row_is_named_once_with_its_whole_key() -> None:
    frame = frames.track(pl.LazyFrame({"shop": [1, 1, 2], "item": ["a", "b", "a"]}))
    second = pl.DataFrame({"shop": [1], "item": ["a"]})
    found = RuleSet([("r1", References(["shop", "item"], right=second))]).failures(frame)
    assert found is not None
    reason = "shop + item is not in the second table"
    assert found.collect().rows() == [
        (1, "r1", "shop, item", "shop = 1, item = b", reason),
        (2, "r1", "shop, item", "shop = 2, item = a", reason),
    ]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"columns": ["id"]}, ConfigError, "name one second input"),
        ({"columns": ["id"], "right_on": ["a", "b"], "table": "silver.x"}, ConfigError, "1 columns cannot refer to 2"),
        ({"columns": ["id"], "table": "silver.x"}, ConfigError, "no lake to find the table 'silver.x'"),
        ({"columns": ["id"], "right": pl.DataFrame({"ids": [1]})}, TransformError, "second table: there is no column"),
        (
            {"columns": ["id"], "right": pl.DataFrame({"id": ["1"]})},
            TransformError,
            "'id' is Int64, but 'id' .* String",
        ),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_runs(options: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        RuleSet([("r1", registry.build("rule", "foreign_key", options))]).check(pl.Schema({"id": pl.Int64()}))


def test_a_lake_table_and_a_file_are_named_in_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("id,name\n1,Ada\n2,Bob\n")
    Path("orders.csv").write_text("order,buyer,country\n10,1,DE\n11,3,DE\n12,,FR\n13,2,XX\n")
    Path("countries.csv").write_text("code\nDE\nFR\n")
    text = """
rules:
- {id: buyer, kind: foreign_key, columns: [buyer], table: silver.people, right_on: [id]}
- {id: country, kind: foreign_key, columns: [country], source: {kind: csv, path: countries.csv}, right_on: [code]}
"""
    rules = load_rules(text)
    assert load_rules(dump_rules(rules)) == rules
    with Lakehouse.open("lake") as lake:
        lake.bronze.ingest(CSVSource("people.csv"), "people")
        lake.bronze.ingest(CSVSource("orders.csv"), "orders")
        with pytest.raises(CatalogError, match=r"no table silver\.people"):
            lake.silver.promote("orders", rules=rules)
        lake.silver.promote("people")
        policy = workbench.policy(lake.context.root, [tmp_path])
        done = workbench.promote(lake, "orders", workbench.parse_promotion(text), policy=policy)
        assert done.report.rows_out == 2
        aside = lake.quarantine("orders")
        said = [reason["message"] for reasons in aside["reasons"] for reason in reasons]
    assert sorted(said) == ["buyer is not in silver.people (id)", "country is not in countries.csv (code)"]
