"""The process that writes cassettes: run by its path, it ends when nobody is left to write for.

Only the standard library is imported before it knows where the application's packages are.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NoReturn

__all__ = ["BOOTSTRAP", "CASSETTE", "FRAGMENT", "GATHERED", "HEAD", "START"]

HEAD = 5
"""Bytes before each message: its kind, and the size of what follows, lowest byte first."""

START, BOOTSTRAP = b"S", b"B"
"""Settings, and where packages are; what cassettes from here on carry."""

CASSETTE, FRAGMENT, GATHERED = b"C", b"F", b"G"
"""A cassette, a piece of one; what a cassette is made of."""

_PIECE = 1024 * 1024
_IGNORED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""Meant for the application, and sent to all of a terminal, a session or a service."""


def main() -> NoReturn:
    """Write what comes in on standard input, a socket, until its other side is closed.

    The application is no parent of this process: it must not meet it in ``os.wait()``.
    """
    for name in _IGNORED:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    _leave()
    wire = socket.socket(fileno=0)
    _serve(wire)
    os._exit(0)


def _leave() -> None:
    """Neither the terminal, nor the folder, nor a descriptor of the application."""
    os.setsid()
    os.chdir("/")
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - nothing is imported that need not be
        if int(name) > 2:  # noqa: PLR2004 - the three standard ones
            with suppress(OSError):  # that of the listing itself
                os.close(int(name))


def _serve(wire: socket.socket) -> None:
    messages = _messages(wire)
    batch = next(messages, [])
    if not batch:
        return
    _, start = batch.pop(0)
    write, tally = _writing(json.loads(start), wire)
    _say(wire, {"ready": os.getpid()})
    done = 0
    while True:
        _write_all(write, batch)
        done += len(batch)
        _say(wire, {"done": done, "tally": tally.as_said()})
        batch = next(messages, [])
        if not batch:
            return


def _write_all(write: Any, batch: list[tuple[bytes, bytes]]) -> None:
    for kind, payload in batch:
        try:
            write(kind, payload)
        except Exception:  # counted by the store, where it got that far
            logging.getLogger("timetracer_otel").exception("a cassette could not be written")


def _messages(wire: socket.socket) -> Iterator[list[tuple[bytes, bytes]]]:
    """What has come in whole, as often as something comes in."""
    held = bytearray()
    while data := _received(wire):
        held += data
        batch, at = [], 0
        while len(held) >= at + HEAD:
            size = int.from_bytes(held[at + 1 : at + HEAD], "little")
            if len(held) < at + HEAD + size:
                break
            batch.append((bytes(held[at : at + 1]), bytes(held[at + HEAD : at + HEAD + size])))
            at += HEAD + size
        del held[:at]
        if batch:
            yield batch


def _received(wire: socket.socket) -> bytes:
    try:
        return wire.recv(_PIECE)
    except ConnectionResetError:  # how its end is told when it has not read all we said
        return b""


def _say(wire: socket.socket, what: dict[str, object]) -> None:
    with suppress(OSError):  # the application is gone; what it has sent is still there to be read
        wire.sendall(json.dumps(what).encode() + b"\n")


def _writing(start: dict[str, Any], wire: socket.socket) -> Any:
    """The function that takes a message, and the tally of what came of it."""
    sys.path += [folder for folder in start["path"] if folder not in sys.path]
    os.environ.update(start.get("environ", {}))
    import msgspec

    from timetracer_otel.cassette import Cassette, Interaction
    from timetracer_otel.cassette.writing import Shared
    from timetracer_otel.exporters.chain import store_of
    from timetracer_otel.gathered import cassette_of
    from timetracer_otel.packing import unpack
    from timetracer_otel.settings import Settings

    _tell_on(wire)
    store = store_of(msgspec.convert(start["settings"], Settings))
    cassettes = msgspec.json.Decoder(Cassette)
    interactions = msgspec.json.Decoder(list[Interaction])
    carried = Shared(())

    def write(kind: bytes, payload: bytes) -> None:
        nonlocal carried
        if kind == BOOTSTRAP:
            carried = Shared(interactions.decode(payload))
            return
        made = kind == GATHERED
        cassette = cassette_of(unpack(payload)) if made else cassettes.decode(payload)
        cassette.bootstrap = carried
        store.write(cassette, fragment=kind == FRAGMENT)

    return write, store.tally


def _tell_on(wire: socket.socket) -> None:
    """What is logged here is said by the application."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = self.format(record)
            _say(wire, {"level": record.levelno, "says": text})

    log = logging.getLogger("timetracer_otel")
    log.propagate = False
    log.addHandler(Told())


if __name__ == "__main__":
    main()
