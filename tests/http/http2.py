"""The server's side of HTTP/2: a few routes, one stream after another."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

__all__ = ["converse"]


def converse(wire: ssl.SSLSocket) -> Iterator[str]:
    """Answer until the peer has gone; the path of each request as it comes."""
    config = h2.config.H2Configuration(client_side=False)
    connection = h2.connection.H2Connection(config)
    connection.initiate_connection()
    wire.sendall(connection.data_to_send())
    asked: dict[int, tuple[str, bytearray]] = {}
    while data := wire.recv(65536):
        for event in _events(connection, data):
            if isinstance(event, h2.events.RequestReceived):
                path = dict(event.headers)[b":path"].decode()
                asked[event.stream_id] = (path, bytearray())
                yield path
            elif isinstance(event, h2.events.DataReceived):
                asked[event.stream_id][1].extend(event.data)
                connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                _answer(connection, event.stream_id, *asked.pop(event.stream_id))
        wire.sendall(connection.data_to_send())


def _events(connection: h2.connection.H2Connection, data: bytes) -> list[h2.events.Event]:
    try:
        return connection.receive_data(data)
    except h2.exceptions.ProtocolError:  # what the peer says after we have said goodbye
        return []


def _answer(
    connection: h2.connection.H2Connection, stream: int, path: str, body: bytearray
) -> None:
    if path == "/reset-stream":
        connection.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        return
    if path == "/go-away":
        connection.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)
        return
    headers = [
        (":status", "404" if path == "/missing" else "200"),
        ("x-twice", "1"),
        ("x-twice", "2"),
    ]
    connection.send_headers(stream, headers)
    if path == "/cut":
        connection.send_data(stream, b"some")
        connection.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        return
    connection.send_data(stream, b"got " + bytes(body))
    connection.send_data(stream, b" and that was it", end_stream=True)
