"""What a connection to Redis is subscribed to, told from the commands that it sent."""

from __future__ import annotations

from timetracer_otel.protocols.redis_commands import SUBSCRIBING, UNSUBSCRIBING

__all__ = ["Subscriptions"]


class Subscriptions:
    """Channels by kind, in the order in which they were subscribed to."""

    def __init__(self) -> None:
        self._channels: dict[bytes, dict[bytes, None]] = {kind: {} for kind in SUBSCRIBING}

    def note(self, command: list[bytes]) -> list[tuple[bytes, bytes | None, int]]:
        """`command` was sent: the confirmations that a server gives, in order.

        Each is its kind, the channel, and how many subscriptions there are then.
        """
        name = command[0].upper()
        if name in SUBSCRIBING:
            mine = self._channels[name]
            found: list[tuple[bytes, bytes | None, int]] = []
            for channel in command[1:]:
                mine[channel] = None
                found.append((SUBSCRIBING[name], channel, self._count(name)))
            return found
        if name in UNSUBSCRIBING:
            return self._less(name, command[1:])
        return []

    def _less(self, name: bytes, channels: list[bytes]) -> list[tuple[bytes, bytes | None, int]]:
        kind = name.replace(b"UN", b"", 1)
        mine = self._channels[kind]
        found: list[tuple[bytes, bytes | None, int]] = []
        for channel in channels or list(mine):
            mine.pop(channel, None)
            found.append((UNSUBSCRIBING[name], channel, self._count(kind)))
        return found or [(UNSUBSCRIBING[name], None, self._count(kind))]

    def _count(self, kind: bytes) -> int:
        """Channels and patterns together; those of shards by themselves."""
        if kind == b"SSUBSCRIBE":
            return len(self._channels[kind])
        return len(self._channels[b"SUBSCRIBE"]) + len(self._channels[b"PSUBSCRIBE"])

    def chunks(self) -> tuple[bytes, ...]:
        """All of them as packed commands."""
        packed = []
        for kind, channels in self._channels.items():
            if channels:
                words = [kind, *channels]
                parts = [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
                packed.append(b"*%d\r\n%s" % (len(words), b"".join(parts)))
        return tuple(packed)
