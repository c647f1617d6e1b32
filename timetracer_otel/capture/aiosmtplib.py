"""aiosmtplib: seen where its protocol writes a command or a message, and where replies come in.

Both are above TLS, so that STARTTLS and `use_tls` look like a plain connection.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.smtp_calls import Exchange, server_of

__all__ = ["LIBRARY", "address_of"]

_EXCHANGE = "_timetracer_exchange"
_CONNECTING: ContextVar[Exchange | None] = ContextVar("timetracer_aiosmtplib", default=None)


def address_of(client: Any) -> str:
    """Where a client connects to: ``host:port``, or the path of a socket."""
    if client.socket_path is not None:
        return str(client.socket_path)
    port = client.port if client.port is not None else client._get_default_port()
    return server_of(client.hostname or "localhost", port)


def _exchange_of(protocol: Any) -> Exchange | None:
    found: Exchange | None = vars(protocol).get(_EXCHANGE)
    return found


def _below(error: BaseException) -> BaseException:
    """What the event loop said of it: that is raised there again, and named as it was here."""
    return error.__cause__ or error


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _create_connection(self: Any, *args: Any, **keywords: Any) -> Any:
        if active_recorder() is None:
            return await original(self, *args, **keywords)
        exchange = None
        with guarded("aiosmtplib connect"):
            exchange = Exchange("aiosmtplib", address_of(self))
            exchange.begin("connect")
        token = _CONNECTING.set(exchange)
        try:
            return await original(self, *args, **keywords)
        except BaseException as error:
            with guarded("aiosmtplib connect"):
                if exchange is not None:
                    exchange.broke(_below(error), "connect")
            raise
        finally:
            _CONNECTING.reset(token)

    return _create_connection


def _making(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def make(self: Any, *args: Any, **keywords: Any) -> None:
        original(self, *args, **keywords)
        vars(self)[_EXCHANGE] = _CONNECTING.get()

    return make


def _writing(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def write(self: Any, data: bytes) -> None:
        exchange = _exchange_of(self)
        if exchange is None or self.transport is None or self.transport.is_closing():
            original(self, data)
            return
        with guarded("aiosmtplib write"):
            exchange.begin("send", bytes(data))
        original(self, data)

    return write


def _hearing(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def data_received(self: Any, data: bytes) -> None:
        exchange = _exchange_of(self)
        if exchange is not None and exchange.draft is not None:
            with guarded("aiosmtplib read"):
                exchange.came(bytes(data))
        original(self, data)

    return data_received


def _ending(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def eof_received(self: Any) -> Any:
        exchange = _exchange_of(self)
        if exchange is not None:
            with guarded("aiosmtplib read"):
                exchange.came(b"")
        return original(self)

    return eof_received


def _losing(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def connection_lost(self: Any, exc: Exception | None) -> None:
        exchange = _exchange_of(self)
        if exchange is not None and exc is not None:
            with guarded("aiosmtplib read"):
                exchange.broke(exc, "read")
        original(self, exc)

    return connection_lost


def _reading(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def read_response(self: Any, *args: Any, **keywords: Any) -> Any:
        exchange = _exchange_of(self)
        if exchange is None:
            return await original(self, *args, **keywords)
        try:
            response = await original(self, *args, **keywords)
        except BaseException as error:
            with guarded("aiosmtplib read"):
                if exchange.reply.lines or exchange.reply.closed:
                    exchange.end()  # what came is what it complains of
                else:
                    exchange.broke(_below(error), "read")
            raise
        with guarded("aiosmtplib read"):
            exchange.end()
        return response

    return read_response


def _encrypting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def start_tls(self: Any, *args: Any, **keywords: Any) -> Any:
        try:
            return await original(self, *args, **keywords)
        except OSError as error:  # its own of a refusal or a lost connection among them
            with guarded("aiosmtplib start_tls"):
                exchange, below = _exchange_of(self), _below(error)
                if exchange is not None and not _is_own(below):
                    exchange.begin("tls")
                    exchange.broke(below, "tls")
            raise

    return start_tls


def _is_own(error: BaseException) -> bool:
    return type(error).__module__.startswith("aiosmtplib")


_CLIENT = "aiosmtplib.smtp:SMTP"
_PROTOCOL = "aiosmtplib.protocol:SMTPProtocol"

LIBRARY = Library(
    name="aiosmtplib",
    protocol="smtp",
    module="aiosmtplib",
    distribution="aiosmtplib",
    versions=">=2.0",
    changes=(
        Patch(f"{_CLIENT}._create_connection", _connecting),
        Patch(f"{_PROTOCOL}.__init__", _making),
        Patch(f"{_PROTOCOL}.write", _writing),
        Patch(f"{_PROTOCOL}.data_received", _hearing),
        Patch(f"{_PROTOCOL}.eof_received", _ending),
        Patch(f"{_PROTOCOL}.connection_lost", _losing),
        Patch(f"{_PROTOCOL}.read_response", _reading),
        Patch(f"{_PROTOCOL}.start_tls", _encrypting),
    ),
)
