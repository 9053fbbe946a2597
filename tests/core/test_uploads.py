"""Files that are handed over: kept whole, under a harmless name, within the limits, once for each content."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import pytest

from automic_core import workbench
from automic_core.errors import AutomicError, ConfigError, SecurityError, SourceError
from automic_core.lake import Lakehouse
from automic_core.workbench import uploads

CSV = b"id,name\n1,Ada\n2,Grace\n"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lakehouse]:
    security = {"max_upload_bytes": 150_000_000, "max_columns": 500}
    with Lakehouse.open(tmp_path / "lake", security=security) as opened:
        yield opened


class Endless(io.RawIOBase):
    """Zeros, made as they are read."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left, self.asked = size, 0

    def read(self, size: int = -1) -> bytes:
        part = min(self.left, size if size >= 0 else self.left)
        self.left -= part
        self.asked = max(self.asked, size)
        return b"0" * part


def kept(lake: Lakehouse) -> list[str]:
    folder = lake.context.root / uploads.FOLDER
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()) if folder.exists() else []


def test_an_upload_is_kept_under_its_content(lake: Lakehouse) -> None:
    found = workbench.keep_upload(lake, "people.csv", io.BytesIO(CSV))
    assert Path(found.place).read_bytes() == CSV
    assert (found.name, found.size, found.unpacked, found.known) == ("people.csv", len(CSV), len(CSV), False)
    assert Path(found.place).parent.parent == lake.context.root / "uploads"
    assert len(Path(found.place).parent.name) == 16


def test_the_same_content_is_the_same_file(lake: Lakehouse) -> None:
    first = workbench.keep_upload(lake, "people.csv", io.BytesIO(CSV))
    again = workbench.keep_upload(lake, "people copy.csv", io.BytesIO(CSV))
    assert again.place == first.place
    assert again.known
    other = workbench.keep_upload(lake, "people.tsv", io.BytesIO(CSV))
    assert other.name == "people.tsv", "another kind of file is not the same"
    assert len(kept(lake)) == 2


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\Users\\ada\\orders.csv", "orders.csv"),
        ("a\uff0fb.csv", "b.csv"),  # a fullwidth solidus is a slash once it is normalised
        ("..", None),
        ("", None),
        ("/", None),
        (".hidden.csv", "hidden.csv"),
        ("con.csv", "_con.csv"),
        ("COM1", "_COM1"),
        ("evil\u202egnp.csv", "evilgnp.csv"),
        ("a\x00b\nc.csv", "abc.csv"),
        ("<script>alert(1)</script>.csv", "script_.csv"),
        ("Gru\u0308n.csv", "Grün.csv"),
        ("in[1]*?.csv", "in_1___.csv"),
        ("  spaced   name .csv", "spaced name.csv"),
    ],
)
def test_a_file_name_is_made_harmless(given: str, safe: str | None) -> None:
    if safe is None:
        with pytest.raises(ConfigError, match="no name for a file"):
            uploads.safe_name(given)
    else:
        assert uploads.safe_name(given) == safe


def test_a_long_name_is_cut_and_keeps_its_endings() -> None:
    short = uploads.safe_name("ä" * 400 + ".csv.gz")
    assert short.endswith("ä.csv.gz")
    assert len(short.encode()) <= 121
    odd = uploads.safe_name("a." + "b" * 400 + ".csv")
    assert odd.endswith(".csv")
    assert len(odd.encode()) <= 240


def test_a_name_with_dots_stays_in_the_uploads(lake: Lakehouse) -> None:
    found = workbench.keep_upload(lake, "../../../../tmp/evil.csv", io.BytesIO(CSV))
    assert Path(found.place).resolve().is_relative_to(lake.context.root / "uploads")


def test_an_upload_beyond_the_limit_stops_early_and_leaves_nothing(lake: Lakehouse) -> None:
    stream = Endless(500_000_000)
    with pytest.raises(SourceError, match=r"big\.csv is larger than 143.1 MB") as caught:
        workbench.keep_upload(lake, "big.csv", cast(IO[bytes], stream))
    assert "browse" in caught.value.hint
    assert stream.left >= 500_000_000 - 150_000_000 - 2_000_000, "reading stops at the limit"
    assert stream.asked <= 1 << 20, "read in pieces"
    assert kept(lake) == []
    assert list((lake.context.root / "uploads").iterdir()) == []


def test_an_empty_file_is_said(lake: Lakehouse) -> None:
    with pytest.raises(SourceError, match=r"people\.csv is empty"):
        workbench.keep_upload(lake, "people.csv", io.BytesIO())
    assert kept(lake) == []


@pytest.mark.parametrize("name", ["people.exe", "people", "people.pickle", "people.csv.rar"])
def test_an_unknown_ending_is_said(lake: Lakehouse, name: str) -> None:
    with pytest.raises(ConfigError, match="does not say what kind of file"):
        workbench.keep_upload(lake, name, io.BytesIO(CSV))
    assert kept(lake) == []


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["people.csv.gz", "people.csv.bz2", "people.csv.zip"])
def test_packed_files_are_kept_as_they_are(lake: Lakehouse, name: str) -> None:
    packed = {"gz": gzip.compress(CSV), "bz2": bz2.compress(CSV), "zip": _zip({"people.csv": CSV})}[name.split(".")[-1]]
    found = workbench.keep_upload(lake, name, io.BytesIO(packed))
    assert found.unpacked == len(CSV)
    assert Path(found.place).read_bytes() == packed
    assert workbench.sample(found.place).columns == ["id", "name"]


def test_bombs_do_not_go_off(lake: Lakehouse) -> None:
    zeros = b"0" * 1_000_000
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9) as packed:
        for _ in range(140):
            packed.write(zeros)
    with pytest.raises(SourceError, match="unpacks to more than 200 times"):
        workbench.keep_upload(lake, "bomb.csv.gz", io.BytesIO(buffer.getvalue()))
    many = _zip({f"{n}.csv": zeros for n in range(160)})
    with pytest.raises(SourceError, match=r"unpacks to more than 200 times|larger than 143.1 MB"):
        workbench.keep_upload(lake, "bomb.csv.zip", io.BytesIO(many))
    sheet = _zip({"[Content_Types].xml": b"<x/>", **{f"xl/worksheets/{n}.xml": zeros for n in range(160)}})
    with pytest.raises(SourceError, match=r"unpacks to more than 200 times|larger than 143.1 MB"):
        workbench.keep_upload(lake, "bomb.xlsx", io.BytesIO(sheet))
    assert kept(lake) == []


def test_what_an_archive_says_of_itself_is_not_believed(lake: Lakehouse) -> None:
    """A member that claims to be small and is not ends in an error, never in a kept file."""
    data = bytearray(_zip({"a.csv": b"0" * 300_000}))
    size = (300_000).to_bytes(4, "little")
    while size in data:
        at = data.index(size)
        data[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(SourceError, match=r"cannot be unpacked"):
        workbench.keep_upload(lake, "liar.zip", io.BytesIO(bytes(data)))
    assert kept(lake) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.csv.gz", gzip.compress(CSV * 1000, mtime=0)[:-20]),
        ("broken.zip", _zip({"a.csv": CSV})[:-30]),
        ("empty.zip", _zip({})),
    ],
    ids=["cut", "broken", "empty"],
)
def test_a_damaged_archive_is_said(lake: Lakehouse, name: str, data: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        workbench.keep_upload(lake, name, io.BytesIO(data))
    assert caught.value.message.startswith(name)
    assert caught.value.hint
    assert kept(lake) == []


def test_too_many_columns_are_refused_before_they_are_read(lake: Lakehouse) -> None:
    wide = b";".join(b"column_%d" % n for n in range(501)) + b"\n"
    with pytest.raises(SourceError, match="about 501 columns; an upload may have 500"):
        workbench.keep_upload(lake, "wide.csv", io.BytesIO(wide * 3))
    document = b"{" + b",".join(b'"c%d": 1' % n for n in range(600)) + b"}\n"
    with pytest.raises(SourceError, match="about 600 columns"):
        workbench.keep_upload(lake, "wide.jsonl", io.BytesIO(document))
    assert kept(lake) == []
    just = b";".join(b"column_%d" % n for n in range(500)) + b"\n"
    assert workbench.keep_upload(lake, "just.csv", io.BytesIO(just * 3)).unpacked == len(just) * 3


def test_a_file_that_needs_options_is_kept(lake: Lakehouse) -> None:
    found = workbench.keep_upload(lake, "both.zip", io.BytesIO(_zip({"a.csv": CSV, "b.csv": CSV})))
    assert found.unpacked == 2 * len(CSV)


def test_a_lake_that_is_only_looked_at_keeps_nothing(lake: Lakehouse) -> None:
    with (
        Lakehouse.open(lake.context.root, read_only=True) as looking,
        pytest.raises(SecurityError),
    ):
        workbench.keep_upload(looking, "people.csv", io.BytesIO(CSV))
    assert kept(lake) == []


def test_uploads_nobody_took_in_go_after_some_days(lake: Lakehouse) -> None:
    old = workbench.keep_upload(lake, "old.csv", io.BytesIO(CSV + b"3,Alan\n"))
    taken = workbench.keep_upload(lake, "taken.csv", io.BytesIO(CSV))
    packed = workbench.keep_upload(lake, "two.zip", io.BytesIO(_zip({"a.csv": CSV, "b.csv": CSV})))
    workbench.keep_upload(lake, "new.csv", io.BytesIO(CSV + b"4,Edsger\n"))
    policy = workbench.policy(lake.context.root)
    for place in (taken.place, f"{packed.place}!a.csv"):
        workbench.ingest(lake, workbench.build_source(place, policy=policy), "people", force=True)
    for found in (old, taken, packed):
        os.utime(found.place, (1, 1))
    assert workbench.prune_uploads(lake) == ["old.csv"]
    assert sorted(Path(each).name for each in kept(lake)) == ["new.csv", "taken.csv", "two.zip"]
    assert not Path(old.place).parent.exists()
    again = workbench.keep_upload(lake, "taken.csv", io.BytesIO(CSV))
    assert again.known
    assert Path(again.place).stat().st_mtime > 1_000


def test_the_newest_upload_comes_first(lake: Lakehouse) -> None:
    for number, name in enumerate(("a.csv", "b.csv")):
        found = workbench.keep_upload(lake, name, io.BytesIO(CSV * (number + 1)))
        os.utime(found.place, (1000 + number, 1000 + number))
    assert [each.name for each in workbench.recent_uploads(lake)] == ["b.csv", "a.csv"]


def test_the_next_file_of_a_name_succeeds_it(lake: Lakehouse) -> None:
    """In snapshot mode silver reads the newest delivery of a source; an upload is known by its name."""
    policy = workbench.policy(lake.context.root)
    for data in (CSV, b"id,name\n2,Grace\n3,Alan\n"):
        place = workbench.keep_upload(lake, "people.csv", io.BytesIO(data)).place
        done = workbench.ingest(lake, workbench.build_source(place, policy=policy), "people", mode="snapshot")
        assert done.rows == 2
    workbench.promote(lake, "people")
    assert lake.query("SELECT name FROM silver.people ORDER BY id")["name"].to_list() == ["Grace", "Alan"]
    again = workbench.ingest(lake, workbench.build_source(place, policy=policy), "people", mode="snapshot")
    assert again.unchanged == ["uploads/people.csv"]


def test_an_uploaded_record_is_traced_to_its_line(lake: Lakehouse) -> None:
    place = workbench.keep_upload(lake, "people.csv", io.BytesIO(CSV)).place
    workbench.ingest(lake, workbench.build_source(place, policy=workbench.policy(lake.context.root)), "people")
    workbench.promote(lake, "people")
    rid = lake.query("SELECT _rid FROM silver.people WHERE name = 'Grace'")["_rid"][0]
    origin = workbench.trace(lake, "silver.people", rid).origins[0]
    assert (origin.source, origin.line) == ("uploads/people.csv", 3)


def test_errors_are_of_our_tree(lake: Lakehouse) -> None:
    with pytest.raises(AutomicError):
        workbench.keep_upload(lake, "x.parquet.zip", io.BytesIO(b"PK\x03\x04nonsense"))
