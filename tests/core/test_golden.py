"""The golden record: a survivor completed by a stated rule a column, each value with the row it came from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core import frames, workbench
from automic_core.connectors.files.csv import CSVSource
from automic_core.errors import TransformError
from automic_core.lake import Lakehouse
from automic_core.transforms._merging import VALUES_FROM
from automic_core.transforms.dedup import Deduplicator

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "who": st.sampled_from("abc"),
            "mail": st.sampled_from(["m1", "m2", None]),
            "seen": st.one_of(st.none(), st.integers(0, 3)),
        }
    ),
    max_size=12,
)
SCHEMA = {"who": pl.String, "mail": pl.String, "seen": pl.Int64}


def done(rows: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    frame = frames.track(pl.DataFrame(rows, schema=SCHEMA).lazy())
    step = Deduplicator(match_fields=["who"], **options)
    return frames.survivors(step.apply(frame)).collect().to_dicts()


def expected(rule: str, cluster: list[tuple[int, dict[str, Any]]], column: str) -> tuple[Any, int]:
    """By brute force: the value and the row it is from."""
    own, rid = cluster[0][1][column], cluster[0][0]
    there = [(row[column], number) for number, row in cluster if row[column] is not None]
    if not there or rule == "survivor":
        return own, rid
    if rule == "most_complete":
        return there[0]
    if rule == "newest":
        return there[-1]
    counts = Counter(value for value, _ in there)
    return next((value, number) for value, number in there if counts[value] == max(counts.values()))


@pytest.mark.parametrize("rule", ["survivor", "most_complete", "most_frequent", "newest"])
@given(rows=ROWS)
def test_against_brute_force(rule: str, rows: list[dict[str, Any]]) -> None:
    found = done(rows, golden=rule)
    assert [row["who"] for row in found] == list(dict.fromkeys(row["who"] for row in rows))
    for row in found:
        cluster = [(number, each) for number, each in enumerate(rows) if each["who"] == row["who"]]
        told = {each["column"]: each["rid"] for each in row.get(VALUES_FROM) or []}
        for column in ("mail", "seen"):
            value, source = expected(rule, cluster, column)
            assert row[column] == value
            assert rows[told.get(column, cluster[0][0])][column] == value, "the source holds the value"
            assert (column in told) == (value != cluster[0][1][column])
            assert column not in told or told[column] == source
    assert (VALUES_FROM in (found[0] if found else {})) == (rule != "survivor" and bool(found))


def test_columns_may_have_their_own_rule_and_keys_stay() -> None:
    rows = [
        {"who": "a", "mail": None, "seen": 1},
        {"who": "a", "mail": "m2", "seen": 3},
        {"who": "a", "mail": "m1", "seen": 2},
    ]
    (row,) = done(rows, golden="most_complete", golden_columns={"seen": "newest"}, order_by="seen")
    assert (row["mail"], row["seen"]) == ("m1", 3), "the next row by order_by fills the gap"
    frame = frames.track(pl.DataFrame({"id": ["1", "2", "3"], "who": ["a"] * 3, "x": ["p", "q", "q"]}).lazy())
    step = Deduplicator(match_fields=["who"], golden="most_frequent")
    assert frames.survivors(step.apply(frame)).collect().select("id", "x").rows() == [("1", "q")]
    with pytest.raises(TransformError, match="no column 'nothing'"):
        Deduplicator(golden_columns={"nothing": "newest"}).apply(frame).collect()


def test_the_golden_record_reaches_silver_and_the_ledger_adds_up(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,name,phone,mail\n1,Ada,,a@x.org\n2,Ada,77,\n3,Ada,78,\n4,Bob,1,b@x.org\n")
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(file)), "people", keys=["id"])
        step = Deduplicator(match_fields=["name"], golden="most_complete")
        run = lake.silver.promote("people", steps=[step])
        assert run.report.balanced
        assert run.report.removed() == {"merged": 2}
        rids = lake.scan("bronze.people").sort("_rid").collect()["_rid"].to_list()
        ada, bob = lake.scan("silver.people").sort("_rid").collect().to_dicts()
        assert (ada["id"], ada["phone"], ada["mail"]) == (1, 77, "a@x.org")
        assert ada[VALUES_FROM] == [{"column": "phone", "rid": rids[1]}]
        assert bob[VALUES_FROM] is None
        phone, mail = (workbench.trace_cell(lake, "silver.people", ada["_rid"], name).how for name in ("phone", "mail"))
        assert f"The value is that of row {rids[1]}, which was merged into this one." in phone
        assert not any("merged into this one" in sentence for sentence in mail)
