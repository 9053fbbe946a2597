"""Gold kept up by what silver gained equals gold made of all rows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from automic_core.connectors.files.csv import CSVSource
from automic_core.lake import Lakehouse
from automic_core.lakehouse.maintainable import NotMaintainableError, shape
from automic_core.lakehouse.maintenance import compact
from automic_core.lakehouse.rowhash import row_hash
from automic_core.medallion.gold import Build
from automic_core.records import Field, FieldType, Schema
from automic_core.transforms.rules import Range
from tests.drawing import ALL

TYPED = Schema(
    "t",
    [
        Field("id", FieldType.INTEGER),
        Field("land"),
        Field("amount", FieldType.DECIMAL, precision=12, scale=2),
        Field("day", FieldType.DATE),
    ],
)
BUILDS: dict[str, dict[str, Any]] = {
    "some": {"sql": "SELECT id, upper(land) AS land, amount * 2 AS twice, day FROM silver.t WHERE amount > 3"},
    "months": {
        "sql": "SELECT land, date_trunc('month', day) AS month, count(*) AS n, sum(amount) AS total, "
        "min(amount) AS low, max(day) AS last, sum(id) FILTER (WHERE amount > 3) AS ids, count(land) AS named "
        "FROM silver.t GROUP BY land, month"
    },
    "all": {"sql": "SELECT count(*) AS n, sum(amount) AS total, max(land) AS last FROM silver.t WHERE id <> 7"},
    "lands": {
        "source": "t",
        "group_by": ["land"],
        "aggregations": {
            "n": {"field": "*", "function": "count"},
            "total": {"field": "amount", "function": "sum"},
            "first": {"field": "day", "function": "min"},
            "high": {"field": "amount", "function": "max"},
        },
    },
}
BASE = [(str(i), f"l{i % 4}", f"{i % 7}.50", f"2024-0{i % 3 + 1}-10") for i in range(40)]


def give(lake: Lakehouse, rows: Sequence[Sequence[str]], keys: list[str] | None = None) -> None:
    path = lake.context.root.parent / f"{len(list(lake.context.root.parent.glob('*.csv')))}.csv"
    path.write_text("\n".join(",".join(row) for row in [("id", "land", "amount", "day"), *rows]) + "\n")
    lake.bronze.ingest(CSVSource(str(path)), "t", keys=keys)


def promote(lake: Lakehouse) -> None:
    lake.silver.promote("t", TYPED, rules=[("low", Range(columns=["amount"], max=90))])


def note(built: Build) -> str:
    return next((each for each in built.report.notes if "incremental" in each or "All rows were read" in each), "")


def same(lake: Lakehouse, name: str, built: Build) -> None:
    whole = lake.gold.stage(name, **BUILDS[name])
    try:
        stored = lake.scan(f"gold.{name}")
        assert str(row_hash(stored)) == str(row_hash(whole.rows()))
        assert stored.collect_schema() == whole.rows().collect_schema()
        assert stored.collect()["_rid"].is_unique().all()
        assert [vars(line) for line in built.report.steps] == [vars(line) for line in whole.report.steps]
        assert (built.report.rows_in, built.report.rows_out) == (whole.report.rows_in, whole.report.rows_out)
        built.report.check()
    finally:
        whole.discard()


rows_of_a_batch = st.lists(
    st.tuples(
        st.integers(0, 60).map(str),
        st.sampled_from(["l1", "l9", "", "L1"]),
        st.sampled_from(["1.25", "99.00", "", "7.5"]),
        st.sampled_from(["2024-01-01", "2025-07-31", ""]),
    ),
    min_size=1,
    max_size=4,
)


# an example is a lake: a smaller one that fails is not looked for
@settings(max_examples=6 if ALL else 2, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(
    st.lists(st.tuples(rows_of_a_batch, st.sampled_from(["", "compact", "full"])), min_size=1, max_size=3),
    st.booleans(),
)
def test_kept_up_equals_made_anew(story: Any, keyed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, Lakehouse.open(Path(folder) / "lake") as lake:
        keys = ["id"] if keyed else None
        give(lake, BASE, keys)
        promote(lake)
        for name, how in BUILDS.items():
            lake.gold.build(name, **how)
        for rows, besides in story:
            give(lake, rows, keys)
            promote(lake)
            if besides == "compact":
                compact(lake.context.need("silver.t"))
            elif besides == "full":
                lake.silver.promote("t", TYPED, full=True)
            for name, how in BUILDS.items():
                same(lake, name, lake.gold.build(name, **how))


def test_only_what_silver_gained_is_read(lake: Lakehouse) -> None:
    give(lake, BASE)
    promote(lake)
    for name, how in BUILDS.items():
        assert note(lake.gold.build(name, **how)) == ""
    give(lake, [("50", "l1", "5.25", "2024-01-05"), ("51", "new", "6.25", ""), ("52", "l1", "99", "")])
    promote(lake)
    for name, how in BUILDS.items():
        built = lake.gold.build(name, **how)
        assert note(built) == "Read 2 of 42 rows of silver.t (incremental)."
        same(lake, name, built)
        assert note(lake.gold.build(name, **how)) == "Read 0 of 42 rows of silver.t (incremental)."
        assert note(lake.gold.build(name, **how, full=True)) == ""


def test_what_is_not_kept_up_is_made_anew_and_says_why(lake: Lakehouse) -> None:
    give(lake, BASE, ["id"])
    promote(lake)
    lake.gold.build("lands", **BUILDS["lands"])
    give(lake, [("1", "l1", "8.00", "2024-01-05")], ["id"])
    promote(lake)
    built = lake.gold.build("lands", **BUILDS["lands"])
    assert "rows of silver.t were changed or made anew" in note(built)
    same(lake, "lands", built)
    other = lake.gold.build("lands", sql="SELECT land, avg(amount) AS mean FROM silver.t GROUP BY land")
    assert "neither a group nor a sum" in note(other)
    assert "in another way" in note(lake.gold.build("lands", **BUILDS["lands"]))


def test_first_and_last_mean_arrival(lake: Lakehouse) -> None:
    give(lake, BASE)
    promote(lake)
    give(lake, [("50", "l1", "5.25", ""), ("51", "l1", "6.25", "")])
    promote(lake)
    each = {name: {"field": "id", "function": name} for name in ("first", "last", "list")}
    built = lake.gold.build("ends", source="t", group_by=["land"], aggregations=each)
    lake.silver.promote("t", TYPED, rules=[("low", Range(columns=["amount"], max=90))], full=True)
    whole = lake.gold.build("others", source="t", group_by=["land"], aggregations=each)
    assert str(row_hash(lake.scan("gold.ends"))) == str(row_hash(lake.scan("gold.others")))
    assert "from parts" in note(lake.gold.build("ends", source="t", group_by=["land"], aggregations=each))
    assert built.report.rows_in == whole.report.rows_in


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT a FROM silver.t JOIN silver.u USING (a)", "more than the rows of one table"),
        ("SELECT a FROM (SELECT a FROM silver.t)", "more than the rows of one table"),
        ("WITH x AS (SELECT 1) SELECT a FROM silver.t", "more than one SELECT"),
        ("SELECT a FROM silver.t UNION ALL SELECT a FROM silver.t", "more than one SELECT"),
        ("SELECT DISTINCT a FROM silver.t", "sorts, limits"),
        ("SELECT a FROM silver.t LIMIT 3", "sorts, limits"),
        ("SELECT a, count(*) FROM silver.t GROUP BY a HAVING count(*) > 1", "sorts, limits"),
        ("SELECT count(*) FROM silver.t GROUP BY a", "does not show what it groups by"),
        ("SELECT a, count(DISTINCT b) FROM silver.t GROUP BY a", "neither a group nor"),
        ("SELECT a, sum(b) + 1 FROM silver.t GROUP BY a", "neither a group nor"),
        ("SELECT a, sum(b) FROM silver.t GROUP BY ROLLUP (a)", "groups in several ways"),
        ("SELECT a, sum(b) FROM silver.t GROUP BY ALL", "groups in several ways|neither a group nor"),
        ("SELECT a, row_number() OVER () FROM silver.t", "looks beyond the row"),
        ("SELECT a FROM silver.t WHERE b = (SELECT max(b) FROM silver.t)", "looks beyond the row"),
        ("SELECT a FROM silver.t WHERE day > current_date", "no function of the row alone"),
        ("SELECT a, now() FROM silver.t", "no function of the row alone"),
        ("SELECT a, random() FROM silver.t", "no function of the row alone"),
        ("SELECT unnest(a) FROM silver.t", "no function of the row alone|looks beyond"),
        ("SELECT a FROM silver.t AT (VERSION => 1)", "more than the rows of one table"),
        ("SELECT a FROM silver.t USING SAMPLE 10%", "more than the rows|sorts, limits"),
    ],
)
def test_statements_that_need_all_rows(sql: str, why: str) -> None:
    with pytest.raises(NotMaintainableError, match=why):
        shape(sql)


def test_statements_that_are_kept_up() -> None:
    assert shape("SELECT * FROM silver.t WHERE a IN (1, 2) AND b IS NOT NULL").roles is None
    assert shape("SELECT a % 3, sum(b) AS s, min(c) FROM silver.t GROUP BY 1").roles == ("key", "sum", "min")
    assert shape("SELECT count(*), max(b) FROM silver.t").roles == ("count", "max")
