"""What a process asked outside of any request, encoded once and carried by every cassette."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from timetracer_otel.cassette import Interaction
from timetracer_otel.cassette.writing import Shared
from timetracer_otel.recording.native import native

__all__ = ["Bootstrap"]

_LIMIT_BYTES = 2 * 1024 * 1024
_LIMIT_COUNT = 2000
_LIMIT_ANSWERS = 32
"""Answers kept to one question: what polls goes on for as long as the process."""

_ENCODER = msgspec.json.Encoder()


class _Question:
    """The answers that one question got: all of them, and the last one with its place and count."""

    __slots__ = ("answers", "count", "last", "place", "times")

    def __init__(self) -> None:
        self.answers: set[bytes] = set()
        self.last = b""
        self.place = -1
        self.times = 0
        self.count = 0


class Bootstrap:
    """Interactions of connection set-up and start-up, without repetitions in a row.

    A pool opens many connections and each asks the same: one copy is enough, since a replay
    answers bootstrap traffic as often as it is asked. Migrations ask the same before and after a
    change: an answer that another follows says how often it was given before that.
    """

    def __init__(self) -> None:
        self._lock = native("_thread", "allocate_lock")()
        self._questions: dict[bytes, _Question] = {}
        self._kept: list[Interaction] = []
        self._shared: Shared | None = Shared(())
        self._bytes = 0
        self.dropped = 0

    def after_fork(self) -> None:
        """In the child of a fork: the lock may have been held by a thread left behind."""
        self._lock = native("_thread", "allocate_lock")()

    def add(self, interaction: Interaction) -> None:
        """Keep `interaction` unless the same question got the same answer just before."""
        asked = _ENCODER.encode((interaction.library, interaction.request))
        answer = _ENCODER.encode((interaction.response, interaction.error))
        size = len(asked) + len(answer)
        with self._lock:
            question = self._questions.get(asked) or _Question()
            if answer == question.last:
                question.times += 1
                return
            full = self._bytes + size > _LIMIT_BYTES or len(self._kept) >= _LIMIT_COUNT
            if full or question.count >= _LIMIT_ANSWERS:
                self.dropped += answer not in question.answers
                return
            self._bytes += size
            self._keep(question, interaction, answer)
            self._questions[asked] = question

    def _keep(self, question: _Question, interaction: Interaction, answer: bytes) -> None:
        if question.times > 1:
            before = self._kept[question.place]
            self._kept[question.place] = replace(before, times=question.times)
        question.answers.add(answer)
        question.last, question.times, question.place = answer, 1, len(self._kept)
        question.count += 1
        self._kept.append(interaction)
        self._shared = None

    def interactions(self) -> list[Interaction]:
        """Everything kept so far, in the order it was first asked: the same list while it lasts."""
        with self._lock:
            if self._shared is None:
                self._shared = Shared(self._kept)
            return self._shared
