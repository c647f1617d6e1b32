"""MongoDB's documents as a cassette keeps them: readable, and the same BSON again.

Operators (``{"$set": …}``) stay as they are written; of an object with one key that begins with
``$``, only the tags of BSON's own types are values. What would not come out as the same bytes
(keys that occur twice, a NaN of another kind, an operator that has a tag's name) is kept as bytes
beside what can be read of it.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import Any

from timetracer_otel.values import decode, encode
from timetracer_otel.values.table import TAGS

__all__ = ["Unreadable", "bson_of", "readable", "readable_or_raw", "value_faults"]

_TAGS = frozenset(
    {
        *("$bytes", "$datetime", "$float", "$int", "$str", "$uuid"),
        *(tag for tag in TAGS if tag.startswith("$bson.")),
    }
)
_ITSELF = frozenset({str, bool, int, type(None)})
_UUID_SUBTYPE = 4
_UUID_BYTES = 16
_MAX_DEPTH = 220
"""MongoDB allows 100 levels of documents; BSON's own decoder, some more."""


class Unreadable(ValueError):
    """A document that JSON with tags cannot say."""


def readable(raw: bytes | memoryview) -> Any:
    """A BSON document as JSON. Raises `Unreadable`."""
    import bson

    try:
        return _dump(bson.decode(raw, codec_options=_neutral()), 0)
    except Exception as error:
        raise Unreadable(str(error)) from error


def readable_or_raw(raw: bytes | memoryview) -> tuple[Any, str]:
    """A BSON document as JSON, and in base64 where that would not give the same bytes again."""
    try:
        document = readable(raw)
    except Unreadable:
        return None, base64.b64encode(raw).decode()
    try:
        same = bson_of(document) == raw
    except Exception:  # noqa: BLE001 - a value that its driver decodes and would not encode
        same = False
    return document, "" if same else base64.b64encode(raw).decode()


def bson_of(document: Any, raw: str = "") -> bytes:
    """The bytes of a document of the cassette. Raises what BSON or a tag's value does."""
    import bson

    if raw:
        return base64.b64decode(raw, validate=True)
    if type(document) is not dict:
        raise TypeError("a document is an object")
    fields = {key: _load(value) for key, value in document.items()}
    return bson.encode(fields, codec_options=_neutral(uuids=True))


def value_faults(document: Any, raw: str = "") -> str:
    """Why no client could be given this document, or an empty string."""
    try:
        bson_of(document, raw)
    except ImportError:
        return ""
    except Exception as error:  # noqa: BLE001 - a file can hold anything
        return str(error) or type(error).__name__
    return ""


def _neutral(*, uuids: bool = False) -> Any:
    """Options that leave every value as the wire has it, whatever the application's are.

    Read, a UUID stays the binary it is; written, both forms give the same.
    """
    from bson.binary import UuidRepresentation
    from bson.codec_options import CodecOptions, DatetimeConversion

    found = _OPTIONS.get(uuids)
    if found is None:
        wanted = UuidRepresentation.STANDARD if uuids else UuidRepresentation.UNSPECIFIED
        found = _OPTIONS[uuids] = CodecOptions(
            document_class=dict,
            tz_aware=False,
            uuid_representation=wanted,
            datetime_conversion=DatetimeConversion.DATETIME_AUTO,
        )
    return found


_OPTIONS: dict[bool, Any] = {}


def _dump(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in _ITSELF:
        return value
    if depth > _MAX_DEPTH:
        raise Unreadable("nested too deep")
    if kind is dict:
        if len(value) == 1 and next(iter(value)) in _TAGS:
            raise Unreadable(f"{next(iter(value))} is the name of a tag")
        return {key: _dump(item, depth + 1) for key, item in value.items()}
    if kind is list:
        return [_dump(item, depth + 1) for item in value]
    if getattr(value, "subtype", None) == _UUID_SUBTYPE and len(value) == _UUID_BYTES:
        return encode(uuid.UUID(bytes=bytes(value)))
    return encode(value)


def _load(value: Any) -> Any:
    kind = type(value)
    if kind is list:
        return [_load(item) for item in value]
    if kind is not dict:
        return value
    if len(value) == 1 and next(iter(value)) in _TAGS:
        found = decode(value)
        if isinstance(found, dt.datetime) and found.tzinfo is not None:
            raise TypeError("a moment of MongoDB has no time zone")
        return found
    return {key: _load(item) for key, item in value.items()}
