"""Storage: what may be read, how it is unpacked, how it is written whole or not at all."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import http.server
import io
import lzma
import os
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automic_core.errors import LoadError, MissingDriverError, SecurityError, SourceError
from automic_core.settings import Settings
from automic_core.storage import (
    AccessPolicy,
    Location,
    atomic_write,
    compressed,
    compression_of,
    content_hash,
    disk_errors,
    members,
    open_binary,
    open_stored,
    resolve,
    size,
    storage_options,
)
from tests.drawing import draws

DATA = b"id,name\n" + b"".join(b"%d,n%d\n" % (i, i * i) for i in range(20_000))
KINDS = ("gzip", "bz2", "xz", "zstd", "zip")


def pack(kind: str | None, data: bytes, member: str = "data.csv") -> bytes:
    target = io.BytesIO()
    with compressed(target, kind, member) as stream:
        stream.write(data)
    return target.getvalue()


def read(path: Path | str, policy: AccessPolicy | None = None) -> bytes:
    (location,) = resolve(path, policy)
    with open_binary(location) as stream:
        return stream.read()


class TestResolve:
    def test_a_glob_is_sorted_and_recurses(self, tmp_path: Path) -> None:
        for name in ("b.csv", "a.csv", "deep/er/c.csv", "d.txt"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("x")
        assert [one.name for one in resolve(tmp_path / "*.csv")] == ["a.csv", "b.csv"]
        assert [one.name for one in resolve(f"{tmp_path}/**/*.csv")] == ["a.csv", "b.csv", "c.csv"]

    def test_a_file_whose_name_looks_like_a_glob_is_that_file(self, tmp_path: Path) -> None:
        (tmp_path / "a[1].csv").write_text("x")
        (tmp_path / "a1.csv").write_text("x")
        assert [one.name for one in resolve(tmp_path / "a[1].csv")] == ["a[1].csv"]

    def test_file_urls_and_relative_paths(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a b.csv.gz").write_bytes(pack("gzip", DATA))
        monkeypatch.chdir(tmp_path)
        for text in (f"file://{tmp_path}/a b.csv.gz", "a b.csv.gz", Path("a b.csv.gz")):
            (one,) = resolve(text)
            assert (one.is_local, one.path, one.stem) == (True, tmp_path / "a b.csv.gz", "a b")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("ordres.csv", "Did you mean 'orders.csv'"),
            ("no/such/x.csv", "no folder"),
            ("*.parquet", "No file matches"),
            (".", "is a folder"),
            ("", "not a path"),
            ("a\0b", "not a path"),
            ("~nobody-of-this-name/x.csv", "cannot be looked up"),
            ("x" * 300, "cannot be looked up"),
            ("loop", "There is no file|cannot be looked up"),
        ],
    )
    def test_nothing_there_says_what_to_do(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
    ) -> None:
        (tmp_path / "orders.csv").write_text("x")
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SourceError, match=words):
            resolve(text)

    def test_memory_urls_and_their_globs(self) -> None:
        memory = fsspec.filesystem("memory")
        memory.pipe({"/resolve/b.csv": b"2", "/resolve/a.csv.gz": pack("gzip", b"1")})
        found = resolve("memory://resolve/*.csv*")
        assert [(one.name, open_binary(one).read()) for one in found] == [("a.csv.gz", b"1"), ("b.csv", b"2")]
        with pytest.raises(SourceError, match="No file matches"):
            resolve("memory://resolve/*.json")
        with pytest.raises(SourceError, match="There is no file"):
            open_binary(*resolve("memory://resolve/none.csv"))

    def test_messages_do_not_repeat_credentials_in_urls(self) -> None:
        text = str(Location("https://user:hunter2@example.com/a.csv?sig=hunter2"))
        assert text == "https://example.com/a.csv"

    def test_an_unknown_scheme(self) -> None:
        with pytest.raises(SourceError, match="nosuch"):
            open_binary(*resolve("nosuch://x/a.csv"))


class TestPolicy:
    @pytest.fixture
    def strict(self, tmp_path: Path) -> AccessPolicy:
        (tmp_path / "lake").mkdir()
        return AccessPolicy.from_settings(Settings.load(), tmp_path / "lake")

    def test_paths_inside_and_outside(self, tmp_path: Path, strict: AccessPolicy) -> None:
        (tmp_path / "lake/in.csv").write_text("x")
        (tmp_path / "out.csv").write_text("x")
        (tmp_path / "lake-too").mkdir()
        (tmp_path / "lake-too/a.csv").write_text("x")
        assert read(tmp_path / "lake/in.csv", strict) == b"x"
        for text in ("out.csv", "lake/../out.csv", "lake-too/a.csv", "*.csv", "lake/*/../../out.csv", "nothing.csv"):
            with pytest.raises(SecurityError, match="lies outside"):
                resolve(f"{tmp_path}/{text}", strict)
        assert read(tmp_path / "out.csv", strict.with_roots(tmp_path)) == b"x"

    @pytest.mark.parametrize("pattern", ["link.csv", "*.csv", "folder/out.csv", "folder/*.csv", "**/*.csv"])
    def test_a_symlink_that_leads_out_is_refused(self, tmp_path: Path, strict: AccessPolicy, pattern: str) -> None:
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret/out.csv").write_text("x")
        (tmp_path / "lake/link.csv").symlink_to(tmp_path / "secret/out.csv")
        (tmp_path / "lake/folder").symlink_to(tmp_path / "secret")
        with pytest.raises(SecurityError, match=r"leads to .*/secret/"):
            resolve(tmp_path / "lake" / pattern, strict)

    def test_a_file_swapped_for_a_symlink_after_resolving_is_refused(
        self, tmp_path: Path, strict: AccessPolicy
    ) -> None:
        file = tmp_path / "lake/a.csv"
        file.write_text("x")
        (location,) = resolve(file, strict)
        file.unlink()
        file.symlink_to("/etc/hostname")
        with pytest.raises(SecurityError):
            open_binary(location)

    def test_schemes_and_every_link_of_a_chain(self, tmp_path: Path, strict: AccessPolicy) -> None:
        (tmp_path / "out.zip").write_bytes(pack("zip", DATA))
        for url in (
            "memory://a.csv",
            "https://example.com/a.csv",
            "simplecache::https://example.com/a.csv",
            f"zip://data.csv::{tmp_path}/out.zip",
            f"zip://data.csv::file://{tmp_path}/out.zip",
            f"simplecache::file://{tmp_path}/out.zip",
            "zip://a.csv::simplecache::memory://a.zip",
        ):
            with pytest.raises(SecurityError):
                resolve(url, strict)

    def test_a_lake_in_a_bucket_may_read_its_own_scheme(self, tmp_path: Path) -> None:
        lake = Settings.load(lakehouse={"provider": "aws"}, storage={"aws": {"bucket": "b"}})
        policy = AccessPolicy.from_settings(lake, tmp_path)
        policy.check_url("s3://b/a.csv")
        with pytest.raises(SecurityError, match="'gs' is not allowed"):
            policy.check_url("gs://b/a.csv")

    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "[::1]", "169.254.169.254", "0.0.0.0", "2130706433",
         "[::ffff:127.0.0.1]", "[fe80::1]", "100.64.0.1", "0x7f.1"],
    )  # fmt: skip
    def test_private_hosts_are_refused_unless_listed(self, host: str) -> None:
        policy = AccessPolicy(allowed_schemes=("http",), refuse_private=True)
        with pytest.raises(SecurityError, match="not listed"):
            policy.check_url(f"http://{host}/a.csv")
        AccessPolicy(allowed_hosts=(host.strip("[]"),), refuse_private=True).check_url(f"http://{host}:8080/a.csv")

    def test_the_default_refuses_only_metadata_addresses(self) -> None:
        policy = AccessPolicy()
        policy.check_url("http://127.0.0.1/a.csv")
        policy.check_url("http://8.8.8.8/a.csv")
        with pytest.raises(SecurityError, match=r"169\.254"):
            policy.check_url("http://169.254.169.254/latest/meta-data")
        with pytest.raises(SecurityError):
            policy.check_url("http://[::ffff:169.254.169.254]/latest")

    def test_a_malformed_url(self) -> None:
        with pytest.raises(SourceError, match="not a valid URL"):
            AccessPolicy().check_url("http://[::1/a.csv")


class TestHttp:
    @pytest.fixture
    def server(self) -> Iterator[str]:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/to/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.removeprefix("/to/"))
                    self.end_headers()
                    return
                body = pack("gzip", DATA)
                if "broken" in self.path:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(body) + 1000))
                    self.end_headers()
                    self.wfile.write(body)
                    self.close_connection = True
                    return
                self.send_response(200)
                if "chunked" not in self.path:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *args: object) -> None:
                pass

        httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()
        httpd.server_close()

    def test_reads_with_and_without_a_length(self, server: str) -> None:
        pytest.importorskip("aiohttp")
        policy = AccessPolicy(allowed_schemes=("http",), allowed_hosts=("127.0.0.1",), refuse_private=True)
        assert read(f"{server}/a.csv.gz", policy) == DATA
        assert read(f"{server}/chunked.csv.gz?x=*", policy) == DATA

    @pytest.mark.parametrize("target", ["http://169.254.169.254/latest", "http://10.0.0.1/a", "ftp://example.com/a"])
    def test_a_redirect_is_checked_like_the_first_address(self, server: str, target: str) -> None:
        pytest.importorskip("aiohttp")
        policy = AccessPolicy(allowed_schemes=("http",), allowed_hosts=("127.0.0.1",), refuse_private=True)
        with pytest.raises(SecurityError, match="Redirected from"):
            open_binary(*resolve(f"{server}/to/{target}", policy))

    def test_a_name_that_changes_its_address_is_refused(self, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("aiohttp")
        policy = AccessPolicy(allowed_schemes=("http",), refuse_private=True)
        public = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 0))]
        (location,) = [Location(server.replace("127.0.0.1", "localhost") + "/a.csv", policy=policy)]
        real = socket.getaddrinfo

        def once_public(host: str, port: object, *args: object, **more: object) -> object:
            return public if port is None else real(host, port, *args, **more)  # the check asks without a port

        monkeypatch.setattr(socket, "getaddrinfo", once_public)
        with pytest.raises(SecurityError, match=r"localhost \(127\.0\.0\.1\)|localhost \(::1\)"):
            open_binary(location)

    def test_a_connection_that_breaks_names_the_file(self, server: str) -> None:
        pytest.importorskip("aiohttp")
        (location,) = resolve(f"{server}/broken.csv")
        with pytest.raises(SourceError, match=r"broken\.csv"):
            open_binary(location).read()


class TestCompression:
    @pytest.mark.parametrize("kind", [*KINDS, None])
    def test_unpacks_by_the_first_bytes_whatever_the_name(self, tmp_path: Path, kind: str | None) -> None:
        file = tmp_path / "plain.csv"
        file.write_bytes(pack(kind, DATA))
        assert read(file) == DATA
        assert content_hash(*resolve(file)) == hashlib.sha256(file.read_bytes()).hexdigest()
        assert size(*resolve(file)) == file.stat().st_size

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_same_bytes_pack_to_the_same_bytes(self, kind: str) -> None:
        assert pack(kind, DATA) == pack(kind, DATA)

    @pytest.mark.parametrize("kind", ["gzip", "bz2", "xz", "zip"])
    def test_seeking(self, tmp_path: Path, kind: str) -> None:
        (tmp_path / "a").write_bytes(pack(kind, DATA))
        with open_binary(*resolve(tmp_path / "a")) as stream:
            stream.seek(1000)
            assert stream.read(20) == DATA[1000:1020]
            stream.seek(0)
            assert stream.read() == DATA

    def test_concatenated_streams(self, tmp_path: Path) -> None:
        for kind in ("gzip", "bz2", "xz", "zstd"):
            (tmp_path / kind).write_bytes(pack(kind, b"one\n") + pack(kind, b"two\n"))
            assert read(tmp_path / kind) == b"one\ntwo\n", kind

    @settings(max_examples=draws(40), deadline=None)
    @given(data=st.binary(max_size=3000), kind=st.sampled_from(KINDS))
    def test_round_trip_of_anything(self, tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str) -> None:
        file = tmp_path_factory.mktemp("any") / "a.bin"
        file.write_bytes(pack(kind, data))
        assert read(file) == data

    def test_names_ask_a_writer_for_a_compression(self) -> None:
        names = ["a.csv.gz", "a.bz2", "a.XZ", "a.zst", "a.zip", "a.csv"]
        assert [compression_of(name) for name in names] == ["gzip", "bz2", "xz", "zstd", "zip", None]

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("keep", [0.02, 0.5, 0.98])
    def test_a_stream_that_ends_early_names_file_and_byte(self, tmp_path: Path, kind: str, keep: float) -> None:
        whole = pack(kind, DATA)
        cut = whole[: max(7, int(len(whole) * keep))]
        (tmp_path / "cut.csv.x").write_bytes(cut)
        with pytest.raises(SourceError, match=r"cut\.csv\.x.*(ends early|not a whole zip)"):
            read(tmp_path / "cut.csv.x")

    def test_early_end_says_how_far_it_came(self, tmp_path: Path) -> None:
        (tmp_path / "a.gz").write_bytes(gzip.compress(DATA)[:-9])
        with pytest.raises(SourceError, match=r"[1-9][\d,]* bytes were read, up to about byte [1-9]"):
            read(tmp_path / "a.gz")

    @pytest.mark.parametrize("kind", ["gzip", "bz2", "xz", "zip"])  # a zstd frame need not carry a checksum
    def test_a_damaged_stream(self, tmp_path: Path, kind: str) -> None:
        whole = bytearray(pack(kind, DATA))
        middle = len(whole) // 2
        whole[middle : middle + 50] = bytes(50)
        (tmp_path / "bad").write_bytes(whole)
        with pytest.raises(SourceError, match="bad"):
            read(tmp_path / "bad")

    def test_rubbish_after_a_gzip_stream_is_not_swallowed(self, tmp_path: Path) -> None:
        (tmp_path / "a.gz").write_bytes(gzip.compress(DATA) + b"rubbish")
        with pytest.raises(SourceError, match="damaged"):
            read(tmp_path / "a.gz")

    @pytest.mark.parametrize("make", [gzip.compress, bz2.compress, lzma.compress, lambda data: pack("zip", data),
                                      lambda data: pack("zstd", data)])  # fmt: skip
    def test_a_bomb_stops_at_the_limit(self, tmp_path: Path, make: object) -> None:
        (tmp_path / "bomb").write_bytes(make(bytes(5_000_000)))
        with pytest.raises(SourceError, match=r"bomb unpacks to more than 1,000,000 bytes"):
            read(tmp_path / "bomb", AccessPolicy(max_decompressed_bytes=1_000_000))
        assert len(read(tmp_path / "bomb")) == 5_000_000

    def test_a_bomb_stops_at_the_ratio(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("automic_core.storage.compression.RATIO_FLOOR", 1_000_000)
        (tmp_path / "bomb").write_bytes(gzip.compress(bytes(5_000_000)))
        (tmp_path / "fair").write_bytes(gzip.compress(DATA * 10))
        policy = AccessPolicy(max_ratio=100)
        with pytest.raises(SourceError, match="more than 100 times"):
            read(tmp_path / "bomb", policy)
        assert read(tmp_path / "fair", policy) == DATA * 10

    def test_a_lying_zip_header_does_not_help(self, tmp_path: Path) -> None:
        data = bytearray(pack("zip", bytes(5_000_000)))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            directory = archive.start_dir
        data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")  # claims ten bytes
        (tmp_path / "liar.zip").write_bytes(data)
        with pytest.raises(SourceError):
            read(tmp_path / "liar.zip", AccessPolicy(max_decompressed_bytes=1_000_000))


class TestArchives:
    @pytest.fixture
    def archive(self, tmp_path: Path) -> Path:
        file = tmp_path / "many.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
            for name in ("in/b.csv", "in/a.csv", "note.txt"):
                target.writestr(name, name)
        return file

    def test_members_by_name_by_glob_and_by_url(self, archive: Path) -> None:
        assert members(*resolve(archive)) == ["in/b.csv", "in/a.csv", "note.txt"]
        assert read(f"{archive}!note.txt") == b"note.txt"
        assert read(f"zip://in/a.csv::{archive}") == b"in/a.csv"
        assert read(f"zip://in/a.csv::file://{archive}") == b"in/a.csv"
        found = resolve(f"{archive}!in/*.csv")
        assert [(one.name, str(one)) for one in found] == [
            ("a.csv", f"{archive}!in/a.csv"),
            ("b.csv", f"{archive}!in/b.csv"),
        ]

    def test_an_archive_in_a_remote_place(self, archive: Path) -> None:
        fsspec.filesystem("memory").pipe("/archives/many.zip", archive.read_bytes())
        assert read("zip://note.txt::memory://archives/many.zip") == b"note.txt"
        assert read("memory://archives/many.zip!note.txt") == b"note.txt"

    def test_several_members_ask_for_a_choice(self, archive: Path) -> None:
        with pytest.raises(SourceError, match=r"holds 3 files: in/b.csv.*many.zip!in/b.csv"):
            read(archive)
        with pytest.raises(SourceError, match=r"no member 'x\.csv'"):
            read(f"{archive}!x.csv")
        with pytest.raises(SourceError, match="No member matches"):
            resolve(f"{archive}!*.json")

    def test_a_members_hash_is_its_content_alone(self, archive: Path) -> None:
        (location,) = resolve(f"{archive}!note.txt")
        assert content_hash(location) == hashlib.sha256(b"note.txt").hexdigest()

    def test_an_office_file_stays_as_it_is(self, tmp_path: Path) -> None:
        file = tmp_path / "book.xlsx"
        with zipfile.ZipFile(file, "w") as target:
            target.writestr("[Content_Types].xml", "<Types/>")
            target.writestr("xl/workbook.xml", "<workbook/>")
        assert read(file) == file.read_bytes()

    def test_an_empty_archive_and_a_locked_one(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
            pass
        with pytest.raises(SourceError, match="holds 0 files: nothing"):
            read(tmp_path / "empty.zip")
        locked = bytearray(pack("zip", b"x"))
        for offset in (6, locked.index(b"PK\x01\x02") + 8):
            locked[offset] |= 1  # the "encrypted" flag
        (tmp_path / "locked.zip").write_bytes(locked)
        with pytest.raises(SourceError, match="Unpack it first"):
            read(tmp_path / "locked.zip")


class TestStoredFiles:
    def test_a_file_that_vanished_after_it_was_listed(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("x")
        (location,) = resolve(tmp_path / "a.csv")
        (tmp_path / "a.csv").unlink()
        for use in (open_binary, open_stored, size, content_hash):
            with pytest.raises(SourceError, match=r"a\.csv"):
                use(location)

    def test_an_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").touch()
        assert (read(tmp_path / "a.csv"), size(*resolve(tmp_path / "a.csv"))) == (b"", 0)

    def test_no_handle_stays_open(self, tmp_path: Path) -> None:
        for kind in KINDS:
            (tmp_path / kind).write_bytes(pack(kind, DATA))
        before = len(os.listdir("/proc/self/fd"))
        for kind in KINDS:
            read(tmp_path / kind)
            content_hash(*resolve(tmp_path / kind))
        assert len(os.listdir("/proc/self/fd")) <= before


class TestAtomicWrite:
    def test_appears_whole_with_the_mode_it_had(self, tmp_path: Path) -> None:
        target = tmp_path / "new/folder/out.csv"
        with atomic_write(target) as stream:
            stream.write(b"one")
            assert not target.exists()
        target.chmod(0o640)
        with atomic_write(target) as stream:
            stream.write(b"two")
            assert target.read_bytes() == b"one"
        assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"two", 0o640)
        assert os.listdir(target.parent) == ["out.csv"]

    def test_append_begins_with_what_is_there(self, tmp_path: Path) -> None:
        for part in (b"a", b"b"):
            with atomic_write(tmp_path / "out", append=True) as stream:
                stream.write(part)
        assert (tmp_path / "out").read_bytes() == b"ab"

    @pytest.mark.parametrize("append", [False, True])
    def test_an_error_leaves_the_old_file_and_nothing_else(self, tmp_path: Path, append: bool) -> None:
        (tmp_path / "out").write_bytes(b"old")
        with pytest.raises(TypeError), atomic_write(tmp_path / "out", append) as stream:
            stream.writelines([b"half", "not bytes"])
        assert (os.listdir(tmp_path), (tmp_path / "out").read_bytes()) == (["out"], b"old")

    def test_follows_a_symlink(self, tmp_path: Path) -> None:
        (tmp_path / "real").write_bytes(b"old")
        (tmp_path / "link").symlink_to(tmp_path / "real")
        with atomic_write(tmp_path / "link") as stream:
            stream.write(b"new")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real").read_bytes() == b"new"

    def test_a_full_disk_says_which_path_and_how_much(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        words = r"No space left while writing .*: [\d,]+ bytes are free"
        full = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
        with pytest.raises(LoadError, match=words), disk_errors(tmp_path / "x"), full:
            full.write(b"x")
        (tmp_path / "out").write_bytes(b"old")

        def full_disk(handle: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full_disk)
        with pytest.raises(LoadError, match="after 10 bytes"), atomic_write(tmp_path / "out") as stream:
            stream.write(b"0123456789")
        assert (os.listdir(tmp_path), (tmp_path / "out").read_bytes()) == (["out"], b"old")

    def test_what_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(LoadError, match="not a regular file"), atomic_write(tmp_path):
            pass
        with pytest.raises(LoadError, match="cannot be written"), atomic_write(tmp_path / "file/below"):
            pass


class TestStorageOptions:
    @pytest.fixture(autouse=True)
    def drivers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The options are words alone: no driver has to be there to check them."""
        monkeypatch.setattr("importlib.util.find_spec", lambda name: object())

    def aws(self, **more: object) -> Settings:
        return Settings.load(
            lakehouse={"provider": "aws"},
            storage={
                "aws": {
                    "bucket": "lake",
                    "region": "eu-west-1",
                    "access_key_id": "AKIA",
                    "secret_access_key": "secret:key",
                    **more,
                }
            },
            secrets={"key": {"env": "KEY_VARIABLE", "hosts": ["*.amazonaws.com", "127.0.0.1"]}},
        )

    def test_aws_in_three_dialects(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KEY_VARIABLE", "hunter2")
        options = storage_options(self.aws(endpoint="http://127.0.0.1:9000"))
        assert options.fsspec["s3"] == {
            "client_kwargs": {"region_name": "eu-west-1"},
            "endpoint_url": "http://127.0.0.1:9000",
            "key": "AKIA",
            "secret": "hunter2",
        }
        assert options.polars == {
            "aws_region": "eu-west-1",
            "aws_endpoint_url": "http://127.0.0.1:9000",
            "aws_access_key_id": "AKIA",
            "aws_secret_access_key": "hunter2",
            "aws_allow_http": "true",
        }
        assert options.iceberg == {
            "s3.region": "eu-west-1",
            "s3.endpoint": "http://127.0.0.1:9000",
            "s3.access-key-id": "AKIA",
            "s3.secret-access-key": "hunter2",
        }
        assert "hunter2" not in repr(options)

    def test_a_key_does_not_go_to_another_endpoint(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("KEY_VARIABLE", "hunter2")
        with pytest.raises(SecurityError, match=r"not to 'evil\.example'") as caught:
            storage_options(self.aws(endpoint="https://evil.example"))
        assert "hunter2" not in str(caught.value)

    def test_gcp(self, tmp_path: Path) -> None:
        storage = {"gcp": {"bucket": "lake", "project": "p", "endpoint": "http://127.0.0.1:1", "anonymous": True}}
        options = storage_options(Settings.load(lakehouse={"provider": "gcp"}, storage=storage))
        assert options.fsspec["gs"] == {"project": "p", "endpoint_url": "http://127.0.0.1:1", "token": "anon"}
        assert options.polars == {"google_base_url": "http://127.0.0.1:1", "google_skip_signature": "true"}
        assert options.iceberg == {
            "gcs.project-id": "p",
            "gcs.service.host": "http://127.0.0.1:1",
            "gcs.oauth2.token": "anon",
        }

    def test_azure_connection_string(self, monkeypatch: pytest.MonkeyPatch) -> None:
        connection = "AccountName=acc;AccountKey=aGk9PQ==;BlobEndpoint=http://127.0.0.1:11000/acc"
        monkeypatch.setenv("CONNECTION", connection)
        lake = Settings.load(
            lakehouse={"provider": "azure"},
            storage={"azure": {"container": "c", "account": "acc", "connection_string": "${azure}"}},
            secrets={"azure": {"env": "CONNECTION", "hosts": ["acc.blob.core.windows.net"]}},
        )
        options = storage_options(lake)
        assert options.fsspec["abfs"] == {"account_name": "acc", "connection_string": connection}
        assert options.polars == {
            "azure_storage_account_name": "acc",
            "azure_storage_account_key": "aGk9PQ==",
            "azure_storage_endpoint": "http://127.0.0.1:11000/acc",
            "azure_allow_http": "true",
        }
        assert options.iceberg["adls.connection-string"] == connection
        assert options.iceberg["py-io-impl"].endswith("FsspecFileIO")

    def test_local_needs_nothing_and_a_missing_driver_prints_its_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert storage_options(Settings.load()).polars == {}
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(MissingDriverError, match=r"automic\[s3\]"):
            storage_options(Settings.load(lakehouse={"provider": "aws"}, storage={"aws": {"bucket": "b"}}))
