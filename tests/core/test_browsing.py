"""The file browser: what may be read is shown, what may not never is."""

from __future__ import annotations

import io
import os
import sqlite3
import uuid
import zipfile
from pathlib import Path

import fsspec
import pytest

from automic_core import workbench
from automic_core.errors import SecurityError, SourceError
from automic_core.storage import AccessPolicy

CSV = "id,name\n1,Ada\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def policy(root: Path) -> AccessPolicy:
    return AccessPolicy(allowed_roots=(root,), allowed_schemes=("file", "memory"), refuse_private=True)


def names(place: Path | str, policy: AccessPolicy, contains: str = "") -> list[str]:
    return [entry.name for entry in workbench.browse(str(place), contains, policy=policy).entries]


def test_folders_come_first_and_files_know_their_connector(root: Path, policy: AccessPolicy) -> None:
    for name in ("b.csv", "A.jsonl.gz", "notes.xyz", "x.zip"):
        (root / name).write_text(CSV)
    (root / "z").mkdir()
    found = workbench.browse(str(root), policy=policy)
    assert [(e.name, e.kind, e.connector) for e in found.entries] == [
        ("z", "folder", ""),
        ("A.jsonl.gz", "file", "json"),
        ("b.csv", "file", "csv"),
        ("notes.xyz", "file", ""),
        ("x.zip", "archive", ""),
    ]
    sizes = {entry.name: entry.size for entry in found.entries}
    assert sizes["b.csv"] == len(CSV)
    assert sizes["z"] is None
    assert found.entries[2].modified is not None
    assert found.trail == [("data", str(root))]
    assert names(root, policy, "B.C") == ["b.csv"]


def test_without_a_place_the_allowed_folders_are_shown_once(root: Path, tmp_path: Path) -> None:
    lake = workbench.create(tmp_path / "lake").path
    (lake / "uploads").mkdir()
    policy = AccessPolicy(allowed_roots=(lake, root, root, tmp_path / "gone"))
    found = workbench.browse("", policy=policy)
    assert [(entry.name, entry.place) for entry in found.entries] == [
        ("Uploads", str(lake / "uploads")),
        (f"Lake: {lake}", str(lake)),
        (str(root), str(root)),
    ]


def test_a_lake_hides_its_own_files_and_shows_uploads_flat(tmp_path: Path) -> None:
    lake = workbench.create(tmp_path / "lake").path
    policy = workbench.policy(lake)
    (lake / "more").mkdir()
    with workbench.opened(lake) as opened:
        workbench.keep_upload(opened, "people.csv", io.BytesIO(CSV.encode()))
    assert names(lake, policy) == ["more", "uploads"]
    assert names(lake / "uploads", policy) == ["people.csv"]


def test_what_leads_out_is_not_shown_and_not_opened(root: Path, tmp_path: Path, policy: AccessPolicy) -> None:
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "a.csv").write_text(CSV)
    (root / "link").symlink_to(outside)
    (root / "file.csv").symlink_to(outside / "a.csv")
    (root / "broken.csv").symlink_to(root / "nowhere")
    (root / "loop").symlink_to(root / "loop")
    (root / "own.csv").write_text(CSV)
    (root / "inner.csv").symlink_to(root / "own.csv")
    os.mkfifo(root / "pipe.csv")
    (root / ".hidden.csv").write_text(CSV)
    assert names(root, policy) == ["inner.csv", "own.csv"]
    with pytest.raises(SourceError, match="cannot be listed"):
        workbench.browse(str(root / "loop"), policy=policy)
    for place in (outside, root / "link", root / "..", root / "link" / "..", "/etc", "/"):
        with pytest.raises(SecurityError):
            workbench.browse(str(place), policy=policy)


@pytest.mark.parametrize("place", ["gone", "a.csv", "a\0b"])
def test_a_place_that_is_no_folder_is_said(root: Path, policy: AccessPolicy, place: str) -> None:
    (root / "a.csv").write_text(CSV)
    with pytest.raises(SourceError) as caught:
        workbench.browse(str(root / place) if "\0" not in place else place, policy=policy)
    assert caught.value.hint


def test_a_folder_that_may_not_be_listed_is_said(root: Path, policy: AccessPolicy) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may list everything")
    (root / "closed").mkdir(mode=0)
    with pytest.raises(SourceError, match="cannot be listed"):
        workbench.browse(str(root / "closed"), policy=policy)


def test_a_large_folder_says_how_much_there_is(
    root: Path, policy: AccessPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automic_core.workbench.browsing.MOST", 10)
    for number in range(25):
        (root / f"{number:03}.csv").touch()
    found = workbench.browse(str(root), policy=policy)
    assert (len(found.entries), found.total) == (10, 25)
    assert found.entries[0].name == "000.csv"


def test_an_archive_is_opened_like_a_folder(root: Path, policy: AccessPolicy) -> None:
    with zipfile.ZipFile(root / "all.zip", "w") as archive:
        archive.writestr("in/a.csv", CSV)
        archive.writestr("../../etc/b.csv", CSV)
        archive.writestr("readme.md", "hello")
    found = workbench.browse(str(root / "all.zip"), policy=policy)
    assert [entry.name for entry in found.entries] == ["../../etc/b.csv", "in/a.csv", "readme.md"]
    inside = workbench.inside(str(root / "all.zip"), "", policy=policy)
    assert inside is not None
    assert (inside.option, inside.labels) == ("path", ["in/a.csv", "../../etc/b.csv"])
    for place in inside.names:
        assert workbench.sample(place, policy=policy).columns == ["id", "name"]
        assert workbench.inside(place, "csv", policy=policy) == inside, "one of them knows the others"
    (root / "broken.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(SourceError, match="not a whole zip archive"):
        workbench.browse(str(root / "broken.zip"), policy=policy)


def test_tables_of_a_database(root: Path, policy: AccessPolicy) -> None:
    connection = sqlite3.connect(root / "shop.db")
    connection.executescript("CREATE TABLE b(x); CREATE TABLE a(x); CREATE VIEW v AS SELECT * FROM a;")
    connection.close()
    found = workbench.inside(str(root / "shop.db"), "sqlite", policy=policy)
    assert found is not None
    assert (found.option, found.names, found.labels) == ("table", ["a", "b", "v"], ["a", "b", "v (view)"])
    (root / "text.db").write_text("no database at all, but long enough to look like a header of one\n" * 50)
    with pytest.raises(SourceError, match="not a database"):
        workbench.inside(str(root / "text.db"), "sqlite", policy=policy)
    with pytest.raises(SecurityError):
        workbench.inside("/etc/passwd", "sqlite", policy=policy)


def test_sheets_of_a_workbook(root: Path, policy: AccessPolicy) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    for name, sheets in (("one.xlsx", ["Only"]), ("two.xlsx", ["Orders", "Lines"])):
        with xlsxwriter.Workbook(root / name) as book:
            for sheet in sheets:
                book.add_worksheet(sheet).write_row(0, 0, ["id", "name"])
    assert workbench.inside(str(root / "one.xlsx"), "excel", policy=policy) is None
    found = workbench.inside(str(root / "two.xlsx"), "excel", policy=policy)
    assert found is not None
    assert (found.option, found.names) == ("sheet", ["Orders", "Lines"])


def test_a_plain_file_has_nothing_to_choose(root: Path, policy: AccessPolicy) -> None:
    (root / "a.csv").write_text(CSV)
    assert workbench.inside(str(root / "a.csv"), "csv", policy=policy) is None


def test_an_object_store_is_listed_if_its_scheme_is_allowed(policy: AccessPolicy) -> None:
    bucket = f"automic-{uuid.uuid4().hex}"
    files = fsspec.filesystem("memory")
    try:
        with files.open(f"/{bucket}/in/a.csv", "wb") as file:
            file.write(CSV.encode())
        found = workbench.browse(f"memory://{bucket}", policy=policy)
        assert [(entry.name, entry.kind) for entry in found.entries] == [("in", "folder")]
        inner = workbench.browse(found.entries[0].place, policy=policy).entries[0]
        assert (inner.name, inner.connector, inner.size) == ("a.csv", "csv", len(CSV))
        assert workbench.sample(inner.place, policy=policy).columns == ["id", "name"]
        with pytest.raises(SourceError, match="cannot be listed"):
            workbench.browse("memory://nowhere-at-all", policy=policy)
        with pytest.raises(SecurityError, match="scheme 's3' is not allowed"):
            workbench.browse("s3://bucket/", policy=policy)
    finally:
        files.rm(f"/{bucket}", recursive=True)
