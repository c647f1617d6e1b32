"""Who makes a call of `http.client`, and what it was asked for.

requests and botocore stand on urllib3, urllib3 and urllib on `http.client`: bytes are seen at
the bottom, in one place, and belong to the outermost of them that takes part.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from timetracer_otel.interaction.families import ErrorFamily, register_errors
from timetracer_otel.protocols.http_parts import RawHeaders
from timetracer_otel.recording.guard import guarded

__all__ = [
    "HTTP_CLIENT",
    "Call",
    "UrlToCome",
    "asked_of_pool",
    "current_call",
    "origin_of",
    "owned_by",
    "url_of",
]

HTTP_CLIENT = "http.client"
_HTTPS_PORT = 443
_IN_POOL = guarded("urllib3 pool")

register_errors(
    [
        ErrorFamily("http", ("line", "partial", "expected")),
        ErrorFamily("urllib3", ("partial", "expected", "_peer_cert")),
    ]
)


@dataclass(slots=True)
class Call:
    """What the outermost library was asked for.

    Of urllib3, which may open a connection long before it sends anything: the request too, its
    target and the pool that was asked for it.
    """

    library: str
    method: str = ""
    target: str = ""
    headers: Mapping[Any, Any] | None = None
    body: object = None
    pool: Any = None

    @property
    def url(self) -> str:
        """The absolute URL of what was asked for; empty where that is not known yet."""
        if not self.target.startswith("/"):
            return self.target
        return _origin(self.pool.scheme, self.pool.host, self.pool.port) + self.target

    def raw_headers(self) -> RawHeaders:
        """The headers that the call was given, as far as they can be sent."""
        return [(_bytes(name), _bytes(value)) for name, value in (self.headers or {}).items()]


_CALL: ContextVar[Call | None] = ContextVar("timetracer_http_call", default=None)


def current_call() -> Call | None:
    """The call that the running code is in; None in bare `http.client`."""
    return _CALL.get()


def owned_by(library: str) -> Callable[[Any], Any]:
    """What is sent within the wrapped function is `library`'s, unless one above it has it."""
    call = Call(library)

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def outermost(*args: Any, **keywords: Any) -> Any:
            if _CALL.get() is not None:
                return original(*args, **keywords)
            token = _CALL.set(call)
            try:
                return original(*args, **keywords)
            finally:
                _CALL.reset(token)

        return outermost

    return wrap


def asked_of_pool(original: Callable[..., Any]) -> Callable[..., Any]:
    """Note what urllib3's ``HTTPConnectionPool.urlopen`` is asked for."""

    @wraps(original)
    def urlopen(
        self: Any,
        method: Any,
        url: Any,
        body: Any = None,
        headers: Any = None,
        *args: Any,
        **kw: Any,
    ) -> Any:
        call = _CALL.get()
        try:
            library = call.library if call is not None else "urllib3"
            told = self.headers if headers is None else headers
            call = Call(library, method, url, told, body, self)
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _IN_POOL:
                raise
        token = _CALL.set(call)
        try:
            return original(self, method, url, body, headers, *args, **kw)
        finally:
            _CALL.reset(token)

    return urlopen


def origin_of(connection: http.client.HTTPConnection) -> str:
    """Scheme, host and port of what a connection leads to: behind its tunnel, if it has one."""
    of: Any = connection
    scheme = "https" if of.default_port == _HTTPS_PORT else "http"
    tunneled = of._tunnel_host is not None
    host = of._tunnel_host if tunneled else of.host
    return _origin(scheme, host, of._tunnel_port if tunneled else of.port)


class UrlToCome:
    """The URL of a request's target, put together when it is first asked for: on the worker."""

    __slots__ = ("_host", "_port", "_secure", "_target")

    def __init__(self, connection: Any, target: str) -> None:
        self._secure = connection.default_port == _HTTPS_PORT
        self._host = connection._tunnel_host
        self._port = connection._tunnel_port
        if self._host is None:
            self._host, self._port = connection.host, connection.port
        self._target = target

    def __str__(self) -> str:
        scheme = "https" if self._secure else "http"
        return url_of(_origin(scheme, self._host, self._port), self._target)


def url_of(origin: str, target: str) -> str:
    """The absolute URL of a request's target; a proxy is asked for one that is absolute already."""
    if target.startswith("/"):
        return origin + target
    return target if "://" in target else f"{origin}/{target}"


def _origin(scheme: str, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    default = _HTTPS_PORT if scheme == "https" else 80
    return f"{scheme}://{shown}" if port in (None, default) else f"{scheme}://{shown}:{port}"


def _bytes(text: object) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode("latin-1", "replace")
