"""A wire to nowhere that greets as PostgreSQL does, describes statements and gives rows."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["SilentTransport", "records_from_wire"]

# PostgreSQL's frontend/backend protocol 3.0, "Message Formats"
_READY = b"Z\x00\x00\x00\x05I"
_AUTHENTICATED = b"R\x00\x00\x00\x08\x00\x00\x00\x00"
_PARSED = b"1\x00\x00\x00\x04"
_NO_DATA = b"n\x00\x00\x00\x04"
_BOUND = b"2\x00\x00\x00\x04"
_BINARY = 1
_BY_NUMBER = 0x7FFFFFF0
"""A type of nobody's: its values are numbers, each of a recorded value."""


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


class SilentTransport(asyncio.Transport):
    """What the protocol writes goes nowhere; what it waits for comes from here."""

    def __init__(self, protocol: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._protocol = protocol
        self._loop = loop
        self._closing = False
        self._describe: Mapping[str, Any] | None = None
        self._rows: bytes | None = None
        protocol.connection_made(self)

    def greet(self, settings: Mapping[str, str]) -> None:
        """Let the client in, with the settings that the recorded server reported."""
        told = [
            _message(b"S", name.encode() + b"\0" + str(value).encode() + b"\0")
            for name, value in settings.items()
        ]
        key = _message(b"K", struct.pack("!ii", 1, 1))
        self._protocol.data_received(b"".join([_AUTHENTICATED, *told, key, _READY]))

    @contextmanager
    def describing(self, told: Mapping[str, Any]) -> Iterator[None]:
        """Answer the statement that is prepared within the block."""
        self._describe = told
        try:
            yield
        finally:
            self._describe = None

    @contextmanager
    def giving(self, names: list[str], rows: list[tuple[Any, ...]]) -> Iterator[None]:
        """Answer the statement that is prepared and executed within the block with so many rows."""
        columns = [[name, _BY_NUMBER] for name in names]
        self._rows = _numbered(rows)
        try:
            with self.describing({"columns": columns}):
                yield
        finally:
            self._rows = None

    def write(self, data: Any) -> None:
        kind = bytes(data[:1])
        if self._rows is not None and kind == b"B":
            given, self._rows = self._rows, None
            self._loop.call_soon(self._protocol.data_received, given)
            return
        if kind == b"X":  # Terminate: the server closes the connection
            self.close()
        elif self._describe is not None and kind == b"P":
            told, self._describe = self._describe, None
            self._loop.call_soon(self._protocol.data_received, _description(told))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        """Nothing comes that could be held back."""

    def resume_reading(self) -> None:
        """As above."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""


def _description(told: Mapping[str, Any]) -> bytes:
    """ParseComplete, ParameterDescription, RowDescription or NoData: asyncpg asks with a Flush."""
    oids = told.get("parameters", [])
    parameters = _message(b"t", struct.pack(f"!h{len(oids)}I", len(oids), *oids))
    columns = told.get("columns", [])
    if not columns:
        return _PARSED + parameters + _NO_DATA
    fields = [
        name.encode() + b"\0" + struct.pack("!ihIhih", 0, 0, oid, -1, -1, _BINARY)
        for name, oid in columns
    ]
    rows = _message(b"T", struct.pack("!h", len(columns)) + b"".join(fields))
    return _PARSED + parameters + rows


def _numbered(rows: list[tuple[Any, ...]]) -> bytes:
    """BindComplete, a DataRow for each row with the numbers of its values, and the end."""
    messages, number = [_BOUND], 0
    for row in rows:
        cells = []
        for value in row:
            text = str(number).encode()
            cells.append(struct.pack("!i", -1) if value is None else _sized(text))
            number += 1
        messages.append(_message(b"D", struct.pack("!h", len(row)) + b"".join(cells)))
    messages += [_message(b"C", f"SELECT {len(rows)}\0".encode()), _READY]
    return b"".join(messages)


def _sized(data: bytes) -> bytes:
    return struct.pack("!i", len(data)) + data


async def records_from_wire(
    protocol: Any, kind: type[Any], names: list[str], rows: list[tuple[Any, ...]]
) -> Any:
    """Records of a class of the application's, which asyncpg makes while it reads alone.

    They are read from a wire that gives numbers, each of which stands for a recorded value.
    """
    values = [value for row in rows for value in row]
    settings = protocol.get_settings()
    settings.add_python_codec(
        _BY_NUMBER, "recorded", "timetracer", [], "scalar", str, lambda n: values[int(n)], "text"
    )
    query = f"-- {', '.join(names)}"
    try:
        state = await protocol.prepare("", query, None, record_class=kind)
        state._init_codecs()
        return await protocol.bind_execute(state, (), "", 0, False, None)
    finally:
        settings.remove_python_codec(_BY_NUMBER, "recorded", "timetracer")
