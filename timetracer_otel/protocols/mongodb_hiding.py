"""Where MongoDB's commands and replies may hold secrets and personal data: in their documents."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from timetracer_otel.protocols.hiding import Hide, changed, hidden_error

if TYPE_CHECKING:
    from timetracer_otel.protocols.mongodb import MongodbInteraction

__all__ = ["hidden"]


def hidden(interaction: MongodbInteraction, hide: Hide) -> MongodbInteraction:
    """The command and its reply as they may be seen."""
    request, response = interaction.request, interaction.response
    if response is not None:
        reply = hide.value(response.reply)
        raw = _raw(response.raw, hide)
        if reply is not response.reply and raw is response.raw:
            raw = ""  # the bytes would still say what the document no longer does
        response = changed(response, reply=reply, raw=raw)
    found: MongodbInteraction = changed(
        interaction,
        request=changed(request, command=_command(request.command, hide)),
        response=response,
        error=hidden_error(interaction.error, hide),
    )
    return found


def _raw(raw: str, hide: Hide) -> str:
    """BSON keeps the lengths of its texts: what replaces them is as long."""
    if not raw:
        return raw
    try:
        data = base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return raw
    made = hide.binary(data)
    if made == data or len(made) != len(data):
        return raw
    return base64.b64encode(made).decode("ascii")


def _command(command: Any, hide: Hide) -> Any:
    made = hide.value(command)
    if made is command or not isinstance(made, dict):
        return made
    return {name: _without_bytes(value) for name, value in made.items()}


def _without_bytes(value: Any) -> Any:
    """Documents that are kept as bytes beside what can be read of them."""
    if isinstance(value, list):
        return [_without_bytes(item) for item in value]
    if isinstance(value, dict) and value.keys() == {"$bson", "readable"}:
        return value["readable"]
    return value
