"""A bounded copy of one direction of one interaction, made of references."""

from __future__ import annotations

import hashlib
from typing import Literal, Protocol

__all__ = ["Body", "BodyState", "Holder"]

BodyState = Literal["open", "complete", "partial", "unread", "aborted", "abandoned"]
"""How a body ended: `partial` when its reader stopped early, `unread` when nobody read it,
`aborted` by an error, `abandoned` when it was garbage collected, `open` when time ran out."""


_BEGINNING = 64 * 1024
"""Kept of a body that turned out to be too long."""


class Holder(Protocol):
    """Whoever waits for a body to end, and says how much of it may be kept.

    `sealed` once it waits no more: its recording is being written.
    """

    sealed: bool

    def opened(self) -> None:
        """One more thing to wait for."""

    def closed(self) -> None:
        """One thing less."""

    def grant(self, size: int) -> bool:
        """Whether `size` more bytes may be kept."""


class Body:
    """What passed, chunk by chunk, until a limit; beyond it only size and SHA-256 go on.

    An open body keeps its trace open. `finish` counts once, whatever comes first: the end, the
    reader's `close`, an error or the garbage collector.
    """

    __slots__ = ("__weakref__", "_hash", "_limit", "_trace", "chunks", "kept", "size", "state")

    def __init__(self, trace: Holder | None, limit: int, counted: bool = False) -> None:
        self.chunks: list[bytes] = []
        self.kept = 0
        self.size = 0
        self.state: BodyState = "open"
        self._limit = limit
        self._trace = trace
        self._hash: hashlib._Hash | None = None
        if trace is not None and not counted:
            trace.opened()

    @classmethod
    def of(cls, data: bytes, limit: int | None = None) -> Body:
        """A body that is already whole: no trace waits for it."""
        size = len(data)
        body = cls(None, size if limit is None else limit)
        if size > body._limit:
            body.feed(data)
        elif size:
            body.chunks.append(data if type(data) is bytes else bytes(data))
            body.kept = body.size = size
        body.state = "complete"
        return body

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Keep a reference to `data`, or a copy of what could still be mutated."""
        trace = self._trace
        if self.state != "open" or (trace is not None and trace.sealed):
            return
        chunk = data if type(data) is bytes else bytes(data)
        size = len(chunk)
        fits = self._hash is None and self.kept + size <= self._limit
        self.size += size
        if fits and (trace is None or trace.grant(size)):
            self.chunks.append(chunk)
            self.kept += size
        else:
            self._hash_beyond(chunk)

    def _hash_beyond(self, chunk: bytes) -> None:
        if self._hash is None:
            self._hash = hashlib.sha256()
            for kept in self.chunks:
                self._hash.update(kept)
            self._keep_beginning()
        self._hash.update(chunk)

    def _keep_beginning(self) -> None:
        """A body that is cut is shown, and serves nothing: its beginning is enough."""
        beginning: list[bytes] = []
        left = min(_BEGINNING, self.kept)
        for kept in self.chunks:
            beginning.append(kept[:left])
            left -= len(beginning[-1])
            if not left:
                break
        self.chunks = beginning
        self.kept = sum(map(len, beginning))

    def finish(self, state: BodyState = "complete") -> None:
        """The body is over. Only the first call counts."""
        if self.state != "open":
            return
        self.state = state
        trace, self._trace = self._trace, None
        if trace is not None:
            trace.closed()

    def cut_like(self, other: Body) -> None:
        """Count as cut where `other` was: the two share the digest of what passed."""
        self._hash = other._hash

    @property
    def truncated(self) -> bool:
        """Whether bytes passed that were not kept."""
        return self._hash is not None

    @property
    def sha256(self) -> str:
        """Hex digest of everything that passed; only kept for a truncated body."""
        return self._hash.hexdigest() if self._hash is not None else ""

    def __del__(self) -> None:
        # may run anywhere, even while this very thread holds the recorder's lock, which is why
        # that lock is re-entrant and completing a trace takes no other
        if self.state == "open":
            self.finish("abandoned")
