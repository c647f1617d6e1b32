"""aiosmtplib: a transport that leads nowhere, and gives the protocol the replies of then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import wrapt

from timetracer_otel.capture.aiosmtplib import LIBRARY as CAPTURED
from timetracer_otel.capture.aiosmtplib import address_of
from timetracer_otel.interaction import decode_error
from timetracer_otel.patching import Patch
from timetracer_otel.protocols.smtp import SmtpInteraction, wire
from timetracer_otel.replay.sessions import serving
from timetracer_otel.replay.smtp_answers import answer_to, raise_if_untrusted

__all__ = ["LIBRARY"]

if TYPE_CHECKING:
    _Proxy = wrapt.ObjectProxy[Any]
else:
    _Proxy = wrapt.ObjectProxy


class RecordedTransport(asyncio.Transport):
    """Takes what a protocol writes, and lets it have what was replied."""

    def __init__(self, protocol: Any, server: str, context: Any) -> None:
        super().__init__(extra={"sslcontext": context})
        self.server = server
        self._protocol = protocol
        self._closing = False

    def encrypted(self, context: Any) -> RecordedTransport:
        """The one that is used from here on."""
        self._closing = True
        return RecordedTransport(self._protocol, self.server, context)

    def write(self, data: Any) -> None:
        """Raises `MissingRecording`."""
        self.reply_soon(answer_to("aiosmtplib", self.server, "send", bytes(data)))

    def reply_soon(self, found: SmtpInteraction) -> None:
        """The application's other tasks run first, as they do while the network is waited for."""
        asyncio.get_running_loop().call_soon(self._reply, found)

    def _reply(self, found: SmtpInteraction) -> None:
        if self._closing:
            return
        if found.error is not None or found.response is None:
            self._break(found.error)
            return
        data = wire(found.response)
        if data:
            self._protocol.data_received(data)
        if found.response.error is not None:
            self._break(found.response.error)
        elif found.response.closed:
            self._protocol.eof_received()
            self.close()

    def _break(self, recorded: Any) -> None:
        if recorded is None or recorded.type == "CancelledError":
            return  # nothing ever came: what had enough of waiting then will have it again
        error = decode_error(recorded)
        waiter = self._protocol._response_waiter
        if isinstance(error, TimeoutError) and waiter is not None and not waiter.done():
            waiter.set_exception(error)
            return
        self._lose(error)

    def _lose(self, error: BaseException | None) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, error)

    def is_closing(self) -> bool:
        """Whether it was closed, from either side."""
        return self._closing

    def close(self) -> None:
        """Nothing is open, but the protocol is told."""
        self._lose(None)

    abort = close


class _RecordedLoop(_Proxy):
    """An event loop whose connections are recorded ones."""

    def __init__(self, loop: Any, server: str) -> None:
        super().__init__(loop)
        self._self_server = server

    async def create_connection(self, factory: Callable[[], Any], **options: Any) -> Any:
        await asyncio.sleep(0)
        found = answer_to("aiosmtplib", self._self_server, "connect")
        if found.error is not None and found.error.stage == "connect":
            raise decode_error(found.error)
        protocol = factory()
        transport = RecordedTransport(protocol, self._self_server, options.get("ssl"))
        protocol.connection_made(transport)
        transport.reply_soon(found)
        return transport, protocol

    create_unix_connection = create_connection

    async def start_tls(
        self, transport: RecordedTransport, _protocol: Any, context: Any, **_: Any
    ) -> RecordedTransport:
        await asyncio.sleep(0)
        raise_if_untrusted(transport.server)
        return transport.encrypted(context)


def _connecting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def _create_connection(self: Any, *args: Any, **keywords: Any) -> Any:
        if serving("aiosmtplib"):
            self.loop = _RecordedLoop(self.loop, address_of(self))  # `connect` has just set it
        return await original(self, *args, **keywords)

    return _create_connection


LIBRARY = CAPTURED.in_replay(
    changes=(Patch("aiosmtplib.smtp:SMTP._create_connection", _connecting),)
)
