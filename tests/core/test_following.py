"""Following a table: silver taken on change by change is silver made of the whole log is the table itself."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from automic_core.connectors.files.csv import CSVSource
from automic_core.contracts.changes import Followed
from automic_core.errors import AutomicError, CatalogError, ConfigError, SourceError
from automic_core.extraction.comparing import Comparison
from automic_core.lake import Lakehouse
from automic_core.medallion import retention, upkeep
from automic_core.medallion.applying import apply
from automic_core.medallion.batches import BATCH, CHANGES, layout
from automic_core.medallion.changelog import FOLLOWER, ChangeLanding
from automic_core.medallion.context import RUN_ID
from automic_core.medallion.retention import forget
from tests.core.changelogs import MemorySource, Table
from tests.drawing import draws

keys = st.integers(1, 5)
texts = st.sampled_from(["a", "b", None, "="])
steps = st.one_of(
    st.tuples(st.just("put"), keys, texts, texts),
    st.tuples(st.just("put"), keys, texts, texts),
    st.tuples(st.just("drop"), keys),
    st.tuples(st.just("move"), keys, keys),
    st.just(("empty",)),
)
transactions = st.lists(steps, min_size=1, max_size=5)
stories = st.lists(st.tuples(transactions, st.booleans()), min_size=1, max_size=8)


def silver(lake: Lakehouse) -> pl.DataFrame:
    found = lake.scan("silver.t").collect()
    return found.select(sorted(found.columns)).sort("id", "_rid")


def held(lake: Lakehouse) -> dict[int, tuple[Any, Any]]:
    return {row[0]: row[1:] for row in lake.scan("silver.t").select("id", "v", "w").collect().iter_rows()}


def versions(table: Table, since: int) -> dict[int, list[tuple[int, int | None, Any]]]:
    """What history must say, by replaying the log: key to (from, to, values), times as numbers of transactions."""
    found: dict[int, list[tuple[int, int | None, Any]]] = {}
    rows: dict[int, tuple[Any, Any]] = {}
    for number, changes in enumerate(table.log):
        before = dict(rows)
        touched = set()
        for op, key, v, w, left in changes:
            if op == "t":
                touched |= rows.keys()
                rows.clear()
            elif op == "d":
                touched.add(key)
                rows.pop(key, None)
            else:
                old = rows.get(key, (None, None))
                touched.add(key)
                rows[key] = (old[0] if "v" in left else v, old[1] if "w" in left else w)
        for key in touched:
            if key in before:
                start, _, values = found[key][-1]
                found[key][-1] = (start, number, values)
            if key in rows:
                found.setdefault(key, []).append((number, None, rows[key]))
    return found


# an example is a lake: a smaller one that fails is not looked for
@settings(max_examples=draws(18), deadline=None, phases=[Phase.explicit, Phase.generate])
@given(stories, st.sampled_from(["state", "history"]), st.integers(1, 3))
def test_incremental_equals_full_equals_the_table(story: Any, kind: Any, pieces: int) -> None:
    table = Table()
    source = MemorySource(table, pieces)
    assert isinstance(source, Followed)
    with tempfile.TemporaryDirectory() as folder, Lakehouse.open(Path(folder) / "lake") as lake:
        lake.bronze.follow(source, "t", silver=kind)
        for steps, look in story:
            table.commit(steps)
            if look:
                lake.bronze.follow(source, "t", silver=kind)
                assert table.confirmed == len(table.log)
        lake.bronze.follow(source, "t", silver=kind)
        taken_on = silver(lake)
        other = "history" if kind == "state" else "state"
        apply(lake.context, "t", other)
        done = apply(lake.context, "t", kind)
        assert done.whole
        assert taken_on.equals(silver(lake))
        if kind == "state":
            assert held(lake) == table.rows
        else:
            assert told(lake) == versions(table, 0)


def told(lake: Lakehouse) -> dict[int, list[tuple[int, int | None, Any]]]:
    from tests.core.changelogs import START

    found: dict[int, list[tuple[int, int | None, Any]]] = {}
    for row in lake.scan("silver.t").sort("id", "_rid").collect().iter_rows(named=True):
        start, end = (
            None if row[n] is None else round((row[n] - START).total_seconds()) for n in ("valid_from", "valid_to")
        )
        assert row["is_current"] == (end is None)
        found.setdefault(row["id"], []).append((start or 0, end, (row["v"], row["w"])))
    return found


def test_promoting_a_change_log_gives_its_rows(lake: Lakehouse) -> None:
    table = Table()
    table.commit([("put", 1, "a", "b"), ("put", 2, "c", "d")])
    lake.bronze.follow(MemorySource(table), "t", silver="none")
    table.commit([("put", 1, "=", "z"), ("drop", 2)])
    table.commit([("put", 3, "e", "f")])
    lake.bronze.follow(MemorySource(table), "t", silver="none")
    promoted = lake.silver.promote("t")
    assert promoted.report.rows_in == promoted.report.rows_out == 2
    assert held(lake) == table.rows
    table.commit([("drop", 3)])
    done = lake.bronze.follow(MemorySource(table), "t")
    assert "promote t" in done.report.notes[0]
    assert 3 in held(lake), "rows of a promotion are not changed behind its back"
    with pytest.raises(ConfigError, match="steps or rules of its own"):
        apply(lake.context, "t")


def test_a_change_log_and_a_table_of_batches_are_not_mixed(lake: Lakehouse, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,v\n1,a\n")
    file = CSVSource(str(tmp_path / "t.csv"))
    table = Table()
    lake.bronze.follow(MemorySource(table), "followed")
    with pytest.raises(ConfigError, match=r"bronze\.followed is a change log"):
        lake.bronze.ingest(file, "followed")
    lake.bronze.ingest(file, "taken")
    with pytest.raises(ConfigError, match=r"bronze\.taken is no change log"):
        lake.bronze.follow(file, "taken", keys=["id"])


def test_a_file_is_followed_by_comparing(lake: Lakehouse, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,v\n1,a\n2,b\n3,\n")
    file = CSVSource(str(path))
    with pytest.raises(ConfigError, match="is compared by keys"):
        lake.bronze.follow(file, "t")
    assert lake.bronze.follow(file, "t", keys=["id"]).ops == {"i": 3}
    assert not lake.bronze.follow(file, "t").ops
    path.write_text("id,v,w\n1,a,\n3,c,\n4,d,new\n")
    assert lake.bronze.follow(file, "t").ops == {"u": 2, "i": 1, "d": 1}
    found = lake.scan("silver.t").sort("id").select("id", "v", "w").collect()
    assert found.rows() == [("1", "a", ""), ("3", "c", ""), ("4", "d", "new")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,v\n1,a\n1,b\n", "'1' stands in several rows"),
        ("id,v\n7,a\n7,b\n", "'7' stands in several rows"),
        ("key,v\n1,a\n", "no column 'id' to be the key"),
    ],
)
def test_a_table_without_a_key_is_not_compared(lake: Lakehouse, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,v\n1,a\n")
    lake.bronze.follow(CSVSource(str(path)), "t", keys=["id"])
    before = lake.history("bronze.t")[-1].id
    path.write_text(text)
    with pytest.raises(SourceError, match=words):
        lake.bronze.follow(CSVSource(str(path)), "t")
    assert lake.history("bronze.t")[-1].id == before


def test_a_row_without_a_key_is_not_compared() -> None:
    before = pl.LazyFrame({"id": [1], "v": ["a"]})
    with pytest.raises(SourceError, match="a row has no id"):
        Comparison(before, ["id"], "t").take(pl.DataFrame({"id": [1, None], "v": ["a", "b"]}))


def test_silver_stays_what_it_is(lake: Lakehouse) -> None:
    table = Table()
    table.commit([("put", 1, "a", "b")])
    lake.bronze.follow(MemorySource(table), "t", silver="history")
    table.commit([("put", 1, "c", "b")])
    lake.bronze.follow(MemorySource(table), "t")
    assert lake.scan("silver.t").collect()["is_current"].to_list() == [False, True]
    lake.bronze.follow(MemorySource(table), "t", silver="state")
    assert held(lake) == table.rows
    with pytest.raises(ConfigError, match="no silver 'snapshots'"):
        lake.bronze.follow(MemorySource(table), "t", silver="snapshots")  # type: ignore[arg-type]


def test_a_log_that_was_rolled_back_makes_silver_anew(lake: Lakehouse) -> None:
    table = Table()
    table.commit([("put", 1, "a", "b")])
    lake.bronze.follow(MemorySource(table), "t")
    early = lake.history("bronze.t")[-1].id
    table.commit([("put", 2, "c", "d")])
    lake.bronze.follow(MemorySource(table), "t")
    lake.rollback("bronze.t", early)
    assert apply(lake.context, "t").whole
    assert held(lake) == {1: ("a", "b")}
    lake.bronze.follow(MemorySource(table), "t")
    assert held(lake) == table.rows


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Following forgets at once what it may forget."""
    monkeypatch.setattr(upkeep, "KEEP", dict.fromkeys(upkeep.KEEP, timedelta(seconds=-1)))
    monkeypatch.setattr(upkeep, "LEAST_STATES", dict.fromkeys(upkeep.LEAST_STATES, 1))


@pytest.mark.usefixtures("soon")
def test_following_forgets_only_states_that_it_made_itself(lake: Lakehouse) -> None:
    table = Table()
    table.commit([("put", 1, "a", "b")])
    lake.bronze.follow(MemorySource(table), "t", silver="none")
    by_hand = apply(lake.context, "t").snapshot
    table.commit([("put", 1, "c", "b")])
    lake.bronze.follow(MemorySource(table), "t")
    tagged = lake.history("silver.t")[-1].id
    lake.context.need("silver.t").manage_snapshots().create_tag(tagged, "audited").commit()
    made = [tagged]
    for value in "def":
        table.commit([("put", 1, value, "b")])
        lake.bronze.follow(MemorySource(table), "t")
        made.append(lake.history("silver.t")[-1].id)
    left = {info.id for info in lake.history("silver.t")}
    assert by_hand in left, "a state from before is not the follower's to forget"
    assert made[0] in left, "a tag holds it"
    assert made[-1] in left
    assert not left & set(made[1:-1])
    assert lake.scan("silver.t", by_hand).select("v").collect().rows() == [("a",)]


@pytest.mark.usefixtures("soon")
def test_states_from_before_go_when_retention_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "DAY", timedelta(microseconds=-1))
    with Lakehouse.open(tmp_path / "lake", medallion={"silver": {"retention_days": 1}}) as lake:
        states_from_before_go(lake)


def states_from_before_go(lake: Lakehouse) -> None:
    table = Table()
    table.commit([("put", 1, "a", "b")])
    lake.bronze.follow(MemorySource(table), "t", silver="none")
    by_hand = apply(lake.context, "t").snapshot
    table.commit([("put", 1, "c", "b")])
    lake.bronze.follow(MemorySource(table), "t")
    assert by_hand not in {info.id for info in lake.history("silver.t")}


@pytest.mark.usefixtures("soon")
def test_a_change_log_that_only_moves_on_stays_a_change_log(lake: Lakehouse) -> None:
    """Commits of a position alone outnumber the states that are kept; what the table is must not be forgotten."""
    table = Table()
    table.commit([("put", 1, "a", "b")])
    lake.bronze.follow(MemorySource(table), "t", silver="none")
    landing = ChangeLanding(lake.context, "bronze.t", "memory", ["id"], "evolve")
    for position in "234":
        landing.commit(position, "memory", {FOLLOWER: "1", RUN_ID: "1"})
    forget(lake.context, "bronze.t", timedelta(seconds=-1), keep=1, only=FOLLOWER)
    assert not [info for info in lake.history("bronze.t") if BATCH in info.summary]
    assert layout(lake.context.need("bronze.t")).mode == CHANGES
    assert layout(lake.context.need("bronze.t")).keys == ["id"]
    assert lake.silver.promote("t").report.rows_out == 1


class Failing(MemorySource):
    """Its log ends in a failure."""

    def change_log(self, name: str, keys: Any = None) -> Any:
        log = super().change_log(name, keys)
        changes = log.changes

        def failing(*args: Any, **how: Any) -> Iterator[Any]:
            yield from changes(*args, **how)
            raise SourceError("The source broke off.")

        log.changes = failing  # type: ignore[method-assign]
        return log


def test_a_failure_beside_following_is_raised_and_hides_no_other(
    lake: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Any:
        raise CatalogError("Silver cannot be written.")

    table = Table()
    table.commit([("put", 1, "a", "b")])
    monkeypatch.setattr(upkeep, "apply", broken)
    with pytest.raises(CatalogError, match="Silver cannot be written"):
        lake.bronze.follow(MemorySource(table), "t")
    assert lake.scan("bronze.t").collect().height == 1, "what was committed stays"
    table.commit([("put", 2, "a", "b")])
    with pytest.raises(SourceError, match="The source broke off"):
        lake.bronze.follow(Failing(table), "t")


def test_what_was_read_from_is_closed_when_following_fails(lake: Lakehouse) -> None:
    """Else a server keeps a transaction open for as long as somebody looks at the error."""
    table = Table()
    table.commit([("put", 1, "a", "b")])

    def fail(_: object) -> None:
        raise SourceError("Whoever listens breaks off.")

    held: list[pytest.ExceptionInfo[SourceError]] = []
    for _ in ("snapshot", "changes"):
        with pytest.raises(SourceError, match="breaks off") as error:
            lake.bronze.follow(MemorySource(table), "t", on_event=fail)
        held.append(error)
        assert table.readers == 0
        lake.bronze.follow(MemorySource(table), "t")
        table.commit([("put", 1, "c", "d")])


def test_a_lake_for_reading_only(tmp_path: Path) -> None:
    Lakehouse.open(tmp_path / "lake").close()
    with Lakehouse.open(tmp_path / "lake", read_only=True) as lake, pytest.raises(AutomicError, match="reading only"):
        lake.bronze.follow(MemorySource(Table()), "t")
