"""Where Redis commands and replies may hold secrets and personal data: in keys, fields, values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from timetracer_otel.protocols.hiding import Hide, changed, hidden_error

if TYPE_CHECKING:
    from timetracer_otel.protocols.redis import RedisInteraction

__all__ = ["hidden", "name_of_key", "value_of_key"]

_PAIRS = {"HSET": 2, "HMSET": 2, "HSETNX": 2, "MSET": 1, "MSETNX": 1}
"""From where on a command has a name and a value by turns."""

_VALUES = {"SET": 2, "SETNX": 2, "GETSET": 2, "APPEND": 2, "SETEX": 3, "PSETEX": 3}
_FIELDS = {"HGET": 2, "HMGET": 2}
_STRUCTURES = frozenset("{[(<\x80")
_LONGEST = 512


def name_of_key(key: Any) -> str:
    """What of a key is the name of what it holds: ``otp:alice`` holds an ``otp``."""
    return key.partition(":")[0] if isinstance(key, str) and ":" in key else ""


def value_of_key(key: Any, value: Any, hide: Hide) -> Any:
    """A value, by its key's name where it is no structure with names of its own."""
    short = isinstance(value, str) and len(value) <= _LONGEST and value[:1] not in _STRUCTURES
    return hide.value(value, name_of_key(key) if short else "")


def hidden(interaction: RedisInteraction, hide: Hide) -> RedisInteraction:
    """The commands and their replies as they may be seen."""
    request, response = interaction.request, interaction.response
    commands = _same_or([_command(each, hide) for each in request.commands], request.commands)
    if response is not None:
        asked = request.commands if len(request.commands) == len(response.replies) else []
        replies = [
            _reply(reply, asked[number] if asked else [], hide)
            for number, reply in enumerate(response.replies)
        ]
        response = changed(
            response,
            replies=_same_or(replies, response.replies),
            error=hidden_error(response.error, hide),
        )
    found: RedisInteraction = changed(
        interaction,
        request=changed(request, commands=commands),
        response=response,
        error=hidden_error(interaction.error, hide),
    )
    return found


def _same_or(made: list[Any], before: list[Any]) -> list[Any]:
    return before if all(one is other for one, other in zip(made, before, strict=True)) else made


def _word(command: list[Any]) -> str:
    return command[0].upper() if command and isinstance(command[0], str) else ""


def _command(command: list[Any], hide: Hide) -> list[Any]:
    name = _word(command)
    if not command or name in ("AUTH", "HELLO"):
        return command
    made = [command[0]]
    pairs, value_at = _PAIRS.get(name), _VALUES.get(name)
    for place, argument in enumerate(command[1:], start=1):
        if pairs is not None and place >= pairs and (place - pairs) % 2:
            before = command[place - 1]
            made.append(
                hide.value(argument, before if isinstance(before, str) else "")
                if pairs > 1
                else value_of_key(before, argument, hide)
            )
        elif value_at is not None and place == value_at:
            made.append(value_of_key(command[1], argument, hide))
        else:
            made.append(_key(argument, hide))
    return _same_or(made, command)


def _key(argument: Any, hide: Hide) -> Any:
    """A key may have a token in it: ``session:3f9c…``, ``reset_token:…``."""
    if not isinstance(argument, str) or ":" not in argument:
        return hide.value(argument)
    name, _, rest = argument.partition(":")
    if len(rest) >= _LEAST_TOKEN and " " not in rest:
        hidden_rest = hide.text(rest, _KEYS.get(name.lower().rstrip("s"), ""))
        return argument if hidden_rest == rest else f"{name}:{hidden_rest}"
    return hide.value(argument)


_LEAST_TOKEN = 12
_KEYS = {"session": "session id", "sess": "session id", "token": "token", "reset_token": "token"}


def _reply(reply: Any, command: list[Any], hide: Hide) -> Any:
    name = _word(command)
    if name in _FIELDS and len(command) > 2:  # noqa: PLR2004 - command, key, field
        fields = command[_FIELDS[name] :]
        if name == "HGET":
            return hide.value(reply, str(fields[0]))
        if isinstance(reply, list) and len(reply) == len(fields):
            made = [hide.value(r, str(f)) for r, f in zip(reply, fields, strict=True)]
            return _same_or(made, reply)
    if name == "HGETALL" and isinstance(reply, list) and len(reply) % 2 == 0:
        made = []
        for place, item in enumerate(reply):
            before = reply[place - 1] if place % 2 else ""
            made.append(hide.value(item, before if isinstance(before, str) else ""))
        return _same_or(made, reply)
    if name in ("GET", "GETDEL", "GETEX", "GETSET") and len(command) > 1:
        return value_of_key(command[1], reply, hide)
    if name == "MGET" and isinstance(reply, list) and len(reply) == len(command) - 1:
        made = [value_of_key(k, r, hide) for k, r in zip(command[1:], reply, strict=True)]
        return _same_or(made, reply)
    return hide.value(reply)
