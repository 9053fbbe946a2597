"""A MongoDB collection followed: values as by reading it, every kind of change, and what is said when it ends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import registry
from automic_core.connectors.databases import _mongodb_following as following
from automic_core.connectors.databases._mongodb_changes import Changes, Columns
from automic_core.connectors.databases._mongodb_types import Column
from automic_core.errors import AutomicError, ConfigError, SourceError
from automic_core.faults import commit_point
from automic_core.lake import Lakehouse
from automic_core.lakehouse.rowhash import row_hash
from tests import mongodb
from tests.core.followed import rows

bson = pytest.importorskip("bson")
NAME = "automic_following"


@pytest.fixture
def here(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty collection in a database of its own."""
    with mongodb.database(NAME) as name:
        yield mongodb.server().client[name]["t"]


def source(**options: Any) -> Any:
    return registry.build("source", "mongodb", {**mongodb.server().options(NAME), "table": "t", **options})


def same(lake: Lakehouse, read: Any) -> bool:
    """Whether silver holds just what the collection has."""
    there = read.scan().rename({"_id": "id"}).drop("_source_row", "_rescued")
    return str(row_hash(lake.scan("silver.t"))) == str(row_hash(there))


def test_every_kind_of_change_in_order(lake: Lakehouse, here: Any) -> None:
    here.insert_many([{"_id": 1, "v": "a", "n": 1}, {"_id": 2, "v": "b"}, {"_id": 3, "v": "c"}])
    first = lake.bronze.follow(source(), "t")
    assert (first.began, first.ops) == (True, {"i": 3})
    here.update_one({"_id": 1}, {"$set": {"v": "a1"}})
    here.update_one({"_id": 1}, {"$set": {"v": "a2"}, "$unset": {"n": 1}})
    here.delete_one({"_id": 2})
    here.insert_one({"_id": 2, "v": "again"})
    here.replace_one({"_id": 3}, {"v": "c1", "n": 5})
    second = lake.bronze.follow(source(), "t")
    assert (second.began, second.ops) == (False, {"u": 3, "d": 1, "i": 1})
    assert rows(lake) == [
        {"id": 1, "v": "a2", "n": None},
        {"id": 2, "v": "again", "n": None},
        {"id": 3, "v": "c1", "n": 5},
    ]
    log = lake.scan("bronze.t").sort("_rid").filter(pl.col("_batch_id") == 2).collect()
    assert list(zip(log["_op"], log["id"], log["v"], strict=True)) == [
        ("u", 1, "a1"),
        ("u", 1, "a2"),
        ("d", 2, None),
        ("i", 2, "again"),
        ("u", 3, "c1"),
    ]
    assert log["_lsn"].is_sorted()
    assert not lake.bronze.follow(source(), "t").ops
    assert len(lake.history("bronze.t")) == 3, "created, its snapshot, one batch; nothing new makes no state"


def test_values_by_the_log_are_those_of_reading(lake: Lakehouse, here: Any) -> None:
    document = {
        "i": 1,
        "l": bson.Int64(2**60),
        "f": 1.5,
        "d": bson.Decimal128("1.50"),
        "at": datetime(2024, 1, 1, 1, 2, 3, 4_000),  # noqa: DTZ001
        "s": "é\0",
        "o": bson.ObjectId("65f0c0ffee65f0c0ffee65f0"),
        "u": bson.Binary(b"\x12" * 16, 4),
        "b": b"\0\xff",
        "doc": {"a": [1, {"b": bson.ObjectId("65f0c0ffee65f0c0ffee65f0")}]},
        "code": bson.Code("f()"),
        "_hidden": True,
    }
    here.insert_one({"_id": 1, **document})
    lake.bronze.follow(source(), "t")
    here.insert_one({"_id": 2, **document})
    here.insert_one({"_id": 3, **document, "i": "odd", "d": bson.Decimal128("NaN")})
    lake.bronze.follow(source(), "t")
    found = lake.scan("silver.t").sort("id").drop("id", "_rid").collect()
    assert found.row(0) == found.row(1)
    assert found["_rescued"][2] == '{"values": {"i": "\\"odd\\"", "d": "{\\"$numberDecimal\\": \\"NaN\\"}"}}'


def test_a_transaction_is_whole(lake: Lakehouse, here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_ROWS", 2)
    here.insert_one({"_id": 0})
    begun = source().change_log("x").begin()
    list(begun.rows)
    with here.database.client.start_session() as session, session.start_transaction():
        here.insert_many([{"_id": number} for number in range(1, 6)], session=session)
    with here.database.client.start_session() as session:
        session.start_transaction()
        here.insert_one({"_id": 99}, session=session)
        session.abort_transaction()
    pieces = list(source().change_log("x").changes(begun.position, begun.origin, until_now=True))
    told = [(piece.rows.num_rows if piece.rows is not None else 0, piece.position is not None) for piece in pieces]
    assert told == [(2, False), (2, False), (1, True)], "inside of a transaction there is no place to go on from"
    assert pieces[-1].last
    lsns = {text for piece in pieces for text in piece.rows.column("_lsn").to_pylist()}
    assert len(lsns) == 1


def test_changes_while_the_snapshot_is_read_come_once(here: Any) -> None:
    here.insert_many({"_id": number, "v": 0} for number in range(10))
    log = source().change_log("x")
    begun = log.begin()  # the snapshot is of now; what changes from here on is in the log
    here.update_one({"_id": 3}, {"$set": {"v": 1}})
    here.delete_one({"_id": 4})
    snapshot = pl.concat([pl.DataFrame(pl.from_arrow(batch)) for batch in begun.rows])
    assert snapshot["id"].to_list() == list(range(10))
    assert set(snapshot["v"]) == {0}
    pieces = list(log.changes(begun.position, begun.origin, until_now=True))
    told = [
        (op, key)
        for p in pieces
        if p.rows is not None
        for op, key in zip(p.rows["_op"].to_pylist(), p.rows["id"].to_pylist(), strict=True)
    ]
    assert told == [("u", 3), ("d", 4)]


def test_new_fields_become_columns_that_stay(lake: Lakehouse, here: Any) -> None:
    here.insert_one({"_id": 1, "a": 1})
    lake.bronze.follow(source(), "t")
    here.insert_one({"_id": 2, "a": 2, "new": 5, "_x": "h"})
    lake.bronze.follow(source(), "t")
    here.insert_one({"_id": 3, "new": "text", "a": None})
    here.update_one({"_id": 1}, {"$set": {"new": 7}})
    lake.bronze.follow(source(), "t")
    found = lake.scan("silver.t").sort("id").collect()
    assert found["new"].to_list() == [7, 5, None]
    assert found["x"].to_list() == [None, "h", None]
    assert found["_rescued"].to_list()[2] == '{"values": {"new": "\\"text\\""}}'


def test_a_document_that_is_gone_when_its_update_is_read(lake: Lakehouse, here: Any) -> None:
    here.insert_one({"_id": 1, "a": 1, "b": 1})
    lake.bronze.follow(source(), "t")
    here.update_one({"_id": 1}, {"$set": {"a": 2}})
    here.delete_one({"_id": 1})
    lake.bronze.follow(source(), "t")
    log = lake.scan("bronze.t").sort("_rid").collect()
    assert log["_op"].to_list() == ["i", "u", "d"]
    assert log["a"].to_list() == [1, 2, None]
    assert log["_unchanged"].to_list() == [None, '["b"]', None]
    assert rows(lake) == []


def test_a_document_as_it_was_is_told_where_the_server_keeps_it() -> None:
    """The emulator keeps none, so the events are those that a server's manual shows."""
    changes = Changes(Columns.of([Column("_id", "_id", "int"), Column("a", "a", "json")]), (5, 0))
    for inc, image in ((0, {"_id": 1, "a": {"x": 1}}), (1, {"_id": 1, "a": {"x": 2}}), (2, {"_id": 1, "a": {"x": 3}})):
        told = {"updatedFields": {"a.x": image["a"]["x"]}, "removedFields": []}
        about = {"operationType": "update", "documentKey": {"_id": 1}, "clusterTime": bson.Timestamp(5, inc)}
        changes.take({**about, "fullDocument": image, "updateDescription": told})
    found = changes.cut()
    assert found is not None
    assert found["a"].to_pylist() == ['{"x": 2}', '{"x": 3}'], "the first one is in the snapshot already"
    assert found["_unchanged"].to_pylist() == [None, None]
    assert found["_committed_at"].to_pylist() == [datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)] * 2


def test_random_changes_end_as_the_collection(lake: Lakehouse, here: Any) -> None:
    chance = random.Random(7)
    here.insert_many({"_id": number, "v": number, "t": str(number)} for number in range(20))
    lake.bronze.follow(source(), "t")
    for _ in range(3):
        for _ in range(40):
            key = chance.randrange(25)
            match chance.randrange(4):
                case 0:
                    here.delete_one({"_id": key})
                case 1:
                    here.replace_one({"_id": key}, {"v": chance.randrange(9), "t": "r"}, upsert=True)
                case 2:
                    here.update_one({"_id": key}, {"$inc": {"v": 1}})
                case _:
                    here.update_many({"v": {"$gt": chance.randrange(30)}}, {"$unset": {"t": 1}})
        lake.bronze.follow(source(), "t")
        assert same(lake, source())


class Killed(BaseException):
    """Ends the process as a signal would, as far as a test can."""


@pytest.mark.parametrize("place", ["acknowledge.before"])
def test_a_restart_goes_on_where_it_was(
    lake: Lakehouse, here: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    here.insert_one({"_id": 1, "v": 1})
    lake.bronze.follow(source(), "t")
    here.insert_one({"_id": 2, "v": 2})

    def die(name: str) -> None:
        if name == place:
            raise Killed

    from automic_core.medallion import following as follower

    monkeypatch.setattr(follower, "commit_point", die)
    with pytest.raises(Killed):
        lake.bronze.follow(source(), "t")
    monkeypatch.setattr(follower, "commit_point", commit_point)
    here.update_one({"_id": 2}, {"$set": {"v": 3}})
    lake.bronze.follow(source(), "t")
    assert rows(lake) == [{"id": 1, "v": 1}, {"id": 2, "v": 3}]
    assert lake.scan("bronze.t").collect()["_op"].to_list().count("i") == 2


def test_a_connection_that_breaks_is_made_again(lake: Lakehouse, here: Any) -> None:
    here.insert_one({"_id": 1})
    lake.bronze.follow(source(), "t")
    here.insert_one({"_id": 2})
    mongodb.server().fail("getMore", "aggregate", times=2)
    lake.bronze.follow(source(), "t")
    assert [row["id"] for row in rows(lake)] == [1, 2]


def test_a_log_that_was_cut_is_said_with_the_way_back(lake: Lakehouse, tmp_path: Path) -> None:
    server = mongodb.server("--oplog-max-entries", "50")
    target = server.client[NAME]["cut"]
    target.drop()
    target.insert_one({"_id": 1})
    read = registry.build("source", "mongodb", {**server.options(NAME), "table": "cut"})
    lake.bronze.follow(read, "t")
    for number in range(2, 4):
        target.insert_many({"_id": number * 10_000 + place} for place in range(1_000))
    target.delete_many({"_id": {"$gt": 20_005}})
    with pytest.raises(SourceError, match=r"changes are lost.*--fresh"):
        lake.bronze.follow(read, "t")
    again = lake.bronze.follow(read, "t", fresh=True)
    assert again.began
    assert [row["id"] for row in rows(lake)] == [1, *range(20_000, 20_006)]


@pytest.mark.parametrize("how", ["drop", "rename", "anew"])
def test_a_collection_that_is_gone_is_said_with_the_way_back(lake: Lakehouse, here: Any, how: str) -> None:
    here.insert_one({"_id": 1})
    lake.bronze.follow(source(), "t")
    here.insert_one({"_id": 2})
    if how == "rename":
        here.rename("other")
        here.database.create_collection("t")
    else:
        here.drop()
        if how == "anew":
            here.insert_one({"_id": 7})
    with pytest.raises(SourceError, match=r"changes are lost|no collection 't'"):
        lake.bronze.follow(source(), "t")
    if how == "anew":
        lake.bronze.follow(source(), "t", fresh=True)
        assert [row["id"] for row in rows(lake)] == [7]


def test_ids_of_several_types_stay_apart(lake: Lakehouse, here: Any) -> None:
    here.insert_many([{"_id": 1, "v": 1}, {"_id": "1", "v": 2}])
    lake.bronze.follow(source(), "t")
    here.delete_one({"_id": "1"})
    lake.bronze.follow(source(), "t")
    assert rows(lake) == [{"id": "1", "v": 1}]


def test_an_id_of_another_type_stops_it(lake: Lakehouse, here: Any) -> None:
    here.insert_one({"_id": 1})
    lake.bronze.follow(source(), "t")
    here.insert_one({"_id": "1"})
    with pytest.raises(SourceError, match=r'_id "1" is of another type.*sample_rows'):
        lake.bronze.follow(source(), "t")
    assert [row["id"] for row in rows(lake)] == [1]


def test_an_empty_collection_is_followed(lake: Lakehouse, here: Any) -> None:
    here.database.create_collection("t")
    lake.bronze.follow(source(), "t")
    here.insert_one({"v": 1})
    assert lake.bronze.follow(source(), "t").ops == {"i": 1}
    assert lake.scan("silver.t").collect()["v"].to_list() == [1]


def test_what_has_no_log_is_said(here: Any) -> None:
    here.insert_one({"_id": 1})
    with pytest.raises(ConfigError, match="whole collection"):
        source(filter='{"a": 1}').change_log("x")
    with pytest.raises(ConfigError, match="known by _id"):
        source().change_log("x", ["v"])
    here.database.create_collection("v", viewOn="t", pipeline=[])
    with pytest.raises(AutomicError, match="view"):
        source(table="v").change_log("x")


def test_position_is_a_text() -> None:
    place = following.Position("82ab", 5, (Column("a b", "a b", "decimal", 2),))
    assert following.Position.of(str(place)) == place
    assert following.Position.of(str(following.Position("82ab", 5))) == following.Position("82ab", 5)
