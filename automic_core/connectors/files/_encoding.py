"""Which encoding a file is in, and its bytes as UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from charset_normalizer import from_bytes

from automic_core.errors import ConfigError

UTF8 = "utf-8"
FALLBACK = "cp1252"
_BOM = "\ufeff".encode(UTF8)
_BOMS = (
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Text in another encoding hardly ever happens to be valid UTF-8, so a few such lines among the rest are proof.
_SOME_UTF8 = 0.1
_STATISTICS = 1 << 16
_FEW = 8
_CLOSE = 0.05
# Latin-1 leaves 0x80-0x9f to control characters; Windows-1252 is the same elsewhere and reads them as meant.
_LATIN = ("cp1252", "cp1250", "cp1254", "cp1257", "latin_1", "mac_roman")
_CANDIDATES = [*_LATIN, "cp1251", "koi8_r", "cp1253", "cp932", "euc_jp", "gb18030", "big5", "euc_kr"]


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``; none at the end."""
        ...


def detect(sample: bytes) -> str:
    """The encoding of a file, from its first bytes.

    The order is from proof to guess: a byte order mark, the NUL pattern of UTF-16, UTF-8 validity, a file that is UTF-8
    but for a few lines (those are rescued line by line while reading), then character statistics.

    Args:
        sample: The first bytes of the file; a character cut at the end is no evidence against UTF-8.

    Returns:
        A Python codec name, without a "-sig" or a byte order that depends on the machine.
    """
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    if wide := _utf16(sample):
        return wide
    if sample.isascii() or _valid_utf8(sample):
        return UTF8
    lines = [line for line in sample.split(b"\n") if not line.isascii()]
    if sum(decode(line)[1] for line in lines) > len(lines) * _SOME_UTF8:
        return UTF8
    return _guess(b"\n".join(lines)[:_STATISTICS])


def canonical(encoding: str, head: bytes = b"") -> str:
    """A codec name with the byte order settled: "utf-16" becomes "utf-16-le" or "utf-16-be" by the first bytes.

    Raises:
        ConfigError: There is no such encoding.
    """
    try:
        name = codecs.lookup(encoding).name
    except LookupError as exc:
        raise ConfigError(f"There is no encoding called {encoding!r}.", "Use a name such as utf-8 or cp1252.") from exc
    if name == "utf-8-sig":
        return UTF8
    if name in ("utf-16", "utf-32"):
        marked = next((found for mark, found in _BOMS if head.startswith(mark)), "")
        return marked if marked.startswith(name) else f"{name}-le"
    return name


def decode(data: bytes) -> tuple[str, bool]:
    """Text of bytes that should be UTF-8, and whether they were; the bytes that are not are read as Windows-1252."""
    try:
        return data.decode(UTF8), True
    except UnicodeDecodeError:
        return data.decode(UTF8, _LEGACY), False


def transcode(stream: Readable, encoding: str, block: int) -> Iterator[bytes]:
    """The stream as blocks of UTF-8, a byte order mark included; a file said to be UTF-8 passes through as it is.

    Bytes without a meaning in a single-byte encoding become the control character of the same number, as browsers
    do; in a wider encoding they become U+FFFD, which the reader reports.
    """
    if encoding == UTF8:
        while data := stream.read(block):
            yield data
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors=_C1 if _single_byte(encoding) else "replace")
    while data := stream.read(block):
        if text := decoder.decode(data):
            yield text.encode(UTF8, "replace")
    if text := decoder.decode(b"", final=True):
        yield text.encode(UTF8, "replace")


def width(data: bytes, encoding: str) -> int:
    """How many bytes of the original file a piece of transcoded UTF-8 stands for."""
    if encoding == UTF8:
        return len(data)
    text = data.decode(UTF8)
    return len(text) if _single_byte(encoding) else len(text.encode(encoding, "replace"))


def strip_mark(data: bytes) -> bytes:
    """The first block of a transcoded stream without its byte order mark."""
    return data.removeprefix(_BOM)


def _utf16(sample: bytes) -> str | None:
    even, odd = sample[0:4096:2], sample[1:4096:2]
    if len(odd) < 2 or b"\0" not in sample:
        return None
    share = (even.count(0) / len(even), odd.count(0) / len(odd))
    if share[1] > 0.4 and share[0] < 0.1:
        return "utf-16-le"
    if share[0] > 0.4 and share[1] < 0.1:
        return "utf-16-be"
    return None


def _valid_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder(UTF8)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _guess(data: bytes) -> str:
    if sum(byte > 127 for byte in data) < _FEW:
        return FALLBACK
    matches = from_bytes(data, cp_isolation=_CANDIDATES)
    best = matches.best()
    if best is None:
        return FALLBACK
    plain = next((match for match in matches if FALLBACK in match.could_be_from_charset), None)
    if plain is not None and plain.chaos <= best.chaos + _CLOSE and best.encoding in _LATIN:
        return FALLBACK
    return canonical(best.encoding)


@lru_cache
def _single_byte(encoding: str) -> bool:
    return len(bytes(range(256)).decode(encoding, "replace")) == 256


def _as_control(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(map(chr, error.object[error.start : error.end])), error.end


def _as_legacy(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode(FALLBACK, _C1), error.end


_C1, _LEGACY = "automic-c1", "automic-legacy"
codecs.register_error(_C1, _as_control)
codecs.register_error(_LEGACY, _as_legacy)
