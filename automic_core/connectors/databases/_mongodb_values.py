"""BSON values: as what Python sees them, as Extended JSON, as plain text."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bson.codec_options import CodecOptions

Kind = Literal["bool", "int", "double", "decimal", "date", "string", "objectId", "uuid", "binary", "json"]
"""What a value is, as far as columns care; json = documents, arrays, and everything that has no column type."""
UUID_SUBTYPE = 4


class Script:
    """JavaScript, which the driver would deliver as a text like any."""

    def __init__(self, code: Any) -> None:
        self.code = code


@functools.cache
def codec() -> CodecOptions[dict[str, Any]]:
    """How documents are decoded: no value changes, no value that Python cannot hold is an error."""
    from bson.code import Code
    from bson.codec_options import CodecOptions, DatetimeConversion, TypeDecoder, TypeRegistry

    class Scripts(TypeDecoder):
        bson_type = Code

        def transform_bson(self, value: Any) -> Any:
            return Script(value)

    return CodecOptions(
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
        unicode_decode_error_handler="surrogateescape",
        type_registry=TypeRegistry([Scripts()]),
    )


@functools.cache
def _kinds() -> dict[type, Kind]:
    from datetime import datetime

    from bson.datetime_ms import DatetimeMS
    from bson.decimal128 import Decimal128
    from bson.int64 import Int64
    from bson.objectid import ObjectId

    return {
        bool: "bool",
        int: "int",
        Int64: "int",
        float: "double",
        Decimal128: "decimal",
        datetime: "date",
        DatetimeMS: "date",
        str: "string",
        ObjectId: "objectId",
        bytes: "binary",
    }


def kind_of(value: Any) -> Kind:
    """The kind of one value that is not null."""
    known = _kinds().get(type(value))
    if known is not None:
        return known
    if isinstance(value, bytes):
        return "uuid" if getattr(value, "subtype", 0) == UUID_SUBTYPE and len(value) == 16 else "binary"
    return "json"


def kinds_of(values: list[Any]) -> set[Kind]:
    """The kinds of all values that are not null."""
    types = set(map(type, values))
    types.discard(type(None))
    known = _kinds()
    if types <= known.keys():
        return {known[each] for each in types}
    return {kind_of(value) for value in values if value is not None}


@functools.cache
def _encode() -> Callable[[Any], str]:
    from bson import json_util

    def other(value: Any) -> Any:
        code = value.code if isinstance(value, Script) else value
        return json_util.default(code, json_util.RELAXED_JSON_OPTIONS)

    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=other, separators=(", ", ": ")).encode


def extended(value: Any) -> str:
    """A value as relaxed Extended JSON, version 2: https://www.mongodb.com/docs/manual/reference/mongodb-extended-json."""
    try:
        return _encode()(value)
    except ValueError:
        return _encode()(_finite(value))


def _finite(value: Any) -> Any:
    """A value in which NaN and infinities, for which JSON has no words, are written in those of Extended JSON."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"$numberDouble": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    return value


def text(value: Any) -> str:
    """A value for people: what a text column holds of a value that is no text."""
    kind = kind_of(value)
    if kind == "objectId" or kind == "decimal":
        return str(value)
    if kind == "uuid":
        return str(value.as_uuid())
    if kind == "binary":
        return bytes(value).hex()
    if kind == "date" and hasattr(value, "isoformat"):
        return f"{value.isoformat()}Z"
    return str(value) if kind == "string" else extended(value)
