"""Everything that an application can see of answers and exceptions, as plain values."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable
from typing import Any

from tests.http.snapshots import hash_of

__all__ = ["error_snapshot", "snapshot"]

_DRAWN = re.compile(
    r"(boundary=|--|cnonce=\"|response=\"|traceparent: |object at 0x| at 0x)[0-9a-f]+(-[0-9a-f]+)*"
)


def snapshot(value: Any) -> Any:  # noqa: PLR0911 - one kind of value each
    """As JSON can hold it; what libraries give is taken apart."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _DRAWN.sub(r"\1drawn", value)
    if isinstance(value, bytes):
        if b"--" in value[:2]:
            value = re.sub(rb"--[0-9a-f]{32}", b"--drawn", value)
        return f"bytes {len(value)}: {value[:4096]!r} {hash_of(value)}"
    if isinstance(value, dict):
        return {str(key): snapshot(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [snapshot(item) for item in value]
    if isinstance(value, BaseException):
        return error_snapshot(value)
    for name, take in _KINDS:
        if f"{type(value).__module__}.{type(value).__qualname__}" == name:
            return {"kind": name, **{k: snapshot(v) for k, v in take(value).items()}}
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _tried(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
        return error_snapshot(error)


def _all(value: Any, names: str) -> dict[str, Any]:
    return {name: _tried(lambda n=name: getattr(value, n)) for name in names.split()}


def _of_requests(response: Any) -> dict[str, Any]:
    names = "status_code reason url ok encoding apparent_encoding content text links is_redirect"
    names += " is_permanent_redirect next history _content_consumed"
    found = _all(response, names)
    found["headers"] = list(response.headers.items())
    found["cookies"] = [[c.name, c.value, c.path, c.domain] for c in response.cookies]
    found["json"] = _tried(response.json)
    found["raise_for_status"] = _tried(response.raise_for_status)
    found["elapsed"] = type(response.elapsed).__name__
    found["request"] = response.request
    found["raw"] = response.raw
    found["repr"] = repr(response)
    return found


def _of_prepared_request(request: Any) -> dict[str, Any]:
    body = request.body
    return {
        "method": request.method,
        "url": request.url,
        "headers": [[k, v] for k, v in request.headers.items() if k != "traceparent"],
        "body": body if isinstance(body, str | bytes | None) else type(body).__name__,
    }


def _of_urllib3(response: Any) -> dict[str, Any]:
    names = "status reason version version_string chunked closed decode_content msg"
    names += " length_remaining enforce_content_length chunk_left auto_close"
    found = _all(response, names)
    found["headers"] = list(
        response.headers.iteritems()
        if hasattr(response.headers, "iteritems")
        else response.headers.items()
    )
    found["multi"] = (
        {name: response.headers.getlist(name) for name in set(response.headers)}
        if hasattr(response.headers, "getlist")
        else {}
    )
    found["multi"] = dict(sorted(found["multi"].items()))
    found["data"] = _tried(lambda: response.data)
    found["json"] = _tried(lambda: response.json())  # noqa: PLW0108 - 1.26 has none
    found["url"] = _tried(response.geturl)
    found["redirect"] = _tried(response.get_redirect_location)
    found["tell"] = _tried(response.tell)
    found["isclosed"] = _tried(response.isclosed)
    found["retries"] = repr(response.retries)
    found["history"] = [list(one) for one in response.retries.history] if response.retries else []
    found["connection"] = type(response.connection).__name__
    return found


def _of_http_client(response: http.client.HTTPResponse) -> dict[str, Any]:
    names = "status reason version code chunked length will_close closed url debuglevel"
    found = _all(response, names)
    found["headers"] = list(response.headers.items())
    found["getheaders"] = response.getheaders()
    found["isclosed"] = response.isclosed()
    found["defects"] = [repr(d) for d in response.headers.defects]
    found["read"] = _tried(response.read)
    found["after"] = _all(response, "chunked length chunk_left closed")
    found["geturl"] = _tried(response.geturl)
    return found


_KINDS: list[tuple[str, Callable[[Any], dict[str, Any]]]] = [
    ("requests.models.Response", _of_requests),
    ("requests.models.PreparedRequest", _of_prepared_request),
    ("urllib3.response.HTTPResponse", _of_urllib3),
    ("http.client.HTTPResponse", _of_http_client),
]


def error_snapshot(error: BaseException | None, depth: int = 0) -> Any:
    """An exception, what it hangs on, and what it carries."""
    if error is None or depth > 6:
        return None
    found: dict[str, Any] = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "args": [
            error_snapshot(a, depth + 1) if isinstance(a, BaseException) else snapshot(a)
            for a in error.args
        ],
        "str": snapshot(str(error)),
        "repr": snapshot(repr(error)),
        "cause": error_snapshot(error.__cause__, depth + 1),
        "context": error_snapshot(error.__context__, depth + 1),
        "suppressed": error.__suppress_context__,
        "attributes": sorted(k for k in vars(error) if not k.startswith("__")),
    }
    for name in ("errno", "strerror", "filename", "reason", "line", "partial", "expected", "code"):
        if hasattr(error, name):
            value = getattr(error, name)
            told = (
                error_snapshot(value, depth + 1)
                if isinstance(value, BaseException)
                else snapshot(value)
            )
            found[name] = told
    if hasattr(error, "request") and depth == 0:
        found["request"] = snapshot(getattr(error, "request"))  # noqa: B009 - no checker knows it
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        found["response"] = snapshot(response)
    return found
