"""smtplib: seen where it sends a command or a message, and where it reads the lines of a reply.

Both are above TLS, so that STARTTLS and `SMTP_SSL` look like a plain connection.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ssl import SSLError
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch, WhenImported
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.smtp_calls import Exchange, server_of

__all__ = ["LIBRARY"]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy

_EXCHANGE = "_timetracer_exchange"


class _NotingFile(_Proxy):
    """The file that replies are read from, and a note of each line."""

    def __init__(self, inner: Any, exchange: Exchange) -> None:
        super().__init__(inner)
        self._self_exchange = exchange

    def readline(self, *args: Any) -> Any:
        try:
            line = self.__wrapped__.readline(*args)
        except BaseException as error:
            with guarded("smtplib read"):
                self._self_exchange.broke(error, "read")
            raise
        with guarded("smtplib read"):
            self._self_exchange.came(line)
        return line


def _exchange_of(client: Any) -> Exchange:
    found = vars(client).get(_EXCHANGE)
    if found is None:
        found = Exchange("smtplib", str(getattr(client, "_host", "")))
        vars(client)[_EXCHANGE] = found
    return found  # type: ignore[no-any-return]


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def _get_socket(self: Any, host: Any, port: Any, *args: Any, **keywords: Any) -> Any:
        if active_recorder() is None or _exchange_of(self).connecting:
            # `SMTP_SSL` calls the method of `SMTP` first, and only then encrypts
            return original(self, host, port, *args, **keywords)
        exchange = vars(self)[_EXCHANGE] = Exchange("smtplib", server_of(host, port))
        exchange.connecting = True
        with guarded("smtplib connect"):
            exchange.begin("connect")
        try:
            return original(self, host, port, *args, **keywords)
        except BaseException as error:
            with guarded("smtplib connect"):
                exchange.broke(error, "connect")
            raise
        finally:
            exchange.connecting = False

    return _get_socket


def _sending(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def send(self: Any, s: Any) -> None:
        if active_recorder() is None or not self.sock:
            original(self, s)
            return
        with guarded("smtplib send"):
            encoding = self.command_encoding
            data = s.encode(encoding, "backslashreplace") if isinstance(s, str) else bytes(s)
            _exchange_of(self).begin("send", data)
        try:
            original(self, s)
        except BaseException as error:
            with guarded("smtplib send"):
                below = error.__context__  # what the socket said; it is raised there again
                _exchange_of(self).broke(below if isinstance(below, OSError) else error, "send")
            raise

    return send


def _replied(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def getreply(self: Any) -> Any:
        if active_recorder() is None or self.sock is None:
            return original(self)
        exchange = _exchange_of(self)
        if self.file is None:  # as the original does next
            self.file = _NotingFile(self.sock.makefile("rb"), exchange)
        with guarded("smtplib reply"):
            if exchange.draft is None:  # a greeting: the class connects in a way of its own
                exchange.begin("connect")
        try:
            return original(self)
        finally:
            with guarded("smtplib reply"):
                exchange.end()

    return getreply


def _encrypting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def starttls(self: Any, *args: Any, **keywords: Any) -> Any:
        try:
            return original(self, *args, **keywords)
        except (SSLError, ConnectionError, TimeoutError) as error:
            with guarded("smtplib starttls"):
                exchange = _exchange_of(self)
                exchange.begin("tls")
                exchange.broke(error, "tls")
            raise

    return starttls


LIBRARY = Library(
    name="smtplib",
    protocol="smtp",
    module="smtplib",
    distribution="",
    versions="",
    changes=(
        WhenImported(
            "smtplib",
            (
                Patch("smtplib:SMTP._get_socket", _connecting),
                Patch("smtplib:SMTP_SSL._get_socket", _connecting),
                Patch("smtplib:SMTP.send", _sending),
                Patch("smtplib:SMTP.getreply", _replied),
                Patch("smtplib:SMTP.starttls", _encrypting),
            ),
        ),
    ),
)
