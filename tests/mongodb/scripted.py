"""A server of MongoDB's wire protocol that follows a script: what no small server can do.

Its first hello makes it the primary of a replica set ``rs0``; the database of a command says how it
behaves. It knows nothing of documents.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
import time
import zlib
from typing import Any

import bson
from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.timestamp import Timestamp

__all__ = ["EVERY_TYPE", "Scripted", "doubled"]

_OPTIONS: Any = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)

EVERY_TYPE: dict[str, Any] = {
    "double": 1.5,
    "whole": 1.0,
    "negative_zero": -0.0,
    "nan": float("nan"),
    "infinity": float("-inf"),
    "text": "déjà \U0001f600",
    "zero_in_text": "a\0b",
    "empty": {},
    "document": {"z": 1, "a": {"$set": {"$gt": 1}}, "$oid": "no ObjectId"},
    "array": [1, [2, {"x": None}], []],
    "bytes": b"\0\xff",
    "uuid": Binary(bytes(range(16)), 4),
    "old_uuid": Binary(bytes(range(16)), 3),
    "user_defined": Binary(b"x", 128),
    "vector": Binary(b"\x03\x00\x01\x02", 9),
    "object_id": ObjectId("0123456789abcdef01234567"),
    "true": True,
    "date": DatetimeMS(1_700_000_000_123),
    "before_christ": DatetimeMS(-(2**60)),
    "far": DatetimeMS(2**60),
    "year_one": DatetimeMS(-62135596800000),
    "null": None,
    "regex": Regex("^a.*", "imsx"),
    "reference": DBRef("c", ObjectId("0123456789abcdef01234567"), "other", note=1),
    "code": Code("f()"),
    "scoped": Code("f()", {"x": 1}),
    "int": 2**31 - 1,
    "timestamp": Timestamp(1_700_000_000, 7),
    "long": Int64(2**62),
    "small_long": Int64(1),
    "decimal": Decimal128("1.10"),
    "decimal_nan": Decimal128("NaN"),
    "decimal_infinity": Decimal128("-Infinity"),
    "min": MinKey(),
    "max": MaxKey(),
    "date_tag": {"$datetime": "an operator that looks like a tag"},
}


def doubled(name: str) -> bytes:
    """A document that has a key twice."""
    fields = b"".join(b"\x10" + name.encode() + b"\0" + struct.pack("<i", n) for n in (1, 2))
    return struct.pack("<i", len(fields) + 5) + fields + b"\0"


class _Closes(Exception):
    """The connection ends without a reply."""


class _Handler(socketserver.BaseRequestHandler):
    server: Any

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while header := self._exactly(16):
                self._answer(header, self._exactly(struct.unpack("<i", header[:4])[0] - 16))
        except (_Closes, OSError):
            pass

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            chunk = self.request.recv(size - len(found))
            if not chunk:
                return b""
            found += chunk
        return found

    def _answer(self, header: bytes, body: bytes) -> None:
        _, request_id, _, code = struct.unpack("<iiii", header)
        if code == 2012:
            code, _, compressor = struct.unpack("<iiB", body[:9])
            assert compressor == 2
            body = zlib.decompress(body[9:])
            self.server.compressed += 1
        if code == 2004:
            asked = bson.decode(body[body.index(0, 4) + 9 :])
            self._send(request_id, bson.encode(self.server.greeting(asked)), code=1)
            return
        flags, command = _parsed(body)
        replies = self.server.replies(command, exhaust=bool(flags & 1 << 16))
        if flags & 2:
            return
        for number, reply in enumerate(replies, start=1):
            more = number < len(replies)
            self._send(
                request_id, reply if isinstance(reply, bytes) else _encoded(reply), more=more
            )

    def _send(self, to: int, document: bytes, *, code: int = 2013, more: bool = False) -> None:
        middle = (
            struct.pack("<iqii", 8, 0, 0, 1)
            if code == 1
            else struct.pack("<iB", 2 if more else 0, 0)
        )
        size = 16 + len(middle) + len(document)
        self.request.sendall(struct.pack("<iiii", size, 7, to, code) + middle + document)


def _encoded(document: dict[str, Any]) -> bytes:
    return bson.encode(document, codec_options=_OPTIONS)


def _parsed(body: bytes) -> tuple[int, dict[str, Any]]:
    (flags,) = struct.unpack("<i", body[:4])
    place, command = 4, {}
    while place < len(body):
        kind, size = struct.unpack("<Bi", body[place : place + 5])
        section = body[place + 1 : place + 1 + size]
        if kind == 0:
            command.update(bson.decode(section, _OPTIONS))
        else:
            end = section.index(0, 4)
            command[section[4:end].decode()] = bson.decode_all(section[end + 1 :], _OPTIONS)
        place += 1 + size
    return flags, command


def _cursor(name: str, batch: list[Any], cursor_id: int = 0, **more: Any) -> dict[str, Any]:
    found = {"ns": "x.c", "id": Int64(cursor_id), name: batch, **more}
    return {"cursor": found, "ok": 1.0, "operationTime": Timestamp(5, 1)}


def _failed(code: int, name: str, message: str, *labels: str, **more: Any) -> dict[str, Any]:
    labelled = {"errorLabels": list(labels)} if labels else {}
    return {"ok": 0.0, "errmsg": message, "code": code, "codeName": name, **labelled, **more}


class Scripted(socketserver.ThreadingTCPServer):
    """Serves from its construction to `stop`."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = self.server_address[1]
        self.compressed = 0
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Nobody answers at its address any more."""
        self.shutdown()
        self.server_close()

    def hello(self) -> dict[str, Any]:
        address = f"127.0.0.1:{self.port}"
        return {
            "helloOk": True,
            "ismaster": True,
            "isWritablePrimary": True,
            "secondary": False,
            "setName": "rs0",
            "setVersion": 1,
            "hosts": [address],
            "primary": address,
            "me": address,
            "maxBsonObjectSize": 16777216,
            "maxMessageSizeBytes": 48000000,
            "maxWriteBatchSize": 4,
            "logicalSessionTimeoutMinutes": 30,
            "minWireVersion": 0,
            "maxWireVersion": 25,
            "connectionId": len(self.asked),
            "$clusterTime": {
                "clusterTime": Timestamp(5, len(self.asked)),
                "signature": {"hash": b"\0" * 20, "keyId": Int64(0)},
            },
            "ok": 1.0,
        }

    def greeting(self, command: dict[str, Any]) -> dict[str, Any]:
        """What answers the command that opens a connection."""
        return {**self.hello(), "compression": command.get("compression", [])}

    def replies(self, command: dict[str, Any], *, exhaust: bool) -> list[Any]:
        name = next(iter(command))
        self.asked.append(name)
        if name.lower() in ("hello", "ismaster"):
            return [self.greeting(command)]
        if name.startswith("sasl"):
            return [_failed(18, "AuthenticationFailed", "Authentication failed.")]
        script = getattr(self, f"_{command['$db']}", None)
        if script is None or name in ("endSessions", "killCursors"):
            return [{"ok": 1.0}]
        found = script(name, command, exhaust)
        replies = found if isinstance(found, list) else [found]
        for reply in replies:
            if isinstance(reply, dict) and "cursor" in reply:
                reply["cursor"]["ns"] = f"{command['$db']}.c"
        return replies

    # -- the scripts, by database ---------------------------------------------------------------

    def _types(self, name: str, _command: dict[str, Any], _exhaust: bool) -> Any:
        if name == "find":
            return _cursor("firstBatch", [EVERY_TYPE])
        return {"n": 1, "ok": 1.0}

    def _doubled(self, _name: str, _command: dict[str, Any], _exhaust: bool) -> Any:
        batch = doubled("x")
        inner = b"\x030\0" + batch
        array = struct.pack("<i", len(inner) + 5) + inner + b"\0"
        fields = b"\x12id\0" + bytes(8) + b"\x02ns\0\x04\0\0\0x.c\0" + b"\x04firstBatch\0" + array
        cursor = struct.pack("<i", len(fields) + 5) + fields + b"\0"
        whole = b"\x03cursor\0" + cursor + b"\x01ok\0" + struct.pack("<d", 1.0)
        return struct.pack("<i", len(whole) + 5) + whole + b"\0"

    def _concern(self, name: str, command: dict[str, Any], _exhaust: bool) -> Any:
        failed = {
            "code": 64,
            "codeName": "WriteConcernFailed",
            "errmsg": "waiting for replication timed out",
            "errInfo": {"wtimeout": True, "writeConcern": {"w": 3, "wtimeout": 1}},
        }
        if name in ("insert", "update", "delete"):
            return {"n": len(command.get("documents", [1])), "ok": 1.0, "writeConcernError": failed}
        return {"value": {"_id": 1}, "ok": 1.0, "writeConcernError": failed}

    def _validated(self, name: str, command: dict[str, Any], _exhaust: bool) -> Any:
        first, *others = command["documents" if name == "insert" else "updates"]
        failed = {
            "index": 0,
            "code": 121,
            "errmsg": "Document failed validation",
            "errInfo": {"failingDocumentId": first.get("_id", 1), "details": {"x": Int64(1)}},
        }
        return {"n": len(others), "nModified": 0, "writeErrors": [failed], "ok": 1.0}

    def _duplicate(self, _name: str, command: dict[str, Any], _exhaust: bool) -> Any:
        key = command["documents"][0]["_id"]
        failed = {
            "index": 0,
            "code": 11000,
            "errmsg": f'E11000 duplicate key error collection: duplicate.c: {{ _id: "{key}" }}',
            "keyPattern": {"_id": 1},
            "keyValue": {"_id": key},
        }
        return {"n": 0, "writeErrors": [failed], "ok": 1.0}

    def _failing(self, name: str, _command: dict[str, Any], _exhaust: bool) -> Any:
        if name == "aggregate":
            return _failed(40324, "Location40324", "Unrecognized pipeline stage name: '$nosuch'")
        if name == "getMore":
            return _failed(43, "CursorNotFound", "cursor id 99 not found")
        if name == "find":
            return _cursor("firstBatch", [{"n": 1}], 99)
        if name == "distinct":
            return _failed(50, "MaxTimeMSExpired", "operation exceeded time limit")
        return _failed(59, "CommandNotFound", f"no such command: '{name}'", extra=Decimal128("1"))

    def _stepping(self, _name: str, command: dict[str, Any], _exhaust: bool) -> Any:
        """Not the primary when it is asked for the first time, each time that a client comes."""
        if self.asked.count(f"stepping {command.get('comment')}"):
            return {"n": 1, "ok": 1.0, "cursor": _cursor("firstBatch", [{"n": 1}])["cursor"]}
        self.asked.append(f"stepping {command.get('comment')}")
        return _failed(10107, "NotWritablePrimary", "not primary", "RetryableWriteError")

    def _closing(self, _name: str, _command: dict[str, Any], _exhaust: bool) -> Any:
        raise _Closes

    def _recovering(self, _name: str, command: dict[str, Any], _exhaust: bool) -> Any:
        """Closes the connection the first time."""
        if self.asked.count(f"recovering {command.get('comment')}"):
            return _cursor("firstBatch", [{"n": "again"}])
        self.asked.append(f"recovering {command.get('comment')}")
        raise _Closes

    def _slow(self, _name: str, _command: dict[str, Any], _exhaust: bool) -> Any:
        time.sleep(1.5)
        return {"ok": 1.0}

    def _transactions(self, name: str, command: dict[str, Any], _exhaust: bool) -> Any:
        if name == "commitTransaction" and command.get("comment") == "unknown":
            return _failed(91, "ShutdownInProgress", "going", "RetryableWriteError")
        if name == "insert" and command["documents"][0].get("conflict"):
            label = "TransientTransactionError"
            return _failed(112, "WriteConflict", "Write conflict", label)
        if name == "find":
            return _cursor("firstBatch", [{"n": 1}])
        return {"n": 1, "ok": 1.0, "recoveryToken": {"recoveryShardId": "s"}}

    def _changes(self, name: str, command: dict[str, Any], _exhaust: bool) -> Any:
        if name == "aggregate":
            resumed = "resumeAfter" in command["pipeline"][0]["$changeStream"]
            token = {"_data": "01" if resumed else "00"}
            return _cursor("firstBatch", [], 77 if not resumed else 78, postBatchResumeToken=token)
        if command["getMore"] == 78:
            event = {
                "_id": {"_data": "05"},
                "operationType": "drop",
                "clusterTime": Timestamp(9, 9),
            }
            return _cursor("nextBatch", [event], 78, postBatchResumeToken={"_data": "06"})
        count = self.asked.count("changes getMore")
        self.asked.append("changes getMore")
        if count % 3 == 2:
            return _failed(43, "CursorNotFound", "gone", "ResumableChangeStreamError")
        batch: list[Any] = []
        if count % 3 == 1:
            key = {"_id": ObjectId("0123456789abcdef01234567")}
            batch = [{"_id": {"_data": "03"}, "operationType": "insert", "documentKey": key}]
        return _cursor("nextBatch", batch, 77, postBatchResumeToken={"_data": "04"})

    def _exhausted(self, name: str, _command: dict[str, Any], exhaust: bool) -> Any:
        if name == "find":
            return _cursor("firstBatch", [{"n": 0}], 55)
        if not exhaust:
            return _cursor("nextBatch", [{"n": -1}])
        return [
            _cursor("nextBatch", [{"n": 1}], 55),
            _cursor("nextBatch", [{"n": 2}], 55),
            _cursor("nextBatch", [{"n": 3}]),
        ]
