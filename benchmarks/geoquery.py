"""GeoQuery in Spider's layout: python benchmarks/geoquery.py FOLDER OUT [--split test], then benchmarks/asking.py OUT

FOLDER holds geography.json and the SQLite file as "text2sql-data" keeps them (C. Finegan-Dollak et al., "Improving
Text-to-SQL Evaluation Methodology", ACL 2018): questions and SQL are templates, and each sentence brings the values of
its variables. They are filled in, and of several SQL statements for one question the first that SQLite runs is its gold
query. One part of the question split is written; a question without a query that runs is left out, and counted.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

DATABASE = "geography"


def questions(entries: list[dict[str, Any]], split: str, database: sqlite3.Connection) -> Iterator[dict[str, str]]:
    """The questions of a part in Spider's form; ``query`` is empty where no statement runs."""
    for entry in entries:
        examples = {each["name"]: each["example"] for each in entry["variables"]}
        for sentence in entry["sentences"]:
            if sentence["question-split"] == split:
                values = {**examples, **sentence["variables"]}
                statements = (filled(statement, values) for statement in entry["sql"])
                query = next((each for each in statements if runs(database, each)), "")
                yield {"db_id": DATABASE, "question": filled(sentence["text"], values), "query": query}


def runs(database: sqlite3.Connection, statement: str) -> bool:
    """Whether SQLite can compute a statement."""
    try:
        database.execute(statement).fetchall()
    except sqlite3.Error:
        return False
    return True


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its variables replaced, whole names only: "state_name1" is not part of "state_name10"."""
    if not values:
        return template
    names = "|".join(map(re.escape, sorted(values, key=len, reverse=True)))
    return re.sub(rf"\b(?:{names})\b", lambda found: values[found[0]], template)


def main() -> None:
    """Write the folder."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("folder", type=Path)
    reader.add_argument("out", type=Path)
    reader.add_argument("--split", default="test", choices=("train", "dev", "test"))
    chosen = reader.parse_args()
    try:
        [file] = chosen.folder.glob("geography*.sqlite")
        entries = json.loads((chosen.folder / "geography.json").read_text(encoding="utf-8"))
    except (ValueError, OSError) as exc:
        reader.error(f"{chosen.folder} needs geography.json and one geography*.sqlite: {exc}")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        found = list(questions(entries, chosen.split, database))
    kept = [each for each in found if each["query"]]
    place = chosen.out / "database" / DATABASE
    place.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place / f"{DATABASE}.sqlite")
    (chosen.out / "dev.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")
    print(f"{len(kept)} questions in {chosen.out}; {len(found) - len(kept)} without a query that runs are left out")


if __name__ == "__main__":
    main()
