"""A MariaDB table followed: values as by reading it, every kind of change, and what is said when the log is lost."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from automic_core import registry
from automic_core.errors import AutomicError, ConfigError, SourceError
from automic_core.lake import Lakehouse
from tests import mysql_servers as servers
from tests.core.followed import made, rows, same
from tests.servers import restart


@pytest.fixture
def server() -> servers.Address:
    return servers.logged_mysql()


def source(server: servers.Address, table: str, **options: Any) -> Any:
    return registry.build("source", "mysql", {**server.options, "table": table, **options})


TYPES = {
    "a tinyint": "-128",
    "b tinyint unsigned": "255",
    "c smallint unsigned": "65535",
    "d mediumint unsigned": "16777215",
    "e int unsigned": "4294967295",
    "f bigint unsigned": "18446744073709551615",
    "g bigint": "-9223372036854775808",
    "h float": "0.1",
    "i double": "1e-300",
    "j decimal(10,2)": "-1.50",
    "k decimal(65,30)": "'12345678901234567890123456789012345.123456789012345678901234567891'",
    "l boolean": "0",
    "m varchar(20)": "'tab\\tü🙂\\0'",
    "n char(4)": "'ab'",
    "o varbinary(9)": "X'00ff'",
    "p longblob": "X'ff00'",
    "q date": "'2024-02-29'",
    "r date": "'0000-00-00'",
    "s datetime(6)": "'9999-12-31 23:59:59.999999'",
    "t datetime": "'2024-00-00 12:00:00'",
    "u timestamp(3) NULL": "'2024-02-29 12:00:00.123'",
    "v timestamp NULL": "'0000-00-00 00:00:00'",
    "w time": "'-838:59:59'",
    "x time(6)": "'23:59:59.5'",
    "y year": "2024",
    "z year": "0",
    "aa json": "'{\"a\": [1, null]}'",
    "ab enum('x', 'so so')": "'so so'",
    "ac set('z', 'b', 'a')": "'a,z'",
    "ad set('a')": "''",
    "ae bit(1)": "b'1'",
    "af bit(12)": "b'101000000001'",
    "ag bit(64)": "18446744073709551615",
    "ah varchar(9) CHARACTER SET latin1": "'café'",
    "ai time(3)": "'-00:00:00.1'",
    "_aj text": "'hidden'",
}


def test_every_type_is_the_same_by_the_log_as_by_reading(lake: Lakehouse, server: servers.Address) -> None:
    table = made(server, f"`key` int PRIMARY KEY, {', '.join(TYPES)}")
    values = ", ".join(TYPES.values())
    loose = "SET SESSION sql_mode = ''"
    server.transaction(loose, f"INSERT INTO {table} VALUES (1, {values})", f"INSERT INTO {table} (`key`) VALUES (2)")
    read = source(server, table)
    lake.bronze.follow(read, "t")
    server.transaction(loose, f"INSERT INTO {table} VALUES (3, {values})", f"INSERT INTO {table} (`key`) VALUES (4)")
    assert lake.bronze.follow(read, "t").ops == {"i": 2}
    found = lake.scan("silver.t").sort("key").drop("key", "_rid").collect()
    for one, other, name in zip(found.row(0), found.row(2), found.columns, strict=True):
        assert one == other, name
    assert found.row(1) == found.row(3)
    assert json.loads(found["_rescued"][2])["values"] == {
        "r": "0000-00-00",
        "t": "2024-00-00 12:00:00",
        "v": "0000-00-00 00:00:00",
        "w": "-838:59:59",
        "ai": "-00:00:00.100",
    }
    assert found["f"][2] == 2**64 - 1
    assert found["ac"][2] == "z,a"


def test_changes_in_a_transaction_keep_their_order(lake: Lakehouse, server: servers.Address) -> None:
    table = made(server, "id int PRIMARY KEY, v text", "INSERT INTO {t} VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    other = made(server, "id int PRIMARY KEY")
    read = source(server, table)
    first = lake.bronze.follow(read, "t")
    assert (first.began, first.ops) == (True, {"i": 3})
    server.transaction(
        f"UPDATE {table} SET v = 'a1' WHERE id = 1",
        f"UPDATE {table} SET v = 'a2' WHERE id = 1",
        "SAVEPOINT one",
        f"DELETE FROM {table} WHERE id = 2",
        f"INSERT INTO {table} VALUES (2, 'again')",
        f"DELETE FROM {table} WHERE id = 2",
        f"UPDATE {table} SET id = 30 WHERE id = 3",
    )
    server.transaction(f"INSERT INTO {table} VALUES (9, 'x')", "ROLLBACK")
    server.run(f"INSERT INTO {other} VALUES (1)")
    second = lake.bronze.follow(read, "t")
    assert (second.began, second.ops) == (False, {"u": 3, "d": 3, "i": 1})
    assert rows(lake) == [{"id": 1, "v": "a2"}, {"id": 30, "v": "c"}]
    log = lake.scan("bronze.t").sort("_rid").collect()
    log = log.filter(log["_batch_id"] == 2)
    assert log["_op"].to_list() == ["u", "u", "d", "i", "d", "d", "u"]
    assert log["id"].to_list() == [1, 1, 2, 2, 2, 3, 30]
    assert log["_lsn"].n_unique() == 1
    assert not lake.bronze.follow(read, "t").ops
    server.run(f"TRUNCATE {other}")
    server.run(f"TRUNCATE TABLE {table}")
    server.run(f"INSERT INTO {table} VALUES (5, 'after')")
    assert lake.bronze.follow(read, "t").ops == {"t": 1, "i": 1}
    assert rows(lake) == [{"id": 5, "v": "after"}]


def test_it_goes_on_after_a_crash_of_the_server_and_in_the_next_file(lake: Lakehouse, server: servers.Address) -> None:
    table = made(server, "id int PRIMARY KEY, v text, w int", "INSERT INTO {t} SELECT seq, 'v', seq FROM seq_1_to_300")
    read = source(server, table, retries=5)
    lake.bronze.follow(read, "t")
    server.run(f"UPDATE {table} SET v = 'w' WHERE id <= 10")
    server.run("FLUSH LOGS")
    server.run(f"DELETE FROM {table} WHERE id > 290")
    restart(server, crash=True)
    server.run(f"ALTER TABLE {table} ADD x bigint, DROP w")
    server.run(f"INSERT INTO {table} VALUES (1000, 'new', 5000000000)")
    assert lake.bronze.follow(read, "t").ops == {"u": 10, "d": 10, "i": 1}
    assert rows(lake)[-1] == {"id": 1000, "v": "new", "w": None, "x": 5_000_000_000}
    assert not lake.bronze.follow(read, "t").ops


def test_a_server_whose_log_tells_more_than_it_keeps_is_said(lake: Lakehouse, server: servers.Address) -> None:
    read = source(server, made(server, "id int PRIMARY KEY"))
    assert lake.bronze.follow(read, "t").report.notes == []
    server.run("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    try:
        (note,) = lake.bronze.follow(read, "t").report.notes
    finally:
        server.run("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    assert "innodb_flush_log_at_trx_commit is 0" in note


def test_a_lost_log_is_said_and_there_is_a_way_back(lake: Lakehouse, server: servers.Address) -> None:
    table = made(server, "id int PRIMARY KEY, v text", "INSERT INTO {t} SELECT seq, 'v' FROM seq_1_to_50")
    read = source(server, table)
    lake.bronze.follow(read, "t")
    server.run("FLUSH LOGS")
    server.run(f"DELETE FROM {table} WHERE id = 1")
    server.run(f"UPDATE {table} SET v = 'w' WHERE id = 2")
    ((now, *_),) = server.run("SHOW MASTER STATUS")
    deadline = time.monotonic() + 30
    while server.run("SHOW BINARY LOGS")[0][0] != now:  # the server keeps a log while it closes who read it
        assert time.monotonic() < deadline
        server.run(f"PURGE BINARY LOGS TO '{now}'")
        time.sleep(0.05)
    with pytest.raises(SourceError, match=r"changes are lost: the server has removed its log log\.\d+.*fresh=True"):
        lake.bronze.follow(read, "t")
    assert lake.bronze.follow(read, "t", fresh=True).ops == {"u": 1, "d": 1}, "only what differs"
    assert same(lake, read)
    server.run(f"DROP TABLE {table}")
    server.run(f"CREATE TABLE {table} (id int PRIMARY KEY, v text)")
    with pytest.raises(SourceError, match=r"was dropped or renamed.*fresh=True"):
        lake.bronze.follow(read, "t")
    assert lake.bronze.follow(read, "t", fresh=True).ops == {"d": 49}
    server.transaction("SET SESSION binlog_format = 'STATEMENT'", f"INSERT INTO {table} VALUES (1, 'by statement')")
    with pytest.raises(SourceError, match=r"a statement on .* and not its rows"):
        lake.bronze.follow(read, "t")


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ("id int", {}, "has no primary key"),
        ("id int PRIMARY KEY, v int", {"keys": ["v"]}, "no index makes sure"),
        ("id int PRIMARY KEY, v int UNIQUE", {"keys": ["v"]}, "no index makes sure"),
    ],
)
def test_what_cannot_be_followed_is_said_before_anything_is_made(
    lake: Lakehouse, server: servers.Address, columns: str, options: Any, words: str
) -> None:
    with pytest.raises(AutomicError, match=words):
        lake.bronze.follow(source(server, made(server, columns)), "t", **options)
    assert lake.tables() == []


def test_a_query_and_a_server_without_a_log(lake: Lakehouse) -> None:
    plain = servers.mysql()
    read = registry.build("source", "mysql", {**plain.options, "query": "SELECT 1 AS a"})
    with pytest.raises(ConfigError, match="no log"):
        read.change_log("a")
    if plain.run("SELECT @@log_bin") == [(1,)]:
        pytest.skip("this server keeps a log")
    with servers.schema("automic_unlogged") as space:
        plain.run(f"CREATE TABLE {space}.t (id int PRIMARY KEY)")
        with pytest.raises(SourceError, match=r"log_bin is OFF.*--log-bin"):
            lake.bronze.follow(source(plain, f"{space}.t"), "t")
