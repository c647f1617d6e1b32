"""The bodies of requests to aiohttp's server: as they are read, or as they came where coded.

What comes with a Content-Encoding is decoded by aiohttp's parser, from before the request is
handled on: the recording has what the client sent, so it is noted where it is decoded.
"""

from __future__ import annotations

from typing import Any

from timetracer_otel.interaction.body import Body

__all__ = ["CODED", "READING", "Upload", "begin_upload", "end_upload", "expect_coded", "note_coded"]

READING: dict[Any, Upload] = {}
"""By the stream that a request's body is read from."""

CODED: dict[Any, dict[Any, list[bytes]]] = {}
"""By connection and stream: what came of coded bodies whose requests have not begun."""


class Upload:
    """The body of a request, as far as the application reads it; of a coded one, all that came."""

    def __init__(self, body: Body, coded: list[bytes] | None) -> None:
        self._body = body
        self.is_coded = coded is not None
        for chunk in coded or ():
            body.feed(chunk)

    def came(self, chunk: bytes) -> None:
        """`chunk` of a coded body is about to be decoded."""
        self._body.feed(chunk)

    def read(self, stream: Any, data: bytes) -> None:
        """`data` was taken; what was put back before and comes again counts once."""
        if not self.is_coded:
            fresh = stream._cursor - self._body.size
            if fresh > 0:
                self._body.feed(data[-fresh:] if fresh < len(data) else data)
        if stream.at_eof():
            self._body.finish()

    def end(self, stream: Any) -> None:
        """The request is over."""
        if stream.exception() is not None:
            self._body.finish("aborted")
        elif stream.at_eof():
            self._body.finish()
        self._body.finish("partial" if stream._cursor else "unread")


def begin_upload(request: Any, body: Body) -> None:
    """From here on `request`'s body is noted in `body`."""
    stream = request._payload
    READING[stream] = Upload(body, CODED.get(request._protocol, {}).pop(stream, None))


def end_upload(stream: Any) -> None:
    """The request is over, whether or not it has a body."""
    upload = READING.pop(stream, None)
    if upload is not None:
        upload.end(stream)


def expect_coded(stream: Any) -> None:
    """A coded body is about to come, if it is a request's."""
    connection = stream._protocol
    if hasattr(connection, "_request_handler"):  # a server's
        CODED.setdefault(connection, {})[stream] = []


def note_coded(stream: Any, chunk: bytes) -> None:
    """`chunk` is about to be decoded into `stream`."""
    upload = READING.get(stream)
    if upload is not None and upload.is_coded:
        upload.came(chunk)
        return
    waiting = CODED.get(stream._protocol, {}).get(stream)
    if waiting is not None:
        waiting.append(chunk)
