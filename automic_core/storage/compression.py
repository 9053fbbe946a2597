"""Compressed streams, told by their first bytes, never by their name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO, Any, BinaryIO, Literal, cast

from automic_core.errors import AutomicError, SourceError
from automic_core.storage.policy import AccessPolicy

Compression = Literal["gzip", "bz2", "xz", "zstd", "zip"]
MAGIC: dict[bytes, Compression] = {
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
SUFFIXES: dict[str, Compression] = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
RATIO_FLOOR = 100_000_000
_BUFFER = 1 << 20


def sniff(head: bytes) -> Compression | None:
    """The compression whose magic number ``head`` (6 bytes or more) begins with."""
    return next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None)


def compression_of(name: str | PurePath) -> Compression | None:
    """The compression that a file name asks a writer for."""
    return SUFFIXES.get(PurePath(name).suffix.lower())


def inner_stream(kind: Compression, raw: BinaryIO) -> IO[bytes]:
    """A decompressing view of ``raw`` for every kind but zip."""
    if kind == "gzip":
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw, mode="rb"))
    if kind == "bz2":
        return bz2.BZ2File(raw)
    if kind == "xz":
        return lzma.LZMAFile(raw)
    import pyarrow as pa

    return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd"))


class Guarded(io.RawIOBase):
    """A decompressed or remote stream that stops a bomb and explains a broken end."""

    def __init__(self, inner: IO[bytes], raw: IO[bytes], stored: int, name: str, policy: AccessPolicy) -> None:
        super().__init__()
        self._inner, self._raw, self._stored, self._name, self._policy = inner, raw, stored, name, policy
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._inner.seekable())

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._explained():
            self._position = self._inner.seek(offset, whence)
            self._check()
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        with self._explained():
            data = self._inner.read(len(view))
        view[: len(data)] = data
        self._position += len(data)
        self._check()
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            self._raw.close()
        super().close()

    def _check(self) -> None:
        policy, grown = self._policy, self._position
        if grown > policy.max_decompressed_bytes:
            raise SourceError(
                f"{self._name} unpacks to more than {policy.max_decompressed_bytes:,} bytes.",
                "Raise security.max_decompressed_bytes if the file is what it should be.",
            )
        if grown > RATIO_FLOOR and grown > policy.max_ratio * self._stored:
            raise SourceError(
                f"{self._name} unpacks to more than {policy.max_ratio:g} times its {self._stored:,} stored bytes.",
                "Raise security.max_ratio if the file is what it should be.",
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except AutomicError:
            raise
        except Exception as exc:  # a codec or a remote file system may raise anything
            what = "is damaged"
            if isinstance(exc, EOFError) or "truncated" in str(exc).lower():
                what = "ends early"
            elif self._inner is self._raw or getattr(exc, "errno", None):
                what = "cannot be read to its end"
            raise SourceError(
                f"{self._name} {what}: {self._position:,} bytes were read, "
                f"up to about byte {self._reached():,} of {self._stored:,} ({exc}).",
                "Fetch the file again.",
            ) from exc

    def _reached(self) -> int:
        try:
            return min(self._raw.tell(), self._stored)
        except (OSError, ValueError):
            return self._stored


def buffered(stream: Guarded) -> BinaryIO:
    """A buffered file over ``stream``."""
    return cast(BinaryIO, io.BufferedReader(stream, _BUFFER))


@contextmanager
def compressed(target: BinaryIO, kind: Compression | None, member: str = "data") -> Iterator[BinaryIO]:
    """A writer that compresses into ``target`` (left open); the same bytes in give the same bytes out.

    Args:
        target: Where the compressed bytes go.
        kind: The compression, None = as they are.
        member: Name of the only member of a zip.
    """
    if kind is None:
        yield target
    elif kind == "zip":
        info = zipfile.ZipInfo(member)
        info.compress_type = zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(target, "w") as archive, archive.open(info, "w", force_zip64=True) as stream:
            yield cast(BinaryIO, stream)
    elif kind == "zstd":
        import pyarrow as pa

        with pa.CompressedOutputStream(pa.PythonFile(_KeptOpen(target), mode="w"), "zstd") as stream:
            yield cast(BinaryIO, stream)
    else:
        with _writer(kind, target) as stream:
            yield cast(BinaryIO, stream)


class _KeptOpen(io.RawIOBase):
    """Writes to ``target`` and does not close it, where Arrow closes what it is given."""

    def __init__(self, target: BinaryIO) -> None:
        super().__init__()
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._target.write(data)


def _writer(kind: Compression, target: BinaryIO) -> IO[bytes]:
    if kind == "gzip":
        return cast(IO[bytes], gzip.GzipFile(filename="", fileobj=target, mode="wb", compresslevel=6, mtime=0))
    return bz2.BZ2File(target, "wb") if kind == "bz2" else lzma.LZMAFile(target, "wb")
