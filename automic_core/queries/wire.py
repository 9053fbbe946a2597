"""Frames between a page's process and the one that answers its questions.

A frame is two lengths (4 bytes of JSON, 8 bytes of payload, big endian), the JSON, the payload.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

_HEADER = struct.Struct(">IQ")

Reply = tuple[dict[str, Any], bytes]


def send(pipe: BinaryIO, header: Mapping[str, Any], payload: bytes = b"") -> None:
    """Write one frame."""
    text = json.dumps(header).encode()
    pipe.write(_HEADER.pack(len(text), len(payload)) + text + payload)
    pipe.flush()


def receive(pipe: BinaryIO) -> Reply | None:
    """Read one frame; None if the other side is gone."""
    start = pipe.read(_HEADER.size)
    if len(start) < _HEADER.size:
        return None
    lengths = _HEADER.unpack(start)
    text, payload = (pipe.read(length) for length in lengths)
    return (json.loads(text), payload) if (len(text), len(payload)) == lengths else None
