"""One line a connector: how a source of its kind is made, how what a loader wrote is read back, and known gaps.

A new connector adds a line to SOURCES or LOADERS (and a writer, if none of these fits); the suite, which is
``automic_core.conformance``, does the rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import polars as pl
import polars.selectors as cs

from automic_core.conformance import Gap, Hands, LoaderCase, SourceCase, schema_of
from automic_core.errors import LoadError, SourceError
from tests import mongodb, mysql_servers, servers


def write_csv(path: Path, frame: pl.DataFrame) -> None:
    frame.write_csv(path)


def write_json(path: Path, frame: pl.DataFrame) -> None:
    path.write_text(json.dumps(frame.to_dicts(), default=str, ensure_ascii=False), encoding="utf-8")


def write_lines(path: Path, frame: pl.DataFrame) -> None:
    lines = [json.dumps(row, default=str, ensure_ascii=False) for row in frame.to_dicts()]
    path.write_text("\n".join(lines), encoding="utf-8")


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    frame.write_parquet(path)


def write_excel(path: Path, frame: pl.DataFrame) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd", "in_memory": True})
    sheet = book.add_worksheet("data")
    sheet.write_row(0, 0, frame.columns)
    for number, row in enumerate(frame.iter_rows(), 1):
        for column, value in enumerate(row):
            if value is not None:
                sheet.write(number, column, value)
    book.close()


def write_xml(path: Path, frame: pl.DataFrame) -> None:
    rows = []
    for row in frame.iter_rows(named=True):
        cells = [
            f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"
            for name, value in row.items()
            if value is not None
        ]
        rows.append(f"<row>{''.join(cells)}</row>")
    path.write_text(f"<rows>{''.join(rows)}</rows>", encoding="utf-8")


def write_sqlite(path: Path, frame: pl.DataFrame) -> None:
    types = {pl.Int64: "INTEGER", pl.Float64: "REAL", pl.Date: "DATE", pl.Boolean: "BOOLEAN"}
    columns = ", ".join(f'"{name}" {types.get(dtype.base_type(), "TEXT")}' for name, dtype in frame.schema.items())
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE data ({columns})")
    rows = [[str(v) if hasattr(v, "isoformat") else v for v in row] for row in frame.iter_rows()]
    connection.executemany(f"INSERT INTO data VALUES ({', '.join('?' * frame.width)})", rows)
    connection.commit()
    connection.close()


_TYPES: dict[Any, str] = {pl.Int64: "bigint", pl.Float64: "double precision", pl.Date: "date", pl.Boolean: "boolean"}


def write_postgresql(path: Path, frame: pl.DataFrame) -> None:
    _write_server(servers.postgresql(), path, frame, '"', "text", lambda value: f"'{value}'")


def write_mysql(path: Path, frame: pl.DataFrame) -> None:
    def literal(value: Any) -> str:
        return str(value) if isinstance(value, bool) else f"'{value}'"

    wide = " ENGINE = Aria" if frame.width > 900 else ""  # a row of InnoDB has at most 8126 bytes
    _write_server(mysql_servers.mysql(), path, frame, "`", "longtext", literal, wide)


def _write_server(
    server: servers.Address,
    path: Path,
    frame: pl.DataFrame,
    mark: str,
    text: str,
    literal: Callable[[Any], str],
    more: str = "",
) -> None:
    columns = ", ".join(
        f"{mark}{name}{mark} {_TYPES.get(dtype.base_type(), text)}" for name, dtype in frame.schema.items()
    )
    table = f"{mark}{schema_of(path.parent)}{mark}.{mark}{path.stem}{mark}"
    server.run(f"CREATE TABLE {table} ({columns}){more}")

    def cell(value: Any) -> str:
        return "NULL" if value is None else literal(value.replace("'", "''") if isinstance(value, str) else value)

    rows = [", ".join(map(cell, row)) for row in frame.rows()]
    if rows:
        server.run(f"INSERT INTO {table} VALUES {', '.join(f'({each})' for each in rows)}")


def _postgresql_content(folder: Path) -> dict[str, Any]:
    server, space = servers.postgresql(), schema_of(folder)
    tables = server.run(f"SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = '{space}'::regnamespace")
    return {name: server.run(f'SELECT * FROM "{space}"."{name}"') for (name,) in tables}


_POSTGRESQL = Hands(
    lambda folder, name: {**servers.postgresql().options, "schema": schema_of(folder), "table": name},
    lambda folder: servers.schema(schema_of(folder)),
    _postgresql_content,
    lambda rows, mark: {
        "query": f"SELECT g AS id, repeat(md5(g::text), 3) AS text, g * 0.5 AS half, now() AS at /* {mark} */ "
        f"FROM (SELECT generate_series(1, {rows}) AS g) AS q"  # one by one: elsewhere it would be kept whole first
    },
    lambda mark: servers.postgresql().run(_activity("count(*)", mark))[0][0],
    lambda mark: servers.postgresql().run(_activity("pg_terminate_backend(pid)", mark)),
    lambda folder: servers.postgresql().run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY \"{schema_of(folder)}\".%'"
    ),
    servers.guarded_postgresql,
    lambda: nullcontext((_POSTGRESQL.many(1_000_000, "large"), 1_000_000, 100)),
)


def _activity(what: str, mark: str) -> str:
    return (
        f"SELECT {what} FROM pg_stat_activity WHERE query LIKE '%/* {mark} */%' AND state = 'active' "
        "AND pid <> pg_backend_pid()"
    )


def _mysql_content(folder: Path) -> dict[str, Any]:
    run, space = mysql_servers.mysql().run, schema_of(folder)
    tables = run(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{space}'")
    return {name: run(f"SELECT * FROM `{space}`.`{name}`") for (name,) in tables}


def _mysql_threads(like: str) -> list[int]:
    rows = mysql_servers.mysql().run(
        f"SELECT id FROM information_schema.processlist WHERE info LIKE '{like}' AND id <> connection_id()"
    )
    return [thread for (thread,) in rows]


def _mysql_killed(like: str) -> int:
    threads = _mysql_threads(like)
    for thread in threads:
        mysql_servers.mysql().run(f"KILL {thread}")
    return len(threads)


_MYSQL = Hands(
    lambda folder, name: {**mysql_servers.mysql().options, "schema": schema_of(folder), "table": name},
    lambda folder: mysql_servers.schema(schema_of(folder)),
    _mysql_content,
    lambda rows, mark: {
        "query": f"SELECT seq AS id, repeat(md5(seq), 3) AS text, seq * 0.5 AS half, now() AS at /* {mark} */ "
        f"FROM seq_1_to_{rows}"
    },
    lambda mark: len(_mysql_threads(f"%/* {mark} */%")),
    lambda mark: _mysql_killed(f"%/* {mark} */%"),
    lambda folder: _mysql_killed(f"LOAD DATA%`{schema_of(folder)}`.%"),
    mysql_servers.guarded_mysql,
    lambda: nullcontext((_MYSQL.many(1_000_000, "large"), 1_000_000, 100)),
)


def write_mongodb(path: Path, frame: pl.DataFrame) -> None:
    target = mongodb.server().client[schema_of(path.parent)].create_collection(path.stem)
    if frame.height:
        target.insert_many(midnights(frame).to_dicts())


def midnights(frame: pl.DataFrame) -> pl.DataFrame:
    """Days as MongoDB has them: a Date is a moment in UTC."""
    return frame.with_columns(cs.date().cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))


def _mongodb_content(folder: Path) -> dict[str, Any]:
    database = mongodb.server().client[schema_of(folder)]
    return {name: list(database[name].find()) for name in database.list_collection_names()}


def _severed(command: str) -> bool:
    mongodb.server().fail(command)
    return True


_MONGODB = Hands(
    lambda folder, name: {**mongodb.server().options(schema_of(folder)), "table": name},
    lambda folder: mongodb.database(schema_of(folder)),
    _mongodb_content,
    lambda rows, mark: mongodb.many(schema_of(Path("none")), rows, mark),
    lambda mark: mongodb.reads(),
    lambda mark: _severed("getMore"),
    lambda folder: _severed("insert"),
    mongodb.guarded,
    lambda: mongodb.large(schema_of(Path("none"))),
)

NO_HEADER: Gap = (AssertionError, "without a record the file does not say which columns it has")
MILLISECONDS: Gap = (LoadError, "a Date has milliseconds; by default a finer time is refused, not cut")
TOO_WIDE: Gap = (LoadError, "a row of InnoDB has at most 8126 bytes")
NOT_A_NUMBER: Gap = (LoadError, "MySQL has no NaN; the loader says row and column")
ONE_DATABASE: Gap = (SourceError, "one database at a time")
NATIVE: Gap = (
    FileNotFoundError,
    "a native scan reads after the connector has returned; the run loop and ingest translate",
)

SOURCES = [
    SourceCase("csv", ".csv", write_csv),
    SourceCase("json", ".json", write_json, gaps={"test_header_only": NO_HEADER}),
    SourceCase("json", ".jsonl", write_lines, gaps={"test_header_only": NO_HEADER}),
    SourceCase("parquet", ".parquet", write_parquet, gaps={"test_file_that_vanishes_is_named": NATIVE}),
    SourceCase("excel", ".xlsx", write_excel, driver="python_calamine"),
    SourceCase("xml", ".xml", write_xml, {"row_path": "rows/row"}, "lxml", {"test_header_only": NO_HEADER}),
    SourceCase("sqlite", ".sqlite", write_sqlite, gaps={"test_several_files_are_aligned": ONE_DATABASE}),
    SourceCase("postgresql", "", write_postgresql, driver="adbc_driver_postgresql", server=_POSTGRESQL),
    SourceCase("mysql", "", write_mysql, driver="pymysql", server=_MYSQL),
    SourceCase(
        "mongodb",
        "",
        write_mongodb,
        {"projection": '{"_id": 0}'},
        "pymongo",
        {"test_header_only": NO_HEADER},
        _MONGODB,
        midnights,
    ),
]

LOADERS = [
    LoaderCase("csv", ".csv"),
    LoaderCase("csv", ".csv.gz"),
    LoaderCase("csv", ".csv.zip", {"delimiter": ";"}),
    LoaderCase("json", ".json", gaps={"test_nothing": NO_HEADER}),
    LoaderCase("json", ".json.bz2", {"pretty": True}, gaps={"test_nothing": NO_HEADER}),
    LoaderCase("json", ".jsonl.xz", gaps={"test_nothing": NO_HEADER}),
    LoaderCase("parquet", ".parquet"),
    LoaderCase("sqlite", ".sqlite", {"table": "data"}),
    LoaderCase("postgresql", "", server=_POSTGRESQL),
    LoaderCase(
        "mysql", "", gaps={"test_odd_values_are_kept": NOT_A_NUMBER, "test_a_thousand_columns": TOO_WIDE}, server=_MYSQL
    ),
    LoaderCase(
        "mongodb",
        "",
        gaps={"test_nothing": NO_HEADER, "test_odd_values_are_kept": MILLISECONDS},
        server=_MONGODB,
        arrives=midnights,
    ),
]
