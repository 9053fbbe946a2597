"""Foreign keys found against declared ones: python benchmarks/foreign_key_finding.py FOLDER

FOLDER has chinook/Chinook_Sqlite.sqlite, northwind/northwind.sql (a PostgreSQL dump), sakila/postgres-sakila-db (COPY
blocks) and spider_dev (SQLite files, keys in tables.json). Only columns and rows are shown to the finder; declared keys
are the truth. A key of several columns counts as one a column. Keys from or to tables without rows cannot be seen
in data; recall is told with and without them.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from pathlib import Path

import polars as pl

from automic_core.inference.foreign_keys import foreign_keys

Tables = dict[str, pl.DataFrame]
Keys = set[tuple[str, str, str]]
_TABLE = re.compile(r"CREATE TABLE (?:public\.)?\"?(\w+)\"? \((.*?)\n\)", re.S)
_KEY = re.compile(
    r"ALTER TABLE (?:ONLY )?(?:public\.)?(\w+)\s+ADD CONSTRAINT \w+ "
    r"FOREIGN KEY \(([^)]*)\) REFERENCES (?:public\.)?(\w+)"
)
_INSERT = re.compile(r"^INSERT INTO (\w+) VALUES \((.*)\);$", re.M)
_COPY = re.compile(r"^COPY (?:public\.)?(\w+) \(([^)]*)\) FROM stdin;\n(.*?)^\\\.$", re.S | re.M)
_VALUE = re.compile(r"\s*(?:'((?:[^']|'')*)'|([^,]+))")


def sqlite(path: Path) -> tuple[Tables, Keys]:
    """Tables of a SQLite file with its declared keys."""
    tables: Tables = {}
    keys: Keys = set()
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:
        for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            found = file.execute(f'SELECT * FROM "{name}"')
            columns = [each[0] for each in found.description]
            tables[name] = frame(columns, [list(row) for row in found])
            keys |= {(name, key[3], key[2]) for key in file.execute(f'PRAGMA foreign_key_list("{name}")')}
    return tables, keys


def postgresql(text: str) -> tuple[Tables, Keys]:
    """Tables of a dump with INSERT lines or COPY blocks, and its declared keys."""
    columns = {name: _columns(body) for name, body in _TABLE.findall(text)}
    rows: dict[str, list[list[str | None]]] = {name: [] for name in columns}
    for name, values in _INSERT.findall(text):
        parts = [(quoted.replace("''", "'"), bare.strip()) for quoted, bare in _VALUE.findall(values)]
        rows[name].append([None if bare == "NULL" else bare or quoted for quoted, bare in parts])
    for name, listed, block in _COPY.findall(text):
        columns[name] = [column.strip().strip('"') for column in listed.split(",")]
        rows[name] = [[None if v == r"\N" else v for v in line.split("\t")] for line in block.splitlines() if line]
    keys = {
        (table, column.strip(), parent) for table, listed, parent in _KEY.findall(text) for column in listed.split(",")
    }
    return {name: frame(columns[name], rows[name]) for name in columns}, keys


def _columns(body: str) -> list[str]:
    lines = (line.strip() for line in body.strip().splitlines())
    return [
        line.split()[0].strip('"') for line in lines if line and not line.upper().startswith(("CONSTRAINT", "PRIMARY"))
    ]


def frame(columns: list[str], rows: list[list[object]]) -> pl.DataFrame:
    """Rows as text, as bronze has them."""
    texts = [[None if value is None else str(value) for value in row[: len(columns)]] for row in rows]
    return pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row")


def spider(folder: Path) -> list[tuple[str, Tables, Keys]]:
    """The databases of the Spider part: rows from SQLite, keys from tables.json."""
    found = []
    for told in json.loads((folder / "tables.json").read_text(encoding="utf-8")):
        path = next(folder.rglob(f"{told['db_id']}.sqlite"), None)
        if path is None:
            continue
        tables = {name.lower(): rows.rename(str.lower) for name, rows in sqlite(path)[0].items()}
        names = [name.lower() for name in told["table_names_original"]]
        places = [(names[table], column.lower()) for table, column in told["column_names_original"] if table >= 0]
        places.insert(0, ("", "*"))
        keys = {(*places[child], places[parent][0]) for child, parent in told["foreign_keys"]}
        found.append((told["db_id"], tables, {key for key in keys if key[0] in tables and key[2] in tables}))
    return found


def report(name: str, tables: Tables, declared: Keys) -> tuple[int, int, int]:
    """Precision and recall of one database, and what is missing or too much."""
    began = time.perf_counter()
    proposals = foreign_keys(tables)
    found = {(each.table, each.column, each.parent_table) for each in proposals}
    seen = {
        key for key in declared if tables[key[0]].height and tables[key[2]].height and tables[key[0]][key[1]].count()
    }
    right = len(found & declared)
    print(
        f"\n{name}: {len(tables)} tables, {len(declared)} declared keys ({len(seen)} with values), {len(found)} found, "
        f"precision {right / max(len(found), 1):.3f}, recall {right / len(declared):.3f} "
        f"({right / len(seen):.3f} of those with values), {time.perf_counter() - began:.1f} s"
    )
    for key in sorted(seen - found):
        print("  missed   ", *key)
    for each in proposals:
        if (each.table, each.column, each.parent_table) not in declared:
            print(
                f"  undeclared {each.table}.{each.column} -> {each.parent_table}.{each.parent_column}",
                round(each.confidence, 2),
            )
    return right, len(found), len(declared)


def main(folder: Path) -> None:
    """Print a line a database, and all together."""
    sakila = folder / "sakila/postgres-sakila-db"
    parts = ("postgres-sakila-schema.sql", "postgres-sakila-insert-data-using-copy.sql")
    dump = "\n".join((sakila / part).read_text(encoding="utf-8") for part in parts)
    counts = [
        report("chinook", *sqlite(folder / "chinook/Chinook_Sqlite.sqlite")),
        report("northwind", *postgresql((folder / "northwind/northwind.sql").read_text(encoding="utf-8"))),
        report("sakila", *postgresql(dump)),
    ]
    right, found, declared = (sum(each) for each in zip(*counts, strict=True))
    print(f"\nthree databases: precision {right / found:.3f}, recall {right / declared:.3f}")
    counts = [report(f"spider {name}", tables, keys) for name, tables, keys in spider(folder / "spider_dev") if keys]
    right, found, declared = (sum(each) for each in zip(*counts, strict=True))
    print(f"\nspider: precision {right / found:.3f}, recall {right / declared:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
