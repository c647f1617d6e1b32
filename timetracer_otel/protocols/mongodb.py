"""MongoDB: commands and replies; how they are encoded, matched and titled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from timetracer_otel.interaction import ErrorFamily, register_errors
from timetracer_otel.interaction.parts import InteractionBase, Part, RecordedError
from timetracer_otel.protocols.bson_documents import readable_or_raw, value_faults
from timetracer_otel.protocols.differences import named_differences, shortened
from timetracer_otel.protocols.mongodb_hiding import hidden
from timetracer_otel.protocols.mongodb_wire import message_of
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.volatile import loosened, pairs_between

__all__ = [
    "MONGODB",
    "MongodbInteraction",
    "MongodbRequest",
    "MongodbRequestRef",
    "MongodbResponse",
    "MongodbResponseRef",
    "register_mongodb_errors",
]


@dataclass(slots=True)
class MongodbRequestRef:
    """What was sent, as it was sent; or what a client could not do.

    `operation` is ``command``; ``next`` where a reply came to a command that was answered before
    (an exhaust cursor); ``hello`` for the first words of a connection. Kept where they fail:
    ``select server`` and ``check out`` (of a connection, which may have to be opened and
    authenticated), for the operation that is named by `subject`.
    """

    message: bytes = b""
    operation: str = "command"
    server: str = ""
    subject: str = ""


@dataclass(slots=True)
class MongodbResponseRef:
    """The reply's document as BSON; None where none was wanted, or it was too big to keep."""

    document: bytes | memoryview | None = None
    more: bool = False
    truncated: bool = False
    hello: bool = False


class MongodbRequest(Part):
    """`command` is the document without what a session or cluster adds to it (see `_FOREIGN`).

    Documents that are sent beside it (of an insert) stand in it by their name. `server` is for
    people, and no part of the key, but for ``hello``.
    """

    operation: str = "command"
    database: str = ""
    command: Any = None
    server: str = ""
    subject: str = ""


class MongodbResponse(Part):
    """`reply` is the server's document, `raw` the same in base64 where `reply` cannot say it.

    `more` says that another reply follows without being asked for.
    """

    reply: Any = None
    raw: str = ""
    more: bool = False
    truncated: bool = False


class MongodbInteraction(InteractionBase, tag_field="protocol", tag="mongodb", kw_only=True):
    """One command and its reply."""

    request: MongodbRequest
    response: MongodbResponse | None = None
    error: RecordedError | None = None


_FOREIGN = frozenset({"lsid", "$clusterTime", "$db", "client", "speculativeAuthenticate"})
"""What stands in a command and is not the application's: kept nowhere, or elsewhere."""

_OF_THE_MOMENT = frozenset(
    {
        *("$clusterTime", "operationTime", "topologyVersion", "localTime", "lastWrite"),
        *("connectionId", "electionId", "speculativeAuthenticate", "saslSupportedMechs"),
        "compression",
    }
)
"""What a server says of itself at that moment: every ``hello`` would be another."""


def encode_request(ref: MongodbRequestRef) -> MongodbRequest:
    """What was asked, as the cassette keeps it: without identifiers of sessions."""
    request = MongodbRequest(operation=ref.operation, server=ref.server, subject=ref.subject)
    if not ref.message:
        return request
    message = message_of(ref.message)
    command = _document(message.document)
    if isinstance(command, dict):
        request.database = str(command.get("$db", ""))
        command = {key: value for key, value in command.items() if key not in _FOREIGN}
        for name, documents in message.sequences:
            command[name] = [_document(document) for document in documents]
    request.command = command
    if ref.operation == "hello":
        request.command, request.database = {"hello": 1}, ""
    return request


def _document(raw: bytes) -> Any:
    """Readable; where that would leave something out, the bytes beside it."""
    document, kept = readable_or_raw(raw)
    return {"$bson": kept, "readable": document} if kept else document


def encode_response(ref: MongodbResponseRef) -> MongodbResponse:
    """The reply as the cassette keeps it; of a ``hello``, without what is of that moment."""
    if ref.document is None:
        return MongodbResponse(more=ref.more, truncated=ref.truncated)
    reply, raw = readable_or_raw(ref.document)
    if ref.hello and isinstance(reply, dict):
        return MongodbResponse(reply={k: v for k, v in reply.items() if k not in _OF_THE_MOMENT})
    return MongodbResponse(reply=reply, raw=raw, more=ref.more)


# -- matching -------------------------------------------------------------------------------------

_UNTOLD = ("txnNumber", "maxTimeMS")
"""Counted by a session; what is left of a deadline."""

_DEFAULT_MODES = ("primary", "primaryPreferred")
"""The driver writes them by itself, depending on what it knows of the cluster."""


def _meaning(request: MongodbRequest) -> dict[str, Any]:
    if request.operation == "hello":
        return {"operation": "hello", "server": request.server}
    command = request.command
    if isinstance(command, dict):
        command = {key: value for key, value in command.items() if key not in _UNTOLD}
        preference = command.get("$readPreference")
        if isinstance(preference, dict) and preference.get("mode") in _DEFAULT_MODES:
            del command["$readPreference"]
        concern = command.get("readConcern")
        if isinstance(concern, dict) and "afterClusterTime" in concern:
            rest = {k: v for k, v in concern.items() if k != "afterClusterTime"}
            command = {**command, "readConcern": rest}
            if not rest:
                del command["readConcern"]
    found = {"operation": request.operation, "database": request.database, "command": command}
    if request.subject:
        found["subject"] = request.subject
    return found


def key(request: MongodbRequest) -> str:
    """The match key: the command, and where it is sent to."""
    return json.dumps(_meaning(request), ensure_ascii=False)


def loose_key(request: MongodbRequest) -> str:
    """The key with volatile literals as placeholders, whatever the order of members of a set.

    Cursors are told apart by their order.
    """
    return json.dumps(loosened(_without_cursor(_loose_meaning(request))), ensure_ascii=False)


_SETS = frozenset(("$all", "$in", "$nin"))


def _loose_meaning(request: MongodbRequest) -> dict[str, Any]:
    found: dict[str, Any] = _unordered(_meaning(request))
    return found


def _unordered(value: Any) -> Any:
    """The members of each set in one order: mappers write them from Python's sets."""
    if isinstance(value, list):
        return [_unordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: sorted(item, key=json.dumps)
        if name in _SETS and isinstance(item, list)
        else _unordered(item)
        for name, item in value.items()
    }


def _without_cursor(meaning: dict[str, Any]) -> dict[str, Any]:
    command = meaning.get("command")
    if isinstance(command, dict) and "getMore" in command:
        return {**meaning, "command": {**command, "getMore": "<cursor>"}}
    return meaning


def volatile_pairs(recorded: MongodbRequest, live: MongodbRequest) -> dict[str, str]:
    """Recorded literals (ObjectIds) to the live ones in their place."""
    return pairs_between(_loose_meaning(recorded), _loose_meaning(live))


def differences(recorded: MongodbRequest, live: MongodbRequest) -> list[str]:
    """What differs, each as ``$.command.filter.n: recorded 1, asked 2``."""
    return named_differences(_meaning(recorded), _meaning(live))


# -- for people -----------------------------------------------------------------------------------

_TOLD = ("filter", "query", "pipeline", "key", "q", "updates", "deletes", "indexes", "ops")
_LONGEST = 120


def title(request: MongodbRequest) -> str:
    """``find shop.orders {"status": "open"}``."""
    if request.operation in ("select server", "check out"):
        return (
            f"{request.operation} for {request.subject}" if request.subject else request.operation
        )
    if request.operation == "hello":
        return f"hello {request.server}"
    command = request.command
    if not isinstance(command, dict) or not command:
        return request.operation
    name, value = next(iter(command.items()))
    collection = command.get("collection", value) if name == "getMore" else value
    where = f"{request.database}.{collection}" if isinstance(collection, str) else request.database
    line = " ".join([name, where, *_briefly(command)])
    again = " (next reply)" if request.operation == "next" else ""
    return (line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…") + again


def _briefly(command: dict[str, Any]) -> Iterator[str]:
    documents = command.get("documents")
    if isinstance(documents, list):
        yield f"{len(documents)} documents" if len(documents) != 1 else "1 document"
    for name in _TOLD:
        told = command.get(name)
        if told not in (None, {}, []):
            yield shortened(told)
            return


def outcome(response: MongodbResponse) -> str:
    """How many documents came, how many were written; or the server's name for what went wrong."""
    reply = response.reply
    if not isinstance(reply, dict):
        return "no reply wanted" if reply is None and not response.raw else "a document"
    if not reply.get("ok"):
        return str(reply.get("codeName") or reply.get("code") or "failed")
    if reply.get("writeErrors"):
        return _counted(len(reply["writeErrors"]), "write error")
    cursor = reply.get("cursor")
    if isinstance(cursor, dict):
        batch = cursor.get("firstBatch", cursor.get("nextBatch"))
        return _counted(len(batch), "document") if isinstance(batch, list) else "a cursor"
    return f"{reply['n']} written" if isinstance(reply.get("n"), int) else "ok"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def asked(request: MongodbRequest) -> list[str]:
    """A field of the command a line."""
    if not isinstance(request.command, dict):
        return [title(request)]
    return [f"{key}: {json.dumps(v, ensure_ascii=False)}" for key, v in request.command.items()]


def answered(response: MongodbResponse) -> list[str]:
    """A document a line, then the other fields."""
    reply = response.reply
    if not isinstance(reply, dict):
        return [json.dumps(reply, ensure_ascii=False)] if reply is not None else []
    cursor = reply.get("cursor")
    lines, rest = [], dict(reply)
    if isinstance(cursor, dict):
        for name in ("firstBatch", "nextBatch"):
            if isinstance(cursor.get(name), list):
                lines += [json.dumps(each, ensure_ascii=False) for each in cursor[name]]
                rest["cursor"] = {k: v for k, v in cursor.items() if k != name}
    return [*lines, json.dumps(rest, ensure_ascii=False)]


def faults(interaction: MongodbInteraction) -> Iterator[tuple[str, str]]:
    """A reply that no client could be given."""
    response = interaction.response
    if response is None or (response.reply is None and not response.raw):
        return
    reason = value_faults(response.reply, response.raw)
    if reason:
        yield "response.raw" if response.raw else "response.reply", reason


# -- errors ---------------------------------------------------------------------------------------


_OF_FAILURES = tuple(
    f"_OperationFailure__{name}"
    for name in ("code", "details", "max_wire_version", "base_backoff_ms")
)


def register_mongodb_errors() -> None:
    """PyMongo's exceptions, with what they carry besides their args."""
    names = ("_message", "_error_labels", "errors", "details", *_OF_FAILURES)
    register_errors(
        [
            ErrorFamily("pymongo", names, build=_build),
            ErrorFamily("bson"),
            ErrorFamily("gridfs"),
        ]
    )


def _build(
    kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BaseException:
    """Without its constructor: those of a dozen classes differ, and all they do is keep."""
    error = kind.__new__(kind, *args)
    error.args = args
    state: dict[str, Any] = {"_error_labels": set()}
    if any(base.__name__ == "OperationFailure" for base in kind.__mro__):
        state |= dict.fromkeys(_OF_FAILURES)
    state |= attributes
    for name, value in state.items():
        if not isinstance(getattr(kind, name, None), property):
            vars(error)[name] = value
    return error


MONGODB = Protocol(
    name="mongodb",
    interaction=MongodbInteraction,
    encode_request=encode_request,
    encode_response=encode_response,
    title=title,
    key=key,
    loose_key=loose_key,
    differences=differences,
    refs=(MongodbRequestRef, MongodbResponseRef),
    hidden=hidden,
    volatile_pairs=volatile_pairs,
    outcome=outcome,
    asked=asked,
    answered=answered,
    faults=faults,
)
