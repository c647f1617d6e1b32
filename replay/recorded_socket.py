"""A socket that leads nowhere: what HTTP/1 it is sent is answered from the recording."""

from __future__ import annotations

import socket
from collections import deque
from contextlib import suppress
from typing import Any, NoReturn

from timetracer_otel.errors import CannotReplay
from timetracer_otel.http_calls import HTTP_CLIENT, current_call, url_of
from timetracer_otel.interaction import RecordedError, decode_error
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.http1 import (
    RequestHead,
    has_body,
    is_nothing_but_chunked,
    request_head,
    split_head,
)
from timetracer_otel.protocols.http1_framing import Framing, framing_of_request
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequestRef
from timetracer_otel.protocols.http_wire import wire_pieces
from timetracer_otel.replay.http_answers import answer_of, recorded_exchange, taken_exchange

__all__ = ["NO_CERTIFICATE", "RecordedSocket", "RecordedTlsSocket", "refusal_of"]

_BEFORE_SENDING = ("connect", "tunnel", "tls")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def _is_refused(interaction: Any) -> bool:
    return interaction.error is not None and interaction.error.stage in _BEFORE_SENDING


def _is_cut(interaction: Any) -> bool:
    """Its request did not go out as a whole: there is no whole body to match it by."""
    body = interaction.request.body
    if interaction.error is not None and interaction.error.stage == "send":
        return True
    return body is not None and body.state != "complete"


def refusal_of(method: str, url: str) -> RecordedError | None:
    """Why the connection for this request could not be had, if it is refused next."""
    found = taken_exchange(method, url, _is_refused)
    return found.error if found is not None else None


class _Asked:
    """A request as it comes in, and what is to be answered."""

    def __init__(self, head: RequestHead, url: str) -> None:
        self.body: list[bytes] = []
        self.framing: Framing = framing_of_request(head, self.body.append)
        self.ref = HttpRequestRef(head.method, url, head.headers, http_version=head.http_version)
        self.cut = None if self.framing.ended else taken_exchange(head.method, url, _is_cut)

    @property
    def waits_for_leave(self) -> bool:
        """Whether the client may wait for a word before it sends the body, and gets it."""
        if self.framing.ended or self.cut is not None:
            return False
        return any(name.lower() == b"expect" for name, _ in self.ref.headers)

    def feed(self, data: bytes) -> None:
        """More of the body; raises the recorded error where sending it failed."""
        self.framing.feed(data)
        self.fail_if_enough()

    def fail_if_enough(self) -> None:
        """As much was sent when it failed."""
        if self.cut is None or self.cut.error is None or self.cut.error.stage != "send":
            return
        recorded = self.cut.request.body
        if sum(map(len, self.body)) >= (recorded.size if recorded is not None else 0):
            raise decode_error(self.cut.error)

    def answer(self) -> HttpInteraction:
        """The recorded interaction. Raises `MissingRecording`."""
        if self.cut is not None:
            return self.cut
        self.framing.broken_off()
        self.ref.body = Body.of(b"".join(self.body))
        call = current_call()
        return recorded_exchange(call.library if call is not None else HTTP_CLIENT, self.ref)


class RecordedSocket(socket.socket):
    """A real socket to every look, connected to nothing.

    Its descriptor is that of an unconnected datagram socket: never ready to be read.
    """

    def __init__(
        self, origin: str, address: tuple[str, int], refusal: RecordedError | None
    ) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self._origin = origin
        self._address: Any = address
        self._own_address: Any = ("127.0.0.1", 0)
        self._refusal = refusal
        self._options: dict[tuple[int, int], Any] = {}
        self._head = b""
        self._asked: deque[_Asked] = deque()
        self._interim: list[bytes] = []
        self._answer: list[bytes] = []
        self._ends_in: BaseException | None = None
        self._shut = False

    def refuse_at(self, stage: str) -> None:
        """Raise what the recording says came at this stage of opening the connection."""
        if self._refusal is not None and self._refusal.stage == stage:
            refusal, self._refusal = self._refusal, None
            raise decode_error(refusal)

    # -- sending --------------------------------------------------------------------------------

    def sendall(self, data: Any, flags: int = 0) -> None:
        self._receive(_bytes(data))

    def send(self, data: Any, flags: int = 0) -> int:
        taken = _bytes(data)
        self._receive(taken)
        return len(taken)

    def sendmsg(self, buffers: Any, *_: Any) -> int:
        return self.send(b"".join(buffers))

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        return self._sendfile_use_send(file, offset, count)  # type: ignore[attr-defined,no-any-return]

    def _receive(self, data: bytes) -> None:
        if self._asked and not self._asked[-1].framing.ended:
            self._asked[-1].feed(data)
            return
        self._head += data
        found = split_head(self._head)
        if found is None:
            return
        self._head = b""
        head = request_head(found[0])
        if head is None:
            self._cannot("it was sent something that is not HTTP/1")
        asked = _Asked(head, url_of(self._origin, head.target))
        self._asked.append(asked)
        self._interim = [_CONTINUE] if asked.waits_for_leave else []
        if found[1]:
            asked.framing.feed(found[1])
        asked.fail_if_enough()

    # -- answering ------------------------------------------------------------------------------

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view))
        view[: len(data)] = data
        return len(data)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        pieces = self._pieces()
        if self._shut or not pieces:
            return b""
        piece = pieces[0]
        if len(piece) > bufsize:
            pieces[0] = piece[bufsize:]
            return piece[:bufsize]
        return pieces.pop(0)

    def _pieces(self) -> list[bytes]:
        if self._interim:
            return self._interim
        if not self._answer and self._ends_in is not None:
            raise self._ends_in
        if not self._answer and self._asked:
            self._answer = self._found(self._asked.popleft().answer())
        return self._answer

    def _found(self, interaction: HttpInteraction) -> list[bytes]:
        found = answer_of(interaction)
        self._ends_in = found.ends_in
        self._address = _address(found.extensions.get("server_addr"), self._address)
        self._own_address = _address(found.extensions.get("client_addr"), self._own_address)
        method = interaction.request.method
        chunked = is_nothing_but_chunked(found.headers) and has_body(method, found.status)
        return wire_pieces(found.response, found.headers, found.chunks, chunked=chunked)

    def readable(self) -> bool:
        """Whether there is something to be read without waiting: not between two requests."""
        return bool(self._interim or self._answer or self._asked)

    # -- everything else that libraries ask of a socket ----------------------------------------

    def getpeername(self) -> Any:
        return self._address

    def getsockname(self) -> Any:
        return self._own_address

    def setsockopt(self, level: int, optname: int, value: Any, *_: Any) -> None:
        self._options[level, optname] = value

    def getsockopt(self, level: int, optname: int, *_: Any) -> Any:
        return self._options.get((level, optname), 0)

    def shutdown(self, how: int) -> None:
        self._shut = how != socket.SHUT_WR

    def _cannot(self, reason: str) -> NoReturn:
        raise CannotReplay(subject=f"the connection to {self._origin}", reason=reason)


NO_CERTIFICATE = {"subjectAltName": (("DNS", "recorded"),)}
"""What urllib3 1.26 looks at while it connects; who compares it with a name lets it pass."""


class RecordedTlsSocket(RecordedSocket):
    """The same where the connection was encrypted."""

    is_open = False

    def selected_alpn_protocol(self) -> str | None:
        return None

    def cipher(self) -> NoReturn:
        self._cannot("how it was encrypted is not recorded")

    def getpeercert(self, binary_form: bool = False) -> Any:
        if self.is_open:
            self._cannot("certificates are not recorded")
        return NO_CERTIFICATE


def _bytes(data: Any) -> bytes:
    with suppress(TypeError):
        return bytes(memoryview(data))
    # as a socket says it: `http.client` sends an iterable piece by piece then
    raise TypeError(f"a bytes-like object is required, not {type(data).__name__!r}")


def _address(recorded: Any, otherwise: Any) -> Any:
    return tuple(recorded) if isinstance(recorded, list) else recorded or otherwise
