"""http.client: the one place where the bytes of urllib, urllib3, requests and botocore pass."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from http.client import ResponseNotReady
from types import TracebackType
from typing import Any
from weakref import ref

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from timetracer_otel.http_calls import HTTP_CLIENT, Call, UrlToCome, current_call, origin_of
from timetracer_otel.http_client_exchange import WireExchange, noting, tap
from timetracer_otel.http_exchange import Exchange
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.http1 import request_head, split_head
from timetracer_otel.protocols.http_parts import HttpRequestRef
from timetracer_otel.recording import guarded
from timetracer_otel.recording.context import get_current
from timetracer_otel.recording.current import IN_FORCE

__all__ = ["LIBRARY", "noting_refusals"]

_IN_SEND = guarded("http.client send")
_IN_ANSWER = guarded("http.client answer")
_IN_CONNECT = guarded("http.client connect")

_EXCHANGE = "_timetracer_exchange"
_DIALING = "_timetracer_dialing"
_ENDS = "_timetracer_ends"

_ANSWERING: ContextVar[WireExchange | None] = ContextVar("timetracer_answering", default=None)


class _Ignored:
    """On a connection: what passes until the next answer is not recorded."""

    busy = False


_IGNORED = _Ignored()

# -- sending ------------------------------------------------------------------------------------


def _sending(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def send(self: Any, data: Any) -> Any:
        exchange, dials, sent = None, False, data
        try:
            exchange, sent = _noted(self, data)
            dials = self.sock is None
        except Exception:  # `guarded` is entered only when there is something to guard against
            with _IN_SEND:
                raise
        if exchange is None:
            return original(self, sent)
        exchange.busy = True  # opening a tunnel sends, too
        try:
            return original(self, sent)
        except BaseException as error:
            with _IN_SEND:
                root = root_of(error) if dials else error
                exchange.failed(root, _stage_of(root) if dials else "send")
            raise
        finally:
            exchange.busy = False

    return send


def _noted(connection: Any, data: Any) -> tuple[WireExchange | None, Any]:
    """The exchange that `data` belongs to, if there is one, and `data` for the original."""
    exchange = connection.__dict__.get(_EXCHANGE)
    if exchange is None:
        return _begun(connection, data), data
    if exchange is _IGNORED or exchange.busy:
        return None, data
    return exchange, noting(data, exchange)


def _begun(connection: Any, data: Any) -> WireExchange | None:
    if type(data) is not bytes or (found := split_head(data)) is None:
        return None
    head = request_head(found[0])
    if head is None or (head.method == "CONNECT" and connection._tunnel_host is not None):
        return None
    url = UrlToCome(connection, head.target)
    begun = _begin(HttpRequestRef(head.method, url, head.headers, None, head.http_version))
    exchange = WireExchange(begun, head) if begun is not None else None
    connection.__dict__[_EXCHANGE] = exchange or _IGNORED
    if exchange is not None and found[1]:
        exchange.sends(found[1])
    return exchange


def _begin(asked: HttpRequestRef) -> Exchange | None:
    recorder = IN_FORCE.recorder
    if recorder is None or get_current().get(_SUPPRESS_INSTRUMENTATION_KEY):
        return None  # OpenTelemetry's own exporters send with this key set
    call = current_call()
    if call is not None:
        return Exchange.begin(call.library, asked)
    chosen = recorder.settings.capture
    if chosen and HTTP_CLIENT not in chosen:
        return None
    return Exchange.begin(HTTP_CLIENT, asked, own_span=False)


# -- answers ------------------------------------------------------------------------------------


def _answering(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def getresponse(self: Any) -> Any:
        exchange = self.__dict__.pop(_EXCHANGE, None)
        if exchange is None or exchange is _IGNORED:
            return original(self)
        try:
            exchange.ends = _ends_of(self)
        except Exception:
            with _IN_ANSWER:
                raise
        token = _ANSWERING.set(exchange)
        try:
            return original(self)
        except ResponseNotReady:
            self.__dict__[_EXCHANGE] = exchange  # asked too early: the answer is still to come
            raise
        except BaseException as error:
            with _IN_ANSWER:
                exchange.failed(error, "headers")
            raise
        finally:
            _ANSWERING.reset(token)

    return getresponse


def _beginning(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def begin(self: Any) -> Any:
        exchange = _ANSWERING.get()
        if exchange is None or self.headers is not None:
            return original(self)
        try:
            tap(self.fp, exchange)
        except Exception:
            with _IN_ANSWER:
                raise
        result = original(self)
        try:
            exchange.began(self, exchange.ends.copy())
        except Exception:
            with _IN_ANSWER:
                raise
        return result

    return begin


def _ends_of(connection: Any) -> dict[str, object]:
    """The two ends of a connection, and whether it is encrypted: as httpx's are noted."""
    wire = connection.sock
    known = connection.__dict__.get(_ENDS)
    if known is not None and known[0]() is wire:
        ends: dict[str, object] = known[1]
        return ends
    ends = {}
    try:
        for name, address in (
            ("server_addr", wire.getpeername()),
            ("client_addr", wire.getsockname()),
        ):
            ends[name] = list(address) if isinstance(address, tuple) else address or None
    except OSError:  # the peer has gone already
        return {}
    ends["tls"] = hasattr(wire, "cipher")
    connection.__dict__[_ENDS] = (ref(wire), ends)
    return ends


def _closing(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def close(self: Any) -> Any:
        exchange = self.__dict__.get(_EXCHANGE)
        if exchange is not None and not exchange.busy:
            with _IN_ANSWER:
                del self.__dict__[_EXCHANGE]
                if exchange is not _IGNORED:
                    exchange.abandon()
        return original(self)

    return close


# -- connections that cannot be had ----------------------------------------------------------------


def noting_refusals(original: Callable[..., Any]) -> Callable[..., Any]:
    """Note that a connection failed which was opened before anything was to be sent."""

    @wraps(original)
    def connect(self: Any) -> Any:
        if self.__dict__.get(_EXCHANGE) is not None or _DIALING in self.__dict__:
            return original(self)
        self.__dict__[_DIALING] = True
        try:
            return original(self)
        except BaseException as error:
            with _IN_CONNECT:
                _refused(self, error)
            raise
        finally:
            self.__dict__.pop(_DIALING, None)

    return connect


def _refused(connection: Any, error: BaseException) -> None:
    call = current_call()
    asked = _described(call) if call is not None and call.method else None
    exchange = _begin(asked or HttpRequestRef("CONNECT", origin_of(connection), []))
    if exchange is not None:
        if call is not None and isinstance(call.body, str | bytes):
            body = call.body
            exchange.sends(body.encode() if isinstance(body, str) else body)
        root = root_of(error)
        exchange.failed(root, _stage_of(root))


def _described(call: Call) -> HttpRequestRef:
    return HttpRequestRef(call.method, call.url, call.raw_headers())


def root_of(error: BaseException) -> BaseException:
    """What came from below, where urllib3 has put an error of its own around it."""
    while type(error).__module__.startswith("urllib3."):
        below = error.__cause__ or error.__context__
        if below is None:
            break
        error = below
    return error


_STAGES = {
    "connect": "connect",
    "_new_conn": "connect",
    "_tunnel": "tunnel",
    "wrap_socket": "tls",
    "ssl_wrap_socket": "tls",
    "_ssl_wrap_socket_and_match_hostname": "tls",
    "_match_hostname": "tls",
}


def _stage_of(error: BaseException) -> str:
    """How far opening the connection had come: said by the functions that `error` went through."""
    frame: TracebackType | None = error.__traceback__
    stage = "send"
    while frame is not None:
        stage = _STAGES.get(frame.tb_frame.f_code.co_name, stage)
        frame = frame.tb_next
    return stage


LIBRARY = Library(
    name=HTTP_CLIENT,
    protocol="http",
    module="http.client",
    distribution="",
    versions="",
    changes=(
        Patch("http.client:HTTPConnection.send", _sending),
        Patch("http.client:HTTPConnection.getresponse", _answering),
        Patch("http.client:HTTPConnection.close", _closing),
        Patch("http.client:HTTPResponse.begin", _beginning),
        Patch("http.client:HTTPConnection.connect", noting_refusals),
        Patch("http.client:HTTPSConnection.connect", noting_refusals),
    ),
)
