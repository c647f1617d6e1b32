"""Everything that an application can see of aiohttp's responses and exceptions, as plain values."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from multidict import MultiMapping
from packaging.version import Version
from yarl import URL

__all__ = ["WRITES_ON", "error_snapshot", "plain", "response_snapshot"]

_DRAWN = re.compile(
    r"(boundary=|cnonce=\"|response=\"|-Key': '|traceparent': ')[0-9A-Za-z+/=-]+"
    r"|00-[0-9a-f]{32}-[0-9a-f-]+"
    r"|(?<= at )0x[0-9a-f]+|(?<=proxy_headers_hash=)-?\d+"
)
"""By the client, by the tracer for its `traceparent`, or by the interpreter."""

WRITES_ON = Version(version("aiohttp")) < Version("3.12")
"""Whether the task that writes a request may outlive its response, and keep connection and file."""

_RACES = {"connection"} if WRITES_ON else set()

_MAX_DEPTH = 6
_OF_ERRORS = (
    "certificate_error",
    "code",
    "errno",
    "filename",
    "headers",
    "history",
    "host",
    "message",
    "os_error",
    "path",
    "port",
    "request_info",
    "ssl",
    "status",
    "strerror",
    "url",
)


def plain(value: Any) -> Any:  # noqa: C901, PLR0911 - a kind of value each
    """As JSON can hold it, with unlike types told apart."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _DRAWN.sub(r"\1drawn", value)
    if isinstance(value, bytes | bytearray):
        digest = sha256(value).hexdigest()[:16]
        return f"{type(value).__name__} {len(value)}: {bytes(value[:4096])!r} {digest}"
    if isinstance(value, BaseException):
        return error_snapshot(value)
    if isinstance(value, URL):
        return f"URL {value}"
    if isinstance(value, MultiMapping):
        return [type(value).__name__, [[k, plain(v)] for k, v in value.items()]]
    if isinstance(value, Mapping | MappingProxyType):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "_replace") and hasattr(
        value, "proxy_headers_hash"
    ):  # salted anew in each process
        value = value._replace(proxy_headers_hash=bool(value.proxy_headers_hash))
    if isinstance(value, list | tuple | set | frozenset):
        return [type(value).__name__, *[plain(item) for item in value]]
    if type(value).__name__ == "ClientResponse":
        return response_snapshot(value)
    return f"{type(value).__module__}.{type(value).__qualname__}"


def response_snapshot(response: Any) -> dict[str, Any]:
    """Every public attribute that is no method; one that raises is its error."""
    found: dict[str, Any] = {}
    for name in sorted(dir(response)):
        if name.startswith("_") or name == "ATTRS" or name in _RACES:
            continue
        value = _tried(lambda name=name: getattr(response, name))
        if not callable(value) or isinstance(value, type):
            found[name] = plain(value)
    found["repr"] = plain(repr(response))
    found["cookies"] = [morsel.OutputString() for morsel in response.cookies.values()]
    return found


def _tried(read: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            return error


def error_snapshot(error: BaseException | None, depth: int = 0) -> Any:
    """An exception and what it hangs on."""
    if error is None or depth > _MAX_DEPTH:
        return None
    found: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "args": [_shallow(argument) for argument in error.args],
        "str": plain(str(error)),
        "repr": plain(repr(error)),
        "cause": error_snapshot(error.__cause__, depth + 1),
        "context": error_snapshot(error.__context__, depth + 1),
        "suppressed": error.__suppress_context__,
        "notes": getattr(error, "__notes__", []),
        "attributes": sorted(name for name in vars(error) if not name.startswith("__")),
    }
    for name in _OF_ERRORS:
        value = _tried(lambda name=name: getattr(error, name, "absent"))
        if not isinstance(value, str) or value != "absent":
            found[name] = _shallow(value)
    return found


def _shallow(value: Any) -> Any:
    """An exception in an exception is told by its look: it is somebody's cause as well."""
    return plain(repr(value)) if isinstance(value, BaseException) else plain(value)
