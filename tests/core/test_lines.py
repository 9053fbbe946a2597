"""Provenance goes down to the physical line, while the file is what was taken in."""

from __future__ import annotations

from pathlib import Path

from automic_core import CSVSource, Lakehouse

TEXT = 'id,note\n1,"two\nlines"\n\n2,plain\n3,too,many\n4,last\n'


def lines(lake: Lakehouse) -> dict[int, int | None]:
    rids = lake.scan("bronze.notes").collect()["_rid"]
    origins = [lake.trace("bronze.notes", rid).origins[0] for rid in rids]
    return {origin.record: origin.line for origin in origins}


def test_each_record_knows_its_line(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text(TEXT)
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(path), delimiter=","), "notes")
        assert lines(lake) == {1: 2, 2: 5, 3: 6, 4: 7}
        lake.silver.promote("notes")
        row = lake.query("SELECT _rid FROM silver.notes WHERE note = 'last'").item()
        assert [origin.line for origin in lake.trace("silver.notes", row).origins] == [7]


def test_a_file_that_changed_or_went_leaves_only_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    path.write_text(TEXT)
    with Lakehouse.open(tmp_path / "lake") as lake:
        lake.bronze.ingest(CSVSource(str(path), delimiter=","), "notes")
        path.write_text("new\n" + TEXT)
        assert lines(lake) == {1: None, 2: None, 3: 6, 4: None}
        path.unlink()
        assert lines(lake) == {1: None, 2: None, 3: 6, 4: None}
