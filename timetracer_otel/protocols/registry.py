"""The protocols by name."""

from __future__ import annotations

from timetracer_otel.interaction.parts import InteractionBase
from timetracer_otel.protocols.http import HTTP
from timetracer_otel.protocols.memcached import MEMCACHED
from timetracer_otel.protocols.mongodb import MONGODB
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.redis import REDIS
from timetracer_otel.protocols.smtp import SMTP
from timetracer_otel.protocols.sql import SQL

__all__ = ["PROTOCOLS", "protocol_named", "protocol_of"]

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        HTTP,
        MEMCACHED,
        MONGODB,
        REDIS,
        SMTP,
        SQL,
    )
}


def protocol_named(name: str) -> Protocol:
    """The protocol of that name; a `KeyError` here is a library module's mistake."""
    return PROTOCOLS[name]


def protocol_of(interaction: InteractionBase) -> Protocol:
    """The protocol that an interaction of a cassette belongs to."""
    return PROTOCOLS[str(interaction.__struct_config__.tag)]
