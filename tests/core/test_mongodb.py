"""MongoDB: every kind of value as it is read, what cannot be held, what the server is asked, and what is written."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core import frames, registry
from automic_core.connectors.databases import _mongodb_reading as reading
from automic_core.connectors.databases import _mongodb_stage
from automic_core.connectors.databases import _mongodb_types as types
from automic_core.connectors.databases._mongodb_catalog import STAGE
from automic_core.connectors.databases._mongodb_stage import OLD_SECONDS
from automic_core.contracts import Bound, Incremental, ReadRequest
from automic_core.errors import AutomicError, ConfigError, LoadError, SecurityError, SourceError
from automic_core.lake import Lakehouse
from automic_core.settings import Secret
from automic_core.storage import AccessPolicy, confined
from tests import mongodb
from tests.drawing import draws

bson = pytest.importorskip("bson")
NAME = "automic_core"


@pytest.fixture(scope="module")
def space() -> Iterator[Any]:
    """A database for the tests of this module; each makes its own collection."""
    with mongodb.database(NAME) as name:
        yield mongodb.server().client[name]


@pytest.fixture
def here(space: Any, request: pytest.FixtureRequest) -> Any:
    """An empty collection of the test's own."""
    found = space[request.node.name[:60]]
    yield found
    found.drop()


def source(table: str | None, **options: Any) -> Any:
    return registry.build("source", "mongodb", {**mongodb.server().options(NAME), "table": table, **options})


def loader(table: str, **options: Any) -> Any:
    return registry.build("loader", "mongodb", {**mongodb.server().options(NAME), "table": table, **options})


def rescued(frame: pl.DataFrame) -> list[dict[str, Any] | None]:
    return [None if text is None else json.loads(text)["values"] for text in frame[frames.RESCUED]]


ID = "65f0c0ffee65f0c0ffee65f0"
VALUES: dict[str, tuple[Any, Any, Any]] = {
    "bool": (True, pl.Boolean, True),
    "int": (7, pl.Int64, 7),
    "long": (bson.Int64(2**63 - 1), pl.Int64, 2**63 - 1),
    "double": (1.5, pl.Float64, 1.5),
    "infinite": (-math.inf, pl.Float64, -math.inf),
    "decimal": (bson.Decimal128("-12.340"), pl.Decimal(38, 3), Decimal("-12.340")),
    "date": (
        datetime(2024, 2, 29, 12, 0, 0, 123_000),  # noqa: DTZ001
        pl.Datetime("us", "UTC"),
        datetime(2024, 2, 29, 12, 0, 0, 123_000, UTC),
    ),
    "string": ("é 漢 \0", pl.String, "é 漢 \0"),
    "objectId": (bson.ObjectId(ID), pl.String, ID),
    "uuid": (bson.Binary(b"\x12" * 16, 4), pl.String, "12121212-1212-1212-1212-121212121212"),
    "legacy uuid": (bson.Binary(b"\x12" * 16, 3), pl.Binary, b"\x12" * 16),
    "binary": (b"\0\xff", pl.Binary, b"\0\xff"),
    "document": ({"a": [1, None, {"b": 1.5}]}, pl.String, '{"a": [1, null, {"b": 1.5}]}'),
    "array": ([bson.ObjectId(ID), math.nan], pl.String, f'[{{"$oid": "{ID}"}}, {{"$numberDouble": "NaN"}}]'),
    "script": (bson.Code("f()"), pl.String, '{"$code": "f()"}'),
    "regex": (bson.Regex("^a", "i"), pl.String, '{"$regularExpression": {"pattern": "^a", "options": "i"}}'),
    "timestamp": (bson.Timestamp(5, 6), pl.String, '{"$timestamp": {"t": 5, "i": 6}}'),
    "least": (bson.MinKey(), pl.String, '{"$minKey": 1}'),
    "wide decimal": (bson.Decimal128("1E-6000"), pl.String, "1E-6000"),
}


def test_every_kind_of_value(here: Any) -> None:
    here.insert_one({"_id": 1, **{name: value for name, (value, _, _) in VALUES.items()}})
    found = source(here.name).scan().collect()
    assert found.row(0, named=True)["_id"] == 1
    for name, (_, dtype, value) in VALUES.items():
        assert found.schema[name] == dtype, name
        assert found[name][0] == value, name
    assert rescued(found) == [{"wide decimal": '{"$numberDecimal": "1E-6000"}'}]


def test_values_of_another_type_are_rescued(here: Any) -> None:
    here.insert_many([{"_id": 1, "n": 1, "t": "x", "d": datetime(2024, 1, 1), "f": 1.5, "p": bson.Decimal128("1.10")}])  # noqa: DTZ001
    odd = [
        {"_id": 2, "n": "1", "t": 5, "d": 5, "f": 2**60, "p": bson.Decimal128("NaN"), "new": None},
        {"_id": 3, "n": 1.5, "t": bson.ObjectId(ID), "d": "2024", "f": 3, "p": bson.Decimal128("1.105"), "new": [1]},
        {"_id": 4, "n": None, "p": bson.Decimal128("-0E+3")},
    ]
    here.insert_many(odd)
    found = source(here.name, sample_rows=1).scan().collect()
    assert found["n"].to_list() == [1, None, None, None]
    assert found["t"].to_list() == ["x", "5", ID, None], "a text column can show it, _rescued says what it was"
    assert found["f"].to_list() == [1.5, None, 3.0, None]
    assert found["p"].to_list() == [Decimal("1.10"), None, None, 0]
    assert rescued(found) == [
        None,
        {
            "n": '"1"',
            "t": "5",
            "d": "5",
            "f": "1152921504606846976",
            "p": '{"$numberDecimal": "NaN"}',
        },
        {"n": "1.5", "t": f'{{"$oid": "{ID}"}}', "d": '"2024"', "p": '{"$numberDecimal": "1.105"}'},
        None,
    ]
    assert found["new"].to_list() == [None, None, "[1]", None], "fields that the newest documents have are columns"


def test_fields_that_the_sample_lacks_are_not_lost(here: Any) -> None:
    here.insert_many({"_id": number, **({"late": number} if number == 1_500 else {})} for number in range(4_000))
    read = source(here.name, sample_rows=100)
    found = read.scan().collect()
    assert found.columns == ["_id", "_source_row", "_rescued"]
    assert [each for each in rescued(found) if each] == [{"late": "1500"}]
    assert "late" in source(here.name).scan().collect().columns
    assert read.expect(None) == 4_000


def test_null_and_missing_and_several_types_are_said(here: Any) -> None:
    here.insert_many([{"a": None, "b": 1}, {"a": 1, "b": "1"}, {"b": 2}])
    found = source(here.name)
    assert found.scan().collect()["b"].to_list() == ["1", "1", "2"]
    assert any("null or missing" in note and note.endswith(": a.") for note in found.notes())
    assert any("several types" in note and note.endswith(": b.") for note in found.notes())


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.binary(max_size=4),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001
        lambda d: d.replace(microsecond=1000 * (d.microsecond // 1000))
    ),
    st.builds(bson.ObjectId, st.binary(min_size=12, max_size=12)),
    st.uuids().map(lambda value: bson.Binary(value.bytes, 4)),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**20), max_value=10**20).map(
        bson.Decimal128
    ),
    st.sampled_from([bson.MinKey(), bson.Timestamp(1, 2), bson.Regex("a"), bson.Decimal128("NaN"), bson.Int64(1)]),
)
NAMES = st.text("ab_é $.", min_size=1, max_size=2).filter(lambda name: name[0] not in "$ " and name[-1] != " ")
NESTED = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
DOCUMENTS = st.lists(st.dictionaries(st.sampled_from("abcd"), NESTED, max_size=4), min_size=1, max_size=4)


def original(column: pl.Series, row: int, kept: dict[str, Any] | None) -> Any:
    """The value that was stored, by what was read: as Extended JSON can say it."""
    from bson import json_util

    if kept and column.name in kept:
        return json_util.loads(kept[column.name])
    value = column[row]
    if isinstance(value, str) and value[:1] in "{[":
        try:
            return json_util.loads(value)
        except ValueError:
            return value
    return value


def same(read: Any, stored: Any) -> bool:
    """Whether both are the same value, told as Extended JSON (in which all whole numbers look alike)."""
    from bson import json_util

    if isinstance(stored, bson.ObjectId) or (isinstance(stored, bson.Binary) and stored.subtype == 4):
        text = str(stored) if isinstance(stored, bson.ObjectId) else str(uuid.UUID(bytes=bytes(stored)))
        if read == text:
            return True
    if isinstance(stored, bson.Decimal128) and isinstance(read, Decimal):
        return bool(read == stored.to_decimal())
    if isinstance(stored, float | int) and isinstance(read, float | int) and not isinstance(read, bool):
        return bool(read == stored) or (read != read and stored != stored)
    told = [json_util.dumps(value, json_options=json_util.RELAXED_JSON_OPTIONS) for value in (read, stored)]
    return told[0] == told[1]


@settings(max_examples=draws(60))
@given(documents=DOCUMENTS, most=st.integers(1, 4))
def test_any_document_comes_back(space: Any, documents: list[dict[str, Any]], most: int) -> None:
    target = space["any"]
    target.drop()
    target.insert_many([{"_id": number, **each} for number, each in enumerate(documents)])
    found = source("any", sample_rows=most).scan().collect()
    assert found.height == len(documents)
    for row, (document, kept) in enumerate(zip(documents, rescued(found), strict=True)):
        for name, value in document.items():
            read = (
                original(found[name], row, kept)
                if name in found.columns
                else original(pl.Series(name, [None]), 0, kept)
            )
            assert same(read, value), (name, value, read)


def test_filter_projection_and_limit_reach_the_server(here: Any) -> None:
    from pymongo import monitoring

    told: list[Any] = []

    class Listener(monitoring.CommandListener):
        def started(self, event: Any) -> None:
            if event.command_name in ("find", "aggregate"):
                told.append(event.command)

        def succeeded(self, event: Any) -> None: ...

        def failed(self, event: Any) -> None: ...

    here.insert_many([{"_id": number, "state": "paid" if number % 2 else "new", "n": number} for number in range(20)])
    monitoring.register(Listener())
    try:
        read = source(here.name, filter='{"state": "paid"}')
        assert read.scan(ReadRequest(columns=("n",), limit=3)).collect()["n"].to_list() == [1, 3, 5]
        assert (told[-1]["filter"], told[-1]["limit"]) == ({"state": "paid"}, 3)
        assert told[-1]["projection"] == {"_id": 0, "n": 1}
        list(source(here.name).batches(ReadRequest(bound=Bound("n", 18, nulls=False))))
        assert told[-1]["filter"] == {"n": {"$gte": 18}}
        stages = '[{"$group": {"_id": "$state", "n": {"$sum": "$n"}}}]'
        read = source(here.name, filter='{"n": {"$lt": 10}}', pipeline=stages)
        assert dict(read.scan().collect().select("_id", "n").rows()) == {"paid": 25, "new": 20}
        assert [next(iter(stage)) for stage in told[-1]["pipeline"]] == ["$match", "$group"]
    finally:
        monitoring._LISTENERS.command_listeners.clear()


def test_extended_json_is_understood(here: Any) -> None:
    here.insert_many([{"_id": bson.ObjectId(ID), "at": datetime(2024, 1, 1)}, {"_id": 2}])  # noqa: DTZ001
    assert source(here.name, filter=f'{{"_id": {{"$oid": "{ID}"}}}}').scan().collect().height == 1
    later = '{"at": {"$gte": {"$date": "2024-01-01T00:00:00Z"}}}'
    assert source(here.name, filter=later).scan().collect().height == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"filter": "{"}, "no Extended JSON"),
        ({"filter": "[1]"}, "Write {"),
        ({"pipeline": "{}"}, r"Write \[\{"),
        ({"pipeline": '[{"$out": "x"}]'}, "writes"),
        ({"port": 0}, "port"),
        ({"host": "/tmp"}, "socket"),
    ],
)
def test_what_cannot_be_asked_is_said(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        source("t", **options).scan().collect()


def test_collections_are_found(space: Any, here: Any) -> None:
    here.insert_one({"a": 1})
    space.create_collection("a_view", viewOn=here.name, pipeline=[])
    try:
        tables, views = source(None).relations()
        assert here.name in tables
        assert views == ["a_view"]
        assert source("a_view").scan().collect()["a"].to_list() == [1]
        with pytest.raises(SourceError, match=f"Did you mean '{here.name}'"):
            source(here.name[:-1]).scan().collect()
    finally:
        space.drop_collection("a_view")


def test_what_the_emulator_does_not_take() -> None:
    kept: dict[int, str] = {}
    far = [bson.DatetimeMS(2**60), bson.DatetimeMS(-(2**60)), datetime(2024, 1, 1), None]  # noqa: DTZ001
    dates = types.converted(types.Column("d", "d", "date"), far, kept.__setitem__)
    assert [each is None for each in dates.to_pylist()] == [True, True, False, True]
    assert kept == {row: f'{{"$date": {{"$numberLong": "{sign}{2**60}"}}}}' for row, sign in ((0, ""), (1, "-"))}
    kept.clear()
    texts = types.converted(types.Column("t", "t", "string"), ["a", "\udcff\udcfe"], kept.__setitem__)
    assert texts.to_pylist() == ["a", "\xff\xfe"]
    assert kept == {1: "x'fffe'"}


def test_a_read_is_of_one_moment(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BATCH_ROWS", 10)
    here.insert_many({"_id": number} for number in range(300))
    batches = source(here.name, sample_rows=10).batches()
    rows = next(batches).num_rows
    here.delete_many({})
    assert rows + sum(batch.num_rows for batch in batches) == 300


def test_passing_troubles_are_tried_again(here: Any) -> None:
    here.insert_one({"a": 1})
    mongodb.server().fail("find", errorCode=91)
    assert source(here.name).scan().collect().height == 1
    mongodb.server().fail("find", errorCode=91)
    with pytest.raises(SourceError, match="fail"):
        source(here.name, retries=0).scan().collect()


@pytest.mark.slow  # the driver tries a server that it does not trust for five seconds
def test_encryption_checks_the_server(tmp_path: Path) -> None:
    server, certificate = mongodb.encrypted(tmp_path)
    options = {**server.options("shop"), "tls": True}
    with pytest.raises(SourceError, match=r"(?i)certificate"):
        registry.build("source", "mongodb", {**options, "retries": 0}).check()
    secure = registry.build("loader", "mongodb", {**options, "table": "t", "root_certificate": str(certificate)})
    assert secure.load(pl.DataFrame({"a": [1]})) == 1


def test_an_address_is_a_source(here: Any) -> None:
    from automic_core.workbench.sources import build_source

    here.insert_one({"a": 1})
    server = mongodb.server()
    found = build_source(f"mongodb://{server.host}:{server.port}/{NAME}?table={here.name}")
    assert found.scan().collect()["a"].to_list() == [1]
    assert found.name == here.name


def test_incremental_by_id_and_by_time(here: Any, tmp_path: Path) -> None:
    first = datetime(2024, 1, 1)  # noqa: DTZ001

    def add(start: int, count: int) -> None:
        here.insert_many({"at": first + timedelta(minutes=n), "n": n} for n in range(start, start + count))

    add(0, 10)
    with Lakehouse.open(tmp_path / "lake") as lake:
        for table, how in (("times", Incremental("at")), ("ids", Incremental("_id", type="string"))):
            read = source(here.name)
            lake.bronze.ingest(read, table, incremental=how)
        add(10, 3)
        here.insert_one({"n": 99})
        for table, how, new in (("times", Incremental("at"), 4), ("ids", Incremental("_id", type="string"), 4)):
            assert lake.bronze.ingest(source(here.name), table, incremental=how).rows == new
            assert lake.scan(f"bronze.{table}").collect()["n"].sort().to_list() == [*range(13), 99]


ODD = pl.DataFrame(
    {
        "u": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
        "price": [Decimal("1.10"), None],
        "day": [date(2024, 2, 29), None],
        "at": [datetime(2024, 1, 1, 12, 30, 0, 5_000), None],  # noqa: DTZ001
        "zoned": pl.Series([datetime(2024, 1, 1, 12), None], dtype=pl.Datetime("us", "Europe/Berlin")),  # noqa: DTZ001
        "clock": [time(1, 2, 3, 4), None],
        "span": [timedelta(days=1, seconds=2), None],
        "tags": [["a", None], None],
        "place": [{"x": 1, "day": date(2024, 1, 1)}, None],
        "raw": [b"\0", None],
        "kind": pl.Series(["a", None], dtype=pl.Categorical),
        "nothing": [None, None],
    }
)


def test_what_is_written(here: Any) -> None:
    assert loader(here.name).load(ODD, "append") == 2
    first, second = list(here.find({}, {"_id": 0}))
    assert first == {
        "u": bson.Decimal128(str(2**64 - 1)),
        "price": bson.Decimal128("1.10"),
        "day": datetime(2024, 2, 29),  # noqa: DTZ001
        "at": datetime(2024, 1, 1, 12, 30, 0, 5_000),  # noqa: DTZ001
        "zoned": datetime(2024, 1, 1, 12).replace(tzinfo=UTC).replace(tzinfo=None)  # noqa: DTZ001
        if ODD["zoned"][0].utcoffset() == timedelta(0)
        else ODD["zoned"][0].astimezone(UTC).replace(tzinfo=None),
        "clock": "01:02:03.000004",
        "span": "P1DT2S",
        "tags": ["a", None],
        "place": {"x": 1, "day": datetime(2024, 1, 1)},  # noqa: DTZ001
        "raw": b"\0",
        "kind": "a",
        "nothing": None,
    }
    assert second == dict.fromkeys(first)


def test_times_finer_than_a_date(here: Any) -> None:
    fine = pl.DataFrame({"at": [datetime(2024, 1, 1, 0, 0, 0, 1_500)]})  # noqa: DTZ001
    with pytest.raises(LoadError, match=r"Row 1, column 'at': 2024-01-01 00:00:00\.001500 is finer"):
        loader(here.name).load(fine, "append")
    loader(here.name, times="milliseconds").load(fine, "overwrite")
    assert here.find_one()["at"] == datetime(2024, 1, 1, 0, 0, 0, 1_000)  # noqa: DTZ001
    loader(here.name, times="text").load(fine, "overwrite")
    assert here.find_one()["at"] == "2024-01-01T00:00:00.001500"
    with pytest.raises(LoadError, match="34 digits"):
        loader(here.name).load(pl.DataFrame({"d": [Decimal("1" * 36)]}), "append")


def test_replacing_keeps_indexes_and_a_failure_keeps_all(space: Any, here: Any) -> None:
    here.insert_many([{"k": 1}, {"k": 2}])
    here.create_index([("k", 1)], unique=True, name="own")
    before = list(here.find())
    with pytest.raises(LoadError, match="there already"):
        loader(here.name).load(pl.DataFrame({"k": [5, 5]}), "overwrite")
    with pytest.raises(LoadError, match="there already"):
        loader(here.name).load(pl.DataFrame({"k": [6, 2]}), "append")
    assert list(here.find()) == before
    assert not [name for name in space.list_collection_names() if name.startswith("automic_stage")]
    loader(here.name).load(pl.DataFrame({"k": [7]}), "overwrite")
    assert [each["k"] for each in here.find()] == [7]
    assert "own" in here.index_information()


def test_upsert(here: Any) -> None:
    here.insert_many([{"a": 1, "b": "x", "v": 1}, {"a": None, "b": "x", "v": 2}])
    changes = pl.DataFrame({"a": [1, None, 2, 2], "b": ["x", "x", "y", "y"], "v": [10, 20, 30, 31]})
    assert loader(here.name).load(changes, "upsert", ["a", "b"]) == 4
    assert [(each["a"], each["b"], each["v"]) for each in here.find()] == [(1, "x", 10), (None, "x", 20), (2, "y", 31)]
    for keys, words in (([], "no keys"), (["nope"], "no column 'nope'")):
        with pytest.raises(LoadError, match=words):
            loader(here.name).load(changes, "upsert", keys)
    with pytest.raises(LoadError, match="path"):
        loader(here.name).load(pl.DataFrame({"a": [1], "b.c": [1]}), "upsert", ["a"])


@pytest.mark.parametrize("mode", ["append", "upsert", "overwrite"])
def test_without_transactions_it_is_done_beside(mode: Any) -> None:
    found = mongodb.server("--standalone")
    target = found.client["alone"]["t"]
    target.drop()
    target.insert_many([{"k": 1, "v": 1}])
    target.create_index("v", name="own")
    write = registry.build("loader", "mongodb", {**found.options("alone"), "table": "t"})
    rows = pl.DataFrame({"k": [1, 2], "v": [5, 6]})
    write.begin_transaction()
    write.load(rows, mode, ["k"])
    write.remember("p", "mark")
    assert [each["v"] for each in target.find()] == [1], "not seen before it is committed"
    write.rollback()
    assert found.client["alone"].list_collection_names() == ["t"]
    write.load(rows, mode, ["k"])
    expected = {"append": [1, 5, 6], "upsert": [5, 6], "overwrite": [5, 6]}[mode]
    assert sorted(each["v"] for each in target.find()) == expected
    assert "own" in target.index_information()
    with pytest.raises(SourceError, match="replica set"):
        registry.build("source", "mongodb", {**found.options("alone"), "table": "t"}).change_log("x")


def stages(space: Any) -> list[str]:
    return sorted(name for name in space.list_collection_names() if name.startswith(STAGE))


def test_stages_that_are_old_go_with_the_next_load(space: Any, here: Any) -> None:
    now = int(datetime.now(UTC).timestamp())
    old, young, unknown = f"{STAGE}{now - OLD_SECONDS - 60}_a", f"{STAGE}{now - OLD_SECONDS + 60}_b", f"{STAGE}1f"
    for name in (old, young, unknown):
        space[name].insert_one({"a": 1})
    try:
        loader(here.name).load(pl.DataFrame({"a": [1]}), "overwrite")
        assert stages(space) == sorted([young, unknown])
    finally:
        for name in (young, unknown):
            space.drop_collection(name)


def test_a_stage_that_somebody_still_fills_is_not_published_in_part(
    space: Any, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.insert_one({"a": 0})
    slow = loader(here.name)
    slow.begin_transaction()
    slow.load(pl.DataFrame({"a": [1, 2]}), "overwrite")
    (left,) = stages(space)
    monkeypatch.setattr(_mongodb_stage, "OLD_SECONDS", -1)
    loader("other").load(pl.DataFrame({"a": [3]}), "overwrite")
    assert left not in stages(space), "as if a process that died had left it"
    slow.load(pl.DataFrame({"a": [4]}))
    assert stages(space) == [left], "the server makes it anew for the rest of the rows"
    with pytest.raises(LoadError, match="was dropped before they were complete"):
        slow.commit()
    slow.close()
    assert [each["a"] for each in here.find()] == [0]
    assert stages(space) == []


def test_a_password_is_declared(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="never written here"):
        source("t", password="right")
    about = source("t", password=Secret.literal("pa55"), user="ann")
    assert "pa55" not in f"{about!r} {about.identity} {registry.options(about)}"
    with pytest.raises(SecurityError, match="lies outside"):
        confined(source("t", tls=True, root_certificate="/etc/passwd"), AccessPolicy(allowed_roots=(tmp_path,))).check()
    assert issubclass(SecurityError, AutomicError)
