"""Where memcached's lines and blocks may hold secrets and personal data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from timetracer_otel.protocols.hiding import Hide, changed, hidden_error
from timetracer_otel.protocols.redis_hiding import value_of_key
from timetracer_otel.values import decode

if TYPE_CHECKING:
    from timetracer_otel.protocols.memcached import MemcachedInteraction

__all__ = ["hidden"]

_ANNOUNCES = re.compile(
    r"((?:VALUE|set|add|replace|append|prepend|cas) (\S{1,250}) \S+ (?:\S+ )??)(\d+)((?: .*)?)",
    re.DOTALL,
)
"""A line that says how long the block behind it is: ``VALUE key flags 120``, ``set key 0 0 120``."""


def hidden(interaction: MemcachedInteraction, hide: Hide) -> MemcachedInteraction:
    """What was sent and came back as it may be seen."""
    request, response = interaction.request, interaction.response
    if response is not None:
        response = changed(
            response,
            received=_pieces(response.received, hide),
            rest=hide.value(response.rest),
            error=hidden_error(response.error, hide),
        )
    found: MemcachedInteraction = changed(
        interaction,
        request=changed(request, sent=_pieces(request.sent, hide)),
        response=response,
        error=hidden_error(interaction.error, hide),
    )
    return found


def _pieces(pieces: list[Any], hide: Hide) -> list[Any]:
    made: list[Any] = []
    key = ""
    for piece in pieces:
        if key:
            block = value_of_key(key, piece, hide)
            if block is not piece and _size(block) != _size(piece):
                made[-1] = _with_size(made[-1], _size(piece), _size(block))
            made.append(block)
            key = ""
            continue
        found = _ANNOUNCES.match(piece) if isinstance(piece, str) else None
        key = found[2] if found else ""
        made.append(hide.value(piece))
    same = all(one is other for one, other in zip(made, pieces, strict=True))
    return pieces if same else made


def _size(piece: Any) -> int:
    value = decode(piece)
    return len(value) if isinstance(value, bytes) else len(str(value).encode("utf-8"))


def _with_size(line: str, before: int, after: int) -> str:
    """The line with another length: the last of its numbers that is the old one."""
    words = line.split(" ")
    for place in range(len(words) - 1, 1, -1):
        if words[place] == str(before):
            words[place] = str(after)
            break
    return " ".join(words)
