"""A PostgreSQL table followed: values as by reading it, every kind of change, and what is said when it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from automic_core import cli, registry
from automic_core.errors import AutomicError, ConfigError, SchemaError, SourceError
from automic_core.lake import Lakehouse
from tests import servers
from tests.core.followed import made, rows, same


@pytest.fixture
def server() -> Iterator[servers.Address]:
    """A server whose log can be followed; slots and publications of the test are dropped after it."""
    found = servers.logical_postgresql()
    yield found
    servers.forget_logs(found)


def source(server: servers.Address, table: str, **options: Any) -> Any:
    return registry.build("source", "postgresql", {**server.options, "table": table, **options})


TYPES = {
    "a int2": "-1",
    "b int8": "9223372036854775807",
    "c real": "1.1",
    "d float8": "'-Infinity'",
    "e numeric(10,2)": "1.50",
    "f numeric": "12345678901234567890.123456789",
    "g numeric(5,2)": "'NaN'",
    "h bool": "false",
    "i text": "E'tab\\tü\\\\\"'",
    "j char(4)": "'ab'",
    "k bytea": "'\\x00ff'",
    "l date": "'2024-02-29'",
    "m date": "'infinity'",
    "n timestamp": "'0044-03-15 12:00 BC'",
    "o timestamptz": "'2024-02-29 12:00:00.123456+05'",
    "p time": "'24:00'",
    "q time": "'23:59:59.5'",
    "r json": "'{\"a\": [1, null]}'",
    "s jsonb": "'{\"b\":1}'",
    "u uuid": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
    "v inet": "'10.0.0.1'",
    "w int[]": "'{1,NULL,{}}'".replace(",{}", ""),
    "x text[]": "ARRAY['a\"b', 'NULL', NULL]",
    "y timestamptz[]": "ARRAY[timestamptz '2024-01-01 00:00+02']",
    "z int4range": "'[1,5)'",
    "aa interval": "'1 mon 2 days 3 sec'",
    "ab bit(4)": "B'1010'",
    "ac oid": "4294967295",
    "ad money": "12.5",
    "ae point": "'(1,2)'",
    "af timetz": "'12:00+02'",
    "ag mood": "'so so'",
    "ah price": "1.5",
    "ai pair": "ROW(1, 'x,y')",
    "aj xml": "'<a/>'",
    "ak name": "'n'",
    "al mood[]": "'{sad}'",
    "_am text": "'hidden'",
}


def test_every_type_is_the_same_by_the_log_as_by_reading(lake: Lakehouse, server: servers.Address) -> None:
    server.run("CREATE TYPE mood AS ENUM ('sad', 'so so')")
    server.run("CREATE DOMAIN price AS numeric(6,2)")
    server.run("CREATE TYPE pair AS (x int, y text)")
    table = made(server, f"key int PRIMARY KEY, {', '.join(TYPES)}")
    values = ", ".join(TYPES.values())
    server.run(f"INSERT INTO {table} VALUES (1, {values})")
    server.run(f"INSERT INTO {table} (key) VALUES (2)")
    read = source(server, table)
    lake.bronze.follow(read, "t")
    server.run(f"INSERT INTO {table} VALUES (3, {values})")
    server.run(f"INSERT INTO {table} (key) VALUES (4)")
    done = lake.bronze.follow(read, "t")
    assert done.ops == {"i": 2}
    found = lake.scan("silver.t").sort("key").drop("key", "_rid").collect()
    assert found.row(0) == found.row(2)
    assert found.row(1) == found.row(3)
    assert json.loads(found["_rescued"][2])["values"] == {
        "g": "NaN",
        "m": "infinity",
        "n": "0044-03-15 12:00:00 BC",
        "p": "24:00:00",
    }


def test_changes_in_a_transaction_keep_their_order(lake: Lakehouse, server: servers.Address) -> None:
    table = made(server, "id int PRIMARY KEY, v text", "INSERT INTO {t} VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    read = source(server, table)
    first = lake.bronze.follow(read, "t")
    assert (first.began, first.ops) == (True, {"i": 3})
    server.run(
        f"BEGIN; UPDATE {table} SET v = 'a1' WHERE id = 1; UPDATE {table} SET v = 'a2' WHERE id = 1;"
        f"DELETE FROM {table} WHERE id = 2; INSERT INTO {table} VALUES (2, 'again'); DELETE FROM {table} WHERE id = 2;"
        f"UPDATE {table} SET id = 30 WHERE id = 3; COMMIT"
    )
    server.run(f"BEGIN; INSERT INTO {table} VALUES (9, 'x'); ROLLBACK")
    second = lake.bronze.follow(read, "t")
    assert (second.began, second.ops) == (False, {"u": 3, "d": 3, "i": 1})
    assert rows(lake) == [{"id": 1, "v": "a2"}, {"id": 30, "v": "c"}]
    log = lake.scan("bronze.t").sort("_rid").filter(pl.col("_batch_id") == 2).collect()
    assert log["_op"].to_list() == ["u", "u", "d", "i", "d", "d", "u"]
    assert log["id"].to_list() == [1, 1, 2, 2, 2, 3, 30]
    assert log["_lsn"].n_unique() == 1
    third = lake.bronze.follow(read, "t")
    assert not third.ops
    assert len(lake.history("bronze.t")) == 3, "created, its snapshot, one batch; nothing new makes no state"


def test_history(lake: Lakehouse, server: servers.Address) -> None:
    table = made(server, "id int PRIMARY KEY, v text", "INSERT INTO {t} VALUES (1, 'a'), (2, 'b')")
    read = source(server, table)
    lake.bronze.follow(read, "t", silver="history")
    for statement in (
        "UPDATE {t} SET v = 'a1' WHERE id = 1",
        "DELETE FROM {t} WHERE id = 2",
        "INSERT INTO {t} VALUES (2, 'new')",
        "TRUNCATE {t}",
        "INSERT INTO {t} VALUES (1, 'last')",
    ):
        server.run(statement.format(t=table))
        lake.bronze.follow(read, "t", silver="history")
    found = lake.scan("silver.t").sort("id", "valid_from").collect()
    assert found.select("id", "v", "is_current").rows() == [
        (1, "a", False),
        (1, "a1", False),
        (1, "last", True),
        (2, "b", False),
        (2, "new", False),
    ]
    ends = found["valid_to"].to_list()
    assert ends[0] == found["valid_from"][1]
    assert ends[1] == ends[4], "emptied at one moment"
    assert ends[2] is None


def test_a_value_out_of_line_that_is_not_repeated_stays(lake: Lakehouse, server: servers.Address) -> None:
    big = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) i)"
    table = made(server, "id int PRIMARY KEY, n int, v text", f"INSERT INTO {{t}} VALUES (1, 0, {big})")
    server.run(f"INSERT INTO {table} VALUES (2, 0, {big})")
    read = source(server, table)
    lake.bronze.follow(read, "t")
    server.run(f"UPDATE {table} SET n = n + 1 WHERE id = 1")
    server.run(f"UPDATE {table} SET n = n + 1 WHERE id = 1")
    server.run(f"UPDATE {table} SET id = 20 WHERE id = 2")  # the value is told under the old key only
    lake.bronze.follow(read, "t")
    log = lake.scan("bronze.t").sort("_rid").collect()
    assert log["_unchanged"].to_list() == [None, None, '["v"]', '["v"]', None, None]
    assert same(lake, read)
    server.run(f"UPDATE {table} SET v = 'short', n = 7 WHERE id = 1")
    server.run(f"UPDATE {table} SET n = 8")
    lake.bronze.follow(read, "t")
    assert same(lake, read)
    server.run(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
    server.run(f"UPDATE {table} SET id = 21 WHERE id = 20")
    lake.bronze.follow(read, "t")
    assert lake.scan("bronze.t").collect()["_unchanged"].to_list()[-1] is None
    assert same(lake, read)


def test_a_value_that_is_not_repeated_stays_when_its_column_is_renamed(
    lake: Lakehouse, server: servers.Address
) -> None:
    big = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) i)"
    table = made(server, "id int PRIMARY KEY, n int, v text", f"INSERT INTO {{t}} VALUES (1, 0, {big})")
    read = source(server, table)
    lake.bronze.follow(read, "t")
    server.run(f"ALTER TABLE {table} RENAME v TO w")
    server.run(f"UPDATE {table} SET n = 1")
    lake.bronze.follow(read, "t")
    server.run(f"UPDATE {table} SET n = 2")
    lake.bronze.follow(read, "t")
    [row] = rows(lake)
    assert (row["n"], row["w"]) == (2, server.run(f"SELECT w FROM {table}")[0][0])


def test_columns_that_come_and_go(lake: Lakehouse, server: servers.Address) -> None:
    table = made(server, "id int PRIMARY KEY, v text, w int4", "INSERT INTO {t} VALUES (1, 'a', 1), (2, 'b', 2)")
    read = source(server, table)
    lake.bronze.follow(read, "t")
    server.run(
        f"BEGIN; INSERT INTO {table} VALUES (3, 'c', 3); ALTER TABLE {table} ADD x text;"
        f"INSERT INTO {table} VALUES (4, 'd', 4, 'new'); ALTER TABLE {table} DROP v;"
        f"ALTER TABLE {table} ALTER w TYPE int8; INSERT INTO {table} VALUES (5, 5000000000, 'y'); COMMIT"
    )
    lake.bronze.follow(read, "t")
    assert rows(lake) == [
        {"id": 1, "v": "a", "w": 1, "x": None},
        {"id": 2, "v": "b", "w": 2, "x": None},
        {"id": 3, "v": "c", "w": 3, "x": None},
        {"id": 4, "v": "d", "w": 4, "x": "new"},
        {"id": 5, "v": None, "w": 5000000000, "x": "y"},
    ]
    server.run(f"ALTER TABLE {table} ADD z text DEFAULT 'everywhere'")
    server.run(f"INSERT INTO {table} VALUES (6, 6, 'y')")
    with pytest.raises(SchemaError, match="frozen: new column 'z'"):
        lake.bronze.follow(read, "t", contract="freeze")
    assert len(rows(lake)) == 5
    lake.bronze.follow(read, "t", contract="discard_value")
    assert "z" not in rows(lake)[0]
    assert len(rows(lake)) == 6
    done = lake.bronze.follow(read, "t", fresh=True)  # rows that nobody changed got the default too
    assert done.ops == {"u": 6}
    assert {row["z"] for row in rows(lake)} == {"everywhere"}


def test_a_lost_log_is_said_and_there_is_a_way_back(lake: Lakehouse, server: servers.Address) -> None:
    table = made(server, "id int PRIMARY KEY, v text", "INSERT INTO {t} SELECT g, 'v' FROM generate_series(1, 50) g")
    read = source(server, table)
    lake.bronze.follow(read, "t")
    ((slot,),) = server.run("SELECT slot_name FROM pg_replication_slots")
    server.run(f"SELECT pg_drop_replication_slot('{slot}')")
    server.run(f"DELETE FROM {table} WHERE id = 1")
    server.run(f"UPDATE {table} SET v = 'w' WHERE id = 2")
    with pytest.raises(SourceError, match=r"changes are lost: the slot automic_t_\w+ is gone.*fresh=True"):
        lake.bronze.follow(read, "t")
    done = lake.bronze.follow(read, "t", fresh=True)
    assert done.ops == {"u": 1, "d": 1}, "only what differs"
    assert same(lake, read)
    server.run(f"DROP PUBLICATION {slot}")
    server.run(f"INSERT INTO {table} VALUES (100, 'z')")
    with pytest.raises(SourceError, match=r"changes are lost: the publication .* is gone"):
        lake.bronze.follow(read, "t")
    assert lake.bronze.follow(read, "t", fresh=True).ops == {"i": 1}
    server.run(f"INSERT INTO {table} VALUES (101, 'z')")
    server.run(f"SELECT pg_replication_slot_advance('{slot}', pg_current_wal_lsn())")
    with pytest.raises(SourceError, match=r"changes are lost: the slot .* was read up to"):
        lake.bronze.follow(read, "t")
    assert lake.bronze.follow(read, "t", fresh=True).ops == {"i": 1}
    server.run(f"DROP TABLE {table}")
    server.run(f"CREATE TABLE {table} (id int PRIMARY KEY, v text)")
    with pytest.raises(SourceError, match="tells this table no more"):
        lake.bronze.follow(read, "t")
    done = lake.bronze.follow(read, "t", fresh=True)
    assert done.ops == {"d": 51}
    assert same(lake, read)
    lake.bronze.unfollow(read, "t")
    assert server.run("SELECT 1 FROM pg_replication_slots") == server.run("SELECT 1 FROM pg_publication") == []


@pytest.mark.parametrize(
    ("columns", "statements", "options", "words"),
    [
        ("id int", (), {}, "has no primary key"),
        ("id int PRIMARY KEY DEFERRABLE, v int", (), {}, "has no primary key"),
        ("id int PRIMARY KEY DEFERRABLE, v int", (), {"keys": ["id"]}, "deletes tells nothing, not id"),
        ("id int PRIMARY KEY, v int NOT NULL UNIQUE", (), {"keys": ["v"]}, "deletes tells id, not v"),
        ("id int PRIMARY KEY, v int", ("ALTER TABLE {t} REPLICA IDENTITY FULL",), {"keys": ["v"]}, "no index makes"),
        ("id int PRIMARY KEY", (), {"contract": "discard_row"}, "no contract 'discard_row' here"),
    ],
)
def test_what_cannot_be_followed_is_said_before_anything_is_made(
    lake: Lakehouse, server: servers.Address, columns: str, statements: tuple[str, ...], options: Any, words: str
) -> None:
    table = made(server, columns, *statements)
    with pytest.raises(AutomicError, match=words):
        lake.bronze.follow(source(server, table), "t", **options)
    assert server.run("SELECT 1 FROM pg_publication") == []
    assert server.run("SELECT 1 FROM pg_replication_slots") == []
    assert lake.tables() == []


def test_rows_by_another_unique_key(lake: Lakehouse, server: servers.Address) -> None:
    table = made(
        server,
        "id int PRIMARY KEY, code text NOT NULL UNIQUE, v int",
        "INSERT INTO {t} VALUES (1, 'a', 1), (2, 'b', 2)",
        "ALTER TABLE {t} REPLICA IDENTITY FULL",
    )
    read = source(server, table)
    lake.bronze.follow(read, "t", keys=["code"])
    server.run(f"UPDATE {table} SET id = 10, v = 9 WHERE code = 'a'")
    server.run(f"DELETE FROM {table} WHERE code = 'b'")
    lake.bronze.follow(read, "t")
    assert rows(lake) == [{"id": 10, "code": "a", "v": 9}]
    with pytest.raises(ConfigError, match="is followed by code, not id"):
        lake.bronze.follow(read, "t", keys=["id"])


def test_partitions_are_followed_through_their_table(lake: Lakehouse, server: servers.Address) -> None:
    name = "parted"
    server.run(f"CREATE TABLE {name} (id int PRIMARY KEY, v text) PARTITION BY RANGE (id)")
    server.run(f"CREATE TABLE {name}_a PARTITION OF {name} FOR VALUES FROM (0) TO (10)")
    server.run(f"CREATE TABLE {name}_b PARTITION OF {name} FOR VALUES FROM (10) TO (20)")
    server.run(f"INSERT INTO {name} VALUES (1, 'a'), (11, 'b')")
    read = source(server, name)
    lake.bronze.follow(read, "t")
    server.run(f"UPDATE {name} SET id = 12 WHERE id = 1")  # to the other partition
    server.run(f"DELETE FROM {name} WHERE id = 11")
    lake.bronze.follow(read, "t")
    assert rows(lake) == [{"id": 12, "v": "a"}]
    server.run(f"TRUNCATE {name}")
    assert lake.bronze.follow(read, "t").ops == {"t": 1}
    assert rows(lake) == []


def test_by_command(tmp_path: Path, server: servers.Address, capsys: pytest.CaptureFixture[str]) -> None:
    table = made(server, "id int PRIMARY KEY, v text", "INSERT INTO {t} VALUES (1, 'a'), (2, 'b')")
    url = f"postgresql://{server.user}@{server.host}:{server.port}/{server.database}?table={table}"
    how = [url, "--table", "t", "--lake", str(tmp_path / "lake")]
    Lakehouse.open(tmp_path / "lake").close()
    (tmp_path / "lake" / "automic.yaml").write_text(f"security: {{allowed_hosts: ['{server.host}']}}\n")
    assert cli.run(["follow", *how, "--once"]) == 0
    assert capsys.readouterr().out.startswith("bronze.t: 2 inserted, up to 0/")
    server.run(f"DELETE FROM {table} WHERE id = 1")
    assert cli.run(["follow", *how, "--once", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["changes"], told["silver"]["deleted"], told["began"]) == ({"d": 1}, 1, False)
    assert cli.run(["unfollow", *how]) == 0
    assert server.run("SELECT 1 FROM pg_replication_slots") == []
    capsys.readouterr()
    assert cli.run(["follow", *how, "--once"]) == 1
    assert "--fresh" in capsys.readouterr().err
    assert cli.run(["follow", *how, "--once", "--fresh", "--history", "--log-only"]) == 2


def test_a_server_without_such_a_log_is_compared(lake: Lakehouse) -> None:
    plain = servers.postgresql()
    if plain.run("SHOW wal_level") == [("logical",)]:
        pytest.skip("this server keeps a log")
    with servers.schema("automic_compared") as space:
        plain.run(f"CREATE TABLE {space}.t (id int PRIMARY KEY, v text)")
        plain.run(f"INSERT INTO {space}.t VALUES (1, 'a'), (2, 'b'), (3, NULL)")
        read = source(plain, f"{space}.t")
        with pytest.raises(SourceError, match=r"wal_level is replica.*Set wal_level = logical"):
            lake.bronze.follow(read, "t")
        lake.bronze.follow(read, "t", keys=["id"], compare=True)
        plain.run(f"DELETE FROM {space}.t WHERE id = 1")
        plain.run(f"UPDATE {space}.t SET v = 'c' WHERE id = 3")
        plain.run(f"INSERT INTO {space}.t VALUES (4, 'd')")
        done = lake.bronze.follow(read, "t", compare=True)
        assert done.ops == {"d": 1, "u": 1, "i": 1}
        assert same(lake, read)
        assert not lake.bronze.follow(read, "t", compare=True).ops
