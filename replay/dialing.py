"""Connections of `http.client` in a replay: opened to nothing, or refused as recorded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from timetracer_otel.http_calls import HTTP_CLIENT, current_call, origin_of, url_of
from timetracer_otel.interaction import decode_error
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.http1 import request_head, split_head
from timetracer_otel.recording import is_unrecorded
from timetracer_otel.replay.recorded_socket import (
    NO_CERTIFICATE,
    RecordedSocket,
    RecordedTlsSocket,
    refusal_of,
)
from timetracer_otel.replay.sessions import serving

__all__ = ["connecting", "creating", "encrypting", "sending", "tunneling", "vouching", "waiting"]

_OWN = ("http.client", "urllib3.connection", "botocore.awsrequest")
"""Modules whose way to connect comes down to `create_connection`."""


class _Dial:
    """A connection that is being opened, and why it cannot be, if so."""

    def __init__(self, connection: Any, refusal: RecordedError | None) -> None:
        self._connection = connection
        self._refusal = refusal

    def socket(self) -> RecordedSocket:
        """What the connection stands on. Raises the recorded error."""
        if self._refusal is not None and self._refusal.stage == "connect":
            raise decode_error(self._refusal)
        of = self._connection
        origin = origin_of(of)
        kind = RecordedTlsSocket if origin.startswith("https:") else RecordedSocket
        made = kind(origin, (of.host, of.port), self._refusal)
        if of.timeout is None or isinstance(of.timeout, int | float):
            made.settimeout(of.timeout)
        return made


_DIAL: ContextVar[_Dial | None] = ContextVar("timetracer_dial", default=None)


@contextmanager
def _dialing(dial: _Dial) -> Iterator[_Dial]:
    token = _DIAL.set(dial)
    try:
        yield dial
    finally:
        _DIAL.reset(token)


def _served() -> bool:
    if is_unrecorded():
        return False
    call = current_call()
    return serving(call.library if call is not None else HTTP_CLIENT)


def sending(original: Callable[..., Any]) -> Callable[..., Any]:
    """For ``HTTPConnection.send``, which connects when it is the first."""

    @wraps(original)
    def send(self: Any, data: Any) -> Any:
        if self.sock is not None or not self.auto_open or not _served():
            return original(self, data)
        with _dialing(_Dial(self, _refusal_of_request(self, data))) as dial:
            if not _is_own(type(self), "connect"):  # a way of its own: Unix sockets, httplib2
                self.sock = dial.socket()
            return original(self, data)

    return send


def _refusal_of_request(connection: Any, data: Any) -> RecordedError | None:
    found = split_head(data) if isinstance(data, bytes) else None
    head = request_head(found[0]) if found is not None else None
    if head is None:
        return None
    return refusal_of(head.method, url_of(origin_of(connection), head.target))


def connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    """For every ``connect`` that comes down to `create_connection`."""

    @wraps(original)
    def connect(self: Any) -> Any:
        dial = _DIAL.get()
        if dial is not None:
            return _connected(original, self, dial)
        if not _served():
            return original(self)
        with _dialing(_Dial(self, _refusal_of_connection(self))) as dial:
            return _connected(original, self, dial)

    return connect


def _refusal_of_connection(connection: Any) -> RecordedError | None:
    call = current_call()
    if call is not None and call.method:
        return refusal_of(call.method, call.url)
    return refusal_of("CONNECT", origin_of(connection))


def _connected(original: Callable[..., Any], connection: Any, dial: _Dial) -> Any:
    """By the library's own code, which asks `dial` for the socket."""
    kept = connection.__dict__.get("_create_connection")
    connection._create_connection = lambda *_, **__: dial.socket()
    own = hasattr(connection, "_new_conn") and not _is_own(type(connection), "_new_conn")
    if own:  # SOCKS
        connection._new_conn = dial.socket
    try:
        result = original(connection)
        if isinstance(connection.sock, RecordedTlsSocket):
            connection.sock.is_open = True
        return result
    finally:
        connection._create_connection = kept
        if own:
            del connection._new_conn


def _is_own(kind: type[Any], method: str) -> bool:
    return next(c.__module__ for c in kind.__mro__ if method in vars(c)) in _OWN


def creating(original: Callable[..., Any]) -> Callable[..., Any]:
    """For urllib3's ``create_connection``."""

    @wraps(original)
    def create_connection(*args: Any, **keywords: Any) -> Any:
        dial = _DIAL.get()
        return original(*args, **keywords) if dial is None else dial.socket()

    return create_connection


def tunneling(original: Callable[..., Any]) -> Callable[..., Any]:
    """For ``_tunnel``: there is no proxy to ask."""

    @wraps(original)
    def _tunnel(self: Any) -> Any:
        if not isinstance(self.sock, RecordedSocket):
            return original(self)
        try:
            self.sock.refuse_at("tunnel")
        except OSError as error:
            if str(error).startswith("Tunnel connection failed"):
                self.close()
            raise
        return None

    return _tunnel


def encrypting(original: Callable[..., Any]) -> Callable[..., Any]:
    """For ``SSLContext.wrap_socket`` and what urllib3 has around it: there is nobody to greet."""

    @wraps(original)
    def wrap_socket(*args: Any, **keywords: Any) -> Any:
        wire = next((a for a in (*args, *keywords.values()) if isinstance(a, RecordedSocket)), None)
        if wire is None:
            return original(*args, **keywords)
        wire.refuse_at("tls")
        if original.__name__ == "_ssl_wrap_socket_and_match_hostname":
            return _verified(wire, keywords)
        return wire

    return wrap_socket


def vouching(original: Callable[..., Any]) -> Callable[..., Any]:
    """For what urllib3 1.26 compares a certificate by: there is none."""

    @wraps(original)
    def compare(certificate: Any, *args: Any, **keywords: Any) -> Any:
        if certificate is NO_CERTIFICATE:
            return None
        return original(certificate, *args, **keywords)

    return compare


def _verified(wire: RecordedSocket, options: dict[str, Any]) -> Any:
    """As urllib3 would have said of a certificate that is in order."""
    import ssl

    made = sys.modules["urllib3.connection"]._WrappedAndVerifiedSocket
    resolve = sys.modules["urllib3.util.ssl_"].resolve_cert_reqs
    required = resolve(options.get("cert_reqs")) == ssl.CERT_REQUIRED
    return made(socket=wire, is_verified=required or bool(options.get("assert_fingerprint")))


def waiting(original: Callable[..., Any]) -> Callable[..., Any]:
    """For urllib3's ``wait_for_read``."""

    @wraps(original)
    def wait_for_read(sock: Any, *args: Any, **keywords: Any) -> Any:
        if isinstance(sock, RecordedSocket):
            return sock.readable()
        return original(sock, *args, **keywords)

    return wait_for_read
