"""Redis: what a connection sends and is answered; how it is encoded, matched and titled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from timetracer_otel.interaction import ErrorFamily, register_errors
from timetracer_otel.interaction.failures import Failure
from timetracer_otel.interaction.parts import InteractionBase, Part, RecordedError
from timetracer_otel.protocols.differences import named_differences, shortened
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.redis_commands import (
    comparable,
    loosely_comparable,
    without_secrets,
)
from timetracer_otel.protocols.redis_hiding import hidden
from timetracer_otel.protocols.resp import commands_in, readable, readable_reply, wire_reply
from timetracer_otel.protocols.volatile import pairs_between

__all__ = [
    "REDIS",
    "RedisInteraction",
    "RedisRequest",
    "RedisRequestRef",
    "RedisResponse",
    "RedisResponseRef",
    "register_redis_errors",
]


@dataclass(slots=True)
class RedisRequestRef:
    """What was sent in one go, in the chunks that it was sent in.

    `operation` is ``call``, ``connect`` (kept where a connection could not be opened; its chunks
    are the command of the set-up that failed, if it came that far), or ``message``: something
    that came without being asked for. Its chunks are the subscriptions.
    """

    chunks: tuple[bytes, ...] = ()
    operation: str = "call"
    server: str = ""


@dataclass(slots=True)
class RedisResponseRef:
    """Parsed replies, `kept` (see `resp.keep_reply`), one for each command that was answered.

    `polls` is how often nothing was there before a message came. `error` is why the rest of a
    pipeline's replies did not come.
    """

    replies: list[Any] = field(default_factory=list)
    polls: int = 0
    encoding: str = "utf-8"
    error: Failure | None = None


class RedisRequest(Part):
    """`commands` as they were sent together: a pipeline has several, MULTI and EXEC included.

    Arguments are text where they are UTF-8. `server` is for people, and no part of the key.
    """

    operation: str = "call"
    commands: list[list[Any]] = []
    server: str = ""


class RedisResponse(Part):
    """One reply a command, before the client's own conversions; ``{"$error": line}`` for errors.

    `error` is what broke the connection after these `replies`.
    """

    replies: list[Any] = []
    polls: int = 0
    error: RecordedError | None = None


class RedisInteraction(InteractionBase, tag_field="protocol", tag="redis", kw_only=True):
    """One command or pipeline and its replies; or a message."""

    request: RedisRequest
    response: RedisResponse | None = None
    error: RecordedError | None = None


def encode_request(ref: RedisRequestRef) -> RedisRequest:
    """What was sent, as the cassette keeps it: without passwords of connections."""
    commands = [
        [readable(argument) for argument in without_secrets(command)]
        for command in commands_in(b"".join(ref.chunks))
    ]
    return RedisRequest(operation=ref.operation, commands=commands, server=ref.server)


def encode_response(ref: RedisResponseRef) -> RedisResponse:
    """The replies as the cassette keeps them."""
    return RedisResponse(
        replies=[readable_reply(reply, ref.encoding) for reply in ref.replies],
        polls=ref.polls,
        error=ref.error.encode("read") if ref.error is not None else None,
    )


_LONGEST = 200
_MOST = 4


def title(request: RedisRequest) -> str:
    """``GET user:7``; ``PIPELINE SET a 1; GET a``; ``message from news``."""
    if request.operation == "connect":
        return f"connect {request.server}"
    told = [" ".join(map(_word, command)) for command in request.commands[:_MOST]]
    if request.operation == "message":
        return f"message of {told[0]}" if told else "message"
    more = len(request.commands) - len(told)
    line = "; ".join([*told, *([f"… {more} more"] if more else [])])
    whole = line if len(request.commands) == 1 else f"PIPELINE {line}"
    return whole if len(whole) <= _LONGEST else whole[: _LONGEST - 1] + "…"


def _word(argument: Any) -> str:
    text = argument if isinstance(argument, str) else shortened(argument)
    line = " ".join(text.split()) or '""'
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _meaning(request: RedisRequest) -> dict[str, Any]:
    if request.operation == "connect":
        return {"operation": "connect", "server": request.server, "commands": []}
    commands = [comparable(command) for command in request.commands]
    return {"operation": request.operation, "commands": commands}


def key(request: RedisRequest) -> str:
    """The match key: the commands, with arguments in a fixed order where order means nothing."""
    return json.dumps(_meaning(request), ensure_ascii=False)


def loose_key(request: RedisRequest) -> str:
    """The key with volatile literals as placeholders; the digests of scripts are none."""
    found = _meaning(request)
    found["commands"] = [loosely_comparable(command) for command in found["commands"]]
    return json.dumps(found, ensure_ascii=False)


def volatile_pairs(recorded: RedisRequest, live: RedisRequest) -> dict[str, str]:
    """Recorded literals (a lock's token) to the live ones in their place."""
    return pairs_between(_meaning(recorded), _meaning(live))


def differences(recorded: RedisRequest, live: RedisRequest) -> list[str]:
    """What differs, each as ``$.commands[0][1]: recorded "a", asked "b"``."""
    return named_differences(_meaning(recorded), _meaning(live))


def outcome(response: RedisResponse) -> str:
    """A single reply in short, or how many there are."""
    if response.error is not None:
        return response.error.type
    if len(response.replies) != 1:
        failed = sum(1 for reply in response.replies if _failed(reply))
        return f"{len(response.replies)} replies" + (f", {failed} failed" if failed else "")
    reply = response.replies[0]
    if _failed(reply):
        return str(reply["$error"]).partition(" ")[0]
    if isinstance(reply, list):
        return f"{len(reply)} items" if len(reply) != 1 else "1 item"
    if isinstance(reply, dict):
        return "a map" if "$bytes" not in reply else "bytes"
    short = "nil" if reply is None else " ".join(str(reply).split()) or '""'
    return short if len(short) <= _SHORT else short[: _SHORT - 1] + "…"


_SHORT = 16


def _failed(reply: Any) -> bool:
    return isinstance(reply, dict) and "$error" in reply


def asked(request: RedisRequest) -> list[str]:
    """A command a line."""
    return [" ".join(map(_word, command)) for command in request.commands]


def answered(response: RedisResponse) -> list[str]:
    """A reply a line."""
    lines = [json.dumps(reply, ensure_ascii=False) for reply in response.replies]
    if response.error is not None:
        lines.append(f"(then {response.error.type})")
    return lines


def faults(interaction: RedisInteraction) -> Iterator[tuple[str, str]]:
    """Replies that no client could be given, each with its place below the interaction."""
    replies = interaction.response.replies if interaction.response is not None else []
    for number, reply in enumerate(replies):
        try:
            wire_reply(reply, resp3=True)
        except Exception as error:  # noqa: BLE001 - a file can hold anything
            yield f"response.replies[{number}]", str(error)


def register_redis_errors() -> None:
    """The exceptions of redis-py, with what they have besides their args."""
    register_errors([ErrorFamily("redis", ("status_code",), build=_build)])


def _build(
    kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BaseException:
    error = kind(*args)
    if attributes.get("status_code") is not None:
        error.status_code = attributes["status_code"]  # type: ignore[attr-defined]
    error.args = args
    return error


REDIS = Protocol(
    name="redis",
    interaction=RedisInteraction,
    encode_request=encode_request,
    encode_response=encode_response,
    title=title,
    key=key,
    loose_key=loose_key,
    differences=differences,
    refs=(RedisRequestRef, RedisResponseRef),
    hidden=hidden,
    volatile_pairs=volatile_pairs,
    outcome=outcome,
    asked=asked,
    answered=answered,
    faults=faults,
)
