"""Everything that an application can see of a response or an exception, as plain values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["error_snapshot", "plain", "response_snapshot"]

_DRAWN = re.compile(r'(boundary=|cnonce="|response="|^00-)[0-9a-f-]+')
"""By the client, or by the tracer for its `traceparent`."""

_SCOPE = re.compile(r"cancel scope [0-9a-f]+.*")
_DRAWN_BODY = re.compile(rb"--[0-9a-f]{32}")
_ATTRIBUTES = (
    "status_code",
    "reason_phrase",
    "http_version",
    "url",
    "text",
    "encoding",
    "charset_encoding",
    "content",
    "is_closed",
    "is_stream_consumed",
    "num_bytes_downloaded",
    "is_success",
    "has_redirect_location",
    "links",
    "elapsed",
    "next_request",
)


def plain(value: Any) -> Any:
    """As JSON can hold it, with bytes and unlike types told apart."""
    if isinstance(value, bytes):
        return f"bytes {len(value)}: {value[:4096]!r} {hash_of(value)}"
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return f"{type(value).__module__}.{type(value).__qualname__}"


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def response_snapshot(response: Any) -> dict[str, Any]:
    """Every public attribute; one that raises is its error."""
    found = {name: _tried(partial(getattr, response, name)) for name in _ATTRIBUTES}
    found["url"] = str(response.url)
    found["headers"] = [[k.decode("latin-1"), v.decode("latin-1")] for k, v in response.headers.raw]
    found["multi"] = response.headers.multi_items()
    found["cookies"] = _tried(lambda: [[c.name, c.value, c.path] for c in response.cookies.jar])
    found["json"] = _tried(lambda: repr(response.json()))
    found["history"] = [response_snapshot(one) for one in response.history]
    found["request"] = request_snapshot(response.request)
    found["extensions"] = sorted(response.extensions)
    found["http_version extension"] = response.extensions.get("http_version")
    found["reason extension"] = response.extensions.get("reason_phrase")
    found["raise_for_status"] = _tried(lambda: response.raise_for_status().status_code)
    found["default_encoding"] = response.default_encoding
    found["stream"] = type(response.stream).__name__
    found["repr"] = repr(response)
    return {name: plain(value) for name, value in found.items()}


def request_snapshot(request: Any) -> dict[str, Any]:
    """The request as the client built it; what it draws at random is left out."""
    content = _tried(lambda: request.content)
    if isinstance(content, bytes):
        content = _DRAWN_BODY.sub(b"--drawn", content)
    return {
        "method": request.method,
        "url": str(request.url),
        "headers": [
            [k.decode("latin-1"), _DRAWN.sub(r"\1drawn", v.decode("latin-1"))]
            for k, v in request.headers.raw
        ],
        "content": content,
        "stream": type(request.stream).__name__,
        "extensions": {k: v for k, v in request.extensions.items() if k == "timeout"},
    }


def _tried(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
        return error_snapshot(error)


def _without_scope(said: Any) -> Any:
    """AnyIO names the scope that cancelled by its place in memory."""
    if isinstance(said, list):
        return [_without_scope(one) for one in said]
    return _SCOPE.sub("cancel scope", said) if isinstance(said, str) else said


def error_snapshot(error: BaseException | None, depth: int = 0) -> dict[str, Any] | None:
    """An exception and what it hangs on."""
    if error is None or depth > 6:
        return None
    found: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "args": _without_scope(plain(error.args)),
        "str": _without_scope(str(error)),
        "repr": _without_scope(repr(error)),
        "cause": error_snapshot(error.__cause__, depth + 1),
        "context": error_snapshot(error.__context__, depth + 1),
        "suppressed": error.__suppress_context__,
        "notes": getattr(error, "__notes__", []),
        "attributes": sorted(k for k in vars(error) if not k.startswith("__")),
    }
    for name in ("errno", "strerror", "filename"):
        if hasattr(error, name):
            found[name] = plain(getattr(error, name))
    if getattr(error, "_request", None) is not None:
        found["request"] = [error.request.method, str(error.request.url)]  # type: ignore[attr-defined]
    return found
