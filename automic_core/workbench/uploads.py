"""Files a person hands over: kept under a safe name by content, checked before anything else sees them."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, BinaryIO

from automic_core import frames, registry, storage
from automic_core.contracts import ReadRequest
from automic_core.errors import AutomicError, ConfigError, SourceError
from automic_core.lake import Lakehouse
from automic_core.medallion.bronze import as_text
from automic_core.settings.sections import SecuritySection
from automic_core.storage import AccessPolicy
from automic_core.storage.compression import RATIO_FLOOR, inner_stream, sniff

FOLDER = "uploads"
KEEP_DAYS = 7
_CHUNK = 1 << 20
_NAME_BYTES = 120
_MEMBERS = 10_000
_PREFIX = 16
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Upload:
    """A file that was handed over.

    Attributes:
        place: Its full path in the lake.
        size: Stored size in bytes.
        unpacked: Size in bytes once unpacked.
        known: Whether the same content had been handed over before; ``place`` is then the earlier file.
    """

    place: str
    name: str
    size: int
    unpacked: int
    at: datetime
    known: bool = False


def upload_limit(lake: Lakehouse) -> int:
    """Largest upload in bytes, unpacked."""
    return lake.context.settings.security.max_upload_bytes


def megabytes(number: int) -> str:
    """A limit in bytes as a person reads it, in units of 1,024: "500 MB", "1.9 MB"."""
    if number < 1 << 20:
        return f"{number / 1024:,.0f} kB"
    return f"{number / (1 << 20):,.1f}".removesuffix(".0") + " MB"


def upload_folder(lake: str | Path) -> str:
    """Where the uploads of a lake are."""
    return str(Path(lake) / FOLDER)


def keep_upload(lake: Lakehouse, name: str, stream: IO[bytes]) -> Upload:
    """Keep a file that a person hands over; it appears whole or not at all, and the same content is kept once.

    Args:
        lake: The lake; the file goes to its folder ``uploads``.
        name: What the person calls it; only its last part is used, made harmless.
        stream: The bytes, read in pieces.

    Raises:
        ConfigError: No connector reads files of this suffix.
        SourceError: Empty, damaged, or beyond a limit (``security`` in automic.yaml); nothing is kept.
    """
    lake.context.writable()
    safe, security = safe_name(name), lake.context.settings.security
    if not safe.lower().endswith(".zip"):
        try:
            registry.kind_for_path(safe)
        except ConfigError as exc:
            hint = "Give it another ending, or put it into a folder of this machine, where you can say what it is."
            raise ConfigError(f"The name {safe} does not say what kind of file it is; it was not kept.", hint) from exc
    root = lake.context.root / FOLDER
    work = root / f".{secrets.token_hex(8)}"
    work.mkdir(parents=True)
    try:
        with storage.disk_errors(root):
            digest, size = _received(stream, work / safe, safe, security)
        unpacked = _unpacked(work / safe, safe, size, security)
        _check_columns(work / safe, safe, security)
        folder = root / digest[:_PREFIX]
        there = _same(folder, safe)
        if there is not None:
            os.utime(there)  # handed over again: not to be pruned now
            return _upload(there, unpacked, known=True)
        folder.mkdir(exist_ok=True)
        os.replace(work / safe, folder / safe)
        return _upload(folder / safe, unpacked)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def recent_uploads(lake: Lakehouse, most: int = 20) -> list[Upload]:
    """The newest uploads first."""
    files = sorted(_files(lake), key=lambda file: -file.stat().st_mtime)
    return [_upload(file, file.stat().st_size) for file in files[:most]]


def prune_uploads(lake: Lakehouse, days: float = KEEP_DAYS) -> list[str]:
    """Delete uploads that no batch of bronze came from and nobody handed over lately; gives their names."""
    lake.context.writable()
    before = time.time() - days * 86_400
    old = [file for file in _files(lake) if file.stat().st_mtime < before]
    if not old:
        return []
    taken = _taken(lake)
    gone = [
        file for file in old if not any(mark.startswith((file.parent.name, f"{FOLDER}/{file.name}!")) for mark in taken)
    ]
    for file in gone:
        file.unlink(missing_ok=True)
        if not any(file.parent.iterdir()):
            file.parent.rmdir()
    return [file.name for file in gone]


def delivered(place: str, policy: AccessPolicy | None) -> str | None:
    """What an upload is called in records: not by its content, so that the next file of this name succeeds it."""
    for root in policy.allowed_roots or () if policy is not None else ():
        path = Path(place)
        if path.is_relative_to(root / FOLDER) and len(path.relative_to(root / FOLDER).parts) > 1:
            return f"{FOLDER}/{'/'.join(path.relative_to(root / FOLDER).parts[1:])}"
    return None


def safe_name(name: str) -> str:
    """The last part of a file name, as no system minds it: no folders, no invisible or reserved characters, short.

    Raises:
        ConfigError: Nothing is left.
    """
    text = unicodedata.normalize("NFKC", name.encode("utf-8", "replace").decode())
    text = re.split(r"[/\\]", text)[-1]
    text = "".join(mark for mark in text if unicodedata.category(mark)[0] != "C")
    text = re.sub(r'[<>:"|?*!\[\]{}]', "_", " ".join(text.split())).strip(". ")
    text = f"_{text}" if _RESERVED.match(text) else text
    if not text:
        raise ConfigError(f"{name!r} is no name for a file.", "Give the file a name with letters, such as orders.csv.")
    stem, dot, suffixes = text.partition(".")
    if len(suffixes.encode()) > _NAME_BYTES // 2:
        stem, dot, suffixes = text.rpartition(".")
    room = _NAME_BYTES - len((dot + suffixes).encode())
    stem = stem.encode()[: max(room, 8)].decode("utf-8", "ignore").rstrip(". ")
    return (stem + dot + suffixes).encode()[: 2 * _NAME_BYTES].decode("utf-8", "ignore")


def _received(stream: IO[bytes], path: Path, name: str, security: SecuritySection) -> tuple[str, int]:
    """Write the bytes; gives their SHA-256 and number."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > security.max_upload_bytes:
                raise _too_large(name, security)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if not size:
        raise SourceError(
            f"{name} is empty: 0 bytes arrived.", "Check that the file is whole, then hand it over again."
        )
    return digest.hexdigest(), size


def _unpacked(path: Path, name: str, stored: int, security: SecuritySection) -> int:
    """Size once unpacked: everything is unpacked to count it, for what an archive says of itself may be a lie."""
    with path.open("rb") as raw:
        kind = sniff(raw.read(8))
        raw.seek(0)
        if kind is None:
            return stored
        total = 0
        with _explained(name):
            for stream in _members(raw, name) if kind == "zip" else [inner_stream(kind, raw)]:
                with closing(stream):
                    while chunk := stream.read(_CHUNK):
                        total += len(chunk)
                        if total > security.max_upload_bytes:
                            raise _too_large(name, security)
                        if total > RATIO_FLOOR and total > security.max_ratio * stored:
                            raise SourceError(
                                f"{name} unpacks to more than {security.max_ratio:g} times its {stored:,} bytes; "
                                "it was not unpacked further and not kept.",
                                "Raise security.max_ratio in automic.yaml if the file is what it should be.",
                            )
    return total


def _members(raw: BinaryIO, name: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(raw) as archive:
        files = [info for info in archive.infolist() if not info.is_dir()]
        if not files or len(files) > _MEMBERS:
            raise SourceError(
                f"{name} holds {len(files):,} files.", f"Hand over an archive of 1 to {_MEMBERS:,} files."
            )
        for info in files:
            yield archive.open(info)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except AutomicError:
        raise
    except Exception as exc:  # a codec may raise anything on damaged bytes
        detail = " ".join(str(exc).split())[:200] or type(exc).__name__
        hint = "Unpack it with its password first." if "password" in detail or "encrypted" in detail else ""
        hint = hint or "Fetch or pack the file again, then hand it over."
        raise SourceError(f"{name} cannot be unpacked: {detail}", hint) from exc


def _too_large(name: str, security: SecuritySection) -> SourceError:
    most = megabytes(security.max_upload_bytes)
    return SourceError(
        f"{name} is larger than {most} (unpacked), the most an upload may be; it was not kept.",
        "Put it into a folder this machine may read and browse to it, or raise security.max_upload_bytes.",
    )


def _check_columns(path: Path, name: str, security: SecuritySection) -> None:
    """Refuse a file of too many columns; one that cannot be read without being told how is looked at later."""
    most = security.max_columns
    found = 0
    try:
        kind = registry.kind_for_path(name)
        location = storage.resolve(path)[0]
        if kind == "csv":
            from automic_core.connectors.files.csv import most_fields

            with closing(storage.open_binary(location)) as file:
                found = most_fields(file)
        if found <= most:
            source = as_text(registry.build("source", kind, {"path": str(path)}))
            source.connect()
            names = source.scan(ReadRequest(limit=1)).collect_schema().names()
            found = max(found, len(set(names) - {frames.SOURCE_ROW, frames.RESCUED}))
    except AutomicError:
        return
    if found > most:
        raise SourceError(
            f"{name} has about {found:,} columns; an upload may have {most:,}. It was not kept.",
            "Check the delimiter, split the file, or raise security.max_columns in automic.yaml.",
        )


def _same(folder: Path, name: str) -> Path | None:
    """A file of this content that is read the same way."""
    if not folder.is_dir():
        return None
    ending = "".join(Path(name).suffixes).lower()
    alike = [file for file in sorted(folder.iterdir()) if "".join(file.suffixes).lower() == ending]
    return next((file for file in alike if file.name == name), alike[0] if alike else None)


def _upload(file: Path, unpacked: int, *, known: bool = False) -> Upload:
    status = file.stat()
    at = datetime.fromtimestamp(status.st_mtime, UTC)
    return Upload(str(file), file.name, status.st_size, unpacked, at, known)


def _files(lake: Lakehouse) -> list[Path]:
    root = lake.context.root / FOLDER
    if not root.is_dir():
        return []
    folders = [folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    return [file for folder in folders for file in folder.iterdir() if file.is_file()]


def _taken(lake: Lakehouse) -> set[str]:
    """Sources and content hashes of all batches; the folder of an upload is the start of its hash."""
    known = [lake.context.state.batches(name) for name in lake.tables("bronze")]
    return {mark for batches in known for batch in batches for mark in batch}
