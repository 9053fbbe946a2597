"""Tables in words: timeline, columns through time, row diff, files, pages of rows, profiles, traced cells."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from automic_core import workbench
from automic_core.errors import CatalogError, ConfigError, ConflictError, SchemaError
from automic_core.lake import Lakehouse
from automic_core.lakehouse import files as landing
from automic_core.lakehouse import tables
from automic_core.medallion.column_paths import column_path
from automic_core.workbench import quarantining
from automic_core.workbench.maintaining import maintain_task
from tests.kept import Kept

JAN = "id,name,email,amount\n1,Ada,ADA@x.org,10\n2,Bob,bob@x.org,20\n3,Cem,cem@x.org,900\n"
FEB = 'id,name,email,amount,note\n2,Bob,BOB@x.org,25,"two\nlines"\n4,Dee,dee@x.org,40,:x\n'
STEPS = """
steps:
- {id: who, kind: rename, columns: {name: full_name}}
- {id: lower, kind: text, columns: [email], case: lower}
- {id: gross, kind: derive, column: gross, sql: "amount * 2"}
rules:
- {id: cap, kind: range, columns: [amount], max: 100, action: quarantine}
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("people")
    with Lakehouse.open(folder / "lake", actor="ann") as lake:
        give(lake, folder, "jan.csv", JAN)
        workbench.promote(lake, "people")
        give(lake, folder, "feb.csv", FEB)
        workbench.promote(lake, "people", workbench.parse_promotion(STEPS))
    return Kept(folder)


@pytest.fixture
def tmp_path(kept: Kept) -> Path:
    return kept.again()


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    """Two batches, two promotions: the second one renames, cleans, derives and has a rule."""
    with Lakehouse.open(tmp_path / "lake", actor="ann") as lake:
        yield lake


def give(lake: Lakehouse, folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    workbench.ingest(lake, workbench.build_source(str(folder / name)), "people", keys=["id"])


def rid(batch: int, record: int) -> int:
    return batch << 36 | record


def test_the_timeline_in_words(lake: Lakehouse) -> None:
    told = [(s.operation, s.label, s.rows_before, s.rows, s.actor) for s in workbench.timeline(lake, "bronze.people")]
    assert told == [
        ("ingest", "Took in feb.csv", 3, 5, "ann"),
        ("ingest", "Took in jan.csv", 0, 3, "ann"),
        ("created", "Created, still empty", None, 0, ""),
    ]
    newest, *others = workbench.timeline(lake, "silver.people")
    assert (newest.operation, newest.label) == ("promote", "Promoted from bronze.people")
    assert (newest.files_added, newest.files_removed, newest.files) == (1, 1, 1)
    assert newest.current
    assert not any(state.current for state in others)
    assert newest.run_id == lake.runs(1)[0].run_id
    assert workbench.timeline(lake, "quarantine.people")[0].label == "Set aside 1 row"


def test_a_replay_is_told_by_the_rows_it_brought_back(lake: Lakehouse) -> None:
    fix = quarantining.fix_many(lake, "people", {rid(1, 3): {"amount": "90"}})[0]
    quarantining.replay(lake, "people")
    quarantining.revoke(lake, fix.id)
    quarantining.replay(lake, "people")
    workbench.promote(lake, "people", workbench.parse_promotion(STEPS))
    told = [(state.operation, state.label) for state in workbench.timeline(lake, "silver.people")[:4]]
    assert told == [
        ("promote", "Promoted from bronze.people"),
        ("replay", "Replayed: 1 row back to quarantine"),
        ("replay", "Replayed: 1 row out of quarantine"),
        ("promote", "Promoted from bronze.people"),
    ]


def test_a_rollback_names_who_and_is_refused_on_a_changed_table(lake: Lakehouse) -> None:
    now, before, _ = workbench.timeline(lake, "silver.people")
    with pytest.raises(ConflictError, match="changed meanwhile"):
        workbench.rollback_to(lake, "silver.people", before.id, before.id)
    assert workbench.rollback_to(lake, "silver.people", before.id, now.id) == before.id
    state = workbench.timeline(lake, "silver.people")[0]
    assert (state.operation, state.actor, state.rows, state.rows_before, state.current) == (
        "rollback",
        "ann",
        3,
        3,
        True,
    )
    assert state.label.startswith("Set back to the state of 20")
    assert lake.runs(1)[0].pipeline == "roll back silver.people"
    assert workbench.schema_history(lake, "silver.people")[-1].kind in ("added", "removed")


def test_columns_through_time(lake: Lakehouse) -> None:
    (found,) = workbench.schema_history(lake, "bronze.people")
    assert (found.kind, found.column, found.new, workbench.told(found)) == (
        "added",
        "note",
        "string",
        "note (string) was added",
    )
    silver = {(each.kind, each.column) for each in workbench.schema_history(lake, "silver.people")}
    assert silver == {("added", "full_name"), ("added", "gross"), ("added", "note"), ("removed", "name")}
    workbench.promote(lake, "people", workbench.parse_promotion("schema: {id: string}\n" + STEPS))
    newest = workbench.schema_history(lake, "silver.people")[0]
    assert workbench.told(newest) == "id was integer and is string now"


def test_renamed_columns_are_told(lake: Lakehouse) -> None:
    from automic_core.lakehouse import schemas

    schemas.rename_column(lake.context.need("bronze.people"), "email", "mail")
    state, *_ = workbench.timeline(lake, "bronze.people")
    assert state.operation == "schema"
    assert workbench.told(workbench.schema_history(lake, "bronze.people")[0]) == "email is called mail now"


def test_row_differences(lake: Lakehouse) -> None:
    now, before, _ = workbench.timeline(lake, "silver.people")
    found = workbench.diff(lake, "silver.people", before.id, now.id)
    assert found.keys == ["id"], "the declared key"
    assert (found.rows_before, found.rows_after, found.added, found.removed, found.changed) == (3, 3, 1, 1, 2)
    assert found.columns == {"email": 1, "amount": 1}
    assert [row["id"] for row in found.added_rows.rows] == [4]
    assert [row["id"] for row in found.removed_rows.rows] == [3]
    cells = {(row["id"], row["column"]): (row["was"], row["now"]) for row in found.cells.rows}
    assert cells == {(1, "email"): ("ADA@x.org", "ada@x.org"), (2, "amount"): ("20", "25")}
    assert {each.column for each in found.schema} == {"full_name", "gross", "note", "name"}
    whole = workbench.diff(lake, "silver.people", before.id, now.id, keys=[])
    assert (whole.added, whole.removed, whole.changed) == (3, 3, 0)
    with pytest.raises(SchemaError, match="'gross' is not in both"):
        workbench.diff(lake, "silver.people", before.id, now.id, keys=["gross"])
    with pytest.raises(CatalogError, match="never had the state 7"):
        workbench.diff(lake, "silver.people", 7, now.id)


def test_what_names_a_row(lake: Lakehouse) -> None:
    lake.gold.build(
        "sums", source="people", group_by=["full_name"], aggregations={"n": {"field": "*", "function": "count"}}
    )
    lake.gold.build("sql", "SELECT full_name, count(*) AS n FROM silver.people GROUP BY full_name")
    assert workbench.natural_keys(lake, "silver.people", ["_rid", "id"]) == ["id"]
    assert workbench.natural_keys(lake, "silver.people", ["_rid", "name"]) == ["_rid"]
    assert workbench.natural_keys(lake, "bronze.people", ["_rid", "id"]) == ["_rid"]
    assert workbench.natural_keys(lake, "gold.sums", ["_rid", "full_name", "n"]) == ["full_name"]
    assert workbench.natural_keys(lake, "gold.sql", ["_rid", "full_name", "n"]) == []


def test_files_and_what_their_statistics_say(lake: Lakehouse) -> None:
    found = workbench.files(lake, "bronze.people")
    assert (found.rows, len(found.files), found.small, found.hint) == (5, 2, 2, "")
    assert all(each.path.startswith("data/") and each.at is not None for each in found.files)
    columns = {each.name: each for each in found.columns}
    assert list(columns) == ["id", "name", "email", "amount", "note"]
    assert (columns["name"].low, columns["name"].high, columns["name"].nulls) == ("Ada", "Dee", 0)
    first = workbench.timeline(lake, "bronze.people")[1]
    past = workbench.files(lake, "bronze.people", first.id)
    assert (past.rows, [each.name for each in past.columns]) == (3, ["id", "name", "email", "amount"])
    with pytest.raises(CatalogError, match="has no state 7"):
        workbench.files(lake, "bronze.people", 7)


def test_bounds_read_as_values(lake: Lakehouse) -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    frame = pl.DataFrame({"at": [moment], "day": [moment.date()], "text": ["x" * 40], "on": [True], "none": [None]})
    frame = frame.with_columns(pl.col("none").cast(pl.Float64), pl.col("at").cast(pl.Datetime("us", "UTC")))
    table = tables.create(lake.context.catalog, "gold.kinds", frame.schema)
    tables.append(table, landing.land(table, frame.lazy()).collect(), properties={tables.RUN_ID: "r"})
    low = {each.name: each.low for each in workbench.files(lake, "gold.kinds").columns}
    assert low == {
        "at": "2026-01-31 12:00:00+00:00",
        "day": "2026-01-31",
        "text": "x" * 15 + "…",
        "on": "True",
        "none": "",
    }


def test_many_small_files_can_be_merged(lake: Lakehouse, tmp_path: Path) -> None:
    for number in range(9):
        give(lake, tmp_path, f"{number}.csv", f"id,name,email,amount\n{100 + number},n,e,1\n")
    assert "11 files are smaller" in workbench.files(lake, "bronze.people").hint
    rows = lake.scan("bronze.people").collect().sort("_rid")
    done = maintain_task(lake, {"table": "bronze.people"}, lambda _: None)
    assert (done["table"], done["merged"], done["told"]) == ("bronze.people", 11, "11 files merged")
    assert workbench.files(lake, "bronze.people").hint == ""
    assert lake.scan("bronze.people").collect().sort("_rid").equals(rows)
    state = workbench.timeline(lake, "bronze.people")[0]
    assert (state.operation, state.actor, state.rows) == ("compaction", "ann", 14)


def test_pages_of_rows(lake: Lakehouse) -> None:
    first = workbench.page(lake, "bronze.people", limit=2)
    assert [row["_rid"] for row in first.rows.rows] == [rid(2, 1), rid(2, 2)], "the newest batch first"
    assert (first.rows.total, first.offset, first.columns, first.all_columns) == (5, 0, 5, 5)
    assert list(first.rows.columns) == ["_rid", "id", "name", "email", "amount", "note"]
    last = workbench.page(lake, "bronze.people", offset=99, limit=2)
    assert (last.offset, len(last.rows.rows)) == (4, 1), "a page too far is the last one"
    found = workbench.page(lake, "bronze.people", columns="AM")
    assert list(found.rows.columns) == ["_rid", "name", "amount"]
    past = workbench.timeline(lake, "bronze.people")[1]
    assert workbench.page(lake, "bronze.people", past.id).rows.total == 3
    assert workbench.data_columns(lake, "bronze.people", past.id) == ["id", "name", "email", "amount"]
    with pytest.raises(CatalogError, match="has no snapshot 7"):
        workbench.page(lake, "bronze.people", 7)


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("is:full_name:Bob", [2]),
        ("not:full_name:Bob", [1, 4]),
        ("contains:email:ADA", [1]),
        ("starts:email:D", [4]),
        ("above:amount:10", [2, 4]),
        ("below:amount:25", [1]),
        ("empty:note", [1]),
        ("filled:note", [2, 4]),
        ("is:note:\\:x", []),
        ("is:note::x", [4]),
        ("search:dee", [4]),
        ("search:25", [2]),
        ("search:nowhere", []),
    ],
)
def test_filters(where: str, ids: list[int], lake: Lakehouse) -> None:
    found = workbench.page(lake, "silver.people", where=where)
    assert sorted(row["id"] for row in found.rows.rows) == ids
    assert found.rows.total == len(ids)
    assert str(workbench.parse_filter(where)) == where, "a link says the same again"


def test_a_filter_knows_types_and_says_what_does_not_fit(lake: Lakehouse) -> None:
    frame = pl.DataFrame(
        {
            "a:b": ["x", "y"],
            "on": [True, False],
            "at": [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)],
            "price": [1.5, None],
            "many": [[1], [2]],
        }
    ).with_columns(pl.col("price").cast(pl.Decimal(10, 2)), pl.col("at").cast(pl.Datetime("us", "UTC")))
    table = tables.create(lake.context.catalog, "gold.kinds", frame.schema)
    tables.append(table, landing.land(table, frame.lazy()).collect(), properties={tables.RUN_ID: "r"})

    def rows(column: str, operator: str, value: str) -> int | None:
        return workbench.page(lake, "gold.kinds", where=str(workbench.Filter(column, operator, value))).rows.total

    assert rows("a:b", "is", "x") == 1
    assert rows("on", "is", "yes") == 1
    assert rows("at", "above", "2026-01-15") == 1
    assert rows("price", "is", "1.50") == 1
    assert rows("price", "not", "1.50") == 1, "an empty cell is another value"
    assert rows("many", "contains", "2") == 1
    for column, value, match in (("price", "much", "does not fit"), ("many", "1", "cannot be compared")):
        with pytest.raises(ConfigError, match=match):
            rows(column, "is", value)
    with pytest.raises(ConfigError, match="no column 'nope'"):
        rows("nope", "is", "1")
    for bad in ("is", "is:", "like:a:b", "search:"):
        with pytest.raises(ConfigError, match="is no filter"):
            workbench.parse_filter(bad)
    assert workbench.parse_filter("") is None


def test_profiles(lake: Lakehouse) -> None:
    found = workbench.profile(lake, "silver.people")
    columns = {each.name: each for each in found.columns}
    assert (found.rows, found.total, found.all_columns) == (3, 3, 6)
    assert (columns["amount"].type, columns["amount"].low, columns["amount"].high) == ("integer", "10", "40")
    assert sum(columns["amount"].bins) == 3
    assert columns["note"].filled == pytest.approx(2 / 3)
    assert columns["full_name"].bins == [], "no value comes twice"
    (one,) = workbench.profile(lake, "bronze.people", only="name").columns
    assert (one.different, one.top[0], one.bins[0]) == (4, ("Bob", 2), 2)
    assert workbench.profile(lake, "silver.people", columns="NAME").all_columns == 1
    with pytest.raises(ConfigError, match="no column 'nope'"):
        workbench.profile(lake, "silver.people", only="nope")


def test_a_cell_of_silver_back_to_its_lines(lake: Lakehouse, tmp_path: Path) -> None:
    found = workbench.trace_cell(lake, "silver.people", rid(2, 1), "gross")
    assert (found.value, found.columns, found.how) == (50, ["amount"], ["gross: gross = amount * 2."])
    assert found.made_by == "ann"
    now, before = found.records
    assert (now.source, now.line, now.values, now.fate) == (str(tmp_path / "feb.csv"), 2, {"amount": "25"}, "kept")
    assert now.text == '2,Bob,BOB@x.org,25,"two\nlines"', "a record of two lines"
    assert (before.line, before.values) == (3, {"amount": "20"})
    assert before.fate == f"an earlier version of row {rid(2, 1)}"
    name = workbench.trace_cell(lake, "silver.people", rid(1, 1), "full_name")
    assert (name.columns, name.how) == (["name"], ["who: name was renamed to full_name."])
    mail = workbench.trace_cell(lake, "silver.people", rid(1, 1), "email")
    assert (mail.value, mail.records[0].values, mail.how) == (
        "ada@x.org",
        {"email": "ADA@x.org"},
        ["lower: email was cleaned."],
    )


def test_a_cell_of_a_past_state(lake: Lakehouse) -> None:
    _, before, _ = workbench.timeline(lake, "silver.people")
    found = workbench.trace_cell(lake, "silver.people", rid(1, 3), "amount", before.id)
    assert (found.value, found.records[0].fate) == (900, "kept")
    with pytest.raises(CatalogError, match="has no row") as caught:
        workbench.trace_cell(lake, "silver.people", rid(1, 3), "amount")
    assert "quarantined:cap. Trace it in bronze.people" in caught.value.hint
    with pytest.raises(ConfigError, match="no column 'gross' in this state"):
        workbench.trace_cell(lake, "silver.people", rid(1, 1), "gross", before.id)


def test_a_cell_of_bronze_and_of_quarantine(lake: Lakehouse) -> None:
    bronze = workbench.trace_cell(lake, "bronze.people", rid(1, 3), "amount")
    assert (bronze.value, bronze.records[0].line, bronze.records[0].fate) == ("900", 4, "set aside by cap")
    aside = workbench.trace_cell(lake, "quarantine.people", rid(1, 3), "row")
    assert aside.records[0].values["amount"] == "900"


def test_decisions_show_with_the_record(lake: Lakehouse) -> None:
    workbench.fix(lake, "people", rid(1, 3), {"amount": "90"}, "typed a zero too many")
    workbench.promote(lake, "people", workbench.parse_promotion(STEPS))
    found = workbench.trace_cell(lake, "silver.people", rid(1, 3), "gross")
    assert (found.value, found.records[0].values) == (180, {"amount": "900"})
    assert found.records[0].decisions == ["ann set amount to '90': typed a zero too many"]


def test_a_file_that_changed_is_not_quoted(lake: Lakehouse, tmp_path: Path) -> None:
    assert workbench.trace_cell(lake, "bronze.people", rid(1, 1), "name").records[0].text.startswith("1,Ada")
    (tmp_path / "jan.csv").write_text(JAN.replace("Ada", "Eve"))
    record = workbench.trace_cell(lake, "bronze.people", rid(1, 1), "name").records[0]
    assert (record.line, record.text, record.values) == (None, "", {"name": "Ada"})
    (tmp_path / "jan.csv").write_text(JAN)
    assert workbench.trace_cell(lake, "bronze.people", rid(1, 1), "name").records[0].line == 2


def test_a_large_file_is_read_only_on_request(lake: Lakehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("automic_core.workbench.tracing.LARGEST", 10)
    found = workbench.trace_cell(lake, "bronze.people", rid(1, 1), "name")
    assert (found.records[0].line, found.unread) == (None, [str(tmp_path / "jan.csv")])
    again = workbench.trace_cell(lake, "bronze.people", rid(1, 1), "name", any_size=True)
    assert (again.records[0].line, again.unread) == (2, [])


def test_a_cell_of_gold(lake: Lakehouse) -> None:
    sums = {"total": {"field": "gross", "function": "sum"}, "n": {"field": "*", "function": "count"}}
    lake.gold.build("sums", source="people", group_by=["full_name"], aggregations=sums)
    row = lake.scan("gold.sums").filter(pl.col("full_name") == "Bob").collect().row(0, named=True)
    found = workbench.trace_cell(lake, "gold.sums", row["_rid"], "total")
    assert found.how == ["total is sum of gross.", "silver.people, gross: gross = amount * 2."]
    ((stage,), columns) = found.stages, found.columns
    assert (stage.table, stage.total, stage.rows.rows, columns) == (
        "silver.people",
        1,
        [{"_rid": rid(2, 1), "gross": 50}],
        ["amount"],
    )
    assert [record.values for record in found.records] == [{"amount": "25"}]
    name = workbench.trace_cell(lake, "gold.sums", row["_rid"], "full_name")
    assert name.how[0] == "full_name is what the rows have in common."
    count = workbench.trace_cell(lake, "gold.sums", row["_rid"], "n")
    assert count.how == ["n is count of the rows behind it."]


def test_a_cell_of_gold_made_by_sql(lake: Lakehouse) -> None:
    lake.gold.build(
        "sql", "SELECT left(email, 1) AS first, round(sum(gross) / 2)::INT AS half FROM silver.people GROUP BY 1"
    )
    row = lake.scan("gold.sql").filter(pl.col("first") == "d").collect().row(0, named=True)
    half = workbench.trace_cell(lake, "gold.sql", row["_rid"], "half")
    assert half.how == ["half is round(sum(gross) / 2)::INT.", "silver.people, gross: gross = amount * 2."]
    assert [(stage.table, stage.total) for stage in half.stages] == [("silver.people", 1)]
    lake.gold.build("union", "SELECT email AS e FROM silver.people UNION SELECT full_name FROM silver.people")
    found = workbench.trace_cell(lake, "gold.union", 0, "e")
    assert found.how == ["How e was made cannot be told from what is on record."]
    assert "cannot be told" in found.note
    assert found.records == []


def test_many_rows_behind_a_cell_are_counted_and_the_first_shown(lake: Lakehouse, tmp_path: Path) -> None:
    rows = "".join(f"{number},N,n@x.org,1\n" for number in range(100, 300))
    give(lake, tmp_path, "more.csv", "id,name,email,amount\n" + rows)
    workbench.promote(lake, "people", workbench.parse_promotion(STEPS))
    lake.gold.build("n", "SELECT full_name, count(*) AS n FROM silver.people GROUP BY full_name")
    row = lake.scan("gold.n").filter(pl.col("full_name") == "N").collect().row(0, named=True)
    found = workbench.trace_cell(lake, "gold.n", row["_rid"], "n")
    assert (found.stages[0].total, len(found.stages[0].rows.rows), len(found.records)) == (200, 50, 50)


def test_a_foreign_table_cannot_be_traced(lake: Lakehouse) -> None:
    frame = pl.DataFrame({"x": [1]})
    table = tables.create(lake.context.catalog, "theirs.t", frame.schema)
    tables.append(table, landing.land(table, frame.lazy()).collect(), properties={tables.RUN_ID: "r"})
    assert workbench.timeline(lake, "theirs.t")[0].operation == "load"
    with pytest.raises(CatalogError, match="have no _rid"):
        workbench.trace_cell(lake, "theirs.t", 1, "x")


@pytest.mark.parametrize(
    ("column", "steps", "columns", "told"),
    [
        ("a", [], ["a"], True),
        ("b", [{"id": "r", "kind": "rename", "columns": {"a": "b"}}], ["a"], True),
        ("a", [{"id": "r", "kind": "rename", "columns": {"a": "b", "b": "a"}}], ["b"], True),
        ("c", [{"kind": "derive", "column": "c", "sql": "a + b * a"}], ["a", "b"], True),
        ("c", [{"kind": "derive", "column": "c", "sql": "1"}], [], True),
        ("y", [{"kind": "split", "column": "full", "into": ["x", "y"]}], ["full"], True),
        ("v", [{"kind": "unpivot", "columns": ["x"], "value": "v"}], [], False),
        ("k", [{"kind": "pivot", "index": ["k"], "on": "x", "values": ["y"]}], ["k"], True),
        (
            "z",
            [
                {"kind": "rename", "columns": {"a": "b"}},
                {"kind": "derive", "column": "c", "sql": "b || b"},
                {"kind": "derive", "column": "z", "sql": "upper(c)"},
            ],
            ["a"],
            True,
        ),
    ],
)
def test_column_paths(column: str, steps: list[dict[str, object]], columns: list[str], told: bool) -> None:
    found = column_path(column, steps)
    assert (found.columns, found.told) == (columns, told)


def test_a_joined_column_is_said_to_be_joined(lake: Lakehouse, tmp_path: Path) -> None:
    (tmp_path / "lands.csv").write_text("id,land\n1,Malta\n2,Oman\n")
    workbench.ingest(lake, workbench.build_source(str(tmp_path / "lands.csv")), "lands")
    workbench.promote(lake, "lands")
    joined = "steps:\n- {id: more, kind: join, table: silver.lands, on: id, how: left}\n"
    workbench.promote(lake, "people", workbench.parse_promotion(joined))
    found = workbench.trace_cell(lake, "silver.people", rid(1, 1), "land")
    assert found.how == ["land came with silver.lands, which was joined."]
    assert found.columns == []
