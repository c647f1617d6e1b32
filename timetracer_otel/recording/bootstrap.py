"""What a process asked outside of any request, encoded once and carried by every cassette."""

from __future__ import annotations

import msgspec

from timetracer_otel.cassette import Interaction
from timetracer_otel.cassette.writing import Shared
from timetracer_otel.recording.native import native

__all__ = ["Bootstrap"]

_LIMIT_BYTES = 2 * 1024 * 1024
_LIMIT_COUNT = 2000
_LIMIT_ANSWERS = 8
"""Different answers kept to one question: what polls goes on for as long as the process."""

_ENCODER = msgspec.json.Encoder()


class Bootstrap:
    """Interactions of connection set-up and start-up, without repetitions.

    A pool opens many connections and each asks the same: one copy is enough, since a replay
    answers bootstrap traffic as often as it is asked.
    """

    def __init__(self) -> None:
        self._lock = native("_thread", "allocate_lock")()
        self._answers: dict[bytes, set[bytes]] = {}
        self._kept: list[Interaction] = []
        self._shared: Shared | None = Shared(())
        self._bytes = 0
        self.dropped = 0

    def after_fork(self) -> None:
        """In the child of a fork: the lock may have been held by a thread left behind."""
        self._lock = native("_thread", "allocate_lock")()

    def add(self, interaction: Interaction) -> None:
        """Keep `interaction` unless the same question got the same answer before."""
        question = _ENCODER.encode((interaction.library, interaction.request))
        answer = _ENCODER.encode((interaction.response, interaction.error))
        size = len(question) + len(answer)
        with self._lock:
            known = self._answers.get(question, set())
            if answer in known:
                return
            full = self._bytes + size > _LIMIT_BYTES or len(self._kept) >= _LIMIT_COUNT
            if full or len(known) >= _LIMIT_ANSWERS:
                self.dropped += 1
                return
            known.add(answer)
            self._answers[question] = known
            self._bytes += size
            self._kept.append(interaction)
            self._shared = None

    def interactions(self) -> list[Interaction]:
        """Everything kept so far, in the order it was first asked: the same list while it lasts."""
        with self._lock:
            if self._shared is None:
                self._shared = Shared(self._kept)
            return self._shared
