"""Reading files of any place and compression."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from typing import BinaryIO, cast

from automic_core.errors import AutomicError, SourceError, translate
from automic_core.storage.compression import Guarded, buffered, inner_stream, sniff
from automic_core.storage.filesystems import filesystem
from automic_core.storage.locations import Location
from automic_core.storage.writing import disk_errors

_CHUNK = 1 << 20
_OFFICE = ("[Content_Types].xml", "mimetype", "META-INF/manifest.xml")


def open_stored(location: Location) -> BinaryIO:
    """The stored bytes of the file (of the archive, for a member), not decompressed.

    Raises:
        SourceError: It is missing or cannot be read.
        SecurityError: The policy forbids it.
    """
    try:
        location.check()
        if location.is_local:
            return location.path.open("rb")
        files, path = filesystem(location)
        return _seekable(cast(BinaryIO, files.open(path, "rb")), location)
    except Exception as exc:  # a file system of another package may raise anything
        raise _explain_open(exc, location) from exc


def _explain_open(exc: BaseException, location: Location) -> AutomicError:
    cause: BaseException | None = exc
    while cause is not None:  # a refused redirect comes back wrapped as a missing file
        if isinstance(cause, AutomicError):
            return cause
        cause = cause.__cause__ or cause.__context__
    if isinstance(exc, FileNotFoundError):
        return SourceError(f"There is no file {location}.", "It may have been moved since it was listed.")
    reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc) or type(exc).__name__
    return SourceError(f"{location} cannot be opened: {reason}.", "Check permissions and address.")


def _seekable(stream: BinaryIO, location: Location) -> BinaryIO:
    """``stream``, or a temporary copy when its server cannot answer for parts of a file."""
    if stream.seekable() and getattr(stream, "size", 0) is not None:  # fsspec's streams of unknown size claim to seek
        return stream
    limit = location.policy.max_decompressed_bytes
    copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    with stream, disk_errors(tempfile.gettempdir()):
        while chunk := stream.read(_CHUNK):
            copy.write(chunk)
            if copy.tell() > limit:
                copy.close()
                hint = "Raise security.max_decompressed_bytes if the file is what it should be."
                raise SourceError(f"{location} is larger than {limit:,} bytes.", hint)
    copy.seek(0)
    return copy


def open_binary(location: Location) -> BinaryIO:
    """The content of the file, decompressed if its first bytes say so; seekable except for zstd.

    A zip with one member gives that member; an Office file (a zip too) is given as it is.

    Raises:
        SourceError: Missing, damaged, ending early, unpacking beyond the limits, or a zip of several members.
        SecurityError: The policy forbids it.
    """
    raw = open_stored(location)
    try:
        kind = sniff(_head(raw, location))
        if kind is None and location.member is None and location.is_local:
            return raw
        stored = raw.seek(0, os.SEEK_END)
        raw.seek(0)
        if kind == "zip" or location.member is not None:
            return _open_zip(raw, location, stored)
        inner = inner_stream(kind, raw) if kind else raw
        return buffered(Guarded(inner, raw, stored, str(location), location.policy))
    except BaseException:
        raw.close()
        raise


def _head(raw: BinaryIO, location: Location) -> bytes:
    try:
        head = raw.read(6)
        raw.seek(0)
    except AutomicError:
        raise
    except Exception as exc:
        raise SourceError(f"{location} cannot be read: {exc}.") from exc
    return head


def _open_zip(raw: BinaryIO, location: Location, stored: int) -> BinaryIO:
    names = _member_names(raw, location)
    member = location.member
    if member is None:
        if any(name in _OFFICE for name in names):
            raw.seek(0)
            return raw
        if len(names) != 1:
            listed = ", ".join(names[:20]) or "nothing"
            hint = f"Choose one: {location}!{names[0]}" if names else ""
            raise SourceError(f"{location} holds {len(names)} files: {listed}.", hint)
        member = names[0]
    elif member not in names:
        raise SourceError(f"{location.url} has no member {member!r}.", f"It holds: {', '.join(names[:20])}.")
    archive = zipfile.ZipFile(raw)
    try:
        inner = archive.open(member)
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as exc:
        raise SourceError(f"{location}: the member {member!r} cannot be unpacked: {exc}.", "Unpack it first.") from exc
    # The central directory may lie about sizes; the guard counts what really comes out.
    stored = min(max(archive.getinfo(member).compress_size, 1), stored)
    return buffered(Guarded(inner, raw, stored, str(location), location.policy))


def members(location: Location) -> list[str]:
    """Names of the files in a zip archive, in its order.

    Raises:
        SourceError: Not a zip archive, or damaged.
    """
    with open_stored(location) as raw:
        return _member_names(raw, location)


def _member_names(raw: BinaryIO, location: Location) -> list[str]:
    try:
        return [info.filename for info in zipfile.ZipFile(raw).infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        message = f"{location.url} is not a whole zip archive: {exc}."
        raise SourceError(message, "Fetch the file again, or check that it is a zip.") from exc


def size(location: Location) -> int:
    """Stored size in bytes (of the archive, for a member).

    Raises:
        SourceError: The file is missing.
    """
    with open_stored(location) as raw:
        return raw.seek(0, os.SEEK_END)


def content_hash(location: Location) -> str:
    """SHA-256 of the stored bytes, hexadecimal; for an archive's member, of its unpacked bytes.

    Raises:
        SourceError: The file is missing, or vanishes while it is read.
    """
    digest = hashlib.sha256()
    stream = open_binary(location) if location.member is not None else open_stored(location)
    with stream, translate(SourceError, f"{location} cannot be read to its end"):
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
